// What an organisation asks of every product that is published. Policies are stated by the domains of a council, each
// its own ones, in a log that all of them write (policies, signed_log.h). The first domain that states any begins the
// council; whoever is of it names the others. Policies of a domain that is no longer named no longer hold.
//
// One thread. Errors have codes of the catalogue (E7200 to E7204, 7231).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mesh/access/signed_log.h"
#include "mesh/registry/registry.h"

namespace braid::mesh {

/// What a policy asks of a product or a public source.
enum class PolicyRule {
  owner,          ///< its domain names an owner
  documentation,  ///< it is documented
  mask,           ///< each field with the label is masked for readers of other domains
  name,           ///< its name, as a whole, is as the pattern says
  keep,           ///< it promises to keep its rows, no longer than `most`
};
/// "owner", "documentation" …: as `require` in policies.toml has them.
std::string_view word_of(PolicyRule rule);
std::optional<PolicyRule> policy_rule_of(std::string_view word);

struct Policy {
  std::string name;
  std::string says;  ///< for people; may be empty
  PolicyRule rule = PolicyRule::owner;
  std::string label;                ///< of mask, without `#`
  std::string pattern;              ///< of name: a regular expression
  std::optional<int64_t> most_us;   ///< of keep
  std::vector<std::string> except;  ///< domains that it does not hold for
  friend bool operator==(const Policy&, const Policy&) = default;
};
/// What it asks for, as a sentence that begins with a lower case letter.
std::string requirement_text(const Policy& policy);
/// Canonical: keys in the order of their bytes.
std::string to_json(const std::vector<Policy>& policies);
/// An error says what is wrong.
Result<std::vector<Policy>> policies_of_json(const std::string& json);

struct StatedPolicy {
  Policy policy;
  std::string domain;  ///< that states it
  int64_t time_us = 0;
};

class PolicyBook {
 public:
  /// Store and clock outlive the book.
  PolicyBook(ObjectStore& store, Clock& clock) : store_(store), clock_(clock), registry_(store, clock) {}

  /// Those that hold, by domain and name. A registry without policies has none.
  Result<std::vector<StatedPolicy>> all();
  /// Domains that may state policies; empty: nobody has begun.
  Result<std::vector<std::string>> council();
  /// The domain's policies are these from now on, and the council is that, with the domain itself; nothing: it stays as
  /// it is. False: that is what holds already.
  Result<bool> state(const std::string& domain, const std::vector<Policy>& policies,
                     const std::optional<std::vector<std::string>>& council, const std::string& tenant,
                     const DomainKey& key);
  /// The whole log, checked.
  Result<std::vector<SignedRecord>> records();

 private:
  ObjectStore& store_;
  Clock& clock_;
  Registry registry_;
};

}  // namespace braid::mesh
