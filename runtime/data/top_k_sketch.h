// Which values are the most frequent of many, and about how often each occurs, without all of them: up to 1,024
// different values are counted exactly. Of more, a count-min sketch counts all, and 1,024 values are kept.
//
// Which are kept must follow from the rows alone, not from their order, and a sketch of all rows must be that of the
// sketches of their parts. What came first, or was frequent at the time, is neither. So each row draws a number, and
// the values with the least draws are kept: the least draw of a value falls with the number of its rows, and a least
// one is the same however rows are grouped (a sample without replacement by frequency: Cohen, Stream sampling for
// frequency cap statistics, 2015). A value that has a share p of all draws is missed with a probability of at most
// e^(-1024·p): of a hundredth, once in 28,000 sketches.
// Owns its memory; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/data/count_min.h"

namespace braid {

class TopKSketch {
 public:
  static constexpr size_t kKept = 1024;

  /// A row with the value. `draw`: 64 good bits that follow from the value and from what tells its rows apart.
  void add(std::string_view value, uint64_t draw);
  void merge(const TopKSketch& other);
  /// At most so many, the most frequent first, of several the least by their bytes. Views of the sketch.
  std::vector<std::pair<std::string_view, int64_t>> top(size_t count) const;

  /// Bytes that never change their meaning: form u8 (1), 1 if there are counters or else 0, the number of values as a
  /// varint, and of each value, ascending, its length (varint), its bytes, its least draw (u64), and without counters
  /// how often it occurs (varint). Then the counters, as CountMin writes them.
  void write(std::string& out) const;
  /// False: these are no such bytes, and the sketch is as it was.
  bool read(std::string_view bytes);

  uint64_t memory() const { return text_bytes_ + values_.size() * kEntry + counters_.memory(); }

 private:
  struct Kept {
    uint64_t draw;
    int64_t count;  ///< 0 once there are counters
  };
  using Values = std::map<std::string, Kept, std::less<>>;
  static constexpr uint64_t kEntry = 96;  ///< of a value in memory, about

  void take(std::string_view value, uint64_t draw, int64_t count);
  void count_all();
  /// Those that are kept, if there are more.
  std::vector<Values::const_iterator> kept() const;
  void trim();

  Values values_;          ///< with counters: those that are kept, and up to as many that are not
  CountMin counters_;      ///< of all rows, once there have been more than kKept values
  bool counting_ = false;  ///< there are counters
  uint64_t text_bytes_ = 0;
  uint64_t most_ = UINT64_MAX;  ///< no draw above is kept
};

/// The draw of a row: `apart` is what tells it from other rows with the value.
uint64_t draw_of(std::string_view value, std::string_view apart);

}  // namespace braid
