// The same checks against the simulated registry and against Apicurio Registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "runtime/connect/registry/curl_http.h"
#include "runtime/connect/registry/register_product.h"
#include "runtime/connect/registry/registry_client.h"
#include "runtime/connect/registry/sim_http.h"
#include "runtime/schema/json_schema.h"

namespace braid::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Bench {
  std::unique_ptr<ManualClock> clock;
  std::unique_ptr<SimRegistry> sim;
  std::unique_ptr<RegistryClient> client;
};

Bench simulated(std::string*) {
  Bench made;
  made.clock = std::make_unique<ManualClock>(0);
  made.sim = std::make_unique<SimRegistry>(SimRegistrySettings{.json = schema::find_json_breaks});
  auto http = std::make_unique<SimHttp>(*made.clock, Rng(1),
                                        std::map<std::string, SimRegistry*>{{"http://sim", made.sim.get()}});
  made.client =
      std::make_unique<RegistryClient>(RegistrySettings{.urls = {"http://sim"}}, std::move(http), *made.clock, Rng(2));
  return made;
}

std::string real_url() {
  const char* given = std::getenv("BRAID_REGISTRY_URL");
  return given == nullptr ? "http://127.0.0.1:19081/apis/ccompat/v7" : given;
}

Bench apicurio(std::string* why_not) {
  Bench made;
  auto client =
      make_registry_client({.urls = {real_url()}, .total_timeout_us = 20'000'000}, {}, system_clock(), Rng(1));
  if (!client.ok()) {
    *why_not = client.error().message;
    return made;
  }
  if (const auto answer = (*client)->versions("no-such-subject");
      !answer.ok() && answer.error().fault != RegistryFault::unknown) {
    *why_not = "no registry answers at " + real_url() + " (scripts/registry up): " + answer.error().message;
    return made;
  }
  made.client = std::move(*client);
  return made;
}

struct Kind {
  const char* name;
  Bench (*make)(std::string* why_not);
};

class Registry : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::string why_not;
    bench_ = GetParam().make(&why_not);
    ASSERT_NE(bench_.client, nullptr) << why_not;
    subject_ = std::string(testing::UnitTest::GetInstance()->current_test_info()->name());
    subject_ = subject_.substr(0, subject_.find('/')) + "-value";
    (void)client().remove_subject(subject_);
  }
  RegistryClient& client() { return *bench_.client; }
  Bench bench_;
  std::string subject_;
};

Schema json_schema(std::string text) {
  return {SchemaType::json, std::move(text), {}};
}
const std::string kOrder =
    R"({"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"}]})";
const std::string kOrderWithNote =
    R"({"type":"record","name":"Order","namespace":"shop","fields":[{"name":"id","type":"long"},)"
    R"({"name":"note","type":["null","string"],"default":null}]})";
const std::string kClosed =
    R"({"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],"additionalProperties":false})";
const std::string kClosedWithText =
    R"({"type":"object","properties":{"id":{"type":"string"}},"required":["id"],"additionalProperties":false})";

TEST_P(Registry, RegistersAndReadsBack) {
  const auto id = client().register_schema(subject_, {SchemaType::avro, kOrder, {}});
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(*client().register_schema(subject_, {SchemaType::avro, kOrder, {}}), *id);
  const auto schema = client().schema(*id);
  ASSERT_TRUE(schema.ok()) << schema.error().message;
  EXPECT_EQ((*schema)->schema.text, kOrder);
  EXPECT_EQ((*schema)->schema.type, SchemaType::avro);
  const auto second = client().register_schema(subject_, {SchemaType::avro, kOrderWithNote, {}});
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE(*second, *id);
  EXPECT_THAT(*client().versions(subject_), ElementsAre(1, 2));
  const auto latest = client().latest(subject_);
  ASSERT_TRUE(latest.ok()) << latest.error().message;
  EXPECT_EQ(latest->version, 2);
  EXPECT_EQ(latest->id, *second);
  EXPECT_EQ(latest->schema.text, kOrderWithNote);
  EXPECT_EQ(client().version(subject_, 1)->id, *id);
}

TEST_P(Registry, FindsWithoutWaiting) {
  const auto id = client().register_schema(subject_, {SchemaType::avro, kOrder, {}});
  ASSERT_TRUE(id.ok()) << id.error().message;
  Answer<SchemaPtr> answer = client().find(*id);
  for (int i = 0; i < 1000 && !answer.ok(); ++i) {
    ASSERT_EQ(answer.error().fault, RegistryFault::not_now) << answer.error().message;
    client().http().wait(10'000);
    answer = client().find(*id);
  }
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ((*answer)->schema.text, kOrder);
}

TEST_P(Registry, KnowsTypesAndReferences) {
  const auto json = client().register_schema(subject_, json_schema(kClosed));
  ASSERT_TRUE(json.ok()) << json.error().message;
  EXPECT_EQ((*client().schema(*json))->schema.type, SchemaType::json);

  (void)client().remove_subject("line-value");
  (void)client().remove_subject("bill-value");
  ASSERT_TRUE(client().register_schema("line-value", {SchemaType::avro, kOrder, {}}).ok());
  const std::string bill =
      R"({"type":"record","name":"Bill","namespace":"shop","fields":[{"name":"order","type":"shop.Order"}]})";
  const auto id = client().register_schema("bill-value", {SchemaType::avro, bill, {{"shop.Order", "line-value", 1}}});
  ASSERT_TRUE(id.ok()) << id.error().message;
  const auto found = client().schema(*id);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->schema.text, bill);
  ASSERT_EQ((*found)->referenced.size(), 1u);
  EXPECT_EQ((*found)->referenced[0].name, "shop.Order");
  EXPECT_EQ((*found)->referenced[0].text, kOrder);
}

TEST_P(Registry, WhatIsNotThereIsUnknown) {
  EXPECT_EQ(client().schema(int64_t{1'000'000'000}).error().fault, RegistryFault::unknown);
  EXPECT_EQ(client().latest("nobody has this").error().fault, RegistryFault::unknown);
  EXPECT_EQ(client().versions("nobody/has this").error().fault, RegistryFault::unknown);
  ASSERT_TRUE(client().register_schema(subject_, {SchemaType::avro, kOrder, {}}).ok());
  EXPECT_EQ(client().version(subject_, 7).error().fault, RegistryFault::unknown);
}

TEST_P(Registry, BrokenSchemasAreRefused) {
  const auto broken = client().register_schema(subject_, {SchemaType::avro, "{", {}});
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().fault, RegistryFault::refused) << broken.error().message;
  EXPECT_EQ(broken.error().status, 422);
}

TEST_P(Registry, LevelsDecideWhatASubjectTakes) {
  ASSERT_TRUE(client().register_schema(subject_, json_schema(kClosed)).ok());
  const auto set = client().set_level(subject_, "FULL_TRANSITIVE");
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(*client().level(subject_), "FULL_TRANSITIVE");
  const auto answer = client().check(subject_, json_schema(kClosedWithText), CompareWith::latest);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_FALSE(answer->compatible);
  EXPECT_FALSE(client().check(subject_, json_schema(kClosedWithText), CompareWith::all)->compatible);
  EXPECT_TRUE(client().check(subject_, json_schema(kClosed), CompareWith::all)->compatible);
  const auto refused = client().register_schema(subject_, json_schema(kClosedWithText));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().fault, RegistryFault::incompatible) << refused.error().message;
  EXPECT_FALSE(refused.error().message.empty());
  ASSERT_TRUE(client().set_level(subject_, "NONE").ok());
  EXPECT_TRUE(client().register_schema(subject_, json_schema(kClosedWithText)).ok());
  EXPECT_EQ(client().set_level(subject_, "SIDEWAYS").error().fault, RegistryFault::refused);
  EXPECT_TRUE(client().check("nobody-has-this", json_schema(kClosed), CompareWith::latest)->compatible);
}

TEST_P(Registry, SubjectsCanBeRemoved) {
  const auto id = client().register_schema(subject_, {SchemaType::avro, kOrder, {}});
  ASSERT_TRUE(id.ok());
  const auto removed = client().remove_subject(subject_);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_THAT(*removed, ElementsAre(1));
  EXPECT_EQ(client().versions(subject_).error().fault, RegistryFault::unknown);
  EXPECT_EQ(client().remove_subject(subject_).error().fault, RegistryFault::unknown);
}

TEST_P(Registry, ProductsAreRegisteredWithTheirPromise) {
  ProductSchema product{.product = "shop.sold",
                        .topic = subject_.substr(0, subject_.rfind('-')),
                        .record = "shop.sold",
                        .schema = json_schema(kClosed),
                        .level = schema::Compatibility::backward};
  const auto first = register_product(client(), product);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->subject, subject_);
  EXPECT_EQ(*client().level(subject_), "BACKWARD");
  EXPECT_EQ(register_product(client(), product)->id, first->id);
  EXPECT_THAT(*client().versions(subject_), ElementsAre(1));

  product.schema = json_schema(kClosedWithText);
  const auto refused = register_product(client(), product);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7079);
  EXPECT_THAT(refused.error().message,
              HasSubstr("the schema of `shop.sold` does not fit the subject `" + subject_ + "`: "));

  // A stricter level, which the owner of the registry has set, stays.
  ASSERT_TRUE(client().set_level(subject_, "FULL_TRANSITIVE").ok());
  product.schema = json_schema(kClosed);
  ASSERT_TRUE(register_product(client(), product).ok());
  EXPECT_EQ(*client().level(subject_), "FULL_TRANSITIVE");
}

TEST(Subjects, AreNamedByTheStrategies) {
  EXPECT_EQ(subject_of(SubjectName::topic, "t", "r"), "t-value");
  EXPECT_EQ(subject_of(SubjectName::record, "t", "r"), "r");
  EXPECT_EQ(subject_of(SubjectName::topic_record, "t", "r"), "t-r");
}

std::string name_of(const testing::TestParamInfo<Kind>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Each, Registry, testing::Values(Kind{"simulated", simulated}, Kind{"apicurio", apicurio}),
                         name_of);

// ---- libcurl -----------------------------------------------------------------------------------------------------

TEST(CurlHttp, WhereNobodyListensIsNotNow) {
  auto client =
      make_registry_client({.urls = {"http://127.0.0.1:1"}, .total_timeout_us = 300'000, .first_pause_us = 50'000}, {},
                           system_clock(), Rng(1));
  ASSERT_TRUE(client.ok());
  const auto answer = (*client)->latest("x");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().fault, RegistryFault::not_now);
  EXPECT_EQ((*client)->find(int64_t{1}).error().fault, RegistryFault::not_now);
}

TEST(CurlHttp, AFileOfTheSettingsMustBeThere) {
  const auto client =
      make_registry_client({.urls = {"https://127.0.0.1:1"}}, {.ca_file = "/no/such/ca.pem"}, system_clock(), Rng(1));
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().kind, ErrorKind::usage);
  EXPECT_THAT(client.error().message, HasSubstr("/no/such/ca.pem"));
}

}  // namespace
}  // namespace braid::registry
