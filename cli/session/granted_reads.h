// Reads of products of other projects that only a grant of the registry allows: looked up when the scripts are checked,
// and watched while a job runs on them. Nothing of it is cached: without the registry such a read is refused.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/project/project.h"
#include "mesh/access/access_book.h"

namespace braid::cli {

/// Whether flows of the domain that state the purpose (empty: none) need no grant.
bool is_open_to(const mesh::Interface& interface, const std::string& reader, const std::string& purpose = {});

/// A read that rests on a grant.
struct GrantedRead {
  mesh::AccessEntry grant;
  std::string known_key;  ///< of the owner, as braid.lock pins it
};

/// Looks grants up. One thread.
class GrantLookup {
 public:
  /// Both outlive the look-up.
  GrantLookup(const Project& project, Reporter& reporter) : project_(project), reporter_(reporter) {}

  /// Lets `reader` read the interface, which is published as that, for `purpose` if the registry grants it now; else
  /// the interface stays as it is. Who states no purpose reads for that of its grant. What became of a request that
  /// grants nothing is reported at `place` (W7233), grants for other purposes alone (E7338), and a registry that cannot
  /// be believed, too.
  void let_read(const mesh::Interface& published, mesh::Interface& interface, const std::string& reader,
                const std::string& purpose, const std::string& known_key, Span place);
  /// The columns of a product that its readers in the project have; nothing: all. Domains of one project that have
  /// different ones are reported (E7339).
  std::optional<std::vector<std::string>> columns(const mesh::Interface& interface, Span place);
  /// What was granted.
  std::vector<GrantedRead> take() { return std::move(granted_); }

 private:
  const Project& project_;
  Reporter& reporter_;
  std::unique_ptr<mesh::ObjectStore> store_;
  std::vector<GrantedRead> granted_;
  /// By product and version: what each domain, for its purpose, has of it; empty: all.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> columns_;
};

/// Whether the grants of a running job still hold. Any thread.
class GrantWatch {
 public:
  /// The clock outlives the watch.
  GrantWatch(const Project& project, std::vector<GrantedRead> grants, Clock& clock);
  ~GrantWatch();

  bool empty() const { return grants_.empty(); }
  /// Whether one has ended, by the clock, or was revoked, by the registry, which is asked every few seconds. While that
  /// cannot be read its last answer holds.
  bool over();
  /// The first one that over() found.
  std::optional<mesh::AccessEntry> ended();

 private:
  void ask_registry();

  std::mutex mutex_;
  Clock& clock_;
  std::vector<GrantedRead> grants_;
  std::unique_ptr<mesh::ObjectStore> store_;
  std::set<std::string> domains_;   ///< whose records tell: owners, readers, approvers
  std::vector<std::string> heads_;  ///< of them, when all was read last
  int64_t asked_us_ = 0;
  std::optional<mesh::AccessEntry> ended_;
};

}  // namespace braid::cli
