// A `public` type, function, aggregate or service with all that it stands on, so that another project's compiler needs
// nothing else of its project. Plain values; pure functions; any thread.
//
// Stored as canonical JSON: one text for one definition, so that its hash names it. The declarations are texts of a
// script. They come from another hand: what is read is parsed, and is one declaration of that name and kind, or an
// error.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ast/nodes.h"
#include "runtime/base/result.h"
#include "runtime/report/source_set.h"

namespace braid::mesh {

/// A name of another domain that a declaration looks up: `use kpi.rate as factor`.
struct DefinitionUse {
  std::string path;  ///< "kpi.rate"
  std::string as;    ///< "factor"; the last name of the path, if the script says no other
  friend bool operator==(const DefinitionUse&, const DefinitionUse&) = default;
};

/// One declaration.
struct DefinitionItem {
  std::string domain, name;
  std::string kind;  ///< "type", "function", "aggregate", "service"; "param", which is never public
  bool is_public = false;
  std::string documentation;
  std::vector<DefinitionUse> uses = {};  ///< sorted by `as`
  std::string text;                      ///< as it stands in its script, without `public` and its documentation
  friend bool operator==(const DefinitionItem&, const DefinitionItem&) = default;
};

/// What `use domain.name` brings in. A type and a function may have one name.
struct Definition {
  std::string domain, name;
  std::string owner;
  std::vector<DefinitionItem> items = {};  ///< with those of `name` themselves; sorted by domain, kind and name
  std::string qualified() const { return domain + "." + name; }
  bool is_root(const DefinitionItem& item) const {
    return item.is_public && item.domain == domain && item.name == name;
  }
  /// "type", "function"; "function and type".
  std::string kind() const;
  friend bool operator==(const Definition&, const Definition&) = default;
};

/// A whole script: domain, uses, the declaration. Ends with a line end.
std::string script_of(const DefinitionItem& item);

/// The declarations as trees. Spans are of `sources`, whose file i is script_of(items[i]).
struct ParsedDefinition {
  SourceSet sources;
  std::vector<ast::Script> scripts;
  const ast::Item& item(size_t index) const { return scripts[index].items.front(); }
};
/// An error says which declaration is not what it says.
Result<ParsedDefinition> parse(const Definition& definition);

/// That each of the declarations is what it says, and nothing else.
Status check(const std::vector<DefinitionItem>& items);
/// Declarations as a JSON array, as they stand in other documents. item_of_json throws what the library throws, and
/// checks no text.
std::string items_to_json(const std::vector<DefinitionItem>& items);
DefinitionItem item_of_json(const nlohmann::ordered_json& json);

std::string to_json(const Definition& definition);
/// An error says what is missing or wrong; declarations are parsed.
Result<Definition> definition_of_json(std::string_view json);

/// Of an item that can be in a definition; null for others.
const ast::Name* name_of(const ast::Item& item);
/// "type", "function", "aggregate", "service", "param"; empty for others.
std::string_view kind_of(const ast::Item& item);

}  // namespace braid::mesh
