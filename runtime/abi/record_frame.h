// The arguments of a native record reader (record_reader.h): columns, the order of keys or the cells, and the functions
// that read the values that it does not read itself. C-shaped: generated code reads it by field offset.
//
// Fields are numbered as in SourceSpec::decode; their leaves are those of [checked<field 0>, checked<field 1>, …].
// Objects of a JSON record on the way to fields are numbered too: 0 is the record, then, field after field, the objects
// on its path from the outside in, as far as they are new.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/abi/record_functions.h"

namespace braid {

/// The meaning of a key.
enum : int32_t {
  kSkipValue = -1,        ///< a value that nothing reads
  kUnknownKey = -2,       ///< not a key: ends a list of keys
  kFirstObject = 1 << 16  ///< + number of an object; below: the number of a field
};

/// A key as the records before had it, with all bytes from the end of the last value to its own value: `,"key": `.
/// The default value ends a list: it is not a key, and its length is 0, which occurs only in broken text.
struct alignas(32) PredictedKey {
  char begin[32] = {};           ///< the first of those bytes
  uint32_t mask = ~uint32_t{0};  ///< a bit for each of them
  uint32_t length = 0;           ///< of all of them
  int32_t meaning = kUnknownKey;
  const char* rest = nullptr;  ///< the bytes after the first 32; null: there are none
  uint32_t value_length = 0;   ///< native code's: of the last value
  uint16_t steady = 0;         ///< native code's: values of that length, one after the other
  uint16_t next = 0;           ///< first keys: which of the later keys is expected behind this one
};
static_assert(sizeof(PredictedKey) == 64);

/// Keys of one object in the expected order; each list ends with a default value.
struct PredictedObject {
  PredictedKey* first;  ///< those that were found behind the `{`, which is part of their bytes
  PredictedKey* later;
};

/// A field in the form that native code uses. C-shaped: a constant of generated code.
struct RecordField {
  uint32_t field;            ///< its number
  uint32_t leaf;             ///< its status leaf
  uint32_t optional;         ///< 1: a presence leaf follows it
  uint32_t width;            ///< of the leaf of T; 0: T is a struct
  uint32_t is_text;          ///< 1: string or bytes, for which an empty cell is a value
  int32_t precision, scale;  ///< of decimals
  uint32_t reserved;
  int64_t unit;  ///< of timestamps that are numbers, in µs; 0: timestamps are not numbers
  const Bytes* symbols;
  uint64_t symbol_count;
};

/// A cell of a CSV record, without its quotes.
struct CsvCell {
  const char* text;
  uint64_t size;
  uint64_t quoted;
  std::string_view view() const { return {text, size}; }
};

/// All memory is the decoder's.
struct ReadFrame {
  void* const* columns = nullptr;            ///< data of the block's leaf columns
  LastDate* dates = nullptr;                 ///< one for each field
  const PredictedObject* objects = nullptr;  ///< JSON: by number of the object
  const CsvCell* cells = nullptr;            ///< CSV: of the record
  const int32_t* cell_of = nullptr;          ///< CSV: by field, its cell; below 0: it has none, or no single one
  const char* text = nullptr;                ///< CSV: the turn
  Bytes null_marker = {};                    ///< CSV: an unquoted cell with this text is null; data null: there is none
  uint64_t readable = 0;  ///< CSV: cells that begin among its first bytes, so many, have kDirectBytes
  /// Reads a value as the table-driven decoder does, into the columns at `row`: the value of `field` at `at` (JSON;
  /// null: the field is missing), or in its cell (CSV). JSON: returns behind the value, null if it is broken or
  /// missing.
  const char* (*read_value)(ReadFrame*, uint64_t field, const char* at, uint64_t row) = nullptr;
  /// JSON: behind the value at `at`, within `depth` open objects; null if it is broken.
  const char* (*skip_value)(const char* at, uint64_t depth) = nullptr;
};

}  // namespace braid
