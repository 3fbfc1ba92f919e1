// What others may write to a registry that is served to them: what a reader would believe. Whoever may write files
// could write anything, and readers would find it out; a server does not let it in at all, and so no domain can damage
// what is of another.
//
//   objects/…, records, events   have the hash of their content as their name
//   domains/<domain>/head        names a publication that follows the one before it, with a key that one allows, and
//                                whose objects are there
//   grants/<domain>/head         the same of a record, with a key of the domain as it is now
//   policies/head                the same, of a domain of the council
//   audit/<node>/head            the same of events, with a key of the node
//
// Errors are those of the registry (E7200, E7202). One thread.
#pragma once

#include <string>

#include "mesh/access/policies.h"

namespace braid::mesh {

class WriteGuard {
 public:
  /// Both outlive it.
  WriteGuard(ObjectStore& store, Clock& clock) : store_(store), registry_(store, clock), policies_(store, clock) {}

  /// Whether a registry has things of that name: where to read, and what a head is.
  static bool is_name(const std::string& name);
  static bool is_head(const std::string& name) { return name.ends_with("/head"); }

  /// Why it may not be written; empty: it may.
  Result<std::string> why_not(const std::string& name, const std::string& content);

 private:
  Result<std::string> why_not_publication(const std::string& domain, const std::string& content);
  Result<std::string> why_not_records(const std::string& folder, const std::string& content);
  Result<std::string> why_not_events(const std::string& node, const std::string& content);
  /// Why the key may not sign a record; `first` gives the key of a domain that has published nothing: empty: any.
  Result<std::string> why_not_signer(const std::string& domain, const std::string& signer, const std::string& first);
  Result<std::string> first_signer(const std::string& folder, const std::string& domain);

  ObjectStore& store_;
  Registry registry_;
  PolicyBook policies_;
};

}  // namespace braid::mesh
