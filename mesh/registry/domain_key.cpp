#include "mesh/registry/domain_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

#include "runtime/base/check.h"
#include "runtime/data/text_forms.h"

namespace braid::mesh {
namespace {

constexpr std::string_view kScheme = "ed25519:";
constexpr size_t kKeyBytes = 32, kSignatureBytes = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
}

using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

}  // namespace

Result<DomainKey> DomainKey::create() {
  EVP_PKEY* made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (made == nullptr) return Error{.kind = ErrorKind::internal, .message = "no random numbers for a key"};
  return DomainKey(owned(made));
}

Result<DomainKey> DomainKey::of_pem(std::string_view pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
  // A password is never asked for: an encrypted key is one that cannot be read.
  EVP_PKEY* read = PEM_read_bio_PrivateKey(memory.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr);
  if (read == nullptr) return Error{.kind = ErrorKind::input, .message = "it is not a private key in PEM"};
  std::shared_ptr<EVP_PKEY> key = owned(read);
  if (EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519)
    return Error{.kind = ErrorKind::input, .message = "it is not an Ed25519 key"};
  return DomainKey(std::move(key));
}

std::string DomainKey::pem() const {
  const Memory memory(BIO_new(BIO_s_mem()), BIO_free_all);
  BRAID_CHECK(PEM_write_bio_PrivateKey(memory.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return std::string(text, static_cast<size_t>(length));
}

std::string DomainKey::public_name() const {
  std::string bytes(kKeyBytes, '\0');
  size_t length = bytes.size();
  BRAID_CHECK(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &length) == 1 &&
              length == kKeyBytes);
  std::string name(kScheme);
  append_base64(name, bytes);
  return name;
}

std::string DomainKey::sign(std::string_view text) const {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<unsigned char, kSignatureBytes> signature;
  size_t length = signature.size();
  BRAID_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  BRAID_CHECK(EVP_DigestSign(context.get(), signature.data(), &length, bytes_of(text), text.size()) == 1);
  std::string made;
  append_base64(made, {reinterpret_cast<const char*>(signature.data()), length});
  return made;
}

bool is_public_name(const std::string& name) {
  std::string key;
  return name.starts_with(kScheme) && parse_base64(std::string_view(name).substr(kScheme.size()), key) &&
         key.size() == kKeyBytes;
}

bool is_signed_by(const std::string& public_name, std::string_view text, std::string_view signature) {
  std::string key, bytes;
  if (!public_name.starts_with(kScheme) || !parse_base64(std::string_view(public_name).substr(kScheme.size()), key))
    return false;
  if (key.size() != kKeyBytes || !parse_base64(signature, bytes) || bytes.size() != kSignatureBytes) return false;
  const auto with = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key), key.size()));
  if (with == nullptr) return false;
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, with.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), bytes_of(bytes), bytes.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace braid::mesh
