// What generated decoders call: the readers of common values, and the keys of JSON records. Bitcode like
// row_operations.cpp; what is marked noinline stays one function for all fields.
#include "runtime/abi/record_frame.h"

using braid::Bytes;
using braid::CsvCell;
using braid::DirectNumber;
using braid::int128;
using braid::kDirectBytes;
using braid::LastDate;
using braid::PredictedKey;
using braid::ReadFrame;

namespace {

using Bytes32 = uint8_t __attribute__((ext_vector_type(32)));
using Mask32 = bool __attribute__((ext_vector_type(32)));

bool stands_at(const PredictedKey& key, const char* at) {
  Bytes32 found, expected;
  std::memcpy(&found, at, sizeof found);
  std::memcpy(&expected, key.begin, sizeof expected);
  const Mask32 differing = __builtin_convertvector(found != expected, Mask32);
  uint32_t bits = 0;
  std::memcpy(&bits, &differing, sizeof bits);
  if ((bits & key.mask) != 0) return false;
  return key.rest == nullptr || std::memcmp(at + 32, key.rest, key.length - 32) == 0;
}

/// Values of one length, one after the other, after which the next is taken to be as long: then it is not waited for
/// where this one ends, which otherwise is most of the time that a record takes.
constexpr uint16_t kSteady = 32;

const char* behind(PredictedKey* key, const char* at, const char* end) {
  auto length = static_cast<uint32_t>(end - at);
  const uint32_t expected = key->value_length;
  uint32_t known = expected;
  asm volatile("" : "+r"(known));  // else the compiler sees that it equals `length`, and waits for that
  if (key->steady >= kSteady) {
    if (length == expected) [[likely]]
      return at + known;
    key->steady = 0;
    key->value_length = length;
    return end;
  }
  key->steady = static_cast<uint16_t>(length == expected ? key->steady + 1 : 0);
  key->value_length = length;
  return end;
}

}  // namespace

extern "C" {

/// Where the value behind `key` ends, which was read from `at` to `end`.
const char* braid_read_behind(PredictedKey* key, const char* at, const char* end) {
  return behind(key, at, end);
}

bool braid_read_key(const PredictedKey* key, const char* at) {
  return stands_at(*key, at);
}

/// The first of the keys from `key` on that stands at `at`, else what ends their list.
[[gnu::noinline]] const PredictedKey* braid_read_find_key(const PredictedKey* key, const char* at) {
  while (key->length != 0 && !stands_at(*key, at)) ++key;
  return key;
}

/// Text without escapes and numbers; null for all else.
const char* braid_read_skip(const char* at) {
  if (*at == '"') {
    const char* end = braid::find_string_special(at + 1);
    return *end == '"' ? end + 1 : nullptr;
  }
  DirectNumber number = braid::find_direct_number(at);
  return number.length != 0 ? at + number.length : nullptr;
}

const char* braid_read_text(const char* at, Bytes* to) {
  return braid::read_direct_text(at, to);
}
const char* braid_read_integer(const char* at, int64_t* to) {
  return braid::read_direct_integer(at, to);
}
const char* braid_read_float(const char* at, double* to) {
  return braid::read_direct_float(at, to);
}
[[gnu::noinline]] const char* braid_read_decimal(const char* at, int32_t precision, int32_t scale, int128* to) {
  return braid::read_direct_decimal(at, precision, scale, to);
}
[[gnu::noinline]] const char* braid_read_timestamp(const char* at, LastDate* last, int64_t* to) {
  return braid::read_direct_timestamp(at, *last, to);
}
[[gnu::noinline]] const char* braid_read_date(const char* at, LastDate* last, int32_t* to) {
  int64_t days = 0;
  if (at[0] != '"' || at[11] != '"' || !braid::read_direct_date(at + 1, *last, &days)) return nullptr;
  *to = static_cast<int32_t>(days);
  return at + 12;
}
const char* braid_read_boolean(const char* at, uint8_t* to) {
  if (std::memcmp(at, "true", 4) == 0) {
    *to = 1;
    return at + 4;
  }
  if (std::memcmp(at, "false", 5) != 0) return nullptr;
  *to = 0;
  return at + 5;
}
[[gnu::noinline]] const char* braid_read_symbol(const char* at, const Bytes* symbols, uint64_t count, int32_t* to) {
  Bytes text{};
  const char* end = braid::read_direct_text(at, &text);
  if (end == nullptr) return nullptr;
  for (uint64_t i = 0; i < count; ++i) {
    if (symbols[i].size != text.size || std::memcmp(symbols[i].data, text.data, text.size) != 0) continue;
    *to = static_cast<int32_t>(i);
    return end;
  }
  return nullptr;
}
/// A number of seconds, milliseconds or microseconds: `unit` microseconds each.
const char* braid_read_instant_number(const char* at, int64_t unit, int64_t* to) {
  int64_t value = 0;
  const char* end = braid::read_direct_integer(at, &value);
  return end == nullptr || __builtin_mul_overflow(value, unit, to) ? nullptr : end;
}

/// The cell of the field; null if it has none.
const CsvCell* braid_cell(const ReadFrame* frame, uint64_t field) {
  const int32_t index = frame->cell_of[field];
  return index < 0 ? nullptr : &frame->cells[index];
}
bool braid_cell_is(const CsvCell* cell, const char* text, uint64_t size) {
  return cell->size == size && std::memcmp(cell->text, text, size) == 0;
}
bool braid_cell_readable(const ReadFrame* frame, const CsvCell* cell) {
  return reinterpret_cast<uint64_t>(cell->text) - reinterpret_cast<uint64_t>(frame->text) < frame->readable;
}
bool braid_cell_integer(const CsvCell* cell, int64_t* to) {
  const char* end = braid::read_direct_integer(cell->text, to);
  return end != nullptr && end == cell->text + cell->size;
}
bool braid_cell_float(const CsvCell* cell, double* to) {
  const char* end = braid::read_direct_float(cell->text, to);
  return end != nullptr && end == cell->text + cell->size;
}
[[gnu::noinline]] bool braid_cell_decimal(const CsvCell* cell, int32_t precision, int32_t scale, int128* to) {
  const char* end = braid::read_direct_decimal(cell->text, precision, scale, to);
  return end != nullptr && end == cell->text + cell->size;
}
[[gnu::noinline]] bool braid_cell_timestamp(const CsvCell* cell, LastDate* last, int64_t* to) {
  const char* end = braid::read_direct_instant(cell->text, *last, to);
  return end != nullptr && end == cell->text + cell->size;
}
[[gnu::noinline]] bool braid_cell_date(const CsvCell* cell, LastDate* last, int32_t* to) {
  int64_t days = 0;
  if (cell->size != 10 || !braid::read_direct_date(cell->text, *last, &days)) return false;
  *to = static_cast<int32_t>(days);
  return true;
}
bool braid_cell_boolean(const CsvCell* cell, uint8_t* to) {
  *to = cell->size == 4;
  return braid_cell_is(cell, "true", 4) || braid_cell_is(cell, "false", 5);
}
[[gnu::noinline]] bool braid_cell_symbol(const CsvCell* cell, const Bytes* symbols, uint64_t count, int32_t* to) {
  for (uint64_t i = 0; i < count; ++i) {
    if (!braid_cell_is(cell, symbols[i].data, symbols[i].size)) continue;
    *to = static_cast<int32_t>(i);
    return true;
  }
  return false;
}
bool braid_cell_instant_number(const CsvCell* cell, int64_t unit, int64_t* to) {
  int64_t value = 0;
  return braid_cell_integer(cell, &value) && !__builtin_mul_overflow(value, unit, to);
}

}  // extern "C"
