// Services and the step `lookup`.
#include <algorithm>

#include "compiler/check/closest.h"
#include "compiler/check/flow.h"
#include "compiler/check/labels.h"
#include "compiler/check/types.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/lookup_findings.h"

namespace braid::checking {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kLongestTimeout = 600 * kSecond;
constexpr uint64_t kMostRetries = 10, kMostParallel = 256, kMostKept = 10'000'000;

class ServiceChecker {
 public:
  ServiceChecker(Context& context, const Declaration& declaration, const ast::Service& written)
      : context_(context), declaration_(declaration), written_(written), place_(place_of(declaration)) {}

  std::optional<typed::Service> run() {
    made_.domain = declaration_.domain->name;
    made_.name = declaration_.name.text;
    made_.span = declaration_.name.span;
    parameters();
    result();
    connector();
    options();
    if (sound_) return std::move(made_);
    return std::nullopt;
  }

 private:
  /// A value that a request can have in it as text.
  static bool is_plain(const Type& type) {
    switch (type->kind) {
      case TypeKind::bytes:
      case TypeKind::json:
      case TypeKind::list:
      case TypeKind::structure:
        return false;
      default:
        return true;
    }
  }

  void parameters() {
    for (const ast::Parameter& parameter : written_.parameters) {
      if (parameter.type == nullptr) {
        sound_ = false;
        continue;
      }
      const Type type = resolve_type(context_, place_, *parameter.type, TypePlace::field);
      if (holds_error(type)) {
        sound_ = false;
        continue;
      }
      auto refuse = [&](std::string reason, Span span) {
        sound_ = false;
        return context_.reporter
            .report(diag::ServiceParameter{
                .parameter = parameter.name.text, .service = made_.name, .reason = std::move(reason)})
            .at(span, "here");
      };
      if (!is_plain(without_optional(type)))
        refuse("is `" + type_text(type) + "`, which is no single value", parameter.type->span);
      if (find_field(made_.parameters, parameter.name.text) >= 0) refuse("is there twice", parameter.name.span);
      if (parameter.initial != nullptr)
        refuse("has a default, and a service is always asked with all values", parameter.name.span);
      made_.parameters.push_back({parameter.name.text, without_optional(type)});
    }
  }

  void result() {
    if (written_.result == nullptr) {
      sound_ = false;
      return;
    }
    const Type type = resolve_type(context_, place_, *written_.result, TypePlace::field);
    if (holds_error(type)) {
      sound_ = false;
      return;
    }
    made_.optional = is_optional(type);
    if (!is(without_optional(type), TypeKind::structure) || without_optional(type)->fields.empty()) {
      sound_ = false;
      context_.reporter.report(diag::ServiceResult{.service = made_.name, .type = type_text(type)})
          .at(written_.result->span, "which fields does an answer have?")
          .note("`-> { country: string? }`: they are read from the answer by name");
      return;
    }
    made_.result = without_optional(type)->fields;
    made_.result_labels = result_labels(context_, place_, *written_.result, made_.result.size());
    for (const Field& field : made_.result)
      if (find_field(made_.parameters, field.name) >= 0 && written_.connector.name.text == "file") {
        sound_ = false;
        context_.reporter
            .report(
                diag::ServiceParameter{.parameter = field.name,
                                       .service = made_.name,
                                       .reason = "is a field of its result, too, and the file has one column for it"})
            .at(written_.result->span, "asked for and answered");
      }
  }

  void connector() {
    const ast::Connector& from = written_.connector;
    made_.from = {
        .kind = from.name.text, .address = from.address.value, .format = {}, .options = {}, .span = from.span};
    if (from.format) made_.from.format = from.format->text;
    static const std::vector<std::string> kinds{"file", "http", "postgres"};
    if (std::ranges::find(kinds, made_.from.kind) == kinds.end()) {
      sound_ = false;
      auto report = context_.reporter.report(diag::UnknownConnector{.name = made_.from.kind});
      report.at(from.name.span, "nothing is asked by this");
      if (const auto meant = closest(made_.from.kind, kinds))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{from.name.span, *meant}});
      report.note("a service is a `file`, `http` or `postgres`");
      return;
    }
    const bool file = made_.from.kind == "file";
    const bool known = made_.from.format.empty() || made_.from.format == "json" || (file && made_.from.format == "csv");
    if (!known) option("format", file ? "a file is `json` or `csv`" : "answers are `json`", from.format->span);
    if (file) {
      if (auto checked = check_connector(context_, place_, from, false)) made_.from = std::move(*checked);
      return;
    }
    if (from.options || from.format_options)
      option(made_.from.kind, "it takes no options here: braid.toml has its settings", from.span);
    placeholders(from.address.span);
  }

  /// Each `{name}` of the address is a parameter, and each parameter is there.
  void placeholders(Span span) {
    const std::string& text = made_.from.address;
    std::vector<std::string> used;
    for (size_t at = 0; at < text.size(); ++at) {
      if ((text[at] == '{' || text[at] == '}') && at + 1 < text.size() && text[at + 1] == text[at]) {
        ++at;
        continue;
      }
      if (text[at] != '{') continue;
      const size_t end = text.find('}', at);
      if (end == std::string::npos) break;
      used.push_back(text.substr(at + 1, end - at - 1));
      at = end;
    }
    auto refuse = [&](const std::string& parameter, const char* reason, const char* label) {
      sound_ = false;
      return context_.reporter
          .report(diag::ServiceParameter{.parameter = parameter, .service = made_.name, .reason = reason})
          .at(span, label);
    };
    for (const std::string& name : used)
      if (find_field(made_.parameters, name) < 0 && declares(name))
        continue;
      else if (find_field(made_.parameters, name) < 0)
        refuse(name, "stands in the address, and is no parameter", "no such parameter")
            .note("`{{` and `}}` are braces");
    for (const Field& parameter : made_.parameters)
      if (std::ranges::find(used, parameter.name) == used.end())
        refuse(parameter.name, "does not stand in the address", "each answer would be the same")
            .note("`{" + parameter.name + "}` puts its value there");
  }

  /// Also one that could not be read.
  bool declares(const std::string& name) const {
    return std::ranges::any_of(written_.parameters, [&](const auto& each) { return each.name.text == name; });
  }

  void option(std::string name, std::string reason, Span span) {
    sound_ = false;
    context_.reporter
        .report(diag::ServiceOption{.option = std::move(name), .service = made_.name, .reason = std::move(reason)})
        .at(span, "here");
  }

  std::optional<int64_t> length(const ast::Duration& duration, const char* what, Span span) {
    const std::optional<int64_t> us = context_.length_of(duration, std::string("`") + what + "`");
    if (!us) sound_ = false;
    if (us && *us <= 0) {
      option(what, "it lasts no time", span);
      return std::nullopt;
    }
    return us;
  }

  std::optional<int64_t> count(const ast::Int& written, uint64_t least, uint64_t most, const char* what, Span span) {
    const auto value = static_cast<uint64_t>(written.value);
    if (value >= least && value <= most) return static_cast<int64_t>(value);
    option(what, fmt::format("a number from {} to {}", least, most), span);
    return std::nullopt;
  }

  void options() {
    std::vector<size_t> seen;
    for (const ast::ServiceOption& each : written_.options) {
      if (std::ranges::find(seen, each.node.index()) != seen.end())
        option(std::string(context_.text(each.span).substr(0, context_.text(each.span).find(' '))), "it is there twice",
               each.span);
      seen.push_back(each.node.index());
      std::visit(Overloaded{
                     [&](const ast::CacheFor& node) {
                       made_.cache_us = length(node.duration, "cache", each.span);
                       if (!node.most) return;
                       if (const auto most = count(*node.most, 1, kMostKept, "cache … max", each.span))
                         made_.cache_rows = *most;
                     },
                     [&](const ast::TimeoutAfter& node) {
                       const auto us = length(node.duration, "timeout", each.span);
                       if (us && *us > kLongestTimeout)
                         option("timeout", "at most 10m", each.span);
                       else if (us)
                         made_.timeout_us = *us;
                     },
                     [&](const ast::Retry& node) {
                       if (const auto times = count(node.count, 0, kMostRetries, "retry", each.span))
                         made_.retries = *times;
                     },
                     [&](const ast::Parallel& node) {
                       if (const auto most = count(node.count, 1, kMostParallel, "parallel", each.span))
                         made_.parallel = *most;
                     },
                     [&](const ast::ElseOutcome& node) {
                       made_.stops = node.outcome.text == "stop";
                       if (!made_.stops && node.outcome.text != "reject")
                         option("else", "`reject` or `stop`", node.outcome.span);
                     },
                 },
                 each.node);
    }
  }

  Context& context_;
  const Declaration& declaration_;
  const ast::Service& written_;
  Place place_;
  typed::Service made_;
  bool sound_ = true;
};

std::string counted(size_t count) {
  return std::to_string(count) + (count == 1 ? " argument" : " arguments");
}

}  // namespace

int need_service(Context& context, const Declaration& declaration) {
  const auto known = context.services.find(&declaration);
  if (known != context.services.end()) return known->second;
  int id = -1;
  if (auto made = ServiceChecker(context, declaration, std::get<ast::Service>(declaration.item->node)).run()) {
    id = static_cast<int>(context.project.services.size());
    context.project.services.push_back(std::move(*made));
  }
  return context.services[&declaration] = id;
}

int find_service(Context& context, const Place& place, const ast::Name& name) {
  const Declarations::Found found = context.declarations.find(place, NameKind::function, name.text);
  if (found.silent) return -1;
  if (found.declaration != nullptr && std::holds_alternative<ast::Service>(found.declaration->item->node))
    return need_service(context, *found.declaration);
  auto report = context.reporter.report(diag::NoService{.name = name.text});
  report.at(name.span, "nobody to ask");
  if (found.declaration != nullptr) {
    report.also(found.declaration->name.span, "this is a " + std::string(found.declaration->kind()));
    return -1;
  }
  std::vector<std::string> names;
  for (const Declaration* each : context.declarations.all())
    if (std::holds_alternative<ast::Service>(each->item->node)) names.push_back(each->name.text);
  if (const auto meant = closest(name.text, names))
    report.fix(Applicability::likely, "use `" + *meant + "`", {{name.span, *meant}});
  else
    report.note("`service " + name.text + "(id: int) -> { … } from http \"https://…/{id}\"` declares one");
  return -1;
}

void FlowChecker::lookup(const ast::Lookup& node, Span span) {
  const Span word = context_.word(span, "lookup");
  typed::LookupStep made{.left = node.left, .alias = node.as.text};
  made.service = find_service(context_, place_, node.service);
  bool sound = made.service >= 0 && !row_.open;
  if (row_.table && !row_.open) {
    sound = !has_elements(word) && table_as_changes("lookup", word, span) && sound;
    const auto key = sound ? table_key(word) : std::nullopt;
    sound &= key.has_value();
    if (key)
      for (const std::vector<int>& path : *key) made.keys.push_back(typed::read_path(row_.types(), path, word));
  }
  Expressions expressions(context_, place_, &row_);
  // A copy: what is checked meanwhile may add services.
  typed::Service service;
  if (made.service >= 0) service = context_.project.services[static_cast<size_t>(made.service)];
  std::vector<const ast::Expr*> given(service.parameters.size(), nullptr);
  size_t at = 0, written = 0;
  bool fits = true;
  for (const ast::Argument& argument : node.arguments.list) {
    ++written;
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr) {
      sound = false;
      continue;
    }
    if (made.service < 0) {
      (void)expressions.check(**value);
      continue;
    }
    const int place = argument.name ? find_field(service.parameters, argument.name->text) : static_cast<int>(at++);
    if (place < 0 || place >= static_cast<int>(given.size()) || given[static_cast<size_t>(place)] != nullptr) {
      fits = false;
      (void)expressions.check(**value);
      continue;
    }
    given[static_cast<size_t>(place)] = value->get();
  }
  fits &= std::ranges::find(given, nullptr) == given.end() || !sound;
  if (made.service >= 0 && !fits) {
    std::string names;
    for (const Field& parameter : service.parameters)
      names += (names.empty() ? "`" : ", `") + parameter.name + ": " + type_text(parameter.type) + "`";
    context_.reporter
        .report(diag::ServiceArguments{
            .service = node.service.text, .expected = counted(service.parameters.size()), .found = counted(written)})
        .at(node.service.span, "takes " + (names.empty() ? std::string("none") : names))
        .also(service.span, "declared here");
    sound = false;
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] == nullptr) continue;
    // Of a null nobody is asked, so that it may be one.
    made.arguments.push_back(expressions.check_as(*given[i], optional_type(service.parameters[i].type), service.span));
    sound &= !is_poison(made.arguments.back());
  }
  const bool keeps = node.left || service.optional;
  made.left = keeps;
  if (node.otherwise && keeps && made.service >= 0) {
    context_.reporter
        .report(diag::LookupKeepsAll{.lookup = node.left ? "left lookup" : "lookup", .port = node.otherwise->text})
        .at(node.otherwise->span, "for which rows?")
        .note(node.left ? "without `left`, rows for which there is nothing go to the port"
                        : "the result of `" + service.name + "` is optional: such rows go on with null");
    sound = false;
  } else if (node.otherwise && row_.table) {
    made.left = true;
  } else if (node.otherwise && port(*node.otherwise, true)) {
    made.port = node.otherwise->text;
  }
  const bool splits = made.left && !keeps;
  const int hidden = row_.find(node.as.text);
  if (hidden >= 0) {
    if (!replaceable(node.as.text, hidden, node.as.span)) return;
    auto report = context_.reporter.report(diag::HidesField{.name = node.as.text, .relation = row_.relation});
    report.at(node.as.span, "hides a field");
    if (const Span declared = row_.fields[static_cast<size_t>(hidden)].declared; !declared.empty())
      report.also(declared, "declared here");
    report.note("`as` gives it another name");
  }
  Type type = made.service >= 0 ? struct_type(service.result) : error_type();
  if (made.left && made.service >= 0) type = optional_type(type);
  row_.fields.push_back({node.as.text, type, true, node.as.span, -1});
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (splits) split_answered(*node.otherwise, sound, span);
  if (hidden >= 0) {
    std::vector<Column> columns = unchanged();
    columns.erase(columns.begin() + hidden);
    project("drop", std::move(columns), span);
  }
  if (splits && sound) narrow({node.as.text}, span);
}

/// `lookup … else port` of a table is the look-up that keeps all rows, and `where a is not null else port`.
void FlowChecker::split_answered(const ast::Name& name, bool sound, Span span) {
  const int answer = static_cast<int>(row_.fields.size()) - 1;
  const Type& type = row_.fields.back().type;
  const typed::ExpressionRef missing =
      typed::make(bool_type(), span, typed::IsNull{typed::make(type, span, typed::ColumnRead{answer})});
  typed::ExpressionRef there = typed::make(bool_type(), span, typed::Not{missing});
  if (!sound) there = Expressions(context_, place_, &row_).poison(span);
  table_port(name, there, span, static_cast<size_t>(answer));
  if (sound) add({.content = typed::WhereStep{there, {}}, .row = {}, .span = span, .text = step_text(span)});
}

}  // namespace braid::checking
