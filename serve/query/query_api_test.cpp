#include "serve/query/query_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_writer.h"
#include "serve/duckdb/engine.h"

namespace braid::serve {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

/// A table shop.thing by `number`, one field of each type, with 5,000 rows.
class QueryApiTest : public testing::Test {
 protected:
  QueryApiTest() {
    if (const Result<SqlEngine*> engine = duckdb_engine(); !engine.ok()) {
      no_engine_ = engine.error().message;
      return;
    }
    spec_.domain = "shop";
    spec_.name = "thing";
    spec_.row = {
        {"number", int_type()},
        {"city", optional_type(string_type())},
        {"price", decimal_type(12, 2)},
        {"wide", decimal_type(30, 4)},
        {"half", float_type()},
        {"good", bool_type()},
        {"kind", enum_type({"red", "blue"})},
        {"id", uuid_type()},
        {"raw", bytes_type()},
        {"day", date_type()},
        {"at", timestamp_type()},
        {"lasts", duration_type()},
        {"tags", list_type(string_type())},
        {"place", optional_type(struct_type({{"street", string_type()}, {"floor", optional_type(int_type())}}))},
        {"counts", map_type(string_type(), int_type())},
        {"more", json_type()}};
    spec_.key = {{0}};
    spec_.changes = true;
    writer_.emplace(ViewLayout(spec_, {.product = 0}, 0), ViewFigures{});
    for (int64_t number = 0; number < kRows; ++number) put(number);
    commit(1);
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}}, {.epoch = 1});
    const std::vector<ApiProduct> products{
        {.domain = "shop", .name = "thing", .version = 2, .row = spec_.row, .key = {"number"}, .keyed = true}};
    query_.emplace(products, host_, system_clock(), duckdb_engine);
    api_.emplace(products, host_, system_clock(), [](const ApiProduct&) { return "ok"; });
    api_->offer_columns(duckdb_engine);
  }
  ~QueryApiTest() override {
    query_.reset();
    host_.close();
  }
  void SetUp() override {
    if (!no_engine_.empty()) GTEST_SKIP() << no_engine_;
  }

  Value value(int64_t number) const {
    const auto text = [](std::string made) { return Value{std::move(made)}; };
    const Value null{Null{}};
    const Value place{
        std::vector<Value>{text(fmt::format("street {}", number)), number % 4 == 1 ? null : Value{number}}};
    return {std::vector<Value>{
        Value{number}, number % 5 == 0 ? null : text(number % 2 == 0 ? "Bern" : "Z\"ug, \n"),
        Value{int128{number * 100 + 5}}, Value{int128{number} * 1'000'000'000'000 * 1'000'000'000},
        Value{static_cast<double>(number) / 2}, Value{number % 2 == 0}, Value{number % 2},
        Value{static_cast<int128>(number) << 100 | number}, text(std::string("\0a", 2)), Value{number % 400},
        Value{1'700'000'000'000'000 + number * 60'000'000}, Value{number * 1'500'000},
        Value{std::vector<Value>(static_cast<size_t>(number % 3), text("t"))}, number % 3 == 0 ? null : place,
        Value{std::vector<Value>{Value{std::vector<Value>{text("k"), Value{number}}}}}, text("{\"a\":[1,2]}")}};
  }
  void put(int64_t number) {
    std::vector<Field> row = spec_.row;
    row.push_back({std::string(kChange), int_type()});
    const std::vector<Leaf> leaves = flatten(row);
    Arena arena;
    Block block = allocate_block(leaves, 1, arena);
    block.rows = 1;
    block.time[0] = 10 + number;
    std::vector<Slot> slots(leaves.size());
    to_slots(struct_type(spec_.row), value(number), slots.data(), arena);
    slots.back() = slot_i64(static_cast<int64_t>(RowChange::comes));
    for (size_t leaf = 0; leaf < slots.size(); ++leaf) write_slot(block.columns[leaf], 0, slots[leaf]);
    writer_->write(block);
  }
  void commit(uint64_t epoch) {
    StateBatch batch;
    ASSERT_TRUE(writer_->put(writer_->take(), epoch, 0, store_, batch).ok());
    ASSERT_TRUE(store_.commit(batch).ok());
  }

  HttpResponse ask(const std::string& sql, const std::string& accept = "application/json",
                   const std::string& type = "application/sql") {
    HttpResponse answer = *query_->answer(
        {.method = "POST", .path = "/v1/query", .headers = {{"accept", accept}, {"content-type", type}}, .body = sql});
    while (answer.later) {
      std::optional<HttpResponse> made = answer.later();
      if (made)
        answer = *std::move(made);
      else
        system_clock().sleep_us(1000);
    }
    return answer;
  }
  Json rows(const std::string& sql) {
    const HttpResponse answer = ask(sql);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.status == 200 ? Json::parse(answer.body)["rows"] : Json();
  }

  static constexpr int64_t kRows = 5000;
  std::string no_engine_;
  ProductSpec spec_;
  MemoryStore store_;
  ViewHost host_{system_clock()};
  std::optional<ViewWriter> writer_;
  std::optional<QueryApi> query_;
  std::optional<Api> api_;
};

TEST_F(QueryApiTest, RowsAreThoseOfTheView) {
  const HttpResponse found = ask("select * from shop.thing order by number", "application/x-ndjson");
  ASSERT_EQ(found.status, 200) << found.body;
  std::string expected;
  for (int64_t number = 0; number < kRows; ++number) expected += to_json(struct_type(spec_.row), value(number)) + "\n";
  EXPECT_EQ(found.body, expected);
  EXPECT_EQ(ask("select * from shop.\"thing@2\" order by number", "application/x-ndjson").body, expected);
}

TEST_F(QueryApiTest, CountsGroupsAndJoins) {
  EXPECT_EQ(rows("select count(*) as n from shop.thing"), Json::parse("[{\"n\":5000}]"));
  EXPECT_EQ(rows("select sum(price) as s from shop.thing where number < 3"), Json::parse("[{\"s\":3.15}]"));
  EXPECT_EQ(rows("select count(*) as n from shop.thing a join shop.thing b on a.number = b.number + 1 "
                 "where a.kind = 'red' and b.good = false"),
            Json::parse("[{\"n\":2499}]"));
  EXPECT_EQ(rows("select date_trunc('year', min(\"at\")) as y, min(\"at\") + interval 1 day as later from shop.thing"),
            Json::parse("[{\"y\":\"2023-01-01T00:00:00Z\",\"later\":\"2023-11-15T22:13:20Z\"}]"));
  EXPECT_EQ(rows("select more->>'$.a[1]' as x from shop.thing limit 1"), Json::parse("[{\"x\":\"2\"}]"));
}

TEST_F(QueryApiTest, AnswersTellTheirEpochAndColumns) {
  const HttpResponse answer = ask("{\"sql\":\"select number, price as number from shop.thing where number = 7\"}",
                                  "application/json", "application/json");
  EXPECT_EQ(answer.body,
            "{\"epoch\":1,\"watermark\":null,\"columns\":[{\"name\":\"number\",\"type\":\"BIGINT\"},"
            "{\"name\":\"number_1\",\"type\":\"DECIMAL(12,2)\"}],\"rows\":[{\"number\":7,\"number_1\":7.05}]}\n");
  EXPECT_EQ(ask("select city, good from shop.thing where number in (1, 5) order by number", "text/csv").body,
            "city,good\n\"Z\"\"ug, \n\",false\n,false\n");
}

TEST_F(QueryApiTest, NothingOfTheOutsideIsReached) {
  for (const char* sql :
       {"select * from read_csv('/etc/passwd')", "select * from '/etc/passwd.csv'",
        "select * from read_text('/etc/passwd')", "select * from glob('/*')",
        "copy (select 1) to '/tmp/braid_query_out.csv'", "attach '/tmp/braid_query.db' as a", "install httpfs",
        "load httpfs", "set enable_external_access = true", "set lock_configuration = false", "create table t (a int)",
        "insert into shop.thing values (1)", "drop view shop.thing", "pragma enable_profiling", "select 1; select 2",
        "", "select ?", "select * from braid_view(17)", "export database '/tmp/braid_query'"})
    EXPECT_EQ(ask(sql).status, 400) << sql << ": " << ask(sql).body;
  EXPECT_THAT(ask("select town from shop.thing").body, HasSubstr("town"));
  EXPECT_EQ(query_->answer({.path = "/v1/query"})->status, 405);
  EXPECT_EQ(ask("{\"sq\":1}", "application/json", "application/json").status, 400);
}

TEST_F(QueryApiTest, NeedsAreBounded) {
  EXPECT_EQ(ask("select a.number, b.more from shop.thing a, shop.thing b").status, 422);
  EXPECT_EQ(ask("select count(*) from range(100000000000) a where a.range % 7 = 3").status, 422);
}

TEST_F(QueryApiTest, StopsWhenTheViewsAreClosed) {
  HttpResponse asked = *query_->answer({.method = "POST",
                                        .path = "/v1/query",
                                        .body = "select count(*) from range(100000000000) a where a.range % 7 = 3"});
  const int64_t begin = system_clock().steady_us();
  host_.close();
  EXPECT_LT(system_clock().steady_us() - begin, 5'000'000);
  asked = {};
}

TEST_F(QueryApiTest, GivesColumns) {
  for (const char* accept : {"application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"}) {
    const HttpResponse found = ask("select * from shop.thing", accept);
    ASSERT_EQ(found.status, 200) << found.body;
    EXPECT_EQ(found.content_type, accept);
    EXPECT_GT(found.body.size(), 10'000U);
    const HttpResponse page =
        *api_->answer({.path = "/v1/products/shop.thing/rows", .query = "limit=3000", .headers = {{"accept", accept}}});
    ASSERT_EQ(page.status, 200) << page.body;
    EXPECT_EQ(page.content_type, accept);
    EXPECT_GT(page.body.size(), 10'000U);
    EXPECT_EQ(page.headers.back().first, "Braid-Next");
  }
}

}  // namespace
}  // namespace braid::serve
