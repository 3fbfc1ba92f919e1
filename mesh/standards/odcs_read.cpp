#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "mesh/standards/odcs.h"
#include "mesh/standards/yaml.h"
#include "runtime/report/contract_findings.h"
#include "runtime/report/short_text.h"
#include "runtime/report/suggest.h"

namespace braid::mesh {
namespace {

constexpr size_t kShown = 60;  ///< bytes of a text in a message

enum class Shape { text, number, boolean, scalar, any, texts, list, object };

struct Key {
  const char* name;
  Shape shape;
  const char* of = nullptr;  ///< object, list: what its content is
  bool required = false;
};

struct Block {
  const char* called;  ///< in messages
  bool closed;         ///< the standard has no other keys
  std::vector<Key> keys;
};

/// The keys of versions 3.0 to 3.2, by block.
const std::map<std::string, Block>& blocks() {
  using enum Shape;
  const Key id{"id", text}, description{"description", text}, tags{"tags", texts};
  const Key customs{"customProperties", list, "custom"}, definitions{"authoritativeDefinitions", list, "definition"};
  const auto with = [&](std::vector<Key> keys) {
    keys.insert(keys.end(), {id, description, tags, customs, definitions});
    return keys;
  };
  const std::vector<Key> property = with({{"physicalName", text},
                                          {"physicalType", text},
                                          {"businessName", text},
                                          {"logicalType", text},
                                          {"logicalTypeOptions", object},
                                          {"required", boolean},
                                          {"unique", boolean},
                                          {"primaryKey", boolean},
                                          {"primaryKeyPosition", number},
                                          {"partitioned", boolean},
                                          {"partitionKeyPosition", number},
                                          {"classification", text},
                                          {"encryptedName", text},
                                          {"criticalDataElement", boolean},
                                          {"transformSourceObjects", texts},
                                          {"transformLogic", text},
                                          {"transformDescription", text},
                                          {"examples", list},
                                          {"relationships", list},
                                          {"quality", list, "rule"},
                                          {"properties", list, "property"},
                                          {"items", object, "items"},
                                          {"enum", list},
                                          {"map", object},
                                          {"semanticType", text},
                                          {"synonyms", list},
                                          {"deprecated", boolean}});
  std::vector<Key> named = property;
  named.insert(named.begin(), {"name", text, nullptr, true});
  std::vector<Key> items = property;
  items.insert(items.begin(), {"name", text});
  static const std::map<std::string, Block> all{
      {"contract",
       {"the contract",
        true,
        {{"apiVersion", text, nullptr, true},
         {"kind", text, nullptr, true},
         {"id", scalar, nullptr, true},
         {"version", scalar, nullptr, true},
         {"status", text, nullptr, true},
         {"name", text},
         {"tenant", text},
         {"domain", text},
         {"dataProduct", text},
         {"tags", texts},
         {"description", object, "about"},
         {"schema", list, "object"},
         {"servers", list, "server"},
         {"team", any},
         {"roles", list, "role"},
         {"slaDefaultElement", text},
         {"slaProperties", list, "sla"},
         {"support", list, "support"},
         {"price", object},
         {"context", any},
         {"contractCreatedTs", text},
         customs,
         definitions}}},
      {"about", {"the description", false, {{"purpose", text}, {"usage", text}, {"limitations", text}}}},
      {"object",
       {"the schema object", true,
        with({{"name", text, nullptr, true},
              {"physicalName", text},
              {"physicalType", text},
              {"businessName", text},
              {"logicalType", text},
              {"dataGranularityDescription", text},
              {"properties", list, "property"},
              {"relationships", list},
              {"quality", list, "rule"},
              {"deprecated", boolean},
              {"synonyms", list}})}},
      {"property", {"the property", true, named}},
      {"items", {"the items", true, items}},
      {"rule",
       {"the quality rule", true,
        with({{"name", text},
              {"type", text},
              {"dimension", text},
              {"severity", text},
              {"unit", text},
              {"schedule", text},
              {"scheduler", text},
              {"method", text},
              {"businessImpact", text},
              {"metric", text},
              {"rule", text},
              {"arguments", object},
              {"query", text},
              {"engine", text},
              {"implementation", any},
              {"mustBe", any},
              {"mustNotBe", any},
              {"mustBeGreaterThan", number},
              {"mustBeGreaterOrEqualTo", number},
              {"mustBeLessThan", number},
              {"mustBeLessOrEqualTo", number},
              {"mustBeBetween", list},
              {"mustNotBeBetween", list}})}},
      {"sla",
       {"the service level",
        true,
        {id,
         description,
         {"property", text, nullptr, true},
         {"value", scalar, nullptr, true},
         {"valueExt", scalar},
         {"unit", text},
         {"element", text},
         {"driver", text},
         {"schedule", text},
         {"scheduler", text}}}},
      {"server",
       {"the server", false, {{"server", text, nullptr, true}, {"type", text, nullptr, true}, {"environment", text}}}},
      {"role",
       {"the role",
        true,
        {id,
         description,
         {"role", text, nullptr, true},
         {"access", text},
         {"firstLevelApprovers", text},
         {"secondLevelApprovers", text},
         customs}}},
      {"support", {"the support channel", false, {{"channel", text, nullptr, true}}}},
      {"custom",
       {"the custom property",
        true,
        {id, description, {"property", text, nullptr, true}, {"value", any, nullptr, true}}}},
      {"definition",
       {"the definition", true, {id, description, {"url", text, nullptr, true}, {"type", text, nullptr, true}}}},
      {"team", {"the team", true, with({{"name", text}, {"members", list, "member"}})}},
      {"member", {"the team's member", false, {{"username", text, nullptr, true}}}},
  };
  return all;
}

const std::map<std::string, std::vector<std::string>>& words() {
  static const std::map<std::string, std::vector<std::string>> all{
      {"object.logicalType", {"object"}},
      {"property.logicalType",
       {"string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean", "map", "vector"}},
      {"rule.type", {"library", "text", "sql", "custom"}},
      {"rule.metric", {"nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"}},
      {"rule.dimension",
       {"accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"}},
  };
  return all;
}

const char* expected_text(Shape shape) {
  switch (shape) {
    case Shape::text:
      return "a text";
    case Shape::number:
      return "a number";
    case Shape::boolean:
      return "`true` or `false`";
    case Shape::scalar:
      return "a single value";
    case Shape::texts:
      return "a list of texts";
    case Shape::list:
      return "a list";
    case Shape::object:
      return "an object";
    case Shape::any:
      break;
  }
  return "a value";
}

bool fits(const Node& node, Shape shape) {
  switch (shape) {
    case Shape::text:
      return node.is(Node::Kind::text);
    case Shape::number:
      return node.is(Node::Kind::number);
    case Shape::boolean:
      return node.is(Node::Kind::boolean);
    case Shape::scalar:
      return node.is_scalar() && !node.is(Node::Kind::null);
    case Shape::texts:
      return node.is(Node::Kind::list) && std::all_of(node.elements.begin(), node.elements.end(),
                                                      [](const Node& each) { return each.is(Node::Kind::text); });
    case Shape::list:
      return node.is(Node::Kind::list);
    case Shape::object:
      return node.is(Node::Kind::map);
    case Shape::any:
      return true;
  }
  return false;
}

class Checking {
 public:
  Checking(uint32_t file, Reporter& reporter) : file_(file), reporter_(reporter) {}

  void block(const Node& node, const std::string& kind) {
    const Block& block = blocks().at(kind);
    const std::string where = called(node, block);
    for (const Entry& entry : node.entries) {
      const auto known =
          std::find_if(block.keys.begin(), block.keys.end(), [&](const Key& key) { return entry.key == key.name; });
      if (known == block.keys.end()) {
        if (block.closed) unknown(entry, block, where);
        continue;
      }
      value(entry, *known, kind, where);
    }
    for (const Key& key : block.keys)
      if (const Node* found = key.required ? node.find(key.name) : &node; found == nullptr)
        reporter_.report(diag::ContractKeyMissing{.where = where, .key = key.name}).at(span_of(node, file_));
    if (kind == "rule") rule(node, where);
    if (kind == "server") server(node, where);
    if (kind == "contract") team(node);
  }

 private:
  /// "the property `email`"
  static std::string called(const Node& node, const Block& block) {
    for (const char* key : {"name", "id", "property", "role", "server", "channel", "username"})
      if (const std::string name = node.text_of(key); !name.empty() && &block != &blocks().at("contract"))
        return fmt::format("{} `{}`", block.called, shortened(name, kShown));
    return block.called;
  }

  void unknown(const Entry& entry, const Block& block, const std::string& where) {
    std::vector<std::string> names;
    for (const Key& key : block.keys) names.emplace_back(key.name);
    auto report = reporter_.report(diag::ContractKeyUnknown{.key = shortened(entry.key, kShown), .where = where});
    report.at({file_, entry.begin, entry.end});
    if (const auto near = closest(entry.key, names)) report.note("did you mean `" + *near + "`?");
    report.note("what is not in the standard stands under `customProperties`");
  }

  void wrong(const Entry& entry, const std::string& where, const std::string& expected) {
    reporter_
        .report(
            diag::ContractValue{.key = entry.key, .where = where, .found = shown(entry.value), .expected = expected})
        .at({file_, entry.begin, entry.end});
  }

  void value(const Entry& entry, const Key& key, const std::string& kind, const std::string& where) {
    // `key:` with nothing behind it is as if it was not there, where nothing needs it.
    if (entry.value.is(Node::Kind::null) && !key.required) return;
    if (!fits(entry.value, key.shape)) return wrong(entry, where, expected_text(key.shape));
    const std::string block = kind == "items" ? "property" : kind;
    if (const auto known = words().find(block + "." + entry.key); known != words().end())
      if (std::find(known->second.begin(), known->second.end(), entry.value.scalar) == known->second.end()) {
        auto report = reporter_.report(diag::ContractValue{
            .key = entry.key, .where = where, .found = shown(entry.value), .expected = "one of the standard's words"});
        report.at({file_, entry.begin, entry.end});
        if (const auto near = closest(entry.value.scalar, known->second)) report.note("did you mean `" + *near + "`?");
        report.note(fmt::format("words: {}", fmt::join(known->second, ", ")));
      }
    if (!key.of) return;
    if (key.shape == Shape::object) block_of(entry, entry.value, key.of, where);
    for (const Node& element : entry.value.elements) block_of(entry, element, key.of, where);
  }

  void block_of(const Entry& entry, const Node& node, const char* kind, const std::string& where) {
    if (node.is(Node::Kind::map)) return block(node, kind);
    reporter_
        .report(diag::ContractValue{
            .key = entry.key, .where = where, .found = shown(node), .expected = "a list of objects"})
        .at(span_of(node, file_));
  }

  void rule(const Node& node, const std::string& where) {
    const std::string type = node.find("type") ? node.text_of("type") : node.find("metric") ? "library" : "";
    const auto needs = [&](const char* key) {
      if (!node.find(key))
        reporter_.report(diag::ContractKeyMissing{.where = where, .key = key}).at(span_of(node, file_));
    };
    // `rule` is the older name of `metric`.
    if (type == "library" && !node.find("rule")) needs("metric");
    if (type == "sql") needs("query");
    if (type == "custom") needs("engine"), needs("implementation");
    if (type != "library" && type != "sql") return;
    std::vector<const Entry*> operators;
    for (const Entry& entry : node.entries)
      if (entry.key.starts_with("must")) operators.push_back(&entry);
    if (operators.empty())
      reporter_.report(diag::ContractKeyMissing{.where = where, .key = "mustBe"})
          .at(span_of(node, file_))
          .note("or another of its kind, such as `mustBeLessThan` or `mustBeBetween`");
    if (operators.size() > 1) wrong(*operators[1], where, "the only one of its kind: a rule has one operator");
    for (const Entry* entry : operators)
      if (entry->key.ends_with("Between") && entry->value.is(Node::Kind::list) && entry->value.elements.size() != 2)
        wrong(*entry, where, "two numbers");
  }

  void server(const Node& node, const std::string& where) {
    static const std::map<std::string, std::vector<const char*>> needed{
        {"kafka", {"host"}}, {"api", {"location"}}, {"local", {"path", "format"}}, {"s3", {"location"}}};
    const auto found = needed.find(node.text_of("type"));
    if (found == needed.end()) return;
    for (const char* key : found->second)
      if (!node.find(key))
        reporter_.report(diag::ContractKeyMissing{.where = where, .key = key}).at(span_of(node, file_));
  }

  /// An object since 3.1, and a list of its members before.
  void team(const Node& node) {
    const Node* team = node.find("team");
    if (!team || team->is(Node::Kind::null)) return;
    if (team->is(Node::Kind::map)) return block(*team, "team");
    for (const Node& member : team->elements)
      if (member.is(Node::Kind::map)) block(member, "member");
  }

  uint32_t file_;
  Reporter& reporter_;
};

/// Why it is something else; empty if it is a contract.
std::string other_document(const Node& document) {
  if (!document.is(Node::Kind::map)) return "it is " + shown(document);
  if (document.find("dataContractSpecification"))
    return "it is of the older Data Contract Specification; `datacontract export` of datacontract-cli converts it";
  if (document.find("asyncapi")) return "it is a document of AsyncAPI";
  if (document.find("openapi")) return "it is a document of OpenAPI";
  const std::string kind = document.text_of("kind"), version = document.text_of("apiVersion");
  if (kind == "DataProduct") return "it is a data product";
  if (!kind.empty() && kind != "DataContract") return fmt::format("its kind is `{}`", shortened(kind, kShown));
  if (version.starts_with("v2.") || version.starts_with("2."))
    return fmt::format("it is of version `{}`", shortened(version, kShown));
  static const std::vector<std::string> kRead{"v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0"};
  if (!version.empty() && std::find(kRead.begin(), kRead.end(), version) == kRead.end())
    return fmt::format("its `apiVersion` is `{}`, and those that are read are {}", shortened(version, kShown),
                       fmt::join(kRead, ", "));
  if (kind.empty() && version.empty()) return "it has neither `kind` nor `apiVersion`";
  return "";
}

}  // namespace

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "an object";
    case Node::Kind::text:
      return fmt::format("the text `{}`", shortened(node.scalar, kShown));
    default:
      return fmt::format("`{}`", shortened(node.scalar, kShown));
  }
}

std::optional<Node> read_odcs(const SourceSet& sources, uint32_t file, Reporter& reporter) {
  const SourceFile& source = sources.file(file);
  Result<Node, YamlFault> read = read_yaml(source.text);
  if (!read.ok()) {
    const YamlFault& fault = read.error();
    reporter.report(diag::ContractNotYaml{.path = source.path, .reason = fault.message})
        .at({file, fault.begin, fault.end});
    return std::nullopt;
  }
  if (const std::string reason = other_document(*read); !reason.empty()) {
    reporter.report(diag::NotAContract{.path = source.path, .reason = reason}).at(span_of(*read, file));
    return std::nullopt;
  }
  const size_t before = reporter.size();
  Checking(file, reporter).block(*read, "contract");
  for (size_t i = before; i < reporter.size(); ++i)
    if (reporter.findings()[i].severity == Severity::error) return std::nullopt;
  return std::move(*read);
}

}  // namespace braid::mesh
