#include "compiler/lineage/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/check/checked_test.h"
#include "compiler/lineage/whole_cases.h"

namespace braid::lineage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string kScript = R"(
domain shop

stream payment
  time at within 10s
{ id: int, customer_id: int, amount: decimal(12,2), card: { number: string #card, network: string }, at: timestamp }

table customer
  key id
  time updated_at within 1m
{ id: int, email: string #pii, born: date #pii #health, tags: list<{ name: string #pii, weight: int }>, updated_at: timestamp }
)";

class Flow : public testing::Test {
 protected:
  void check(const std::string& flows) {
    checked_ = std::make_unique<Checked>(check_files({kScript + flows}));
    ASSERT_THAT(checked_->messages, IsEmpty());
    flows_ = lineage::flows(checked_->project);
  }
  const typed::Relation& relation(const std::string& name) const {
    for (const typed::Relation& each : checked_->project.relations)
      if (each.name == name) return each;
    throw std::runtime_error("no relation " + name);
  }
  const RelationFlow& flow(const std::string& name) const {
    return flows_[static_cast<size_t>(&relation(name) - checked_->project.relations.data())];
  }
  std::vector<std::string> labels(const std::string& name, const std::string& field) const {
    const typed::Relation& of = relation(name);
    return of.field_labels.at(static_cast<size_t>(find_field(of.row, field)));
  }
  /// "payment.amount": as one hop names it.
  std::string name(const Origin& origin) const {
    const typed::Relation& of = checked_->project.relations[static_cast<size_t>(origin.relation)];
    std::string made = of.name + (origin.port.empty() ? "" : "." + origin.port);
    const std::vector<Field>* row = &of.row;
    for (const int index : origin.path) {
      if (index == kEventTime) return made + ".event_time()";
      made += "." + (*row)[static_cast<size_t>(index)].name;
      row = parts_of((*row)[static_cast<size_t>(index)].type);
    }
    return made;
  }
  const Shape& shape(const std::string& of, const std::string& field) const {
    return flow(of).result.fields.at(static_cast<size_t>(find_field(relation(of).row, field)));
  }
  std::vector<std::string> values(const Shape& shape) const {
    std::vector<std::string> made;
    for (const auto& [origin, kind] : flat(shape).values) made.push_back(name(origin) + " " + std::string(word(kind)));
    return made;
  }
  std::vector<std::string> influences(const Influences& all) const {
    std::vector<std::string> made;
    for (const auto& [origin, influence] : all) made.push_back(name(origin) + " " + std::string(word(influence)));
    return made;
  }

  std::unique_ptr<Checked> checked_;
  std::vector<RelationFlow> flows_;
};

TEST_F(Flow, LabelsFollowValues) {
  check(R"(
product p version 1 {
  from payment
  join customer as c on c.id == customer_id
  select {
    id,
    upper: c.email.upper(),
    either: if amount > 5 then c.email else "none",
    listed: [c.email, "x"],
    both: { mail: c.email, number: card.number },
    network: card.network,
    names: c.tags.map(t => t.name),
    weights: c.tags.map(t => t.weight),
    c,
  }
})");
  EXPECT_THAT(labels("p", "id"), IsEmpty());
  EXPECT_THAT(labels("p", "upper"), ElementsAre("pii"));
  EXPECT_THAT(labels("p", "either"), ElementsAre("pii"));
  EXPECT_THAT(labels("p", "listed"), ElementsAre("pii"));
  EXPECT_THAT(labels("p", "both"), ElementsAre("card", "pii"));
  EXPECT_THAT(labels("p", "network"), IsEmpty());
  EXPECT_THAT(labels("p", "names"), ElementsAre("pii"));
  EXPECT_THAT(labels("p", "weights"), IsEmpty());
  EXPECT_THAT(labels("p", "c"), ElementsAre("health", "pii"));
}

TEST_F(Flow, CountsAndTestsCarryNone) {
  check(R"(
product p version 1 {
  from payment
  join customer as c on c.id == customer_id
  where c.email != "nobody"
  window tumbling 1m
  group german: c.email.ends_with(".de") {
    n: count(),
    people: count_distinct(c.email),
    about: approx_distinct(c.email),
    old: count(where: c.born < @1960-01-01),
    newest: last(c.email),
    mails: collect(c.email),
  }
})");
  for (const char* field : {"german", "n", "people", "about", "old"})
    EXPECT_THAT(labels("p", field), IsEmpty()) << field;
  EXPECT_THAT(labels("p", "newest"), ElementsAre("pii"));
  EXPECT_THAT(labels("p", "mails"), ElementsAre("pii"));
}

TEST_F(Flow, DeclassifyTakesOneLabelOff) {
  check(R"(
function year_of(day: date) -> int = declassify(day.year(), #pii, because: "a year is shared by many")

view v {
  from customer
  let born_in = year_of(born)
  let plain = declassify(declassify(born.year(), #pii, because: "a"), #health, because: "b")
  let mail = email.declassify(#pii, because: "for the test")
}

product p version 1
  key id
{
  from v
  select { id, born_in, plain, mail, email, updated_at }
})");
  EXPECT_THAT(labels("p", "born_in"), ElementsAre("health"));
  EXPECT_THAT(labels("p", "plain"), IsEmpty());
  EXPECT_THAT(labels("p", "mail"), IsEmpty());
  EXPECT_THAT(labels("p", "email"), ElementsAre("pii"));
  std::vector<std::string> reasons;
  for (const typed::Declassification& one : flow("v").declassified) reasons.push_back(one.label + ": " + one.because);
  EXPECT_THAT(reasons,
              UnorderedElementsAre("pii: a year is shared by many", "pii: a", "health: b", "pii: for the test"));
}

TEST_F(Flow, RejectedRowsCarryWhatIsRead) {
  check(R"(
view narrow {
  from customer
  select { id, updated_at }
}
product p version 1
  key id
{
  from narrow
}
product failed version 1 {
  from p.rejected
  select { code, reason, bytes }
})");
  EXPECT_THAT(labels("p", "id"), IsEmpty());
  EXPECT_THAT(labels("failed", "code"), IsEmpty());
  EXPECT_THAT(labels("failed", "bytes"), ElementsAre("health", "pii"));
  EXPECT_THAT(labels("failed", "reason"), ElementsAre("health", "pii"));
}

TEST_F(Flow, ValuesHaveKinds) {
  check(R"(
product p version 1 {
  from payment
  window tumbling 1m
  group customer_id { total: sum(amount * 2), first_card: first(card.number), n: count(where: amount > 5) }
})");
  EXPECT_THAT(values(shape("p", "customer_id")), ElementsAre("payment.customer_id IDENTITY"));
  EXPECT_THAT(values(shape("p", "total")), ElementsAre("payment.amount AGGREGATION"));
  EXPECT_THAT(values(shape("p", "first_card")), ElementsAre("payment.card.number AGGREGATION"));
  EXPECT_THAT(influences(shape("p", "first_card").conditions), ElementsAre("payment.at SORT"));
  EXPECT_THAT(values(shape("p", "n")), IsEmpty());
  EXPECT_THAT(influences(shape("p", "n").conditions), ElementsAre("payment.amount CONDITIONAL"));
  EXPECT_THAT(influences(flow("p").result.decide),
              testing::IsSupersetOf({"payment.customer_id GROUP_BY", "payment.at WINDOW"}));
}

TEST_F(Flow, WhatMayFailDecidesTheRows) {
  check(R"(
product p version 1 {
  from payment
  select { id, part: amount / customer_id, none: try amount / id }
})");
  EXPECT_THAT(influences(flow("p").result.decide),
              testing::IsSupersetOf({"payment.amount CONDITIONAL", "payment.customer_id CONDITIONAL"}));
  EXPECT_THAT(influences(flow("p").result.decide), testing::Not(testing::Contains("payment.id CONDITIONAL")));
}

TEST_F(Flow, AmongWhichRowsARunningSumIsMadeDecidesWhetherItFails) {
  check(R"(
product sums version 1 {
  from payment
  running per customer_id over 8s { total: sum(amount) }
}
product counts version 1 {
  from payment
  running per customer_id over 8s { n: count() }
})");
  EXPECT_THAT(influences(flow("sums").result.decide), testing::Contains("payment.customer_id GROUP_BY"));
  EXPECT_THAT(influences(flow("counts").result.decide),
              testing::Not(testing::Contains("payment.customer_id GROUP_BY")));
}

TEST_F(Flow, AnAlertIsDecidedByItsCheck) {
  check(R"(
product p version 1
  contract { check big: amount < 5 else alert }
{
  from payment
  select { id, amount }
}
product told version 1 {
  from p.alerts
  select { check }
})");
  EXPECT_THAT(influences(flow("p").ports.at("alerts").decide), ElementsAre("payment.amount FILTER"));
  EXPECT_THAT(influences(flow("p").result.decide), IsEmpty());
}

TEST_F(Flow, ADefaultThatMayFailIsComputedWhereTheFieldIsMissing) {
  check(R"(
stream reading
  time at within 1s
{
  id: int = [2, 5][3],
  level: int = 7,
  at: timestamp,
}
product p version 1 {
  from reading
  select { at }
})");
  EXPECT_THAT(influences(flow("p").result.decide), testing::Contains("reading.id CONDITIONAL"));
  EXPECT_THAT(influences(flow("p").result.decide), testing::Not(testing::Contains("reading.level CONDITIONAL")));
}

TEST_F(Flow, JoinsNameBothSides) {
  check(R"(
product p version 1 {
  from payment
  left join customer as c on c.id == customer_id and c.email != ""
  select { id, mail: c?.email }
})");
  EXPECT_THAT(values(shape("p", "mail")), ElementsAre("customer.email TRANSFORMATION"));
  EXPECT_THAT(influences(flow("p").result.decide),
              testing::IsSupersetOf({"payment.customer_id JOIN", "customer.id JOIN", "customer.email JOIN",
                                     "payment.at JOIN", "customer.updated_at JOIN"}));
}

TEST_F(Flow, NothingIsFollowedWithoutLabels) {
  const Checked plain = check_files({R"(
domain shop
stream s
  time at within 1s
{ id: int, at: timestamp }
product p version 1 {
  from s
})"});
  ASSERT_THAT(plain.messages, IsEmpty());
  for (const typed::Relation& each : plain.project.relations) EXPECT_THAT(each.field_labels, IsEmpty());
}

/// Of a project of its own, by the name of the source: "sale.state".
std::vector<std::string> cases_of(const std::string& flows, const std::string& product) {
  const Checked checked = check_files({R"(
domain shop

stream sale
  time at within 10s
{
  id: int, state: enum { open, paid }, kind: enum { a, b, c }?, dest: { way: enum { air, sea } },
  lines: list<{ unit: enum { kg, g }, count: int }>, at: timestamp,
}
)" + flows});
  EXPECT_THAT(checked.messages, IsEmpty());
  const typed::Project& project = checked.project;
  const std::vector<RelationFlow> all = lineage::flows(project);
  std::vector<std::string> made;
  for (size_t id = 0; id < project.relations.size(); ++id)
    if (project.relations[id].name == product)
      for (const auto& [source, paths] : whole_cases(project, all, static_cast<typed::RelationId>(id)))
        for (const std::string& path : paths)
          made.push_back(project.relations[static_cast<size_t>(source)].name + "." + path);
  return made;
}

TEST(WholeCases, AreThoseWithoutElse) {
  EXPECT_THAT(cases_of(R"(
product p { from sale select { id, n: case state { "open" -> 1, "paid" -> 2 } } })",
                       "p"),
              ElementsAre("sale.state"));
  EXPECT_THAT(cases_of(R"(
product p { from sale select { id, n: case state { "open" -> 1, else -> 2 } } })",
                       "p"),
              IsEmpty());
  EXPECT_THAT(cases_of(R"(
product p { from sale select { id, n: case kind { null -> 0, "a" -> 1, "b" -> 2, "c" -> 3 } } })",
                       "p"),
              ElementsAre("sale.kind"));
  EXPECT_THAT(cases_of(R"(
product p { from sale where case dest.way { "air" -> true, "sea" -> id > 2 } })",
                       "p"),
              ElementsAre("sale.dest.way"));
}

TEST(WholeCases, AreFoundThroughViewsFunctionsAndLists) {
  EXPECT_THAT(cases_of(R"(
view v { from sale select { id, s: state, at } }
function rank(s: enum { open, paid }) -> int = case s { "open" -> 1, "paid" -> 2 }
product q { from v where rank(s) > 1 }
product p { from q select { id } })",
                       "p"),
              ElementsAre("sale.state"));
  EXPECT_THAT(cases_of(R"(
product p { from sale select { id, n: lines.map(line => case line.unit { "kg" -> 1, "g" -> 2 }) } })",
                       "p"),
              ElementsAre("sale.lines[].unit"));
  EXPECT_THAT(cases_of(R"(
product p { from sale select { id, state } })",
                       "p"),
              IsEmpty());
}

}  // namespace
}  // namespace braid::lineage
