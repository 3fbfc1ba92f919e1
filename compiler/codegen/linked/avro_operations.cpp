// What generated decoders of Avro call: one function for each kind of step (runtime/abi/avro_plan.h). Bitcode like
// row_operations.cpp. A value that is not the common one of its kind is read by the table-driven decoder, which also
// says what is wrong with it. Null: the record is broken, and the table-driven decoder reads all of it.
#include "runtime/abi/avro_functions.h"
#include "runtime/abi/record_frame.h"

using braid::AvroFieldCode;
using braid::Bytes;
using braid::int128;
using braid::ReadFrame;

namespace {

char* leaf_at(const ReadFrame* frame, const AvroFieldCode* field, uint64_t behind_status, uint64_t width,
              uint64_t row) {
  return static_cast<char*>(frame->columns[field->leaf + behind_status]) + row * width;
}

template <class T>
const char* store(const ReadFrame* frame, const AvroFieldCode* field, uint64_t row, T value, const char* end) {
  *leaf_at(frame, field, 0, 1, row) = 0;
  if (field->optional != 0) *leaf_at(frame, field, 1, 1, row) = 1;
  std::memcpy(leaf_at(frame, field, 1 + field->optional, sizeof(T), row), &value, sizeof value);
  return end;
}

const char* read_otherwise(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  return frame->read_value(frame, field->step, at, row);
}

bool has(const ReadFrame* frame, const char* at, uint64_t bytes) {
  return static_cast<uint64_t>(frame->end - at) >= bytes;
}

/// braid::read_avro_long without a branch on the number of bytes, which differs from record to record: up to eight.
/// Sixteen bytes may be read.
const char* read_number(const ReadFrame* frame, const char* at, int64_t* value) {
  if (at >= frame->end) return nullptr;
  uint64_t bits = 0;
  std::memcpy(&bits, at, 8);
  const uint64_t stops = ~bits & 0x8080808080808080;
  if (stops == 0) return braid::read_avro_long(at, frame->end, value);
  const auto length = static_cast<uint64_t>(__builtin_ctzll(stops) + 1) / 8;
  if (length > static_cast<uint64_t>(frame->end - at)) return nullptr;
  // Of the bytes up to the one that stops, seven bits each, side by side.
  bits &= stops ^ (stops - 1);
  bits = (bits & 0x007F007F007F007F) | (bits & 0x7F007F007F007F00) >> 1;
  bits = (bits & 0x00003FFF00003FFF) | (bits & 0x3FFF00003FFF0000) >> 2;
  bits = (bits & 0x000000000FFFFFFF) | (bits & 0x0FFFFFFF00000000) >> 4;
  *value = braid::from_zigzag(bits);
  return at + length;
}

/// A length and the bytes that it counts; the byte after them, or null.
const char* read_sized(const ReadFrame* frame, const char* at, Bytes* bytes) {
  int64_t length = 0;
  at = braid::read_avro_long(at, frame->end, &length);
  if (at == nullptr || static_cast<uint64_t>(length) > static_cast<uint64_t>(frame->end - at)) return nullptr;
  *bytes = {at, static_cast<uint64_t>(length)};
  return at + length;
}

/// Fifteen bytes behind the text may be read.
bool is_ascii(const Bytes& text) {
  uint32_t high = 0;
  for (uint64_t i = 0; i < text.size; i += 16) {
    const auto found =
        static_cast<uint32_t>(_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data + i))));
    const uint64_t left = text.size - i;
    high |= left >= 16 ? found : found & ((uint32_t{1} << left) - 1);
  }
  return high == 0;
}

}  // namespace

extern "C" {

const char* braid_avro_other(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  return read_otherwise(frame, field, at, row);
}

const char* braid_avro_integer(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  int64_t value = 0;
  const char* end = read_number(frame, at, &value);
  return end == nullptr ? nullptr : store(frame, field, row, value, end);
}

const char* braid_avro_scaled(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  int64_t value = 0;
  const char* end = read_number(frame, at, &value);
  if (end == nullptr) return nullptr;
  if (field->factor < 0)
    value = braid::floor_divide(value, -field->factor);
  else if (__builtin_mul_overflow(value, field->factor, &value))
    return read_otherwise(frame, field, at, row);
  return store(frame, field, row, value, end);
}

const char* braid_avro_date(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  int64_t value = 0;
  const char* end = read_number(frame, at, &value);
  if (end == nullptr || value != static_cast<int32_t>(value)) return read_otherwise(frame, field, at, row);
  return store(frame, field, row, static_cast<int32_t>(value), end);
}

const char* braid_avro_float(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  double value = 0;
  if (!has(frame, at, sizeof value)) return nullptr;
  std::memcpy(&value, at, sizeof value);
  if (value != value) return read_otherwise(frame, field, at, row);
  return store(frame, field, row, value, at + sizeof value);
}

const char* braid_avro_boolean(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  if (!has(frame, at, 1)) return nullptr;
  if (static_cast<uint8_t>(*at) > 1) return read_otherwise(frame, field, at, row);
  return store(frame, field, row, static_cast<uint8_t>(*at), at + 1);
}

const char* braid_avro_text(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  Bytes text{};
  const char* end = read_sized(frame, at, &text);
  if (end == nullptr) return nullptr;
  return is_ascii(text) ? store(frame, field, row, text, end) : read_otherwise(frame, field, at, row);
}

const char* braid_avro_bytes(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  Bytes bytes{};
  const char* end = read_sized(frame, at, &bytes);
  return end == nullptr ? nullptr : store(frame, field, row, bytes, end);
}

/// Of at most eight bytes, in the declared scale or a smaller one.
const char* braid_avro_decimal(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  Bytes bytes{};
  const char* end = read_sized(frame, at, &bytes);
  if (end == nullptr) return nullptr;
  if (bytes.size == 0 || bytes.size > 8) return read_otherwise(frame, field, at, row);
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data, 8);
  const auto number = static_cast<int64_t>(__builtin_bswap64(bits)) >> (64 - 8 * bytes.size);
  const int128 value = int128{number} * static_cast<int64_t>(braid::power_of_ten(field->upscale));
  if (!braid::decimal_fits(value, field->precision)) return read_otherwise(frame, field, at, row);
  return field->width == 8 ? store(frame, field, row, static_cast<int64_t>(value), end)
                           : store(frame, field, row, value, end);
}

const char* braid_avro_symbol(ReadFrame* frame, const AvroFieldCode* field, const char* at, uint64_t row) {
  int64_t value = 0;
  const char* end = read_number(frame, at, &value);
  if (end == nullptr || static_cast<uint64_t>(value) >= field->symbols) return nullptr;
  const int32_t symbol = field->to_symbol[value];
  return symbol < 0 ? read_otherwise(frame, field, at, row) : store(frame, field, row, symbol, end);
}

/// Null, or why there is no value. T has one leaf.
void braid_avro_settle(ReadFrame* frame, const AvroFieldCode* field, uint64_t fault, uint64_t row) {
  *leaf_at(frame, field, 0, 1, row) = static_cast<char>(fault);
  if (field->optional != 0) *leaf_at(frame, field, 1, 1, row) = 0;
  std::memset(leaf_at(frame, field, 1 + field->optional, field->width, row), 0, field->width);
}

const char* braid_avro_branch(ReadFrame* frame, const char* at, uint64_t* branch) {
  int64_t value = 0;
  at = read_number(frame, at, &value);
  *branch = static_cast<uint64_t>(value);
  return at;
}

/// So many numbers, one after the other.
const char* braid_avro_pass_numbers(ReadFrame* frame, const char* at, uint64_t count) {
  while (count > 0 && at < frame->end) {
    // A bit for each byte that goes on; numbers of nine bytes or more are looked at by themselves.
    const auto goes_on =
        static_cast<uint32_t>(_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
    uint32_t eight = goes_on & goes_on >> 1;
    eight &= eight >> 2;
    eight &= eight >> 4;
    uint32_t stops = ~goes_on & 0xFFFF;
    const auto found = static_cast<uint64_t>(__builtin_popcount(stops));
    if (eight != 0 || found == 0) [[unlikely]] {
      int64_t value = 0;
      at = braid::read_avro_long(at, frame->end, &value);
      if (at == nullptr) return nullptr;
      --count;
    } else if (found >= count) {
      for (uint64_t i = 1; i < count; ++i) stops &= stops - 1;
      at += __builtin_ctz(stops) + 1;
      count = 0;
    } else {
      at += 32 - __builtin_clz(stops);
      count -= found;
    }
  }
  return count == 0 && at <= frame->end ? at : nullptr;
}

const char* braid_avro_pass_sized(ReadFrame* frame, const char* at) {
  Bytes bytes{};
  return read_sized(frame, at, &bytes);
}

const char* braid_avro_pass_fixed(ReadFrame* frame, const char* at, uint64_t size) {
  return has(frame, at, size) ? at + size : nullptr;
}

const char* braid_avro_pass_other(ReadFrame* frame, const char* at, uint64_t step, uint64_t row) {
  return frame->read_value(frame, step, at, row);
}

}  // extern "C"
