// What domains state in the registry one after another: a log of records, each signed by the domain that states it and
// naming the record before it by its hash.
//
//   <folder>/<sequence>-<hash>.json    one record; never changed
//   <folder>/head                      the hash of the last one, swapped atomically
//
// A record is written before the head that names it, so a writer that is killed leaves the old log, and at most a file
// that no head names. Who may state what is for the caller to say: the log checks hashes, signatures and the chain. Who
// can write files can take a log back to an earlier state; the audit log of the domain shows what is missing then.
//
// Stored as canonical JSON: keys in the order of their bytes, no white space. One thread. Errors are those of the
// registry (E7200 to E7204), and those of the caller's check.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mesh/registry/domain_key.h"
#include "mesh/registry/object_store.h"
#include "runtime/base/clock.h"

namespace braid::mesh {

/// What a domain states.
struct Statement {
  std::string tenant, domain;
  std::string kind;                         ///< "request", "approval" …
  std::map<std::string, std::string> body;  ///< what belongs to the kind
  friend bool operator==(const Statement&, const Statement&) = default;
};

/// A statement in its place.
struct SignedRecord {
  std::string hash;      ///< of its text; a name of the record
  std::string previous;  ///< empty: it is the first one
  int64_t sequence = 1;
  int64_t time_us = 0;
  Statement statement;
  std::string signer;  ///< public name of a key

  /// Empty if the body does not have it.
  const std::string& of(const std::string& member) const;
  friend bool operator==(const SignedRecord&, const SignedRecord&) = default;
};

/// A list in a body: words with blanks between them.
std::vector<std::string> words_of(const std::string& text);

/// With the signature, and the signer's name.
std::string signed_json(const SignedRecord& record, const DomainKey& key);
/// Checks form and signature. An error says what is wrong.
Result<SignedRecord> read_signed_record(const std::string& json);

class SignedLog {
 public:
  /// Store and clock outlive the log.
  SignedLog(ObjectStore& store, Clock& clock, std::string folder)
      : store_(store), clock_(clock), folder_(std::move(folder)) {}

  /// All records, oldest first. A missing log is empty.
  Result<std::vector<SignedRecord>> read();
  /// Adds a record. `check` sees the log that it would follow, each time anew when another writer was first.
  Result<SignedRecord> append(const Statement& statement, const DomainKey& key,
                              const std::function<Status(const std::vector<SignedRecord>&)>& check);

 private:
  std::string head_name() const { return folder_ + "/head"; }
  std::string name_of(int64_t sequence, const std::string& hash) const;
  Result<std::vector<SignedRecord>> read_from(const std::string& head);

  ObjectStore& store_;
  Clock& clock_;
  std::string folder_;
};

}  // namespace braid::mesh
