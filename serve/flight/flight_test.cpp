#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "runtime/base/check.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_writer.h"
#include "serve/duckdb/engine.h"
#include "serve/flight/flight_api.h"
#include "serve/flight/sql_catalogue.h"
#include "serve/grpc/message_reader.h"

namespace braid::serve {
namespace {

using namespace flight;
using testing::HasSubstr;
using testing::StartsWith;

std::string field(std::string_view message, uint32_t number) {
  std::string found;
  EXPECT_TRUE(read_message(message, [&](const WireValue& value) {
    if (value.number == number && value.type == WireType::sized) found = value.bytes;
  }));
  return found;
}

/// A table shop.shelf { name, size } by name, with 3,000 rows.
class FlightTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 3000;

  FlightTest() {
    spec_.domain = "shop";
    spec_.name = "shelf";
    spec_.row = {{"name", string_type()}, {"size", optional_type(int_type())}};
    spec_.key = {{0}};
    spec_.changes = true;
    writer_.emplace(ViewLayout(spec_, {.product = 0}, 0), ViewFigures{});
    for (int64_t number = 0; number < kRows; ++number) put(number);
    StateBatch batch;
    BRAID_CHECK(writer_->put(writer_->take(), 1, 0, store_, batch).ok());
    BRAID_CHECK(store_.commit(batch).ok());
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}}, {.epoch = 1});
    const std::vector<ApiProduct> products{
        {.domain = "shop", .name = "shelf", .version = 2, .row = spec_.row, .key = {"name"}, .keyed = true}};
    query_.emplace(products, host_, system_clock(), duckdb_engine);
    flight_.emplace(products, host_, system_clock(), [](const ApiProduct&) { return "ok"; }, *query_);
  }
  ~FlightTest() override {
    query_.reset();
    host_.close();
  }
  void SetUp() override {
    if (const Result<SqlEngine*> engine = duckdb_engine(); !engine.ok()) GTEST_SKIP() << engine.error().message;
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
    const Value value{
        std::vector<Value>{Value{fmt::format("n{:04}", number)}, number % 5 == 0 ? Value{Null{}} : Value{number}}};
    to_slots(struct_type(spec_.row), value, slots.data(), arena);
    slots.back() = slot_i64(static_cast<int64_t>(RowChange::comes));
    for (size_t leaf = 0; leaf < slots.size(); ++leaf) write_slot(block.columns[leaf], 0, slots[leaf]);
    writer_->write(block);
  }

  struct Answer {
    std::vector<std::string> messages;
    GrpcStatus status = GrpcStatus::ok;
    std::string reason;
  };
  Answer call(const std::string& method, const std::vector<std::string>& messages) {
    const std::unique_ptr<GrpcExchange> call =
        flight_->call({.path = "/arrow.flight.protocol.FlightService/" + method, .headers = {}});
    Answer answer;
    if (!call) {
      answer.status = GrpcStatus::unimplemented;
      return answer;
    }
    for (const std::string& each : messages) call->take(each);
    call->no_more();
    while (true) {
      GrpcPart part = call->next();
      if (part.is == GrpcPart::Is::nothing_yet) system_clock().sleep_us(500);
      if (part.is == GrpcPart::Is::message) answer.messages.push_back(std::move(part.bytes));
      if (part.is != GrpcPart::Is::end) continue;
      answer.status = part.status;
      answer.reason = part.reason;
      return answer;
    }
  }
  static std::string ticket(std::string_view text) {
    std::string made;
    append_sized(made, 1, text);
    return made;
  }
  static std::string command(std::string_view bytes) {
    std::string made;
    append_number(made, 1, 2);
    append_sized(made, 2, bytes);
    return made;
  }
  static std::string statement(std::string_view sql) { return sql_message("CommandStatementQuery", ticket(sql)); }

  ProductSpec spec_;
  MemoryStore store_;
  ViewHost host_{system_clock()};
  std::optional<ViewWriter> writer_;
  std::optional<QueryApi> query_;
  std::optional<FlightApi> flight_;
};

TEST_F(FlightTest, RowsComeAsOneSchemaAndBatches) {
  const Answer found = call("DoGet", {ticket("shop.shelf")});
  ASSERT_EQ(found.status, GrpcStatus::ok) << found.reason;
  ASSERT_EQ(found.messages.size(), 3U) << "a schema and two batches of at most 2,048 rows";
  std::string stream;
  for (const std::string& each : found.messages) ASSERT_TRUE(append_message(each, stream));
  const std::vector<ArrowMessage> messages = messages_of(stream);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_TRUE(messages[0].is_schema);
  EXPECT_FALSE(messages[1].is_schema);
  EXPECT_THAT(std::string(messages[0].header), HasSubstr("braid.epoch"));
  EXPECT_EQ(field(found.messages.back(), 3), "{\"epoch\":1,\"next\":null}");
  const Answer few = call("DoGet", {ticket("shop.shelf/rows?limit=3")});
  EXPECT_THAT(field(few.messages.back(), 3), StartsWith("{\"epoch\":1,\"next\":\""));
}

TEST_F(FlightTest, TheTicketOfAFlightNamesItsEpoch) {
  const Answer info = call("GetFlightInfo", {command("shop.shelf?size.ge=7")});
  ASSERT_EQ(info.status, GrpcStatus::ok) << info.reason;
  const std::string text = field(field(field(info.messages.at(0), 3), 1), 1);
  EXPECT_THAT(text, StartsWith("shop.shelf@2/rows?size.ge=7&after="));
  EXPECT_EQ(call("DoGet", {ticket(text)}).status, GrpcStatus::ok);
  EXPECT_EQ(call("DoGet", {ticket(text + "A&size.le=9")}).status, GrpcStatus::invalid_argument);
}

TEST_F(FlightTest, StatementsAreReadOnly) {
  const Answer info = call("GetFlightInfo", {command(statement("select count(*) as n from shop.shelf"))});
  ASSERT_EQ(info.status, GrpcStatus::ok) << info.reason;
  EXPECT_FALSE(field(info.messages.at(0), 1).empty());
  const Answer rows = call("DoGet", {field(field(info.messages.at(0), 3), 1)});
  EXPECT_EQ(rows.messages.size(), 2U) << rows.reason;
  for (const char* sql : {"drop view shop.shelf", "select 1; select 2", "selekt", "select * from shop.nothing", ""})
    EXPECT_EQ(call("GetFlightInfo", {command(statement(sql))}).status, GrpcStatus::invalid_argument) << sql;
  const std::string update = sql_message("CommandStatementUpdate", ticket("delete from shop.shelf"));
  EXPECT_EQ(call("GetFlightInfo", {command(update)}).status, GrpcStatus::unimplemented);
  std::string put;
  append_sized(put, 1, command(update));
  EXPECT_EQ(call("DoPut", {put}).status, GrpcStatus::unimplemented);
}

TEST_F(FlightTest, PreparedStatementsTakeParameters) {
  std::string action;
  append_sized(action, 1, "CreatePreparedStatement");
  append_sized(
      action, 2,
      sql_message("ActionCreatePreparedStatementRequest", ticket("select name from shop.shelf where size = ?")));
  const Answer made = call("DoAction", {action});
  ASSERT_EQ(made.status, GrpcStatus::ok) << made.reason;
  const std::string result = field(made.messages.at(0), 1);
  const std::optional<SqlMessage> prepared = read_sql_message(result);
  ASSERT_TRUE(prepared);
  const std::string handle = field(prepared->value, 1);
  const std::string query = sql_message("CommandPreparedStatementQuery", ticket(handle));
  EXPECT_THAT(call("DoGet", {ticket(query)}).reason, HasSubstr("1 parameters, and 0 values"));
  // One row of a statement is what is bound to the other one.
  const auto bound = [&](const char* sql) {
    std::vector<std::string> row = call("DoGet", {ticket(statement(sql))}).messages;
    std::string first;
    append_sized(first, 1, command(query));
    row.at(0) = first + row.at(0);
    const Answer put = call("DoPut", row);
    EXPECT_EQ(put.status, GrpcStatus::ok) << put.reason;
    return ticket(sql_message("CommandPreparedStatementQuery", ticket(field(field(put.messages.at(0), 1), 1))));
  };
  EXPECT_EQ(call("DoGet", {bound("select 7")}).messages.size(), 2U);
  EXPECT_EQ(call("DoGet", {bound("select 5::decimal(4, 1)")}).messages.size(), 1U) << "no row has that size";
  EXPECT_THAT(call("DoGet", {bound("select 1, 2")}).reason, HasSubstr("1 parameters, and 2 values"));
  EXPECT_THAT(call("DoGet", {bound("select unnest([1, 2])")}).reason, HasSubstr("one row"));
  EXPECT_THAT(call("DoGet", {bound("select [1]")}).reason, HasSubstr("cannot be bound"));
}

TEST_F(FlightTest, TheCatalogueIsAnswered) {
  for (const char* name : {"CommandGetCatalogs", "CommandGetDbSchemas", "CommandGetTables", "CommandGetTableTypes",
                           "CommandGetPrimaryKeys", "CommandGetXdbcTypeInfo", "CommandGetSqlInfo"}) {
    const Answer info = call("GetFlightInfo", {command(sql_message(name, ""))});
    ASSERT_EQ(info.status, GrpcStatus::ok) << name << ": " << info.reason;
    const Answer rows = call("DoGet", {field(field(info.messages.at(0), 3), 1)});
    EXPECT_EQ(rows.messages.size(), 2U) << name << ": " << rows.reason;
  }
  for (const char* name : {"CommandGetExportedKeys", "CommandGetImportedKeys", "CommandGetCrossReference"})
    EXPECT_EQ(call("DoGet", {ticket(sql_message(name, ""))}).messages.size(), 1U) << name;
  std::string schemas(1, '\x28');
  schemas += '\x01';
  EXPECT_GT(call("DoGet", {ticket(sql_message("CommandGetTables", schemas))}).messages.at(1).size(), 400U);
  const std::string read_only("\x08\x03\x0A\x02\x08\x04", 6);
  EXPECT_EQ(call("DoGet", {ticket(sql_message("CommandGetSqlInfo", read_only))}).messages.size(), 2U);
  EXPECT_EQ(call("DoGet", {ticket(sql_message("CommandGetSqlInfo", "\x0A\x01\x80"))}).status,
            GrpcStatus::invalid_argument);
}

TEST(SqlCatalogue, QuotesWhatItIsGiven) {
  std::string asked;
  append_sized(asked, 3, "a'; drop table t --");
  const auto made = catalogue_statement({"CommandGetTables", asked}, {{.domain = "shop", .name = "it's"}});
  ASSERT_TRUE(made);
  EXPECT_THAT(*made, HasSubstr("t.table_name like 'a''; drop table t --'"));
  EXPECT_THAT(*made, HasSubstr("'it''s'"));
}

TEST_F(FlightTest, BrokenRequestsAreRefused) {
  std::mt19937 random(7);
  const std::string whole = field(command(statement("select 1")), 2);
  for (int i = 0; i < 300; ++i) {
    std::string bent = i % 2 == 0 ? command(whole) : ticket(whole);
    for (int change = 0; change < 3; ++change) bent[random() % bent.size()] = static_cast<char>(random());
    bent.resize(random() % (bent.size() + 1));
    for (const char* method : {"GetFlightInfo", "DoGet", "DoPut", "DoAction", "GetSchema"})
      EXPECT_NE(call(method, {bent}).status, GrpcStatus::internal) << method;
  }
  for (const char* method : {"GetFlightInfo", "DoGet", "DoPut", "DoAction"})
    EXPECT_EQ(call(method, {}).status, GrpcStatus::invalid_argument) << method;
  EXPECT_EQ(call("DoExchange", {}).status, GrpcStatus::unimplemented);
}

TEST(FlightWire, StreamsThatAreCutOffEnd) {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& each : bytes) each = static_cast<char>(random() % (i % 3 == 0 ? 256 : 12));
    (void)messages_of(bytes);
    (void)schema_of(bytes);
  }
}

}  // namespace
}  // namespace braid::serve
