#include "compiler/access/read_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid::access {
namespace {

using testing::ElementsAre;
using typed::Principal;

const Principal kCrm{Principal::Kind::role, "crm"}, kAnalyst{Principal::Kind::role, "analyst"},
    kMail{Principal::Kind::domain, "mail"}, kAnyone{Principal::Kind::anyone, ""};

typed::ExpressionRef is_french() {
  return typed::make(bool_type(), Span{}, typed::ColumnRead{2});
}
typed::ExpressionRef stars() {
  return typed::make(string_type(), Span{}, typed::Constant{Value{std::string("***")}});
}

/// `member { id, email, french }`, with these rules.
typed::Relation member(std::vector<typed::AllowRule> allows, std::vector<typed::MaskRule> masks = {}) {
  typed::Relation made{};
  made.kind = typed::RelationKind::product;
  made.domain = "crm";
  made.name = "member";
  made.row = {{"id", int_type()}, {"email", string_type()}, {"french", bool_type()}};
  made.access = {std::move(allows), std::move(masks)};
  return made;
}
typed::MaskRule mask_of_email(std::vector<Principal> except = {}) {
  return {.field = {1}, .value = stars(), .except = std::move(except), .policy = {}, .span = {}};
}

TEST(ReadPlan, IsClosedButToItsOwnDomain) {
  const typed::Relation closed = member({}, {mask_of_email()});
  EXPECT_TRUE(read_plan(closed, {.domain = "crm"}).whole());
  EXPECT_TRUE(read_plan(closed, {.domain = "mail"}).refused);
  EXPECT_TRUE(read_plan(closed, subject_of(kCrm)).refused);
  EXPECT_TRUE(read_plan(closed, {}).refused);
}

TEST(ReadPlan, GrantsToThoseThatItNames) {
  const typed::Relation open = member({{.readers = {kAnalyst, kMail}, .purposes = {}}});
  EXPECT_TRUE(read_plan(open, subject_of(kAnalyst)).whole());
  EXPECT_TRUE(read_plan(open, {.domain = "mail"}).whole());
  EXPECT_TRUE(read_plan(open, subject_of(kCrm)).refused);
  EXPECT_TRUE(read_plan(open, {.domain = "analyst"}).refused) << "a role is no domain";
  EXPECT_FALSE(read_plan(member({{.readers = {kAnyone}, .purposes = {}}}), {}).refused);
}

TEST(ReadPlan, GoesByPurpose) {
  const typed::Relation open = member({{.readers = {kAnalyst}, .purposes = {"care", "audit"}}});
  EXPECT_TRUE(read_plan(open, subject_of(kAnalyst)).refused);
  EXPECT_TRUE(read_plan(open, subject_of(kAnalyst, "sales")).refused);
  EXPECT_FALSE(read_plan(open, subject_of(kAnalyst, "audit")).refused);
}

TEST(ReadPlan, FiltersUnlessARuleGivesEveryRow) {
  const typed::AllowRule french{.readers = {kAnalyst}, .purposes = {}, .where = is_french()};
  const typed::AllowRule all{.readers = {kAnalyst}, .purposes = {}};
  EXPECT_NE(read_plan(member({french}), subject_of(kAnalyst)).filter, nullptr);
  EXPECT_EQ(read_plan(member({french, all}), subject_of(kAnalyst)).filter, nullptr);
  const ReadPlan both = read_plan(member({french, french}), subject_of(kAnalyst));
  ASSERT_NE(both.filter, nullptr);
  EXPECT_TRUE(std::holds_alternative<typed::Either>(both.filter->node));
}

TEST(ReadPlan, MasksAllWhoAreNotExcepted) {
  const typed::Relation masked = member({{.readers = {kAnalyst, kCrm}, .purposes = {}}}, {mask_of_email({kCrm})});
  EXPECT_EQ(read_plan(masked, subject_of(kAnalyst)).masks.size(), 1U);
  EXPECT_TRUE(read_plan(masked, subject_of(kCrm)).whole());
  EXPECT_EQ(read_plan(masked, {.roles = {"crm", "analyst"}}).masks.size(), 0U);
}

TEST(ReadPlan, EndsWithItsGrants) {
  const typed::AllowRule first{.readers = {kAnalyst}, .purposes = {}, .until_us = 100};
  const typed::AllowRule second{.readers = {kAnalyst}, .purposes = {}, .until_us = 200};
  const typed::Relation granted = member({first, second});
  EXPECT_EQ(read_plan(granted, subject_of(kAnalyst), 99).until_us, 100);
  EXPECT_EQ(read_plan(granted, subject_of(kAnalyst), 100).until_us, 200);
  EXPECT_TRUE(read_plan(granted, subject_of(kAnalyst), 200).refused);
  EXPECT_FALSE(read_plan(granted, subject_of(kAnalyst)).refused);
}

TEST(ReadPlan, PublicSourcesAreOpenUntilAnAllowSaysToWhom) {
  typed::Relation source = member({});
  source.kind = typed::RelationKind::stream;
  source.source.emplace();
  EXPECT_TRUE(read_plan(source, {.domain = "mail"}).refused);
  source.is_public = true;
  EXPECT_TRUE(read_plan(source, {.domain = "mail"}).whole());
  source.access.allows.push_back({.readers = {kMail}, .purposes = {}});
  EXPECT_FALSE(read_plan(source, {.domain = "mail"}).refused);
  EXPECT_TRUE(read_plan(source, {.domain = "sales"}).refused);
}

TEST(PlanForNobody, HasEveryMaskAndNoRowOfACondition) {
  const typed::AllowRule french{.readers = {kAnalyst}, .purposes = {}, .where = is_french()};
  const typed::AllowRule all{.readers = {kCrm}, .purposes = {}};
  EXPECT_TRUE(plan_for_nobody(member({})).whole());
  EXPECT_TRUE(plan_for_nobody(member({all})).whole());
  EXPECT_TRUE(plan_for_nobody(member({french})).refused);
  const ReadPlan both = plan_for_nobody(member({french, all}, {mask_of_email({kCrm})}));
  EXPECT_EQ(both.filter, nullptr);
  EXPECT_EQ(both.masks.size(), 1U);
}

TEST(ReadSteps, FilterBeforeTheyMask) {
  const typed::Relation relation =
      member({{.readers = {kAnalyst}, .purposes = {}, .where = is_french()}}, {mask_of_email()});
  const std::vector<typed::Step> steps = read_steps(relation, read_plan(relation, subject_of(kAnalyst)));
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<typed::WhereStep>(steps[0].content));
  const auto& masked = std::get<typed::ProjectStep>(steps[1].content);
  ASSERT_EQ(masked.columns.size(), 3U);
  EXPECT_EQ(masked.columns[1], relation.access.masks[0].value);
  EXPECT_TRUE(std::holds_alternative<typed::ColumnRead>(masked.columns[0]->node));
}

TEST(ReadSteps, MaskAPartOfAStruct) {
  typed::Relation relation = member({{.readers = {kAnyone}, .purposes = {}}});
  const Type contact = struct_type({{"mail", string_type()}, {"country", string_type()}});
  relation.row[1] = {"contact", optional_type(contact)};
  relation.access.masks.push_back({.field = {1, 0}, .value = stars(), .except = {}, .policy = {}, .span = {}});
  const std::vector<typed::Step> steps = read_steps(relation, read_plan(relation, {}));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].text, "mask contact.mail");
  const typed::ExpressionRef& column = std::get<typed::ProjectStep>(steps[0].content).columns[1];
  EXPECT_TRUE(same(column->type, relation.row[1].type));
  EXPECT_FALSE(column->can_fail);
}

TEST(SubjectText, NamesTheReader) {
  EXPECT_EQ(subject_text(subject_of(kAnalyst, "care")), "role analyst for purpose care");
  EXPECT_EQ(subject_text({.domain = "mail"}), "domain mail");
  EXPECT_EQ(subject_text({}), "anyone");
}

}  // namespace
}  // namespace braid::access
