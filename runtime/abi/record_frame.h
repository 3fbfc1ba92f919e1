// The arguments of a native record reader (record_reader.h): columns, the order of keys or the cells, and the functions
// that read the values that it does not read itself. C-shaped: generated code reads it by field offset.
//
// Fields are numbered as in SourceSpec::decode; their leaves are those of [checked<field 0>, checked<field 1>, …].
// Objects of a JSON record on the way to fields are numbered too: 0 is the record, then, field after field, the objects
// on its path from the outside in, as far as they are new. What stands in one of these objects, fields and objects, is
// numbered in the same way: its children.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/abi/record_functions.h"

namespace braid {

/// What a key leads to: the number of a child, or one of these.
enum : int32_t {
  kSkipValue = -1,   ///< a value that nothing reads
  kNoKey = -2,       ///< nothing is expected, or the text is broken
  kEndOfObject = -3  ///< the `}`
};

/// A key as the records before had it, with all bytes from the end of the last value to its own value: `,"key": `. With
/// the first key of an object they include the `{`.
/// The default value is not a key. Only broken text can be equal to it.
struct alignas(64) PredictedKey {
  char begin[32] = {};           ///< the first of those bytes
  uint32_t mask = ~uint32_t{0};  ///< a bit for each of them
  uint32_t length = 0;           ///< of all of them
  int32_t child = kNoKey;
  uint16_t value_length = 0;     ///< native code's: of the last value, its low bits
  uint16_t steady = 0;           ///< native code's: values of that length, one after the other
  const char* rest = nullptr;    ///< the bytes after the first 32; null: there are none
  PredictedKey* next = nullptr;  ///< expected behind this one; not null where native code sees it
};
static_assert(sizeof(PredictedKey) == 64);

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

/// A `read` or `settle` step of an AvroPlan in the form that native code uses. C-shaped: a constant of generated code.
struct AvroFieldCode {
  uint32_t step;      ///< its number, for read_value
  uint32_t leaf;      ///< the status leaf of its field
  uint32_t optional;  ///< 1: a presence leaf follows it
  uint32_t width;     ///< of the leaf of T; 0: T has several
  int32_t precision;  ///< decimals: of the declared type
  int32_t upscale;    ///< decimals: digits to add to the writer's scale
  int64_t factor;     ///< AvroValue::factor
  const int32_t* to_symbol;
  uint64_t symbols;  ///< in to_symbol
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
  void* const* columns = nullptr;          ///< data of the block's leaf columns
  LastDate* dates = nullptr;               ///< one for each field
  PredictedKey* const* objects = nullptr;  ///< JSON: by number of the object, what its first key stands behind
  const CsvCell* cells = nullptr;          ///< CSV: of the record
  const int32_t* cell_of = nullptr;        ///< CSV: by field, its cell; below 0: it has none, or no single one
  const char* text = nullptr;              ///< CSV: the turn
  const char* end = nullptr;  ///< Avro: of the records at hand; sixteen more bytes may be read. Protobuf: of
                              ///< the record, the same
  Bytes null_marker = {};     ///< CSV: an unquoted cell with this text is null; data null: there is none
  uint64_t readable = 0;      ///< CSV: cells that begin among its first bytes, so many, have kDirectBytes
  /// Reads a value as the table-driven decoder does, into the columns at `row`: the value of `field` at `at` (JSON;
  /// null: the field is missing), or in its cell (CSV). JSON: returns behind the value, null if it is broken or
  /// missing. Avro: `field` is the number of a `read` step; returns behind the value, null if the record is broken.
  const char* (*read_value)(ReadFrame*, uint64_t field, const char* at, uint64_t row) = nullptr;
  /// JSON: the key at `at` in that object, which was not expected behind `last`. A `}` behind blanks, or behind the
  /// `{`, is one too: its length is that of what stands before it.
  PredictedKey* (*find_key)(ReadFrame*, uint64_t object, PredictedKey* last, const char* at) = nullptr;
  /// JSON: behind the value at `at`, within `depth` open objects; null if it is broken.
  const char* (*skip_value)(const char* at, uint64_t depth) = nullptr;
  /// Protobuf: reads a value of the target of that number (ProtobufTable::target_count) as the table-driven decoder
  /// does, into the slot: of `bits`, or of the bytes at `text`, so many. False: it has a fault.
  bool (*convert)(ReadFrame*, uint64_t target, uint64_t bits, const char* text, Slot* slot) = nullptr;
  /// Protobuf: slots for elements of a list, all zero; null: the record has too many.
  Slot* (*allocate)(ReadFrame*, uint64_t slots) = nullptr;
};

}  // namespace braid
