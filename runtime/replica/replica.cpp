#include "runtime/replica/replica.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/replica/replica_run.h"
#include "runtime/report/view_findings.h"

namespace braid {
namespace {

constexpr int64_t kLookEvery = 100'000;
/// Topics may get more partitions.
constexpr int64_t kPartitionsEvery = 30'000'000;
/// Of rows that no commit has yet.
constexpr uint64_t kMostWaitingBytes = 32 << 20;

}  // namespace

bool ReplicaRun::stops() {
  const bool before = drained_;
  drained_ = drained_ || (options_.stop_requested && options_.stop_requested());
  if (drained_ && !before && options_.monitor != nullptr) options_.monitor->enter(JobPhase::draining);
  return drained_;
}

Status ReplicaRun::refuse(Partition& partition, const std::vector<TopicRows::Unreadable>& unreadable) {
  if (unreadable.empty()) return {};
  Topic& topic = topics_[partition.product];
  const TopicRows::Unreadable& first = unreadable.front();
  const std::string name = name_of(partition.place);
  if (!options_.pass_over) {
    const Diagnostic finding = diag::RecordNotServed{.offset = first.offset,
                                                     .partition = name,
                                                     .product = name_of_product(partition.product),
                                                     .reason = first.reason}
                                   .make();
    return Error{ErrorKind::input, finding.message, finding.code, 0};
  }
  if (topic.ledger.rejected == 0) {
    topic.first_passed = first.offset;
    topic.passed_in = partition.place;
    topic.passed_reason = first.reason;
  }
  topic.ledger.rejected += static_cast<int64_t>(unreadable.size());
  return {};
}

Status ReplicaRun::take(Partition& partition, const SourceTurn& turn, int64_t before,
                        const std::function<Status(const Block& rows)>& take) {
  Topic& topic = topics_[partition.product];
  const TopicRows::Turn made = topic.rows.read(turn, before);
  BRAID_TRY(refuse(partition, made.unreadable));
  const auto behind = std::ranges::lower_bound(turn.given, before, {}, &GivenRecord::position);
  const auto records = behind - turn.given.begin();
  if (records > 0) {
    const GivenRecord& last = turn.given[static_cast<size_t>(records - 1)];
    partition.mark.last = last.position;
    partition.mark.hash = mark_hash(last);
  }
  partition.mark.position = std::min(turn.end.position, before);
  partition.mark.newest = std::max(partition.mark.newest, made.newest);
  partition.changed = true;
  newest_ = std::max(newest_, made.newest);
  records_ += records;
  topic.ledger.in += records;
  topic.ledger.used = topic.ledger.in - topic.ledger.rejected;
  ++turns_;
  if (options_.monitor != nullptr)
    options_.monitor->read(static_cast<int>(partition.product), partition.ordinal, name_of(partition.place),
                           static_cast<size_t>(records), turn.bytes.size());
  return made.rows.rows == 0 ? Status() : take(made.rows);
}

Status ReplicaRun::read(Partition& partition, bool* any) {
  Result<std::optional<SourceTurn>> turn = partition.reader->next_turn({partition.mark.position, 1}, buffer_);
  if (!turn.ok()) return error_of(partition, turn.error());
  if (!*turn) return {};
  *any = true;
  if (!uncommitted_since_) uncommitted_since_ = seams_.clock.steady_us();
  const JobMonitor::TurnTimer timer(options_.monitor);
  const ProductSpec& product = program_.products[partition.product];
  return take(partition, **turn, INT64_MAX, [&](const Block& rows) {
    views_.write(static_cast<int>(partition.product), "", product.row, rows);
    return Status();
  });
}

int64_t ReplicaRun::watermark() const {
  int64_t lowest = INT64_MAX;
  for (const Partition& partition : partitions_)
    if (partition.mark.newest != kNoTime) lowest = std::min(lowest, partition.mark.newest);
  // A partition that came later does not take it back.
  return lowest == INT64_MAX ? at_.watermark : std::max(at_.watermark, lowest);
}

void ReplicaRun::note_positions(ViewsAt& at) const {
  at.positions.clear();
  for (size_t i = 0; i < program_.products.size(); ++i) {
    const ProductSpec& product = program_.products[i];
    at.positions.push_back({.product = product.qualified(),
                            .version = product.version,
                            .topic = program_.sources[i].binding.address,
                            .offsets = {}});
  }
  for (const Partition& partition : partitions_)
    at.positions[partition.product].offsets.push_back(partition.mark.position);
}

Status ReplicaRun::commit() {
  if (!uncommitted_since_) return {};
  JobMonitor* const monitor = options_.monitor;
  if (monitor != nullptr) monitor->commit_begins();
  ViewsAt at{.epoch = at_.epoch + 1, .watermark = watermark(), .newest = std::max(at_.newest, newest_)};
  note_positions(at);
  views_.freeze(at);
  if (monitor != nullptr) {
    monitor->commit_is_frozen();
    monitor->write_begins();
  }
  StateBatch batch;
  BRAID_TRY(views_.put(*store_, batch));
  for (Partition& partition : partitions_) {
    if (!partition.changed) continue;
    batch.put(StateFamily::meta, mark_key(program_.products[partition.product], partition.place.partition),
              partition.mark.bytes());
    partition.changed = false;
  }
  if (options_.kill_point) options_.kill_point("before_commit");
  BRAID_TRY(store_->commit(batch));
  if (options_.kill_point) options_.kill_point("after_commit");
  at_ = std::move(at);
  views_.committed();
  uncommitted_since_.reset();
  ++epochs_;
  if (monitor != nullptr) {
    monitor->write_ends();
    monitor->commit_is_durable(at_.epoch);
  }
  return {};
}

bool ReplicaRun::is_at_end() const {
  return std::ranges::all_of(partitions_, [](const Partition& each) { return each.reader->at_end(); });
}

bool ReplicaRun::has_reached_ends() {
  return std::ranges::all_of(partitions_, [](const Partition& each) {
    return !each.end || each.mark.position >= *each.end || each.reader->at_end();
  });
}

Status ReplicaRun::look_for_partitions() {
  const int64_t now = seams_.clock.steady_us();
  if (now - looked_at_ < kPartitionsEvery) return {};
  looked_at_ = now;
  std::vector<std::string> names;
  for (const SourceSpec& source : program_.sources) names.push_back(source.binding.address);
  const BrokerResult<std::vector<TopicInfo>> found = seams_.broker->describe(names, kLookEvery);
  if (!found.ok()) return {};  // the next look will do
  for (size_t product = 0; product < program_.products.size(); ++product) {
    const std::string& topic = program_.sources[product].binding.address;
    const auto info = std::ranges::find(*found, topic, &TopicInfo::name);
    const auto known = std::ranges::count(partitions_, product, &Partition::product);
    if (info != found->end() && info->partitions > known) BRAID_TRY(find_partitions(product, {}));
  }
  return {};
}

Status ReplicaRun::run() {
  JobMonitor* const monitor = options_.monitor;
  show(true);
  while (!stops()) {
    bool any = false;
    for (size_t i = 0; i < partitions_.size(); ++i) {
      bool one = false;
      BRAID_TRY(read(partitions_[i], &one));
      any |= one;
      if (one && options_.kill_point) options_.kill_point("after_turn");
      if (views_.waiting_bytes() > kMostWaitingBytes) BRAID_TRY(commit());
    }
    const int64_t age = uncommitted_since_ ? seams_.clock.steady_us() - *uncommitted_since_ : 0;
    if (age >= options_.commit_every_us) BRAID_TRY(commit());
    if (!caught_up_ && has_reached_ends()) {
      BRAID_TRY(commit());
      caught_up_ = true;
      if (monitor != nullptr) monitor->enter(JobPhase::running);
      show(true);
    }
    if (options_.until_caught_up && !any && is_at_end()) break;
    if (!options_.until_caught_up) BRAID_TRY(look_for_partitions());
    show();
    if (any) continue;
    const int64_t due = uncommitted_since_ ? std::max<int64_t>(1000, options_.commit_every_us - age) : kLookEvery;
    reader_->wait(std::min(due, kLookEvery));
  }
  BRAID_TRY(commit());
  show(true);
  return {};
}

JobStatus ReplicaRun::status() const {
  JobStatus status{.project = options_.project, .epoch = at_.epoch, .report = report(), .store = store_->figures()};
  for (const Partition& partition : partitions_) {
    const std::string* waits_for = partition.reader->waits_for();
    status.partitions.push_back({.source = name_of_product(partition.product),
                                 .name = name_of(partition.place),
                                 .position = partition.mark.position,
                                 .lag_bytes = {},
                                 .lag_records = partition.reader->records_behind(partition.mark.position),
                                 .watermark = partition.mark.newest,
                                 .waits_for = waits_for == nullptr ? "" : *waits_for});
  }
  return status;
}

JobReport ReplicaRun::report() const {
  JobReport report{.drained = drained_,
                   .events = records_,
                   .turns = turns_,
                   .epochs = epochs_,
                   .watermark = watermark(),
                   .newest = std::max(at_.newest, newest_)};
  report.nothing_new = turns_ == 0 && !drained_;
  for (size_t i = 0; i < program_.products.size(); ++i) {
    const Topic& topic = topics_[i];
    JobReport::Product& product = report.products.emplace_back();
    product.name = program_.products[i].qualified();
    product.version = program_.products[i].version;
    product.rows = topic.ledger.used;
    product.inputs.push_back({program_.sources[i].binding.address, topic.ledger});
    report.deviation += topic.ledger.deviation();
    if (topic.ledger.rejected == 0) continue;
    report.warnings.push_back(diag::RecordsPassedOver{.count = topic.ledger.rejected,
                                                      .product = product.name,
                                                      .offset = topic.first_passed,
                                                      .partition = name_of(topic.passed_in),
                                                      .reason = topic.passed_reason}
                                  .make());
  }
  return report;
}

void ReplicaRun::show(bool at_edge) {
  if (options_.progress && !at_edge)
    options_.progress({.events = records_, .turns = turns_, .watermark = watermark(), .newest = newest_, .state = {}});
  if (options_.monitor != nullptr && (options_.monitor->wants_status() || at_edge)) options_.monitor->publish(status());
}

Result<JobReport> run_replica(const Program& program, const ReplicaOptions& options, const JobSeams& seams) {
  ReplicaRun run(program, options, seams);
  if (options.monitor != nullptr) options.monitor->enter(JobPhase::recovering);
  if (const Status opened = run.open(); !opened.ok()) {
    // What waits for a broker gives up then; a view that is half filled is filled again by the next run.
    if (run.stops()) return run.report();
    return opened.error();
  }
  BRAID_TRY(run.run());
  return run.report();
}

}  // namespace braid
