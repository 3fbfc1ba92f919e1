#include "runtime/tasks/erase_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/broker/patience.h"
#include "runtime/connect/topic_template.h"
#include "runtime/engine/job_store.h"
#include "runtime/report/erasure_findings.h"
#include "runtime/report/topic_findings.h"
#include "runtime/tasks/compared_rows.h"
#include "runtime/tasks/erasure_topic.h"
#include "runtime/tasks/job_layout.h"
#include "runtime/tasks/only_member.h"
#include "runtime/tasks/reset.h"
#include "runtime/tasks/task.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;

/// All of a job without its subjects, as the only member of its group.
class Erasing {
 public:
  Erasing(const Program& program, const TopicJobOptions& options, const JobSeams& seams, ErasureLog& log,
          const std::vector<SoughtKey>& sought)
      : program_(program),
        options_(options),
        seams_(seams),
        log_(log),
        sought_(sought),
        member_(options, seams_),
        rows_([this] { return member_.stay(); }) {}

  Result<TopicErasure> run(bool dry) {
    const Result<TopicErasure> done = all(dry);
    tasks_.clear();
    if (member_.was_alone()) (void)remove_beside();
    member_.leave();
    return done;
  }

 private:
  struct Task {
    int32_t number = 0;
    std::string directory;             ///< of the job's task
    std::unique_ptr<FileLock> lock;    ///< of that
    std::unique_ptr<TaskRun> without;  ///< beside it
    int64_t rows_before = 0;
    std::vector<BrokerGroup::Committed> committed;
  };

  template <class Call>
  auto ask(const Call& call) {
    return ask_patiently(seams_.clock, options_.job.stop_requested, call);
  }

  Result<TopicErasure> all(bool dry) {
    BRAID_TRY(prepare());
    BRAID_TRY(join());
    BRAID_TRY(remove_beside());
    for (int32_t number = 0; number < layout_.tasks(); ++number) BRAID_TRY(make_again(number));
    TopicErasure done;
    add_sources(done.erasure);
    BRAID_TRY(add_topics(done));
    if (!dry) BRAID_TRY(commit(done));
    for (Task& task : tasks_) {
      ErasedPlace place{.kind = ErasedPlace::Kind::state, .name = fmt::format("task {}", task.number), .path = {}};
      place.before = task.rows_before;
      if (!dry) {
        BRAID_TRY(task.without->committed());
        BRAID_TRY(task.without->close());
        BRAID_ASSIGN(place.after, task.without->stored_rows());
        BRAID_TRY(replace(task));
      }
      place.changed = place.before != place.after;
      done.erasure.places.push_back(std::move(place));
    }
    if (!dry && options_.snapshots != nullptr) {
      BRAID_ASSIGN(const size_t count, remove_snapshots(*options_.snapshots, options_.broker.group, layout_.tasks()));
      done.has_snapshots = count > 0;
    }
    return done;
  }

  Error not_possible(std::string reason) const {
    const Diagnostic found =
        diag::TopicErasureNotPossible{.group = options_.broker.group, .reason = std::move(reason)}.make();
    return {ErrorKind::store, found.message, found.code, 0};
  }

  Status prepare() {
    if (options_.broker.delivery != Delivery::exactly_once)
      return not_possible("it delivers at least once, so that its epochs may have been written twice");
    if (!program_.services.empty())
      return not_possible("it asks services, and their answers are not told apart by subjects");
    JobEnd end;
    BRAID_ASSIGN(layout_, JobLayout::find(program_, options_, seams_, end));
    if (layout_.stages().stages.size() > 1)
      return not_possible("it has several stages, and rows of the subject lie in the topics between them");
    const std::string names[] = {layout_.epochs()};
    const auto found = ask([&] { return seams_.broker->describe(names, kPatience); });
    if (!found.ok()) return Error(found.error());
    if (found->empty()) return not_possible(fmt::format("there is no topic `{}`", layout_.epochs()));
    for (int32_t number = 0; number < layout_.tasks(); ++number) {
      const TopicPartition place{layout_.epochs(), number};
      const auto range = ask([&] { return seams_.broker->offsets(place, kPatience); });
      if (!range.ok()) return Error(range.error());
      if (range->begin > 0)
        return not_possible(fmt::format("`{}` has the records of its epochs from offset {} on; what is before was cut",
                                        name_of(place), range->begin));
    }
    BRAID_ASSIGN(keys_, ErasedKeys::make(log_, program(), sought_));
    topics_ = std::make_unique<OutputTopics>(*seams_.broker, program_, options_.outputs,
                                             options_.broker.partitions.value_or(layout_.partitions()),
                                             options_.broker.replication, options_.broker.longest_record);
    return {};
  }

  Status join() {
    BRAID_TRY(member_.join(layout_.epochs(), layout_.tasks()));
    seams_.reader = &member_.reader();
    return {};
  }

  Status make_again(int32_t number) {
    BRAID_TRY(member_.stay());
    Task& task = tasks_.emplace_back();
    task.number = number;
    task.directory = join_path(join_path(options_.job.directory, "tasks"), std::to_string(number));
    BRAID_TRY(seams_.fs.make_directories(parent_directory(task.directory)));
    BRAID_ASSIGN(task.lock, lock_store(seams_.fs, task.directory + ".lock"));
    std::vector<TopicPartition> places = layout_.inputs_of(number);
    if (places.empty()) places.push_back({layout_.epochs(), number});
    // What waits for a transaction that is open is not known yet.
    auto committed = ask([&] { return member_.group().committed(places, kPatience); });
    if (!committed.ok()) return Error(committed.error());
    task.committed = std::move(*committed);
    rows_.begin_task();
    task.without = make(task, Run::without);
    BRAID_TRY(run(*task.without, task));
    // What it was is proved, and thrown away.
    std::unique_ptr<TaskRun> as_it_was = make(task, Run::as_it_was);
    BRAID_TRY(run(*as_it_was, task));
    BRAID_TRY(as_it_was->close());
    BRAID_ASSIGN(task.rows_before, as_it_was->stored_rows());
    as_it_was.reset();
    return seams_.fs.remove_tree(beside(task.directory, Run::as_it_was));
  }

  enum class Run { without, as_it_was };
  static std::string beside(const std::string& directory, Run run) {
    return directory + (run == Run::without ? ".erased" : ".asitwas");
  }

  std::unique_ptr<TaskRun> make(const Task& task, Run run) {
    JobOptions options = options_.job;
    options.directory = beside(task.directory, run);
    options.group = options_.broker.group;
    options.partition = layout_.partition_of(task.number);
    options.follow = true;
    options.seal = false;
    options.workers = 1;
    options.monitor = nullptr;
    options.kill_point = {};
    if (options.state_memory != UINT64_MAX) options.state_memory /= static_cast<uint64_t>(layout_.tasks());
    if (run == Run::without) options.erased = keys_;
    const bool is_without = run == Run::without;
    return std::make_unique<TaskRun>(TaskRun::Place{.number = task.number,
                                                    .number_in_stage = options.partition.value_or(0),
                                                    .epochs = {layout_.epochs(), task.number},
                                                    .checkpoint_every_us = options_.checkpoint_every_us,
                                                    .wait_until = seams_.clock.steady_us() + kPatience,
                                                    .erases = is_without,
                                                    .only_replays = !is_without,
                                                    .tap = is_without ? &rows_.without() : &rows_.as_it_was()},
                                     program(), std::move(options), seams_, *topics_, member_.transaction());
  }

  Status run(TaskRun& task, const Task& of) {
    BRAID_TRY(task.lock());
    const Status ran = task.recover(of.committed);
    if (ran.ok()) return {};
    const int code = ran.error().code;
    const bool is_gone = code == diag::RecordsGone::kCode || code == diag::ReplayDiffers::kCode;
    return is_gone ? Status(not_possible(ran.error().message)) : ran;
  }

  void add_sources(Erasure& erasure) {
    erasure.time_us = seams_.clock.now_us();
    std::map<std::string, int64_t> records;
    for (size_t i = 0; i < log_.subjects.size(); ++i) {
      const ErasedSubject& subject = log_.subjects[i];
      if (subject.done) continue;
      erasure.subjects.push_back(subject.hash);
      records[subject.source] += keys_ ? keys_->found(i) : 0;
    }
    if (keys_ != nullptr)
      for (const auto& [record, count] : keys_->found_records()) {
        const auto& [source, hash] = record;
        records[source] += count;
        erasure.subjects.push_back(hash);
        log_.subjects.push_back(
            {.source = source, .fields = {}, .hash = hash, .time_us = erasure.time_us, .because = {}});
      }
    for (const auto& [source, count] : records)
      erasure.places.push_back(
          {.kind = ErasedPlace::Kind::source, .name = source, .path = {}, .before = count, .after = count});
  }

  Status add_topics(TopicErasure& done) {
    corrections_ = rows_.corrections();
    std::erase_if(corrections_, [&](const ComparedRows::Correction& each) { return !can_correct(each.topic); });
    for (const auto& [name, rows] : rows_.topics()) {
      ErasedTopic topic = settings_of(name);
      topic.rows = rows.rows;
      topic.by_key = rows.by_key && can_correct(name);
      topic.newest_us = rows.newest_us;
      for (const ComparedRows::Correction& each : corrections_)
        if (each.topic == name) ++(each.value ? topic.corrected : topic.deleted);
      // With fields in it, the name of a topic may be that of the subject.
      if (rows.port.empty()) topic.topic = topics_->name(rows.product, "");
      done.erasure.places.push_back({.kind = ErasedPlace::Kind::output,
                                     .name = topic.topic,
                                     .path = {},
                                     .before = topic.rows,
                                     .after = topic.by_key ? 0 : topic.rows,
                                     .changed = topic.by_key});
      done.topics.push_back(std::move(topic));
    }
    return {};
  }

  /// Whether its rows replace those of their key for whoever reads it: a stream may have keys for its partitions alone.
  bool can_correct(const std::string& name) {
    const ComparedRows::Topic* of = find_topic(name);
    const ProductSpec& product = program_.products[static_cast<size_t>(of->product)];
    return product.changes || settings_of(name).compacted;
  }
  const ErasedTopic& settings_of(const std::string& name) {
    const auto [known, is_new] = settings_.try_emplace(name, ErasedTopic{.topic = name});
    if (is_new) {
      known->second.compacted = topics_->binding(find_topic(name)->product).compaction.value_or(false);
      ask_settings(known->second, options_, seams_);
    }
    return known->second;
  }

  Status commit(const TopicErasure& done) {
    BRAID_TRY(make_erasure_topic(options_, seams_));
    ErasureLog log = log_;
    for (ErasedSubject& subject : log.subjects)
      if (std::ranges::find(done.erasure.subjects, subject.hash) != done.erasure.subjects.end()) subject.done = true;
    for (const ComparedRows::Correction& each : corrections_) {
      const ComparedRows::Topic* of = find_topic(each.topic);
      const auto partitions = ask([&] { return topics_->partitions(of->product, of->port, each.topic); });
      if (!partitions.ok()) return Error(partitions.error());
      member_.transaction().write({.place = {each.topic, partition_of_key(each.key, *partitions)},
                                   .key = each.key,
                                   .value = each.value,
                                   .headers = {},
                                   .timestamp_ms = (each.time_us < 0 ? seams_.clock.now_us() : each.time_us) / 1000});
    }
    const std::string text = log.to_text();
    member_.transaction().write({.place = erasure_place(options_.broker.group),
                                 .key = kErasureList,
                                 .value = text,
                                 .headers = {},
                                 .timestamp_ms = seams_.clock.now_us() / 1000});
    std::vector<OffsetToCommit> offsets;
    ExchangeTimes times;
    for (Task& task : tasks_) {
      task.without->note_erasure(log);
      BRAID_TRY(task.without->end_epoch(offsets, times));
    }
    BRAID_TRY(member_.stay_now());
    member_.transaction().begin_commit(std::move(offsets), member_.group());
    const BrokerStatus committed = member_.transaction().finish_commit();
    if (!committed.ok()) return Error(committed.error());
    log_ = std::move(log);
    if (options_.job.kill_point) options_.job.kill_point("after_erasure");
    return {};
  }

  /// A key of which no row is to be corrected any more may be of a topic that has none too many.
  const ComparedRows::Topic* find_topic(const std::string& name) {
    const auto found = rows_.topics().find(name);
    if (found != rows_.topics().end()) return &found->second;
    for (size_t product = 0; product < program_.products.size(); ++product)
      if (const std::string bound = topics_->name(static_cast<int>(product), "");
          bound == name || topics_meet(bound, name))
        other_.product = static_cast<int>(product);
    return &other_;
  }

  /// The store without the subjects takes the place of the other one.
  Status replace(Task& task) {
    task.without.reset();
    BRAID_TRY(seams_.fs.remove_tree(task.directory));
    BRAID_TRY(seams_.fs.rename(beside(task.directory, Run::without), task.directory));
    return seams_.fs.sync_directory(parent_directory(task.directory));
  }

  /// What another attempt has left, or this one. Only as the one member of the group: what another `braid erase` is
  /// making there must stay.
  Status remove_beside() {
    const std::string folder = join_path(options_.job.directory, "tasks");
    BRAID_ASSIGN(const FileInfo there, seams_.fs.stat(folder));
    if (!there.exists) return {};
    BRAID_ASSIGN(const std::vector<std::string> names, seams_.fs.list_directory(folder));
    for (const std::string& name : names)
      if (name.find(".erased") != std::string::npos || name.find(".asitwas") != std::string::npos)
        BRAID_TRY(seams_.fs.remove_tree(join_path(folder, name)));
    return {};
  }

  const Program& program() const { return *layout_.stages().stages.front().program; }

  const Program& program_;
  const TopicJobOptions& options_;
  JobSeams seams_;
  ErasureLog& log_;
  const std::vector<SoughtKey>& sought_;
  JobLayout layout_;
  std::shared_ptr<const ErasedKeys> keys_;  ///< null: the log has no subject of a source that the job reads
  std::unique_ptr<OutputTopics> topics_;
  OnlyMember member_;
  ComparedRows rows_;
  std::vector<ComparedRows::Correction> corrections_;
  ComparedRows::Topic other_;
  std::map<std::string, ErasedTopic> settings_;  ///< of topics, as the brokers say
  std::vector<Task> tasks_;                      ///< let go of first: they use the others
};

}  // namespace

Result<TopicErasure> erase_from_topic_job(const Program& program, const TopicJobOptions& options, const JobSeams& seams,
                                          ErasureLog& log, const std::vector<SoughtKey>& sought, bool dry) {
  return Erasing(program, options, seams, log, sought).run(dry);
}

}  // namespace braid
