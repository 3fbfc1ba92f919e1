// Reads partitions. What the real client fetches ahead is a look at the log here: up to the last stable offset of that
// moment, no more often than an answer takes.
#include <deque>

#include "runtime/broker/sim_clients.h"

namespace braid {
namespace {

class SimBatch : public RecordBatch {
 public:
  void add(const SimLog::Entry& entry, int64_t offset) {
    // Neighbours come from the same payload.
    if (payloads_.empty() || payloads_.back() != entry.payload) payloads_.push_back(entry.payload);
    BrokerRecord& record = records_.emplace_back(entry.payload->records()[static_cast<size_t>(offset - entry.base)]);
    record.offset = offset;
    if (!entry.append_time_ms) return;
    record.timestamp_ms = *entry.append_time_ms;
    record.append_time = true;
  }
  size_t size() const { return records_.size(); }

 private:
  std::vector<std::shared_ptr<const SimPayload>> payloads_;
};

class SimReader : public BrokerReader, SimClient {
 public:
  SimReader(SimCluster& cluster, std::shared_ptr<SimInstance> instance) : SimClient(cluster, std::move(instance)) {}

  BrokerStatus start(const TopicPartition& place, int64_t offset) override {
    BRAID_TRY(enter());
    Partition partition;
    partition.position = offset;
    partition.look_at_us = now() + cluster_.way() + cluster_.way();
    partitions_.insert_or_assign(place, partition);
    return {};
  }

  BrokerStatus stop(const TopicPartition& place) override {
    partitions_.erase(place);
    return {};
  }

  BrokerResult<Fetched> fetch(const TopicPartition& place, size_t most) override {
    BRAID_TRY(enter());
    auto found = partitions_.find(place);
    BRAID_CHECK(found != partitions_.end(), "a partition is fetched from that was not started");
    Partition& partition = found->second;
    partition.wanted = true;
    look(place, partition);
    if (partition.error != SimError::none) return error_of(partition.error, "reading " + text_of(place));
    Fetched fetched;
    partition.fresh = false;
    if (partition.position < partition.horizon) {
      // Records that were at hand stay so, whatever retention does meanwhile; nothing tells them apart from a fetch
      // that came earlier, so that the log is read as it is.
      const SimLog* log = cluster_.log_of(place);
      if (log == nullptr) return error_of(SimError::unknown_topic, "reading " + text_of(place));
      if (partition.position < log->begin())
        return error_of(SimError::offset_out_of_range, "reading " + text_of(place));
      auto batch = std::make_unique<SimBatch>();
      partition.position =
          log->visit(partition.position, partition.horizon, [&](const SimLog::Entry& entry, int64_t offset) {
            if (batch->size() == most) return false;
            batch->add(entry, offset);
            return true;
          });
      if (batch->size() > 0) fetched.batch = std::move(batch);
    }
    if (partition.position >= partition.horizon && partition.looked) fetched.end = partition.position;
    return fetched;
  }

  void wait(int64_t timeout_us) override {
    wait_for_any(partitions_.begin(), partitions_.end(), timeout_us);
    for (auto& [place, partition] : partitions_) partition.wanted = false;
  }
  void wait_for(const TopicPartition& place, int64_t timeout_us) override {
    const auto found = partitions_.find(place);
    BRAID_CHECK(found != partitions_.end(), "a partition is waited for that was not started");
    found->second.wanted = true;
    wait_for_any(found, std::next(found), timeout_us);
  }

 private:
  struct Partition {
    int64_t position = 0;
    int64_t horizon = 0;     ///< up to here records are at hand
    int64_t look_at_us = 0;  ///< not again before
    uint64_t seen_version = 0;
    bool looked = false;
    bool fresh = false;  ///< the end was reached since the last fetch
    bool wanted = true;  ///< fetched from since the last wait; started since then counts, too
    SimError error = SimError::none;
  };
  using Partitions = std::map<TopicPartition, Partition>;

  void wait_for_any(Partitions::iterator begin, Partitions::iterator end, int64_t timeout_us) {
    if (!enter().ok()) return;
    const int64_t until = now() + std::max(timeout_us, kLeastWait);
    pass_time();
    while (now() < until && !instance_->crashed) {
      int64_t next = until;
      for (auto each = begin; each != end; ++each) {
        auto& [place, partition] = *each;
        look(place, partition);
        if (!partition.wanted) continue;
        if (partition.fresh || partition.position < partition.horizon || partition.error != SimError::none) return;
        // One that has been looked at to its end is looked at again when something changes.
        if (!partition.looked || partition.seen_version != cluster_.version())
          next = std::min(next, std::max(partition.look_at_us, now() + 1));
      }
      const uint64_t version = cluster_.version();
      SimClient::wait(next, [&] { return cluster_.version() != version; });
    }
  }

  void look(const TopicPartition& place, Partition& partition) {
    if (now() < partition.look_at_us || partition.position < partition.horizon) return;
    if (partition.looked && partition.seen_version == cluster_.version()) return;
    partition.look_at_us = now() + cluster_.way();
    if (cluster_.away()) {
      partition.look_at_us = now() + kBackoff;
      return;
    }
    SimFaults& faults = cluster_.faults();
    if (faults.chance(faults.plan.stall)) {
      constexpr int64_t kLongestStall = 2'000'000;
      partition.look_at_us = now() + faults.duration(1000, kLongestStall);
      return;
    }
    partition.seen_version = cluster_.version();
    const SimLog* log = cluster_.log_of(place);
    partition.error = !cluster_.is_known(place) ? SimError::unknown_topic
                      : partition.position < log->begin() || partition.position > log->end()
                          ? SimError::offset_out_of_range
                          : SimError::none;
    if (partition.error != SimError::none) return;
    if (!partition.looked || log->last_stable() > partition.horizon) partition.fresh = true;
    partition.looked = true;
    // A client that reads past the stable offset is sent back by nobody; it waits.
    partition.horizon = std::max(log->last_stable(), partition.position);
  }

  Partitions partitions_;
};

}  // namespace

std::unique_ptr<BrokerReader> make_sim_reader(SimCluster& cluster, std::shared_ptr<SimInstance> instance) {
  return std::make_unique<SimReader>(cluster, std::move(instance));
}

}  // namespace braid
