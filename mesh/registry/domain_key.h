// The key that signs for a domain: Ed25519. The private part is a PEM text (PKCS #8) that its owner keeps; the public
// part has a name, `ed25519:` and its 32 bytes in base64. Values; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

struct evp_pkey_st;

namespace braid::mesh {

class DomainKey {
 public:
  /// A new one, from the operating system's random numbers.
  static Result<DomainKey> create();
  static Result<DomainKey> of_pem(std::string_view pem);

  std::string pem() const;
  std::string public_name() const;
  /// In base64.
  std::string sign(std::string_view text) const;

 private:
  explicit DomainKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;  // shared: copies of a value; the library counts, too, but in C
};

/// Whether a key can have that name.
bool is_public_name(const std::string& name);

/// Whether `signature` is that of `text` by the key of that name. False too if one of them is malformed.
bool is_signed_by(const std::string& public_name, std::string_view text, std::string_view signature);

}  // namespace braid::mesh
