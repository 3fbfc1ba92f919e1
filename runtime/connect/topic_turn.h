// The bytes of a turn of a topic, joined of its records: all that is read of them, so that equal bytes give equal rows.
//
// JSON, CSV: the records' values, a line each, as decoders of lines read them. Where a value has line ends, they become
// other white space, which changes nothing in JSON; a value that is absent or empty becomes a line that is no record,
// and the turn says what it was. Where deletes are wanted, the line of an absent value goes on with timestamp and key.
// A change with a `schema` and a `payload` is its payload.
// Verbatim: the values as they are, one behind the other.
// Avro, Protobuf, raw: for each record four bytes of the length of its framing, four of all of it, and both.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/broker/broker.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/connect/source.h"

namespace braid {

/// What the records of a topic are like.
struct TopicForm {
  bool messages = false;             ///< Avro, Protobuf, raw: no lines
  bool empty_values = false;         ///< a value without bytes is one
  WriterSchemas* schemas = nullptr;  ///< of messages with framing; null: without
  SchemaLanguage language = SchemaLanguage::avro;
  bool changes = false;   ///< Debezium
  bool deletes = false;   ///< a record without a value deletes its key
  bool headers = false;   ///< somebody reads the headers of records
  bool verbatim = false;  ///< rows of another stage
};

class TopicTurn {
 public:
  explicit TopicTurn(const TopicForm& form) : form_(form) {}

  void begin();
  bool empty() const { return given_.empty(); }
  /// Bytes that the record adds.
  size_t size_of(const BrokerRecord& record) const;
  /// Not more than the first kMaxRecordBytes of its value.
  void append(const BrokerRecord& record, TurnBuffer& buffer);
  /// `turn` has the records, as long as no other is begun.
  void finish(TurnBuffer& buffer, SourceTurn& turn);

  /// The schema that has to be there before the record is read: of its value, or of the key that it deletes, if that
  /// is not said by a change.
  static std::optional<SchemaId> schema_of(const TopicForm& form, const BrokerRecord& record);

 private:
  void append_line(const BrokerRecord& record, GivenRecord& given, TurnBuffer& buffer);
  void append_verbatim(const BrokerRecord& record, TurnBuffer& buffer);
  void append_framed(const BrokerRecord& record, GivenRecord& given, TurnBuffer& buffer);
  void keep_key(const BrokerRecord& record, GivenRecord& given);
  void keep_headers(const BrokerRecord& record, GivenRecord& given);
  std::string_view keep(std::string_view bytes) { return originals_.emplace_back(bytes); }

  const TopicForm form_;
  size_t used_ = 0;
  std::vector<GivenRecord> given_;
  struct Place {
    size_t begin, end;
  };
  std::vector<Place> places_;  ///< of their bytes in the buffer
  std::deque<std::string> originals_;
  std::deque<std::vector<GivenHeader>> headers_;  ///< of records that have some
};

}  // namespace braid
