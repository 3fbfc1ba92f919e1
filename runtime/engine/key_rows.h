// Rows that delete: of records of a topic that have a key and no value, and of changes (Debezium) that say `d`. Such a
// row has the declared key, the time, and the mark that it deletes; the rest is zero. The key comes from
//
//   the record's key: a JSON object with the key fields, or the text of the only one, also as Kafka Connect's `schema`
//     and `payload`. On topics of Avro and Protobuf also a framed value: a record with the key fields, or the value of
//     the only one
//   a change: the row as it was before
//
// Its time is that of the record; of a change what the table's time reads of the change itself, or else `source.ts_us`,
// `source.ts_ms`, `ts_ms`. Of changes, records without a value are passed: the change in front of them deletes, and
// their time is that of the connector, behind rows that came back since. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "runtime/engine/decode_source.h"

namespace braid {

class KeyRows {
 public:
  /// Outlives this, and takes deletes.
  explicit KeyRows(const SourceSpec& source);
  ~KeyRows();

  /// Puts the rows that delete among the others, by their records. `rows`: of `input`, which was joined of `given`.
  void add(const TurnInput& input, std::span<const GivenRecord> given, SourceRows& rows, Arena& arena);
  /// The same of changes that are the lines of a file.
  void add_lines(const TurnInput& input, SourceRows& rows, Arena& arena);

 private:
  class KeySchemas;
  /// A record that gives no other row: it deletes, or is rejected.
  struct Special {
    uint32_t record = 0;
    int64_t time_us = 0;
    std::vector<Slot> key = {};             ///< leaves of the key fields
    std::optional<Diagnostic> reason = {};  ///< why it is rejected
    bool passed = false;                    ///< it does nothing
    bool deletes() const { return !reason && !passed; }
  };
  void find_tombstones(std::span<const GivenRecord> given, std::vector<Special>& found, Arena& arena);
  void find_changes(const TurnInput& input, std::span<const GivenRecord> given, std::vector<Special>& found,
                    Arena& arena);
  Special tombstone(const GivenRecord& given, uint32_t record, Arena& arena);
  /// The field that the row behind a change does not have because the database did not log it.
  std::optional<std::string> unlogged_field(const TurnInput& change, std::string_view bytes, Arena& arena);
  /// False and `fault`: it cannot be read.
  bool read_key(std::string_view key, Arena& arena, Special& made, std::string& fault);
  bool read(Decoder& decoder, const DecodePlan& plan, const TurnInput& input, Arena& arena, Special& made,
            std::string& fault);
  Block block_of(std::span<const Special> found, const SourceRows& rows, Arena& arena) const;

  const SourceSpec& source_;
  std::vector<Leaf> leaves_;
  std::string only_;  ///< the member of the only key field in JSON; empty: there are several
  DecodePlan key_plan_, framed_plan_, before_plan_, apart_plan_;  ///< the last: what may be missing in a change
  std::unique_ptr<KeySchemas> schemas_;
  std::unique_ptr<Decoder> key_, framed_key_, before_, change_, apart_;  ///< null: not needed
  std::set<std::string> unlogged_traces_;
};

}  // namespace braid
