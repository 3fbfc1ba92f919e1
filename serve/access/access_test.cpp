// Who is let in, and how often: tokens that are right, and every way to make one that is not.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

#include "runtime/base/sha256.h"
#include "serve/access/gate.h"
#include "serve/access/seal.h"
#include "serve/access/use_book.h"
#include "serve/http/query.h"

namespace braid::serve {
namespace {

using Json = nlohmann::json;

constexpr int64_t kNow = 1'700'000'000, kSecond = 1'000'000;

/// An issuer with a key of Ed25519.
struct Issuer {
  std::shared_ptr<EVP_PKEY> key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  std::string id = "k";

  std::string public_bytes() const {
    std::string bytes(32, '\0');
    size_t length = bytes.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &length), 1);
    return bytes;
  }
  std::string jwks() const {
    const Json one{{"kid", id},    {"use", "sig"},     {"alg", "EdDSA"},
                   {"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64_url(public_bytes())}};
    return Json{{"keys", {one}}}.dump();
  }
  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EXPECT_EQ(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key.get()), 1);
    std::string made(64, '\0');
    size_t length = made.size();
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(made.data()), &length,
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),
              1);
    EVP_MD_CTX_free(context);
    return made;
  }
  std::string token(const Json& claims, Json header = {}) const {
    if (header.is_null()) header = {{"alg", "EdDSA"}, {"kid", id}};
    const std::string text = base64_url(header.dump()) + "." + base64_url(claims.dump());
    return text + "." + base64_url(sign(text));
  }
};

Json claims() {
  return {{"iss", "https://id.example"}, {"aud", "braid"}, {"sub", "ana"}, {"exp", kNow + 600}, {"roles", {"crm"}}};
}

class GateTest : public testing::Test {
 protected:
  GateTest() {
    clock_.set_us(kNow * kSecond);
    options_.issuer = mesh::IdentityRules{.issuer = "https://id.example", .audience = "braid", .roles = "roles"};
    options_.owners = {"platform"};
    options_.consumers = {
        {.consumer = {.name = "board", .key = "consumer board", .domain = {}, .roles = {"analyst"}, .user = "board"},
         .token_digest = sha256_hex("a-token-of-the-board"),
         .quotas = Quotas{.requests_per_second = 2}},
        {.consumer =
             {.name = "billing", .key = "consumer billing", .domain = "billing", .roles = {}, .user = "billing"},
         .certificate = "billing.shop.example"}};
  }
  void open() {
    gate_.emplace(options_, &ring_, clock_);
    ring_.refresh();
  }
  HttpResponse ask(const std::string& authorization, HttpRequest request = {.path = "/v1/products", .query = {}}) {
    if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
    HttpResponse made = gate_->answer(request, [&](const HttpRequest& asked) {
      asked_ = asked.consumer;
      return HttpResponse{.body = std::string(answer_bytes_, 'x')};
    });
    for (int turn = 0; made.later && turn < 1000; ++turn) {
      if (const auto answer = made.later()) return *answer;
      clock_.advance_us(20'000);
      if (ring_answers_ && ring_.is_due()) ring_.refresh();
    }
    return made;
  }
  int status(const std::string& token) { return ask("Bearer " + token).status; }

  ManualClock clock_;
  Issuer issuer_;
  bool ring_answers_ = true;
  int fetched_ = 0;
  KeyRing ring_{[this]() -> Result<std::string> {
                  ++fetched_;
                  if (!ring_answers_) return Error{ErrorKind::input, "away", 0, 0};
                  return issuer_.jwks();
                },
                clock_};
  AccessOptions options_;
  std::optional<Gate> gate_;
  std::shared_ptr<const Consumer> asked_;
  size_t answer_bytes_ = 1;
};

TEST_F(GateTest, KnowsTokensAndCertificates) {
  open();
  EXPECT_EQ(status("a-token-of-the-board"), 200);
  EXPECT_EQ(asked_->name, "board");
  EXPECT_EQ(asked_->roles, std::vector<std::string>{"analyst"});
  EXPECT_EQ(status(issuer_.token(claims())), 200);
  EXPECT_EQ(asked_->user, "ana");
  EXPECT_EQ(asked_->domain, "") << "a token never stands for a domain";
  EXPECT_FALSE(asked_->is_owner);
  Json owner = claims();
  owner["roles"] = {"platform"};
  EXPECT_EQ(status(issuer_.token(owner)), 200);
  EXPECT_TRUE(asked_->is_owner);
  EXPECT_EQ(ask("", {.path = "/v1", .query = {}, .certificate_names = {"x", "billing.shop.example"}}).status, 200);
  EXPECT_EQ(asked_->domain, "billing");
  EXPECT_EQ(ask("", {.path = "/v1", .query = {}, .certificate_names = {"other"}}).status, 401);
  // A token that is wrong is not made good by a certificate.
  EXPECT_EQ(ask("Bearer x", {.path = "/v1", .query = {}, .certificate_names = {"billing.shop.example"}}).status, 401);
}

TEST_F(GateTest, RefusesWhatIsForged) {
  open();
  const auto refused = [&](const std::string& token) {
    asked_ = nullptr;
    const HttpResponse answer = ask("Bearer " + token);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(asked_, nullptr);
    EXPECT_EQ(answer.body,
              "{\"title\":\"who are you?\",\"status\":401,\"detail\":\"the token, or the certificate, is not "
              "taken\"}\n")
        << "it says no more of any";
    return answer;
  };
  refused("a-token-of-the-boarx");
  refused("a-token-of-the-board ");
  refused("");
  refused(sha256_hex("a-token-of-the-board"));
  const std::string text = base64_url(Json{{"alg", "none"}, {"kid", "k"}}.dump()) + "." + base64_url(claims().dump());
  refused(text + ".");
  refused(issuer_.token(claims(), {{"alg", "none"}, {"kid", "k"}}));
  Json wrong = claims();
  wrong["aud"] = "other";
  refused(issuer_.token(wrong));
  wrong = claims();
  wrong["iss"] = "https://id.example.org";
  refused(issuer_.token(wrong));
  wrong = claims();
  wrong["exp"] = kNow - 120;
  refused(issuer_.token(wrong));
  wrong.erase("exp");
  refused(issuer_.token(wrong));
  // Signed by the public key as if it were a secret.
  for (const char* algorithm : {"HS256", "HS384", "HS512"}) {
    const std::string head =
        base64_url(Json{{"alg", algorithm}, {"kid", "k"}}.dump()) + "." + base64_url(claims().dump());
    const std::string key = issuer_.public_bytes();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(head.data()),
         head.size(), digest, &length);
    refused(head + "." + base64_url(std::string_view(reinterpret_cast<char*>(digest), length)));
  }
  const Issuer other;
  refused(other.token(claims()));
  EXPECT_EQ(ask("Basic YTpi").status, 401);
  HttpRequest twice{.path = "/v1", .query = {}};
  twice.headers.emplace_back("authorization", "Bearer a-token-of-the-board");
  EXPECT_EQ(ask("Bearer a-token-of-the-board", twice).status, 401);
  const HttpResponse nothing = ask("");
  EXPECT_EQ(nothing.status, 401);
  ASSERT_EQ(nothing.headers.size(), 1U);
  EXPECT_EQ(nothing.headers[0].first, "WWW-Authenticate");
}

TEST_F(GateTest, AsksForKeysThatAreNew) {
  open();
  clock_.advance_us(KeyRing::kAskAgainUs);
  issuer_ = Issuer();
  issuer_.id = "next";
  const int before = fetched_;
  EXPECT_EQ(status(issuer_.token(claims())), 200) << "it waits for them";
  EXPECT_EQ(fetched_, before + 1);
  // Whatever tokens name, the issuer is not asked again at once.
  Issuer stranger;
  for (int i = 0; i < 50; ++i) {
    stranger.id = "stranger" + std::to_string(i);
    EXPECT_EQ(status(stranger.token(claims())), 401);
  }
  EXPECT_LE(fetched_, before + 2);
}

TEST_F(GateTest, UsesKeysOfTheLastHourWhileTheIssuerIsAway) {
  open();
  ring_answers_ = false;
  Json late = claims();
  late["exp"] = kNow + 100'000;
  const std::string token = issuer_.token(late);
  clock_.advance_us(KeyRing::kFreshUs + 1);
  EXPECT_TRUE(ring_.is_due());
  ring_.refresh();
  EXPECT_EQ(ring_.problem(), "away");
  EXPECT_EQ(status(token), 200);
  clock_.advance_us(KeyRing::kAwayUs);
  EXPECT_EQ(status(token), 401);
  ring_answers_ = true;
  clock_.advance_us(KeyRing::kAskAgainUs);
  EXPECT_EQ(status(token), 200);
}

TEST_F(GateTest, HoldsToQuotas) {
  options_.consumers[1].quotas = Quotas{.bytes_per_second = 100, .scans = 1};
  open();
  EXPECT_EQ(status("a-token-of-the-board"), 200);
  EXPECT_EQ(status("a-token-of-the-board"), 200);
  const HttpResponse third = ask("Bearer a-token-of-the-board");
  EXPECT_EQ(third.status, 429);
  ASSERT_EQ(third.headers.size(), 1U);
  EXPECT_EQ(third.headers[0], (std::pair<std::string, std::string>("Retry-After", "1")));
  EXPECT_EQ(status(issuer_.token(claims())), 200) << "others have their own";
  clock_.advance_us(500'001);
  EXPECT_EQ(status("a-token-of-the-board"), 200);
  EXPECT_EQ(status("a-token-of-the-board"), 429);

  const HttpRequest scan{.path = "/v1/products/a.b/rows", .query = {}, .certificate_names = {"billing.shop.example"}};
  answer_bytes_ = 350;
  EXPECT_EQ(ask("", scan).status, 200);
  const HttpResponse too_many = ask("", scan);
  EXPECT_EQ(too_many.status, 429);
  EXPECT_EQ(too_many.headers[0].second, "3") << "250 bytes at 100 in a second";
  clock_.advance_us(2'600'000);
  answer_bytes_ = 1;
  // One that is not answered yet counts, and one that is does not.
  const HttpResponse waits = gate_->answer(scan, [](const HttpRequest&) {
    HttpResponse made;
    made.later = []() -> std::optional<HttpResponse> { return std::nullopt; };
    return made;
  });
  EXPECT_EQ(ask("", scan).status, 429);
  HttpRequest row = scan;
  row.path += "/7";
  EXPECT_EQ(ask("", row).status, 200) << "a row by its key is no scan";
  HttpRequest changes = scan;
  changes.path = "/v1/products/a.b/changes/7";
  EXPECT_EQ(ask("", changes).status, 429) << "changes of a key look at those of all";
  const_cast<HttpResponse&>(waits).later = {};
  EXPECT_EQ(ask("", scan).status, 200);
}

TEST_F(GateTest, StatesAPurpose) {
  open();
  HttpRequest request{.path = "/v1", .query = {}};
  request.headers.emplace_back("braid-purpose", "care");
  EXPECT_EQ(ask("Bearer a-token-of-the-board", request).status, 200);
  EXPECT_EQ(asked_->purpose, "care");
  request.headers[0].second = "care or not";
  EXPECT_EQ(ask("Bearer a-token-of-the-board", request).status, 400);
}

TEST(Seal, IsForItsHolderAlone) {
  const Seal seal, other;
  for (const std::string& bytes : {std::string(), std::string("\x00\x01", 2), std::string(200, '\0')}) {
    const std::string sealed = seal.seal(bytes, "ana");
    EXPECT_EQ(seal.unseal(sealed, "ana"), bytes);
    EXPECT_EQ(seal.unseal(sealed, "ben"), std::nullopt);
    EXPECT_EQ(other.unseal(sealed, "ana"), std::nullopt);
    EXPECT_NE(seal.seal(bytes, "ana"), sealed);
    for (size_t at = 0; at < sealed.size(); ++at) {
      std::string changed = sealed;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_EQ(seal.unseal(changed, "ana"), std::nullopt);
      EXPECT_EQ(seal.unseal(sealed.substr(0, at), "ana"), std::nullopt);
    }
  }
  EXPECT_EQ(seal.seal("a", "ana").size(), seal.seal(std::string(63, 'a'), "ana").size()) << "lengths tell little";
}

TEST(UseBook, SumsWhatIsRead) {
  UseBook book;
  const Consumer ana{.name = "ana", .key = "a", .domain = {}, .roles = {}, .user = {}, .purpose = "care"};
  const std::shared_ptr<ReadCount> count = book.counter(1, ana);
  count->count({0, 2}, 5);
  count->count({2, 3}, 0);
  const std::vector<ConsumerUse> uses = book.take();
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].view, 1U);
  EXPECT_EQ(uses[0].purpose, "care");
  EXPECT_EQ(uses[0].columns, (std::set<int>{0, 2, 3}));
  EXPECT_EQ(uses[0].reads, 2);
  EXPECT_EQ(uses[0].rows, 5);
  EXPECT_TRUE(book.take().empty());
}

}  // namespace
}  // namespace braid::serve
