#include "runtime/broker/sim_log.h"

#include <algorithm>

namespace braid {

void SimPayload::add(const NewRecord& record) {
  BrokerRecord kept;
  kept.timestamp_ms = record.timestamp_ms;
  if (record.key) kept.key = keep(*record.key);
  if (record.value) kept.value = keep(*record.value);
  if (!record.headers.empty()) {
    std::vector<RecordHeader>& headers = headers_.emplace_back();
    for (const RecordHeader& header : record.headers) {
      RecordHeader copy{keep(header.name), std::nullopt};
      if (header.value) copy.value = keep(*header.value);
      headers.push_back(copy);
    }
    kept.headers = headers;
  }
  constexpr size_t kRecordOverhead = 8;
  bytes_ += kRecordOverhead;
  records_.push_back(kept);
}

std::string_view SimPayload::keep(std::string_view bytes) {
  bytes_ += bytes.size();
  return texts_.emplace_back(bytes);
}

int64_t SimLog::last_stable() const {
  int64_t stable = end_;
  for (const auto& [id, known] : producers_)
    if (known.open_from) stable = std::min(stable, *known.open_from);
  return std::max(stable, begin_);
}

bool SimLog::has_open(int64_t producer_id) const {
  auto found = producers_.find(producer_id);
  return found != producers_.end() && found->second.open_from.has_value();
}

size_t SimLog::entry_at(int64_t offset) const {
  auto found = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                [](int64_t at, const Entry& entry) { return at < entry.base + entry.count; });
  return static_cast<size_t>(found - entries_.begin());
}

SimError SimLog::append(const SimProducer& producer, int32_t sequence, bool transactional,
                        std::shared_ptr<const SimPayload> payload, std::optional<int64_t> append_time_ms) {
  const auto count = static_cast<int32_t>(payload->records().size());
  const bool is_new = !producers_.contains(producer.id);
  Known& known = producers_[producer.id];
  if (producer.epoch < known.epoch) return SimError::invalid_producer_epoch;
  if (producer.epoch > known.epoch) {
    // A producer that the partition has never heard of may begin with any number, as a new epoch may not.
    if (sequence != 0 && !is_new) return SimError::out_of_order_sequence;
    known.epoch = producer.epoch;
    known.recent.clear();
  } else {
    for (const Acknowledged& each : known.recent)
      if (each.first == sequence && each.last == sequence + count - 1) return SimError::none;
    if (!known.recent.empty() && sequence != known.recent.back().last + 1) return SimError::out_of_order_sequence;
    // After a marker of this epoch nothing is remembered but the epoch.
    if (known.recent.empty() && sequence != 0) return SimError::out_of_order_sequence;
  }
  constexpr size_t kRemembered = 5;
  known.recent.push_back({sequence, sequence + count - 1});
  if (known.recent.size() > kRemembered) known.recent.pop_front();
  if (transactional && !known.open_from) known.open_from = end_;
  entries_.push_back(
      {end_, count, transactional ? Kind::open : Kind::plain, producer, std::move(payload), append_time_ms});
  end_ += count;
  return SimError::none;
}

void SimLog::mark(const SimProducer& producer, bool commit) {
  Known& known = producers_[producer.id];
  if (producer.epoch < known.epoch) return;
  if (known.open_from) {
    for (size_t i = entry_at(*known.open_from); i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.producer.id == producer.id && entry.kind == Kind::open)
        entry.kind = commit ? Kind::committed : Kind::aborted;
    }
    known.open_from.reset();
  }
  if (producer.epoch > known.epoch) {
    known.epoch = producer.epoch;
    known.recent.clear();
  }
  entries_.push_back({end_, 1, Kind::marker, producer, nullptr, std::nullopt});
  ++end_;
}

void SimLog::delete_before(int64_t offset) {
  begin_ = std::clamp(offset, begin_, end_);
  while (!entries_.empty() && entries_.front().base + entries_.front().count <= begin_) entries_.pop_front();
}

int64_t SimLog::at_time(int64_t timestamp_ms) const {
  const int64_t limit = last_stable();
  int64_t found = limit;
  visit(begin_, limit, [&](const Entry& entry, int64_t at) {
    const BrokerRecord& record = entry.payload->records()[static_cast<size_t>(at - entry.base)];
    if (entry.append_time_ms.value_or(record.timestamp_ms) < timestamp_ms) return true;
    found = at;
    return false;
  });
  return found;
}

}  // namespace braid
