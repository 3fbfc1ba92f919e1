#include "runtime/codec/change_encoder.h"

#include <gtest/gtest.h>

#include "runtime/codec/avro_encoder.h"

namespace braid {
namespace {

const std::vector<Field> kRow{{"id", int_type()}, {"name", optional_type(string_type())}};
const ChangeOrigin kOrigin{"shop", "customer", 2};
constexpr int64_t kTime = 1'767'225'600'123'456;

/// A row and its marks, as a block has them.
struct Change {
  int64_t id;
  const char* name;
  RowChange change;
  std::optional<std::string> before = {};  ///< the name before; the id stays
  std::optional<int64_t> time = kTime;
};

std::vector<Slot> slots_of(const Change& change) {
  std::vector<Slot> slots{slot_i64(change.id), slot_u8(true), slot_bytes(change.name),
                          slot_i64(static_cast<int64_t>(change.change))};
  slots.push_back(slot_u8(change.before.has_value()));
  slots.push_back(slot_i64(change.before ? change.id : 0));
  slots.push_back(slot_u8(change.before.has_value()));
  slots.push_back(slot_bytes(change.before ? std::string_view(*change.before) : std::string_view()));
  slots.push_back(slot_u8(change.time.has_value()));
  slots.push_back(slot_i64(change.time.value_or(0)));
  return slots;
}

std::string written(Format format, ChangeForm form, const std::vector<Change>& changes) {
  const std::unique_ptr<Encoder> encoder = make_change_encoder(format, kRow, form, kOrigin);
  std::string text;
  if (format != Format::avro) encoder->append_header(text);
  for (const Change& change : changes) encoder->append_row(slots_of(change).data(), text);
  return text;
}

TEST(ChangeEncoder, MarksHaveTheirPlacesBehindTheRow) {
  std::vector<Field> row = kRow;
  for (const Field& mark : change_marks(kRow, true)) row.push_back(mark);
  EXPECT_EQ(flatten(row).size(), slots_of({1, "a", RowChange::comes}).size());
  EXPECT_EQ(change_marks(kRow, false).size(), 1U);
}

TEST(ChangeEncoder, UpsertsAreRowsOfWhichThoseThatGoAreMarked) {
  EXPECT_EQ(written(Format::ndjson, ChangeForm::upsert, {{1, "a", RowChange::becomes, "b"}, {2, "c", RowChange::goes}}),
            "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":\"c\",\"__deleted\":true}\n");
}

TEST(ChangeEncoder, BlocksAreWrittenLikeTheirRows) {
  std::vector<Field> row = kRow;
  for (const Field& mark : change_marks(kRow, false)) row.push_back(mark);
  const std::vector<Change> changes{
      {1, "a\nb", RowChange::comes}, {2, "c", RowChange::goes}, {3, "", RowChange::becomes}, {4, "}", RowChange::goes}};
  Arena arena;
  for (const Format format : {Format::ndjson, Format::csv}) {
    for (const size_t count : {size_t{1}, changes.size()}) {  // the first one stays
      Block block = allocate_block(flatten(row), static_cast<uint32_t>(count), arena);
      block.rows = static_cast<uint32_t>(count);
      for (uint32_t i = 0; i < block.rows; ++i)
        for (size_t leaf = 0; leaf < block.columns.size(); ++leaf)
          write_slot(block.columns[leaf], i, slots_of(changes[i])[leaf]);
      const std::unique_ptr<Encoder> encoder = make_change_encoder(format, kRow, ChangeForm::upsert, kOrigin);
      std::string text;
      if (format == Format::csv) encoder->append_header(text);
      text += encoder->encode(block);
      EXPECT_EQ(text,
                written(format, ChangeForm::upsert, {changes.begin(), changes.begin() + static_cast<long>(count)}));
    }
  }
}

TEST(ChangeEncoder, AppendedRowsSayWhatBecameOfThem) {
  const std::vector<Change> changes{
      {1, "a", RowChange::comes}, {1, "b", RowChange::becomes, "a"}, {1, "b", RowChange::goes}};
  EXPECT_EQ(written(Format::ndjson, ChangeForm::append, changes),
            "{\"id\":1,\"name\":\"a\",\"__op\":\"c\"}\n"
            "{\"id\":1,\"name\":\"b\",\"__op\":\"u\"}\n"
            "{\"id\":1,\"name\":\"b\",\"__op\":\"d\"}\n");
  EXPECT_EQ(written(Format::csv, ChangeForm::append, changes), "id,name,__op\n1,a,c\n1,b,u\n1,b,d\n");
}

constexpr const char* kSource =
    R"("source":{"version":"2","connector":"braid","name":"shop","ts_ms":1767225600123,"snapshot":"false",)"
    R"("db":"shop","table":"customer","ts_us":1767225600123456})";

TEST(ChangeEncoder, EnvelopesHaveBothSides) {
  EXPECT_EQ(written(Format::ndjson, ChangeForm::debezium, {{1, "a", RowChange::comes}}),
            std::string(R"({"before":null,"after":{"id":1,"name":"a"},)") + kSource +
                R"(,"op":"c","ts_ms":1767225600123})" + "\n");
  EXPECT_EQ(written(Format::ndjson, ChangeForm::debezium, {{1, "b", RowChange::becomes, "a"}}),
            std::string(R"({"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},)") + kSource +
                R"(,"op":"u","ts_ms":1767225600123})" + "\n");
  EXPECT_EQ(written(Format::ndjson, ChangeForm::debezium, {{1, "b", RowChange::goes}}),
            std::string(R"({"before":{"id":1,"name":"b"},"after":null,)") + kSource +
                R"(,"op":"d","ts_ms":1767225600123})" + "\n");
}

TEST(ChangeEncoder, WithoutATimeThereIsNone) {
  const std::string text =
      written(Format::ndjson, ChangeForm::debezium, {{1, "a", RowChange::comes, std::nullopt, std::nullopt}});
  EXPECT_NE(text.find("\"ts_us\":null"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\"op\":\"c\",\"ts_ms\":null}\n")) << text;
  const std::string before_1970 =
      written(Format::ndjson, ChangeForm::debezium, {{1, "a", RowChange::comes, std::nullopt, -1}});
  EXPECT_TRUE(before_1970.ends_with("\"op\":\"c\",\"ts_ms\":-1}\n")) << before_1970;
}

TEST(ChangeEncoder, EnvelopesFitTheOtherFormats) {
  EXPECT_EQ(written(Format::csv, ChangeForm::debezium, {{1, "b", RowChange::becomes, "a"}}),
            "before.id,before.name,after.id,after.name,source.version,source.connector,source.name,source.ts_ms,"
            "source.snapshot,source.db,source.table,source.ts_us,op,ts_ms\n"
            "1,a,1,b,2,braid,shop,1767225600123,false,shop,customer,1767225600123456,u,1767225600123\n");
  EXPECT_TRUE(avro_schema_of("shop.customer", change_row(kRow, ChangeForm::debezium)).ok());
  EXPECT_FALSE(written(Format::avro, ChangeForm::debezium, {{1, "a", RowChange::comes}}).empty());
}

}  // namespace
}  // namespace braid
