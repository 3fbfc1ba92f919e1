#include "runtime/broker/sim_cluster.h"

namespace braid {

SimCluster::SimCluster(ManualClock& clock, const SimOptions& options)
    : options_(options),
      time_(clock, hash_mix(options.seed, 1)),
      faults_(hash_mix(options.seed, 2)),
      groups_(time_, [this](const std::string& topic) { return partitions_of(topic); }),
      transactions_(time_, faults_, groups_, *this, options.level) {
  faults_.plan = options.faults;
}

SimLog* SimCluster::log_of(const TopicPartition& place) {
  auto found = topics_.find(place.topic);
  if (found == topics_.end()) return nullptr;
  std::vector<SimLog>& logs = found->second.logs;
  if (place.partition < 0 || static_cast<size_t>(place.partition) >= logs.size()) return nullptr;
  return &logs[static_cast<size_t>(place.partition)];
}

const SimCluster::Topic* SimCluster::topic(const std::string& name) const {
  auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

std::vector<std::string> SimCluster::topics() const {
  std::vector<std::string> names;
  for (const auto& [name, topic] : topics_) names.push_back(name);
  return names;
}

int32_t SimCluster::partitions_of(const std::string& name) const {
  const Topic* found = topic(name);
  return found == nullptr ? 0 : static_cast<int32_t>(found->logs.size());
}

void SimCluster::create(const NewTopic& asked) {
  auto [made, is_new] = topics_.try_emplace(asked.name);
  if (!is_new) return;
  Topic& topic = made->second;
  topic.logs.resize(static_cast<size_t>(asked.partitions));
  topic.largest_record = options_.largest_record;
  for (const auto& [name, value] : asked.settings) {
    topic.settings[name] = value;
    if (name == "message.timestamp.type") topic.append_time = value == "LogAppendTime";
  }
  changed();
}

void SimCluster::create_by_request(const NewTopic& asked) {
  if (topics_.contains(asked.name)) return;
  create(asked);
  constexpr int64_t kShortest = 10'000, kLongest = 3'000'000;
  if (!faults_.chance(faults_.plan.late_topics)) return;
  topics_.at(asked.name).known_from_us = time_.now_us() + faults_.duration(kShortest, kLongest);
  // Whoever has looked for it looks again.
  time_.at(topics_.at(asked.name).known_from_us, [this] { changed(); });
}

SimError SimCluster::answer_of(const TopicPartition& place) {
  if (log_of(place) == nullptr) return SimError::unknown_topic;
  return topics_.at(place.topic).known_from_us > time_.now_us() ? SimError::leader_not_available : SimError::none;
}

bool SimCluster::remove(const std::string& topic) {
  changed();
  return topics_.erase(topic) > 0;
}

SimAnswer SimCluster::produce(const Produce& request) {
  if (!is_known(request.place)) return {SimError::unknown_topic};
  SimLog* log = log_of(request.place);
  const bool transactional = !request.transactional_id.empty();
  // A partition asks the coordinator before it takes the first record of a transaction (KIP-890, at every level).
  if (transactional && !log->has_open(request.producer.id))
    if (const SimError error = transactions_.verify(request.transactional_id, request.producer, request.place);
        error != SimError::none)
      return {error == SimError::producer_fenced ? SimError::invalid_producer_epoch : error};
  std::optional<int64_t> append_time_ms;
  if (topics_.at(request.place.topic).append_time) append_time_ms = time_.now_us() / 1000;
  const SimError error =
      log->append(request.producer, request.sequence, transactional, request.payload, append_time_ms);
  changed();
  return {error};
}

void SimCluster::go_away(int64_t for_us) {
  away_until_ = std::max(away_until_, time_.now_us() + for_us);
  time_.at(away_until_, [this] {
    if (!away()) groups_.renew_sessions();
  });
  // Sessions do not end while nobody is there to end them.
  groups_.renew_sessions();
}

void SimCluster::deliver(const std::shared_ptr<SimInstance>& to, int64_t time_us, std::function<void()> what) {
  time_.at(time_us, [this, to, what = std::move(what)] {
    if (to->crashed) return;
    if (to->paused_until_us > time_.now_us())
      deliver(to, to->paused_until_us, what);
    else
      what();
  });
}

}  // namespace braid
