// Params: constants of a run, from their default or from outside.
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

/// A bare `decimal` takes its scale from what is given, and room for other values of that scale.
Type roomy(const Type& declared, const Type& given) {
  if (!is_bare_decimal(without_optional(declared))) return given;
  const Type& digits = without_optional(given);
  const Type wide = decimal_type(std::max(18, digits->precision), digits->scale);
  return is_optional(given) ? optional_type(wide) : wide;
}

}  // namespace

void check_params(Context& context) {
  for (const Declaration* declaration : context.declarations.all()) {
    const auto* param = std::get_if<ast::Param>(&declaration->item->node);
    if (param == nullptr) continue;
    const Place place = place_of(*declaration);
    const Type type = param->type ? resolve_type(context, place, *param->type, TypePlace::parameter) : error_type();
    ParamInfo& info = context.params[declaration];
    info.reads = context.declarations.take_met();
    info.type = error_type();
    if (param->value == nullptr) continue;
    Expressions expressions(context, place, nullptr);
    const typed::ExpressionRef given = expressions.check(*param->value, type);
    if (is_poison(given) || is_error(type)) continue;
    const typed::ExpressionRef fitting = expressions.fit(given, type, true);
    const Span declared = cover(param->name.span, param->type->span);
    if (fitting == nullptr) {
      context.reporter
          .report(
              diag::DefaultType{.name = param->name.text, .declared = type_text(type), .found = type_text(given->type)})
          .at(given->span, "this is `" + type_text(given->type) + "`")
          .also(declared, "declared here");
      continue;
    }
    std::optional<Value> value = evaluate(fitting);
    if (!value) {
      context.reporter.report(diag::NotConstant{.what = "the default of a param"})
          .at(given->span, "not known before the run");
      continue;
    }
    info.type = roomy(type, fitting->type);
    info.value = *value;
    // One that came with a definition of another project has its whole name only: the bare one is for our own.
    const bool ours = !context.is_interface(param->name.span.file);
    for (const std::string& name :
         {ours ? param->name.text : std::string(), place.domain->name + "." + param->name.text}) {
      const auto set = context.input.parameter_overrides.find(name);
      if (set == context.input.parameter_overrides.end()) continue;
      // A bare decimal takes the digits of what is given.
      Type wanted = info.type;
      if (is_bare_decimal(without_optional(type))) {
        const Type written = number_type(set->second);
        const auto size = static_cast<int>(std::clamp<size_t>(set->second.size(), 1, 38));
        const Type digits = written != nullptr && is(written, TypeKind::decimal) ? written : decimal_type(size, 0);
        wanted = roomy(type, is_optional(type) ? optional_type(digits) : digits);
      }
      if (std::optional<Value> other = literal_value(set->second, wanted)) {
        info.type = wanted;
        info.value = *other;
      } else {
        context.reporter.report(diag::BadParamValue{.name = name, .text = set->second, .type = type_text(type)})
            .at(declared, "declared here");
      }
    }
    context.project.parameters.push_back({.domain = place.domain->name,
                                          .name = param->name.text,
                                          .type = info.type,
                                          .value = info.value,
                                          .span = param->name.span});
  }
}

}  // namespace braid::checking
