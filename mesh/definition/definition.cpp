#include "mesh/definition/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compiler/parse/parse.h"
#include "runtime/data/script_text.h"

namespace braid::mesh {
namespace {

using Json = nlohmann::ordered_json;

/// Of the JSON form. A change that old readers would misread raises it.
constexpr int64_t kFormat = 1;

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = "the definition " + std::move(what)};
}

std::string plain(const ast::Path& path) {
  std::string text;
  for (const ast::Name& part : path.parts) text += (text.empty() ? "" : ".") + part.text;
  return text;
}

/// With names in backticks where they need them.
std::string written(const std::string& path) {
  std::string text, part;
  const auto end = [&] {
    text += (text.empty() ? "" : ".") + script_name(part);
    part.clear();
  };
  for (const char c : path) {
    if (c == '.')
      end();
    else
      part += c;
  }
  end();
  return text;
}

/// What its text says is what the item says.
bool fits(const ast::Script& script, const DefinitionItem& item) {
  if (script.items.size() != 1 || plain(script.domain.path) != item.domain) return false;
  const ast::Item& found = script.items.front();
  const ast::Name* name = name_of(found);
  if (name == nullptr || name->text != item.name || kind_of(found) != item.kind || found.is_public != item.is_public)
    return false;
  return std::ranges::equal(script.uses, item.uses, [](const ast::Use& use, const DefinitionUse& expected) {
    const std::string as = use.as ? use.as->text : use.path.parts.empty() ? "" : use.path.parts.back().text;
    return plain(use.path) == expected.path && as == expected.as && !use.version && !use.purpose && use.expects.empty();
  });
}

Json item_to_json(const DefinitionItem& item) {
  Json made{{"domain", item.domain}, {"name", item.name}, {"kind", item.kind}};
  if (item.is_public) made["public"] = true;
  if (!item.documentation.empty()) made["doc"] = item.documentation;
  for (const DefinitionUse& use : item.uses) made["uses"].push_back({{"path", use.path}, {"as", use.as}});
  made["text"] = item.text;
  return made;
}

Result<Definition> read(const Json& json) {
  if (!json.is_object() || !json.contains("definition")) return wrong("is no JSON object of that kind");
  if (const auto format = json["definition"].get<int64_t>(); format != kFormat)
    return wrong(fmt::format("has format {}; this version reads format {}", format, kFormat));
  Definition made;
  made.domain = json.at("domain").get<std::string>();
  made.name = json.at("name").get<std::string>();
  made.owner = json.value("owner", std::string());
  for (const Json& item : json.at("items")) made.items.push_back(item_of_json(item));
  if (made.kind().empty()) return wrong("does not have its own declaration");
  BRAID_ASSIGN(const ParsedDefinition parsed, parse(made));
  return made;
}

}  // namespace

const ast::Name* name_of(const ast::Item& item) {
  if (const auto* type = std::get_if<ast::TypeAlias>(&item.node)) return &type->name;
  if (const auto* function = std::get_if<ast::Function>(&item.node)) return &function->name;
  if (const auto* aggregate = std::get_if<ast::Aggregate>(&item.node)) return &aggregate->name;
  if (const auto* service = std::get_if<ast::Service>(&item.node)) return &service->name;
  if (const auto* param = std::get_if<ast::Param>(&item.node)) return &param->name;
  return nullptr;
}

std::string_view kind_of(const ast::Item& item) {
  if (std::holds_alternative<ast::TypeAlias>(item.node)) return "type";
  if (std::holds_alternative<ast::Function>(item.node)) return "function";
  if (std::holds_alternative<ast::Aggregate>(item.node)) return "aggregate";
  if (std::holds_alternative<ast::Service>(item.node)) return "service";
  if (std::holds_alternative<ast::Param>(item.node)) return "param";
  return "";
}

std::string Definition::kind() const {
  std::string text;
  for (const DefinitionItem& item : items)
    if (is_root(item)) text += (text.empty() ? "" : " and ") + item.kind;
  return text;
}

std::string script_of(const DefinitionItem& item) {
  std::string text = "domain " + written(item.domain) + "\n";
  for (const DefinitionUse& use : item.uses)
    text += fmt::format("use {}{}\n", written(use.path),
                        use.path.substr(use.path.rfind('.') + 1) == use.as ? "" : " as " + script_name(use.as));
  text += "\n";
  if (!item.documentation.empty()) {
    for (size_t at = 0; at <= item.documentation.size();) {
      const size_t end = std::min(item.documentation.find('\n', at), item.documentation.size());
      text += fmt::format("/// {}\n", item.documentation.substr(at, end - at));
      at = end + 1;
    }
  }
  return text + (item.is_public ? "public " : "") + item.text + "\n";
}

namespace {

Result<ParsedDefinition> parse_items(const std::vector<DefinitionItem>& items) {
  ParsedDefinition made;
  for (const DefinitionItem& item : items) {
    Reporter reporter;
    const uint32_t file = made.sources.add(item.domain + "." + item.name + ".braid", script_of(item));
    made.scripts.push_back(braid::parse(made.sources, file, reporter));
    if (reporter.has_errors() || !fits(made.scripts.back(), item))
      return wrong(fmt::format("has a declaration that is not the {} `{}.{}`", item.kind, item.domain, item.name));
  }
  return made;
}

}  // namespace

Result<ParsedDefinition> parse(const Definition& definition) {
  return parse_items(definition.items);
}

Status check(const std::vector<DefinitionItem>& items) {
  const Result<ParsedDefinition> parsed = parse_items(items);
  return parsed.ok() ? Status() : Status(parsed.error());
}

std::string items_to_json(const std::vector<DefinitionItem>& items) {
  Json made = Json::array();
  for (const DefinitionItem& item : items) made.push_back(item_to_json(item));
  return made.dump();
}

DefinitionItem item_of_json(const Json& json) {
  DefinitionItem made{.domain = json.at("domain").get<std::string>(),
                      .name = json.at("name").get<std::string>(),
                      .kind = json.at("kind").get<std::string>(),
                      .is_public = json.value("public", false),
                      .documentation = json.value("doc", std::string()),
                      .text = json.at("text").get<std::string>()};
  if (json.contains("uses"))
    for (const Json& use : json["uses"])
      made.uses.push_back({.path = use.at("path").get<std::string>(), .as = use.at("as").get<std::string>()});
  return made;
}

std::string to_json(const Definition& definition) {
  Json made{{"definition", kFormat}, {"domain", definition.domain}, {"name", definition.name}};
  if (!definition.owner.empty()) made["owner"] = definition.owner;
  made["items"] = Json::array();
  for (const DefinitionItem& item : definition.items) made["items"].push_back(item_to_json(item));
  return made.dump();
}

Result<Definition> definition_of_json(std::string_view text) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& problem) {
    return wrong(fmt::format("is not as it must be: {}", problem.what()));
  }
}

}  // namespace braid::mesh
