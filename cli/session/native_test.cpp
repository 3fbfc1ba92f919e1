// Native readers of NDJSON are compiled only where they are worth it.
#include "cli/session/native.h"

#include <gtest/gtest.h>

#include "runtime/abi/record_frame.h"
#include "runtime/codec/decoder.h"

namespace braid::cli {
namespace {

TEST(ReaderOnDemand, is_asked_for_when_calls_come_often) {
  ManualClock clock;
  ReadFrame frame;
  const ReaderOnDemand rare(clock), often(clock);
  for (int i = 0; i < 10'000; ++i) {
    clock.advance_us(2'100);
    EXPECT_EQ(rare.read(frame, "{", 0), nullptr);
  }
  for (int burst = 0; burst < 100; ++burst) {
    clock.advance_us(40'000);
    for (int i = 0; i < 10; ++i) (void)rare.read(frame, "{", 0);
  }
  EXPECT_FALSE(rare.asked());
  for (int i = 0; i < 40; ++i) {
    clock.advance_us(1'000);
    EXPECT_EQ(often.read(frame, "{", 0), nullptr);
  }
  EXPECT_TRUE(often.asked());
  often.wait_until_asked();
}

/// Decodes turns of records that are alike, or not, as fast as the clock stands still.
bool asked_by_decoder(bool alike) {
  ManualClock clock;
  const ReaderOnDemand reader(clock);
  RecordReaderSlot slot;
  slot.set(&reader);
  DecodePlan plan;
  plan.format = Format::ndjson;
  plan.fields.push_back({.name = "a", .path = {"a"}, .type = int_type(), .has_default = false});
  plan.fields.push_back({.name = "b", .path = {"b"}, .type = string_type(), .has_default = false});
  const auto decoder = make_decoder(plan, &slot);
  std::string text;
  for (int i = 0; i < 4'000; ++i)
    text += alike || i % 2 == 0 ? fmt::format("{{\"a\":{},\"b\":\"x\"}}\n", i)
                                : fmt::format("{{\"b\":\"{}\",\"c\":{{}},\"a\":1}}\n", i);
  Arena arena;
  TurnInput input;
  input.bytes = text;
  const DecodedTurn turn = decoder->decode(input, arena);
  size_t rows = 0;
  for (const Block& block : turn.blocks) rows += block.rows;
  EXPECT_EQ(rows, 4'000u);
  return reader.asked();
}

TEST(ReaderOnDemand, is_not_asked_for_by_records_that_are_alike) {
  EXPECT_FALSE(asked_by_decoder(true));
  EXPECT_TRUE(asked_by_decoder(false));
}

}  // namespace
}  // namespace braid::cli
