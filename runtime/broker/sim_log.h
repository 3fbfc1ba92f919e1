// A partition of a simulated topic: batches of records, control markers, and what the partition knows of producers.
#pragma once

#include <deque>
#include <map>

#include "runtime/broker/sim_protocol.h"

namespace braid {

/// Records as one producer sent them in one request, by position. Never changes once it is sent; logs, requests on
/// their way and readers share it.
class SimPayload {
 public:
  void add(const NewRecord& record);
  const std::vector<BrokerRecord>& records() const { return records_; }
  size_t bytes() const { return bytes_; }

 private:
  std::string_view keep(std::string_view bytes);

  std::vector<BrokerRecord> records_;
  std::deque<std::string> texts_;
  std::deque<std::vector<RecordHeader>> headers_;
  size_t bytes_ = 0;
};

class SimLog {
 public:
  enum class Kind { plain, open, committed, aborted, marker };
  struct Entry {
    int64_t base = 0;
    int32_t count = 0;
    Kind kind = Kind::plain;
    SimProducer producer;
    std::shared_ptr<const SimPayload> payload;  ///< null: a marker, or records that retention has taken
    std::optional<int64_t> append_time_ms;
  };

  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }
  int64_t last_stable() const;
  /// Whether a transaction of this producer has records here, so that further ones need no other check.
  bool has_open(int64_t producer_id) const;

  /// Records of an idempotent producer, numbered from `sequence`. What is there already is acknowledged again, as far
  /// back as five batches.
  SimError append(const SimProducer& producer, int32_t sequence, bool transactional,
                  std::shared_ptr<const SimPayload> payload, std::optional<int64_t> append_time_ms);
  /// Ends the producer's transaction here; the marker takes an offset.
  void mark(const SimProducer& producer, bool commit);
  void delete_before(int64_t offset);

  /// Hands committed records from `position` on to `take`, below `limit`, until it returns false. Returns where to go
  /// on.
  template <class Take>
  int64_t visit(int64_t position, int64_t limit, const Take& take) const;

  /// The first committed record of that time or later; the last stable offset if there is none.
  int64_t at_time(int64_t timestamp_ms) const;

 private:
  struct Acknowledged {
    int32_t first, last;
  };
  struct Known {
    int16_t epoch = -1;
    std::deque<Acknowledged> recent;
    std::optional<int64_t> open_from;
  };
  size_t entry_at(int64_t offset) const;

  std::deque<Entry> entries_;
  std::map<int64_t, Known> producers_;
  int64_t begin_ = 0, end_ = 0;
};

template <class Take>
int64_t SimLog::visit(int64_t position, int64_t limit, const Take& take) const {
  for (size_t i = entry_at(position); i < entries_.size() && position < limit; ++i) {
    const Entry& entry = entries_[i];
    const bool seen = entry.payload != nullptr && entry.kind != Kind::aborted && entry.kind != Kind::open;
    for (int64_t at = std::max(position, entry.base); seen && at < entry.base + entry.count && at < limit; ++at) {
      if (!take(entry, at)) return at;
    }
    position = std::min(entry.base + entry.count, limit);
  }
  return position;
}

}  // namespace braid
