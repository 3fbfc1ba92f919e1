// A count-min sketch: about how often a value occurs, never less than it does. Four rows of 2,048 counters; a value
// adds to one counter of each row and has the least of its counters. Of N values in all, it is at most e · N / 2,048
// (0.13 %) too high with a probability of 98 % (Cormode, Muthukrishnan: An improved data stream summary, 2005).
//
// Counters are sums, so a sketch follows from how often each value occurs: order does not show, sketches merge by
// adding, and values can be taken out again. While few counters are set only those are kept.
// Owns its memory; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {

class CountMin {
 public:
  /// A hash of 64 good bits. `count`: negative takes values out that are there.
  void add(uint64_t hash, int64_t count);
  void merge(const CountMin& other);
  /// How often the value occurs, at most. 0 or more.
  int64_t count(uint64_t hash) const;
  /// Of all values.
  int64_t total() const { return total_; }

  /// Bytes that never change their meaning: form u8 (1), bits of a column u8 (11), rows u8 (4), then for each counter
  /// that is not 0, ascending, how many before it are 0 and its count, both as varints.
  void write(std::string& out) const;
  /// False: these are no such bytes, and the sketch is as it was.
  bool read(std::string_view bytes);

  uint64_t memory() const { return sparse_.capacity() * sizeof(Counter) + dense_.capacity() * sizeof(int64_t); }

 private:
  using Counter = std::pair<uint32_t, int64_t>;
  /// Of the sparse ones, the first that is not before that place.
  std::vector<Counter>::const_iterator find(uint32_t place) const;
  void change(uint32_t place, int64_t count);

  std::vector<Counter> sparse_;  ///< ascending, none is 0
  std::vector<int64_t> dense_;   ///< all counters, row after row; empty while sparse
  int64_t total_ = 0;
};

}  // namespace braid
