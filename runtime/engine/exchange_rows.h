// Rows on their way from one stage of a job to another, as records of a repartition topic, and the time of those who
// send them. Little-endian:
//
//   u16 layout | u8 kind | u32 front, the number of the task that sends within its stage
//   kind rows: u64 digest of the row type and of the names of sources and products, then rows up to the end, each:
//              time, watermark, position, line i64 | source, partition u32 | settled u64 |
//              the bytes of the input record that caused it | if the partition has its highest bit, the places of right
//              rows (runtime/data/pair_place.h) | the row (runtime/data/row_codec.h), all with u32 sizes
//   kind time: u64 epoch, to which the rows before it belong | i64 watermark | u8 0: ended, 1: active, 2: idle
//   kind times: of several tasks at once, front is how many: for each u32 front, then as kind time
//
// Kind time is still read, and not written any more.
// Sources are numbered as in the whole program, partitions as in their topic: so rows have the same origin, and the
// same place among others, in every stage. Formats are immutable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/engine/decode_source.h"
#include "runtime/state/stored_rows.h"
#include "runtime/state/wire.h"
#include "runtime/time/edge_time.h"

namespace braid {

class ExchangeFormat {
 public:
  /// Of a stage, which outlives it, and the rows of one exchange.
  ExchangeFormat(const Program& program, const std::vector<Field>& row);

  void begin_rows(uint32_t front, WireWriter& out) const;
  /// Behind begin_rows() and what was appended since.
  void append(const Block& block, uint32_t row, WireWriter& out) const;
  /// What becomes of the time of tasks with the epochs that end, each to which its rows before it belong.
  static std::string times(std::span<const SourceRows::Front> fronts);

  /// The values of records, in order, as a turn of the stage that reads them. Refers to their bytes. Fails with 8021.
  Result<SourceRows> read(std::span<const GivenRecord> given, const std::string& topic, uint32_t fronts,
                          Arena& arena) const;

 private:
  uint32_t to_whole(uint32_t source) const { return source < own_ ? source : source - exchanges_; }
  uint32_t from_whole(uint32_t source) const { return source < own_ ? source : source + exchanges_; }

  uint32_t own_;        ///< sources of the whole program
  uint32_t exchanges_;  ///< that the stage has behind them
  uint32_t relations_;  ///< of the whole program
  uint64_t digest_;
  StoredRows rows_;
  std::vector<Leaf> leaves_;
};

}  // namespace braid
