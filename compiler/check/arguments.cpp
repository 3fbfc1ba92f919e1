// A call with a wrong number of arguments: the signatures, and the fix where it can be guessed.
#include <algorithm>

#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "runtime/declare/signature.h"

namespace braid::checking {

namespace {

/// What often stands for a parameter that a call forgot; empty if that cannot be known.
std::string usual_argument(std::string_view parameter) {
  if (parameter == "precision") return "12";
  if (parameter == "scale" || parameter == "digits") return "2";
  if (parameter == "unit") return "\"day\"";
  if (parameter == "pattern") return "\"yyyy-MM-dd\"";
  if (parameter == "separator") return "\",\"";
  if (parameter == "with") return "\"\"";
  if (parameter == "count" || parameter == "days" || parameter == "months") return "1";
  if (parameter == "width") return "8";
  if (parameter == "from" || parameter == "index") return "0";
  return "";
}

/// "`precision` and `scale`": the parameters behind the first `given` that have no default.
std::string missing_names(const FunctionDeclaration& function, size_t given) {
  std::vector<std::string> names;
  for (size_t i = given; i < function.parameters.size(); ++i)
    if (!function.parameters[i].fallback) names.push_back("`" + std::string(function.parameters[i].name) + "`");
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

}  // namespace

void Expressions::show_signatures(DiagnosticBuilder& report, const Call& call,
                                  const std::vector<const FunctionDeclaration*>& overloads) {
  const size_t count = call.arguments.size();
  std::string shown;
  for (const FunctionDeclaration* overload : overloads)
    shown += (shown.empty() ? "`" : ", `") + signature_text(*overload) + "`";
  report.note("the call is " + shown);
  if (std::any_of(call.arguments.begin(), call.arguments.end(), [](const Argument& a) { return a.name != nullptr; }))
    return;
  // Too many: does it fit without the last ones?
  for (size_t kept = count; kept-- > 0;) {
    Call shorter = call;
    shorter.arguments.resize(kept);
    for (const FunctionDeclaration* overload : overloads) {
      if (match(shorter, *overload, false).function == nullptr) continue;
      // What stands before a dot is an argument too, and no comma is behind it.
      const bool leads = kept == 0 || call.arguments[kept - 1].span.begin < call.function.span.begin;
      const Span last = call.arguments.back().span;
      const uint32_t begin = leads ? call.arguments[kept].span.begin : call.arguments[kept - 1].span.end;
      report.fix(Applicability::likely,
                 count - kept == 1 ? "leave out the last argument" : "leave out the last arguments",
                 {{{last.file, begin, last.end}, ""}});
      return;
    }
  }
  // Too few: what is usual for the parameters that are missing.
  for (const FunctionDeclaration* overload : overloads) {
    if (overload->parameters.size() <= count || count == 0) continue;
    Call longer = call;
    std::string added;
    bool known = true;
    for (size_t i = count; i < overload->parameters.size() && known; ++i) {
      const ParameterDeclaration& parameter = overload->parameters[i];
      if (parameter.fallback) continue;
      const std::string usual = usual_argument(parameter.name);
      const std::optional<Value> value =
          usual.empty() || parameter.type == nullptr ? std::nullopt : literal_value(usual, parameter.type);
      known = value.has_value();
      if (!known) break;
      longer.arguments.push_back({nullptr, make_constant(parameter.type, call.span, *value), call.span, nullptr});
      added += ", " + usual;
    }
    if (!known || match(longer, *overload, false).function == nullptr) continue;
    const uint32_t place = call.span.end - 1;
    const bool empty = call.arguments.back().span.end < call.function.span.end;
    report.fix(Applicability::sketch, "say " + missing_names(*overload, count),
               {{{call.span.file, place, place}, empty ? added.substr(2) : added}});
    return;
  }
}

}  // namespace braid::checking
