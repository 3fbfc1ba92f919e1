// From the bytes of a turn to blocks: one decoder per partition, driven by a DecodePlan that says which fields are
// read.
//
// Only touched fields are converted. Each gives one column group of type checked<T>: a status leaf (ConversionFault)
// and the leaves of T, zero where the conversion failed. A field that nothing touches cannot reject a record; a record
// whose structure is broken is rejected whole, with a diagnostic of the catalogue (6020 to 6027), and has no row.
//
// Text: UTF-8 without or with a byte order mark at the start. NDJSON: an object a line, blank lines are not
// records. CSV: RFC 4180, header first; see csv_decoder.cpp. Numbers, times and symbols are read as value_reader.h
// says. Avro: avro_decoder.h. Protobuf: protobuf_decoder.h. Raw: a record is one value, text or bytes.
//
// Memory: records, blocks, unescaped text and lists lie in the arena; other text is a view into the turn's bytes, which
// must live as long as the arena's content. One thread. Nothing here fails except by rejecting records.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/data/type.h"
#include "runtime/report/diagnostic.h"

namespace braid {

/// The decoder rejects longer records without reading them.
inline constexpr size_t kMaxRecordBytes = 1 << 20;
/// Levels of nesting in a JSON record, the record's own object included.
inline constexpr int kMaxNesting = 64;

class RecordReaderSlot;  // runtime/abi/record_reader.h
class WriterSchemas;     // writer_schemas.h

enum class Format : uint8_t { ndjson, csv, avro, protobuf, raw };
/// Whether files begin with what their records cannot be read without: Decoder::set_header.
inline bool has_header(Format format) {
  return format == Format::csv || format == Format::avro;
}

enum class TimestampUnit : uint8_t { none, seconds, milliseconds, microseconds, nanoseconds };

struct DecodeField {
  std::string name;               ///< as the script calls it
  std::vector<std::string> path;  ///< its place in a JSON, Avro or Protobuf record; CSV: one part, the column
  Type type;                      ///< T or T?; with a default value in the script: T?
  bool touched = true;
  bool has_default = false;  ///< of the script: a CSV file without the column gives null
};

struct DecodePlan {
  Format format = Format::ndjson;
  std::vector<DecodeField> fields;
  std::optional<std::string> null_marker;  ///< CSV: an unquoted cell with this text is null
  std::vector<std::string> header;         ///< CSV: names of the columns of files without a header line
  char separator = ',';                    ///< CSV: between cells
  char quote = '"';                        ///< CSV: around cells; 0: there are no quotes
  bool decimal_comma = false;              ///< CSV: numbers have a decimal comma
  std::string zone;                        ///< timestamps without offset are local times of this zone; empty: rejected
  TimestampUnit unit = TimestampUnit::none;  ///< timestamps that are numbers; none: rejected
  WriterSchemas* writer_schemas = nullptr;   ///< Avro, Protobuf: of records of a topic; outlives the decoder
  std::string bare_schema;                   ///< the same: of all records of a topic, which have no framing
  std::string message;                       ///< Protobuf: of bare_schema, the message type; empty: the first one
  bool patterns = true;                      ///< NDJSON: false: each record is read by itself. Changes no result
};

/// The type of a row that comes out: checked<T> of each touched field, in order.
std::vector<Field> decoded_row(const DecodePlan& plan);

/// A record of a topic.
struct MessageInput {
  /// Of a record as Record::bytes has it: one that has a GUID in its header stands behind that.
  static MessageInput of(std::string_view record, Format format = Format::avro);

  std::string_view value;
  std::optional<std::string_view> schema_header = {};  ///< of its headers, kValueSchemaHeader
  int64_t position = 0;                                ///< in its partition
};

struct TurnInput {
  std::string_view bytes;  ///< whole records; the last may lack its line end at the end of the input
  int64_t position = 0;    ///< of the first byte in its partition; 0: a byte order mark and a header may come
  int64_t first_line = 1;  ///< number of the line it begins on
  /// Not 0: the turn is a single record that is longer than kMaxRecordBytes, this long, and `bytes` are its first
  /// kMaxRecordBytes.
  uint64_t long_record_bytes = 0;
  bool ascii = false;  ///< no byte is above 127; false: not known
  std::span<const MessageInput> messages =
      {};               ///< Avro, Protobuf and raw of a topic: the records; `bytes` says only about how many there are
  uint32_t source = 0;  ///< the rest is copied to each Record
  uint32_t partition = 0;
  uint64_t turn = 0;
};

struct RejectedRecord {
  uint32_t record = 0;    ///< index into DecodedTurn::records
  Diagnostic diagnostic;  ///< without labels
};

struct DecodedTurn {
  std::span<Record> records;  ///< all, in order; the index is the ordinal
  std::vector<Block> blocks;  ///< the rows of the others, in order; event times are zero
  std::vector<RejectedRecord> rejected;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual DecodedTurn decode(const TurnInput& input, Arena& arena) = 0;
  /// What has_header() formats begin with, for a decoder that starts in the middle of a partition: CSV: its first
  /// record; Avro: the header of the container file. NDJSON ignores it.
  virtual void set_header(std::string_view first_record) = 0;
  /// The header that it uses, as in the partition; empty if there is none, or it has not been read yet.
  virtual std::string_view header() const { return {}; }
};

/// `plan.zone` is empty or names a zone that exists (load_time_zone). `native`: the slot that
/// receives code made for this plan, all of whose fields are touched; outlives the decoder. Null: no native code.
std::unique_ptr<Decoder> make_decoder(const DecodePlan& plan, const RecordReaderSlot* native = nullptr);

}  // namespace braid
