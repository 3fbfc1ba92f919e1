// Tokens that are right, and every way to make one that is not. Keys are made by OpenSSL, and tokens are put together
// here, part by part.
#include "mesh/identity/token.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

#include "runtime/data/text_forms.h"

namespace braid::mesh {
namespace {

using Json = nlohmann::json;
using KeyPointer = std::shared_ptr<EVP_PKEY>;

constexpr int64_t kSecond = 1'000'000, kNow = 1'700'000'000;

std::string base64url(std::string_view bytes) {
  std::string text, made;
  append_base64(text, bytes);
  for (const char c : text)
    if (c != '=') made += c == '+' ? '-' : c == '/' ? '_' : c;
  return made;
}

std::string number_of(EVP_PKEY* key, const char* name, int bytes) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1);
  std::string made(static_cast<size_t>(bytes > 0 ? bytes : BN_num_bytes(number)), '\0');
  EXPECT_GT(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(made.data()), static_cast<int>(made.size())), 0);
  BN_free(number);
  return made;
}

/// A private key of an issuer.
struct Signer {
  std::string algorithm;
  KeyPointer key;

  static Signer rsa(size_t bits = 2048) {
    return {"RS256", {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits), EVP_PKEY_free}};
  }
  static Signer ec(const char* curve = "P-256") {
    return {"ES256", {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), EVP_PKEY_free}};
  }
  static Signer ed() { return {"EdDSA", {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free}}; }

  Json jwk(const std::string& id) const {
    Json made{{"kid", id}, {"use", "sig"}, {"alg", algorithm}};
    if (algorithm == "RS256") {
      made["kty"] = "RSA";
      made["n"] = base64url(number_of(key.get(), OSSL_PKEY_PARAM_RSA_N, 0));
      made["e"] = base64url(number_of(key.get(), OSSL_PKEY_PARAM_RSA_E, 0));
    } else if (algorithm == "ES256") {
      made["kty"] = "EC";
      made["crv"] = "P-256";
      made["x"] = base64url(number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32));
      made["y"] = base64url(number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32));
    } else {
      std::string bytes(32, '\0');
      size_t length = bytes.size();
      EXPECT_EQ(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &length), 1);
      made["kty"] = "OKP";
      made["crv"] = "Ed25519";
      made["x"] = base64url(bytes);
    }
    return made;
  }

  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : EVP_sha256();
    EXPECT_EQ(EVP_DigestSignInit(context, nullptr, digest, nullptr, key.get()), 1);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    size_t length = 0;
    EXPECT_EQ(EVP_DigestSign(context, nullptr, &length, bytes, text.size()), 1);
    std::string made(length, '\0');
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(made.data()), &length, bytes, text.size()), 1);
    EVP_MD_CTX_free(context);
    made.resize(length);
    if (algorithm != "ES256") return made;
    const auto* der = reinterpret_cast<const unsigned char*>(made.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(made.size()));
    std::string plain(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(plain.data());
    EXPECT_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32), 32);
    EXPECT_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32), 32);
    ECDSA_SIG_free(pair);
    return plain;
  }
};

std::string token_of(const Json& header, const Json& claims, const Signer& signer) {
  const std::string text = base64url(header.dump()) + "." + base64url(claims.dump());
  return text + "." + base64url(signer.sign(text));
}

Json claims() {
  return {{"iss", "https://id.example"},
          {"aud", "braid"},
          {"sub", "ana"},
          {"iat", kNow - 60},
          {"exp", kNow + 3600},
          {"realm_access", {{"roles", {"crm", "analyst", "crm"}}}}};
}
const IdentityRules kRules{.issuer = "https://id.example", .audience = "braid", .roles = "realm_access.roles"};

KeySet keys_of(const std::vector<Json>& keys) {
  const Result<KeySet> made = KeySet::read(Json{{"keys", keys}}.dump());
  EXPECT_TRUE(made.ok());
  return made.ok() ? *made : KeySet();
}

/// "" if it is taken.
std::string why_refused(const std::string& token, const KeySet& keys, const IdentityRules& rules = kRules,
                        int64_t now = kNow) {
  const Result<Identity> identity = verify_token(token, keys, rules, now * kSecond);
  return identity.ok() ? "" : identity.error().message;
}

class Tokens : public testing::Test {
 protected:
  static const Signer& rsa() {
    static const Signer made = Signer::rsa();
    return made;
  }
  static const Signer& ec() {
    static const Signer made = Signer::ec();
    return made;
  }
  static const Signer& ed() {
    static const Signer made = Signer::ed();
    return made;
  }
  KeySet keys_ = keys_of({rsa().jwk("r"), ec().jwk("e"), ed().jwk("d")});

  static std::string good(const Json& with) { return token_of({{"alg", "EdDSA"}, {"kid", "d"}}, with, ed()); }
};

TEST_F(Tokens, OfEachAlgorithmAreTaken) {
  const std::pair<const Signer*, const char*> signers[] = {{&rsa(), "r"}, {&ec(), "e"}, {&ed(), "d"}};
  for (const auto& [signer, id] : signers) {
    const std::string token = token_of({{"alg", signer->algorithm}, {"kid", id}, {"typ", "JWT"}}, claims(), *signer);
    EXPECT_EQ(key_id_of(token), id);
    const Result<Identity> identity = verify_token(token, keys_, kRules, kNow * kSecond);
    ASSERT_TRUE(identity.ok()) << signer->algorithm << ": " << identity.error().message;
    EXPECT_EQ(*identity,
              (Identity{.subject = "ana", .roles = {"analyst", "crm"}, .until_us = (kNow + 3600) * kSecond}));
  }
}

TEST_F(Tokens, WithoutASignatureAreRefused) {
  for (const char* none : {"none", "None", "NONE", ""}) {
    const std::string text = base64url(Json{{"alg", none}, {"kid", "d"}}.dump()) + "." + base64url(claims().dump());
    EXPECT_EQ(why_refused(text + ".", keys_), "it is not signed by RS256, ES256 or EdDSA") << none;
    EXPECT_NE(why_refused(text, keys_), "");
  }
  const std::string text = base64url(Json{{"alg", "EdDSA"}, {"kid", "d"}}.dump()) + "." + base64url(claims().dump());
  EXPECT_EQ(why_refused(text + ".", keys_), "its signature is wrong");
  EXPECT_NE(why_refused(base64url(Json{{"kid", "d"}}.dump()) + "." + base64url(claims().dump()) + ".AA", keys_), "");
}

TEST_F(Tokens, OfAnotherKeyAreRefused) {
  EXPECT_EQ(why_refused(token_of({{"alg", "EdDSA"}, {"kid", "d"}}, claims(), Signer::ed()), keys_),
            "its signature is wrong");
  EXPECT_EQ(why_refused(token_of({{"alg", "ES256"}, {"kid", "e"}}, claims(), Signer::ec()), keys_),
            "its signature is wrong");
  EXPECT_EQ(why_refused(token_of({{"alg", "RS256"}, {"kid", "r"}}, claims(), Signer::rsa()), keys_),
            "its signature is wrong");
}

TEST_F(Tokens, WhoseAlgorithmIsNotThatOfTheKeyAreRefused) {
  // What a key can do follows from the key: a token cannot choose.
  EXPECT_EQ(why_refused(token_of({{"alg", "RS256"}, {"kid", "d"}}, claims(), ed()), keys_), "its signature is wrong");
  EXPECT_EQ(why_refused(token_of({{"alg", "EdDSA"}, {"kid", "r"}}, claims(), rsa()), keys_), "its signature is wrong");
  EXPECT_EQ(why_refused(token_of({{"alg", "ES256"}, {"kid", "r"}}, claims(), ec()), keys_), "its signature is wrong");
  // HS256 with the public key as the secret.
  const std::string text = base64url(Json{{"alg", "HS256"}, {"kid", "r"}}.dump()) + "." + base64url(claims().dump());
  const std::string secret = rsa().jwk("r").dump();
  std::string mac(32, '\0');
  unsigned int length = 32;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(mac.data()),
       &length);
  EXPECT_EQ(why_refused(text + "." + base64url(mac), keys_), "it is not signed by RS256, ES256 or EdDSA");
}

TEST_F(Tokens, OfUnknownKeysAreRefused) {
  EXPECT_EQ(why_refused(token_of({{"alg", "EdDSA"}, {"kid", "x"}}, claims(), ed()), keys_),
            "the issuer has no such key");
  // Without an id only where the issuer has one key.
  const std::string unnamed = token_of({{"alg", "EdDSA"}}, claims(), ed());
  EXPECT_EQ(why_refused(unnamed, keys_), "the issuer has no such key");
  EXPECT_EQ(why_refused(unnamed, keys_of({ed().jwk("d")})), "");
  EXPECT_NE(why_refused(token_of({{"alg", "EdDSA"}, {"kid", 1}}, claims(), ed()), keys_of({ed().jwk("d")})), "");
  // A key that the token brings along is none of the issuer.
  const Signer own = Signer::ed();
  EXPECT_EQ(why_refused(token_of({{"alg", "EdDSA"}, {"kid", "d"}, {"jwk", own.jwk("d")}}, claims(), own), keys_),
            "its signature is wrong");
}

TEST_F(Tokens, ThatWereAlteredAreRefused) {
  const std::string token = good(claims());
  size_t taken = 0;
  for (size_t at = 0; at < token.size(); ++at) {
    std::string altered = token;
    altered[at] = token[at] == 'A' ? 'B' : 'A';
    // The last character of a part may have bits that mean nothing.
    std::string before, after;
    const size_t begin = token.rfind('.', at) == std::string::npos ? 0 : token.rfind('.', at) + 1;
    const size_t end = std::min(token.find('.', at), token.size());
    if (parse_base64url(token.substr(begin, end - begin), before) &&
        parse_base64url(altered.substr(begin, end - begin), after) && before == after && begin > token.rfind('.'))
      continue;
    taken += why_refused(altered, keys_).empty();
  }
  EXPECT_EQ(taken, 0U);
  EXPECT_NE(why_refused(token + "=", keys_), "");
  EXPECT_NE(why_refused(token + ".", keys_), "");
  EXPECT_NE(why_refused(" " + token, keys_), "");
  EXPECT_NE(why_refused("", keys_), "");
  EXPECT_NE(why_refused("a.b.c", keys_), "");
  EXPECT_EQ(why_refused(std::string(kLongestToken + 1, 'a'), keys_), "it is too long");
}

TEST_F(Tokens, HoldFromTheirBeginToTheirEnd) {
  Json with = claims();
  with["nbf"] = kNow - 10;
  const std::string token = good(with);
  EXPECT_EQ(why_refused(token, keys_, kRules, kNow + 3600 + 59), "");
  EXPECT_EQ(why_refused(token, keys_, kRules, kNow + 3600 + 60), "it has ended");
  EXPECT_EQ(why_refused(token, keys_, kRules, kNow - 70), "");
  EXPECT_EQ(why_refused(token, keys_, kRules, kNow - 71), "it has not begun");
  IdentityRules exact = kRules;
  exact.skew_us = 0;
  EXPECT_EQ(why_refused(token, keys_, exact, kNow + 3600), "it has ended");
  for (const Json& end : {Json(), Json("soon"), Json(-1), Json(1e300)}) {
    with = claims();
    with["exp"] = end;
    EXPECT_EQ(why_refused(good(with), keys_), "it does not say when it ends") << end;
  }
  with = claims();
  with.erase("exp");
  EXPECT_EQ(why_refused(good(with), keys_), "it does not say when it ends");
  with = claims();
  with["iat"] = kNow + 3000;
  EXPECT_EQ(why_refused(good(with), keys_), "it has not begun");
}

TEST_F(Tokens, AreOfTheIssuerAndForTheAudience) {
  Json with = claims();
  with["iss"] = "https://id.example/";
  EXPECT_EQ(why_refused(good(with), keys_), "it is of another issuer");
  with.erase("iss");
  EXPECT_EQ(why_refused(good(with), keys_), "it is of another issuer");
  with = claims();
  with["aud"] = {"other", "braid"};
  EXPECT_EQ(why_refused(good(with), keys_), "");
  for (const Json& other : {Json("other"), Json::array(), Json{"braid "}, Json(), Json{{"braid", 1}}}) {
    with["aud"] = other;
    EXPECT_EQ(why_refused(good(with), keys_), "it is for another audience") << other;
  }
  with = claims();
  for (const Json& nobody : {Json(), Json(""), Json(7)}) {
    with["sub"] = nobody;
    EXPECT_EQ(why_refused(good(with), keys_), "it does not say who it is of");
  }
  EXPECT_NE(why_refused(good(claims()), keys_, {}), "");
}

TEST_F(Tokens, HaveRolesWhereThePathSays) {
  const auto roles = [&](const Json& with, const std::string& path) {
    IdentityRules rules = kRules;
    rules.roles = path;
    const Result<Identity> identity = verify_token(good(with), keys_, rules, kNow * kSecond);
    return identity.ok() ? identity->roles : std::vector<std::string>{"refused: " + identity.error().message};
  };
  using Texts = std::vector<std::string>;
  Json with = claims();
  with["scope"] = "read  write";
  with["https://x.example/roles"] = {"far"};
  EXPECT_EQ(roles(with, "scope"), (Texts{"read", "write"}));
  EXPECT_EQ(roles(with, "https://x.example/roles"), Texts{"far"});
  EXPECT_EQ(roles(with, ""), Texts{});
  EXPECT_EQ(roles(with, "groups"), Texts{});
  EXPECT_EQ(roles(with, "realm_access.groups"), Texts{});
  EXPECT_EQ(roles(with, "realm_access"), Texts{"refused: its roles are no texts"});
  EXPECT_EQ(roles(with, "sub.roles"), Texts{"refused: its roles are no texts"});
  with["realm_access"]["roles"] = {"crm", 1};
  EXPECT_EQ(roles(with, "realm_access.roles"), Texts{"refused: its roles are no texts"});
}

TEST_F(Tokens, WhoseHeaderOrClaimsAreOddAreRefused) {
  EXPECT_EQ(why_refused(token_of({{"alg", "EdDSA"}, {"kid", "d"}, {"crit", {"exp"}}}, claims(), ed()), keys_),
            "it asks for what is not supported");
  // A name twice: of two, readers could take different ones.
  const auto raw = [](const std::string& header, const std::string& payload) {
    const std::string text = base64url(header) + "." + base64url(payload);
    return text + "." + base64url(ed().sign(text));
  };
  std::string twice = claims().dump();
  twice.insert(twice.size() - 1, R"(,"sub":"root")");
  EXPECT_EQ(why_refused(raw(R"({"alg":"EdDSA","kid":"d"})", twice), keys_), "it is no signed token");
  EXPECT_EQ(why_refused(raw(R"({"alg":"EdDSA","kid":"d"})", claims().dump()), keys_), "");
  EXPECT_NE(why_refused(raw(R"({"alg":"EdDSA","alg":"EdDSA","kid":"d"})", claims().dump()), keys_), "");
  EXPECT_NE(why_refused(raw("[1]", claims().dump()), keys_), "");
  EXPECT_NE(why_refused(raw(R"({"alg":"EdDSA","kid":"d"})", "[1]"), keys_), "");
}

TEST_F(Tokens, KeysThatAreNotForThisArePassedOver) {
  const auto size_with = [](Json key, const Json& changes) {
    key.update(changes);
    return keys_of({key}).size();
  };
  const Json whole = rsa().jwk("r");
  EXPECT_EQ(size_with(whole, Json::object()), 1U);
  EXPECT_EQ(size_with(whole, {{"use", "enc"}}), 0U);
  EXPECT_EQ(size_with(whole, {{"alg", "RS512"}}), 0U);
  EXPECT_EQ(size_with(whole, {{"key_ops", {"sign"}}}), 0U);
  EXPECT_EQ(size_with(whole, {{"key_ops", {"verify"}}}), 1U);
  EXPECT_EQ(size_with(whole, {{"e", base64url("\x01")}}), 0U);
  EXPECT_EQ(size_with(whole, {{"kty", "oct"}, {"k", "c2VjcmV0"}}), 0U);
  EXPECT_EQ(keys_of({Signer::rsa(1024).jwk("small")}).size(), 0U);
  EXPECT_EQ(size_with(ec().jwk("e"), {{"crv", "P-384"}}), 0U);
  EXPECT_EQ(size_with(ec().jwk("e"), {{"y", base64url(std::string(32, '\x07'))}}), 0U) << "not on the curve";
  EXPECT_EQ(size_with(ed().jwk("d"), {{"x", base64url("short")}}), 0U);
  EXPECT_FALSE(KeySet::read("{").ok());
  EXPECT_FALSE(KeySet::read(R"({"keys":{}})").ok());
  EXPECT_FALSE(KeySet::read(Json{{"keys", {rsa().jwk("r"), ed().jwk("r")}}}.dump()).ok()) << "two of one id";
}

}  // namespace
}  // namespace braid::mesh
