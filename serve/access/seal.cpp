#include "serve/access/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "runtime/base/check.h"
#include "serve/read/sight.h"

namespace braid::serve {
namespace {

constexpr size_t kNonce = 12, kTag = 16, kStep = 64;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text, size_t at) {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}

}  // namespace

Seal::Seal() {
  BRAID_CHECK(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1, "the system gives no random bytes");
}

std::string Seal::seal(std::string_view bytes, std::string_view holder) const {
  std::string plain(bytes);
  plain += '\x01';
  plain.resize((plain.size() + kStep - 1) / kStep * kStep, '\0');
  std::string made(kNonce + plain.size() + kTag, '\0');
  BRAID_CHECK(RAND_bytes(bytes_of(made, 0), kNonce) == 1, "the system gives no random bytes");
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(made, 0)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(holder), static_cast<int>(holder.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), bytes_of(made, kNonce), &length, bytes_of(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes_of(made, kNonce + plain.size()), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, bytes_of(made, kNonce + plain.size())) == 1;
  BRAID_CHECK(done, "bytes are encrypted");
  return made.insert(0, kSealed);
}

std::optional<std::string> Seal::unseal(std::string_view sealed, std::string_view holder) const {
  if (!sealed.starts_with(kSealed)) return std::nullopt;
  sealed.remove_prefix(kSealed.size());
  if (sealed.size() < kNonce + kStep + kTag || sealed.size() > (size_t{1} << 20)) return std::nullopt;
  const std::string_view body = sealed.substr(kNonce, sealed.size() - kNonce - kTag);
  std::string tag(sealed.substr(sealed.size() - kTag)), made(body.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool ours =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(sealed)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(holder), static_cast<int>(holder.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(made, 0), &length, bytes_of(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, bytes_of(tag, 0)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(made, body.size()), &length) == 1;
  const size_t end = ours ? made.find_last_not_of('\0') : std::string::npos;
  if (end == std::string::npos || made[end] != '\x01') return std::nullopt;
  made.resize(end);
  return made;
}

}  // namespace braid::serve
