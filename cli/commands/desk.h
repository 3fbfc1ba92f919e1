// A project that writes records of its domains to the registry: its domains, its key, and the registry.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cli/commands/command.h"
#include "mesh/access/access_book.h"
#include "mesh/audit/audit_log.h"

namespace braid::cli {

class Desk {
 public:
  /// Reads the scripts of the project. What is missing is reported.
  explicit Desk(const std::string& path);

  bool right() { return !reporter().has_errors(); }
  Session& session() { return session_; }
  Reporter& reporter() { return session_.reporter(); }
  /// Shows what was reported; the exit code.
  int end(const Console& console) { return show_errors(session_, console); }

  /// Of the scripts.
  const std::set<std::string>& domains() const { return domains_; }
  /// `chosen` if the project has it; where that is empty, the only domain. Empty and reported if neither is.
  std::string domain(const std::string& chosen);
  const std::string& tenant() const { return session_.files().mesh.tenant; }

  // Only while right().
  mesh::ObjectStore& store() { return *observed_; }
  const mesh::DomainKey& key() const { return *key_; }
  mesh::AccessBook access() { return {store(), system_clock()}; }
  mesh::AuditLog audit_log(const std::string& domain) { return {store(), system_clock(), tenant(), domain}; }

 private:
  Session session_;
  std::set<std::string> domains_;
  std::unique_ptr<mesh::ObjectStore> store_;
  std::unique_ptr<mesh::ObjectStore> observed_;
  std::optional<mesh::DomainKey> key_;
};

struct DeskFlags {
  std::string path = ".";
  std::string domain;  ///< which of the project; empty: it has one

  /// `who`: which domain the project is of.
  void add_to(CLI::App& command, const std::string& who);
};

/// `command` does `work(desk, flags)` for a domain of a project, if the project is right. `flags` are a DeskFlags.
template <class Flags, class Work>
void work_at_desk(CLI::App& command, std::shared_ptr<Flags> flags, CommandContext& context, Work work) {
  command.callback([flags = std::move(flags), &context, work = std::move(work)] {
    Desk desk(flags->path);
    if (desk.right()) work(desk, *flags);
    context.exit_code = desk.end(context.console);
  });
}

}  // namespace braid::cli
