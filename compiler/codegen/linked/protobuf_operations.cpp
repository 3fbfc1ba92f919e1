// What generated decoders of Protobuf call (compiler/codegen/protobuf_emitter.h). Bitcode like row_operations.cpp.
// Where a record is broken, or has what generated code does not read, the result is null, 0 or false, and the
// table-driven decoder reads the whole record. Sixteen bytes behind a record may be read; whoever calls looks at where
// its end is.
#include <smmintrin.h>

#include <bit>
#include <cmath>

#include "runtime/abi/avro_functions.h"
#include "runtime/abi/protobuf_numbers.h"
#include "runtime/abi/record_frame.h"

using braid::Slot;

namespace {

constexpr uint64_t kGoOn = 0x8080808080808080;
constexpr int64_t kNanosPerSecond = 1'000'000'000;
/// Seconds that microseconds can count, and not much more; others are looked at by the tables.
constexpr int64_t kMostSeconds = INT64_MAX / 1'000'000 - 1;
/// Keys of a map up to which each is compared with all others.
constexpr uint64_t kFewKeys = 64;

/// A number, or a length, and the byte behind it; null: it has no end. In two registers.
struct Number {
  const char* end;
  uint64_t value;
};

__attribute__((noinline)) Number read_longest_number(const char* at) {
  Number number{};
  number.end = braid::read_varint(at, at + braid::kLongestVarint, &number.value);
  return number;
}

/// Without a branch on how many bytes it has, up to eight.
inline Number read_some_number(const char* at) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, 8);
  const uint64_t stops = ~bits & kGoOn;
  if (stops == 0) [[unlikely]]
    return read_longest_number(at);
  const auto length = static_cast<uint64_t>(__builtin_ctzll(stops) + 1) / 8;
  // Of the bytes up to the one that stops, seven bits each, side by side.
  bits &= stops ^ (stops - 1);
  bits = (bits & 0x007F007F007F007F) | (bits & 0x7F007F007F007F00) >> 1;
  bits = (bits & 0x00003FFF00003FFF) | (bits & 0x3FFF00003FFF0000) >> 2;
  return {at + length, (bits & 0x000000000FFFFFFF) | (bits & 0x0FFFFFFF00000000) >> 4};
}

/// Of two bytes and more.
__attribute__((noinline)) Number read_long_number(const char* at) {
  return read_some_number(at);
}

inline Number read_number(const char* at) {
  const auto first = static_cast<uint8_t>(at[0]), second = static_cast<uint8_t>(at[1]);
  if (first < 0x80) return {at + 1, first};
  if (second < 0x80) return {at + 2, (first & 0x7FU) | uint64_t{second} << 7};
  return read_long_number(at);
}

/// Where the bytes begin that a length at `at` counts; null if they do not end by `end`.
inline Number read_length(const char* at, const char* end) {
  const Number number = read_number(at);
  if (number.end == nullptr || number.value > INT32_MAX || end - number.end < static_cast<ptrdiff_t>(number.value))
    return {nullptr, 0};
  return number;
}

const char* pass_value(const char* at, const char* end, uint32_t wire) {
  switch (wire) {
    case 0:
      return read_number(at).end;
    case 1:
      return at + 8;
    case 2: {
      const Number length = read_length(at, end);
      return length.end == nullptr ? nullptr : length.end + length.value;
    }
    case 5:
      return at + 4;
    default:
      return nullptr;  // groups are rare
  }
}

/// The rest of an instant, behind its seconds.
__attribute__((noinline)) bool read_nanos(const char* at, const char* end, bool is_duration, int64_t seconds,
                                          int64_t* micros) {
  if (*at != 0x10) return false;
  const Number number = read_number(at + 1);
  const int64_t nanos = static_cast<int32_t>(static_cast<uint32_t>(number.value));
  if (number.end != end || seconds > kMostSeconds || seconds < -kMostSeconds) return false;
  const bool negative = is_duration && seconds <= 0 && nanos < 0;
  const bool mixed = is_duration && seconds < 0 && nanos > 0;
  if (nanos >= kNanosPerSecond || nanos <= -kNanosPerSecond || (nanos < 0 && !negative) || mixed) return false;
  *micros = seconds * braid::kMicrosPerSecond + braid::floor_divide(nanos, 1000);
  return true;
}

}  // namespace

extern "C" {

Number braid_protobuf_number(const char* at) {
  return read_number(at);
}

Number braid_protobuf_length(const char* at, const char* end) {
  return read_length(at, end);
}

/// Behind the value of a field that nobody knows.
__attribute__((noinline)) const char* braid_protobuf_pass_field(const char* at, const char* end, uint64_t tag) {
  constexpr uint64_t kMostNumber = (uint64_t{1} << 29) - 1;
  if (tag >> 3 == 0 || tag >> 3 > kMostNumber) return nullptr;
  return pass_value(at, end, static_cast<uint32_t>(tag & 7));
}

/// How many values there are behind each other, the first of which ends at `at`, each other behind a tag of those
/// bytes; 0: one is broken.
__attribute__((noinline)) uint64_t braid_protobuf_count(const char* at, const char* end, uint32_t tag,
                                                        uint64_t tag_bytes, uint32_t wire) {
  const uint32_t mask = tag_bytes >= 4 ? ~uint32_t{0} : (uint32_t{1} << (8 * tag_bytes)) - 1;
  for (uint64_t count = 1;; ++count) {
    if (at >= end) return at == end ? count : 0;
    uint32_t next = 0;
    std::memcpy(&next, at, 4);
    if ((next & mask) != tag) return count;
    at = pass_value(at + tag_bytes, end, wire);
    if (at == nullptr) return 0;
  }
}

/// Numbers side by side in [at, end), which is not empty; 0: the last one has no end.
__attribute__((noinline)) uint64_t braid_protobuf_count_packed(const char* at, const char* end) {
  if (end[-1] < 0) return 0;
  uint64_t count = 0;
  for (; end - at >= 16; at += 16)
    count += 16 - static_cast<uint64_t>(__builtin_popcount(
                      static_cast<uint32_t>(_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))))));
  for (; at < end; ++at) count += *at >= 0;
  return count;
}

int64_t braid_protobuf_integer(uint32_t kind, uint64_t bits) {
  return braid::number_of(static_cast<braid::ProtobufKind>(kind), bits);
}

double braid_protobuf_float(uint32_t bits) {
  const auto number = static_cast<double>(std::bit_cast<float>(bits));
  return number == number ? number : __builtin_nan("");
}

double braid_protobuf_double(uint64_t bits) {
  const auto number = std::bit_cast<double>(bits);
  return number == number ? number : __builtin_nan("");
}

/// By ProtobufTarget::factor. `is_time`: of a day.
bool braid_protobuf_scale(int64_t number, int64_t factor, uint32_t is_time, int64_t* micros) {
  if (factor < 0)
    number = braid::floor_divide(number, -factor);
  else if (__builtin_mul_overflow(number, factor, &number))
    return false;
  *micros = number;
  return is_time == 0 || (number >= 0 && number < braid::kMicrosPerDay);
}

bool braid_protobuf_is_ascii(const char* text, uint64_t size) {
  auto high = [](const char* at) {
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
  };
  for (; size > 16; text += 16, size -= 16)
    if (high(text) != 0) return false;
  return (high(text) & ((uint32_t{1} << size) - 1)) == 0;
}

/// google.protobuf.Timestamp and Duration of nothing but their fields, in order.
bool braid_protobuf_instant(const char* at, const char* end, uint32_t is_duration, int64_t* micros) {
  Number seconds{at, 0};
  if (at < end && *at == 0x08) [[likely]]
    seconds = read_some_number(at + 1);
  const auto whole = static_cast<int64_t>(seconds.value);
  if (seconds.end == end && whole <= kMostSeconds && whole >= -kMostSeconds) [[likely]] {
    *micros = whole * braid::kMicrosPerSecond;
    return true;
  }
  int64_t made = 0;
  if (seconds.end == nullptr || seconds.end >= end || !read_nanos(seconds.end, end, is_duration != 0, whole, &made))
    return false;
  *micros = made;
  return true;
}

/// Whether two entries of a map, or very many, may have the same key.
__attribute__((noinline)) bool braid_protobuf_repeats(const Slot* entries, uint64_t count, uint64_t width, uint64_t key,
                                                      uint32_t is_text) {
  if (count > kFewKeys) return true;
  for (uint64_t i = 1; i < count; ++i) {
    const Slot& one = entries[i * width + key];
    for (uint64_t j = 0; j < i; ++j) {
      const Slot& other = entries[j * width + key];
      if (is_text == 0 ? one.i128 == other.i128
                       : one.bytes.size == other.bytes.size &&
                             __builtin_memcmp(one.bytes.data, other.bytes.data, one.bytes.size) == 0)
        return true;
    }
  }
  return false;
}

/// Whether the entries of a map, whose keys are their first leaf, are not in the order of their keys, or a key repeats.
__attribute__((noinline)) bool braid_protobuf_unordered(const Slot* entries, uint64_t count, uint64_t width,
                                                        uint32_t kind) {
  for (uint64_t i = 1; i < count; ++i) {
    const Slot &one = entries[(i - 1) * width], &other = entries[i * width];
    bool less = false;
    switch (static_cast<braid::LeafKind>(kind)) {
      case braid::LeafKind::u8:
        less = one.u8 < other.u8;
        break;
      case braid::LeafKind::i32:
        less = one.i32 < other.i32;
        break;
      case braid::LeafKind::i64:
        less = one.i64 < other.i64;
        break;
      case braid::LeafKind::bytes: {
        const uint64_t shared = one.bytes.size < other.bytes.size ? one.bytes.size : other.bytes.size;
        const int order = shared == 0 ? 0 : __builtin_memcmp(one.bytes.data, other.bytes.data, shared);
        less = order < 0 || (order == 0 && one.bytes.size < other.bytes.size);
        break;
      }
      default:  // left to the reader of tables
        break;
    }
    if (!less) return true;
  }
  return false;
}

}  // extern "C"
