// What a domain publishes at one time: its products and public sources, and what its products read of others. A link of
// a chain: each names the one before it, and is signed with a key that the one before allows.
//
// Stored as canonical JSON: keys in the order of their bytes, no white space, numbers that are integers. Its SHA-256 is
// its name. Plain values; pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mesh/contract/interface.h"
#include "mesh/registry/domain_key.h"
#include "runtime/base/result.h"

namespace braid::mesh {

/// Of one major version.
struct PublishedProduct {
  std::string interface;  ///< content hash; that object has no addresses, which change without it
  int64_t minor = 0;      ///< how often the interface has changed
  std::vector<InterfaceAddress> addresses;
  std::map<std::string, std::string> documents = {};  ///< content hash by form: "odcs", "odps", "lineage"
  friend bool operator==(const PublishedProduct&, const PublishedProduct&) = default;
};

/// What one product reads of a product of another domain.
struct ReadOfProduct {
  std::string interface;         ///< that it was checked against
  std::set<std::string> fields;  ///< columns that it needs
  /// Enums in them, as paths ("lines[].state"), whose symbols a `case` without `else` names, all of them.
  std::set<std::string> exhaustive = {};
  typed::Expectation expects = {};  ///< what its domain expects of the product
  friend bool operator==(const ReadOfProduct&, const ReadOfProduct&) = default;
};

/// A type, function, aggregate or service that others may use. It has no version.
struct PublishedDefinition {
  std::string kind;        ///< "type", "function"; "function and type"
  std::string definition;  ///< content hash
  int64_t minor = 0;       ///< how often it has changed
  friend bool operator==(const PublishedDefinition&, const PublishedDefinition&) = default;
};

/// What a product, public source or definition uses of a definition of another domain.
struct UseOfDefinition {
  std::string definition;  ///< that it was checked against
  /// Of its type: paths that the user names, or its name if it is no struct.
  std::set<std::string> fields;
  std::set<std::string> exhaustive = {};  ///< as ReadOfProduct has it
  friend bool operator==(const UseOfDefinition&, const UseOfDefinition&) = default;
};

/// A version that is over. Its name and number stay taken.
struct RetiredProduct {
  std::string interface;  ///< content hash of the last one
  int64_t minor = 0;
  friend bool operator==(const RetiredProduct&, const RetiredProduct&) = default;
};

/// `payments.payment@1`.
std::string version_name(const std::string& product, int64_t version);
/// Nothing if it is not of that form.
std::optional<std::pair<std::string, int64_t>> parse_version_name(const std::string& name);

/// By name without the domain, then by version.
using PublishedProducts = std::map<std::string, std::map<int64_t, PublishedProduct>>;
using RetiredProducts = std::map<std::string, std::map<int64_t, RetiredProduct>>;
/// By the reader's version_name, then by that of what it reads.
using ReadProducts = std::map<std::string, std::map<std::string, ReadOfProduct>>;
/// By name without the domain.
using PublishedDefinitions = std::map<std::string, PublishedDefinition>;
/// By the user's version_name, of a definition its name with the domain; then by the name of what it uses.
using UsedDefinitions = std::map<std::string, std::map<std::string, UseOfDefinition>>;

struct Publication {
  std::optional<std::string> previous;  ///< content hash; nothing: the first one
  int64_t sequence = 1;
  std::string tenant, domain;
  int64_t time_us = 0;
  std::string compiler;           ///< "braid 0.1.0"
  std::vector<std::string> keys;  ///< public names of the keys that may sign the next one
  /// Of the organisation: a key that may sign a next one in which nothing differs but `keys`. Empty: there is none.
  std::string recovery = {};
  PublishedProducts products;
  ReadProducts readers;
  RetiredProducts retired = {};  ///< none of them is in `products`
  PublishedDefinitions definitions = {};
  UsedDefinitions uses = {};
  std::string signer;  ///< public name; set by signed_json

  friend bool operator==(const Publication&, const Publication&) = default;
};

/// With the signature, and the signer's name.
std::string signed_json(const Publication& publication, const DomainKey& key);
/// Checks the form and the signature; whether the signer may sign is for the chain to say. An error says what is wrong.
Result<Publication> read_publication(const std::string& json);

/// Names in the store of the objects that it has, without its own.
std::set<std::string> objects_of(const Publication& publication);

/// Why `next` cannot be the one after `before`, which must be checked itself; empty: it can.
std::string why_not_next(const Publication& before, const Publication& next);
/// Why it cannot be the first one of its domain; empty: it can.
std::string why_not_first(const Publication& publication);

/// Whether it can be a folder of a registry: letters, digits, `_`, `-` and `.` between them.
bool is_domain_name(const std::string& name);

}  // namespace braid::mesh
