// A log that is written, read back, and damaged in every way that a single edit can.
#include <gtest/gtest.h>

#include "mesh/audit/audit_log.h"
#include "mesh/audit/publications.h"
#include "mesh/registry/memory_store.h"

namespace braid::mesh {
namespace {

DomainKey new_key() {
  Result<DomainKey> key = DomainKey::create();
  EXPECT_TRUE(key.ok());
  return *key;
}

AuditEvent event(int number) {
  return {.type = number % 2 == 0 ? AuditType::access_granted : AuditType::contract_published,
          .time_us = 1'700'000'000'000'000 + number,
          .subject = "urn:braid:acme:sales:order:1",
          .data = {{"actor", "ana@acme.example"}, {"number", std::to_string(number)}}};
}

struct AuditTest : testing::Test {
  MemoryStore store;
  ManualClock clock{1'700'000'000'000'000};
  AuditLog log{store, clock, "acme", "sales"};
  DomainKey key = new_key();

  void write(int count) {
    for (int i = 1; i <= count; ++i) ASSERT_TRUE(log.append({event(i)}, key).ok());
  }
  size_t faults() {
    const Result<AuditCheck> check = log.verify({key.public_name()});
    EXPECT_TRUE(check.ok());
    return check->faults.size();
  }
};

TEST(AuditEvents, AreTheSameBehindTheirText) {
  for (int type = 0; type <= static_cast<int>(AuditType::key_changed); ++type) {
    AuditEvent one = event(1);
    one.type = static_cast<AuditType>(type);
    const ChainedEvent chained{"urn:braid:acme:sales", 7, "abc", one};
    const Result<ChainedEvent> back = read_event(to_json(chained));
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, chained);
  }
}

TEST(AuditEvents, HaveTheAttributesOfACloudEvent) {
  EXPECT_EQ(to_json({"urn:braid:acme:sales", 2, "f00", event(2)}),
            R"({"data":{"actor":"ana@acme.example","number":"2"},"datacontenttype":"application/json","id":"2",)"
            R"("previoushash":"f00","source":"urn:braid:acme:sales","specversion":"1.0",)"
            R"("subject":"urn:braid:acme:sales:order:1","time":"2023-11-14T22:13:20.000002Z",)"
            R"("type":"io.braid.access.granted"})");
}

TEST_F(AuditTest, SaysWhoseTenantItIsOf) {
  EXPECT_EQ(*AuditLog::tenant_in(store, "sales"), "");
  write(1);
  EXPECT_EQ(*AuditLog::tenant_in(store, "sales"), "acme");
  store.content()["audit/sales/head"] = "{";
  EXPECT_EQ(*AuditLog::tenant_in(store, "sales"), "");
}

TEST_F(AuditTest, GivesTheEventsInOrder) {
  write(3);
  ASSERT_TRUE(log.append({event(4), event(5)}, key).ok());
  const auto events = log.read();
  ASSERT_TRUE(events.ok()) << events.error().message;
  ASSERT_EQ(events->size(), 5u);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ((*events)[i - 1].sequence, i);
    EXPECT_EQ((*events)[i - 1].event, event(i));
  }
  EXPECT_EQ(faults(), 0u);
  EXPECT_EQ(*AuditLog::nodes(store), std::vector<std::string>{"sales"});
}

TEST_F(AuditTest, IsReadBackAsFarAsOneLikes) {
  int64_t seen = 0;
  const auto visit = [&](const ChainedEvent& each) {
    seen = each.sequence;
    EXPECT_EQ(each.event, event(static_cast<int>(each.sequence)));
    return each.sequence > 3;
  };
  EXPECT_TRUE(log.read_back(visit).ok());
  EXPECT_EQ(seen, 0);
  write(5);
  EXPECT_TRUE(log.read_back(visit).ok());
  EXPECT_EQ(seen, 3);
  for (auto& [name, content] : store.content())
    if (name.find("000000000004") != std::string::npos) content += " ";
  const Status altered = log.read_back(visit);
  ASSERT_FALSE(altered.ok());
  EXPECT_EQ(altered.error().code, 7202);
}

TEST_F(AuditTest, TakesNoMarkBack) {
  const auto mark = [&](int number, int64_t records) {
    ASSERT_TRUE(log.append_behind(
                       [&](const AuditHead*) {
                         return Result<AuditAddition>({.events = {event(number)}, .marks = {{"records", records}}});
                       },
                       key)
                    .ok());
  };
  mark(1, 6);
  mark(2, 5);  // looked at the other log before the one that was first
  int64_t seen = 0;
  ASSERT_TRUE(log.append_behind(
                     [&](const AuditHead* head) {
                       seen = head->marks.at("records");
                       return Result<AuditAddition>(AuditAddition{});
                     },
                     key)
                  .ok());
  EXPECT_EQ(seen, 6);
}

TEST_F(AuditTest, AnEmptyLogIsRight) {
  EXPECT_TRUE(log.read()->empty());
  EXPECT_EQ(faults(), 0u);
}

TEST_F(AuditTest, AnotherAppenderMayBeFirst) {
  write(1);
  AuditLog other(store, clock, "acme", "sales");
  bool let_in = false;
  store.before_swap = [&] {
    if (std::exchange(let_in, true)) return;
    ASSERT_TRUE(other.append({event(2)}, key).ok());
  };
  ASSERT_TRUE(log.append({event(3)}, key).ok());
  const auto events = log.read();
  ASSERT_TRUE(events.ok()) << events.error().message;
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[1].event, event(2));
  EXPECT_EQ((*events)[2].event, event(3));
}

// The swap was made, its answer lost on its way, and another appender has come since: nothing is on record twice.
TEST_F(AuditTest, AnAnswerThatIsLostAddsNothingTwice) {
  write(1);
  AuditLog other(store, clock, "acme", "sales");
  store.behind_lost_swap = [&] { ASSERT_TRUE(other.append({event(3)}, key).ok()); };
  ASSERT_TRUE(log.append({event(2)}, key).ok());
  const auto events = log.read();
  ASSERT_TRUE(events.ok()) << events.error().message;
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[1].event, event(2));
  EXPECT_EQ((*events)[2].event, event(3));
}

// Each byte of each file, altered; each file, dropped, and exchanged for each other one.
TEST_F(AuditTest, EachSingleEditIsFound) {
  write(4);
  ASSERT_EQ(faults(), 0u);
  const std::map<std::string, std::string> whole = store.content();
  ASSERT_EQ(whole.size(), 5u);
  size_t edits = 0;
  for (const auto& [name, text] : whole) {
    for (size_t at = 0; at < text.size(); ++at)
      for (const char other : {' ', '0', 'f', '"', static_cast<char>(text[at] ^ 1)}) {
        if (other == text[at]) continue;
        store.content()[name][at] = other;
        EXPECT_GT(faults(), 0u) << name << " at " << at;
        store.content()[name] = text;
        ++edits;
      }
    store.content().erase(name);
    EXPECT_GT(faults(), 0u) << "without " << name;
    for (const auto& [another, its_text] : whole) {
      if (another == name) continue;
      store.content()[name] = its_text;
      EXPECT_GT(faults(), 0u) << another << " in place of " << name;
      ++edits;
    }
    store.content()[name] = text + "\n";
    EXPECT_GT(faults(), 0u) << name << " with a line more";
    store.content()[name] = text;
  }
  EXPECT_GT(edits, 4'000u);
  EXPECT_EQ(faults(), 0u);
}

TEST_F(AuditTest, AHeadOfAnotherKeyIsFound) {
  write(2);
  const DomainKey other = new_key();
  EXPECT_TRUE(log.append({event(3)}, other).ok());
  EXPECT_EQ(faults(), 1u);
  EXPECT_TRUE(log.verify({key.public_name(), other.public_name()})->faults.empty());
}

TEST_F(AuditTest, AReorderedLogThatIsChainedAnewNeedsTheKey) {
  write(3);
  const std::string signed_before = store.content().at("audit/sales/head");
  MemoryStore forged;
  AuditLog another(forged, clock, "acme", "sales");
  for (const int number : {2, 1, 3}) ASSERT_TRUE(another.append({event(number)}, new_key()).ok());
  store.content() = forged.content();
  EXPECT_GT(faults(), 0u);
  store.content()["audit/sales/head"] = signed_before;
  EXPECT_GT(faults(), 0u);
}

TEST_F(AuditTest, ALogThatIsTakenBackLacksWhatIsKnown) {
  write(2);
  const std::map<std::string, std::string> earlier = store.content();
  write(1);
  const Result<AuditCheck> check = log.verify({key.public_name()});
  ASSERT_EQ(check->hashes.size(), 3u);
  const std::vector<std::string> known{check->hashes.back()};
  EXPECT_TRUE(log.verify({key.public_name()}, known)->faults.empty());
  store.content() = earlier;
  EXPECT_EQ(faults(), 0u);
  EXPECT_EQ(log.verify({key.public_name()}, known)->faults.size(), 1u);
}

TEST_F(AuditTest, TheEventsOfAnotherLogAreNotItsOwn) {
  AuditLog marketing(store, clock, "acme", "marketing");
  ASSERT_TRUE(marketing.append({event(1)}, key).ok());
  for (const auto& [name, text] : std::map<std::string, std::string>(store.content()))
    store.content()["audit/sales" + name.substr(std::string("audit/marketing").size())] = text;
  EXPECT_GT(faults(), 0u);
}

/// Counts what is read.
class CountingStore : public MemoryStore {
 public:
  Result<std::optional<std::string>> read(const std::string& name) override {
    ++reads;
    return MemoryStore::read(name);
  }
  Result<std::optional<StoredHead>> read_head(const std::string& name) override {
    ++reads;
    return MemoryStore::read_head(name);
  }
  int64_t reads = 0;
};

TEST(Publications, AreRecordedWithoutReadingTheWholeLog) {
  CountingStore store;
  ManualClock clock(1'700'000'000'000'000);
  Registry registry(store, clock);
  const DomainKey key = new_key();
  AuditLog log(store, clock, "acme", "sales");
  std::vector<int64_t> reads;
  for (int i = 1; i <= 80; ++i) {
    Interface made{.domain = "sales", .name = "order", .version = 1};
    for (int field = 0; field <= i % 2; ++field)
      made.fields.push_back({.name = "f" + std::to_string(i) + "_" + std::to_string(field), .type = int_type()});
    Draft draft{.tenant = "acme", .domain = "sales", .compiler = "braid test"};
    draft.interfaces.push_back(std::move(made));
    store.reads = 0;
    ASSERT_TRUE(registry.publish(draft, key).ok());
    ASSERT_TRUE(record_publications(registry, log, "sales", key).ok());
    ASSERT_TRUE(record_publications(registry, log, "sales", key).ok());
    reads.push_back(store.reads);
    // What jobs record in between is not gone through.
    for (int use = 0; use < 3; ++use) ASSERT_TRUE(log.append({event(2)}, key).ok());
  }
  EXPECT_EQ(reads.back(), reads[2]);
  EXPECT_LT(reads.back(), 25);
  const auto events = log.read();
  ASSERT_TRUE(events.ok());
  const auto published = std::ranges::count_if(
      *events, [](const ChainedEvent& one) { return one.event.type == AuditType::contract_published; });
  EXPECT_EQ(published, 80);
  EXPECT_TRUE(log.verify({key.public_name()})->faults.empty());
}

TEST(Publications, AreRecordedOnceBehindALogWithoutMarks) {
  MemoryStore store;
  ManualClock clock(1'700'000'000'000'000);
  Registry registry(store, clock);
  const DomainKey key = new_key();
  AuditLog log(store, clock, "acme", "sales");
  Draft draft{.tenant = "acme", .domain = "sales", .compiler = "braid test"};
  draft.interfaces.push_back({.domain = "sales", .name = "order", .version = 1});
  ASSERT_TRUE(registry.publish(draft, key).ok());
  // As an earlier version has written it.
  ASSERT_TRUE(log.append({{.type = AuditType::contract_published,
                           .time_us = 1,
                           .subject = "urn:braid:acme:sales:order:1",
                           .data = {{"sequence", "1"}}}},
                         key)
                  .ok());
  ASSERT_TRUE(record_publications(registry, log, "sales", key).ok());
  EXPECT_EQ(log.read()->size(), 1u);
  draft.interfaces.push_back({.domain = "sales", .name = "refund", .version = 1});
  ASSERT_TRUE(registry.publish(draft, key).ok());
  ASSERT_TRUE(record_publications(registry, log, "sales", key).ok());
  EXPECT_EQ(log.read()->size(), 2u);
}

}  // namespace
}  // namespace braid::mesh
