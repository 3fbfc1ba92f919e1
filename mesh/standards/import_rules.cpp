#include "mesh/standards/import_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "mesh/standards/odcs.h"
#include "mesh/standards/script_text.h"
#include "runtime/data/script_text.h"
#include "runtime/data/time_text.h"
#include "runtime/report/contract_findings.h"
#include "runtime/report/short_text.h"

namespace braid::mesh {
namespace {

std::string duration_text(int64_t us) {
  std::string text;
  append_duration_literal(text, us);
  return text;
}

bool is_whole(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  return !number.empty() && number.size() <= 18 &&
         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A number without exponent, as a script writes it.
bool is_plain_number(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  const size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  if (!is_whole(whole)) return false;
  return point == std::string_view::npos || is_whole(number.substr(point + 1));
}

/// 100 less a percentage that is a plain number; empty otherwise.
std::string percent_left(const std::string& percent) {
  if (!is_plain_number(percent) || percent.starts_with('-')) return "";
  const size_t point = percent.find('.');
  const size_t digits = point == std::string::npos ? 0 : percent.size() - point - 1;
  constexpr size_t kMostDigits = 12;
  if (digits > kMostDigits || percent.size() > 3 + 1 + kMostDigits) return "";
  std::string whole = percent;
  std::erase(whole, '.');
  int64_t hundred = 100, value = 0;
  for (size_t i = 0; i < digits; ++i) hundred *= 10;
  std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (value > hundred) return "";
  std::string text = std::to_string(hundred - value);
  if (digits == 0) return text;
  text = fmt::format("{:0>{}}", text, digits + 1);
  text.insert(text.size() - digits, ".");
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// What RE2 does not have.
bool has_look_around(const std::string& pattern) {
  for (const char* part : {"(?=", "(?!", "(?<=", "(?<!", "(?>"})
    if (pattern.find(part) != std::string::npos) return true;
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (pattern[i + 1] >= '1' && pattern[i + 1] <= '9') return true;
    ++i;
  }
  return false;
}

/// Whether a text of another hand stays inside the clause that it is put into: brackets in pairs, and no comment.
bool stays_inside(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quoted)
      ++i;
    else if (c == '"')
      quoted = !quoted;
    if (quoted) continue;
    if (c == '/' && text.substr(i).starts_with("//")) return false;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && --depth < 0) return false;
  }
  return depth == 0 && !quoted;
}

struct Operator {
  std::string word;
  const Node* value = nullptr;
};

class Rules {
 public:
  Rules(const Node& contract, const Node& object, const ImportedObject& made, uint32_t file, Reading& reading,
        Reporter& reporter)
      : contract_(contract), object_(object), object_made_(made), file_(file), reading_(reading), reporter_(reporter) {}

  ImportedRules all() {
    for (const Node& property : Reading::elements(object_, "properties")) {
      const std::string name = property.text_of("name");
      const ImportedField* field = field_of(name);
      options(property, field);
      for (const Node& rule : Reading::elements(property, "quality")) this->rule(rule, name);
      below(property, name);
    }
    for (const Node& rule : Reading::elements(object_, "quality")) this->rule(rule, "");
    uniques_of_properties();
    levels();
    return std::move(made_);
  }

 private:
  const ImportedField* field_of(const std::string& property) const {
    const auto found = std::find_if(object_made_.fields.begin(), object_made_.fields.end(),
                                    [&](const ImportedField& each) { return each.property == property; });
    return found == object_made_.fields.end() ? nullptr : &*found;
  }

  void not_run(const Node& node, const std::string& name, const std::string& reason) {
    reading_.mark(node);
    reporter_.report(diag::RuleNotRun{.rule = name, .reason = reason}).at(span_of(node, file_));
    made_.not_run.push_back({.rule = one_line(name), .reason = one_line(reason)});
  }

  /// Rules of parts of structs and lists: only what the whole row has is checked.
  void below(const Node& property, const std::string& path) {
    const auto inside = [&](const Node& part, const std::string& name) {
      for (const Node& rule : Reading::elements(part, "quality"))
        not_run(rule, name_of(rule, name), "it is about a part of a field");
      if (const Node* options = part.find("logicalTypeOptions"))
        for (const Entry& option : options->entries)
          if (option.key != "format" && option.key != "timezone" && option.key != "defaultTimezone")
            not_run(option.value, name + "." + option.key, "it is about a part of a field");
      below(part, name);
    };
    for (const Node& part : Reading::elements(property, "properties")) inside(part, path + "." + part.text_of("name"));
    if (const Node* items = property.find("items")) inside(*items, path + "[]");
  }

  std::string free_name(const std::string& wanted) {
    const std::string plain = plain_name(wanted);
    std::string name = plain;
    for (int n = 2; !names_.insert(name).second; ++n) name = fmt::format("{}_{}", plain, n);
    return name;
  }

  static std::string name_of(const Node& rule, const std::string& property) {
    for (const char* key : {"id", "name"})
      if (const std::string name = rule.text_of(key); !name.empty()) return name;
    std::string metric = rule.text_of("metric");
    if (metric.empty()) metric = rule.text_of("rule");
    if (metric.empty()) metric = rule.text_of("type");
    if (metric.empty()) metric = "rule";
    return property.empty() ? metric : property + "_" + metric;
  }

  void check(const std::string& name, const ImportedField& field, const std::string& condition, const char* otherwise,
             const std::string& remark = "") {
    const std::string guarded = field.optional ? fmt::format("{} is null or {}", field.name, condition) : condition;
    made_.clauses.push_back({fmt::format("check {}: {} else {}", free_name(name), guarded, otherwise), remark});
  }

  // ---- logicalTypeOptions

  /// A bound as a literal of the field's type; empty if there is none.
  static std::string literal_of(const ImportedField& field, const Node& value) {
    const std::string& text = value.scalar;
    int64_t us = 0;
    int32_t days = 0;
    if (field.type == "int" || field.type.starts_with("decimal")) return is_plain_number(text) ? text : "";
    if (field.type == "float") return is_plain_number(text) ? text + "e0" : "";
    if (field.type == "timestamp") return parse_timestamp_literal(text, &us) ? "@" + text : "";
    if (field.type == "date") return parse_date(text, &days) ? fmt::format("date({})", string_literal(text)) : "";
    return "";
  }

  void options(const Node& property, const ImportedField* field) {
    const Node* options = property.find("logicalTypeOptions");
    if (!options || !field) return;
    for (const Entry& option : options->entries) {
      const std::string name = field->property + "_" + option.key;
      const std::string& value = option.value.scalar;
      std::string condition;
      static const std::vector<std::pair<std::string, const char*>> kBounds{
          {"minimum", ">="}, {"maximum", "<="}, {"exclusiveMinimum", ">"}, {"exclusiveMaximum", "<"}};
      for (const auto& [key, sign] : kBounds)
        if (option.key == key)
          if (const std::string literal = literal_of(*field, option.value); !literal.empty())
            condition = fmt::format("{} {} {}", field->name, sign, literal);
      const bool has_length = field->type == "string" || field->type.starts_with("list<");
      if ((option.key == "minLength" || option.key == "minItems") && has_length && is_whole(value))
        condition = fmt::format("length({}) >= {}", field->name, value);
      if ((option.key == "maxLength" || option.key == "maxItems") && has_length && is_whole(value))
        condition = fmt::format("length({}) <= {}", field->name, value);
      if (option.key == "multipleOf" && field->type == "int" && is_whole(value))
        condition = fmt::format("{} % {} == 0", field->name, value);
      if (option.key == "pattern" && field->type == "string" && !has_look_around(value))
        condition = matching(*field, value);
      if (!condition.empty()) {
        reading_.mark(option.value);
        check(name, *field, condition, "reject");
      } else if (option.key == "format" || option.key == "timezone" || option.key == "defaultTimezone" ||
                 option.key == "elementType") {
        if (option.key != "defaultTimezone") reading_.mark(option.value);
      } else if (option.key != "required" && option.key != "dimensions" && option.key != "distanceMetric" &&
                 option.key != "embeddingModel") {
        not_run(option.value, name,
                option.key == "pattern" && has_look_around(value)
                    ? "its pattern looks around or back, which RE2 does not have"
                    : fmt::format("no check of `{}` says it", field->type));
      }
    }
  }

  static std::string matching(const ImportedField& field, const std::string& pattern) {
    const bool raw = pattern.find('"') == std::string::npos && pattern.find('\n') == std::string::npos;
    return fmt::format("matches({}, {})", field.name, raw ? "r\"" + pattern + "\"" : string_literal(pattern));
  }

  // ---- quality rules

  static const char* otherwise_of(const Node& rule) {
    const std::string severity = rule.text_of("severity");
    return severity == "warning" || severity == "warn" || severity == "info" || severity == "low" ? "alert" : "reject";
  }

  static Operator operator_of(const Node& rule) {
    for (const Entry& entry : rule.entries)
      if (entry.key.starts_with("must")) return {entry.key, &entry.value};
    return {};
  }

  /// No row, however it is said.
  static bool is_none(const Operator& op) {
    if (op.word == "mustBe" || op.word == "mustBeLessOrEqualTo") return op.value->scalar == "0";
    return op.word == "mustBeLessThan" && op.value->scalar == "1";
  }

  static bool is_percent(const Node& rule) {
    const std::string unit = rule.text_of("unit");
    return unit == "percent" || unit == "%";
  }

  /// What the clause of a rule says already; what describes it is left for the list of what has no place.
  void read(const Node& rule) {
    for (const Entry& entry : rule.entries) {
      static const std::set<std::string> kDescribes{
          "description", "businessImpact",           "method",          "schedule", "scheduler",
          "tags",        "authoritativeDefinitions", "customProperties"};
      if (!kDescribes.contains(entry.key)) reading_.mark(entry.value);
    }
    if (!rule.text_of("name").empty()) reading_.mark(*rule.find("name"));
  }

  void rule(const Node& rule, const std::string& property) {
    const std::string name = name_of(rule, property);
    const std::string type = rule.text_of("type");
    if (type == "text") return not_run(rule, name, "it is a text for people");
    if (type == "sql") return not_run(rule, name, "it is a query of SQL");
    if (type == "custom") return custom(rule, name);
    std::string metric = rule.text_of("metric");
    if (metric.empty()) metric = rule.text_of("rule");
    if (metric == "rowCount") return row_count(rule, name);
    if (metric == "duplicateValues") return duplicates(rule, name, property);
    std::vector<std::string> properties{property};
    const Node* arguments = rule.find("arguments");
    if (property.empty()) {
      properties.clear();
      if (arguments)
        for (const Node& each : Reading::elements(*arguments, "properties")) properties.push_back(each.scalar);
    }
    if (properties.empty()) return not_run(rule, name, "it names no property");
    for (const std::string& each : properties) {
      const ImportedField* field = field_of(each);
      if (!field) return not_run(rule, name, fmt::format("the script has no field `{}`", each));
      if (const std::string reason = values(rule, metric, name, *field); !reason.empty())
        return not_run(rule, name, reason);
    }
    read(rule);
  }

  /// Why it is not run; empty if it is.
  std::string values(const Node& rule, const std::string& metric, const std::string& name, const ImportedField& field) {
    const Operator op = operator_of(rule);
    const Node* arguments = rule.find("arguments");
    if (metric == "nullValues" && !field.optional) return "";  // the type says it
    if (metric == "nullValues" && is_percent(rule) &&
        (op.word == "mustBeLessOrEqualTo" || op.word == "mustBeLessThan") && !is_none(op)) {
      const std::string share = percent_left(op.value->scalar);
      if (share.empty()) return fmt::format("`{}` is no percentage", shown(*op.value));
      made_.clauses.push_back({fmt::format("complete {} >= {}%", field.name, share),
                               op.word == "mustBeLessThan" ? "the contract wants more than that" : ""});
      return "";
    }
    if (!is_none(op)) return fmt::format("`{}` counts rows, and no window says which", op.word);
    const char* otherwise = otherwise_of(rule);
    if (metric == "nullValues") {
      made_.clauses.push_back(
          {fmt::format("check {}: {} is not null else {}", free_name(name), field.name, otherwise), ""});
      return "";
    }
    if (metric == "missingValues") {
      std::vector<std::string> listed;
      if (arguments)
        for (const Node& value : Reading::elements(*arguments, "missingValues")) {
          if (value.is(Node::Kind::null)) continue;
          if (field.type != "string" || !value.is(Node::Kind::text))
            return "only texts are compared with missing values";
          listed.push_back(string_literal(value.scalar));
        }
      const std::string present = field.optional ? field.name + " is not null" : "";
      const std::string other =
          listed.empty() ? "" : fmt::format("{} not in [{}]", field.name, fmt::join(listed, ", "));
      if (present.empty() && other.empty()) return "";
      made_.clauses.push_back({fmt::format("check {}: {}{}{} else {}", free_name(name), present,
                                           present.empty() || other.empty() ? "" : " and ", other, otherwise),
                               ""});
      return "";
    }
    if (metric == "invalidValues") return valid(arguments, name, field, otherwise);
    return fmt::format("the metric `{}` is not known", metric);
  }

  std::string valid(const Node* arguments, const std::string& name, const ImportedField& field, const char* otherwise) {
    const Node* pattern = arguments ? arguments->find("pattern") : nullptr;
    const Node* values = arguments ? arguments->find("validValues") : nullptr;
    if (!pattern && !values) return "it says neither `validValues` nor `pattern`";
    std::string condition;
    if (values) {
      if (field.type.starts_with("enum")) return pattern ? "a pattern of an enum" : "";  // the type says it
      std::vector<std::string> listed;
      for (const Node& value : values->elements) {
        if (value.is(Node::Kind::null)) continue;
        std::string literal = literal_of(field, value);
        if (field.type == "string") literal = value.is(Node::Kind::text) ? string_literal(value.scalar) : "";
        if (literal.empty()) return fmt::format("{} is no value of `{}`", shown(value), field.type);
        listed.push_back(literal);
      }
      if (listed.empty()) return "it allows no value";
      condition = fmt::format("{} in [{}]", field.name, fmt::join(listed, ", "));
    }
    if (pattern) {
      if (field.type != "string") return "a pattern is for texts";
      if (has_look_around(pattern->scalar)) return "its pattern looks around or back, which RE2 does not have";
      condition += (condition.empty() ? "" : " and ") + matching(field, pattern->scalar);
    }
    if (field.optional && values && pattern) condition = "(" + condition + ")";
    check(name, field, condition, otherwise);
    return "";
  }

  std::optional<int64_t> window_of(const Node& rule) {
    const Node* window = reading_.custom(rule, "braid.window");
    int64_t us = 0;
    if (!window || !parse_duration_iso(window->scalar, &us) || us <= 0) return std::nullopt;
    return us;
  }

  void duplicates(const Node& rule, const std::string& name, const std::string& property) {
    const Operator op = operator_of(rule);
    if (!is_none(op))
      return not_run(rule, name, fmt::format("`{}` allows some duplicates, and `unique` none", op.word));
    std::vector<std::string> properties, fields;
    if (const Node* arguments = rule.find("arguments"))
      for (const Node& each : Reading::elements(*arguments, "properties")) properties.push_back(each.scalar);
    if (properties.empty() && !property.empty()) properties.push_back(property);
    if (properties.empty()) return not_run(rule, name, "it names no property");
    for (const std::string& each : properties) {
      const ImportedField* field = field_of(each.substr(0, each.find('.')));
      if (!field) return not_run(rule, name, fmt::format("the script has no field `{}`", each));
      fields.push_back(field->property == each ? field->name : each);
    }
    if (const std::string reason = unique(properties, fields, window_of(rule)); !reason.empty())
      return not_run(rule, name, reason);
    read(rule);
  }

  std::string unique(std::vector<std::string> properties, const std::vector<std::string>& fields,
                     std::optional<int64_t> within) {
    std::sort(properties.begin(), properties.end());
    if (!uniques_.insert(properties).second) return "";
    if (object_made_.table) {
      std::vector<std::string> key = object_made_.key;
      std::sort(key.begin(), key.end());
      return key == properties ? "" : "the rows of a table are unique by its key";
    }
    if (!object_made_.has_time) return "`unique` needs an event time, and the declaration has none";
    made_.clauses.push_back(
        {fmt::format("unique {} within {}", fmt::join(fields, ", "), duration_text(within.value_or(kMicrosPerDay))),
         within ? "" : "a guess: the contract names no window"});
    return "";
  }

  /// `unique: true` of a property.
  void uniques_of_properties() {
    for (const Node& property : Reading::elements(object_, "properties")) {
      const ImportedField* field = field_of(property.text_of("name"));
      if (!field || property.text_of("unique") != "true") continue;
      const Node* node = reading_.find(property, "unique");
      if (const std::string reason = unique({field->property}, {field->name}, std::nullopt); !reason.empty())
        not_run(*node, field->property + ".unique", reason);
    }
  }

  void row_count(const Node& rule, const std::string& name) {
    const std::optional<int64_t> window = window_of(rule);
    if (!window)
      return not_run(rule, name,
                     "no window says which rows are counted; `braid.window` among its custom properties does");
    const Operator op = operator_of(rule);
    int64_t least = 0, most = INT64_MAX;
    const auto whole = [](const Node& node, int64_t& value) {
      return is_whole(node.scalar) &&
             std::from_chars(node.scalar.data(), node.scalar.data() + node.scalar.size(), value).ec == std::errc();
    };
    bool fits = false;
    int64_t a = 0, b = 0;
    if (op.word == "mustBeBetween" && whole(op.value->elements[0], a) && whole(op.value->elements[1], b))
      fits = true, least = a + 1, most = b - 1;
    else if (op.value->is_scalar() && whole(*op.value, a)) {
      fits = op.word != "mustNotBe";
      if (op.word == "mustBe") least = most = a;
      if (op.word == "mustBeGreaterThan") least = a + 1;
      if (op.word == "mustBeGreaterOrEqualTo") least = a;
      if (op.word == "mustBeLessThan") most = a - 1;
      if (op.word == "mustBeLessOrEqualTo") most = a;
    }
    least = std::max<int64_t>(least, 0);
    if (!fits || least > most) return not_run(rule, name, fmt::format("`{}` is no range of whole numbers", op.word));
    made_.clauses.push_back({fmt::format("volume {}..{} per {}", least, most, duration_text(*window)), ""});
    read(rule);
  }

  /// "expr: E; onFailure: reject", or "promise: CLAUSE", as the export writes them.
  void custom(const Node& rule, const std::string& name) {
    const std::string engine = rule.text_of("engine");
    if (engine != "braid") return not_run(rule, name, fmt::format("it is for the engine `{}`", one_line(engine)));
    const Node* implementation = rule.find("implementation");
    std::string text = implementation && implementation->is_scalar() ? implementation->scalar : "";
    if (text.find_first_of("\r\n") != std::string::npos || text.empty())
      return not_run(rule, name, "its implementation is not one line of text");
    if (!stays_inside(text))
      return not_run(rule, name, "its implementation has brackets without their pair, or a comment");
    if (text.starts_with("promise: ")) {
      made_.clauses.push_back({text.substr(9), ""});
      return read(rule);
    }
    if (!text.starts_with("expr: ")) return not_run(rule, name, "its implementation is not `expr: …; onFailure: …`");
    std::string otherwise = "reject", remark;
    if (const size_t at = text.rfind("; onFailure: "); at != std::string::npos) {
      otherwise = text.substr(at + 13);
      text = text.substr(0, at);
    }
    if (otherwise == "dlq") otherwise = "reject";
    if (otherwise != "reject" && otherwise != "alert" && otherwise != "stop") {
      remark = fmt::format("the contract says `{}`", one_line(otherwise));
      otherwise = "reject";
    }
    made_.clauses.push_back({fmt::format("check {}: {} else {}", free_name(name), text.substr(6), otherwise), remark});
    read(rule);
  }

  // ---- service levels

  /// Whether the level is about this object; a contract with one object need not say it. `field`: of the element.
  bool is_of_object(const std::string& element, std::string& field) const {
    if (element.empty() || element.find(',') != std::string::npos) return true;
    const size_t dot = element.find('.');
    const std::string object = element.substr(0, dot);
    if (dot == std::string::npos) {
      field = element == object_made_.name ? "" : element;
      return element == object_made_.name || field_of(element) != nullptr;
    }
    field = element.substr(dot + 1);
    return object == object_made_.name || object == object_.text_of("physicalName");
  }

  void levels() {
    for (const Node& level : Reading::elements(contract_, "slaProperties")) {
      std::string element = level.text_of("element"), field;
      if (element.empty()) element = contract_.text_of("slaDefaultElement");
      if (!is_of_object(element, field)) continue;
      if (this->level(level, field)) {
        for (const char* key : {"property", "value", "unit", "element"})
          if (const Node* read = level.find(key)) reading_.mark(*read);
        if (const Node* description = level.find("description"); description && level.text_of("property") == "latency")
          reading_.mark(*description);
      }
    }
  }

  bool level(const Node& level, const std::string& element) {
    std::string property;
    for (const char c : level.text_of("property"))
      property += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string value = level.text_of("value"), unit = level.text_of("unit");
    const auto add = [&](const std::string& text, const std::string& remark = "") {
      made_.clauses.push_back({text, remark});
      return true;
    };
    if (property == "freshness" || property == "latency" || property == "ly" || property == "retention" ||
        property == "re") {
      const std::optional<int64_t> us = length_of(value, unit, property);
      if (!us || *us <= 0) return false;
      if (property == "freshness") return add("fresh within " + duration_text(*us));
      if (property == "retention" || property == "re") return add("keep " + duration_text(*us));
      made_.latency_us = std::min(made_.latency_us.value_or(*us), *us);
      const std::string quantile = quantile_of(level);
      return add(fmt::format("latency {} < {}", quantile.empty() ? "p99" : quantile, duration_text(*us)),
                 quantile.empty() ? "a guess: the contract does not say of how many rows" : "");
    }
    if (property == "completeness") {
      const ImportedField* field = field_of(element);
      if (!field || (unit != "percent" && unit != "%") || !is_plain_number(value)) return false;
      if (!field->optional) return true;  // the type says it
      return add(fmt::format("complete {} >= {}%", field->name, value));
    }
    if (property == "endofsupport" || property == "es" || property == "endoflife" || property == "el") {
      int64_t us = 0;
      if (!parse_timestamp(value, &us) && !parse_timestamp_literal(value, &us) &&
          !parse_timestamp_literal(value + "T00:00Z", &us))
        return false;
      if (made_.deprecated_until && property.starts_with("endofl")) return false;
      std::string text = timestamp_text(us);
      made_.deprecated_until = text;
      return true;
    }
    return false;
  }

  const Node& contract_;
  const Node& object_;
  const ImportedObject& object_made_;
  uint32_t file_;
  Reading& reading_;
  Reporter& reporter_;
  ImportedRules made_;
  std::set<std::string> names_;
  std::set<std::vector<std::string>> uniques_;
};

}  // namespace

std::optional<int64_t> length_of(const std::string& value, const std::string& unit, std::string_view property) {
  int64_t us = 0;
  if (parse_duration_iso(value, &us)) return us;
  if (!is_plain_number(value)) return std::nullopt;
  double count = 0;
  std::from_chars(value.data(), value.data() + value.size(), count);
  static const std::vector<std::pair<std::set<std::string>, int64_t>> kUnits{
      {{"us", "microsecond", "microseconds"}, 1},
      {{"ms", "millisecond", "milliseconds"}, 1000},
      {{"s", "sec", "second", "seconds"}, kMicrosPerSecond},
      {{"min", "minute", "minutes"}, kMicrosPerMinute},
      {{"h", "hr", "hour", "hours"}, kMicrosPerHour},
      {{"d", "day", "days"}, kMicrosPerDay},
      {{"w", "week", "weeks"}, 7 * kMicrosPerDay}};
  std::string small;
  for (const char c : unit) small += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  // Of a retention `m` is read as months, which have no fixed length.
  int64_t of_unit = small == "m" && property != "retention" && property != "re" ? kMicrosPerMinute : 0;
  for (const auto& [names, length] : kUnits)
    if (names.contains(small)) of_unit = length;
  const double total = count * static_cast<double>(of_unit);
  constexpr double kMost = 9e18;
  if (of_unit == 0 || total > kMost) return std::nullopt;
  return static_cast<int64_t>(std::llround(total));
}

ImportedRules import_rules(const Node& contract, const Node& object, const ImportedObject& made, uint32_t file,
                           Reading& reading, Reporter& reporter) {
  return Rules(contract, object, made, file, reading, reporter).all();
}

std::string quantile_of(const Node& level) {
  for (const char* key : {"id", "description"}) {
    const std::string text = level.text_of(key);
    for (size_t at = text.find('p'); at != std::string::npos; at = text.find('p', at + 1)) {
      size_t end = at + 1;
      while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
      if (end > at + 1 && end <= at + 4 && (at == 0 || !std::isalnum(static_cast<unsigned char>(text[at - 1]))))
        return text.substr(at, end - at);
    }
  }
  return "";
}

}  // namespace braid::mesh
