// Lineage across projects. What the registry says stands here as the documents that another project publishes.
#include "mesh/lineage/across.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/check/checked_test.h"
#include "mesh/lineage/json.h"
#include "mesh/lineage/picture.h"
#include "mesh/lineage/text.h"

namespace braid::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

typed::Project checked(const std::string& script) {
  Checked made = check_files({script});
  for (const std::string& message : made.messages) ADD_FAILURE() << message;
  return std::move(made.project);
}

typed::RelationId find(const typed::Project& project, const std::string& name) {
  for (size_t i = 0; i < project.relations.size(); ++i)
    if (project.relations[i].qualified() == name) return static_cast<typed::RelationId>(i);
  ADD_FAILURE() << name;
  return 0;
}

/// As the registry has it.
FarProduct published(const std::string& script, const std::string& name, std::map<std::string, int64_t> reads = {}) {
  const typed::Project project = checked(script);
  const typed::RelationId id = find(project, name);
  const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
  const Graph graph(project);
  return {.domain = relation.domain,
          .name = relation.name,
          .version = relation.version,
          .row = relation.row,
          .document = json_up(graph, {id, {}}),
          .reads = std::move(reads)};
}

const char* const kShop = R"(domain shop
stream record
  time at within 1s
{ id: int, raw: decimal(12,2), state: string, to: { city: string, zip: string }, at: timestamp }
view paid { from record where state == "paid" }
product order version 1 {
  from paid
  select { id, amount: raw * 2, city: to.city, at }
}
)";
/// `order` as the reader's project has it: a stream that its interface makes.
const char* const kKpi = R"(domain shop
public stream order
  time at within 1s
{ id: int, amount: decimal(14,2), city: string, at: timestamp }
product turnover version 1 {
  from order
  window tumbling 1m
  group city { total: sum(amount) }
}
)";
const char* const kBoard = R"(domain shop
stream turnover
  time at within 1s
{ city: string, total: decimal(38,2), at: timestamp }
product page version 2 {
  from turnover
  where city == "Bonn"
  select { shown: total, at }
}
)";

TEST(Across, GoesUpToTheSourcesOfAnotherProject) {
  const typed::Project kpi = checked(kKpi);
  const Across wide = across(kpi, {published(kShop, "shop.order")}, {find(kpi, "shop.order")});
  const Graph graph(wide.project, wide.flows);
  const std::string text = text_up(graph, {find(kpi, "shop.turnover"), {}});
  EXPECT_THAT(text, HasSubstr("    AGGREGATION     shop.order.amount\n"
                              "      TRANSFORMATION  shop.record.raw\n"));
  EXPECT_THAT(text, HasSubstr("      IDENTITY        shop.record.to.city\n"));
  EXPECT_THAT(text, HasSubstr("    FILTER          shop.record.state\n"));
  // Without the registry it ends at the border.
  EXPECT_THAT(text_up(Graph(kpi), {find(kpi, "shop.turnover"), {}}), Not(HasSubstr("record")));
  EXPECT_THAT(json_up(graph, {find(kpi, "shop.turnover"), {}}), HasSubstr("\"relation\": \"shop.record\""));
  const Picture shown = picture(graph, {find(kpi, "shop.turnover"), {}}, true);
  ASSERT_EQ(shown.boxes.size(), 3U);
  EXPECT_EQ(graph.name(shown.boxes[0].reading), "shop.record");
  EXPECT_EQ(graph.name(shown.boxes[1].reading), "shop.order");
  EXPECT_EQ(graph.name(shown.boxes[2].reading), "shop.turnover");
  EXPECT_THAT(dot(graph, shown), HasSubstr("shop.record"));
  EXPECT_THAT(svg(graph, shown), HasSubstr("shop.record"));
}

TEST(Across, GoesDownToEveryReader) {
  const typed::Project shop = checked(kShop);
  const std::vector<FarProduct> readers{published(kBoard, "shop.page", {{"shop.turnover", 1}}),
                                        published(kKpi, "shop.turnover", {{"shop.order", 1}})};
  const Across wide = across(shop, readers, {});
  const Graph graph(wide.project, wide.flows);
  const Subject raw{find(shop, "shop.record"), graph.find(find(shop, "shop.record"), "raw")};
  const std::string text = text_down(graph, raw);
  EXPECT_THAT(text, HasSubstr("        AGGREGATION     shop.turnover.total\n"
                              "          IDENTITY        shop.page.shown\n"));
  EXPECT_THAT(text, HasSubstr("products: shop.order version 1, shop.page version 2, shop.turnover version 1"));
  const Subject city{raw.relation, graph.find(raw.relation, "to.city")};
  EXPECT_THAT(text_down(graph, city), HasSubstr("shop.page: FILTER"));
  EXPECT_THAT(json_down(graph, raw), HasSubstr("\"name\": \"shop.page\""));
  EXPECT_EQ(picture(graph, raw, false).boxes.size(), 5U);
}

TEST(Across, EndsWhereProjectsReadEachOther) {
  const typed::Project kpi = checked(kKpi);
  FarProduct order = published(kShop, "shop.order");
  // The registry says that each is made of the other.
  const auto made_of = [](const std::string& relation, const std::string& field) {
    return R"({"relation":"","kind":"product","version":1,"fields":[{"name":")" + field + R"(","from":[{"relation":")" +
           relation + R"(","field":")" + field + R"(","kind":"IDENTITY"}],"conditions":[]}],"rows":[]})";
  };
  order.document = made_of("shop.far", "amount");
  order.reads = {{"shop.far", 1}};
  FarProduct far{.domain = "shop", .name = "far", .version = 1, .row = {{"amount", int_type()}}};
  far.document = made_of("shop.order", "amount");
  far.reads = {{"shop.order", 1}};
  const Across wide = across(kpi, {order, far}, {find(kpi, "shop.order")});
  const Graph graph(wide.project, wide.flows);
  EXPECT_THAT(text_up(graph, {find(kpi, "shop.turnover"), {}}), HasSubstr("shop.far.amount"));
  EXPECT_THAT(text_down(graph, {find(kpi, "shop.order"), {}}), HasSubstr("shop.turnover"));
}

TEST(Across, LeavesOutWhatIsNotAsItMustBe) {
  const typed::Project kpi = checked(kKpi);
  for (const std::string document :
       {"", "{", "[]", R"({"kind":"product"})", R"({"kind":"product","fields":3,"rows":[]})",
        R"({"kind":"product","fields":[{"name":"amount","from":[{"relation":"shop.x",)"
        R"("field":"y","kind":"NONE"}],"conditions":[]}],"rows":[]})"}) {
    FarProduct order = published(kShop, "shop.order");
    order.document = document;
    const Across wide = across(kpi, {order}, {find(kpi, "shop.order")});
    const Graph graph(wide.project, wide.flows);
    EXPECT_THAT(text_up(graph, {find(kpi, "shop.turnover"), {}}), HasSubstr("shop.order.amount")) << document;
  }
}

}  // namespace
}  // namespace braid::mesh
