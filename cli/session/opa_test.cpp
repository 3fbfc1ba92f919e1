// Answers of a policy server become conditions and masks of a product, or an error: nothing between the two.
#include "cli/session/opa.h"

#include <gtest/gtest.h>

#include "cli/session/session.h"

namespace braid::cli {
namespace {

constexpr const char* kCrm = R"(domain crm

stream signup
  time at within 10s
{ id: int, email: string, phone: string?, home: { street: string }, at: timestamp }

product member version 1
  key id
{
  from signup
}
)";

struct Crm {
  SourceSet sources;
  typed::Project project;
  const typed::Relation* member = nullptr;

  Crm() {
    sources.add("crm.braid", kCrm);
    Reporter reporter;
    const auto scripts = driver::parse_scripts(sources, reporter);
    project = driver::check_scripts(scripts, sources, language(), {}, {}, reporter);
    EXPECT_FALSE(reporter.has_errors());
    for (const typed::Relation& relation : project.relations)
      if (relation.name == "member") member = &relation;
  }
  Result<OpaPlan> plan(const OpaRules& rules) { return opa_plan(rules, project, *member, sources); }
};

TEST(Opa, AsksAsTrinoDoes) {
  const Crm crm;
  const access::Subject reader{.domain = {}, .roles = {"crm"}, .user = "ann", .purpose = {}};
  EXPECT_EQ(opa_table_input("acme", reader, *crm.member, "GetRowFilters"),
            R"({"input":{"context":{"identity":{"user":"ann","groups":["crm"]}},)"
            R"("action":{"operation":"GetRowFilters","resource":{"table":)"
            R"({"catalogName":"acme","schemaName":"crm","tableName":"member"}}}}})");
  EXPECT_EQ(opa_mask_input("acme", reader, *crm.member, 2),
            R"({"input":{"context":{"identity":{"user":"ann","groups":["crm"]}},)"
            R"("action":{"operation":"GetColumnMask","resource":{"column":)"
            R"({"catalogName":"acme","schemaName":"crm","tableName":"member","columnName":"phone",)"
            R"("columnType":"string?"}}}}})");
  EXPECT_NE(opa_masks_input("acme", reader, *crm.member).find(R"("filterResources":[{"column":{)"), std::string::npos);
}

TEST(Opa, ReadsAnswersOfOneForm) {
  EXPECT_EQ(*opa_filters_of(R"({"result":[{"expression":"a"},{"expression":"b"}]})"),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(opa_filters_of("{}")->empty());
  for (const char* answer :
       {"", "[]", "nonsense", R"({"result":true})", R"({"result":{}})", R"({"result":["a"]})",
        R"({"result":[{"expression":null}]})", R"({"result":[{"expression":"a","identity":"b"}]})"})
    EXPECT_FALSE(opa_filters_of(answer).ok()) << answer;
  EXPECT_EQ(*opa_masks_of(R"({"result":[{"index":1,"viewExpression":{"expression":"null"}}]})", 2),
            (std::map<size_t, std::string>{{1, "null"}}));
  for (
      const char* answer :
      {R"({"result":[{"index":2,"viewExpression":{"expression":"null"}}]})",
       R"({"result":[{"index":-1,"viewExpression":{"expression":"null"}}]})", R"({"result":[{"index":0}]})",
       R"({"result":[{"viewExpression":{"expression":"null"}}]})",
       R"({"result":[{"index":0,"viewExpression":{"expression":"a"}},{"index":0,"viewExpression":{"expression":"b"}}]})"})
    EXPECT_FALSE(opa_masks_of(answer, 2).ok()) << answer;
  EXPECT_EQ(**opa_mask_of(R"({"result":{"expression":"null"}})"), "null");
  EXPECT_FALSE(opa_mask_of("{}")->has_value());
  EXPECT_FALSE(opa_mask_of(R"({"result":"null"})").ok());
}

TEST(Opa, MakesPlansOfExpressions) {
  Crm crm;
  EXPECT_EQ(crm.plan({})->filter, nullptr);
  Result<OpaPlan> plan = crm.plan({.filters = {"id > 1", "email.left(1) == \"a\" or id == 7"},
                                   .masks = {{1, "email.left(2)"}, {2, "null"}, {3, "NULL"}}});
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  ASSERT_NE(plan->filter, nullptr);
  EXPECT_FALSE(plan->filter->can_fail);
  ASSERT_EQ(plan->masks.size(), 3u);
  for (const typed::MaskRule& mask : plan->masks)
    EXPECT_TRUE(same(mask.value->type, crm.member->row[static_cast<size_t>(mask.field.front())].type));
}

TEST(Opa, RefusesWhatItCannotUse) {
  Crm crm;
  for (const char* filter : {"", "id", "nobody > 1", "id > 1 }", "true\n  allow read to anyone", "now() > at", "id >"})
    EXPECT_FALSE(crm.plan({.filters = {filter}, .masks = {}}).ok()) << filter;
  const std::map<size_t, std::string> wrong[] = {{{0, "7"}},     {{0, "null"}},      {{4, "null"}},
                                                 {{1, "id"}},    {{1, "7"}},         {{1, "email except anyone"}},
                                                 {{2, "now()"}}, {{3, "\"street\""}}};
  for (const auto& masks : wrong) EXPECT_FALSE(crm.plan({.filters = {}, .masks = masks}).ok()) << masks.begin()->second;
}

TEST(Opa, AnAnswerOfAnotherRevisionEndsThoseBefore) {
  const auto answer = [](const std::string& revision) {
    return R"({"result":true,"provenance":{"version":"1.0","bundles":{"access":{"revision":")" + revision + R"("}}}})";
  };
  EXPECT_EQ(opa_revision_of(R"({"result":true})"), "");
  EXPECT_EQ(opa_revision_of(R"({"result":true,"provenance":{"revision":"7"}})"), "7");
  EXPECT_EQ(opa_revision_of(answer("7")), opa_revision_of(answer("7")));
  EXPECT_NE(opa_revision_of(answer("7")), opa_revision_of(answer("8")));

  KeptAnswers kept;
  const std::string allow = "http://opa:8181/v1/data/allow?provenance=true", masks = "http://opa:8181/v1/data/masks";
  const std::string other = "http://opb:8181/v1/data/allow";
  kept.keep(allow, "ann", answer("7"), 0);
  kept.keep(allow, "bob", answer("7"), 1);
  kept.keep(masks, "ann", R"({"result":[]})", 2);
  kept.keep(other, "ann", R"({"result":true})", 3);
  EXPECT_NE(kept.find(allow, "ann", 4), nullptr);
  EXPECT_NE(kept.find(masks, "ann", 4), nullptr);
  kept.keep(allow, "cyd", answer("8"), 5);
  EXPECT_EQ(kept.find(allow, "ann", 6), nullptr);
  EXPECT_EQ(kept.find(allow, "bob", 6), nullptr);
  EXPECT_EQ(kept.find(masks, "ann", 6), nullptr);
  ASSERT_NE(kept.find(allow, "cyd", 6), nullptr);
  EXPECT_EQ(*kept.find(allow, "cyd", 6), answer("8"));
  EXPECT_NE(kept.find(other, "ann", 6), nullptr);
  EXPECT_EQ(kept.find(allow, "cyd", 5 + KeptAnswers::kKeptUs + 1), nullptr);
}

}  // namespace
}  // namespace braid::cli
