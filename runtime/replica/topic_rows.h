// Rows of a product of the records of its topic, as a job has written them there.
//
// Of a table that changes, a record without a value ends the row of its key, which stands in the record's key as
// runtime/engine/key_rows.h reads it. The event time of a row is that of its field (ViewSpec::time); without one it is
// the timestamp of the record, which is the event time in whole milliseconds. A row that goes has the timestamp alone:
// beside times of fields it counts as the last instant of its millisecond, so it is never before the row that it ends.
//
// One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/connect/source.h"
#include "runtime/connect/topic_turn.h"
#include "runtime/data/arena.h"
#include "runtime/engine/key_rows.h"
#include "runtime/engine/written_rows.h"

namespace braid {

class TopicRows {
 public:
  /// All outlive this. `source`: written_source() of the product. `has_time`: its rows have an event time.
  TopicRows(const ProductSpec& product, const ViewSpec& view, const SourceSpec& source, bool has_time);
  TopicRows(const TopicRows&) = delete;
  TopicRows& operator=(const TopicRows&) = delete;

  /// How the topic is read.
  TopicForm form() const;

  /// A record that is no row of the product.
  struct Unreadable {
    int64_t offset = 0;
    std::string reason;
  };
  struct Turn {
    Block rows;  ///< as views are written; lives until the next call
    std::vector<Unreadable> unreadable;
    int64_t newest = kNoTime;  ///< the largest event time
  };
  /// Of records with lower offsets than `before`.
  Turn read(const SourceTurn& turn, int64_t before = INT64_MAX);

 private:
  struct KeyPart {
    FieldPlace place;
    size_t leaf = 0;  ///< in a row of keys_
  };
  DecodedTurn decode(const SourceTurn& turn, TurnInput& input);
  void write_gone(const Block& keys, uint32_t from, const Block& made, uint32_t to) const;
  int64_t time_of(const GivenRecord& record) const;

  const ProductSpec& product_;
  const ViewSpec& view_;
  const SourceSpec& source_;
  const bool has_time_;
  WrittenRows rows_;
  std::unique_ptr<Decoder> decoder_;
  SourceSpec key_source_;
  std::vector<KeyPart> key_parts_;
  std::unique_ptr<KeyRows> keys_;  ///< null: no record ends a key
  std::vector<MessageInput> messages_;
  Arena arena_;
};

}  // namespace braid
