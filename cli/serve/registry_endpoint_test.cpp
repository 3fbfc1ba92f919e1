// A registry behind HTTP: what every store keeps, over the endpoint; and what the endpoint refuses to write.
#include "cli/serve/registry_endpoint.h"

#include <gtest/gtest.h>

#include "mesh/access/access_book.h"
#include "mesh/audit/publications.h"
#include "mesh/registry/directory_store.h"
#include "mesh/registry/http_store.h"
#include "mesh/registry/store_conformance.h"
#include "runtime/base/sim_fs.h"

namespace braid::cli {
namespace {

const std::string kAddress = "http://registry.test";

std::string header(const WebRequest& request, const std::string& name) {
  for (const std::string& one : request.headers)
    if (one.starts_with(name + ": ")) return one.substr(name.size() + 2);
  return {};
}

RegistryRequest arrived(const WebRequest& request) {
  constexpr const char* kMethods[] = {"GET", "PUT", "POST", "DELETE"};
  const std::string target = request.url.substr(kAddress.size());
  const size_t query = std::min(target.find('?'), target.size());
  return {.method = kMethods[static_cast<size_t>(request.method)],
          .path = target.substr(0, query),
          .query = target.substr(std::min(query + 1, target.size())),
          .authorization = header(request, "Authorization"),
          .if_match = header(request, "If-Match"),
          .if_none_match = header(request, "If-None-Match"),
          .turn = header(request, "Braid-Turn"),
          .body = request.body};
}

class EndpointWeb : public Web {
 public:
  explicit EndpointWeb(RegistryEndpoint& endpoint) : endpoint_(endpoint) {}
  Result<WebAnswer> ask(const WebRequest& request) override {
    const RegistryAnswer response = endpoint_.answer(arrived(request));
    return WebAnswer{.status = response.status, .body = response.body, .etag = response.etag};
  }

 private:
  RegistryEndpoint& endpoint_;
};

/// A registry in a directory, and the Braid that serves it.
struct Served {
  explicit Served(RegistryTokens tokens = {.write = "w", .read = "r"})
      : endpoint(std::make_unique<mesh::DirectoryStore>(fs, "/registry"), std::move(tokens), clock) {}

  std::unique_ptr<mesh::HttpStore> open(const std::string& token = "w") {
    return std::make_unique<mesh::HttpStore>(kAddress + "/", token, std::make_unique<EndpointWeb>(endpoint), clock, 2);
  }
  mesh::StorePlace place() {
    return {
        .open = [this] { return open(); },
        .alter = [this](const std::string& name,
                        const std::string& content) { ASSERT_TRUE(fs.write_file("/registry/" + name, content).ok()); },
        .collects = false};
  }

  SimFs fs{1};
  ManualClock clock{1'700'000'000'000'000};
  RegistryEndpoint endpoint;
};

mesh::DomainKey new_key() {
  return *mesh::DomainKey::create();
}

TEST(HttpStores, ReadBackWhatIsPublished) {
  Served served;
  expect_publications_are_read_back(served.place());
}

TEST(HttpStores, LoseNothingOfTwoPublishers) {
  Served served;
  expect_two_publishers_lose_nothing(served.place());
}

TEST(HttpStores, OutlivePublishersThatAreKilled) {
  std::unique_ptr<Served> served;
  mesh::expect_killed_publications_leave_a_state([&] {
    served = std::make_unique<Served>();
    return served->place();
  });
}

TEST(HttpStores, FindAlteredBytes) {
  Served served;
  expect_altered_bytes_are_found(served.place());
}

TEST(HttpStores, HaveTurnsThatKeepCollectorsAway) {
  Served served;
  mesh::DirectoryStore directory(served.fs, "/registry");
  const auto store = served.open();
  auto turn = store->take_turn();
  ASSERT_TRUE(turn.ok() && *turn != nullptr);
  EXPECT_EQ(*served.open()->take_turn(), nullptr);
  EXPECT_EQ(*directory.take_turn(), nullptr) << "braid mesh gc beside the server waits, too";
  turn->reset();
  EXPECT_NE(*directory.take_turn(), nullptr);
  // One whose owner was killed ends by itself.
  auto lost = served.open();
  auto kept = *lost->take_turn();
  ASSERT_NE(kept, nullptr);
  served.clock.advance_us(21'000'000);
  EXPECT_NE(*served.open()->take_turn(), nullptr);
}

TEST(HttpStores, AskForAToken) {
  Served served;
  EXPECT_EQ(served.open("")->read_head("domains/pay/head").error().code, 7252);
  EXPECT_EQ(served.open("x")->read_head("domains/pay/head").error().code, 7252);
  EXPECT_EQ(served.open("x")->list("domains").error().code, 7252);
  EXPECT_TRUE(served.open("r")->read_head("domains/pay/head").ok());
  const auto refused = served.open("r")->put_if_absent(mesh::object_name(mesh::content_hash("x")), "x");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7252);
  Served open({});
  EXPECT_TRUE(open.open("")->put_if_absent(mesh::object_name(mesh::content_hash("x")), "x").ok());
}

TEST(HttpStores, SayToOthersNotWhereTheyLie) {
  SimFs fs{1};
  ManualClock clock{1'700'000'000'000'000};
  std::vector<std::string> told;
  RegistryEndpoint endpoint(std::make_unique<mesh::DirectoryStore>(fs, "/registry"), {}, clock,
                            [&](const Error& error) { told.push_back(error.message); });
  const std::string text = "{}", hash = mesh::content_hash(text);
  ASSERT_EQ(
      endpoint.answer({.method = "PUT", .path = "/" + mesh::object_name(hash), .if_none_match = "*", .body = text})
          .status,
      201);
  ASSERT_TRUE(fs.make_directories("/registry/domains/pay").ok());
  ASSERT_TRUE(fs.write_file("/registry/domains/pay/head", hash + "\n").ok());
  const RegistryAnswer now = endpoint.answer({.path = "/domains/pay/head"});
  ASSERT_EQ(now.status, 200);
  // The head that is there cannot be believed.
  const std::string next = mesh::signed_json({.domain = "pay"}, new_key());
  ASSERT_EQ(endpoint
                .answer({.method = "PUT",
                         .path = "/" + mesh::object_name(mesh::content_hash(next)),
                         .if_none_match = "*",
                         .body = next})
                .status,
            201);
  const RegistryAnswer failed = endpoint.answer(
      {.method = "PUT", .path = "/domains/pay/head", .if_match = now.etag, .body = mesh::content_hash(next) + "\n"});
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("/registry"), std::string::npos) << failed.body;
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("`/registry`"), std::string::npos) << told[0];
}

TEST(HttpStores, RemoveNothing) {
  Served served;
  EXPECT_EQ(served.open()->remove("domains/pay/head").error().code, 7256);
  EXPECT_EQ(
      served.endpoint.answer({.method = "DELETE", .path = "/domains/pay/head", .authorization = "Bearer w"}).status,
      405);
}

// ---- what is refused

struct Refusals : testing::Test {
  /// Writes the text as an object, and the head as it says; the reason for which it is refused, empty if it is not.
  std::string publish(mesh::Publication publication, const mesh::DomainKey& key, const std::string& domain = "pay") {
    const std::string text = mesh::signed_json(publication, key);
    EXPECT_TRUE(store->put_if_absent(mesh::object_name(mesh::content_hash(text)), text).ok());
    return swap("domains/" + domain + "/head", mesh::content_hash(text) + "\n");
  }
  std::string swap(const std::string& name, const std::string& content) {
    const auto now = store->read_head(name);
    const auto swapped = store->swap_head(name, *now ? std::optional((*now)->etag) : std::nullopt, content);
    if (swapped.ok()) return *swapped ? "" : "not first";
    EXPECT_EQ(swapped.error().code, 7254) << swapped.error().message;
    return swapped.error().message;
  }
  mesh::Publication next() {
    const auto head = *registry.head("pay");
    mesh::Publication made = head->publication;
    made.previous = head->hash;
    ++made.sequence;
    return made;
  }

  Served served;
  std::unique_ptr<mesh::HttpStore> store = served.open();
  mesh::Registry registry{*store, served.clock};
  const mesh::DomainKey key = new_key(), other = new_key();
};

TEST_F(Refusals, PublicationsThatTheDomainHasNotSigned) {
  ASSERT_TRUE(registry.publish(mesh::conformance_draft("payment"), key).ok());
  EXPECT_NE(publish(next(), other).find("a key that the one before it does not allow"), std::string::npos);
  mesh::Publication made = next();
  made.keys = {other.public_name()};
  EXPECT_NE(publish(made, other), "");
  made = next();
  made.sequence = 7;
  EXPECT_NE(publish(made, key), "");
  made = next();
  made.previous = mesh::content_hash("x");
  EXPECT_NE(publish(made, key).find("does not follow"), std::string::npos);
  made = next();
  made.previous.reset();
  made.sequence = 1;
  EXPECT_NE(publish(made, key), "") << "a chain is not begun anew";
  made = next();
  made.products["ghost"][1] = {.interface = mesh::content_hash("nothing"), .minor = 0, .addresses = {}};
  EXPECT_NE(publish(made, key).find("is not there"), std::string::npos);
  EXPECT_NE(publish(next(), key, "shop").find("of the domain `pay`"), std::string::npos);
  EXPECT_NE(swap("domains/pay/head", mesh::content_hash("nothing") + "\n"), "");
  EXPECT_NE(swap("domains/pay/head", "x"), "");
  EXPECT_EQ(registry.chain("pay")->size(), 1u);
  EXPECT_EQ(publish(next(), key), "");
}

TEST_F(Refusals, WhatHasAnotherHashThanItsName) {
  const std::string name = mesh::object_name(mesh::content_hash("right"));
  EXPECT_EQ(store->put_if_absent(name, "wrong").error().code, 7254);
  EXPECT_TRUE(*store->put_if_absent(name, "right"));
}

TEST_F(Refusals, NamesThatARegistryDoesNotHave) {
  for (const char* name : {"registry.lock", "domains/pay/head.lock", "domains/../head", "domains/pay/other",
                           "objects/ab/abc", "../x", "grants/pay/1-x.json", "turn"}) {
    EXPECT_FALSE(mesh::WriteGuard::is_name(name)) << name;
    EXPECT_EQ(served.endpoint
                  .answer({.method = "PUT",
                           .path = "/" + std::string(name),
                           .authorization = "Bearer w",
                           .if_none_match = "*",
                           .body = "x"})
                  .status,
              422)
        << name;
  }
}

TEST_F(Refusals, RecordsAndEventsOfOthers) {
  ASSERT_TRUE(registry.publish(mesh::conformance_draft("payment"), key).ok());
  mesh::AccessBook book(*store, served.clock);
  const mesh::AccessWish wish{
      .product = "shop.order", .version = 1, .reader = "pay", .purpose = "billing", .until_us = {}};
  ASSERT_TRUE(book.request(wish, "acme", key).ok());
  mesh::AuditLog log(*store, served.clock, "acme", "pay");
  ASSERT_TRUE(mesh::record_publications(registry, log, "pay", key).ok());
  // Without the check of an honest client.
  mesh::SignedLog records(*store, served.clock, "grants/pay");
  const mesh::Statement statement{.tenant = "acme", .domain = "pay", .kind = "approval", .body = {{"request", "x"}}};
  const auto forged = records.append(statement, other, [](const auto&) { return Status(); });
  ASSERT_FALSE(forged.ok());
  EXPECT_EQ(forged.error().code, 7254);
  mesh::SignedLog of_shop(*store, served.clock, "grants/shop");
  EXPECT_EQ(of_shop.append(statement, key, [](const auto&) { return Status(); }).error().code, 7254)
      << "a record of `pay` in the log of `shop`";
  const mesh::AuditEvent event{.type = mesh::AuditType::access_used, .time_us = 1, .subject = "x"};
  EXPECT_EQ(log.append({event}, other).error().code, 7254);
  EXPECT_TRUE(log.append({event}, key).ok());
  EXPECT_TRUE(log.verify({key.public_name()})->faults.empty());
}

TEST_F(Refusals, AKeyThatWasChanged) {
  ASSERT_TRUE(registry.publish(mesh::conformance_draft("payment"), key).ok());
  ASSERT_TRUE(registry.change_key({.domain = "pay", .to = other.public_name(), .compiler = "braid"}, key).ok());
  mesh::AuditLog log(*store, served.clock, "acme", "pay");
  EXPECT_EQ(mesh::record_publications(registry, log, "pay", key).error().code, 7203);
  ASSERT_TRUE(mesh::record_publications(registry, log, "pay", other).ok());
  const auto events = log.read();
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(events->back().event.type, mesh::AuditType::key_changed);
  EXPECT_EQ(events->back().event.data.at("keys"), other.public_name());
  EXPECT_NE(publish(next(), key), "");
  EXPECT_TRUE(registry.publish(mesh::conformance_draft("payment", 2), other).ok());
}

}  // namespace
}  // namespace braid::cli
