// When a step may forget its keys: each value of its KeyedRows has a KeyDue in it, and those that are due are found in
// memory by timers, in the store by the rows that KeyedRows keeps for that. A time that moves on costs nothing until
// the timer comes: only then the next is set. Belongs to one operator; one thread.
#pragma once

#include <optional>
#include <vector>

#include "runtime/operators/key_timers.h"
#include "runtime/operators/keyed_rows.h"

namespace braid {

struct KeyDue {
  int64_t time;       ///< when the key may go
  int64_t stored_at;  ///< KeyedRows::Values::stored_at
  int64_t armed;      ///< of the timer in memory; kNoTime: there is none
};

class DueKeys {
 public:
  /// `offset`: of the KeyDue in a value of `rows`, which outlives it.
  DueKeys(KeyedRows& rows, size_t offset) : rows_(rows), offset_(offset) {}
  /// Keys are kept for `length` behind what makes them due: those in the store alone come back a fraction of it early.
  static KeyedRows::Timers timers(uint32_t table, int64_t length);

  KeyDue& of(char* value) const { return *reinterpret_cast<KeyDue*>(value + offset_); }
  const KeyDue& of(const char* value) const { return *reinterpret_cast<const KeyDue*>(value + offset_); }
  /// A value is new, or has come back from the store.
  void begin(RowHandle row, int64_t time);
  void move(char* value, int64_t time) const { of(value).time = time; }
  void end(char* value) const { of(value).armed = kNoTime; }
  /// Keys that are due up to that time; each once, in no order.
  Status take(int64_t time, std::vector<RowHandle>& due);
  /// Timers of keys that have left the memory go.
  void forget_evicted();
  uint64_t bytes() const { return timers_.bytes(); }

 private:
  bool is_set(const KeyTimer& timer) const {
    return rows_.hash(timer.key) == timer.hash && of(rows_.value(timer.key)).armed == timer.time;
  }

  KeyedRows& rows_;
  size_t offset_;
  KeyTimers timers_;
  std::vector<KeyTimer> passed_;
};

}  // namespace braid
