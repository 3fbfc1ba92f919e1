#include "mesh/standards/import_contract.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "mesh/standards/import_rules.h"
#include "mesh/standards/odcs.h"
#include "mesh/standards/odcs_types.h"
#include "mesh/standards/reading.h"
#include "mesh/standards/script_text.h"
#include "runtime/data/script_text.h"
#include "runtime/data/time_text.h"
#include "runtime/report/contract_findings.h"
#include "runtime/report/suggest.h"

namespace braid::mesh {
namespace {

constexpr size_t kWidth = 110;

/// Texts as lines of comments.
std::string comment(const std::string& mark, std::string_view text, const std::string& indent = "") {
  std::string made, line;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t blank = rest.find(' ');
    const std::string_view word = rest.substr(0, blank);
    if (!line.empty() && indent.size() + mark.size() + line.size() + word.size() + 2 > kWidth) {
      made += fmt::format("{}{} {}\n", indent, mark, line);
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
    rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
  }
  return line.empty() ? made : made + fmt::format("{}{} {}\n", indent, mark, line);
}

class ObjectImport {
 public:
  ObjectImport(const Node& contract, const Node& object, uint32_t file, const ImportOptions& options, bool only,
               Reading& reading, Reporter& reporter)
      : contract_(contract),
        object_(object),
        file_(file),
        options_(options),
        only_(only),
        reading_(reading),
        reporter_(reporter) {
    made_.name = reading.text(object, "name");
  }

  std::string text() {
    fields();
    key();
    form();
    choose_time();
    const ImportedRules rules = import_rules(contract_, object_, made_, file_, reading_, reporter_);
    guess_lateness(rules);
    const std::string name = options_.name.empty() || !only_ ? plain_name(made_.name) : options_.name;
    std::string text = heading();
    text += fmt::format("{} {}{}\n", made_.table ? "table" : "stream", name, version());
    if (!time_.empty())
      text +=
          fmt::format("  time {} within {}{}\n", time_, within_, time_remark_.empty() ? "" : "  // " + time_remark_);
    if (made_.table && time_.empty()) text += "  // without `time` it is read whole, at the start\n";
    if (!key_.empty()) text += fmt::format("  key {}\n", fmt::join(key_, ", "));
    text += source();
    text += "{\n" + lines_ + "}\n";
    text += product(name, rules);
    return text;
  }
  bool empty() const { return made_.fields.empty(); }

 private:
  /// Rows that may come later than they have to be visible would break the promise of latency from the start.
  void guess_lateness(const ImportedRules& rules) {
    if (!time_is_guessed_ || !rules.latency_us || *rules.latency_us > kMicrosPerMinute) return;
    within_.clear();
    append_duration_literal(within_, std::max<int64_t>(1, *rules.latency_us / 2));
  }

  static std::string major_of(const std::string& version) {
    int64_t major = 0;
    const char* begin = version.data() + (version.starts_with('v') ? 1 : 0);
    std::from_chars(begin, version.data() + version.size(), major);
    return major > 0 ? std::to_string(major) : "1";
  }
  std::string version() const { return " version " + major_of(contract_.text_of("version")); }

  std::string heading() {
    std::string made;
    if (const std::string text = one_line(reading_.text(object_, "description")); !text.empty())
      made += comment("///", text);
    std::string from =
        fmt::format("From the contract `{}`",
                    one_line(contract_.text_of("name").empty() ? contract_.text_of("id") : contract_.text_of("name")));
    from +=
        fmt::format(", version {}, {}", one_line(contract_.text_of("version")), one_line(contract_.text_of("status")));
    if (const std::string domain = contract_.text_of("domain"); !domain.empty())
      from += fmt::format(", of the domain `{}`", one_line(domain));
    return made + comment("///", from + "; look over types, key and time.");
  }

  void left_out(const Node& property, const std::string& name, const std::string& reason) {
    reporter_.report(diag::PropertyLeftOut{.property = name, .reason = reason}).at(span_of(property, file_));
    lines_ += fmt::format("  // left out: {}: {}\n", string_literal(name), one_line(reason));
    reading_.mark(property);
  }

  void fields() {
    for (const Node& property : Reading::elements(object_, "properties")) field(property);
  }

  /// What decides the type of a field has been read then; `path` of structs too.
  void read_type(const Node& property) {
    for (const char* key : {"name", "logicalType", "physicalType", "required", "enum"})
      if (const Node* found = reading_.find(property, key)) reading_.mark(*found);
    if (const Node* options = property.find("logicalTypeOptions"))
      for (const char* key : {"format", "timezone"}) reading_.find(*options, key);
    for (const Node& part : Reading::elements(property, "properties")) read_type(part);
    if (const Node* items = property.find("items")) read_type(*items);
    if (const Node* map = property.find("map"))
      for (const Entry& part : map->entries) read_type(part.value);
  }

  void field(const Node& property) {
    const std::string name = property.text_of("name");
    const std::string written = script_name(name);
    const ScriptType type = script_type(property, "  ");
    if (written.empty() || type.text.empty())
      return left_out(property, name, written.empty() ? "no field can have that name" : type.why_not);
    if (std::any_of(made_.fields.begin(), made_.fields.end(),
                    [&](const ImportedField& each) { return each.property == name; }))
      return left_out(property, name, "another property has that name");
    read_type(property);
    ImportedField made{
        .property = name, .name = written, .type = type.text, .optional = property.text_of("required") != "true"};
    // A key is never null.
    if (reading_.is_true(property, "primaryKey")) {
      made.optional = false;
      keys_.push_back({position_of(property), keys_.size(), written});
      made_.key.push_back(name);
    }
    std::string remark = type.remark;
    std::string from;
    const std::string physical = reading_.text(property, "physicalName");
    if (!physical.empty() && physical != name) {
      if (physical.find('.') == std::string::npos)
        from = " from " + string_literal(physical);
      else
        remark += fmt::format("{}in the records `{}`, where a dot leads into an object", remark.empty() ? "" : "; ",
                              one_line(physical));
    }
    if (const std::string text = one_line(reading_.text(property, "description")); !text.empty())
      lines_ += comment("///", text, "  ");
    fields_.push_back({lines_.size(), made_.fields.size()});
    lines_ += fmt::format("  {}: {}{}{}{},{}\n", written, type.text, made.optional ? "?" : "", labels(property), from,
                          remark.empty() ? "" : "  // " + remark);
    made_.fields.push_back(std::move(made));
  }

  int64_t position_of(const Node& property) {
    const std::string text = reading_.text(property, "primaryKeyPosition");
    int64_t position = INT64_MAX;
    std::from_chars(text.data(), text.data() + text.size(), position);
    return position < 0 ? INT64_MAX : position;
  }

  /// Tags and the classification that can be labels.
  std::string labels(const Node& property) {
    std::vector<std::string> names;
    const auto add = [&](const Node& node) {
      if (node.scalar.empty() || script_name(node.scalar) != node.scalar) return false;
      if (std::find(names.begin(), names.end(), node.scalar) == names.end()) names.push_back(node.scalar);
      reading_.mark(node);
      return true;
    };
    if (const Node* tags = property.find("tags");
        tags && std::all_of(tags->elements.begin(), tags->elements.end(), add))
      reading_.mark(*tags);
    if (const Node* classification = property.find("classification")) add(*classification);
    std::string made;
    for (const std::string& name : names) made += " #" + name;
    return made;
  }

  void key() {
    std::sort(keys_.begin(), keys_.end());
    for (const auto& [position, index, name] : keys_) key_.push_back(name);
  }

  void form() {
    const Node* kind = reading_.custom(object_, "braid.kind");
    const std::string physical = reading_.text(object_, "physicalType");
    reading_.find(object_, "logicalType");
    made_.table = kind ? kind->scalar != "stream" : (physical == "table" || physical == "view") && !key_.empty();
    if (!options_.form.empty()) made_.table = options_.form == "table";
    if (made_.table && key_.empty()) {
      made_.table = false;
      time_remark_ = "a table needs a key, and the contract has none";
    }
  }

  const ImportedField* field_named(const std::string& property) const {
    const auto found = std::find_if(made_.fields.begin(), made_.fields.end(),
                                    [&](const ImportedField& each) { return each.property == property; });
    return found == made_.fields.end() ? nullptr : &*found;
  }

  /// The time that the contract names, or that its service levels are about; of a stream else the first that there is.
  void choose_time() {
    if (const Node* time = reading_.custom(object_, "braid.time")) {
      time_ = time->scalar;
      const ImportedField* field = field_named(time_.substr(0, time_.find('.')));
      if (!field)
        time_.clear();
      else if (field->property == time_)
        time_ = field->name;
      int64_t us = 0;
      const Node* within = reading_.custom(object_, "braid.within");
      if (within && parse_duration_iso(within->scalar, &us) && us >= 0) {
        within_.clear();
        append_duration_literal(within_, us);
      }
    }
    const ImportedField* chosen = nullptr;
    if (time_.empty()) {
      for (const Node& level : Reading::elements(contract_, "slaProperties")) {
        const std::string element = level.text_of("element");
        const size_t dot = element.find('.');
        if (dot != std::string::npos && element.substr(0, dot) != made_.name) continue;
        const ImportedField* field = field_named(dot == std::string::npos ? element : element.substr(dot + 1));
        if (!chosen && field && field->type == "timestamp") chosen = field;
      }
      for (const bool optional : {false, true})
        for (const ImportedField& field : made_.fields)
          if (!chosen && !made_.table && field.type == "timestamp" && field.optional == optional) chosen = &field;
    }
    if (chosen) {
      time_ = chosen->name;
      time_remark_ = "a guess: the contract does not say how late rows come";
      time_is_guessed_ = true;
      // Every row needs its time.
      if (chosen->optional) make_present(*chosen);
    }
    made_.has_time = !time_.empty();
  }

  void make_present(const ImportedField& field) {
    const size_t index = static_cast<size_t>(&field - made_.fields.data());
    const std::string shown = fmt::format("  {}: timestamp?", field.name);
    const size_t at = lines_.find(shown, fields_[index].first);
    if (at == std::string::npos) return;
    lines_.erase(at + shown.size() - 1, 1);
    made_.fields[index].optional = false;
    time_remark_ += "; the contract allows rows without it";
  }

  /// The first server that can be read here.
  std::string source() {
    std::string address = reading_.text(object_, "physicalName");
    if (address.empty()) address = made_.name;
    std::string made;
    for (const Node& server : Reading::elements(contract_, "servers")) {
      const std::string type = server.text_of("type");
      std::string format;
      for (const char c : server.text_of("format"))
        format += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (format == "ndjson" || format == "jsonl") format = "json";
      static const std::set<std::string> kRead{"json", "csv", "avro", "protobuf"};
      if (format.empty() && type == "kafka") format = "json";
      const bool topic = type == "kafka" || (type == "custom" && server.find("stream"));
      if ((!topic && type != "local") || !kRead.contains(format) || (format == "protobuf" && !topic)) continue;
      if (type == "custom") address = reading_.text(server, "stream");
      if (type == "local") address = reading_.text(server, "path");
      for (const char* key : {"server", "type", "format", "environment"}) reading_.find(server, key);
      made += fmt::format("  from {} {} format {}\n", topic ? "topic" : "file", string_literal(address), format);
      if (type == "kafka") {
        const std::string environment = reading_.text(server, "environment");
        made = fmt::format("  // braid.toml: [env.{}] brokers = {}\n",
                           environment.empty() ? "prod" : one_line(environment),
                           string_literal(reading_.text(server, "host"))) +
               made;
      }
      return made;
    }
    return comment("//",
                   fmt::format("from topic {} format json: the contract names no server that is read here",
                               string_literal(address)),
                   "  ");
  }

  std::string product(const std::string& source, const ImportedRules& rules) {
    std::string made;
    if (!rules.clauses.empty() || !rules.not_run.empty() || rules.deprecated_until || compatibility() != "" ||
        is_draft()) {
      made += fmt::format("\n/// Rows of `{}` that keep the contract.\nproduct checked_{}{}\n", source,
                          plain_name(source), version());
      if (!key_.empty()) made += fmt::format("  key {}\n", fmt::join(key_, ", "));
      std::string clauses;
      if (const std::string level = compatibility(); !level.empty())
        clauses += fmt::format("    compatible {}\n", level);
      for (const Clause& clause : rules.clauses)
        clauses += fmt::format("    {}{}\n", clause.text, clause.remark.empty() ? "" : "  // " + clause.remark);
      // By name: rules without one are told apart by a number.
      std::map<std::string, int> known;
      for (const ImportedRules::NotRun& rule : rules.not_run) {
        const int before = known[rule.rule]++;
        const std::string name = before == 0 ? rule.rule : fmt::format("{} {}", rule.rule, before + 1);
        clauses += fmt::format("    unchecked {} because {}\n", string_literal(name), string_literal(rule.reason));
      }
      if (!clauses.empty()) made += "  contract {\n" + clauses + "  }\n";
      if (is_draft()) made += "  draft\n";
      if (rules.deprecated_until) {
        const Node* successor = reading_.custom(contract_, "braid.successor");
        made += fmt::format("  deprecated until @{}{}\n", *rules.deprecated_until,
                            successor ? " for version " + successor->scalar : "");
      }
      made += fmt::format("{{\n  from {}\n}}\n", source);
    }
    return made;
  }

  /// Of the words of the standard, which are examples, two say that others should not rely on it yet.
  bool is_draft() const {
    const std::string status = contract_.text_of("status");
    return status == "draft" || status == "proposed";
  }

  std::string compatibility() {
    const Node* level = reading_.custom(contract_, "braid.compatibility");
    if (!level) return "";
    std::string word;
    for (const char c : level->scalar) word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    static const std::set<std::string> kLevels{
        "none", "backward", "backward_transitive", "forward", "forward_transitive", "full", "full_transitive"};
    return kLevels.contains(word) ? word : "";
  }

  const Node& contract_;
  const Node& object_;
  uint32_t file_;
  const ImportOptions& options_;
  bool only_;
  Reading& reading_;
  Reporter& reporter_;
  ImportedObject made_;
  std::string lines_;
  std::vector<std::pair<size_t, size_t>> fields_;               ///< of each field: where its line begins in `lines_`
  std::vector<std::tuple<int64_t, size_t, std::string>> keys_;  ///< position, then order in the contract
  std::vector<std::string> key_;
  std::string time_, within_ = "1m", time_remark_;
  bool time_is_guessed_ = false;
};

}  // namespace

std::optional<std::string> script_of_contract(const Node& contract, const SourceSet& sources, uint32_t file,
                                              const ImportOptions& options, Reporter& reporter) {
  const std::string& path = sources.file(file).path;
  std::vector<const Node*> objects;
  std::vector<std::string> names;
  for (const Node& object : Reading::elements(contract, "schema")) {
    names.push_back(object.text_of("name"));
    if (options.object.empty() || options.object == names.back()) objects.push_back(&object);
  }
  if (objects.empty() && !options.object.empty()) {
    auto report = reporter.report(diag::NoSchemaObject{.path = path, .name = options.object});
    if (const auto near = closest(options.object, names)) report.note("did you mean `" + *near + "`?");
    if (!names.empty()) report.note(fmt::format("it has: {}", fmt::join(names, ", ")));
    return std::nullopt;
  }
  if (objects.empty()) {
    reporter.report(diag::NothingToImport{.path = path, .reason = "it has no `schema`"}).at(span_of(contract, file));
    return std::nullopt;
  }
  Reading reading(contract);
  for (const char* key : {"apiVersion", "kind", "id", "version", "status", "name", "domain"})
    reading.find(contract, key);
  std::string text;
  bool any = false;
  if (const Node* about = contract.find("description"); about && about->is(Node::Kind::map))
    for (const char* key : {"purpose", "usage", "limitations"})
      if (const std::string told = one_line(reading.text(*about, key)); !told.empty())
        text += comment("//", fmt::format("{}: {}", key, told));
  if (!text.empty()) text += "\n";
  for (const Node* object : objects) {
    ObjectImport import(contract, *object, file, options, objects.size() == 1, reading, reporter);
    if (any) text += "\n";
    text += import.text();
    if (import.empty()) {
      reporter
          .report(diag::NothingToImport{
              .path = path, .reason = fmt::format("no property of `{}` has a type here", object->text_of("name"))})
          .at(span_of(*object, file));
      return std::nullopt;
    }
    any = true;
  }
  for (const Node& object : Reading::elements(contract, "schema"))
    if (std::find(objects.begin(), objects.end(), &object) == objects.end()) reading.mark(object);
  if (const std::vector<std::string> left = reading.left(); !left.empty()) {
    text += "\n// Parts of the contract without a place in a script; `braid contract export --over` keeps them:\n";
    for (const std::string& each : left) text += comment("//  ", each);
    auto report = reporter.report(
        diag::NotInScript{.parts = left.size() == 1 ? "1 part" : fmt::format("{} parts", left.size()), .paths = left});
    report.at(span_of(contract, file)).note("the script names each in a comment at its end");
  }
  return text;
}

}  // namespace braid::mesh
