#include "runtime/tasks/member.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/broker/patience.h"
#include "runtime/connect/topic_template.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/time_text.h"
#include "runtime/promise/volume_counts.h"
#include "runtime/report/topic_findings.h"
#include "runtime/tasks/erasure_topic.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;
/// How long a call may keep the member from serving its group.
constexpr int64_t kShortly = 1'000'000;
/// What is committed is seen within that time.
constexpr int64_t kUntilGone = 600'000'000, kUntilTold = 10'000'000;
/// A commit sends what is left. Until then batches fill: while one is on its way, the client's thread would turn in a
/// loop for the next.
constexpr int64_t kLinger = 25'000;
constexpr int64_t kNothingDue = 1'000'000;
/// Of tasks that others have it is asked in turn, each about so often; never more than once in the shorter time, and
/// none for longer than a turn may wait.
constexpr int64_t kAskVolumesEvery = 1'000'000, kAskVolumesAtMost = 250'000, kVolumesPatience = 50'000;
constexpr int64_t kAskEndEvery = 500'000, kServeEvery = 500'000, kAskChangesEvery = 100'000;
/// After so long without a commit it is asked whether the brokers are there.
constexpr int64_t kAskBrokersEvery = 10'000'000;
/// Brokers hear of a new topic one after the other. The time alone does not tell that they do not: a member may have
/// had nothing to write for most of it.
constexpr int64_t kUntilListed = 5'000'000, kUntilKnown = 60'000'000;
constexpr int kLossesUntilKnown = 5;
constexpr int64_t kFirstPause = 100'000, kLongestPause = 5'000'000;

/// Once, however often it is given.
void add_warning(const Diagnostic& warning, std::vector<Diagnostic>& warnings) {
  const bool known = std::any_of(warnings.begin(), warnings.end(),
                                 [&](const Diagnostic& each) { return each.message == warning.message; });
  if (!known) warnings.push_back(warning);
}

/// Whole or not at all: what a removal that was cut short leaves is a damaged store.
Status remove_store(Fs& fs, const std::string& directory) {
  const std::string removed = directory + ".removed";
  BRAID_TRY(fs.remove_tree(removed));
  BRAID_TRY(fs.rename(directory, removed));
  BRAID_TRY(fs.sync_directory(parent_directory(directory)));
  return fs.remove_tree(removed);
}

}  // namespace

JobMember::JobMember(const Program& program, const TopicJobOptions& options, const JobSeams& seams)
    : program_(program), options_(options), seams_(seams), volume_promises_(volume_promises(program)) {}

Result<JobReport> JobMember::run() {
  BRAID_TRY(prepare());
  BRAID_TRY(join());
  while (!stops()) {
    if (std::exchange(fenced_, false)) BRAID_TRY(join());
    BRAID_TRY(serve());
    if (fenced_) continue;  // what it has is not its own
    BRAID_TRY(recover_tasks());
    if (interrupted_) {
      BRAID_TRY(end_interrupted());
      continue;
    }
    if (transaction_->is_over()) BRAID_TRY(finish_commit());
    BRAID_ASSIGN(const Round round, run_round());
    ask_volumes();
    show_status();
    if (tasks_at_end()) {
      BRAID_TRY(commit());
      BRAID_ASSIGN(const bool done, is_done());  // and the commit has not undone it
      if (done) break;
    } else if (round.held_up && !round.ran) {
      BRAID_TRY(finish_commit());
      continue;
    } else if (!transaction_->is_committing() && time_to_commit() <= 0) {
      BRAID_TRY(begin_commit());
    }
    if (!round.ran) reader_->wait(std::min(options_.job.look_every_us, time_to_look()));
  }
  if (!fenced_) BRAID_TRY(commit());
  JobReport report;
  report.drained = drained_;
  report.warnings = warnings_;
  for (const auto& [number, task] : tasks_)
    if (task != nullptr) add_to_report(task->report(), report);
  for (size_t product = 0; product < program_.products.size(); ++product)
    report.outputs.push_back(topics_->name(static_cast<int>(product), ""));
  BRAID_TRY(leave());
  return report;
}

bool JobMember::stops() {
  drained_ = drained_ || (options_.job.stop_requested && options_.job.stop_requested());
  return drained_;
}

bool JobMember::tasks_at_end() const {
  return options_.job.until_caught_up && was_assigned_ &&
         std::all_of(tasks_.begin(), tasks_.end(),
                     [](const auto& task) { return task.second != nullptr && task.second->at_end(); });
}

Result<bool> JobMember::is_done() {
  if (!tasks_at_end()) return false;
  const int64_t now = seams_.clock.steady_us();
  if (end_asked_at_ != 0 && now - end_asked_at_ < kAskEndEvery) return false;
  end_asked_at_ = now;
  std::vector<uint64_t> epochs;  // that are committed, by task
  for (int32_t number = 0; number < layout_.tasks(); ++number) {
    const auto committed = group_->committed(layout_.inputs_of(number), kShortly);
    if (!committed.ok() && committed.error().fault != BrokerFault::retry) return Error(committed.error());
    if (!committed.ok()) return false;
    uint64_t heard = 0;
    epochs.push_back(0);
    for (const BrokerGroup::Committed& each : *committed) {
      if (!each.offset) continue;
      const std::optional<EpochChain> token = read_token(each.metadata);
      if (token) epochs.back() = token->epoch;
      heard = read_heard(each.metadata);
    }
    if (layout_.stage_of(number) > 0) {
      // The tasks before it are done: it is when it has all of them.
      std::vector<uint64_t> sent;
      for (const int32_t front : layout_.fronts_of(number)) sent.push_back(epochs[static_cast<size_t>(front)]);
      if (heard_of(sent) != heard) return false;
      continue;
    }
    if (tasks_.contains(number)) continue;
    const auto reached = end_.is_reached(*committed, *reader_, seams_.clock);
    if (!reached.ok() && reached.error().fault != BrokerFault::retry) return Error(reached.error());
    if (!reached.ok() || !*reached) return false;
  }
  return true;
}

Status JobMember::prepare() {
  BRAID_ASSIGN(layout_, JobLayout::find(program_, options_, seams_, end_));
  warnings_ = layout_.warnings();
  if (options_.on_layout) options_.on_layout(layout_.outline());
  BRAID_TRY(layout_.make_topics(options_, seams_));
  topics_ = std::make_unique<OutputTopics>(*seams_.broker, program_, options_.outputs,
                                           options_.broker.partitions.value_or(layout_.partitions()),
                                           options_.broker.replication, options_.broker.longest_record);
  for (size_t product = 0; product < program_.products.size(); ++product) {
    const std::string topic = topics_->name(static_cast<int>(product), "");
    if (topic_template(topic)) continue;  // they are made with their first rows
    const auto made = ask_patiently(seams_.clock, options_.job.stop_requested,
                                    [&] { return topics_->partitions(static_cast<int>(product), "", topic); });
    if (!made.ok()) return Error(made.error());
  }
  return {};
}

Status JobMember::join() {
  if (group_ != nullptr) pause();  // it was fenced
  forget_tasks();
  tasks_.clear();
  waiting_since_.clear();
  behind_since_.clear();
  was_assigned_ = false;
  group_.reset();
  transaction_.reset();
  writer_.reset();
  reader_.reset();
  auto reader = seams_.broker->make_reader({.group = options_.broker.group});
  if (!reader.ok()) return Error(reader.error());
  reader_ = std::move(*reader);
  seams_.reader = reader_.get();
  if (transactional_id_.empty()) {
    std::string name;
    if (options_.broker.instance) {
      name = *options_.broker.instance;
    } else {
      BRAID_ASSIGN(name, seams_.fs.unique_id());
    }
    transactional_id_ = options_.broker.group + "." + name;
  }
  std::optional<uint64_t> attempts;
  if (!is_transactional()) {
    // Each writer is another one, whatever of an earlier one is still on its way.
    BRAID_ASSIGN(const std::string unique, seams_.fs.unique_id());
    attempts = key_hash(unique);
  }
  auto writer = seams_.broker->make_writer(
      {.transactional_id = is_transactional() ? std::optional(transactional_id_) : std::nullopt,
       .transaction_timeout_us = options_.broker.transaction_timeout_us,
       .linger_us = kLinger,
       .compression = options_.broker.compression});
  if (!writer.ok()) return Error(writer.error());
  writer_ = std::move(*writer);
  transaction_ =
      std::make_unique<Transaction>(*writer_, options_.commits != nullptr ? *options_.commits : seams_.executor,
                                    kPatience, attempts, !program_.services.empty());
  if (options_.job.kill_point) transaction_->before_offsets = [this] { options_.job.kill_point("before_offsets"); };
  BRAID_TRY(begin_session());
  // Behind the session, and each time: an erasure may have come while it was away.
  BRAID_ASSIGN(erasures_, read_topic_erasures(options_, seams_, *reader_));
  auto group = seams_.broker->make_group({.group = options_.broker.group,
                                          .topic = layout_.epochs(),
                                          .instance = options_.broker.instance,
                                          .session_timeout_us = options_.broker.session_timeout_us});
  if (!group.ok()) return Error(group.error());
  group_ = std::move(*group);
  return {};
}

Status JobMember::begin_session() {
  while (is_transactional()) {
    show_status();  // it waits, and is not stuck
    const BrokerStatus begun = writer_->begin_session(kPatience);
    if (begun.ok()) break;
    const BrokerFault fault = begun.error().fault;
    // A session that follows a doubt writes to partitions, and not all brokers have heard of a new topic.
    const bool is_lost = fault == BrokerFault::lost && !topics_are_there();
    if (fault == BrokerFault::refused || is_lost || stops()) return Error(begun.error());
    pause();
  }
  pause_us_ = 0;
  transaction_->forget();
  return {};
}

void JobMember::pause() {
  pause_us_ = std::clamp(pause_us_ * 2, kFirstPause, kLongestPause);
  seams_.clock.sleep_us(pause_us_);
}

Status JobMember::serve() {
  const BrokerStatus served = group_->serve(0, *this);
  BRAID_TRY(std::exchange(failure_, {}));
  if (served.ok() || served.error().fault == BrokerFault::retry) return {};
  if (served.error().fault == BrokerFault::fenced && options_.broker.instance) {
    const Diagnostic twice =
        diag::InstanceTwice{.group = options_.broker.group, .instance = *options_.broker.instance}.make();
    return Error{ErrorKind::input, twice.message, twice.code, 0};
  }
  return Error(served.error());
}

Status JobMember::serve_in_turn() {
  const Error given_up{ErrorKind::input, "the group has given the task to another member", 0, 0};
  if (interrupted_) return given_up;
  const int64_t now = seams_.clock.steady_us();
  if (now - served_at_ < kServeEvery) return {};
  served_at_ = now;
  // It waits, and is not stuck. The middle of a turn has no accounts.
  if (options_.on_status) options_.on_status(told_);
  in_turn_ = true;
  const Status served = serve();
  in_turn_ = false;
  return interrupted_ ? Status(given_up) : served;
}

Status JobMember::end_interrupted() {
  interrupted_ = false;
  ++work_.aborted;
  forget_tasks();
  for (const int32_t each : std::exchange(lost_in_turn_, {})) {
    tasks_.erase(each);
    waiting_since_.erase(each);
    behind_since_.erase(each);
  }
  const bool in_doubt = std::exchange(in_doubt_, false);
  if (!is_transactional())
    transaction_->forget();
  else if (!transaction_->abort().ok() || in_doubt)
    return begin_session();
  return {};
}

void JobMember::assigned(std::span<const int32_t> partitions) {
  was_assigned_ = true;
  for (const int32_t each : partitions) {
    tasks_.try_emplace(each);
    std::erase(lost_in_turn_, each);  // it came back in the turn that it was lost in
  }
}

void JobMember::revoked(std::span<const int32_t> partitions, bool lost) {
  if (in_turn_) {
    // The turn uses the tasks, so they go when it has ended. Of what they have done, nothing is on its way from here
    // on.
    interrupted_ = true;
    if (is_transactional() && !transaction_->abort().ok()) in_doubt_ = true;
    if (!is_transactional()) transaction_->forget();
    lost_in_turn_.insert(lost_in_turn_.end(), partitions.begin(), partitions.end());
    return;
  }
  failure_ = lost ? forget_work() : commit();
  for (const int32_t each : partitions) {
    const auto found = tasks_.find(each);
    if (found == tasks_.end()) continue;
    if (found->second != nullptr && failure_.ok()) failure_ = found->second->close();
    drop(found->second);
    tasks_.erase(found);
    waiting_since_.erase(each);
    behind_since_.erase(each);
  }
}

Status JobMember::recover_tasks() {
  for (auto& [number, task] : tasks_) {
    if (task != nullptr) continue;
    BRAID_ASSIGN(task, recover(number));
    if (task == nullptr) break;  // the group is served before the next attempt
    if (behind_since_.empty()) pause_us_ = 0;
  }
  return {};
}

Result<std::unique_ptr<TaskRun>> JobMember::recover(int32_t number) {
  JobOptions options = options_.job;
  const std::string directory = join_path(join_path(options.directory, "tasks"), std::to_string(number));
  options.directory = directory;
  options.group = options_.broker.group;
  options.partition = layout_.partition_of(number);
  options.follow = true;
  options.seal = false;
  options.workers = 1;
  options.while_waiting = [this] { return serve_in_turn(); };
  if (options.state_memory != UINT64_MAX) options.state_memory /= static_cast<uint64_t>(layout_.tasks());
  auto task = std::make_unique<TaskRun>(
      TaskRun::Place{
          .number = number,
          .number_in_stage = options.partition.value_or(0),
          .epochs = {layout_.epochs(), number},
          .checkpoint_every_us = options_.checkpoint_every_us,
          .offsets_may_go_back = !is_transactional(),
          .wait_until = waiting_since_.try_emplace(number, seams_.clock.steady_us()).first->second + kUntilGone,
          .snapshots = options_.snapshots,
          .snapshot_every_us = options_.snapshot_every_us,
          .erasures = erasures_},
      *layout_.stages().stages[layout_.stage_of(number)].program, std::move(options), seams_, *topics_, *transaction_);
  Status recovered = task->lock();
  if (recovered.ok()) {
    // What waits for a transaction that is open is not known yet.
    std::vector<TopicPartition> places = layout_.inputs_of(number);
    if (places.empty()) places.push_back({layout_.epochs(), number});  // the token of a job that reads files alone
    const auto committed = group_->committed(places, kShortly);
    if (!committed.ok() && committed.error().fault == BrokerFault::retry) return std::unique_ptr<TaskRun>();
    recovered = committed.ok() ? task->recover(*committed) : Status(Error(committed.error()));
  }
  if (interrupted_) return std::unique_ptr<TaskRun>();  // in a turn that came with the recovery
  if (recovered.ok()) {
    if (options_.on_status) work_.recoveries_us.push_back(seams_.clock.steady_us() - waiting_since_.at(number));
    waiting_since_.erase(number);
    return task;
  }
  // A store that stayed behind: a snapshot is nearer. Or one of a branch that does not count.
  const int code = recovered.error().code;
  const bool goes_on = seams_.clock.steady_us() - waiting_since_.at(number) < kUntilGone;
  if (goes_on && ((code == diag::EpochsGone::kCode && options_.snapshots != nullptr) || task->begins_anew() ||
                  may_be_behind(number, recovered.error()))) {
    const std::unique_ptr<FileLock> lock = task->keep_lock();  // nobody opens what goes
    task.reset();
    BRAID_ASSIGN(const FileInfo stale, seams_.fs.stat(join_path(directory, "state")));
    if (!stale.exists) return recovered.error();
    BRAID_TRY(remove_store(seams_.fs, directory));
    pause();  // an answer of the group may be old for a while
    return std::unique_ptr<TaskRun>();
  }
  // Its owner of before may not be gone yet.
  const bool awaits_schema = code == diag::SchemaAwaited::kCode;
  const bool may_pass = task->waits() || awaits_schema || code == diag::StoreLocked::kCode;
  if (task->waits() && brokers_gone_since_ == 0 && seams_.clock.steady_us() - waiting_since_.at(number) > kUntilTold)
    add_warning(task->waiting_for(), warnings_);
  if (awaits_schema)
    add_warning({.code = code, .severity = Severity::warning, .message = recovered.error().message}, warnings_);
  if (!may_pass && !stops()) return recovered.error();
  task.reset();
  if (may_pass) pause();
  return std::unique_ptr<TaskRun>();
}

bool JobMember::may_be_behind(int32_t number, const Error& error) const {
  // What a repartition topic has lost, the last snapshots do not need.
  return error.code == diag::RecordsGone::kCode && layout_.stage_of(number) > 0 && options_.snapshots != nullptr;
}

Result<bool> JobMember::tell_changes() {
  if (!options_.take_changes || transaction_->is_committing() || transaction_->failure()) return false;
  const int64_t now = seams_.clock.steady_us();
  if (changes_asked_at_ != 0 && now - changes_asked_at_ < kAskChangesEvery) return false;
  const auto task = std::ranges::find_if(tasks_, [](const auto& each) { return each.second != nullptr; });
  if (task == tasks_.end()) return false;
  changes_asked_at_ = now;
  std::vector<PromiseChange> changes = std::exchange(untold_changes_, {});
  for (PromiseChange& change : options_.take_changes()) changes.push_back(std::move(change));
  if (changes.empty()) return false;
  BRAID_TRY(task->second->tell(changes));
  told_changes_.insert(told_changes_.end(), changes.begin(), changes.end());
  return true;
}

Result<JobMember::Round> JobMember::run_round() {
  Round round;
  BRAID_ASSIGN(round.ran, tell_changes());
  for (auto& [number, task] : tasks_) {
    if (task == nullptr) continue;
    // What is run beside a commit takes no more memory than before it.
    if (transaction_->is_committing() && (transaction_->failure() || transaction_->is_full() || task->full())) {
      round.held_up = true;
      continue;
    }
    const Result<bool> ran = task->run();
    if (interrupted_) {
      BRAID_TRY(end_interrupted());
      return Round{.ran = true};
    }
    if (!ran.ok() && may_be_behind(number, ran.error())) {
      // Another one has the task meanwhile, and has gone on. The group will say so. Else they are gone for everybody.
      const int64_t now = seams_.clock.steady_us();
      if (now - behind_since_.try_emplace(number, now).first->second > kUntilGone) return ran.error();
      BRAID_TRY(forget_work());
      pause();
      return Round{.ran = true};
    }
    if (!ran.ok()) return ran.error();
    round.ran |= *ran;
    if (transaction_->failure()) break;
  }
  if (round.ran) show_progress();
  return round;
}

void JobMember::show_progress() const {
  if (!options_.job.progress) return;
  JobProgress sum;
  for (const auto& [number, task] : tasks_) {
    if (task == nullptr) continue;
    add_to_progress(progress_of(task->engine(), 0), sum);
  }
  options_.job.progress(sum);
}

void JobMember::show_status(bool last) {
  const int64_t now = seams_.clock.steady_us();
  if (!options_.on_status || (!last && now - shown_at_ < JobMonitor::kStatusEvery)) return;
  shown_at_ = now;
  if (!last) ask_brokers();
  MemberStatus status;
  status.last = last;
  status.job.project = options_.job.project;
  status.job.report.warnings = warnings_;
  for (const auto& [number, task] : tasks_) {
    ++(task != nullptr ? status.running : status.recovering);
    status.tasks.push_back(number);
    if (task == nullptr) continue;
    task->add_to_status(status.job);
    task->add_to_work(work_);
    if (!volume_promises_.empty()) status.volumes[number] = task->volumes();
  }
  for (const auto& [number, volumes] : volumes_) status.volumes.try_emplace(number, volumes);
  status.ready = was_assigned_ && status.recovering == 0;
  status.work = std::exchange(work_, {});
  options_.on_status(status);
  if (program_.services.empty()) return;
  told_ = std::move(status);
  told_.work = {};
}

void JobMember::ask_volumes() {
  if (volume_promises_.empty() || !options_.on_status || group_ == nullptr || !was_assigned_) return;
  const int64_t now = seams_.clock.steady_us();
  const int32_t tasks = layout_.tasks();
  const auto is_here = [this](int32_t number) {
    const auto found = tasks_.find(number);
    return found != tasks_.end() && found->second != nullptr;
  };
  std::erase_if(volumes_, [&](const auto& each) { return is_here(each.first); });
  if (now - volumes_asked_at_ < std::max(kAskVolumesAtMost, kAskVolumesEvery / std::max(1, tasks))) return;
  int32_t next = volumes_asked_;
  for (int32_t tried = 0; tried < tasks; ++tried) {
    next = (next + 1) % tasks;
    if (is_here(next)) continue;
    volumes_asked_at_ = now;
    volumes_asked_ = next;
    std::vector<TopicPartition> places = layout_.inputs_of(next);
    if (places.empty()) places.push_back({layout_.epochs(), next});
    // While a transaction of its owner is open there is no answer. The next one has all that this one would have.
    const auto committed = group_->committed(places, kVolumesPatience);
    if (!committed.ok()) return;
    TaskVolumes found{.epoch = 0, .counts = no_volumes(volume_promises_.size())};
    for (const BrokerGroup::Committed& each : *committed) {
      const std::optional<EpochChain> token = each.offset ? read_token(each.metadata) : std::nullopt;
      if (!token || token->epoch < found.epoch) continue;
      auto counts = read_volumes(read_volumes_of(each.metadata), volume_promises_);
      found = {.epoch = token->epoch, .counts = counts ? std::move(*counts) : std::vector<PromiseCounts>()};
    }
    volumes_[next] = std::move(found);
    return;
  }
}

void JobMember::ask_brokers() {
  const int64_t now = seams_.clock.steady_us();
  if (now - brokers_asked_at_ < (brokers_gone_since_ == 0 ? kAskBrokersEvery : kShortly)) return;
  const auto answer = seams_.broker->offsets({layout_.epochs(), 0}, kShortly);
  brokers_asked_at_ = seams_.clock.steady_us();
  if (answer.ok() || answer.error().fault != BrokerFault::retry) {
    brokers_gone_since_ = 0;
    return;
  }
  if (brokers_gone_since_ == 0) {
    brokers_gone_since_ = now;
    told_of_brokers_ = false;
  }
  const int64_t gone_for = brokers_asked_at_ - brokers_gone_since_;
  if (told_of_brokers_ || gone_for < kUntilTold) return;
  told_of_brokers_ = true;
  std::string since = timestamp_text((seams_.clock.now_us() - gone_for) / kMicrosPerSecond * kMicrosPerSecond);
  warnings_.push_back(diag::WaitsForBrokers{.brokers = options_.broker.brokers, .since = since}.make());
}

int64_t JobMember::time_to_commit() const {
  if (transaction_->failure() || transaction_->is_full()) return 0;
  const int64_t rest = commit_began_at_ + options_.job.commit_every_us - seams_.clock.steady_us();
  int64_t least = kNothingDue;
  for (const auto& [number, task] : tasks_) {
    if (task == nullptr) continue;
    if (task->has_work()) least = std::min(least, task->full() ? 0 : std::max<int64_t>(rest, 0));
    if (offsets_are_old(*task)) least = 0;
  }
  return least;
}

bool JobMember::offsets_are_old(const TaskRun& task) const {
  return seams_.clock.steady_us() - task.offsets_at() >= options_.repeat_offsets_every_us;
}

int64_t JobMember::time_to_look() const {
  if (!transaction_->is_committing()) return time_to_commit();
  // The end of a commit is seen late by a part of the time that it took.
  constexpr int64_t kPart = 8, kLeast = 500;
  return std::max(kLeast, (seams_.clock.steady_us() - commit_began_at_) / kPart);
}

Status JobMember::begin_commit() {
  if (transaction_->failure()) return settle(BrokerError(*transaction_->failure()));
  std::vector<OffsetToCommit> offsets;
  ExchangeTimes times;
  bool any = false;
  for (auto& [number, task] : tasks_) {
    if (task == nullptr) continue;
    BRAID_ASSIGN(const bool ended, task->end_epoch(offsets, times));
    if (!ended && offsets_are_old(*task)) task->repeat_offsets(offsets);
    any |= ended || !offsets.empty();
  }
  if (!any) return {};
  times.write(*transaction_, seams_.clock);
  commit_began_at_ = seams_.clock.steady_us();
  transaction_->begin_commit(std::move(offsets), *group_);
  return {};
}

Status JobMember::finish_commit() {
  if (!transaction_->is_committing()) return {};
  const int64_t waits_since = seams_.clock.steady_us();
  const BrokerStatus committed = transaction_->finish_commit();
  if (!committed.ok()) return settle(committed.error());
  const int64_t now = seams_.clock.steady_us();
  brokers_asked_at_ = now;
  brokers_gone_since_ = 0;
  topics_lost_ = 0;
  if (options_.on_status) work_.commits.push_back({now - commit_began_at_, now - waits_since});
  if (options_.job.kill_point) options_.job.kill_point("after_transaction");
  for (auto& [number, task] : tasks_) {
    if (task == nullptr || !task->is_committing()) continue;
    BRAID_TRY(task->committed());
    behind_since_.erase(number);
  }
  told_changes_.clear();
  return {};
}

Status JobMember::commit() {
  BRAID_TRY(finish_commit());
  BRAID_TRY(begin_commit());
  return finish_commit();
}

void JobMember::forget_tasks() {
  untold_changes_.insert(untold_changes_.begin(), told_changes_.begin(), told_changes_.end());
  told_changes_.clear();
  for (auto& [number, task] : tasks_) drop(task);
}

void JobMember::drop(std::unique_ptr<TaskRun>& task) {
  if (task != nullptr && options_.on_status) task->add_to_work(work_);
  task.reset();
}

Status JobMember::forget_work() {
  if (transaction_->is_open()) ++work_.aborted;
  forget_tasks();
  if (is_transactional()) return transaction_->abort().ok() ? Status() : begin_session();
  transaction_->forget();
  return {};
}

bool JobMember::topics_are_there() {
  const int64_t now = seams_.clock.steady_us();
  if (topics_lost_++ == 0) topics_lost_since_ = now;
  if (topics_lost_ > kLossesUntilKnown && now - topics_lost_since_ > kUntilKnown) return false;
  std::vector<std::string> names = layout_.topics();
  for (std::string& name : topics_->known()) names.push_back(std::move(name));
  const auto found = describe_patiently(*seams_.broker, seams_.clock, options_.job.stop_requested, names, kUntilListed);
  return found.ok() && found->size() == names.size();
}

Status JobMember::settle(const BrokerError& error) {
  show_status();  // each call that was tried, and will be, may have taken all of its patience
  BrokerFault fault = error.fault;
  if (fault == BrokerFault::lost && topics_are_there()) {
    pause();
    fault = BrokerFault::abort;
  }
  // What was written at least once stays. Offsets that are still on their way are refused from a member that is gone.
  const bool ends = fault == BrokerFault::refused || fault == BrokerFault::lost;
  switch (is_transactional() || ends ? fault : BrokerFault::fenced) {
    case BrokerFault::refused:
    case BrokerFault::lost: {
      if (is_transactional()) (void)transaction_->abort();
      return Error(error);
    }
    case BrokerFault::fenced:
      ++work_.aborted;
      // Others have its tasks. It joins again as if it had just started.
      forget_tasks();
      transaction_->forget();
      fenced_ = true;
      return {};
    case BrokerFault::abort:
    case BrokerFault::retry:
      return forget_work();
    case BrokerFault::uncertain:
      ++work_.aborted;
      // Nothing that is still on its way counts behind the new session.
      forget_tasks();
      return begin_session();
  }
  return {};
}

Status JobMember::leave() {
  show_status(true);
  for (auto& [number, task] : tasks_)
    if (task != nullptr) BRAID_TRY(task->close());
  tasks_.clear();
  const BrokerStatus left = group_->leave(kPatience, *this);
  BRAID_TRY(std::exchange(failure_, {}));
  (void)left;  // the group finds out by itself
  return {};
}

namespace {

/// The watermark of both; kNoTime says nothing yet.
int64_t watermark_of(int64_t one, int64_t other) {
  return one == kNoTime ? other : std::min(one, other);
}

/// Of a member without a task: nothing that holds a watermark back.
PromiseCounts nothing_yet() {
  return {.rows = 0, .missed = 0, .periods = {}, .watermark = kEndTime, .newest = kNoTime};
}

void add_counts(const std::vector<PromiseCounts>& part, std::vector<PromiseCounts>& whole) {
  if (whole.size() < part.size()) whole.resize(part.size(), nothing_yet());
  for (size_t promise = 0; promise < part.size(); ++promise) whole[promise] += part[promise];
}

}  // namespace

void add_to_progress(const JobProgress& part, JobProgress& whole) {
  whole.events += part.events;
  whole.watermark = watermark_of(whole.watermark, part.watermark);
  whole.newest = std::max(whole.newest, part.newest);
  whole.state += part.state;
}

void add_to_report(const JobReport& part, JobReport& whole) {
  if (whole.products.empty()) {
    whole.products = part.products;
  } else {
    // A member without a task has none.
    for (size_t i = 0; i < part.products.size(); ++i) {
      JobReport::Product& product = whole.products[i];
      const JobReport::Product& more = part.products[i];
      product.rows += more.rows;
      product.alerts += more.alerts;
      product.state += more.state;
      add_counts(more.counts, product.counts);
      product.derived += more.derived;
      for (size_t input = 0; input < product.inputs.size(); ++input)
        product.inputs[input].ledger += more.inputs[input].ledger;
    }
  }
  if (whole.sources.empty()) whole.sources.resize(part.sources.size());
  for (size_t i = 0; i < part.sources.size(); ++i) {
    whole.sources[i].name = part.sources[i].name;
    whole.sources[i].version = part.sources[i].version;
    add_counts(part.sources[i].counts, whole.sources[i].counts);
  }
  whole.events += part.events;
  whole.turns += part.turns;
  whole.epochs += part.epochs;
  whole.watermark = watermark_of(whole.watermark, part.watermark);
  whole.newest = std::max(whole.newest, part.newest);
  whole.state += part.state;
  whole.deviation += std::abs(part.deviation);
  whole.leaps_discarded += part.leaps_discarded;
  whole.started_empty = part.started_empty;
  whole.drained |= part.drained;
  if (whole.outputs.empty()) whole.outputs = part.outputs;
  for (const Diagnostic& warning : part.warnings) add_warning(warning, whole.warnings);
}

void add_to_figures(const StoreFigures& part, StoreFigures& whole) {
  whole.disk_bytes += part.disk_bytes;
  whole.lookups += part.lookups;
  whole.rows_read += part.rows_read;
}

Result<JobReport> run_topic_job(const Program& program, const TopicJobOptions& options, const JobSeams& seams) {
  return JobMember(program, options, seams).run();
}

}  // namespace braid
