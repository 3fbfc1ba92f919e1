// Requests that are granted, denied, revoked and that end; writers that are killed, meet each other, or write what is
// not theirs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mesh/access/access_events.h"
#include "mesh/access/domain_keys.h"
#include "mesh/access/signed_log.h"
#include "mesh/audit/publications.h"
#include "mesh/registry/content_hash.h"
#include "mesh/registry/directory_store.h"
#include "mesh/registry/memory_store.h"
#include "runtime/base/sim_fs.h"

namespace braid::mesh {
namespace {

using testing::ElementsAre;

constexpr int64_t kStart = 1'700'000'000'000'000, kDay = 86'400'000'000;

DomainKey new_key() {
  Result<DomainKey> key = DomainKey::create();
  EXPECT_TRUE(key.ok());
  return *key;
}

struct AccessTest : testing::Test {
  MemoryStore store;
  ManualClock clock{kStart};
  Registry registry{store, clock};
  AccessBook book{store, clock};
  DomainKey payments = new_key(), kpi = new_key(), privacy = new_key();

  /// `more`: a field besides `id`. What is published already is no publication.
  void publish(const std::string& domain, const DomainKey& key, const std::string& more = {}) {
    Draft draft{.tenant = "acme", .domain = domain, .compiler = "braid test"};
    Interface made{.domain = domain, .name = "payment", .version = 1};
    made.fields.push_back({.name = "id", .type = int_type()});
    if (!more.empty()) made.fields.push_back({.name = more, .type = int_type()});
    draft.interfaces = {made};
    ASSERT_TRUE(registry.publish(draft, key).ok());
  }
  void SetUp() override { publish("payments", payments); }

  AccessEntry ask(std::optional<int64_t> until = {}, const std::string& purpose = "reporting") {
    clock.advance_us(1'000'000);
    const auto made = book.request(
        {.product = "payments.payment", .version = 1, .reader = "kpi", .purpose = purpose, .until_us = until}, "acme",
        kpi);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made;
  }
  Result<AccessEntry> decide(Decision::Kind kind, const std::string& id, const std::string& domain,
                             const DomainKey& key, std::optional<int64_t> until = {}) {
    clock.advance_us(1'000'000);
    return book.decide({.kind = kind, .id = id, .domain = domain, .because = "so", .until_us = until}, "acme", key);
  }
  Result<AccessEntry> approve(const std::string& id, std::optional<int64_t> until = {}) {
    return decide(Decision::Kind::approve, id, "payments", payments, until);
  }
  bool is_granted() {
    const auto grant = book.grant("payments.payment", 1, "kpi");
    EXPECT_TRUE(grant.ok()) << grant.error().message;
    return grant.ok() && grant->has_value();
  }
  AccessState state_of(const std::string& id) {
    const auto all = book.all();
    EXPECT_TRUE(all.ok()) << all.error().message;
    for (const AccessEntry& one : *all)
      if (one.id == id) return one.state;
    ADD_FAILURE() << "no request " << id;
    return AccessState::open;
  }
};

TEST_F(AccessTest, IsForColumnsOrForARole) {
  AccessWish wish{.product = "payments.payment", .version = 1, .reader = "kpi", .purpose = "reporting", .until_us = {}};
  wish.columns = {"id", "amount"};
  const auto some = book.request(wish, "acme", kpi);
  ASSERT_TRUE(some.ok());
  EXPECT_THAT(some->columns, ElementsAre("id", "amount"));
  ASSERT_TRUE(approve(some->id).ok());
  const auto narrow = book.grant("payments.payment", 1, "kpi");
  ASSERT_TRUE(narrow.ok() && narrow->has_value());
  EXPECT_THAT((*narrow)->columns, ElementsAre("id", "amount"));
  // The same again is none; all of it is another wish, and comes before the columns.
  EXPECT_EQ(book.request(wish, "acme", kpi).error().code, 7222);
  wish.columns.clear();
  const auto all = book.request(wish, "acme", kpi);
  ASSERT_TRUE(all.ok()) << all.error().message;
  ASSERT_TRUE(approve(all->id, kStart + 10 * kDay).ok());
  EXPECT_TRUE((*book.grant("payments.payment", 1, "kpi"))->columns.empty());
  // A grant to a role is none for flows, and the records of its decision say whom it is for.
  wish.reader = "mail";
  wish.role = "support";
  const DomainKey mail = new_key();
  const auto role = book.request(wish, "acme", mail);
  ASSERT_TRUE(role.ok());
  ASSERT_TRUE(approve(role->id).ok());
  EXPECT_FALSE(book.grant("payments.payment", 1, "mail")->has_value());
  EXPECT_EQ(state_of(role->id), AccessState::granted);
  const auto records = book.records("payments");
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(records->front().of("columns"), "id amount");
  EXPECT_EQ(records->back().of("role"), "support");
}

TEST_F(AccessTest, IsLiveOnceItIsApproved) {
  const AccessEntry asked = ask();
  EXPECT_EQ(asked.state, AccessState::open);
  EXPECT_FALSE(is_granted());
  const auto decided = approve(asked.id);
  ASSERT_TRUE(decided.ok()) << decided.error().message;
  EXPECT_EQ(decided->state, AccessState::granted);
  EXPECT_TRUE(is_granted());
  // Of that version and for that reader alone.
  EXPECT_FALSE(book.grant("payments.payment", 2, "kpi")->has_value());
  EXPECT_FALSE(book.grant("payments.payment", 1, "audit")->has_value());
  EXPECT_FALSE(book.grant("payments.balance", 1, "kpi")->has_value());
  const auto all = book.all();
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().purpose, "reporting");
  EXPECT_EQ(all->front().decided_by, "payments");
}

TEST_F(AccessTest, EndsByTheClock) {
  const int64_t until = kStart + kDay;
  const AccessEntry asked = ask(until);
  ASSERT_TRUE(approve(asked.id).ok());
  clock.set_us(until - 1);
  EXPECT_TRUE(is_granted());
  clock.set_us(until);
  EXPECT_FALSE(is_granted());
  EXPECT_EQ(state_of(asked.id), AccessState::ended);
  // It can be asked for again, and what has ended cannot be revoked.
  EXPECT_EQ(decide(Decision::Kind::revoke, asked.id, "payments", payments).error().code, 7227);
  const AccessEntry again = ask(until + kDay);
  ASSERT_TRUE(approve(again.id).ok());
  EXPECT_TRUE(is_granted());
}

TEST_F(AccessTest, EndsWhenItsOwnerSays) {
  const AccessEntry asked = ask(kStart + 9 * kDay);
  ASSERT_TRUE(approve(asked.id, kStart + kDay).ok());
  clock.set_us(kStart + kDay);
  EXPECT_FALSE(is_granted());
  const AccessEntry late = ask(kStart + 2 * kDay);
  clock.set_us(kStart + 2 * kDay);
  EXPECT_EQ(approve(late.id).error().code, 7228) << "what is asked has passed";
  EXPECT_TRUE(approve(late.id, kStart + 3 * kDay).ok());
}

TEST_F(AccessTest, IsDeniedRevokedAndGivenBack) {
  const AccessEntry one = ask();
  ASSERT_TRUE(decide(Decision::Kind::deny, one.id, "payments", payments).ok());
  EXPECT_EQ(state_of(one.id), AccessState::denied);
  EXPECT_EQ(approve(one.id).error().code, 7227);
  EXPECT_FALSE(is_granted());

  const AccessEntry two = ask();
  ASSERT_TRUE(approve(two.id).ok());
  EXPECT_EQ(decide(Decision::Kind::deny, two.id, "payments", payments).error().code, 7227);
  ASSERT_TRUE(decide(Decision::Kind::revoke, two.id, "payments", payments).ok());
  EXPECT_FALSE(is_granted());
  EXPECT_EQ(state_of(two.id), AccessState::revoked);

  const AccessEntry three = ask();
  ASSERT_TRUE(approve(three.id).ok());
  ASSERT_TRUE(decide(Decision::Kind::revoke, three.id, "kpi", kpi).ok());
  EXPECT_EQ(state_of(three.id), AccessState::withdrawn);
  EXPECT_FALSE(is_granted());
}

TEST_F(AccessTest, IsAskedForOnce) {
  const AccessEntry asked = ask();
  const AccessWish wish{.product = "payments.payment", .version = 1, .reader = "kpi", .purpose = "reporting"};
  EXPECT_EQ(book.request(wish, "acme", kpi).error().code, 7223);
  ASSERT_TRUE(approve(asked.id).ok());
  EXPECT_EQ(book.request(wish, "acme", kpi).error().code, 7222);
  ask({}, "billing");  // another purpose is another question
}

TEST_F(AccessTest, IsNotForStrangersToDecide) {
  const AccessEntry asked = ask();
  publish("privacy", privacy);
  EXPECT_EQ(decide(Decision::Kind::approve, asked.id, "privacy", privacy).error().code, 7226);
  EXPECT_EQ(decide(Decision::Kind::approve, asked.id, "kpi", kpi).error().code, 7226);
  EXPECT_EQ(decide(Decision::Kind::approve, std::string(64, '0'), "payments", payments).error().code, 7224);
  EXPECT_EQ(decide(Decision::Kind::approve, asked.id, "payments", privacy).error().code, 7203) << "with another's key";
  EXPECT_FALSE(is_granted());
  // Written all the same, into a log of their own, it grants nothing.
  SignedLog log(store, clock, "grants/privacy");
  ASSERT_TRUE(log.append({.tenant = "acme", .domain = "privacy", .kind = "approval", .body = {{"request", asked.id}}},
                         privacy, [](const auto&) { return Status(); })
                  .ok());
  EXPECT_FALSE(is_granted());
  EXPECT_EQ(state_of(asked.id), AccessState::open);
}

TEST_F(AccessTest, IsForApproversWhileTheyAreNamed) {
  const AccessEntry asked = ask();
  const std::map<std::string, std::string> named{{"legal", kpi.public_name()}, {"privacy", privacy.public_name()}};
  ASSERT_TRUE(book.name_approvers("payments", named, "acme", payments).ok());
  EXPECT_EQ(*book.approvers("payments"), named);
  EXPECT_EQ(decide(Decision::Kind::approve, asked.id, "legal", privacy).error().code, 7226) << "not by its key";
  ASSERT_TRUE(decide(Decision::Kind::approve, asked.id, "privacy", privacy).ok());
  EXPECT_TRUE(is_granted());
  const auto before = store.list("grants/payments");
  ASSERT_TRUE(book.name_approvers("payments", named, "acme", payments).ok());
  EXPECT_EQ(*store.list("grants/payments"), *before) << "nothing new is written";
  // Another key of that name has granted nothing.
  ASSERT_TRUE(book.name_approvers("payments", {{"privacy", kpi.public_name()}}, "acme", payments).ok());
  EXPECT_FALSE(is_granted());
  ASSERT_TRUE(book.name_approvers("payments", named, "acme", payments).ok());
  EXPECT_TRUE(is_granted());
  ASSERT_TRUE(book.name_approvers("payments", {}, "acme", payments).ok());
  EXPECT_FALSE(is_granted());
}

TEST_F(AccessTest, KeepsToOneKeyForEachDomain) {
  ask();
  // It has asked before it publishes: its publications are by that key.
  EXPECT_TRUE(book.check_first_key("kpi", kpi).ok());
  EXPECT_EQ(book.check_first_key("kpi", payments).error().code, 7203);
  EXPECT_TRUE(book.check_first_key("new", payments).ok());
  // A stranger writes into the log of the domain.
  SignedLog log(store, clock, "grants/kpi");
  ASSERT_TRUE(log.append({.tenant = "acme", .domain = "kpi", .kind = "request", .body = {}}, privacy,
                         [](const auto&) { return Status(); })
                  .ok());
  EXPECT_EQ(book.all().error().code, 7202);
  EXPECT_EQ(book.grant("payments.payment", 1, "kpi").error().code, 7202);
  // That hinders nobody else.
  publish("audit", privacy);
  const auto other = book.request({.product = "payments.payment", .version = 1, .reader = "audit", .purpose = "audit"},
                                  "acme", privacy);
  ASSERT_TRUE(other.ok()) << other.error().message;
  EXPECT_TRUE(approve(other->id).ok());
  EXPECT_TRUE(book.grant("payments.payment", 1, "audit")->has_value());
}

TEST_F(AccessTest, BelievesTheOwnersKeyThatIsPinned) {
  const AccessEntry asked = ask();
  ASSERT_TRUE(approve(asked.id).ok());
  EXPECT_EQ(book.between("payments", "kpi", payments.public_name())->size(), 1u);
  EXPECT_EQ(book.between("payments", "kpi", privacy.public_name()).error().code, 7202);
}

TEST_F(AccessTest, FindsEachEditOfARecord) {
  const AccessEntry asked = ask(kStart + kDay);
  ASSERT_TRUE(approve(asked.id).ok());
  const auto names = store.list("grants");
  ASSERT_TRUE(names.ok());
  size_t edits = 0;
  for (const std::string& name : *names) {
    if (name.ends_with("/head")) continue;
    const std::string text = **store.read(name);
    for (size_t at = 0; at < text.size(); ++at, ++edits) {
      std::string edited = text;
      edited[at] = static_cast<char>(edited[at] ^ 1);
      EXPECT_FALSE(content_hash(edited) == content_hash(text));
      const auto read = read_signed_record(edited);
      EXPECT_FALSE(read.ok() && read->signer == (name.starts_with("grants/kpi") ? kpi : payments).public_name())
          << edited;
    }
    ASSERT_TRUE(store.remove(name).ok());
    EXPECT_EQ(book.all().error().code, 7202) << name;
    ASSERT_TRUE(store.put_if_absent(name, text).ok());
  }
  EXPECT_GT(edits, 500u);
  EXPECT_TRUE(is_granted());
}

TEST_F(AccessTest, IsOnRecord) {
  AuditLog of_reader(store, clock, "acme", "kpi"), of_owner(store, clock, "acme", "payments");
  const AccessEntry one = ask(kStart + kDay);
  ASSERT_TRUE(approve(one.id).ok());
  const AccessEntry two = ask({}, "billing");
  ASSERT_TRUE(decide(Decision::Kind::deny, two.id, "payments", payments).ok());
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(record_access(book, of_reader, clock, "kpi", kpi).ok());
    ASSERT_TRUE(record_access(book, of_owner, clock, "payments", payments).ok());
  }
  clock.set_us(kStart + 2 * kDay);
  for (int twice = 0; twice < 2; ++twice) ASSERT_TRUE(record_access(book, of_owner, clock, "payments", payments).ok());
  std::vector<std::string_view> types;
  for (const ChainedEvent& event : *of_reader.read()) types.push_back(word_of(event.event.type));
  EXPECT_THAT(types, ElementsAre("io.braid.access.requested", "io.braid.access.requested"));
  types.clear();
  const auto events = *of_owner.read();
  for (const ChainedEvent& event : events) types.push_back(word_of(event.event.type));
  EXPECT_THAT(types, ElementsAre("io.braid.access.granted", "io.braid.access.denied", "io.braid.access.expired"));
  EXPECT_EQ(events.back().event.subject, "urn:braid:acme:payments:payment:1");
  EXPECT_EQ(events.back().event.data.at("reader"), "kpi");
  EXPECT_EQ(events.back().event.time_us, kStart + kDay);
}

/// A key that was changed signs nothing more, and what it has signed before stays.
TEST_F(AccessTest, KeysThatEndedSignNothingMore) {
  const AccessEntry entry = ask();
  ASSERT_TRUE(approve(entry.id).ok());
  AuditLog audit(store, clock, "acme", "payments");
  ASSERT_TRUE(record_publications(registry, audit, "payments", payments).ok());
  const auto head_text = [&] { return (*store.read_head("audit/payments/head"))->content; };
  const auto signers = [&](const AuditHead& head) {
    return *signers_of(store, clock, "payments", {}, publications_known_to(head));
  };
  const std::string early = head_text();

  clock.advance_us(kDay);
  const DomainKey next = new_key();
  ASSERT_TRUE(
      registry.change_key({.domain = "payments", .to = next.public_name(), .compiler = "braid test"}, payments).ok());
  clock.advance_us(kDay);
  EXPECT_TRUE(is_granted()) << "a grant of before";
  const auto ends = key_ends(registry, "payments");
  ASSERT_TRUE(ends.ok());
  ASSERT_EQ(ends->size(), 1u);
  EXPECT_EQ(ends->begin()->first, payments.public_name());
  EXPECT_EQ(ends->begin()->second.publication, 2);

  // Whoever has the old key is refused where it writes through this,
  EXPECT_EQ(registry.publish({.tenant = "acme", .domain = "payments", .compiler = "braid test"}, payments).error().code,
            7203);
  const AuditEvent event{.type = AuditType::erasure_requested, .subject = "urn:braid:acme:payments"};
  EXPECT_EQ(audit.append({event}, payments).error().code, 7203);
  ASSERT_TRUE(record_publications(registry, audit, "payments", next).ok());
  const auto now = read_audit_head(head_text(), "urn:braid:acme:payments");
  ASSERT_TRUE(now.ok());
  EXPECT_EQ(publications_known_to(*now), 2);
  publish("payments", next, "amount");
  ASSERT_TRUE(record_publications(registry, audit, "payments", next).ok());
  // and where it writes to the store itself: a head that knows of publications behind the end of its key.
  const auto late = read_audit_head(head_text(), "urn:braid:acme:payments");
  EXPECT_EQ(publications_known_to(*late), 3);
  EXPECT_FALSE(signers(*late).contains(payments.public_name()));
  EXPECT_TRUE(signers(*late).contains(next.public_name()));
  const auto before = read_audit_head(early, "urn:braid:acme:payments");
  EXPECT_TRUE(signers(*before).contains(payments.public_name()));

  SignedLog grants(store, clock, "grants/payments");
  const SignedRecord old = grants.read()->back();
  EXPECT_EQ(old.signer, payments.public_name());
  EXPECT_TRUE(book.all().ok());
  ASSERT_TRUE(grants.append(old.statement, payments, [](const auto&) { return Status(); }).ok());
  const auto refused = book.all();
  ASSERT_FALSE(refused.ok()) << "a record that the old key has signed behind its end";
  EXPECT_EQ(refused.error().code, 7202);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("signs for the domain no more since publication 2"));
}

/// The power goes at every operation of a request and its approval: what is read afterwards is a state between two
/// commands, what was reported as done is there, and the commands can be given again.
TEST(AccessBooks, OutliveAPowerCutAnywhere) {
  const DomainKey payments = new_key(), kpi = new_key();
  const AccessWish wish{.product = "payments.payment", .version = 1, .reader = "kpi", .purpose = "reporting"};
  std::map<AccessState, int> states;
  uint64_t cut = 1;
  for (bool was_cut = true; was_cut; ++cut) {
    SimFs fs(cut);
    ManualClock clock(kStart);
    DirectoryStore store(fs, "/registry");
    AccessBook book(store, clock);
    const auto approve = [&](const std::string& id) {
      return book.decide(
          {.kind = Decision::Kind::approve, .id = id, .domain = "payments", .because = {}, .until_us = {}}, "acme",
          payments);
    };
    fs.cut_power_at(cut);
    const auto asked = book.request(wish, "acme", kpi);
    const bool decided = asked.ok() && approve(asked->id).ok();
    was_cut = fs.power_is_cut();
    fs.crash();
    const auto found = book.all();
    ASSERT_TRUE(found.ok()) << "cut at " << cut << ": " << found.error().message;
    if (asked.ok()) ASSERT_EQ(found->size(), 1u) << "cut at " << cut;
    if (decided) EXPECT_EQ(found->front().state, AccessState::granted) << "cut at " << cut;
    if (!found->empty()) ++states[found->front().state];
    const auto again = found->empty() ? book.request(wish, "acme", kpi) : Result<AccessEntry>(found->front());
    ASSERT_TRUE(again.ok()) << "cut at " << cut << ": " << again.error().message;
    if (again->state == AccessState::open) {
      const auto late = approve(again->id);
      ASSERT_TRUE(late.ok()) << "cut at " << cut << ": " << late.error().message;
    }
    EXPECT_TRUE(book.grant("payments.payment", 1, "kpi")->has_value()) << "cut at " << cut;
  }
  EXPECT_GT(cut, 20u);
  EXPECT_GT(states[AccessState::open], 5);
  EXPECT_GT(states[AccessState::granted], 0);
}

/// Two domains of one project write at once; another writer comes between the reading and the swap.
TEST_F(AccessTest, TriesAgainBehindAnotherWriter) {
  ask();
  bool between = false;
  store.before_swap = [&] {
    between = true;
    AccessBook other(store, clock);
    ASSERT_TRUE(
        other.request({.product = "payments.payment", .version = 1, .reader = "kpi", .purpose = "audit"}, "acme", kpi)
            .ok());
  };
  ask({}, "billing");
  EXPECT_TRUE(between);
  EXPECT_EQ(book.all()->size(), 3u);
}

/// The swap was made, its answer lost on its way, and another writer has come since.
TEST_F(AccessTest, AnAnswerThatIsLostRequestsNothingTwice) {
  store.behind_lost_swap = [&] {
    AccessBook other(store, clock);
    ASSERT_TRUE(
        other.request({.product = "payments.payment", .version = 1, .reader = "kpi", .purpose = "audit"}, "acme", kpi)
            .ok());
  };
  ask();
  EXPECT_FALSE(store.behind_lost_swap);
  EXPECT_EQ(book.all()->size(), 2u);
}

}  // namespace
}  // namespace braid::mesh
