// From the scripts of a project to a definition: a `public` declaration, and all that it stands on, in its own domain
// and in others. Names are looked up as the checker does: in the domain, then by the `use` of the file. Pure; refers to
// the scripts, which outlive it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mesh/definition/definition.h"

namespace braid::mesh {

/// Types, functions, aggregates, services and params of checked scripts.
class Declared {
 public:
  Declared(const std::vector<const ast::Script*>& scripts, const SourceSet& sources);

  struct Place {
    const ast::Script* script;
    const ast::Item* item;
  };
  /// Of that name in the domain: a type, a function or the like, a param. Empty if there is none.
  const std::vector<Place>& find(const std::string& domain, const std::string& name) const;

  /// A param comes with its default. `whole_path` is where the file of a service is for readers in other folders.
  Definition collect(const std::string& domain, const std::string& name,
                     const std::function<std::string(const std::string&)>& whole_path) const;

  /// What an expression stands on.
  struct Parts {
    std::vector<DefinitionItem> items;  ///< sorted by domain, kind and name
    std::vector<DefinitionUse> uses;    ///< by which it names what is of other domains
  };
  /// Of an expression in that script over a row; `fields` are the names of the row, which come before others.
  Parts parts_of(const ast::Script& script, const ast::Expr& value, const std::vector<std::string>& fields,
                 const std::function<std::string(const std::string&)>& whole_path) const;

 private:
  class Collector;
  std::map<std::pair<std::string, std::string>, std::vector<Place>> places_;
  std::map<std::string, std::string> owners_;
  const SourceSet& sources_;
};

}  // namespace braid::mesh
