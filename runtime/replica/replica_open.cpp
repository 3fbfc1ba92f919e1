// A replica before it reads on: its store, the topics as they are now, and views that are filled.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/broker/patience.h"
#include "runtime/engine/job_store.h"
#include "runtime/replica/replica_run.h"
#include "runtime/report/topic_findings.h"
#include "runtime/report/view_findings.h"

namespace braid {
namespace {

/// In `meta`: that a store is a replica's, and of which project.
constexpr std::string_view kReplicaKey = "replica";
constexpr int64_t kPatience = 30'000'000;
constexpr int64_t kLookEvery = 100'000;
/// Behind a change of leaders the end of a partition may be an earlier one for a moment.
constexpr int64_t kUntilEndIsKnown = 3'000'000;

}  // namespace

ReplicaRun::ReplicaRun(const Program& program, const ReplicaOptions& options, const JobSeams& seams)
    : program_(program),
      options_(options),
      seams_(seams),
      views_(program, options.views, nowhere_, options.view_host, seams.clock) {
  for (const ViewSpec& view : options.views) {
    const auto product = static_cast<size_t>(view.product);
    topics_.emplace_back(program.products[product], view, program.sources[product], options.timed[product]);
  }
}

ReplicaRun::~ReplicaRun() {
  if (options_.view_host != nullptr) options_.view_host->close();
}

Status ReplicaRun::open() {
  BRAID_TRY(open_store());
  std::map<std::string, std::string> stored;
  BRAID_TRY(store_->scan(StateFamily::meta, kTopicMarks, [&](std::string_view key, std::string_view value) {
    stored.emplace(key, value);
    return Status();
  }));
  std::string bytes;
  BRAID_ASSIGN(const bool known, store_->get(StateFamily::meta, kViewsKey, &bytes));
  if (known) {
    BRAID_ASSIGN(at_, ViewsAt::parse(bytes));
  }
  newest_ = at_.newest;

  auto reader = seams_.broker->make_reader({.group = options_.group});
  if (!reader.ok()) return Error(reader.error());
  reader_ = std::move(*reader);
  access_ = {.broker = seams_.broker,
             .reader = reader_.get(),
             .clock = &seams_.clock,
             .bounded = options_.until_caught_up,
             .live = true,
             .stop_requested = options_.stop_requested};
  for (size_t product = 0; product < program_.products.size(); ++product) BRAID_TRY(find_partitions(product, stored));
  looked_at_ = seams_.clock.steady_us();
  note_positions(at_);  // answers name them also before the first commit
  BRAID_TRY(views_.open(*store_, at_, [&](const ViewSpec& view, const auto& take) { return fill(view, take); }));
  BRAID_TRY(check_topics());
  return forget_marks(stored);
}

Status ReplicaRun::open_store() {
  BRAID_ASSIGN(lock_, lock_store(seams_.fs, options_.directory));
  BRAID_ASSIGN(store_, seams_.open_store(join_path(options_.directory, "state")));
  const auto of_another = [&](std::string reason) -> Error {
    return store_error(diag::StoreNotOfServe{.store = options_.directory, .reason = std::move(reason)}.make());
  };
  std::string project;
  BRAID_ASSIGN(const bool known, store_->get(StateFamily::meta, kReplicaKey, &project));
  if (known && project != options_.project) return of_another(fmt::format("it has what `{}` serves", project));
  if (known) return options_.reset ? begin_again() : Status();
  bool empty = true;
  BRAID_TRY(store_->scan(StateFamily::meta, "", [&](std::string_view, std::string_view) {
    empty = false;
    return Status();
  }));
  if (!empty) return of_another("it has the state of a job");
  StateBatch batch;
  batch.put(StateFamily::meta, kReplicaKey, options_.project);
  return store_->commit(batch);
}

Status ReplicaRun::begin_again() {
  // Epochs go on, so that nobody takes what is there now for what he knows.
  std::string bytes;
  BRAID_ASSIGN(const bool known, store_->get(StateFamily::meta, kViewsKey, &bytes));
  StateBatch batch;
  if (known) {
    BRAID_ASSIGN(const ViewsAt before, ViewsAt::parse(bytes));
    batch.put(StateFamily::meta, kViewsKey, ViewsAt{.epoch = before.epoch + 1}.bytes());
  }
  for (const std::string_view prefix : {kTopicMarks, std::string_view("views/")})
    batch.erase_range(StateFamily::meta, std::string(prefix), StateStore::behind_prefix(prefix));
  batch.erase_range(StateFamily::point, ViewLayout::first_of_view(0), std::string(1, '\xff'));
  return store_->commit(batch);
}

Result<OffsetRange> ReplicaRun::offsets(const Partition& partition) {
  BrokerResult<OffsetRange> range = ask_patiently(seams_.clock, access_.stop_requested,
                                                  [&] { return seams_.broker->offsets(partition.place, kPatience); });
  if (!range.ok()) return error_of(partition, Error(range.error()));
  return *range;
}

Error ReplicaRun::not_as_read(const Partition& partition, std::string reason) const {
  const Diagnostic finding =
      diag::TopicNotAsRead{
          .topic = name_of(partition.place), .product = name_of_product(partition.product), .reason = std::move(reason)}
          .make();
  return {ErrorKind::input, finding.message, finding.code, 0};
}

Error ReplicaRun::error_of(const Partition& partition, const Error& error) {
  if (error.code == diag::RecordsGone::kCode || error.code == diag::RecordsNotThere::kCode)
    return not_as_read(partition, error.message);
  const std::string names[] = {partition.place.topic};
  const auto found = seams_.broker->describe(names, kPatience);
  return found.ok() && found->empty() ? not_as_read(partition, "there is no such topic any more") : error;
}

Status ReplicaRun::find_partitions(size_t product, const std::map<std::string, std::string>& stored) {
  const SourceSpec& source = program_.sources[product];
  BRAID_ASSIGN(const std::vector<TopicPartition> places, find_topic_partitions(access_, source, true));
  std::vector<Partition*> found;
  for (const TopicPartition& place : places) {
    if (std::ranges::any_of(partitions_,
                            [&](const Partition& each) { return each.product == product && each.place == place; }))
      continue;
    Partition& partition = partitions_.emplace_back();
    partition.product = product;
    partition.place = place;
    partition.ordinal = static_cast<uint32_t>(place.partition);
    const auto mark = stored.find(mark_key(program_.products[product], place.partition));
    if (mark != stored.end()) {
      BRAID_ASSIGN(partition.mark, TopicMark::parse(mark->second));
      partition.stored = true;
    }
    found.push_back(&partition);
  }
  const std::string beyond = mark_key(program_.products[product], static_cast<int32_t>(places.size()));
  if (!found.empty() && stored.contains(beyond))
    return not_as_read(*found.front(), fmt::format("it has {} partitions, and had more", places.size()));
  for (Partition* partition : found) BRAID_TRY(check(*partition));
  for (Partition* partition : found) BRAID_TRY(open_reader(*partition));
  return {};
}

Status ReplicaRun::check(Partition& partition) {
  TopicMark& mark = partition.mark;
  // Of another topic: a view that begins again reads this one, and check_topics() refuses the others.
  if (partition.stored && mark.topic != partition.place.topic) return {};
  const int64_t began = seams_.clock.steady_us();
  BRAID_ASSIGN(OffsetRange range, offsets(partition));
  while (range.end < mark.position && seams_.clock.steady_us() - began < kUntilEndIsKnown && !stops()) {
    seams_.clock.sleep_us(kLookEvery);
    BRAID_ASSIGN(range, offsets(partition));
  }
  partition.end = range.end;
  if (!partition.stored) {
    mark = {.topic = partition.place.topic, .position = range.begin};
    partition.changed = true;  // what comes and expires before it is read is missed from now on
    return {};
  }
  if (range.end < mark.position)
    return not_as_read(partition, fmt::format("it ends at offset {}, and was read up to {}", range.end, mark.position));
  if (range.begin > mark.position)
    return not_as_read(partition,
                       fmt::format("it begins at offset {}, and was read up to {}", range.begin, mark.position));
  return mark.last < range.begin ? Status() : check_last(partition);
}

Status ReplicaRun::check_last(Partition& partition) {
  const TopicMark& mark = partition.mark;
  TopicAccess access = access_;
  access.bounded = false;
  BRAID_ASSIGN(const std::unique_ptr<SourcePartition> reader,
               open_topic_partition(access, partition.place, topics_[partition.product].rows.form()));
  while (!stops()) {
    Result<std::optional<SourceTurn>> turn = reader->next_turn({mark.last, 1}, buffer_);
    if (!turn.ok()) return error_of(partition, turn.error());
    if (*turn) {
      const GivenRecord& first = (*turn)->given.front();
      // Compaction may have taken it.
      if (first.position != mark.last || mark_hash(first) == mark.hash) return {};
      return not_as_read(partition, fmt::format("another record is at offset {}: it was made anew", mark.last));
    }
    // A schema that cannot be had now says nothing of the record.
    if (reader->at_end() || reader->waits_for() != nullptr) return {};
    reader_->wait_for(partition.place, kLookEvery);
  }
  return {};
}

Status ReplicaRun::check_topics() const {
  for (const Partition& partition : partitions_)
    if (partition.mark.topic != partition.place.topic)
      return not_as_read(partition, fmt::format("the view has the rows of `{}`", partition.mark.topic));
  return {};
}

Status ReplicaRun::open_reader(Partition& partition) {
  BRAID_ASSIGN(partition.reader, open_topic_partition(access_, partition.place, topics_[partition.product].rows.form(),
                                                      static_cast<int>(partition.product), partition.ordinal));
  return {};
}

Status ReplicaRun::fill(const ViewSpec& view, const std::function<Status(const Block& rows)>& take) {
  const auto product = static_cast<size_t>(view.product);
  StateBatch batch;
  for (Partition& partition : partitions_) {
    if (partition.product != product) continue;
    if (partition.stored && partition.mark.topic == partition.place.topic) continue;
    BRAID_ASSIGN(const OffsetRange range, offsets(partition));
    partition.mark = {.topic = partition.place.topic, .position = range.end};
    partition.stored = true;
    batch.put(StateFamily::meta, mark_key(program_.products[product], partition.place.partition),
              partition.mark.bytes());
  }
  // Before the first row: whoever is killed meanwhile fills it again up to the same place.
  if (!batch.empty()) BRAID_TRY(store_->commit(batch));
  for (Partition& partition : partitions_)
    if (partition.product == product) BRAID_TRY(fill_from(partition, take));
  note_positions(at_);  // of the state that readers get once all views are filled
  return {};
}

Status ReplicaRun::fill_from(Partition& partition, const std::function<Status(const Block& rows)>& take) {
  const int64_t end = partition.mark.position;
  BRAID_ASSIGN(const OffsetRange range, offsets(partition));
  partition.mark.newest = kNoTime;
  PartitionPosition at{range.begin, 1};
  TopicAccess access = access_;
  access.bounded = true;
  // It goes before the partition's own reader begins.
  BRAID_ASSIGN(const std::unique_ptr<SourcePartition> reader,
               open_topic_partition(access, partition.place, topics_[partition.product].rows.form()));
  while (at.position < end) {
    if (stops()) return Error{ErrorKind::input, "stopped before the view was filled", 0, 0};
    Result<std::optional<SourceTurn>> turn = reader->next_turn(at, buffer_);
    if (!turn.ok()) return error_of(partition, turn.error());
    if (!*turn) {
      if (reader->at_end()) break;
      reader_->wait_for(partition.place, kLookEvery);
      continue;
    }
    at = (*turn)->end;
    BRAID_TRY(this->take(partition, **turn, end, take));
    if (options_.kill_point) options_.kill_point("filling");
  }
  partition.mark.position = end;
  partition.changed = true;
  uncommitted_since_ = seams_.clock.steady_us();
  return {};
}

Status ReplicaRun::forget_marks(const std::map<std::string, std::string>& stored) {
  StateBatch batch;
  for (const auto& [key, bytes] : stored) {
    const bool served = std::ranges::any_of(partitions_, [&](const Partition& each) {
      return mark_key(program_.products[each.product], each.place.partition) == key;
    });
    if (!served) batch.erase(StateFamily::meta, key);
  }
  return batch.empty() ? Status() : store_->commit(batch);
}

}  // namespace braid
