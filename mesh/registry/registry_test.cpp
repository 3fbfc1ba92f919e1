// Publications that are killed at each operation, that meet each other, and that somebody has tampered with.
#include "mesh/registry/registry.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "mesh/registry/content_hash.h"
#include "mesh/registry/directory_store.h"
#include "mesh/registry/memory_store.h"
#include "mesh/registry/store_conformance.h"
#include "runtime/base/sim_fs.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

Interface product(const std::string& domain, const std::string& name, const std::vector<std::string>& fields,
                  int64_t version = 1) {
  Interface made{.domain = domain, .name = name, .version = version};
  for (const std::string& field : fields) made.fields.push_back({.name = field, .type = int_type()});
  return made;
}

Draft draft(std::vector<Interface> interfaces, ReadProducts readers = {}) {
  Draft made{.tenant = "acme", .domain = interfaces.front().domain, .compiler = "braid test"};
  made.interfaces = std::move(interfaces);
  made.readers = std::move(readers);
  return made;
}

DomainKey new_key() {
  Result<DomainKey> key = DomainKey::create();
  EXPECT_TRUE(key.ok());
  return *key;
}

struct RegistryTest : testing::Test {
  MemoryStore store;
  ManualClock clock{1'700'000'000'000'000};
  Registry registry{store, clock};
  DomainKey key = new_key();
};

TEST(DomainKeys, AreReadBackAndSign) {
  const DomainKey key = new_key();
  const Result<DomainKey> back = DomainKey::of_pem(key.pem());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->public_name(), key.public_name());
  const std::string signature = back->sign("text");
  EXPECT_TRUE(is_signed_by(key.public_name(), "text", signature));
  EXPECT_FALSE(is_signed_by(key.public_name(), "text ", signature));
  EXPECT_FALSE(is_signed_by(new_key().public_name(), "text", signature));
  EXPECT_FALSE(is_signed_by("ed25519:", "text", signature));
  EXPECT_FALSE(DomainKey::of_pem("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n").ok());
}

TEST(ContentHash, IsSha256) {
  EXPECT_EQ(content_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(RegistryTest, PublishesAndReadsBack) {
  const auto first = registry.publish(draft({product("pay", "payment", {"id", "amount"})}), key);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_TRUE(first->wrote);
  EXPECT_EQ(first->versions.front().change, ProductChange::added);
  EXPECT_EQ(*registry.domains(), std::vector<std::string>{"pay"});
  const auto head = registry.head("pay");
  ASSERT_TRUE(head.ok() && *head);
  EXPECT_EQ((*head)->publication, first->head.publication);
  const PublishedProduct& published = (*head)->publication.products.at("payment").at(1);
  EXPECT_EQ(registry.interface(published.interface)->fields.size(), 2u);

  const auto again = registry.publish(draft({product("pay", "payment", {"id", "amount"})}), key);
  EXPECT_FALSE(again->wrote);
  EXPECT_EQ(again->versions.front().change, ProductChange::same);
  EXPECT_EQ(again->head.hash, first->head.hash);

  clock.advance_us(1'000'000);
  const auto changed = registry.publish(draft({product("pay", "payment", {"id", "amount", "note"})}), key);
  EXPECT_TRUE(changed->wrote);
  EXPECT_EQ(changed->versions.front().now.minor, 1);
  EXPECT_EQ(changed->versions.front().before, published.interface);
  EXPECT_EQ(changed->head.publication.previous, first->head.hash);
  EXPECT_EQ(registry.chain("pay")->size(), 2u);
}

TEST_F(RegistryTest, TellsAddressesFromInterfaces) {
  Interface payment = product("pay", "payment", {"id"});
  const auto first = registry.publish(draft({payment}), key);
  payment.addresses = {{.environment = "prod", .connector = "topic", .address = "pay.payment.v1", .format = "json"}};
  const auto moved = registry.publish(draft({payment}), key);
  ASSERT_TRUE(moved.ok() && moved->wrote);
  EXPECT_EQ(moved->versions.front().change, ProductChange::moved);
  EXPECT_EQ(moved->versions.front().now.minor, 0);
  EXPECT_EQ(moved->versions.front().now.interface, first->versions.front().now.interface);
  EXPECT_EQ((*registry.head("pay"))->publication.products.at("payment").at(1).addresses, payment.addresses);
  EXPECT_FALSE(registry.publish(draft({payment}), key)->wrote);
}

TEST_F(RegistryTest, KeepsWhatADraftDoesNotName) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  const ReadProducts reads{{"pay.refund@1", {{"shop.order@2", {.interface = content_hash("x"), .fields = {"id"}}}}}};
  const auto second = registry.publish(draft({product("pay", "refund", {"id"})}, reads), key);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->head.publication.products.size(), 2u);
  EXPECT_EQ(second->versions.front().change, ProductChange::kept);
  const auto third = registry.publish(draft({product("pay", "payment", {"id", "at"})}), key);
  EXPECT_EQ(third->head.publication.readers, reads);
  ASSERT_EQ(registry.readers_of("shop.order", 2)->size(), 1u);
  EXPECT_EQ(registry.readers_of("shop.order", 2)->front().reader, "pay.refund@1");
  EXPECT_TRUE(registry.readers_of("shop.order", 1)->empty());
}

TEST_F(RegistryTest, KeepsDocumentsBesideTheInterface) {
  Draft made = draft({product("pay", "payment", {"id"})});
  made.documents["pay.payment@1"] = {{"odcs", "kind: DataContract\n"}, {"odps", "kind: DataProduct\n"}};
  const auto first = registry.publish(made, key);
  ASSERT_TRUE(first.ok()) << first.error().message;
  const PublishedProduct published = first->head.publication.products.at("payment").at(1);
  ASSERT_EQ(published.documents.size(), 2u);
  EXPECT_EQ(*registry.object(published.documents.at("odcs")), "kind: DataContract\n");
  EXPECT_EQ(registry.publish(made, key)->wrote, false);
  made.documents["pay.payment@1"]["odps"] = "kind: DataProduct\nname: x\n";
  const auto second = registry.publish(made, key);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->versions.front().change, ProductChange::documented);
  EXPECT_EQ(second->versions.front().now.minor, 0);
  // The chain names what earlier publications had.
  EXPECT_EQ(registry.collect()->objects, 0);
  EXPECT_TRUE(registry.object(published.documents.at("odps")).ok());
}

TEST_F(RegistryTest, ErasesDocumentsOfAllPublications) {
  Draft first = draft({product("pay", "payment", {"id"})});
  first.documents[version_name("pay.payment", 1)] = {{"samples", "{\"id\":\"anna\"}"}, {"odcs", "kind: DataContract"}};
  ASSERT_TRUE(registry.publish(first, key).ok());
  Draft second = first;
  second.documents[version_name("pay.payment", 1)]["samples"] = "{\"id\":\"bert\"}";
  ASSERT_TRUE(registry.publish(second, key).ok());
  const auto has_anna = [](const std::string& text) { return text.find("anna") != std::string::npos; };
  const auto erased = registry.erase_documents("pay", has_anna);
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  ASSERT_EQ(erased->size(), 1u);
  EXPECT_EQ(erased->front().version_name, version_name("pay.payment", 1));
  EXPECT_EQ(erased->front().form, "samples");
  EXPECT_TRUE(registry.erase_documents("pay", has_anna)->empty());
  EXPECT_TRUE(registry.erase_documents("nobody", has_anna)->empty());
  // The chain is whole, and what is not the subject's is there.
  const auto chain = registry.chain("pay");
  ASSERT_TRUE(chain.ok()) << chain.error().message;
  ASSERT_EQ(chain->size(), 2u);
  const auto& now = chain->front().publication.products.at("payment").at(1).documents;
  EXPECT_TRUE(registry.object(now.at("samples")).ok());
  EXPECT_FALSE(registry.object(chain->back().publication.products.at("payment").at(1).documents.at("samples")).ok());
  EXPECT_TRUE(registry.publish(second, key).ok());
}

TEST_F(RegistryTest, HasDefinitionsAndWhoUsesThem) {
  const auto state = [](const std::string& symbols) {
    Definition made{.domain = "pay", .name = "state", .owner = {}};
    made.items = {{.domain = "pay",
                   .name = "state",
                   .kind = "type",
                   .is_public = true,
                   .documentation = {},
                   .text = "type state = enum { " + symbols + " }"}};
    return made;
  };
  Draft pay{.tenant = "acme", .domain = "pay", .compiler = "braid test"};
  pay.definitions = {state("open")};
  const auto first = registry.publish(pay, key);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->definitions.front().change, ProductChange::added);
  EXPECT_FALSE(registry.publish(pay, key)->wrote);
  const auto head = registry.head("pay");
  ASSERT_TRUE(head.ok() && *head);
  EXPECT_EQ((*head)->publication, first->head.publication);
  const PublishedDefinition published = (*head)->publication.definitions.at("state");
  EXPECT_EQ(*registry.definition(published.definition), state("open"));
  EXPECT_EQ(registry.collect()->objects, 0);

  Draft shop = draft({product("shop", "order", {"id"})});
  shop.uses = {{"shop.order@1", {{"pay.state", {.definition = published.definition, .fields = {"state"}}}}}};
  ASSERT_TRUE(registry.publish(shop, key).ok());
  // What is not in a draft is kept, and used as before.
  ASSERT_TRUE(registry.publish(draft({product("shop", "refund", {"id"})}), key).ok());
  ASSERT_EQ(registry.users_of("pay.state")->size(), 1u);
  EXPECT_EQ(registry.users_of("pay.state")->front().user, "shop.order@1");
  EXPECT_EQ(registry.users_of("pay.state")->front().use.fields, std::set<std::string>{"state"});

  pay.definitions = {state("open, paid")};
  const auto changed = registry.publish(pay, key);
  EXPECT_EQ(changed->definitions.front().change, ProductChange::changed);
  EXPECT_EQ(changed->definitions.front().now.minor, 1);
  pay.definitions.clear();
  EXPECT_EQ(registry.publish(pay, key)->definitions.front().change, ProductChange::kept);
  pay.retired = {"pay.state"};
  EXPECT_EQ(registry.publish(pay, key).error().code, 7215);
  pay.retired = {"pay.other"};
  EXPECT_EQ(registry.publish(pay, key).error().code, 7219);
  shop.uses.clear();
  ASSERT_TRUE(registry.publish(shop, key).ok());
  pay.retired = {"pay.state"};
  const auto retired = registry.publish(pay, key);
  ASSERT_TRUE(retired.ok()) << retired.error().message;
  EXPECT_EQ(retired->definitions.front().change, ProductChange::retired);
  EXPECT_TRUE((*registry.head("pay"))->publication.definitions.empty());
}

TEST_F(RegistryTest, RetiresWhatNobodyReads) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"}), product("pay", "old", {"id"})}), key).ok());
  const ReadProducts reads{{"kpi.sum@1", {{"pay.old@1", {.interface = content_hash("x"), .fields = {"id"}}}}}};
  ASSERT_TRUE(registry.publish(draft({product("kpi", "sum", {"id"})}, reads), new_key()).ok());
  Draft retiring = draft({product("pay", "payment", {"id"})});
  retiring.retired = {"pay.old@1"};
  const auto refused = registry.publish(retiring, key);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7215);
  EXPECT_NE(refused.error().message.find("kpi.sum@1"), std::string::npos);
  retiring.retired = {"pay.payment@1"};
  EXPECT_EQ(registry.publish(retiring, key).error().code, 7219);
  retiring.retired = {"pay.other@1"};
  EXPECT_EQ(registry.publish(retiring, key).error().code, 7219);

  Draft unread = draft({product("pay", "payment", {"id"})});
  ASSERT_TRUE(registry.publish(draft({product("pay", "unread", {"id"})}), key).ok());
  unread.retired = {"pay.unread@1"};
  const auto done = registry.publish(unread, key);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_FALSE(done->head.publication.products.contains("unread"));
  EXPECT_TRUE(done->head.publication.products.contains("old"));
}

TEST_F(RegistryTest, ANumberStaysTaken) {
  const Interface old = product("pay", "payment", {"id", "amount"});
  const Interface other = product("pay", "refund", {"id"});
  ASSERT_TRUE(registry.publish(draft({old, other}), key).ok());
  Draft retiring = draft({other});
  retiring.retired = {"pay.payment@1"};
  const auto gone = registry.publish(retiring, key);
  ASSERT_TRUE(gone.ok()) << gone.error().message;
  EXPECT_FALSE(gone->head.publication.products.contains("payment"));
  const std::string hash = gone->head.publication.retired.at("payment").at(1).interface;
  EXPECT_EQ(registry.interface(hash)->fields.size(), 2u);
  // It is not published any more, so it cannot be retired again, and nothing of it is lost with the next publication.
  EXPECT_EQ(registry.publish(retiring, key).error().code, 7219);
  EXPECT_FALSE(registry.publish(draft({other}), key)->wrote);
  EXPECT_EQ(registry.collect()->objects, 0);

  Interface key_differs = old;
  key_differs.key = {{"id"}};
  Interface type_differs = old;
  type_differs.fields[1].type = string_type();
  Interface kind_differs = old;
  kind_differs.kind = InterfaceKind::changes;
  for (const Interface& changed :
       {product("pay", "payment", {"id"}), product("pay", "payment", {"id", "amount", "note"}), key_differs,
        type_differs, kind_differs}) {
    const auto refused = registry.publish(draft({changed}), key);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, 7244);
  }
  EXPECT_TRUE(registry.publish(draft({product("pay", "payment", {"id"}, 2)}), key).ok());

  Interface back = old;
  back.documentation = "Again.";
  const auto again = registry.publish(draft({back}), key);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->head.publication.retired.empty());
  EXPECT_EQ(again->head.publication.products.at("payment").at(1).minor, 1);
}

TEST_F(RegistryTest, RetiresWhatHasEnded) {
  Interface ending = product("pay", "payment", {"id"}), read = product("pay", "read", {"id"});
  ending.deprecated = read.deprecated = typed::Deprecation{.until = "2023-11-20", .successor = {}};
  Interface tried = product("pay", "tried", {"id"});
  tried.draft = true;
  tried.deprecated = ending.deprecated;
  const Interface other = product("pay", "refund", {"id"});
  ASSERT_TRUE(registry.publish(draft({ending, read, tried, other}), key).ok());
  const DomainKey kpi = new_key();
  const ReadProducts reads{{"kpi.sum@1", {{"pay.read@1", {.interface = content_hash("x"), .fields = {"id"}}}}}};
  ASSERT_TRUE(registry.publish(draft({product("kpi", "sum", {"id"})}, reads), kpi).ok());
  // Its day is the 20th; it is the 14th.
  EXPECT_FALSE(registry.publish(draft({other}), key)->wrote);
  clock.advance_us(int64_t{7} * 86'400 * 1'000'000);
  // As long as the project declares it, it is published.
  EXPECT_FALSE(registry.publish(draft({ending, read, tried, other}), key)->wrote);
  const auto gone = registry.publish(draft({other}), key);
  ASSERT_TRUE(gone.ok() && gone->wrote);
  const Publication& now = gone->head.publication;
  EXPECT_FALSE(now.products.contains("payment"));
  EXPECT_TRUE(now.retired.contains("payment"));
  EXPECT_TRUE(now.products.contains("read"));
  // A draft leaves its number free.
  EXPECT_FALSE(now.products.contains("tried") || now.retired.contains("tried"));
  EXPECT_TRUE(registry.publish(draft({product("pay", "tried", {"other"})}), key).ok());
  // Once nobody reads it, the other one goes, too.
  ASSERT_TRUE(registry.publish(draft({product("kpi", "sum", {"id"})}), kpi).ok());
  EXPECT_TRUE(registry.publish(draft({other}), key)->head.publication.retired.contains("read"));
}

TEST_F(RegistryTest, BelongsToTheFirstKey) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  const auto refused = registry.publish(draft({product("pay", "payment", {"id", "x"})}), new_key());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7203);
  EXPECT_TRUE(registry.publish(draft({product("shop", "order", {"id"})}), new_key()).ok());
}

TEST_F(RegistryTest, MergesWithThePublisherThatWasFirst) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  store.before_swap = [&] {
    // Without its turn, as a store without locks would have it.
    MemoryStore copy;
    copy.content() = store.content();
    Registry other(copy, clock);
    const auto published = other.publish(draft({product("pay", "refund", {"id"})}), key);
    ASSERT_TRUE(published.ok());
    for (const auto& [name, content] : copy.content()) store.put_if_absent(name, content).ok();
    const auto head = store.read_head("domains/pay/head");
    ASSERT_TRUE(*store.swap_head("domains/pay/head", (*head)->etag, published->head.hash + "\n"));
  };
  const auto merged = registry.publish(draft({product("pay", "payout", {"id"})}), key);
  ASSERT_TRUE(merged.ok()) << merged.error().message;
  EXPECT_EQ(merged->attempts, 2);
  EXPECT_EQ(merged->head.publication.products.size(), 3u);
  EXPECT_EQ(merged->head.publication.sequence, 3);
  EXPECT_EQ(registry.chain("pay")->size(), 3u);
}

/// Another publisher, without its turn, as a store without locks would have it.
void publish_between(MemoryStore& store, Clock& clock, const Draft& draft, const DomainKey& key) {
  MemoryStore copy;
  copy.content() = store.content();
  Registry other(copy, clock);
  const auto published = other.publish(draft, key);
  ASSERT_TRUE(published.ok()) << published.error().message;
  for (const auto& [name, content] : copy.content()) (void)store.put_if_absent(name, content);
  const auto head = store.read_head("domains/pay/head");
  ASSERT_TRUE(*store.swap_head("domains/pay/head", (*head)->etag, published->head.hash + "\n"));
}

TEST_F(RegistryTest, FindsItsPublicationWhoseAnswerWasLost) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  store.behind_lost_swap = [&] { publish_between(store, clock, draft({product("pay", "refund", {"id"})}), key); };
  const auto published = registry.publish(draft({product("pay", "payout", {"id"})}), key);
  ASSERT_TRUE(published.ok()) << published.error().message;
  EXPECT_TRUE(published->wrote);
  EXPECT_EQ(published->attempts, 1);
  EXPECT_EQ(published->head.publication.sequence, 2);
  const auto links = registry.chain("pay");
  ASSERT_EQ(links->size(), 3u);
  EXPECT_EQ((*links)[1].hash, published->head.hash);
  EXPECT_EQ(links->front().publication.products.size(), 3u);

  const DomainKey next = new_key();
  store.behind_lost_swap = [&] { publish_between(store, clock, draft({product("pay", "fee", {"id"})}), next); };
  const auto changed = registry.change_key({.domain = "pay", .to = next.public_name(), .compiler = "braid test"}, key);
  ASSERT_TRUE(changed.ok()) << changed.error().message;
  EXPECT_EQ(changed->publication.sequence, 4);
  EXPECT_EQ(registry.chain("pay")->size(), 5u);
}

TEST_F(RegistryTest, AsksTheGateForEachAttempt) {
  int asked = 0;
  const auto refused = registry.publish(draft({product("pay", "payment", {"id"})}), key,
                                        [&](const Draft&, const std::optional<StoredPublication>& head) -> Status {
                                          ++asked;
                                          EXPECT_FALSE(head.has_value());
                                          return Error{.kind = ErrorKind::usage, .message = "no", .code = 7000};
                                        });
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(store.content().empty());
}

TEST_F(RegistryTest, WaitsForItsTurn) {
  auto turn = store.take_turn();
  const auto refused = registry.publish(draft({product("pay", "payment", {"id"})}), key);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7204);
  turn->reset();
  EXPECT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
}

TEST_F(RegistryTest, FindsEveryByteThatWasChanged) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id", "at"})}), key).ok());
  const std::map<std::string, std::string> right = store.content();
  auto is_found = [&] {
    const auto links = registry.chain("pay");
    if (!links.ok()) return links.error().code == 7202;
    for (const StoredPublication& link : *links)
      for (const auto& [name, versions] : link.publication.products)
        for (const auto& [version, published] : versions)
          if (const auto read = registry.interface(published.interface); !read.ok()) return read.error().code == 7202;
    return links->size() != 2;  // an older head is a whole one: braid.lock knows the number
  };
  EXPECT_FALSE(is_found());
  for (const auto& [name, content] : right) {
    for (size_t at = 0; at < content.size(); ++at) {
      store.content()[name][at] ^= 1;
      EXPECT_TRUE(is_found()) << name << " byte " << at;
      store.content()[name] = content;
    }
    store.content().erase(name);
    EXPECT_TRUE(is_found()) << name << " is missing";
    store.content() = right;
  }
}

TEST_F(RegistryTest, FindsPublicationsOfOthersInAChain) {
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  const auto before = registry.head("pay");
  // Somebody who may write files, and has a key of his own.
  const DomainKey other = new_key();
  auto forge = [&](Publication made) {
    made.keys = {other.public_name()};
    const std::string text = signed_json(made, other);
    EXPECT_TRUE(read_publication(text).ok());
    store.content()[object_name(content_hash(text))] = text;
    store.content()["domains/pay/head"] = content_hash(text) + "\n";
    return registry.chain("pay");
  };
  Publication next = (*before)->publication;
  next.previous = (*before)->hash;
  next.sequence = 2;
  EXPECT_EQ(forge(next).error().code, 7202);
  Publication first = (*before)->publication;
  EXPECT_TRUE(forge(first).ok()) << "a new chain is a chain: braid.lock knows the key";
  first.sequence = 7;
  EXPECT_EQ(forge(first).error().code, 7202);
  first.domain = "shop";
  EXPECT_EQ(forge(first).error().code, 7202);
}

TEST(Publications, HaveOneText) {
  const DomainKey key = new_key();
  Publication made{.tenant = "acme", .domain = "pay", .time_us = 1'700'000'000'123'456, .compiler = "braid"};
  made.keys = {key.public_name()};
  made.products["payment"][1] = {.interface = content_hash("a"), .minor = 3};
  made.products["payment"][10] = {.interface = content_hash("b")};
  made.products["payment"][10].documents = {{"odcs", content_hash("d")}, {"lineage", content_hash("e")}};
  made.readers["pay.payment@1"]["shop.order@2"] = {.interface = content_hash("c"), .fields = {"id", "at"}};
  ReadOfProduct& read = made.readers["pay.payment@1"]["shop.order@3"];
  read = {.interface = content_hash("d"), .fields = {"state"}, .exhaustive = {"state", "lines[].kind"}, .expects = {}};
  read.expects = {.promises = {.fresh_us = 60'000'000,
                               .latencies = {{"p99", 1}},
                               .completes = {{{{"id"}}, "99.5"}},
                               .volumes = {{1, 2, 3}},
                               .state_bytes = {},
                               .keep_us = 5},
                  .uniques = {{.fields = {{"id"}}, .within_us = 7}, {.fields = {{"a", "b"}}, .within_us = {}}},
                  .checks = {"sound"}};
  made.retired["payment"][2] = {.interface = content_hash("r"), .minor = 4};
  const std::string text = signed_json(made, key);
  const Result<Publication> back = read_publication(text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  made.signer = key.public_name();
  EXPECT_EQ(*back, made);
  EXPECT_EQ(signed_json(*back, key), text);
  EXPECT_FALSE(read_publication(text + " ").ok());
  EXPECT_FALSE(read_publication(nlohmann::json::parse(text).dump(1)).ok());
  EXPECT_FALSE(read_publication("[]").ok());
  EXPECT_FALSE(read_publication(R"({"publication":1})").ok());
  EXPECT_EQ(parse_version_name("a.b@2"), std::pair(std::string("a.b"), int64_t{2}));
  for (const char* name : {"a.b", "@1", "a@", "a@x", "a@1x"}) EXPECT_FALSE(parse_version_name(name)) << name;
  for (const char* name : {"", ".", "..", "a/b", ".a", "a..b", "a b", "a."}) EXPECT_FALSE(is_domain_name(name)) << name;
  EXPECT_TRUE(is_domain_name("retail.pay-ments_2"));
}

// ---- what each store keeps, of a directory

StorePlace directory_place(SimFs& fs) {
  return {
      .open = [&fs] { return std::make_unique<DirectoryStore>(fs, "/registry"); },
      .alter = [&fs](const std::string& name,
                     const std::string& content) { ASSERT_TRUE(fs.write_file("/registry/" + name, content).ok()); }};
}

TEST(DirectoryStores, ReadBackWhatIsPublished) {
  SimFs fs(1);
  expect_publications_are_read_back(directory_place(fs));
}

TEST(DirectoryStores, LoseNothingOfTwoPublishers) {
  SimFs fs(1);
  expect_two_publishers_lose_nothing(directory_place(fs));
}

TEST(DirectoryStores, OutlivePublishersThatAreKilled) {
  std::unique_ptr<SimFs> fs;
  expect_killed_publications_leave_a_state([&] {
    fs = std::make_unique<SimFs>(1);
    return directory_place(*fs);
  });
}

TEST(DirectoryStores, FindAlteredBytes) {
  SimFs fs(1);
  expect_altered_bytes_are_found(directory_place(fs));
}

// ---- keys

TEST_F(RegistryTest, HandsADomainToAnotherKey) {
  const DomainKey next = new_key();
  ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
  const auto refused = registry.change_key({.domain = "pay", .to = next.public_name(), .compiler = "braid"}, next);
  ASSERT_FALSE(refused.ok()) << "who has the new key alone may not take the domain";
  EXPECT_EQ(refused.error().code, 7258);
  const auto changed = registry.change_key({.domain = "pay", .to = next.public_name(), .compiler = "braid"}, key);
  ASSERT_TRUE(changed.ok()) << changed.error().message;
  EXPECT_EQ(changed->publication.sequence, 2);
  EXPECT_EQ(changed->publication.signer, key.public_name());
  EXPECT_EQ(registry.change_key({.domain = "pay", .to = next.public_name(), .compiler = "braid"}, next).error().code,
            7258);
  EXPECT_EQ(registry.publish(draft({product("pay", "payment", {"id", "at"})}), key).error().code, 7203);
  const auto published = registry.publish(draft({product("pay", "payment", {"id", "at"})}), next);
  ASSERT_TRUE(published.ok()) << published.error().message;
  EXPECT_EQ(published->head.publication.keys, std::vector{next.public_name()});
  // Who has pinned the old key finds the way to the new one.
  EXPECT_EQ(registry.chain("pay", key.public_name())->back().publication.signer, key.public_name());
  EXPECT_EQ(registry.chain("pay")->size(), 3u);
  // The old key, in the hands of somebody who may write files.
  Publication forged = published->head.publication;
  forged.previous = published->head.hash;
  ++forged.sequence;
  forged.keys = {key.public_name()};
  const std::string text = signed_json(forged, key);
  store.content()[object_name(content_hash(text))] = text;
  store.content()["domains/pay/head"] = content_hash(text) + "\n";
  EXPECT_EQ(registry.chain("pay").error().code, 7202);
  EXPECT_EQ(registry.chain("pay", key.public_name()).error().code, 7202) << "also for who has pinned it";
}

TEST_F(RegistryTest, RecoversADomainWhoseKeyIsLost) {
  const DomainKey recovery = new_key(), next = new_key();
  Draft made = draft({product("pay", "payment", {"id"})});
  ASSERT_TRUE(registry.publish(made, key).ok());
  const KeyChange change{.domain = "pay", .to = next.public_name(), .compiler = "braid"};
  EXPECT_EQ(registry.change_key(change, recovery).error().code, 7258) << "nobody has named it";
  made.recovery = recovery.public_name();
  const auto named = registry.publish(made, key);
  ASSERT_TRUE(named.ok() && named->wrote);
  made.recovery.clear();
  EXPECT_FALSE(registry.publish(made, key)->wrote) << "what is not said stays";
  // It publishes nothing itself.
  EXPECT_EQ(registry.publish(draft({product("pay", "payment", {"id", "at"})}), recovery).error().code, 7203);
  const auto changed = registry.change_key(change, recovery);
  ASSERT_TRUE(changed.ok()) << changed.error().message;
  const auto published = registry.publish(draft({product("pay", "payment", {"id", "at"})}), next);
  ASSERT_TRUE(published.ok()) << published.error().message;
  EXPECT_EQ(published->head.publication.recovery, recovery.public_name());
  EXPECT_EQ(registry.chain("pay", key.public_name())->back().publication.signer, key.public_name());
  // A publication of the key for recovery that changes a product is none.
  Publication forged = published->head.publication;
  forged.previous = published->head.hash;
  ++forged.sequence;
  forged.products.erase("payment");
  const std::string text = signed_json(forged, recovery);
  store.content()[object_name(content_hash(text))] = text;
  store.content()["domains/pay/head"] = content_hash(text) + "\n";
  const auto refused = registry.chain("pay");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("changes more than the keys"), std::string::npos);
}

TEST_F(RegistryTest, ReadsTheLinksBehindANumber) {
  for (const char* field : {"a", "b", "c", "d"})
    ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id", field})}), key).ok());
  const auto since = registry.chain_since("pay", 2);
  ASSERT_TRUE(since.ok());
  ASSERT_EQ(since->size(), 3u);
  EXPECT_EQ(since->front().publication.sequence, 2);
  EXPECT_EQ(since->back().publication.sequence, 4);
  EXPECT_EQ(registry.chain_since("pay", 0)->size(), 4u);
  EXPECT_EQ(registry.chain_since("pay", 4)->size(), 1u);
}

// ---- a directory

TEST(DirectoryStores, SwapOnlyWhatWasRead) {
  SimFs fs(1);
  DirectoryStore store(fs, "/registry");
  EXPECT_TRUE(*store.swap_head("domains/a/head", std::nullopt, "1"));
  EXPECT_FALSE(*store.swap_head("domains/a/head", std::nullopt, "2"));
  EXPECT_FALSE(*store.swap_head("domains/a/head", "0", "2"));
  EXPECT_TRUE(*store.swap_head("domains/a/head", "1", "2"));
  EXPECT_EQ((*store.read_head("domains/a/head"))->content, "2");
  EXPECT_TRUE(*store.put_if_absent("objects/ab/abc", "x"));
  EXPECT_FALSE(*store.put_if_absent("objects/ab/abc", "x"));
  EXPECT_EQ(*store.list("objects"), std::vector<std::string>{"objects/ab/abc"});
  EXPECT_EQ(*store.list("domains"), std::vector<std::string>{"domains/a/head"});
  auto turn = store.take_turn();
  EXPECT_EQ(*DirectoryStore(fs, "/registry").take_turn(), nullptr);
  turn->reset();
  EXPECT_NE(*DirectoryStore(fs, "/registry").take_turn(), nullptr);
}

/// The power goes at every operation of a publication, and of the collection behind it: what is read afterwards is the
/// old state or the new one, and the next publication goes through.
TEST(DirectoryStores, AreNotEmptyWhenTheyAreGone) {
  SimFs fs(1);
  DirectoryStore store(fs, "/registry");
  // Nobody has published yet.
  EXPECT_EQ(*store.read_head("domains/shop/head"), std::nullopt);
  EXPECT_TRUE(store.list("domains")->empty());
  ASSERT_TRUE(*store.put_if_absent("objects/a", "1"));
  ASSERT_TRUE(*store.swap_head("domains/shop/head", std::nullopt, "1"));
  EXPECT_EQ(*store.read("objects/b"), std::nullopt);
  const auto expect_gone = [&] {
    const auto is_gone = [](const auto& answer) {
      return !answer.ok() && answer.error().code == diag::RegistryGone::kCode;
    };
    EXPECT_TRUE(is_gone(store.read("objects/a")));
    EXPECT_TRUE(is_gone(store.read_head("domains/shop/head")));
    EXPECT_TRUE(is_gone(store.list("domains")));
    EXPECT_TRUE(is_gone(store.put_if_absent("objects/b", "2")));
    EXPECT_TRUE(is_gone(store.swap_head("domains/shop/head", std::nullopt, "2")));
    EXPECT_TRUE(is_gone(store.take_turn()));
  };
  ASSERT_TRUE(fs.rename("/registry", "/away").ok());
  expect_gone();
  EXPECT_FALSE(fs.stat("/registry")->exists);
  // What is left of a file system that was unmounted.
  ASSERT_TRUE(fs.make_directories("/registry").ok());
  expect_gone();
  ASSERT_TRUE(fs.remove("/registry").ok());
  ASSERT_TRUE(fs.rename("/away", "/registry").ok());
  EXPECT_EQ(*store.read("objects/a"), "1");
  // A command that begins later knows nothing of it.
  EXPECT_TRUE(DirectoryStore(fs, "/nowhere").list("domains")->empty());
}

TEST(DirectoryStores, OutliveAPowerCutAnywhere) {
  const DomainKey key = new_key();
  int old_states = 0, new_states = 0;
  uint64_t operations = 0;
  bool cut_all = false;
  for (uint64_t cut = 1; !cut_all; ++cut) {
    cut_all = true;
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      SimFs fs(seed);
      ManualClock clock(1'700'000'000'000'000);
      DirectoryStore store(fs, "/registry");
      Registry registry(store, clock);
      ASSERT_TRUE(registry.publish(draft({product("pay", "payment", {"id"})}), key).ok());
      const uint64_t begin = fs.operations();
      fs.cut_power_at(begin + cut);
      const auto published = registry.publish(draft({product("pay", "payment", {"id", "at"})}), key);
      const bool collected = published.ok() && registry.collect().ok();
      const bool was_cut = fs.power_is_cut();
      cut_all &= !was_cut;
      operations = cut;
      fs.crash();
      const auto links = registry.chain("pay");
      ASSERT_TRUE(links.ok()) << "cut at " << cut << ": " << links.error().message;
      const Publication& now = links->front().publication;
      const auto interface = registry.interface(now.products.at("payment").at(1).interface);
      ASSERT_TRUE(interface.ok()) << "cut at " << cut << ": " << interface.error().message;
      EXPECT_EQ(interface->fields.size(), now.sequence == 1 ? 1u : 2u);
      if (published.ok()) EXPECT_EQ(now.sequence, 2) << "what was reported as published is durable";
      now.sequence == 1 ? ++old_states : ++new_states;
      const auto next = registry.publish(draft({product("pay", "payment", {"id", "at", "note"})}), key);
      ASSERT_TRUE(next.ok()) << "cut at " << cut << ": " << next.error().message;
      ASSERT_TRUE(registry.collect().ok());
      EXPECT_EQ(registry.chain("pay")->size(), static_cast<size_t>(now.sequence) + 1);
      // All that is left is named: two objects for each publication.
      EXPECT_EQ(store.list("objects")->size(), 2 * registry.chain("pay")->size());
      EXPECT_TRUE(store.list_leftovers("objects")->empty() && store.list_leftovers("domains")->empty());
      if (!was_cut) EXPECT_TRUE(collected);
    }
  }
  EXPECT_GT(operations, 20u);
  EXPECT_GT(old_states, 10);
  EXPECT_GT(new_states, 10);
}

TEST(DirectoryStores, LoseNothingOfPublishersAtOnce) {
  const std::string root =
      (std::filesystem::temp_directory_path() / "braid-registry-").string() + *real_fs().unique_id();
  const DomainKey key = new_key();
  constexpr int kPublishers = 4, kEach = 8;
  std::vector<std::thread> publishers;
  for (int publisher = 0; publisher < kPublishers; ++publisher)
    publishers.emplace_back([&, publisher] {
      DirectoryStore store(real_fs(), root);
      Registry registry(store, system_clock());
      for (int i = 0; i < kEach; ++i) {
        const std::string name = "product_" + std::to_string(publisher) + "_" + std::to_string(i);
        const auto published = registry.publish(draft({product("pay", name, {"id"})}), key);
        ASSERT_TRUE(published.ok()) << published.error().message;
      }
    });
  for (std::thread& publisher : publishers) publisher.join();
  DirectoryStore store(real_fs(), root);
  Registry registry(store, system_clock());
  const auto links = registry.chain("pay");
  ASSERT_TRUE(links.ok());
  EXPECT_EQ(links->size(), static_cast<size_t>(kPublishers * kEach));
  EXPECT_EQ(links->front().publication.products.size(), static_cast<size_t>(kPublishers * kEach));
  ASSERT_TRUE(real_fs().remove_tree(root).ok());
}

/// The swap alone, without turns: each writer appends to what it has read.
TEST(DirectoryStores, SwapsOfManyThreadsAreAllThere) {
  const std::string root = (std::filesystem::temp_directory_path() / "braid-swaps-").string() + *real_fs().unique_id();
  constexpr int kWriters = 4, kEach = 20;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer)
    writers.emplace_back([&] {
      DirectoryStore store(real_fs(), root);
      for (int done = 0; done < kEach;) {
        const auto head = store.read_head("domains/a/head");
        ASSERT_TRUE(head.ok());
        const std::optional<std::string> etag = *head ? std::optional((*head)->etag) : std::nullopt;
        const auto swapped = store.swap_head("domains/a/head", etag, (*head ? (*head)->content : "") + "x");
        ASSERT_TRUE(swapped.ok()) << swapped.error().message;
        done += *swapped;
      }
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ((*DirectoryStore(real_fs(), root).read_head("domains/a/head"))->content.size(),
            static_cast<size_t>(kWriters * kEach));
  ASSERT_TRUE(real_fs().remove_tree(root).ok());
}

}  // namespace
}  // namespace braid::mesh
