#include "cli/session/definition_drafts.h"

#include <filesystem>
#include <set>

#include "compiler/check/declarations.h"
#include "mesh/definition/collect.h"

namespace braid::cli {

std::string whole_path(const Project& project, const std::string& path) {
  const std::filesystem::path given(path);
  const std::filesystem::path from_root = given.is_absolute() || project.root.empty() ? given : project.root / given;
  std::error_code ignored;  // without a working directory the path stays as it is
  const std::filesystem::path absolute = std::filesystem::absolute(from_root, ignored);
  return ignored ? path : absolute.lexically_normal().string();
}

std::vector<mesh::Definition> own_definitions(const Session& session) {
  std::vector<const ast::Script*> scripts;
  std::set<std::pair<std::string, std::string>> names;
  for (const auto& script : session.scripts()) {
    scripts.push_back(script.get());
    if (script->items.empty() || session.foreign_products().is_foreign(script->items.front().span.file)) continue;
    for (const ast::Item& item : script->items)
      if (const ast::Name* name = mesh::name_of(item);
          name != nullptr && item.is_public && !std::holds_alternative<ast::Param>(item.node))
        names.emplace(checking::domain_name(*script), name->text);
  }
  const mesh::Declared declared(scripts, session.sources());
  std::vector<mesh::Definition> made;
  for (const auto& [domain, name] : names) {
    made.push_back(
        declared.collect(domain, name, [&](const std::string& path) { return whole_path(session.files(), path); }));
  }
  return made;
}

}  // namespace braid::cli
