#include "tests/broker/model_engine.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000;

/// Where a task stands: what it has read, and a chain over it.
struct Position {
  int64_t offset = 0;
  int64_t count = 0;
  uint64_t digest = 0;
};

struct World {
  const ModelRun& run;
  ManualClock clock{1'700'000'000 * kSecond};
  SimCluster cluster;
  ModelOutcome outcome;
  std::vector<std::vector<uint64_t>> digests;  ///< of each partition, after so many records
  bool stop = false;

  explicit World(const ModelRun& with) : run(with), cluster(clock, options_of(with)) {}
  static SimOptions options_of(const ModelRun& run) {
    SimOptions options;
    options.seed = run.seed;
    options.level = run.level;
    options.keeps_epoch_after_doubt =
        run.mistake == Mistake::keeps_session_after_doubt || run.mistake == Mistake::goes_on_after_uncertain;
    options.commits_unflushed = run.mistake == Mistake::does_not_flush;
    options.batch_records = 10;
    return options;
  }
  void violate(std::string what) {
    if (outcome.violation.empty()) outcome.violation = std::move(what);
  }
};

uint64_t number_of(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// One life of an instance: from its start until it crashes, is fenced, or all is done.
class Worker : BrokerGroup::Owner {
 public:
  Worker(World& world, SimBroker& broker, std::string name)
      : world_(world), broker_(broker), name_(std::move(name)), rng_(hash_mix(world.run.seed, name_.size())) {}

  void live() {
    auto group = broker_.make_group({.group = "job",
                                     .topic = "in",
                                     .instance = {},
                                     .session_timeout_us = 6 * kSecond,
                                     .work_timeout_us = 20 * kSecond});
    auto reader = broker_.make_reader({.group = "job"});
    if (!group.ok() || !reader.ok()) return;
    group_ = std::move(*group);
    reader_ = std::move(*reader);
    writer_ = new_writer(name_);
    if (world_.run.mistake == Mistake::offsets_outside) offset_writer_ = new_writer(name_ + "-offsets");
    if (!begin_session()) return;
    while (!world_.stop && !gone_) {
      const BrokerStatus served = group_->serve(0, *this);
      if (!served.ok() && served.error().fault != BrokerFault::retry) return;
      restore();
      if (gone_ || !work()) return;
      if (!is_open_) reader_->wait(kSecond / 10);
    }
    if (!gone_) (void)group_->leave(5 * kSecond, *this);
  }

 private:
  struct Task {
    bool restored = false;
    Position now, committed;
  };
  static TopicPartition input(int32_t partition) { return {"in", partition}; }

  std::unique_ptr<BrokerWriter> new_writer(std::string id) {
    auto made = broker_.make_writer({.transactional_id = std::move(id), .transaction_timeout_us = 10 * kSecond});
    return std::move(*made);
  }

  void assigned(std::span<const int32_t> partitions) override {
    for (int32_t each : partitions) tasks_[each];
  }

  void revoked(std::span<const int32_t> partitions, bool lost) override {
    if (lost && world_.run.mistake == Mistake::keeps_lost_work) return;
    if (lost)
      abort();
    else if (!gone_)
      commit();
    for (int32_t each : partitions) {
      tasks_.erase(each);
      (void)reader_->stop(input(each));
    }
  }

  bool begin_session() {
    while (!gone_) {
      const BrokerStatus begun = writer_->begin_session(5 * kSecond);
      if (begun.ok() && offset_writer_ != nullptr && !offset_writer_->begin_session(5 * kSecond).ok()) continue;
      if (begun.ok()) return true;
      if (begun.error().fault != BrokerFault::retry) gone_ = true;
    }
    return false;
  }

  /// Reads where the tasks stand that do not know it.
  void restore() {
    std::vector<TopicPartition> places;
    for (const auto& [partition, task] : tasks_)
      if (!task.restored) places.push_back(input(partition));
    if (places.empty() || gone_) return;
    auto found = group_->committed(places, kSecond);
    if (!found.ok()) {
      if (found.error().fault != BrokerFault::retry) gone_ = true;
      if (world_.run.mistake != Mistake::resets_when_unstable || gone_) return;
      for (const TopicPartition& place : places) go_to(place.partition, {});
      return;
    }
    for (const BrokerGroup::Committed& each : *found) {
      Position position;
      if (each.offset) {
        const size_t colon = each.metadata.find(':');
        position = {*each.offset, static_cast<int64_t>(number_of(each.metadata)),
                    number_of(std::string_view(each.metadata).substr(colon + 1))};
        const auto& digests = world_.digests[static_cast<size_t>(each.place.partition)];
        if (position.count >= static_cast<int64_t>(digests.size()) ||
            digests[static_cast<size_t>(position.count)] != position.digest)
          world_.violate("the token of " + each.place.topic + " is off the chain");
      }
      go_to(each.place.partition, position);
    }
  }

  void go_to(int32_t partition, const Position& position) {
    auto found = tasks_.find(partition);
    if (found == tasks_.end()) return;
    found->second = {true, position, position};
    if (!reader_->start(input(partition), position.offset).ok()) gone_ = true;
  }

  /// False: this life is over.
  bool work() {
    for (auto& [partition, task] : tasks_) {
      if (!task.restored) continue;
      auto fetched = reader_->fetch(input(partition), 1 + rng_.below(8));
      if (!fetched.ok()) return false;
      if (fetched->batch == nullptr) {
        if (fetched->end) task.now.offset = std::max(task.now.offset, *fetched->end);
        continue;
      }
      if (!is_open_) {
        const BrokerStatus begun = writer_->begin_transaction(5 * kSecond);
        if (!begun.ok()) return recover(begun.error()), !gone_;
        is_open_ = true;
      }
      for (const BrokerRecord& record : fetched->batch->records()) {
        const BrokerStatus written = writer_->write({.place = {"out", partition}, .value = record.value});
        if (!written.ok()) return recover(written.error()), !gone_;
        task.now = {record.offset + 1, task.now.count + 1, hash_mix(task.now.digest, number_of(*record.value))};
      }
    }
    if (is_open_ && rng_.chance(3)) commit();
    return !gone_;
  }

  void commit() {
    if (!is_open_) return;
    is_open_ = false;
    std::vector<OffsetToCommit> offsets;
    for (const auto& [partition, task] : tasks_)
      if (task.restored)
        offsets.push_back({input(partition), task.now.offset, fmt::format("{}:{}", task.now.count, task.now.digest)});
    const BrokerStatus done = commit_with(offsets);
    if (!done.ok()) {
      recover(done.error());
      return;
    }
    ++world_.outcome.commits;
    for (auto& [partition, task] : tasks_) task.committed = task.now;
  }

  BrokerStatus commit_with(const std::vector<OffsetToCommit>& offsets) {
    constexpr int64_t kPatience = 3 * kSecond;
    if (world_.run.mistake != Mistake::does_not_flush) BRAID_TRY(writer_->flush(kPatience));
    BrokerWriter* of_offsets = offset_writer_ == nullptr ? writer_.get() : offset_writer_.get();
    if (offset_writer_ != nullptr) {
      BRAID_TRY(writer_->commit_transaction(kPatience));
      BRAID_TRY(offset_writer_->begin_transaction(kPatience));
    }
    BRAID_TRY(of_offsets->send_offsets(offsets, *group_->membership(), kPatience));
    return of_offsets->commit_transaction(kPatience);
  }

  void abort() {
    if (!is_open_) return;
    is_open_ = false;
    const BrokerStatus aborted = writer_->abort_transaction(3 * kSecond);
    if (!aborted.ok()) recover(aborted.error());
    forget_positions();
  }

  /// Nothing of the open transaction counts: every task of it goes back.
  void forget_positions() {
    for (auto& [partition, task] : tasks_) task.restored = false;
  }

  void recover(const BrokerError& error) {
    is_open_ = false;
    const Mistake mistake = world_.run.mistake;
    switch (error.fault) {
      case BrokerFault::refused:
      case BrokerFault::lost:
        gone_ = true;
        return;
      case BrokerFault::fenced:
        ++world_.outcome.fencings;
        if (mistake != Mistake::keeps_lost_work) {
          gone_ = true;
          return;
        }
        if (!begin_session()) return;
        rewind();
        return;
      case BrokerFault::abort:
      case BrokerFault::retry:
        if (const BrokerStatus aborted = writer_->abort_transaction(3 * kSecond); aborted.ok()) {
          forget_positions();
          return;
        }
        break;
      case BrokerFault::uncertain:
        break;
    }
    ++world_.outcome.doubts;
    if (mistake == Mistake::goes_on_after_uncertain) {
      forget_positions();
      return;
    }
    // The fresh-epoch rule: nothing that is still on its way counts after this.
    if (!begin_session()) return;
    if (mistake == Mistake::takes_doubt_for_failure)
      rewind();
    else
      forget_positions();
  }

  /// To where this instance believes to have committed.
  void rewind() {
    for (auto& [partition, task] : tasks_)
      if (task.restored) go_to(partition, Position(task.committed));
  }

  World& world_;
  SimBroker& broker_;
  std::string name_;
  Rng rng_;
  std::unique_ptr<BrokerGroup> group_;
  std::unique_ptr<BrokerReader> reader_;
  std::unique_ptr<BrokerWriter> writer_, offset_writer_;
  std::map<int32_t, Task> tasks_;
  bool is_open_ = false;  ///< a transaction
  bool gone_ = false;     ///< this life is over
};

/// Input with gaps: some transactions are aborted.
void load(World& world) {
  const ModelRun& run = world.run;
  for (const char* topic : {"in", "out"}) world.cluster.create({topic, run.partitions, -1, {}});
  SimBroker broker(world.cluster, "source");
  auto writer = std::move(*broker.make_writer({.transactional_id = "source"}));
  auto sure = [](const BrokerStatus& status) { BRAID_CHECK(status.ok(), status.error().message); };
  sure(writer->begin_session(kSecond));
  Rng rng(hash_mix(run.seed, 3));
  world.digests.assign(static_cast<size_t>(run.partitions), {0});
  for (int next = 0; next < run.records;) {
    sure(writer->begin_transaction(kSecond));
    const int end = std::min(run.records, next + static_cast<int>(rng.between(1, 100)));
    const bool aborted = rng.chance(4);
    for (int32_t partition = 0; partition < run.partitions; ++partition)
      for (int i = next; i < end; ++i) {
        sure(writer->write({.place = {"in", partition}, .value = aborted ? "aborted" : std::to_string(i)}));
        std::vector<uint64_t>& digests = world.digests[static_cast<size_t>(partition)];
        if (!aborted) digests.push_back(hash_mix(digests.back(), static_cast<uint64_t>(i)));
      }
    if (aborted) {
      sure(writer->flush(kSecond));
      sure(writer->abort_transaction(kSecond));
    } else {
      sure(writer->commit_transaction(kSecond));
      next = end;
    }
  }
}

/// What is in the output, committed. Whether it is all of the input; violations are noted.
bool check(World& world, uint64_t* trace) {
  bool whole = true;
  for (int32_t partition = 0; partition < world.run.partitions; ++partition) {
    const SimLog& log = *world.cluster.log_of({"out", partition});
    uint64_t expected = 0;
    log.visit(0, log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
      const uint64_t found = number_of(*entry.payload->records()[static_cast<size_t>(offset - entry.base)].value);
      if (trace != nullptr) *trace = hash_mix(*trace, hash_mix(static_cast<uint64_t>(offset), found));
      if (found != expected)
        world.violate(fmt::format("seed {}: partition {} offset {} has record {}, expected {}", world.run.seed,
                                  partition, offset, found, expected));
      ++expected;
      return world.outcome.violation.empty();
    });
    whole = whole && expected == static_cast<uint64_t>(world.run.records);
  }
  return whole;
}

}  // namespace

ModelOutcome run_model(const ModelRun& run) {
  World world(run);
  load(world);
  SimTime& time = world.cluster.time();
  const int64_t began = time.now_us();
  FaultPlan plan = FaultPlan::everything(run.fault_rate);
  world.cluster.faults().plan = plan;
  for (int i = 0; i < run.instances; ++i)
    time.spawn([&world, &time, name = "instance-" + std::string(static_cast<size_t>(i + 1), 'i')] {
      while (!world.stop) {
        SimBroker broker(world.cluster, name);
        Worker(world, broker, name).live();
        if (broker.crashed()) ++world.outcome.crashes;
        if (!world.stop) time.sleep(world.cluster.faults().between(kSecond / 10, 3 * kSecond));
      }
    });
  bool whole = false;
  time.spawn([&] {
    bool calm = false;
    while (time.now_us() - began < run.storm_us + 300 * kSecond) {
      time.sleep(kSecond);
      whole = check(world, nullptr);
      if (!world.outcome.violation.empty()) break;
      if (!calm && (whole || time.now_us() - began > run.storm_us)) {
        world.cluster.calm();
        calm = true;
      }
      // What is still on its way may yet do harm.
      if (whole && calm) {
        time.sleep(plan.longest_hold_us);
        whole = check(world, nullptr);
        break;
      }
    }
    world.cluster.calm();
    world.stop = true;
  });
  time.run();
  ModelOutcome& outcome = world.outcome;
  check(world, &outcome.trace);
  if (!whole) outcome.stall = fmt::format("seed {}: the output is not whole", run.seed);
  outcome.faults = world.cluster.faults().faults();
  outcome.rebalances = world.cluster.groups().rebalances();
  outcome.ended_us = time.now_us() - began;
  outcome.trace = hash_mix(outcome.trace, static_cast<uint64_t>(outcome.ended_us));
  return outcome;
}

}  // namespace braid
