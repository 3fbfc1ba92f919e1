// What the interface of a product or a public source says of who sees what of its rows: conditions and masks as the
// scripts write them, with the functions that they stand on, against what its rows show where they are written.
#pragma once

#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/contract/interface.h"
#include "mesh/definition/collect.h"

namespace braid::cli {

struct PublishedAccess {
  mesh::InterfaceAccess access;
  /// Why the rows cannot be published: their readers could not mask them. Empty: they can.
  std::string fault;
  /// Clauses of `allow … where` that grant nothing in other projects, and why.
  std::vector<std::string> left_out;
};

/// Reads the scripts of a checked session without errors, which outlives it. One thread.
class AccessDrafts {
 public:
  explicit AccessDrafts(const Session& session);

  PublishedAccess of(const typed::Relation& relation) const;

 private:
  struct Place {
    const ast::Script* script = nullptr;
    const ast::Clause* clause = nullptr;
  };
  /// Of a declaration of the project.
  const ast::Item* item_of(const typed::Relation& relation) const;
  Place clause_at(Span span) const;

  const Session& session_;
  mesh::Declared declared_;
};

}  // namespace braid::cli
