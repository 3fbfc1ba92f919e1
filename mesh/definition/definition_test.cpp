// A public declaration with what it stands on: collected from scripts, written, read, and used by another project.
#include "mesh/definition/definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/driver/compile.h"
#include "mesh/definition/collect.h"
#include "mesh/definition/facts.h"

namespace braid::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char* const kShop = R"(domain shop
  owner "shop@shop.example"

use rates.factor as by

param bound: int = 3

/// What an order is going through.
public type order_status = enum { open, "not paid", done }

type line = { sku: string, price: decimal(12,2) }
public type order = { id: int, status: order_status, lines: list<line>? }

function half(x: int) -> int = x - 1
public function scaled(x: int, times: int = 1) -> int = half(by(x)) * times
  example scaled(4) == 7
public function above(x: int) -> bool = x > bound
public function first_of<T>(list: list<T>, otherwise: T) -> T = otherwise
public aggregate most(x: int) -> int {
  init { top: int = 0 }
  step { top: max(top, half(x)) }
  finish top
}
public service price_of(sku: string) -> { price: decimal(12,2)? }
  from file "prices.csv"
)";
const char* const kRates = "domain rates\npublic function factor(x: int) -> int = x * 2\n";

struct Collection {
  SourceSet sources;
  std::vector<std::unique_ptr<ast::Script>> scripts;

  Definition collect(const std::string& name, const std::string& shop = kShop) {
    Reporter reporter;
    sources.add("shop.braid", shop);
    sources.add("rates.braid", kRates);
    scripts = driver::parse_scripts(sources, reporter);
    EXPECT_FALSE(reporter.has_errors());
    std::vector<const ast::Script*> all;
    for (const auto& script : scripts) all.push_back(script.get());
    return Declared(all, sources).collect("shop", name, [](const std::string& path) { return "/data/" + path; });
  }
};

Definition definition(const std::string& name, const std::string& shop = kShop) {
  Collection collection;
  return collection.collect(name, shop);
}

std::vector<std::string> names(const Definition& definition) {
  std::vector<std::string> made;
  for (const DefinitionItem& item : definition.items) made.push_back(item.kind + " " + item.domain + "." + item.name);
  return made;
}

/// The findings of a project that has the scripts of the definitions beside its own.
std::vector<std::string> findings(const std::string& ours, const std::vector<Definition>& used) {
  SourceSet sources;
  sources.add("board.braid", ours);
  for (const Definition& one : used)
    for (const DefinitionItem& item : one.items) sources.add(item.name + ".braid", script_of(item));
  Reporter reporter;
  const FunctionRegistry functions;
  const auto scripts = driver::parse_scripts(sources, reporter);
  const typed::Project project = driver::check_scripts(scripts, sources, {.functions = functions}, {}, {}, reporter,
                                                       std::vector<std::string>{}, 1);
  EXPECT_THAT(project.examples, IsEmpty()) << "examples of others are for their own tests";
  std::vector<std::string> made;
  for (const Diagnostic& finding : reporter.take_sorted()) made.push_back(code_text(finding) + ": " + finding.message);
  return made;
}

TEST(Definition, HasWhatItStandsOn) {
  EXPECT_THAT(names(definition("order_status")), ElementsAre("type shop.order_status"));
  EXPECT_THAT(names(definition("order")), ElementsAre("type shop.line", "type shop.order", "type shop.order_status"));
  const Definition scaled = definition("scaled");
  EXPECT_THAT(names(scaled), ElementsAre("function rates.factor", "function shop.half", "function shop.scaled"));
  EXPECT_EQ(scaled.owner, "shop@shop.example");
  EXPECT_EQ(scaled.items.back().uses, (std::vector<DefinitionUse>{{.path = "rates.factor", .as = "by"}}));
  EXPECT_FALSE(scaled.items[1].is_public);
  EXPECT_THAT(names(definition("most")), ElementsAre("aggregate shop.most", "function shop.half"));
  EXPECT_EQ(definition("order_status").items.front().documentation, "What an order is going through.");
  EXPECT_THAT(definition("price_of").items.front().text, HasSubstr("\"/data/prices.csv\""));
}

TEST(Definition, BringsItsParamsWithTheirDefaults) {
  const Definition above = definition("above");
  EXPECT_THAT(names(above), ElementsAre("function shop.above", "param shop.bound"));
  EXPECT_EQ(above.items.back().text, "param bound: int = 3");
  EXPECT_FALSE(above.items.back().is_public);
  EXPECT_EQ(above.kind(), "function");
  const std::string ours = R"(domain board
use shop.above

param bound: int = 10

stream order { id: int, amount: int, at: timestamp }

product large version 1 {
  from order
  where above(id)
  select { id, bound }
}
)";
  EXPECT_THAT(findings(ours, {above}), IsEmpty()) << "our own param of that name is another one";
  // A bare name sets ours; theirs has its whole name.
  SourceSet sources;
  sources.add("board.braid", ours);
  for (const DefinitionItem& item : above.items) sources.add(item.name + ".braid", script_of(item));
  for (const auto& [setting, mine, theirs] : {std::tuple("bound", "5", "3"), std::tuple("shop.bound", "10", "5")}) {
    Reporter reporter;
    const FunctionRegistry functions;
    const auto scripts = driver::parse_scripts(sources, reporter);
    const typed::Project project = driver::check_scripts(scripts, sources, {.functions = functions}, {{setting, "5"}},
                                                         {}, reporter, std::vector<std::string>{}, 1);
    std::map<std::string, int64_t> values;
    for (const typed::Parameter& one : project.parameters) values[one.domain] = one.value.integer();
    EXPECT_EQ(values["board"], std::stoll(mine)) << setting;
    EXPECT_EQ(values["shop"], std::stoll(theirs)) << setting;
  }
}

TEST(Definition, IsTheSameAfterItsJson) {
  for (const char* name : {"order_status", "order", "scaled", "first_of", "most", "price_of", "above"}) {
    const Definition made = definition(name);
    const Result<Definition> read = definition_of_json(to_json(made));
    ASSERT_TRUE(read.ok()) << name << ": " << read.error().message;
    EXPECT_EQ(*read, made);
  }
}

TEST(Definition, IsUsedByAnotherProject) {
  const std::string ours = R"(domain board
use shop.order
use shop.order_status as state
use shop.scaled
use shop.first_of

stream sale
  time at within 1m
  from file "sale.ndjson" format json
{ at: timestamp, n: int, state: state, placed: order }

product board version 1 {
  from sale
  where state == "not paid"
  select { at, n: scaled(n, times: 3), m: first_of([n], 7), id: placed.id }
}
)";
  EXPECT_THAT(findings(ours, {definition("order"), definition("scaled"), definition("first_of")}), IsEmpty());
}

TEST(Definition, OfAnotherHandIsOneDeclaration) {
  const auto with = [](const std::string& text, const std::string& use = {}) {
    Definition made = definition("order_status");
    made.items.front().text = text;
    if (!use.empty()) made.items.front().uses = {{.path = use, .as = "x"}};
    return definition_of_json(to_json(made)).ok();
  };
  EXPECT_TRUE(with("type order_status = enum { open }"));
  EXPECT_FALSE(with("type order_status = enum { open } public type more = int"));
  EXPECT_FALSE(with("type other = int"));
  EXPECT_FALSE(with("function order_status(x: int) -> int = x"));
  EXPECT_FALSE(with("type order_status = enum {"));
  EXPECT_FALSE(with(""));
  EXPECT_FALSE(with("type order_status = int", "a.b\nuse c.d"));
  Definition alone = definition("order_status");
  alone.items.front().is_public = false;
  EXPECT_FALSE(definition_of_json(to_json(alone)).ok()) << "nothing of that name is public";
}

TEST(Definition, SaysWhatItsUsersRelyOn) {
  const Fact order = facts_of(definition("order")).front();
  EXPECT_EQ(to_string(order.type),
            to_string(struct_type({{"id", int_type()},
                                   {"status", enum_type({"open", "not paid", "done"})},
                                   {"lines", optional_type(list_type(struct_type(
                                                 {{"sku", string_type()}, {"price", decimal_type(12, 2)}})))}})));
  EXPECT_EQ(facts_of(definition("scaled")).front().signature(), "(x: int, times: int = 1) -> int");
  EXPECT_EQ(facts_of(definition("first_of")).front().signature(), "<T>(list: list<T>, otherwise: T) -> T");
  EXPECT_EQ(facts_of(definition("most")).front().state, "top: int");
}

}  // namespace
}  // namespace braid::mesh
