// An interface as a script is that interface again, once the script is checked.
#include "mesh/registry/interface_script.h"

#include <gtest/gtest.h>

#include "compiler/driver/compile.h"
#include "mesh/registry/lock.h"

namespace braid::mesh {
namespace {

Type all_kinds() {
  return struct_type({{"flag", bool_type()},
                      {"amount", optional_type(decimal_type(18, 2))},
                      {"state", enum_type({"open", "not done", "case"})},
                      {"tags", list_type(string_type())},
                      {"by_day", map_type(date_type(), list_type(optional_type(float_type())))},
                      {"extra", optional_type(json_type())},
                      {"id", uuid_type()},
                      {"raw", bytes_type()},
                      {"with blank", time_type()},
                      {"took", duration_type()}});
}

typed::Project checked(const std::string& script) {
  SourceSet sources;
  sources.add("payments.braid", script);
  Reporter reporter;
  const FunctionRegistry functions;
  const driver::Language language{.functions = functions};
  const auto scripts = driver::parse_scripts(sources, reporter);
  typed::Project project = driver::check_scripts(scripts, sources, language, {}, {}, reporter);
  for (const Diagnostic& finding : reporter.take_sorted()) ADD_FAILURE() << finding.message << "\n" << script;
  return project;
}

TEST(InterfaceScript, IsReadBackAsTheInterface) {
  Interface stream{.domain = "retail.payments", .name = "payment", .version = 3, .kind = InterfaceKind::stream};
  stream.documentation = "Payments.\nAll of them.";
  stream.owner = "a \"team\"";
  stream.fields = {{.name = "id", .type = int_type(), .documentation = "of the payment"},
                   {.name = "case", .type = optional_type(string_type())},
                   {.name = "at", .type = timestamp_type()},
                   {.name = "rest", .type = all_kinds()}};
  stream.key = {{"id"}, {"rest", "id"}};
  stream.time = InterfaceTime{.field = "at", .within_us = 90'000'000};
  Interface versions = stream;
  versions.name = "account";
  versions.kind = InterfaceKind::versions;
  Interface inside = stream;
  inside.name = "inside";
  inside.fields.push_back({.name = "meta", .type = struct_type({{"seen at", timestamp_type()}})});
  inside.time = InterfaceTime{.field = "meta.seen at", .within_us = 0};
  Interface reference = versions;
  reference.name = "country";
  reference.kind = InterfaceKind::reference;
  reference.time.reset();
  const std::vector<Interface> all{stream, versions, inside, reference};
  const typed::Project project = checked(script_of(all));
  ASSERT_EQ(project.relations.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(project.relations[i].is_public);
    EXPECT_EQ(to_json(interface_of(project, project.relations[i])), to_json(all[i]));
  }
}

TEST(InterfaceScript, HasTheEndOfKeysBesideTheFields) {
  Interface changes{.domain = "payments", .name = "balance", .kind = InterfaceKind::changes};
  changes.fields = {{.name = "who", .type = string_type()}, {.name = "open", .type = int_type()}};
  changes.key = {{"who"}};
  const typed::Project project = checked(script_of({changes}) + R"(
product copy { from balance }
)");
  ASSERT_EQ(project.relations.size(), 2u);
  EXPECT_NE(project.relations[0].source->delete_when, nullptr);
  const Interface copy = interface_of(project, project.relations[1]);
  ASSERT_EQ(copy.fields.size(), 2u);
  EXPECT_EQ(copy.fields[1].name, "open");
}

TEST(InterfaceScript, WritesTextsAsScriptsDo) {
  Interface odd{.domain = "payments", .name = "payment"};
  odd.owner = "a\x01\"b\x7F";
  odd.fields = {{.name = "case", .type = enum_type({"x\ty", "z\x02"})}};
  const typed::Project project = checked(script_of({odd}));
  ASSERT_EQ(project.relations.size(), 1u);
  const Interface back = interface_of(project, project.relations[0]);
  EXPECT_EQ(back.owner, odd.owner);
  ASSERT_EQ(back.fields.size(), 1u);
  EXPECT_EQ(back.fields[0].name, "case");
  EXPECT_TRUE(same(back.fields[0].type, odd.fields[0].type)) << to_string(back.fields[0].type);
}

TEST(Locks, AreReadBack) {
  Lock lock;
  lock.domains["payments"] = {.key = "ed25519:x", .sequence = 4};
  lock.products["payments.payment@1"] = {
      .version = 1, .minor = 2, .interface = std::string(64, 'a'), .addresses = {{"prod", "topic", "t", "json"}}};
  lock.products["payments.balance"] = {.version = 3, .minor = 0, .interface = std::string(64, 'b'), .addresses = {}};
  const Result<Lock> back = read_lock(lock_text(lock));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, lock);
  for (const char* text :
       {"", "{", "[]", R"({"lock":2})", R"({"lock":1})",
        R"({"lock":1,"domains":{},"products":{"a":{"version":1,"minor":0,"interface":"x","servers":[]}}})"})
    EXPECT_FALSE(read_lock(text).ok()) << text;
  EXPECT_EQ(parse_use_name("a.b@2"), std::pair(std::string("a.b"), std::optional<int64_t>(2)));
  EXPECT_EQ(parse_use_name("a.b"), std::pair(std::string("a.b"), std::optional<int64_t>()));
}

}  // namespace
}  // namespace braid::mesh
