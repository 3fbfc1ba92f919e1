// A signed token (JWT, RFC 7519; as OpenID Connect and RFC 9068 use it) as the identity of a person or a service.
//
// A token is taken only if all of this holds; whatever is not understood is refused:
//   - three parts, at most kLongestToken bytes; a header with `alg` RS256, ES256 or EdDSA, without `crit`;
//   - a key of the issuer with the id `kid`, of which that is the algorithm, has signed it;
//   - `iss` is the issuer, and `aud` is or has the audience;
//   - `exp` is there and has not passed, `nbf` and `iat`, if there, have; by the clock, give or take `skew_us`;
//   - `sub` is a text, and what stands at the path of roles, if anything, is texts.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mesh/identity/key_set.h"
#include "runtime/base/result.h"

namespace braid::mesh {

inline constexpr size_t kLongestToken = 16 << 10;

/// Whom to believe, and what to look for.
struct IdentityRules {
  std::string issuer;
  std::string audience;
  std::string roles;  ///< path of the claim, names with dots between them: "realm_access.roles"; empty: nobody has any
  int64_t skew_us = 60'000'000;
};

struct Identity {
  std::string subject;
  std::vector<std::string> roles;  ///< sorted, each once
  int64_t until_us = 0;            ///< when the token ends
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// The id of the key that the token names; empty: none, or it is no token. Nothing of it is verified.
std::string key_id_of(const std::string& token);

/// An error says, in a few words, why the token is refused; no part of it is shown. `now_us`: by the clock.
Result<Identity> verify_token(const std::string& token, const KeySet& keys, const IdentityRules& rules, int64_t now_us);

}  // namespace braid::mesh
