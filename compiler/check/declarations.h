// What the scripts declare, by domain and name: the namespaces for names of relations, types, functions and params.
// Points into the syntax trees. The constructor reports duplicates.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ast/nodes.h"
#include "runtime/declare/function.h"
#include "runtime/report/diagnostic.h"

namespace braid::checking {

struct Domain;

/// A declaration and its place.
struct Declaration {
  const ast::Item* item = nullptr;
  const ast::Script* script = nullptr;
  const Domain* domain = nullptr;
  ast::Name name;
  int64_t version = 1;
  int index = -1;  ///< of relations: position in Declarations::relations()

  /// "stream", "table", "view", "product", "function", … as messages call it.
  std::string_view kind() const;
  bool is_relation() const;
};

struct Domain {
  std::string name;
  std::map<std::string, std::vector<const Declaration*>> relations;  ///< versions, oldest first
  std::map<std::string, const Declaration*> types;
  std::map<std::string, const Declaration*> functions;  ///< and aggregates, services
  std::map<std::string, const Declaration*> params;
  std::set<std::string> broken;  ///< words of items that could not be read: any of them may be declared
  bool lost = false;             ///< of scripts that do not say their domain: anything may belong to it
};

/// What the type parameters of a function are, by name.
using TypeVariables = std::map<std::string, Type>;

/// The place from which a name is looked up: a file of a domain.
struct Place {
  const ast::Script* script = nullptr;
  const Domain* domain = nullptr;
  const TypeVariables* variables = nullptr;  ///< of the function around it; outlive the place
};

enum class NameKind { relation, type, function, param };

class Declarations {
 public:
  Declarations(const std::vector<const ast::Script*>& scripts, const FunctionRegistry& functions, Reporter& reporter);
  Declarations(const Declarations&) = delete;

  const std::vector<const Declaration*>& relations() const { return relations_; }
  const std::vector<const Declaration*>& all() const { return order_; }
  const Domain* find_domain(const std::string& name) const;
  std::vector<std::string> domain_names() const;

  /// All that has been found or noted so far: what depends on what.
  const std::set<const Declaration*>& met() const { return met_; }
  void note(const Declaration& declaration) const { met_.insert(&declaration); }
  /// Whether a name was looked up that an unreadable part of a script may declare.
  bool met_unreadable() const { return met_unreadable_; }
  /// Returns the declarations found so far, and clears them.
  std::set<const Declaration*> take_met() { return std::exchange(met_, {}); }

  struct Found {
    const Declaration* declaration = nullptr;
    bool silent = false;  ///< why there is none was reported already
  };
  /// A type, function or param of that name: of the domain, else brought in by a `use` of the file.
  Found find(const Place& place, NameKind kind, const std::string& name) const;
  /// Versions of a relation; empty if there is none. `silent` as above.
  struct FoundRelation {
    std::vector<const Declaration*> versions;
    std::optional<int64_t> used_version;  ///< that the `use` names
    std::string purpose = {};             ///< that the `use` states
    bool silent = false;
  };
  FoundRelation find_relation(const Place& place, const std::string& name) const;
  /// The names of that kind that stand at a place, for suggestions.
  std::vector<std::string> names(const Place& place, NameKind kind) const;

 private:
  struct Use {
    std::string name;
    const Domain* domain = nullptr;
    std::string target;
    std::optional<int64_t> version;
    bool silent = false;
    std::string purpose = {};
  };
  void collect(const ast::Script& script, const FunctionRegistry& functions);
  void resolve_uses(const ast::Script& script);
  void add_relation(Domain& domain, Declaration declaration);
  void add_named(std::map<std::string, const Declaration*>& names, Declaration declaration);
  const Declaration* keep(Declaration declaration);
  /// Whether an unreadable part of a script, which was reported, may declare that name.
  bool may_exist(const Domain& domain, const std::string& name) const;

  Reporter& reporter_;
  std::vector<std::unique_ptr<Declaration>> kept_;
  std::map<std::string, std::unique_ptr<Domain>> domains_;
  std::vector<const Declaration*> relations_, order_;
  std::map<const ast::Script*, std::vector<Use>> uses_;
  mutable std::set<const Declaration*> met_;
  mutable bool met_unreadable_ = false;
};

/// The name of a script's domain; `main` where none could be read.
std::string domain_name(const ast::Script& script);
std::string path_text(const ast::Path& path);

}  // namespace braid::checking
