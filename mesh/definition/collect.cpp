#include "mesh/definition/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "mesh/definition/names.h"
#include "runtime/data/script_text.h"

namespace braid::mesh {
namespace {

std::string text_of(const ast::Path& path, size_t parts) {
  std::string text;
  for (size_t i = 0; i < parts; ++i) text += (text.empty() ? "" : ".") + path.parts[i].text;
  return text;
}

std::string domain_of(const ast::Script& script) {
  return text_of(script.domain.path, script.domain.path.parts.size());
}

bool is_param(const ast::Item& item) {
  return std::holds_alternative<ast::Param>(item.node);
}

}  // namespace

Declared::Declared(const std::vector<const ast::Script*>& scripts, const SourceSet& sources) : sources_(sources) {
  for (const ast::Script* script : scripts) {
    const std::string domain = domain_of(*script);
    if (script->domain.owner) owners_[domain] = script->domain.owner->value;
    for (const ast::Item& item : script->items) {
      if (const ast::Name* name = name_of(item)) places_[{domain, name->text}].push_back({script, &item});
    }
  }
}

const std::vector<Declared::Place>& Declared::find(const std::string& domain, const std::string& name) const {
  static const std::vector<Place> none;
  const auto found = places_.find({domain, name});
  return found == places_.end() ? none : found->second;
}

class Declared::Collector {
 public:
  Collector(const Declared& declared, const std::function<std::string(const std::string&)>& whole_path)
      : declared_(declared), whole_path_(whole_path) {}

  Definition collect(const std::string& domain, const std::string& name) {
    made_.domain = domain;
    made_.name = name;
    if (const auto owner = declared_.owners_.find(domain); owner != declared_.owners_.end())
      made_.owner = owner->second;
    for (const Place& place : declared_.find(domain, name))
      if (place.item->is_public && !is_param(*place.item)) add(place);
    sort();
    return std::move(made_);
  }

  Parts collect(const ast::Script& script, const ast::Expr& value, const std::vector<std::string>& fields) {
    Parts made;
    std::map<std::string, std::string> uses;
    for (const std::string& name : names_in(value, fields).values) follow(script, domain_of(script), name, uses);
    sort();
    made.items = std::move(made_.items);
    for (const auto& [as, path] : uses) made.uses.push_back({.path = path, .as = as});
    return made;
  }

 private:
  void add(const Place& place) {
    if (!seen_.insert(place.item).second) return;
    const ast::Item& item = *place.item;
    DefinitionItem made{.domain = domain_of(*place.script),
                        .name = name_of(item)->text,
                        .kind = std::string(kind_of(item)),
                        .is_public = item.is_public,
                        .documentation = item.doc,
                        .text = text(item)};
    const NamesIn names = names_in(item);
    std::map<std::string, std::string> uses;  // path by the name that it has there
    for (const std::string& name : names.types) follow(*place.script, made.domain, name, uses);
    for (const std::string& name : names.values) follow(*place.script, made.domain, name, uses);
    for (const std::string& path : names.paths) {
      const size_t dot = path.rfind('.');
      for (const Place& found : declared_.find(path.substr(0, dot), path.substr(dot + 1)))
        if (!is_param(*found.item)) add(found);
    }
    for (const auto& [as, path] : uses) made.uses.push_back({.path = path, .as = as});
    made_.items.push_back(std::move(made));
  }

  void sort() {
    std::ranges::sort(made_.items, {}, [](const DefinitionItem& item) {
      return std::tuple(std::string_view(item.domain), std::string_view(item.kind), std::string_view(item.name));
    });
  }

  void follow(const ast::Script& script, const std::string& domain, const std::string& name,
              std::map<std::string, std::string>& uses) {
    if (const std::vector<Place>& own = declared_.find(domain, name); !own.empty()) {
      for (const Place& place : own) add(place);
      return;
    }
    for (const ast::Use& use : script.uses) {
      if (use.path.parts.size() < 2 || (use.as ? use.as->text : use.path.parts.back().text) != name) continue;
      const std::string from = text_of(use.path, use.path.parts.size() - 1);
      for (const Place& place : declared_.find(from, use.path.parts.back().text)) {
        if (is_param(*place.item)) continue;
        uses[name] = from + "." + use.path.parts.back().text;
        add(place);
      }
    }
  }

  /// Without `public`. The file of a service is named by its whole path.
  std::string text(const ast::Item& item) const {
    constexpr std::string_view kPublic = "public";
    std::string made(declared_.sources_.text(item.span));
    uint32_t begin = item.span.begin;
    if (const auto* service = std::get_if<ast::Service>(&item.node);
        service != nullptr && service->connector.name.text == "file") {
      const Span at = service->connector.address.span;
      made.replace(at.begin - begin, at.end - at.begin, string_literal(whole_path_(service->connector.address.value)));
    }
    if (item.is_public && made.starts_with(kPublic)) {
      made.erase(0, kPublic.size());
      made.erase(0, made.find_first_not_of(" \t\r\n"));
    }
    return made;
  }

  const Declared& declared_;
  const std::function<std::string(const std::string&)>& whole_path_;
  Definition made_;
  std::set<const ast::Item*> seen_;
};

Definition Declared::collect(const std::string& domain, const std::string& name,
                             const std::function<std::string(const std::string&)>& whole_path) const {
  return Collector(*this, whole_path).collect(domain, name);
}

Declared::Parts Declared::parts_of(const ast::Script& script, const ast::Expr& value,
                                   const std::vector<std::string>& fields,
                                   const std::function<std::string(const std::string&)>& whole_path) const {
  return Collector(*this, whole_path).collect(script, value, fields);
}

}  // namespace braid::mesh
