// Reads NDJSON records that look like the ones before, many at a time: first the positions of all special bytes of a
// piece of the turn, then column after column. Where a value begins and ends follows from the pattern
// (record_pattern.h) and these positions, so no value waits for the end of the one before it.
//
// What it reads, it reads as JsonReader does. Records that differ from the pattern are left to the caller, who says how
// they went: from these a new pattern is found, and where records differ too often, none is looked for for a while.
//
// One thread. The text of a turn has kScanPadding readable bytes behind its end.
#pragma once

#include <optional>
#include <vector>

#include "runtime/codec/json_reader.h"
#include "runtime/codec/record_pattern.h"

namespace braid {

/// Records that follow each other. Bit i of `differs` is set where record i does not have the pattern: then nothing is
/// known of it but where its line ends, if it is one line.
struct PatternBatch {
  static constexpr size_t kMost = 64;
  size_t count = 0;
  uint64_t differs = 0;
  size_t line_end = 1;       ///< bytes of a line that are not part of its record
  uint32_t end[kMost] = {};  ///< of each line, behind its `\n`
};

class PatternReader {
 public:
  PatternReader(const DecodePlan& plan, JsonReader& reader);

  /// A turn whose lines in [begin, end) may be read by patterns.
  void begin_turn(const char* text, size_t begin, size_t end);
  /// Whether the line at `begin` is worth a try.
  bool expects(size_t begin) const { return pause_ == 0 && pattern_.has_value() && begin < end_; }
  /// The records from `begin` on, as many as have the pattern's number of special bytes: into rows of `block`, from
  /// the next one on, which has room for `room` more. May be none. Valid until the next call.
  const PatternBatch& read(size_t begin, Block& block, size_t room, Arena& arena);
  /// The line [begin, end), with its line end, was not read by a pattern, but another way. `is_row`: it gave a row, so
  /// it is well formed.
  void pass(std::string_view line, bool is_row);

 private:
  /// What is done with one of the pattern's values in all records of a batch.
  enum class Action : uint8_t {
    nothing,
    check,
    text,
    integer,
    floating,
    decimal,
    boolean,
    timestamp,
    instant,
    date,
    symbol,
    any
  };
  struct Place {
    Action action = Action::nothing;
    const Shape* shape = nullptr;
    size_t leaf = 0;  ///< its status leaf
  };

  Action action_of(const RecordPattern::Value& value) const;
  void take(RecordPattern pattern);
  size_t find_batch(size_t begin, size_t room);
  ValuePlaces places_of(size_t value, size_t count) const;
  void read_values(size_t value, Block& block, size_t count, Arena& arena);
  uint64_t read_common(size_t value, const ValuePlaces& places, Block& block);
  bool read_any(size_t value, const char* begin, const char* end, Block& block, uint32_t row, Arena& arena);
  void write_missing(Block& block, size_t count);

  FieldPaths paths_;
  JsonReader& reader_;
  const RecordScan& scan_;
  bool fits_ = false;
  std::vector<LastDate> dates_;  ///< by field
  std::vector<Slot> row_;

  std::optional<RecordPattern> pattern_;
  std::vector<Place> places_;  ///< by value of the pattern

  // Of the turn.
  const char* text_ = nullptr;
  size_t end_ = 0;      ///< of the lines that may be read
  size_t scanned_ = 0;  ///< up to here the special bytes are known
  std::vector<uint32_t> specials_;
  size_t first_ = 0, behind_ = 0;  ///< of those that have not been used

  size_t end_of_batch_ = SIZE_MAX, behind_batch_ = 0;  ///< the last batch: in the text, and in specials_

  PatternBatch batch_;
  uint64_t differing_[PatternBatch::kMost];

  // How well it goes.
  int credit_ = 0;
  uint32_t misses_ = 0;      ///< in a row
  uint32_t pause_ = 0;       ///< lines for which no pattern is tried
  uint32_t next_pause_ = 0;  ///< the next time
};

}  // namespace braid
