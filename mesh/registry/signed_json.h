// Canonical JSON with a signature over all of it but the signature: publications, heads of audit logs, records of
// domains. Canonical: keys in the order of their bytes, no white space; one value has one text. Pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mesh/registry/domain_key.h"
#include "runtime/base/result.h"

namespace braid::mesh {

/// Its objects are sorted by key.
using SortedJson = nlohmann::json;

/// `json` with `signature`; it names its signer.
std::string sign_json(SortedJson json, const DomainKey& key);

struct SignedJson {
  SortedJson json;  ///< without `signature`
  std::string signature;
  bool is_signed_by(const std::string& public_name) const;
};
/// The parts of such a text. An error says what is wrong with its form; nobody has looked at the signature yet.
Result<SignedJson> read_signed_json(const std::string& text);

}  // namespace braid::mesh
