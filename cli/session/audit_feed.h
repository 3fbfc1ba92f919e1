// The audit logs that scripts read by `from audit "DOMAIN"`, as files in the cache of the project:
// `.braid/audit/DOMAIN.ndjson`, an event a line, as it is stored. A job reads these files like any others, so
// positions, commits and replay are those of files. `"*"` reads the logs of all domains, each as a partition.
//
// Events never change, so a file only grows, and one that is deleted comes back as it was. A log whose events are not
// those that the file has is refused (7327), and so is one that was damaged (7202), or whose head a key has signed that
// does not sign for the domain (7202): nothing is read of it any more.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "cli/project/project.h"
#include "cli/session/session.h"
#include "mesh/registry/object_store.h"
#include "runtime/base/fs.h"

namespace braid::cli {

/// Where the log of a domain is read, a pattern for "*".
std::string audit_path(const Project& project, const std::string& domain);

class AuditFeed {
 public:
  /// `domains`: "*" stands for all that have a log. `folder`: of audit_path(). `known_keys`: by domain, the public name
  /// of a key that its publications must lead back to (that of braid.lock).
  AuditFeed(std::unique_ptr<mesh::ObjectStore> store, Fs& fs, std::string folder, std::set<std::string> domains,
            std::string tenant, std::map<std::string, std::string> known_keys = {});
  ~AuditFeed();
  AuditFeed(const AuditFeed&) = delete;
  AuditFeed& operator=(const AuditFeed&) = delete;

  /// Adds to the files what the logs have got. A log is checked as a whole the first time, and from then on as far as
  /// it is new. One thread at a time.
  Status fetch();
  /// Goes on with it once a second, on a thread of its own, until this is destroyed or a log is refused. What cannot be
  /// read for another reason is tried again.
  void follow();
  /// Any thread: why a log is not read any more; nothing: all are.
  std::optional<Error> failure() const;
  /// Any thread: why the logs could not be read the last time, while they are followed; it is tried again. Empty: they
  /// could.
  std::string problem() const;

 private:
  Status fetch(const std::string& domain);
  /// Of a head as it was read: whether a key of the domain has signed it.
  Status check_signer(const std::string& domain, const mesh::StoredHead& head, const std::string& tenant);
  void run();

  std::unique_ptr<mesh::ObjectStore> store_;
  Fs& fs_;
  const std::string folder_;
  const std::set<std::string> domains_;
  const std::string tenant_;
  const std::map<std::string, std::string> known_keys_;
  /// By domain, who has signed the head that was read last, and the newest publication that it knew of.
  std::map<std::string, std::pair<std::string, std::optional<int64_t>>> signers_;
  std::map<std::string, std::string> first_;  ///< by domain that has published nothing, who has signed first
  std::map<std::string, std::string> heads_;  ///< by domain, of what was fetched
  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stops_ = false;
  std::optional<Error> failure_;
  std::string problem_;
  std::thread thread_;
};

/// Of the logs that the bound program reads, with what they have now. Null if it reads none. The error has a code.
Result<std::unique_ptr<AuditFeed>> begin_audit_feed(const Session& session);

}  // namespace braid::cli
