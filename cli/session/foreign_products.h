// What `use` reads of other projects: products of the registry, by the interfaces that braid.lock pins, and types,
// functions, aggregates and services by their definitions. Products become a script for each domain, definitions a
// script for each declaration, which the checker reads beside ours.
//
// The lock lies beside braid.toml, and the interfaces in `.braid` beside it, so that a project that has both needs no
// registry. A `use` that is not pinned is pinned to what the registry has now.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/project/project.h"
#include "cli/session/granted_reads.h"
#include "compiler/ast/nodes.h"
#include "mesh/registry/lock.h"
#include "mesh/registry/registry.h"

namespace braid::cli {

/// One product as a `use` of ours has it.
struct ForeignProduct {
  mesh::Interface interface;
  std::string hash;  ///< of the interface
  std::vector<mesh::InterfaceAddress> addresses;
};

/// A type, function, aggregate or service as a `use` of ours has it.
struct ForeignDefinition {
  mesh::Definition definition;
  std::string hash;
};

class ForeignProducts {
 public:
  /// Finds what the scripts use of domains that they do not declare, and adds a script for each such domain to
  /// `sources`. False if something cannot be found, which is reported. A project without a registry and without a lock
  /// is left to the checker.
  bool resolve(const Project& project, const std::vector<std::unique_ptr<ast::Script>>& scripts, SourceSet& sources,
               Reporter& reporter);

  /// Whether that file of the sources is one of the scripts that resolve() has added.
  bool is_foreign(uint32_t file) const { return file >= first_file_; }
  uint32_t first_file() const { return first_file_; }
  /// Null if it is not one of them.
  const ForeignProduct* find(const std::string& product, int64_t version) const;
  /// By its name: "shop.order_status". Null if it is not one of them.
  const ForeignDefinition* definition(const std::string& name) const;
  /// Where its rows are in that environment, as its owner has published it; null if nobody said.
  const mesh::InterfaceAddress* address(const std::string& product, int64_t version,
                                        const std::string& environment) const;
  /// Of what the scripts read: what only grants of the registry allow, which hold now.
  const std::vector<GrantedRead>& granted() const { return granted_; }

 private:
  bool add_definitions(const Project& project, const std::vector<std::unique_ptr<ast::Script>>& scripts,
                       const std::map<std::string, Span>& places, SourceSet& sources, Reporter& reporter);

  uint32_t first_file_ = UINT32_MAX;
  std::map<std::string, ForeignDefinition> definitions_;
  std::map<std::pair<std::string, int64_t>, ForeignProduct> products_;
  std::vector<GrantedRead> granted_;
};

/// A pin that `braid update` has looked at.
struct MovedPin {
  std::string name;                        ///< as the `use` has it: use_name
  std::string state;                       ///< "same", "moved", "added", "removed"
  std::optional<mesh::Pin> before, after;  ///< of a product
  std::optional<mesh::DefinitionPin> definition_before = {}, definition_after = {};
  std::vector<std::string> changes;  ///< of the interface, a line each
  bool newer_major = false;          ///< it is pinned by its number, and there is a newer one
  /// Of a newer version that says how a row of this one becomes one of it: its number, and a script that does so.
  std::optional<int64_t> migrates_to = {};
  std::string migration = {};
};

/// Moves the pin of one product (empty: of all) to what the registry has now. Nothing if that was reported.
std::optional<std::vector<MovedPin>> update_pins(const Project& project,
                                                 const std::vector<std::unique_ptr<ast::Script>>& scripts,
                                                 const std::string& product, Reporter& reporter);

/// "braid.lock" and ".braid" of the project, as paths.
std::string lock_path(const Project& project);
std::string cache_path(const Project& project);

}  // namespace braid::cli
