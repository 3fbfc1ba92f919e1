// The times at which entries of a KeyTable may be removed, earliest first. Entries are used again and evicted, so the
// owner checks each entry that comes out: is_current() returns whether it is still the same entry. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <queue>
#include <vector>

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
  bool take(int64_t time, Expiry<Entry>* expiry) {
    if (queue_.empty() || queue_.top().time > time) return false;
    *expiry = queue_.top();
    queue_.pop();
    return true;
  }
  /// Removes entries that have been evicted, too: the owner adds them again when they come back.
  void drop_evicted() { queue_.drop_evicted(); }
  uint64_t bytes() const { return queue_.size() * sizeof(Expiry<Entry>); }

 private:
  struct Later {
    bool operator()(const Expiry<Entry>& a, const Expiry<Entry>& b) const { return a.time > b.time; }
  };
  struct Queue : std::priority_queue<Expiry<Entry>, std::vector<Expiry<Entry>>, Later> {
    void drop_evicted() {
      std::erase_if(this->c, [](const Expiry<Entry>& expiry) { return !expiry.is_current(); });
      this->c.shrink_to_fit();
      std::make_heap(this->c.begin(), this->c.end(), this->comp);
    }
  };
  Queue queue_;
};

}  // namespace braid
