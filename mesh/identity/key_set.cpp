#include "mesh/identity/key_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/data/text_forms.h"

namespace braid::mesh {
namespace {

using Json = nlohmann::json;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using Parameters = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using KeyPointer = std::shared_ptr<EVP_PKEY>;

constexpr std::string_view kRs256 = "RS256", kEs256 = "ES256", kEdDsa = "EdDSA";
constexpr int kLeastRsaBits = 2048, kMostRsaBits = 8192;
constexpr size_t kPointBytes = 32;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// A member that is a text; empty if there is none.
std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool bytes_member(const Json& json, const char* name, std::string& bytes) {
  return parse_base64url(text_of(json, name), bytes) && !bytes.empty();
}

Number number_of(std::string_view bytes) {
  return {BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr), BN_free};
}

KeyPointer key_of(const char* kind, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder), OSSL_PARAM_free);
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) return nullptr;
  return {made, EVP_PKEY_free};
}

KeyPointer rsa_key(const Json& json) {
  std::string modulus, exponent;
  if (!bytes_member(json, "n", modulus) || !bytes_member(json, "e", exponent)) return nullptr;
  const Number n = number_of(modulus), e = number_of(exponent);
  if (!n || !e || BN_num_bits(n.get()) < kLeastRsaBits || BN_num_bits(n.get()) > kMostRsaBits) return nullptr;
  // A public exponent of 1 would make every text its own signature.
  if (BN_num_bits(e.get()) < 2 || BN_num_bits(e.get()) > 64 || !BN_is_odd(e.get())) return nullptr;
  const ParameterBuilder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return nullptr;
  return key_of("RSA", builder.get());
}

KeyPointer ec_key(const Json& json) {
  std::string x, y;
  if (text_of(json, "crv") != "P-256" || !bytes_member(json, "x", x) || !bytes_member(json, "y", y)) return nullptr;
  if (x.size() != kPointBytes || y.size() != kPointBytes) return nullptr;
  const std::string point = "\x04" + x + y;
  const ParameterBuilder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  const KeyPointer key = key_of("EC", builder.get());
  if (key == nullptr) return nullptr;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr), EVP_PKEY_CTX_free);
  return context && EVP_PKEY_public_check(context.get()) == 1 ? key : nullptr;  // the point is on the curve
}

KeyPointer ed_key(const Json& json) {
  std::string x;
  if (text_of(json, "crv") != "Ed25519" || !bytes_member(json, "x", x) || x.size() != kPointBytes) return nullptr;
  EVP_PKEY* made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size());
  return made == nullptr ? nullptr : KeyPointer(made, EVP_PKEY_free);
}

/// The two numbers of a signature of ES256 in the form that the library takes.
bool to_der(std::string_view signature, std::string& der) {
  if (signature.size() != 2 * kPointBytes) return false;
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> made(ECDSA_SIG_new(), ECDSA_SIG_free);
  Number r = number_of(signature.substr(0, kPointBytes)), s = number_of(signature.substr(kPointBytes));
  if (!made || !r || !s || ECDSA_SIG_set0(made.get(), r.get(), s.get()) != 1) return false;
  (void)r.release();  // the signature has them now
  (void)s.release();
  unsigned char* bytes = nullptr;
  const int length = i2d_ECDSA_SIG(made.get(), &bytes);
  if (length <= 0) return false;
  der.assign(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  OPENSSL_free(bytes);
  return true;
}

}  // namespace

bool parse_base64url(std::string_view text, std::string& out) {
  std::string plain;
  for (const char c : text) {
    if (c == '+' || c == '/' || c == '=') return false;
    plain += c == '-' ? '+' : c == '_' ? '/' : c;
  }
  if (plain.size() % 4 == 1) return false;
  while (plain.size() % 4 != 0) plain += '=';
  return parse_base64(plain, out);
}

bool KeySet::take(const std::string& json_of_key, Key& key) {
  const Json json = Json::parse(json_of_key, nullptr, false);
  if (!json.is_object()) return false;
  if (json.contains("use") && text_of(json, "use") != "sig") return false;
  if (json.contains("key_ops")) {
    const Json& uses = json["key_ops"];
    if (!uses.is_array() || std::find(uses.begin(), uses.end(), Json("verify")) == uses.end()) return false;
  }
  const std::string kind = text_of(json, "kty");
  if (kind == "RSA") {
    key.algorithm = kRs256;
    key.key = rsa_key(json);
  } else if (kind == "EC") {
    key.algorithm = kEs256;
    key.key = ec_key(json);
  } else if (kind == "OKP") {
    key.algorithm = kEdDsa;
    key.key = ed_key(json);
  }
  key.id = text_of(json, "kid");
  return key.key != nullptr && (!json.contains("alg") || text_of(json, "alg") == key.algorithm);
}

Result<KeySet> KeySet::read(const std::string& jwks) {
  const auto wrong = [](std::string what) { return Error{.kind = ErrorKind::input, .message = std::move(what)}; };
  const Json json = Json::parse(jwks, nullptr, false);
  if (!json.is_object() || !json.contains("keys") || !json["keys"].is_array())
    return wrong("it is no JSON object with a list `keys`");
  KeySet made;
  for (const Json& one : json["keys"]) {
    Key key;
    if (!take(one.dump(-1, ' ', false, Json::error_handler_t::replace), key)) continue;
    if (std::ranges::any_of(made.keys_, [&](const Key& known) { return known.id == key.id; }))
      return wrong("two keys have the id `" + key.id + "`");
    made.keys_.push_back(std::move(key));
  }
  return made;
}

const KeySet::Key* KeySet::find(std::string_view id) const {
  if (id.empty()) return keys_.size() == 1 ? &keys_.front() : nullptr;
  const auto found = std::ranges::find_if(keys_, [&](const Key& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

bool KeySet::verifies(std::string_view id, std::string_view algorithm, std::string_view text,
                      std::string_view signature) const {
  const Key* key = find(id);
  if (key == nullptr || key->algorithm != algorithm) return false;
  std::string der(signature);
  if (key->algorithm == kEs256 && !to_der(signature, der)) return false;
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const EVP_MD* digest = key->algorithm == kEdDsa ? nullptr : EVP_sha256();
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key->key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace braid::mesh
