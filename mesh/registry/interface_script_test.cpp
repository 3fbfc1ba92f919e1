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

struct Checked {
  typed::Project project;
  std::vector<std::string> findings;  ///< "E5460: …"
};

/// A script of ours, if it is not empty, and the interface of others behind it. Labels of ours: `pii` alone.
Checked check_with(const std::string& ours, const std::string& interface, std::optional<int64_t> now_us = {}) {
  SourceSet sources;
  if (!ours.empty()) sources.add("board.braid", ours);
  const uint32_t first = sources.size();
  sources.add("payments.braid", interface);
  Reporter reporter;
  const FunctionRegistry functions;
  driver::Language language{.functions = functions};
  if (now_us) language.now_us = [now_us] { return *now_us; };
  const auto scripts = driver::parse_scripts(sources, reporter);
  Checked made;
  made.project =
      driver::check_scripts(scripts, sources, language, {}, {}, reporter, std::vector<std::string>{"pii"}, first);
  for (const Diagnostic& finding : reporter.take_sorted())
    made.findings.push_back(code_text(finding) + ": " + finding.message);
  return made;
}

typed::Project checked(const std::string& script) {
  Checked made = check_with("", script);
  for (const std::string& finding : made.findings) ADD_FAILURE() << finding << "\n" << script;
  return std::move(made.project);
}

/// With all that a contract can say.
Interface promised() {
  Interface made{.domain = "payments", .name = "payment", .version = 2, .kind = InterfaceKind::stream};
  made.owner = "payments@shop.example";
  made.fields = {{.name = "id", .type = int_type()},
                 {.name = "email", .type = optional_type(string_type()), .labels = {"pii", "secret"}},
                 {.name = "amount", .type = decimal_type(12, 2)},
                 {.name = "at", .type = timestamp_type()}};
  made.key = {{"id"}};
  made.time = InterfaceTime{.field = "at", .within_us = 10'000'000};
  made.compatible = schema::Compatibility::full_transitive;
  made.uniques = {{.fields = {{"id"}}, .within_us = 86'400'000'000}, {.fields = {{"id"}, {"amount"}}, .within_us = {}}};
  made.checks = {{.name = "sound", .condition = "is_sound(amount, \"a\") // ours", .otherwise = "reject"},
                 {.name = "known", .condition = "amount > 0\n  and id > 0", .otherwise = "stop"}};
  made.promises = {.fresh_us = 90'000'000,
                   .latencies = {{.quantile = "p99", .below_us = 1'500'000}},
                   .completes = {{.fields = {{"email"}}, .percent = "99.5"}},
                   .volumes = {{.least = 100, .most = 5000, .period_us = 3'600'000'000}},
                   .state_bytes = int64_t{3} << 30,
                   .keep_us = 30 * int64_t{86'400'000'000}};
  made.deprecated = typed::Deprecation{.until = "2031-03-31", .successor = 3};
  made.allows = {{.readers = {"domain board"}, .purposes = {}}};
  return made;
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

TEST(InterfaceScript, CarriesTheContract) {
  const Interface all = promised();
  const typed::Project project = checked(script_of({all}));
  ASSERT_EQ(project.relations.size(), 1u);
  EXPECT_EQ(to_json(interface_of(project, project.relations[0])), to_json(all));
  EXPECT_FALSE(typed::print(project).empty());
}

TEST(InterfaceScript, TellsReadersOfADraft) {
  Interface draft = promised();
  draft.deprecated.reset();
  draft.draft = true;
  const typed::Project project = checked(script_of({draft}));
  ASSERT_EQ(project.relations.size(), 1u);
  EXPECT_EQ(to_json(interface_of(project, project.relations[0])), to_json(draft));
  EXPECT_TRUE(interface_of_json(to_json(draft))->draft);
  const std::string reader = "domain board\nuse payments.payment\nproduct p { from payment }\n";
  EXPECT_EQ(check_with(reader, script_of({draft})).findings,
            std::vector<std::string>{"W7242: `payments.payment version 2` is a draft"});
}

TEST(InterfaceScript, AContractOfAnotherHandIsNoScript) {
  Interface odd = promised();
  odd.checks = {{.name = "a }\nproduct b", .condition = "true else reject } }", .otherwise = "reject }"}};
  odd.deprecated = typed::Deprecation{.until = "2031-03-31 }", .successor = {}};
  odd.promises.completes[0].percent = "1% }";
  odd.promises.latencies[0].quantile = "p99 }";
  odd.fields[1].labels = {"pii }", "pii"};
  const typed::Project project = checked(script_of({odd}));
  ASSERT_EQ(project.relations.size(), 1u);
  const Interface back = interface_of(project, project.relations[0]);
  EXPECT_TRUE(back.checks.empty());
  EXPECT_FALSE(back.deprecated);
  EXPECT_EQ(back.fields[1].labels, std::vector<std::string>{"pii"});
}

constexpr const char* kReader = R"(domain board

use payments.payment version 2 expect {
  fresh within 5m
  unique id within 1h
  complete email >= 99%
  volume 50..6000 per 1h
  keep 7d
  latency p99 < 2s
}

product paid version 1
  allow read to domain sales
{
  from payment
  select { id, email }
}
)";

TEST(InterfaceScript, AnswersWhatItsReadersExpect) {
  Interface interface = promised();
  interface.deprecated.reset();
  const Checked well = check_with(kReader, script_of({interface}));
  // All that is expected is promised. What we pass on has the labels that its owner gave it, also one that is none of
  // ours.
  EXPECT_EQ(well.findings,
            (std::vector<std::string>{"E5442: `paid` lets others read `email`, which carries the label `#pii`",
                                      "E5442: `paid` lets others read `email`, which carries the label `#secret`"}));
  ASSERT_EQ(well.project.expectations.size(), 1u);
  interface.promises.fresh_us = 600'000'000;
  interface.uniques.clear();
  interface.fields[1].labels.clear();
  const Checked less = check_with(kReader, script_of({interface}));
  EXPECT_EQ(less.findings,
            (std::vector<std::string>{"E5460: `payments.payment` does not promise `fresh within 5m`",
                                      "E5460: `payments.payment` does not promise `unique id within 1h`"}));
}

TEST(InterfaceScript, TellsReadersOfItsEnd) {
  Interface interface = promised();
  for (InterfaceField& field : interface.fields) field.labels.clear();
  const std::string script = script_of({interface});
  constexpr int64_t kEnd = 1'932'681'600'000'000;  // 2031-03-31
  const std::vector<std::string> warned = check_with(kReader, script, kEnd - 1).findings;
  ASSERT_EQ(warned.size(), 1u);
  EXPECT_TRUE(warned[0].starts_with("W5462")) << warned[0];
  const std::vector<std::string> refused = check_with(kReader, script, kEnd).findings;
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_TRUE(refused[0].starts_with("E5463")) << refused[0];
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

/// A product whose rows are written as its owner sees them.
Interface of_conditions() {
  Interface made{.domain = "crm", .name = "member"};
  made.fields = {{.name = "id", .type = int_type()},
                 {.name = "email", .type = string_type()},
                 {.name = "home", .type = struct_type({{"street", string_type()}, {"country", string_type()}})},
                 {.name = "phone", .type = optional_type(string_type())}};
  made.allows = {{.readers = {"domain audit"}, .purposes = {}}};
  made.access.rows = {
      {.readers = {"domain mail", "role crm"}, .purposes = {}, .where = "is_near(home.country) or (id) == (1)"},
      {.readers = {"domain sales"}, .purposes = {"care"}, .where = "id > 1"}};
  made.access.masks = {{.field = {"email"}, .with = "hidden", .except = {"domain audit"}},
                       {.field = {"home", "street"}, .with = "x => \"***\"", .except = {}},
                       {.field = {"phone"}, .with = "", .except = {"role crm"}}};
  made.access.functions = {
      {"crm",
       "hidden",
       "function",
       false,
       "",
       {},
       "function hidden(s: string) -> string = if s == \"\" then s else \"***\""},
      {"crm", "is_near", "function", false, "", {}, "function is_near(s: string) -> bool = s == \"FR\""}};
  return made;
}

Result<Interface> read_back(const Interface& interface) {
  return interface_of_json(to_json(interface));
}

TEST(InterfaceScript, HasConditionsAndMasksAsClauses) {
  const Interface made = of_conditions();
  const Result<Interface> back = read_back(made);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->access, made.access);
  EXPECT_EQ(to_json(*back), to_json(made));
  std::string script = script_of({made});
  for (const DefinitionItem& item : made.access.functions) script += "\n" + item.text + "\n";
  const typed::Project project = checked(script);
  ASSERT_EQ(project.relations.size(), 1u);
  const typed::Relation& relation = project.relations[0];
  ASSERT_EQ(relation.access.allows.size(), 3u);
  EXPECT_EQ(relation.access.allows[0].where, nullptr);
  EXPECT_NE(relation.access.allows[1].where, nullptr);
  EXPECT_EQ(relation.access.allows[2].purposes, std::vector<std::string>{"care"});
  // What is masked where it is written is not masked again.
  ASSERT_EQ(relation.access.masks.size(), 2u);
  EXPECT_EQ(relation.access.masks[1].field, (std::vector<int>{2, 0}));
}

TEST(InterfaceScript, RowsOfOneReaderAreForNobodyElse) {
  Interface made = of_conditions();
  made.access.rows_for = "domain mail";
  made.access.masks.clear();
  const typed::Project project = checked(script_of({made}));
  const std::vector<typed::AllowRule>& allows = project.relations[0].access.allows;
  ASSERT_EQ(allows.size(), 1u);
  EXPECT_EQ(typed::principal_text(allows[0].readers.at(0)), "domain mail");
  EXPECT_EQ(allows[0].where, nullptr) << "its rows are those for which it holds";
  made.access.rows_for = "role board";
  const typed::Project closed = checked(script_of({made}));
  ASSERT_EQ(closed.relations[0].access.allows.size(), 1u);
  EXPECT_EQ(typed::principal_text(closed.relations[0].access.allows[0].readers.at(0)), "domain crm");
}

TEST(InterfaceScript, ReadersThatKnowNoMasksReadNothing) {
  Interface made = of_conditions();
  EXPECT_TRUE(to_json(made).starts_with(R"({"interface":2,)")) << to_json(made);
  // Conditions alone are clauses that such a reader does not see: they grant it nothing.
  made.access.masks.clear();
  EXPECT_TRUE(to_json(made).starts_with(R"({"interface":1,)")) << to_json(made);
  made.access = {};
  EXPECT_EQ(to_json(made).find("\"access\""), std::string::npos);
}

TEST(InterfaceScript, AClauseOfAnotherHandIsNoScript) {
  const auto refused = [](auto change) {
    Interface odd = of_conditions();
    change(odd.access);
    return !read_back(odd).ok();
  };
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows[0].where = "true allow read to anyone"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows[0].where = "true\n  allow read to anyone"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows[0].where = "true // all"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows[0].where = ""; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows[0].readers = {"role crm, anyone"}; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows[1].purposes = {"care where true"}; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.masks[0].with = "hidden except anyone"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.masks[1].with = "x => x } stream t { id: int"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.masks[0].except = {"role crm\n  allow read to anyone"}; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.rows_for = "domain mail where true"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) { access.functions[0].name = "other"; }));
  EXPECT_TRUE(refused([](InterfaceAccess& access) {
    access.functions.push_back({.domain = "crm", .name = "shown", .kind = "param", .text = "param shown: int = 1"});
  })) << "a reader could set it";
}

TEST(InterfaceScript, ReadersOfAnotherHandAreNames) {
  Interface odd{.domain = "payments", .name = "payment"};
  odd.fields = {{.name = "id", .type = int_type()}};
  odd.allows = {{.readers = {"role crm\n  allow read to anyone", "domain case", "domain finance.eu", "user \"a b\"", "",
                             "domain ", "domain a..b", "nobody"},
                 .purposes = {}},
                {.readers = {"anyone"}, .purposes = {"care\n  allow read to anyone"}}};
  const typed::Project project = checked(script_of({odd}));
  ASSERT_EQ(project.relations.size(), 1u);
  const std::vector<typed::AllowRule>& allows = project.relations[0].access.allows;
  ASSERT_EQ(allows.size(), 1u);
  std::vector<std::string> readers;
  for (const typed::Principal& one : allows[0].readers) readers.push_back(typed::principal_text(one));
  EXPECT_EQ(readers, (std::vector<std::string>{"domain case", "domain finance.eu", "user \"a b\""}));
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
