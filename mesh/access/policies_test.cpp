// Who may state what an organisation asks for, and what of it holds.
#include "mesh/access/policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mesh/registry/memory_store.h"

namespace braid::mesh {
namespace {

using testing::ElementsAre;

DomainKey new_key() {
  Result<DomainKey> key = DomainKey::create();
  EXPECT_TRUE(key.ok());
  return *key;
}

Policy policy(const std::string& name, PolicyRule rule) {
  Policy made{.name = name, .says = "so", .rule = rule};
  if (rule == PolicyRule::mask) made.label = "pii";
  if (rule == PolicyRule::name) made.pattern = "[a-z_]+";
  if (rule == PolicyRule::keep) made.most_us = 90 * 86'400'000'000;
  return made;
}

struct PolicyTest : testing::Test {
  MemoryStore store;
  ManualClock clock{1'700'000'000'000'000};
  PolicyBook book{store, clock};
  DomainKey governance = new_key(), privacy = new_key(), sales = new_key();

  Result<bool> state(const std::string& domain, const DomainKey& key, const std::vector<Policy>& policies,
                     const std::optional<std::vector<std::string>>& council = {}) {
    clock.advance_us(1'000'000);
    return book.state(domain, policies, council, "acme", key);
  }
  std::vector<std::string> names() {
    std::vector<std::string> made;
    const auto all = book.all();
    EXPECT_TRUE(all.ok()) << all.error().message;
    for (const StatedPolicy& one : *all) made.push_back(one.domain + "." + one.policy.name);
    return made;
  }
};

TEST(Policies, AreTheSameBehindTheirText) {
  std::vector<Policy> all;
  for (int rule = 0; rule <= static_cast<int>(PolicyRule::keep); ++rule)
    all.push_back(policy(std::string(1, static_cast<char>('a' + rule)), static_cast<PolicyRule>(rule)));
  all.back().except = {"archive", "old"};
  const auto back = policies_of_json(to_json(all));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, all);
  EXPECT_EQ(*policy_rule_of("mask"), PolicyRule::mask);
  EXPECT_FALSE(policy_rule_of("nonsense"));
  EXPECT_FALSE(policies_of_json(R"([{"name":"x","require":"of a later version"}])").ok());
}

TEST_F(PolicyTest, AreStatedByTheCouncil) {
  EXPECT_THAT(names(), testing::IsEmpty());
  ASSERT_TRUE(*state("governance", governance, {policy("owned", PolicyRule::owner)}));
  EXPECT_THAT(*book.council(), ElementsAre("governance"));
  EXPECT_EQ(state("privacy", privacy, {policy("personal", PolicyRule::mask)}).error().code, 7231);
  ASSERT_TRUE(*state("governance", governance, {policy("owned", PolicyRule::owner)},
                     std::vector<std::string>{"governance", "privacy"}));
  ASSERT_TRUE(*state("privacy", privacy, {policy("personal", PolicyRule::mask)}));
  EXPECT_THAT(names(), ElementsAre("governance.owned", "privacy.personal"));
  // Each states its own: the others' stay.
  ASSERT_TRUE(*state("governance", governance, {policy("named", PolicyRule::name)}));
  EXPECT_THAT(names(), ElementsAre("governance.named", "privacy.personal"));
  EXPECT_FALSE(*state("governance", governance, {policy("named", PolicyRule::name)})) << "nothing has changed";
  // Who is no longer named no longer states.
  ASSERT_TRUE(*state("governance", governance, {policy("named", PolicyRule::name)}, std::vector<std::string>{}));
  EXPECT_THAT(names(), ElementsAre("governance.named"));
  EXPECT_EQ(state("privacy", privacy, {}).error().code, 7231);
}

TEST_F(PolicyTest, KeepToOneKeyForEachDomain) {
  ASSERT_TRUE(*state("governance", governance, {}, std::vector<std::string>{"governance", "privacy"}));
  EXPECT_EQ(state("governance", privacy, {policy("owned", PolicyRule::owner)}).error().code, 7203);
  ASSERT_TRUE(*state("privacy", privacy, {policy("personal", PolicyRule::mask)}));
  // Somebody writes into the log who is not of the council: nobody believes it any more.
  SignedLog log(store, clock, "policies");
  ASSERT_TRUE(log.append({.tenant = "acme", .domain = "sales", .kind = "policies", .body = {{"policies", "[]"}}}, sales,
                         [](const auto&) { return Status(); })
                  .ok());
  EXPECT_EQ(book.all().error().code, 7202);
}

TEST_F(PolicyTest, SayWhatTheyAskFor) {
  EXPECT_EQ(requirement_text(policy("p", PolicyRule::mask)), "a field with the label #pii is masked for other domains");
  EXPECT_EQ(requirement_text(policy("p", PolicyRule::keep)), "rows are kept for at most 90d");
}

}  // namespace
}  // namespace braid::mesh
