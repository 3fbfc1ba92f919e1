// The events that one node of the mesh saw, in the registry: a chain whose end a signed head names.
//
//   audit/<node>/<sequence>-<hash>.json    one event; never changed
//   audit/<node>/head                      number and hash of the last event, signed
//
// An event is written before the head that names it is swapped, so an appender that is killed leaves the old log, and
// at most files that no head names. Whoever has the node's key can write another log; whoever has not can only take
// back the whole to an earlier state whose head they kept. To find that, keep the hash of a head elsewhere, and ask for
// it.
//
// One thread. Errors are those of the registry (E7200 to E7204).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mesh/audit/event.h"
#include "mesh/registry/domain_key.h"
#include "mesh/registry/object_store.h"
#include "runtime/base/clock.h"

namespace braid::mesh {

struct AuditHead {
  int64_t sequence = 0;  ///< of the last event
  std::string hash;
  std::string signer;  ///< public name of a key
  /// How far other logs are on record here, by their name: so that nobody needs to read all events to say so.
  std::map<std::string, int64_t> marks = {};
};

/// A head with its signature checked; `source`: `urn:braid:{tenant}:{node}`. An error says what is wrong.
Result<AuditHead> read_audit_head(const std::string& text, const std::string& source);
/// The source that a head names, as it says itself; empty: it names none, or one of another node.
std::string source_in_head(const std::string& text, const std::string& node);
/// Of the event in the folder of its log.
std::string audit_event_name(int64_t sequence, const std::string& hash);

/// What is to be recorded behind a head.
struct AuditAddition {
  std::vector<AuditEvent> events;
  std::map<std::string, int64_t> marks = {};  ///< those that are not named stay as they are
};

/// What is wrong with a log. `sequence` 0: the head.
struct AuditFault {
  int64_t sequence = 0;
  std::string what;
};

struct AuditCheck {
  std::vector<ChainedEvent> events;  ///< as far as they can be read, oldest first
  std::vector<std::string> hashes;   ///< of each of them
  std::vector<AuditFault> faults;
  std::optional<AuditHead> head;
};

class AuditLog {
 public:
  /// `node`: a domain, or another name that can be a folder. Store and clock outlive the log.
  AuditLog(ObjectStore& store, Clock& clock, std::string tenant, std::string node)
      : store_(store), clock_(clock), tenant_(std::move(tenant)), node_(std::move(node)) {}

  /// Adds the events, in order, all or none of them. Where another appender is first, it tries again behind it.
  Status append(const std::vector<AuditEvent>& events, const DomainKey& key);
  /// The same of what `make` gives for the head that it will follow (null: the log is empty); it is asked anew where
  /// another appender is first. Without events nothing is written.
  Status append_behind(const std::function<Result<AuditAddition>(const AuditHead*)>& make, const DomainKey& key);
  /// All events, oldest first. Fails with 7202 where verify() finds a fault.
  Result<std::vector<ChainedEvent>> read();
  /// From the newest event back, until `visit` returns false. Reads no other files, so it does not see all faults;
  /// fails with 7202 where one that it reads is not the one that the chain names.
  Status read_back(const std::function<bool(const ChainedEvent&)>& visit);
  /// Looks at every file. `keys`: public names of those that may sign the head; empty: the one that signed it. `known`:
  /// hashes of events that must be there; a log that was taken back to an earlier state lacks one.
  Result<AuditCheck> verify(const std::set<std::string>& keys, const std::vector<std::string>& known = {});

  /// Names of nodes that have a log.
  static Result<std::vector<std::string>> nodes(ObjectStore& store);
  /// The tenant that the head of a node's log names; empty if there is none, or it cannot be read. Who opens the log
  /// under it has its signature checked with it.
  static Result<std::string> tenant_in(ObjectStore& store, const std::string& node);

 private:
  std::string folder() const { return "audit/" + node_; }
  std::string head_name() const { return folder() + "/head"; }
  std::string name_of(int64_t sequence, const std::string& hash) const;
  Result<bool> try_append(const std::function<Result<AuditAddition>(const AuditHead*)>& make, const DomainKey& key);
  Status check_key(const DomainKey& key);
  /// Whether the event is in the chain of now: a swap of ours whose answer was lost, even if another appender has come
  /// since.
  Result<bool> has(int64_t sequence, const std::string& hash);
  Result<AuditCheck> verify_chain(const std::set<std::string>& keys);
  void check_chain(const AuditHead& head, AuditCheck& check);
  /// What is wrong with the event; empty: nothing.
  std::string read_link(int64_t sequence, const std::string& hash, ChainedEvent& event);

  ObjectStore& store_;
  Clock& clock_;
  std::string tenant_, node_;
};

}  // namespace braid::mesh
