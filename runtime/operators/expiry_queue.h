// The times at which entries of a KeyTable may be removed, earliest first. Entries are used again and evicted, so the
// owner checks each entry that comes out: is_current() returns whether it is still the same entry. One thread.
#pragma once

#include <cstdint>

#include "runtime/state/time_queue.h"
#include "runtime/time/partition_clock.h"

namespace braid {

template <class Entry>
struct Expiry {
  int64_t time;  ///< not needed from then on
  Entry* entry;
  uint64_t hash;
  int64_t bucket = 0;
  int64_t mark = 0;  ///< the owner's

  bool is_current() const { return entry->live && entry->hash == hash && entry->bucket == bucket; }
};

template <class Entry>
class ExpiryQueue {
 public:
  void expect(int64_t time, Entry& entry, int64_t mark = 0) {
    queue_.push({time, &entry, entry.hash, entry.bucket, mark});
  }
  /// One whose time is `time` or earlier; false: there is none.
  bool take(int64_t time, Expiry<Entry>* expiry) { return queue_.take_before(add_time(time, 1), expiry); }
  /// Removes entries that have been evicted, too: the owner adds them again when they come back.
  void drop_evicted() {
    queue_.erase_if([](const Expiry<Entry>& expiry) { return !expiry.is_current(); });
  }
  uint64_t bytes() const { return queue_.bytes(); }

 private:
  struct ByTime {
    int64_t time(const Expiry<Entry>& expiry) const { return expiry.time; }
    bool before(const Expiry<Entry>& a, const Expiry<Entry>& b) const { return a.time < b.time; }
  };
  TimeQueue<Expiry<Entry>, ByTime> queue_;
};

}  // namespace braid
