#include "runtime/engine/how_it_came.h"

#include <gtest/gtest.h>

#include "runtime/connect/topic_turn.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

/// Records of a topic on their way to columns of a row.
class HowItCame : public testing::Test {
 protected:
  HowItCame() {
    source_.has_arrival = source_.has_headers = true;
    turn_.begin();
  }
  void add(int64_t offset, std::optional<int64_t> appended_ms, std::vector<RecordHeader> headers = {}) {
    BrokerRecord record;
    record.offset = offset;
    record.value = "{}";
    record.append_time = appended_ms.has_value();
    record.timestamp_ms = appended_ms.value_or(7);  // the producer's, which is no arrival
    record.headers = headers;
    turn_.append(record, buffer_);
  }
  /// Of the records `kept`: arrival and headers.
  std::vector<std::string> columns(std::vector<uint32_t> kept, int64_t reading) {
    SourceTurn made;
    turn_.finish(buffer_, made);
    Block block = allocate_block({}, static_cast<uint32_t>(kept.size()), arena_);
    block.rows = static_cast<uint32_t>(kept.size());
    std::copy(kept.begin(), kept.end(), block.record);
    add_how_it_came(source_, {reading, made.given}, block, arena_);
    const Type headers = map_type(string_type(), bytes_type());
    std::vector<std::string> found;
    for (uint32_t row = 0; row < block.rows; ++row) {
      const Slot map = read_slot(block.columns[1], row);
      found.push_back(std::to_string(block.columns[0].as<int64_t>()[row]) + " " +
                      to_json(headers, from_slots(headers, &map)));
    }
    return found;
  }
  SourceSpec source_;
  TurnBuffer buffer_;
  TopicTurn turn_{{.headers = true}};
  Arena arena_;
};

TEST_F(HowItCame, the_time_of_the_broker_or_the_reading_of_the_clock) {
  add(0, 3);
  add(1, std::nullopt);
  add(2, 5);
  EXPECT_EQ(columns({0, 1, 2}, 90), (std::vector<std::string>{"3000 {}", "90 {}", "5000 {}"}));
}

TEST_F(HowItCame, headers_are_ordered_and_the_last_of_a_name_counts) {
  add(0, std::nullopt, {{"b", "x"}, {"a", std::nullopt}, {"b", "y"}});
  add(1, std::nullopt, {{"c", "gone"}});
  add(2, std::nullopt);
  // The row in between has been refused. Bytes are base64.
  EXPECT_EQ(columns({0, 2}, 1), (std::vector<std::string>{R"(1 {"a":"","b":"eQ=="})", "1 {}"}));
}

}  // namespace
}  // namespace braid
