// The 64 bits of a whole number, in two's complement. Positions count from 0, the least significant bit.
#include <bit>

#include "runtime/declare/native.h"

namespace braid {

static constexpr std::string_view kNoSuchBit = "a whole number has the bits 0 to 63";

static uint64_t unsigned_of(int64_t value) {
  return static_cast<uint64_t>(value);
}
static bool is_position(int64_t bit) {
  return bit >= 0 && bit < 64;
}

static int64_t bit_and(int64_t a, int64_t b) {
  return a & b;
}
BRAID_FUNCTION(bits, bit_and,
               {.summary = "The bits that both numbers have.",
                .parameters = {{"a", "One number."}, {"b", "The other."}},
                .examples = {{"bit_and(12, 10)", "8"}, {"bit_and(-1, 255)", "255"}}})

static int64_t bit_or(int64_t a, int64_t b) {
  return a | b;
}
BRAID_FUNCTION(bits, bit_or,
               {.summary = "The bits that at least one of the numbers has.",
                .parameters = {{"a", "One number."}, {"b", "The other."}},
                .examples = {{"bit_or(12, 10)", "14"}, {"bit_or(0, 0)", "0"}}})

static int64_t bit_xor(int64_t a, int64_t b) {
  return a ^ b;
}
BRAID_FUNCTION(bits, bit_xor,
               {.summary = "The bits that one of the numbers has and the other has not.",
                .parameters = {{"a", "One number."}, {"b", "The other."}},
                .examples = {{"bit_xor(12, 10)", "6"}, {"bit_xor(7, 7)", "0"}}})

static int64_t bit_not(int64_t value) {
  return ~value;
}
BRAID_FUNCTION(bits, bit_not,
               {.summary = "Each bit turned over.",
                .parameters = {{"value", "Number."}},
                .examples = {{"bit_not(0)", "-1"}, {"bit_not(5)", "-6"}}})

static int64_t shift_left(int64_t value, int64_t count) {
  if (count < 0) return value;
  return count < 64 ? static_cast<int64_t>(unsigned_of(value) << count) : 0;
}
BRAID_FUNCTION(bits, shift_left,
               {.summary = "Bits moved towards the sign; what leaves the 64 bits is lost.",
                .parameters = {{"value", "Number."}, {"count", "How many places; 0 or less moves nothing."}},
                .examples = {{"shift_left(3, 4)", "48"}, {"shift_left(1, 64)", "0"}, {"shift_left(5, -1)", "5"}}})

static int64_t shift_right(int64_t value, int64_t count) {
  if (count < 0) return value;
  return value >> (count < 63 ? count : 63);
}
BRAID_FUNCTION(bits, shift_right,
               {.summary = "Bits moved away from the sign, which stays.",
                .parameters = {{"value", "Number."}, {"count", "How many places; 0 or less moves nothing."}},
                .examples = {{"shift_right(48, 4)", "3"}, {"shift_right(-8, 1)", "-4"}, {"shift_right(-1, 99)", "-1"}}})

static int64_t shift_right_unsigned(int64_t value, int64_t count) {
  if (count < 0) return value;
  return count < 64 ? static_cast<int64_t>(unsigned_of(value) >> count) : 0;
}
BRAID_FUNCTION(bits, shift_right_unsigned,
               {.summary = "Bits moved away from the sign, with zeros behind them.",
                .parameters = {{"value", "Number."}, {"count", "How many places; 0 or less moves nothing."}},
                .examples = {{"shift_right_unsigned(-1, 60)", "15"}, {"shift_right_unsigned(-1, 64)", "0"}}})

static int64_t rotate_left(int64_t value, int64_t count) {
  return static_cast<int64_t>(std::rotl(unsigned_of(value), static_cast<int>(unsigned_of(count) & 63)));
}
BRAID_FUNCTION(bits, rotate_left,
               {.summary = "Bits moved towards the sign; what leaves at the top comes in at the bottom.",
                .parameters = {{"value", "Number."}, {"count", "How many places; to the right if negative."}},
                .examples = {{"rotate_left(-9_223_372_036_854_775_807, 1)", "3"},
                             {"rotate_left(1, -1) == shift_left(1, 63)", "true"}}})

static int64_t bit_count(int64_t value) {
  return std::popcount(unsigned_of(value));
}
BRAID_FUNCTION(bits, bit_count,
               {.summary = "How many bits are set.",
                .parameters = {{"value", "Number."}},
                .examples = {{"bit_count(255)", "8"}, {"bit_count(-1)", "64"}}})

static int64_t bit_length(int64_t value) {
  return std::bit_width(unsigned_of(value));
}
BRAID_FUNCTION(bits, bit_length,
               {.summary = "The place behind the highest bit that is set: the bits that the number needs.",
                .parameters = {{"value", "Number."}},
                .examples = {{"bit_length(255)", "8"}, {"bit_length(0)", "0"}, {"bit_length(-1)", "64"}}})

static int64_t leading_zeros(int64_t value) {
  return std::countl_zero(unsigned_of(value));
}
BRAID_FUNCTION(bits, leading_zeros,
               {.summary = "How many bits are 0 above the highest that is set.",
                .parameters = {{"value", "Number."}},
                .examples = {{"leading_zeros(1)", "63"}, {"leading_zeros(0)", "64"}}})

static int64_t trailing_zeros(int64_t value) {
  return std::countr_zero(unsigned_of(value));
}
BRAID_FUNCTION(bits, trailing_zeros,
               {.summary = "How many bits are 0 below the lowest that is set.",
                .parameters = {{"value", "Number."}},
                .examples = {{"trailing_zeros(8)", "3"}, {"trailing_zeros(0)", "64"}}})

static bool has_bit(int64_t value, int64_t bit) {
  return is_position(bit) && (unsigned_of(value) >> bit & 1) != 0;
}
BRAID_FUNCTION(bits, has_bit,
               {.summary = "Whether a bit is set; no number has others than the bits 0 to 63.",
                .parameters = {{"value", "Number."}, {"bit", "Position of the bit."}},
                .examples = {{"has_bit(5, 2)", "true"}, {"has_bit(5, 1)", "false"}, {"has_bit(-1, 64)", "false"}}})

static Fallible<int64_t> set_bit(CallContext& context, int64_t value, int64_t bit, bool on) {
  if (!is_position(bit)) return fails(context, kNoSuchBit);
  const uint64_t mask = uint64_t{1} << bit;
  return static_cast<int64_t>(on ? unsigned_of(value) | mask : unsigned_of(value) & ~mask);
}
BRAID_FUNCTION(bits, set_bit,
               {.summary = "The number with a bit set or cleared. Fails unless the position is 0 to 63.",
                .parameters = {{"value", "Number."},
                               {"bit", "Position of the bit."},
                               {"on", "Whether the bit is to be 1.", "true"}},
                .examples = {{"set_bit(4, 0)", "5"}, {"set_bit(5, 2, false)", "1"}, {"set_bit(0, 64)", "fails"}}})

static Fallible<int64_t> bit_range(CallContext& context, int64_t value, int64_t from, int64_t count) {
  if (!is_position(from) || count < 0 || count > 64 - from) return fails(context, kNoSuchBit);
  const uint64_t moved = unsigned_of(value) >> from;
  return static_cast<int64_t>(count == 64 ? moved : moved & ((uint64_t{1} << count) - 1));
}
BRAID_FUNCTION(
    bits, bit_range,
    {.summary = "Some neighbouring bits as a number of their own. Fails unless they lie within 0 to 63.",
     .parameters = {{"value", "Number."}, {"from", "Position of the lowest bit."}, {"count", "How many bits."}},
     .examples = {{"bit_range(0x1234, 4, 8)", "35"}, {"bit_range(-1, 0, 64)", "-1"}, {"bit_range(1, 60, 5)", "fails"}}})

static int64_t reverse_bytes(int64_t value) {
  return static_cast<int64_t>(__builtin_bswap64(unsigned_of(value)));
}
BRAID_FUNCTION(bits, reverse_bytes,
               {.summary = "The eight bytes of a number from the last to the first.",
                .parameters = {{"value", "Number."}},
                .examples = {{"reverse_bytes(1)", "72_057_594_037_927_936"}, {"reverse_bytes(-1)", "-1"}}})

BRAID_GROUP(bits)

}  // namespace braid
