// What every store of a registry has to keep, as tests that each implementation is put through: heads are swapped as
// they were read, two publishers lose nothing of each other's, a publication that is killed at any write leaves the old
// state or the new one, bytes that were altered are found. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "mesh/registry/content_hash.h"
#include "mesh/registry/observed_store.h"
#include "mesh/registry/registry.h"

namespace braid::mesh {

/// A store that is tested.
struct StorePlace {
  /// Another client of the same place.
  std::function<std::unique_ptr<ObjectStore>()> open;
  /// Puts these bytes there, behind the back of all clients.
  std::function<void(const std::string& name, const std::string& content)> alter;
  bool collects = true;  ///< what is not named can be removed through it
};

inline Draft conformance_draft(const std::string& product, int fields = 1) {
  Interface made{.domain = "pay", .name = product, .version = 1};
  for (int i = 0; i < fields; ++i) made.fields.push_back({.name = "f" + std::to_string(i), .type = int_type()});
  Draft draft{.tenant = "acme", .domain = "pay", .compiler = "braid test"};
  draft.interfaces.push_back(std::move(made));
  return draft;
}

inline void expect_publications_are_read_back(const StorePlace& place) {
  ManualClock clock(1'700'000'000'000'000);
  const DomainKey key = *DomainKey::create();
  const auto store = place.open(), other = place.open();
  Registry registry(*store, clock), reader(*other, clock);
  EXPECT_TRUE(reader.domains()->empty());
  EXPECT_FALSE(reader.head("pay")->has_value());
  const auto first = registry.publish(conformance_draft("payment"), key);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->objects, 2);
  EXPECT_EQ(*reader.domains(), std::vector<std::string>{"pay"});
  EXPECT_EQ((*reader.head("pay"))->publication, first->head.publication);
  EXPECT_FALSE(registry.publish(conformance_draft("payment"), key)->wrote);
  const auto second = registry.publish(conformance_draft("payment", 2), key);
  ASSERT_TRUE(second.ok()) << second.error().message;
  const auto links = reader.chain("pay");
  ASSERT_TRUE(links.ok()) << links.error().message;
  EXPECT_EQ(links->size(), 2u);
  EXPECT_EQ(reader.interface(links->front().publication.products.at("payment").at(1).interface)->fields.size(), 2u);
  // A key that is not the domain's.
  const auto refused = registry.publish(conformance_draft("payment", 3), *DomainKey::create());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7203);
}

inline void expect_two_publishers_lose_nothing(const StorePlace& place) {
  ManualClock clock(1'700'000'000'000'000);
  const DomainKey key = *DomainKey::create();
  const auto store = place.open(), other = place.open();
  Registry first(*store, clock);
  ASSERT_TRUE(first.publish(conformance_draft("payment"), key).ok());
  // The other one comes between the read of the head and its swap, whatever turns say.
  const std::optional<StoredHead> read = *store->read_head("domains/pay/head");
  ASSERT_TRUE(read);
  Registry second(*other, clock);
  const auto merged = second.publish(conformance_draft("refund"), key);
  ASSERT_TRUE(merged.ok()) << merged.error().message;
  const Result<bool> late = store->swap_head("domains/pay/head", read->etag, read->content);
  ASSERT_TRUE(late.ok()) << late.error().message;
  EXPECT_FALSE(*late);
  const Result<bool> again = store->swap_head("domains/pay/head", std::nullopt, read->content);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_FALSE(*again);
  EXPECT_EQ(first.publish(conformance_draft("payout"), key)->head.publication.products.size(), 3u);
  EXPECT_EQ(second.chain("pay")->size(), 3u);
}

inline void expect_killed_publications_leave_a_state(const std::function<StorePlace()>& make) {
  struct Killed {};
  for (int kill_at = 1, killed = 1; killed != 0; ++kill_at) {
    ASSERT_LT(kill_at, 50);
    const StorePlace place = make();
    ManualClock clock(1'700'000'000'000'000);
    const DomainKey key = *DomainKey::create();
    const auto store = place.open();
    Registry registry(*store, clock);
    ASSERT_TRUE(registry.publish(conformance_draft("payment"), key).ok());
    killed = 0;
    {
      int writes = 0;
      ObservedStore observed(*store, [&](std::string_view) {
        if (++writes == kill_at) throw Killed();
      });
      Registry dying(observed, clock);
      try {
        EXPECT_TRUE(dying.publish(conformance_draft("payment", 2), key).ok());
      } catch (const Killed&) {
        killed = 1;
      }
    }
    const auto links = registry.chain("pay");
    ASSERT_TRUE(links.ok()) << "killed at " << kill_at << ": " << links.error().message;
    const Publication& now = links->front().publication;
    const auto interface = registry.interface(now.products.at("payment").at(1).interface);
    ASSERT_TRUE(interface.ok()) << "killed at " << kill_at << ": " << interface.error().message;
    EXPECT_EQ(interface->fields.size(), static_cast<size_t>(now.sequence));
    const auto next = registry.publish(conformance_draft("payment", 3), key);
    ASSERT_TRUE(next.ok()) << "killed at " << kill_at << ": " << next.error().message;
    EXPECT_EQ(next->head.publication.sequence, now.sequence + 1);
    const auto collected = registry.collect();
    EXPECT_EQ(collected.ok(), place.collects);
    ASSERT_TRUE(registry.chain("pay").ok());
  }
}

inline void expect_altered_bytes_are_found(const StorePlace& place) {
  ManualClock clock(1'700'000'000'000'000);
  const DomainKey key = *DomainKey::create();
  const auto store = place.open();
  Registry registry(*store, clock);
  const auto published = registry.publish(conformance_draft("payment"), key);
  ASSERT_TRUE(published.ok()) << published.error().message;
  const std::string name = object_name(published->head.hash);
  std::string text = **store->read(name);
  text[text.size() / 2] ^= 1;
  place.alter(name, text);
  const auto head = registry.head("pay");
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code, 7202);
  place.alter("domains/pay/head", "nothing\n");
  EXPECT_EQ(registry.head("pay").error().code, 7202);
}

}  // namespace braid::mesh
