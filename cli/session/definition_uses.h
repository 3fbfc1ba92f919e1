// What the scripts of a project use of definitions of other projects: for each product, public source and definition of
// ours, which ones it names, itself or by what it is made of, and which parts of their types.
//
// Sound, not exact: it goes by the words of the scripts, so a field of another type that has the same name counts, too.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/session/foreign_products.h"
#include "compiler/typed/project.h"
#include "mesh/registry/publication.h"

namespace braid::cli {

class DefinitionUses {
 public:
  /// All outlive it.
  DefinitionUses(const std::vector<std::unique_ptr<ast::Script>>& scripts, const SourceSet& sources,
                 const ForeignProducts& foreign);

  /// Of the declarations with that name in the domain, of all kinds. `row`: the fields that it gives to its readers,
  /// which count as used.
  std::map<std::string, mesh::UseOfDefinition> of(const std::string& domain, const std::string& name,
                                                  const std::vector<Field>& row) const;

 private:
  struct Item {
    const ast::Script* script;
    std::vector<std::string> words;  ///< each once
    std::vector<std::string> paths;  ///< names with points between them
    /// Of each `case` without `else`: words and texts in it.
    std::vector<std::vector<std::string>> whole_cases;
  };
  struct Reached;
  void follow(const Item& item, Reached& reached) const;
  void follow(const std::string& domain, const std::string& name, Reached& reached) const;

  std::map<std::pair<std::string, std::string>, std::vector<Item>> items_;  ///< by domain and name
  const ForeignProducts& foreign_;
};

}  // namespace braid::cli
