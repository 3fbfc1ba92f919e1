// What generated decoders call: one function for each kind of field, and the keys of JSON records. Bitcode like
// row_operations.cpp. In small programs the generated code inlines these, in others they are called
// (decoder_emitter.cpp); what is marked noinline is worth a call everywhere.
#include "compiler/codegen/linked/record_operations.h"

#include "runtime/abi/record_frame.h"

using braid::Bytes;
using braid::CsvCell;
using braid::DirectNumber;
using braid::int128;
using braid::PredictedKey;
using braid::ReadFrame;
using braid::RecordField;

namespace {

using Bytes32 = uint8_t __attribute__((ext_vector_type(32)));
using Mask32 = bool __attribute__((ext_vector_type(32)));
using Bytes16 = uint8_t __attribute__((ext_vector_type(16)));
using Mask16 = bool __attribute__((ext_vector_type(16)));
using Bytes64 = uint8_t __attribute__((ext_vector_type(64)));
using Mask64 = bool __attribute__((ext_vector_type(64)));

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

/// A bit for each quote, backslash and control character of as many bytes as the mask has bits.
template <class Bytes, class Mask>
uint64_t find_specials(const char* at) {
  Bytes bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const Mask special = __builtin_convertvector((bytes == '"') | (bytes == '\\') | (bytes < 0x20), Mask);
  uint64_t bits = 0;
  std::memcpy(&bits, &special, sizeof special);
  return bits;
}

/// braid::find_string_special. Where texts of that key are long, without a branch on their length up to 128 bytes: it
/// would be mispredicted for every other one.
const char* find_special(const PredictedKey* key, const char* at) {
  if (key->value_length >= 32) {
    const uint64_t low = find_specials<Bytes64, Mask64>(at), high = find_specials<Bytes64, Mask64>(at + 64);
    if ((low | high) != 0) [[likely]]
      return at + (low != 0 ? 0 : 64) + __builtin_ctzll(low != 0 ? low : high);
    at += 128;
  }
  while (true) {
    const uint64_t bits = find_specials<Bytes16, Mask16>(at);
    if (bits != 0) return at + __builtin_ctzll(bits);
    at += 16;
  }
}

/// braid::read_direct_text.
const char* read_text(const PredictedKey* key, const char* at, Bytes* value) {
  if (*at != '"') return nullptr;
  const char* end = find_special(key, at + 1);
  if (*end != '"') return nullptr;
  *value = {at + 1, static_cast<uint64_t>(end - at - 1)};
  return end + 1;
}

/// Values of one length, one after the other, after which the next is taken to be as long: then it is not waited for
/// where this one ends, which otherwise is most of the time that a record takes.
constexpr uint16_t kSteady = 32;

const char* behind(PredictedKey* key, const char* at, const char* end) {
  auto length = static_cast<uint64_t>(end - at);
  const uint64_t expected = key->value_length;
  uint64_t known = expected;
  asm volatile("" : "+r"(known));  // else the compiler sees that it equals `length`, and waits for that
  if (key->steady >= kSteady) {
    if (length == expected) [[likely]]
      return at + known;
    key->steady = 0;
    key->value_length = static_cast<uint16_t>(length);
    return end;
  }
  key->steady = static_cast<uint16_t>(length == expected ? key->steady + 1 : 0);
  key->value_length = static_cast<uint16_t>(length);
  return end;
}

void* leaf_at(const ReadFrame* frame, const RecordField* field, uint32_t behind_status, uint32_t width, uint64_t row) {
  return static_cast<char*>(frame->columns[field->leaf + behind_status]) + row * width;
}

void set_byte(const ReadFrame* frame, const RecordField* field, uint32_t behind_status, uint64_t row, uint8_t value) {
  *static_cast<uint8_t*>(leaf_at(frame, field, behind_status, 1, row)) = value;
}

/// Where the leaf of T goes.
template <class T>
T* value_at(const ReadFrame* frame, const RecordField* field, uint64_t row) {
  return static_cast<T*>(leaf_at(frame, field, 1 + field->optional, sizeof(T), row));
}

void set_present(const ReadFrame* frame, const RecordField* field, uint64_t row) {
  set_byte(frame, field, 0, row, 0);
  if (field->optional != 0) set_byte(frame, field, 1, row, 1);
}

/// Of an optional T that is no struct.
void set_absent(const ReadFrame* frame, const RecordField* field, uint64_t row) {
  set_byte(frame, field, 0, row, 0);
  set_byte(frame, field, 1, row, 0);
  void* value = leaf_at(frame, field, 2, field->width, row);
  if (field->width == 16)
    std::memset(value, 0, 16);
  else if (field->width == 8)
    std::memset(value, 0, 8);
  else
    std::memset(value, 0, field->width);
}

void store_decimal(const ReadFrame* frame, const RecordField* field, uint64_t row, int128 value) {
  if (field->width == 8)
    *value_at<int64_t>(frame, field, row) = static_cast<int64_t>(value);
  else
    *value_at<int128>(frame, field, row) = value;
}

/// A number of seconds, milliseconds or microseconds.
const char* read_instant_number(const char* at, int64_t unit, int64_t* to) {
  int64_t value = 0;
  const char* end = braid::read_direct_integer(at, &value);
  return end == nullptr || __builtin_mul_overflow(value, unit, to) ? nullptr : end;
}

bool find_symbol(const RecordField* field, std::string_view text, int32_t* to) {
  for (uint64_t i = 0; i < field->symbol_count; ++i) {
    const Bytes& symbol = field->symbols[i];
    if (symbol.size != text.size() || std::memcmp(symbol.data, text.data(), text.size()) != 0) continue;
    *to = static_cast<int32_t>(i);
    return true;
  }
  return false;
}

/// `read` gives the end of a common value that it has stored, or null.
template <class Read>
const char* json_value(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at, uint64_t row,
                       Read read) {
  if (field->optional != 0 && std::memcmp(at, "null", 4) == 0) {
    set_absent(frame, field, row);
    return at + 4;
  }
  const char* end = read();
  if (end == nullptr) return frame->read_value(frame, field->field, at, row);
  set_present(frame, field, row);
  return behind(key, at, end);
}

/// `read` says whether it has stored the value of the cell.
template <class Read>
void csv_value(ReadFrame* frame, const RecordField* field, uint64_t row, Read read) {
  const int32_t index = frame->cell_of[field->field];
  if (index >= 0) {
    const CsvCell& cell = frame->cells[index];
    const Bytes& marker = frame->null_marker;
    const bool null = (cell.size == 0 && field->is_text == 0) ||
                      (marker.data != nullptr && cell.size == marker.size && cell.quoted == 0 &&
                       std::memcmp(cell.text, marker.data, marker.size) == 0);
    if (null && field->optional != 0) return set_absent(frame, field, row);
    if (!null && read(cell)) return set_present(frame, field, row);
  }
  frame->read_value(frame, field->field, nullptr, row);
}

/// The same where `read` gives the end of a value that it has stored, or null, and wants kDirectBytes.
template <class Read>
void csv_direct(ReadFrame* frame, const RecordField* field, uint64_t row, Read read) {
  csv_value(frame, field, row, [&](const CsvCell& cell) {
    if (reinterpret_cast<uint64_t>(cell.text) - reinterpret_cast<uint64_t>(frame->text) >= frame->readable)
      return false;
    const char* end = read(cell.text);
    return end != nullptr && end == cell.text + cell.size;
  });
}

}  // namespace

extern "C" {

bool braid_json_key(const PredictedKey* key, const char* at) {
  return stands_at(*key, at);
}

/// A value that nothing reads, within `depth` objects.
const char* braid_json_skip(ReadFrame* frame, PredictedKey* key, const char* at, uint64_t depth) {
  if (*at == '"') {
    const char* end = find_special(key, at + 1);
    if (*end == '"') return behind(key, at, end + 1);
  } else {
    DirectNumber number = braid::find_direct_number(at);
    if (number.length != 0) return behind(key, at, at + number.length);
  }
  return frame->skip_value(at, depth);
}

/// Fields of which no bit of `seen` tells.
void braid_json_missing(ReadFrame* frame, const RecordField* const* fields, uint64_t count, const uint64_t* seen,
                        uint64_t row) {
  for (uint64_t i = 0; i < count; ++i) {
    if ((seen[i / 64] >> (i % 64) & 1) != 0) continue;
    if (fields[i]->optional != 0 && fields[i]->width != 0)
      set_absent(frame, fields[i], row);
    else
      frame->read_value(frame, i, nullptr, row);
  }
}

const char* braid_json_text(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                            uint64_t row) {
  return json_value(frame, field, key, at, row, [&] { return read_text(key, at, value_at<Bytes>(frame, field, row)); });
}
const char* braid_json_integer(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                               uint64_t row) {
  return json_value(frame, field, key, at, row,
                    [&] { return braid::read_direct_integer(at, value_at<int64_t>(frame, field, row)); });
}
const char* braid_json_float(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                             uint64_t row) {
  return json_value(frame, field, key, at, row,
                    [&] { return braid::read_direct_float(at, value_at<double>(frame, field, row)); });
}
const char* braid_json_decimal(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                               uint64_t row) {
  return json_value(frame, field, key, at, row, [&] {
    int128 value = 0;
    const char* end = braid::read_direct_decimal(at, field->precision, field->scale, &value);
    if (end != nullptr) store_decimal(frame, field, row, value);
    return end;
  });
}
const char* braid_json_boolean(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                               uint64_t row) {
  return json_value(frame, field, key, at, row, [&]() -> const char* {
    const bool holds = std::memcmp(at, "true", 4) == 0;
    if (!holds && std::memcmp(at, "false", 5) != 0) return nullptr;
    *value_at<uint8_t>(frame, field, row) = holds;
    return at + (holds ? 4 : 5);
  });
}
const char* braid_json_timestamp(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                                 uint64_t row) {
  return json_value(frame, field, key, at, row, [&] {
    auto* to = value_at<int64_t>(frame, field, row);
    return *at != '"' && field->unit != 0 ? read_instant_number(at, field->unit, to)
                                          : braid::read_direct_timestamp(at, frame->dates[field->field], to);
  });
}
/// A timestamp of a source whose timestamps are numbers.
const char* braid_json_instant(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                               uint64_t row) {
  if (*at == '"') return called_json_timestamp(frame, field, key, at, row);
  return json_value(frame, field, key, at, row,
                    [&] { return read_instant_number(at, field->unit, value_at<int64_t>(frame, field, row)); });
}
const char* braid_json_date(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                            uint64_t row) {
  return json_value(frame, field, key, at, row, [&]() -> const char* {
    int64_t days = 0;
    if (at[0] != '"' || at[11] != '"' || !braid::read_direct_date(at + 1, frame->dates[field->field], &days))
      return nullptr;
    *value_at<int32_t>(frame, field, row) = static_cast<int32_t>(days);
    return at + 12;
  });
}
const char* braid_json_symbol(ReadFrame* frame, const RecordField* field, PredictedKey* key, const char* at,
                              uint64_t row) {
  return json_value(frame, field, key, at, row, [&]() -> const char* {
    Bytes text{};
    const char* end = read_text(key, at, &text);
    return end != nullptr && find_symbol(field, text.view(), value_at<int32_t>(frame, field, row)) ? end : nullptr;
  });
}
const char* braid_json_other(ReadFrame* frame, const RecordField* field, PredictedKey*, const char* at, uint64_t row) {
  return frame->read_value(frame, field->field, at, row);
}

void braid_csv_text(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_value(frame, field, row, [&](const CsvCell& cell) {
    *value_at<Bytes>(frame, field, row) = {cell.text, cell.size};
    return true;
  });
}
void braid_csv_integer(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_direct(frame, field, row,
             [&](const char* at) { return braid::read_direct_integer(at, value_at<int64_t>(frame, field, row)); });
}
void braid_csv_float(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_direct(frame, field, row,
             [&](const char* at) { return braid::read_direct_float(at, value_at<double>(frame, field, row)); });
}
void braid_csv_decimal(ReadFrame* frame, const RecordField* field, uint64_t row) {
  int128 value = 0;
  csv_direct(frame, field, row, [&](const char* at) {
    const char* end = braid::read_direct_decimal(at, field->precision, field->scale, &value);
    if (end != nullptr) store_decimal(frame, field, row, value);
    return end;
  });
}
void braid_csv_boolean(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_value(frame, field, row, [&](const CsvCell& cell) {
    *value_at<uint8_t>(frame, field, row) = cell.size == 4;
    return cell.view() == "true" || cell.view() == "false";
  });
}
void braid_csv_timestamp(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_direct(frame, field, row, [&](const char* at) {
    auto* to = value_at<int64_t>(frame, field, row);
    const char* end = braid::read_direct_instant(at, frame->dates[field->field], to);
    return end == nullptr && field->unit != 0 ? read_instant_number(at, field->unit, to) : end;
  });
}
void braid_csv_date(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_direct(frame, field, row, [&](const char* at) -> const char* {
    int64_t days = 0;
    if (!braid::read_direct_date(at, frame->dates[field->field], &days)) return nullptr;
    *value_at<int32_t>(frame, field, row) = static_cast<int32_t>(days);
    return at + 10;
  });
}
void braid_csv_symbol(ReadFrame* frame, const RecordField* field, uint64_t row) {
  csv_value(frame, field, row,
            [&](const CsvCell& cell) { return find_symbol(field, cell.view(), value_at<int32_t>(frame, field, row)); });
}
void braid_csv_other(ReadFrame* frame, const RecordField* field, uint64_t row) {
  frame->read_value(frame, field->field, nullptr, row);
}

}  // extern "C"
