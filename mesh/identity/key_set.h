// The public keys of an issuer: a JWKS (RFC 7517, RFC 8037), and signatures by them (RFC 7515, RFC 7518).
//
// A key belongs to one algorithm, which follows from the key, never from what a token says of itself: RSA of at least
// 2048 bits to RS256, EC over P-256 to ES256, Ed25519 to EdDSA. Keys of other kinds, for other uses, or for another
// algorithm are passed over. Values; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

struct evp_pkey_st;

namespace braid::mesh {

class KeySet {
 public:
  /// Fails if the text is no JWKS, or if two usable keys have one id.
  static Result<KeySet> read(const std::string& jwks);

  size_t size() const { return keys_.size(); }
  /// Whether a key of that id can be used. An empty id is that of the only key of the set.
  bool has(std::string_view id) const { return find(id) != nullptr; }
  /// Whether `signature` is that of `text` by the key, which must belong to `algorithm`: "RS256", "ES256", "EdDSA".
  bool verifies(std::string_view id, std::string_view algorithm, std::string_view text,
                std::string_view signature) const;

 private:
  struct Key {
    std::string id;
    std::string_view algorithm;
    std::shared_ptr<evp_pkey_st> key;
  };
  static bool take(const std::string& json_of_key, Key& key);
  const Key* find(std::string_view id) const;

  std::vector<Key> keys_;
};

/// Base64url without padding (RFC 7515, 2); false if it is not that.
bool parse_base64url(std::string_view text, std::string& out);

}  // namespace braid::mesh
