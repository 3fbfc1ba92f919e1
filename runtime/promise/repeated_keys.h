// Which rows repeat a key of the last while of event time, for promises of `unique`. Keys are kept as 64-bit hashes
// with the event time of their newest row, so two keys in 2^64 may be taken for one. A row repeats another one if their
// times are less than `within` apart; the later of the two in the order of processing is the one that repeats.
//
// Keys go when the newest row is `within` past them, in steps of 1/64 of that, and the oldest ones when there are more
// than kMostKeys: then repetitions that lie far apart are not seen, and none is seen that is not there. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace braid {

class RepeatedKeys {
 public:
  static constexpr size_t kMostKeys = size_t{1} << 18;

  /// `within_us`: more than 0. INT64_MAX: for ever.
  explicit RepeatedKeys(int64_t within_us);
  /// A row of that key and event time: whether it repeats an earlier one.
  bool repeats(uint64_t hash, int64_t time);
  size_t keys() const { return newest_.size(); }

 private:
  /// Forgets the keys of the oldest step.
  void forget_oldest();

  int64_t within_us_, step_us_;
  int64_t latest_;                                  ///< event time of the newest row
  std::unordered_map<uint64_t, int64_t> newest_;    ///< by hash: event time of its newest row
  std::map<int64_t, std::vector<uint64_t>> steps_;  ///< hashes by the step of a row of theirs, not only their newest
  size_t entries_ = 0;                              ///< of all steps
};

}  // namespace braid
