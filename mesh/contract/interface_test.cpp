#include "mesh/contract/interface.h"

#include <gtest/gtest.h>

#include "mesh/contract/type_json.h"

namespace braid::mesh {
namespace {

Type all_kinds() {
  return struct_type({{"flag", bool_type()},
                      {"count", int_type()},
                      {"amount", optional_type(decimal_type(18, 2))},
                      {"state", enum_type({"open", "done"})},
                      {"tags", list_type(string_type())},
                      {"by_day", map_type(date_type(), list_type(optional_type(float_type())))},
                      {"extra", optional_type(json_type())},
                      {"id", uuid_type()},
                      {"raw", bytes_type()},
                      {"at", timestamp_type()},
                      {"of_day", time_type()},
                      {"took", duration_type()}});
}

Interface whole() {
  Interface made{.domain = "payments", .name = "payment", .version = 2, .kind = InterfaceKind::changes};
  made.documentation = "Payments as they stand.";
  made.owner = "payments@shop.example";
  made.fields = {{"id", int_type(), "of the payment", {}},
                 {"email", optional_type(string_type()), "", {"pii", "contact"}},
                 {"rest", all_kinds(), "", {}}};
  made.key = {{"id"}, {"rest", "id"}};
  made.time = InterfaceTime{.field = "rest.at", .within_us = 10'000'000};
  made.compatible = schema::Compatibility::backward_transitive;
  made.uniques = {{.fields = {{"id"}}, .within_us = 86'400'000'000}, {.fields = {{"rest", "id"}}, .within_us = {}}};
  made.checks = {{.name = "positive", .condition = "rest.count > 0", .otherwise = "reject"}};
  made.promises = {.fresh_us = 300'000'000,
                   .latencies = {{"p99", 2'000'000}},
                   .completes = {{.fields = {{"email"}}, .percent = "99.5"}},
                   .volumes = {{.least = 10, .most = 500, .period_us = 3'600'000'000}},
                   .state_bytes = int64_t{2} << 30,
                   .keep_us = 30 * 86'400'000'000};
  made.deprecated = typed::Deprecation{.until = "2026-12-31", .successor = 3};
  made.addresses = {{.environment = "prod", .connector = "topic", .address = "payments.payment.v2", .format = "avro"}};
  return made;
}

TEST(Interfaces, OfSomeColumnsSayNothingOfOthers) {
  Interface all = whole();
  all.access.masks = {{.field = {"email"}, .with = "hidden", .except = {}}};
  all.allows = {{.readers = {"anyone"}, .purposes = {}}};
  EXPECT_EQ(columns_always(all), (std::vector<std::string>{"id", "rest"}));
  const Interface some = only_columns(all, {"id"});
  ASSERT_EQ(some.fields.size(), 2u);
  EXPECT_EQ(some.fields[1].name, "rest");
  EXPECT_TRUE(some.access.masks.empty() && some.allows.empty() && some.promises.completes.empty());
  EXPECT_EQ(some.uniques.size(), 2u);
  EXPECT_EQ(some.key, all.key);
  const Interface more = only_columns(all, {"email"});
  EXPECT_EQ(more.fields.size(), 3u);
  EXPECT_EQ(more.access.masks, all.access.masks);
  EXPECT_EQ(more.promises.completes.size(), 1u);
}

TEST(TypeJson, GivesEachTypeBack) {
  const Type type = all_kinds();
  const Result<Type> back = type_of_json(type_to_json(type));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(same(type, *back)) << to_string(*back);
}

TEST(TypeJson, RefusesWhatIsNoType) {
  for (const char* text :
       {R"("varchar")", R"({"decimal":[39,2]})", R"({"decimal":[5,6]})", R"({"enum":[]})", R"({"list":1})", "7", "{}",
        R"({"struct":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})", R"({"map":["float","int"]})"})
    EXPECT_FALSE(type_of_json(Json::parse(text)).ok()) << text;
  Json deep = "int";
  for (int i = 0; i < 1000; ++i) deep = {{"list", deep}};
  EXPECT_FALSE(type_of_json(deep).ok());
}

TEST(Interface, IsTheSameBehindItsText) {
  const std::string text = to_json(whole());
  const Result<Interface> back = interface_of_json(text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_EQ(back->promises, whole().promises);
  EXPECT_EQ(back->deprecated, whole().deprecated);
  EXPECT_EQ(back->uniques, whole().uniques);
  EXPECT_EQ(back->addresses, whole().addresses);
}

TEST(Interface, SaysWhatIsWrongWithAText) {
  EXPECT_NE(interface_of_json("{").error().message.find("not as it must be"), std::string::npos);
  EXPECT_NE(interface_of_json(R"({"interface":9})").error().message.find("format 9"), std::string::npos);
  EXPECT_NE(interface_of_json(R"({"interface":1,"domain":"a"})").error().message.find("name"), std::string::npos);
  EXPECT_NE(interface_of_json(R"({"interface":1,"domain":"a","name":"b","version":1,"kind":"x"})")
                .error()
                .message.find("unknown kind `x`"),
            std::string::npos);
}

TEST(Interface, HasAUrn) {
  EXPECT_EQ(urn_of("acme", "sales", "order", 2), "urn:braid:acme:sales:order:2");
}

}  // namespace
}  // namespace braid::mesh
