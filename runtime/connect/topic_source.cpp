#include "runtime/connect/topic_source.h"

#include <algorithm>
#include <utility>

#include "runtime/broker/patience.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/topic_findings.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;
constexpr int64_t kLookEvery = 100'000;
constexpr int64_t kAskEvery = 5'000'000;
constexpr size_t kRecordsAtOnce = 1024;
constexpr int64_t kUntilEndIsKnown = 3'000'000;
/// Between two questions for a schema that a turn waits for; each moves the request on.
constexpr int64_t kAskAgain = 10'000;
/// Most schemas come sooner.
constexpr int64_t kPausedAfter = 500'000;
/// A schema that comes sooner is no news.
constexpr int64_t kToldAfter = 2'000'000;

/// Errors of the broker as errors of the input.
template <class T>
Result<T> of_input(Result<T, BrokerError> result) {
  if (!result.ok()) return Error(result.error());
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return std::move(result).value();
}

template <class Call>
auto ask(const TopicAccess& access, const Call& call) {
  return of_input(ask_patiently(*access.clock, access.stop_requested, call));
}

template <class Entry>
Error error_of(const Entry& entry) {
  return {ErrorKind::input, entry.make().message, Entry::kCode, 0};
}

class TopicSource : public SourcePartition {
 public:
  TopicSource(const TopicAccess& access, TopicPartition place, const TopicForm& form, std::optional<int64_t> bound,
              int source, uint32_t ordinal)
      : access_(access),
        place_(std::move(place)),
        form_(form),
        name_(name_of(place_)),
        bound_(bound),
        source_(source),
        ordinal_(ordinal),
        made_(form) {}
  ~TopicSource() override {
    if (position_) (void)access_.reader->stop(place_);
  }

  const std::string& name() const override { return name_; }
  bool at_end() const override { return bound_ ? bound_reached_ : at_end_ && waiting_.empty(); }
  const std::string* waits_for() const override {
    const bool long_enough = access_.clock->steady_us() - waiting_since_ >= kToldAfter;
    return waiting_.empty() || !long_enough ? nullptr : &waiting_;
  }

  using SourcePartition::next_turn;
  Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& from, TurnBuffer& buffer,
                                              std::optional<int64_t> end) override {
    BRAID_TRY(go_to(from.position));
    made_.begin();
    const std::optional<int64_t> goal = end ? end : bound_;
    SourceTurn turn;
    turn.begin = from;
    size_t used = 0;
    while (!goal || *position_ < *goal) {
      BRAID_ASSIGN(const bool at_hand, fetch(goal && (end || (!access_.live && made_.empty())), goal));
      if (!at_hand) {
        if (end && at_end_) return changed(*end);
        break;
      }
      const BrokerRecord& record = batch_->records()[next_];
      if (goal && record.offset >= *goal) {
        if (end) return changed(*end);
        position_ = record.offset;
        break;
      }
      const size_t size = made_.size_of(record);
      if (!made_.empty() && used + size + 1 > kTurnBytes) break;
      if (size > kMaxRecordBytes && !form_.verbatim) {
        if (!made_.empty()) break;
        turn.long_record_bytes = size;
      }
      BRAID_ASSIGN(const bool readable, is_readable(record, end || !access_.live));
      if (!readable) break;
      made_.append(record, buffer);
      if (access_.traces != nullptr && !record.headers.empty()) note_trace(record);
      used += size + 1;
      position_ = record.offset + 1;
      ++next_;
      if (turn.long_record_bytes > 0) break;
    }
    bound_reached_ |= bound_ && *position_ >= *bound_;
    if (made_.empty()) return std::optional<SourceTurn>();
    if (end && *position_ != *end) return changed(*end);
    turn.end.position = *position_;
    made_.finish(buffer, turn);
    return std::optional<SourceTurn>(std::move(turn));
  }

  Result<bool> has_more(int64_t position) override {
    if (bound_reached_) return false;
    BRAID_TRY(go_to(position));
    BRAID_ASSIGN(const bool at_hand, fetch(false, bound_));
    if (!at_hand) return false;
    const BrokerRecord& next = batch_->records()[next_];
    return bound_ && next.offset >= *bound_ ? true : is_readable(next, false);
  }
  std::optional<uint64_t> records_behind(int64_t position) override {
    if (at_end_ && waiting_.empty()) return 0;
    // Asked seldom, and with little patience: the turns wait for it.
    const int64_t now = access_.clock->steady_us();
    if (asked_at_ == 0 || now - asked_at_ >= kAskEvery) {
      asked_at_ = now;
      const BrokerResult<OffsetRange> range = access_.broker->offsets(place_, kLookEvery);
      if (range.ok()) end_ = range->end;
    }
    if (!end_) return std::nullopt;
    return static_cast<uint64_t>(std::max<int64_t>(0, *end_ - position));
  }
  Result<std::string> header() override { return std::string(); }
  Result<uint64_t> fingerprint(int64_t) override { return uint64_t{0}; }

 private:
  /// What is fetched comes from there on.
  Status go_to(int64_t position) {
    if (position_ == position) return {};
    if (bound_ && position > *bound_) BRAID_TRY(wait_for_end(position));
    batch_.reset();
    BRAID_TRY(of_input(access_.reader->start(place_, position)));
    position_ = position;
    at_end_ = bound_reached_ = paused_ = false;
    waiting_.clear();
    return {};
  }

  /// Nothing more is fetched behind the batch, so that nobody wakes up for it.
  void pause() {
    if (paused_ || access_.clock->steady_us() - waiting_since_ < kPausedAfter) return;
    paused_ = access_.reader->stop(place_).ok();
  }
  Status go_on() {
    waiting_.clear();
    if (!std::exchange(paused_, false)) return {};
    return of_input(access_.reader->start(place_, batch_->records().back().offset + 1));
  }

  /// Whether there is a record at hand. `wait`: until there is one, or nothing comes up to `goal`.
  Result<bool> fetch(bool wait, std::optional<int64_t> goal) {
    while (true) {
      if (batch_ != nullptr && next_ < batch_->records().size()) return true;
      batch_.reset();
      next_ = 0;
      BrokerResult<BrokerReader::Fetched> fetched = access_.reader->fetch(place_, kRecordsAtOnce);
      if (!fetched.ok() && fetched.error().fault == BrokerFault::lost)
        BRAID_TRY(begin_again(fetched.error()));
      else if (!fetched.ok() && fetched.error().fault != BrokerFault::retry)
        return Error(fetched.error());
      // What may pass is asked for again.
      if (fetched.ok()) {
        lost_since_.reset();
        batch_ = std::move(fetched->batch);
        at_end_ = fetched->end.has_value();
        if (batch_ != nullptr) {
          short_since_.reset();
          continue;
        }
        if (at_end_ && (!goal || *fetched->end >= *goal || stays_short())) {
          bound_reached_ |= bound_ && bound_ == goal;
          return false;
        }
      }
      if (!wait || (access_.stop_requested && access_.stop_requested())) return false;
      access_.reader->wait_for(place_, kLookEvery);
    }
  }

  /// Behind a change of leaders the end may be an earlier one for a moment.
  bool stays_short() {
    const int64_t now = access_.clock->steady_us();
    if (!short_since_) short_since_ = now;
    return now - *short_since_ > kPatience;
  }

  /// Whether the schema of the record is there. `wait`: until it is, for a while.
  Result<bool> is_readable(const BrokerRecord& record, bool wait) {
    if (form_.schemas == nullptr) return true;
    const std::optional<SchemaId> id = TopicTurn::schema_of(form_, record);
    if (!id || id == last_known_) return true;
    const int64_t began = access_.clock->steady_us();
    while (true) {
      const SchemaAnswer answer = form_.schemas->find(*id);
      if (answer.state == SchemaAnswer::State::found) break;
      if (waiting_.empty()) waiting_since_ = access_.clock->steady_us();
      waiting_ = "schema " + to_string(*id) + ": " + answer.reason;
      if (!wait || (access_.stop_requested && access_.stop_requested())) {
        pause();
        return false;
      }
      if (access_.clock->steady_us() - began > access_.schema_patience_us) {
        const Diagnostic awaited = diag::SchemaAwaited{.partition = name_, .reason = waiting_}.make();
        return Error{ErrorKind::input, awaited.message, awaited.code, 0};
      }
      access_.clock->sleep_us(kAskAgain);
    }
    last_known_ = id;
    BRAID_TRY(go_on());
    return true;
  }

  void note_trace(const BrokerRecord& record) {
    RecordTrace trace;
    for (const RecordHeader& header : record.headers) {
      if (header.name == kTraceParent) trace.parent = header.value.value_or("");
      if (header.name == kTraceState) trace.state = header.value.value_or("");
    }
    if (!trace.parent.empty()) access_.traces->note(source_, ordinal_, record.offset, std::move(trace));
  }

  /// The broker has not what is to be read. Fails if that will not pass.
  Status begin_again(const BrokerError& error) {
    const BrokerResult<OffsetRange> range = access_.broker->offsets(place_, kPatience);
    if (!range.ok() && range.error().fault != BrokerFault::retry) return Error(error);
    if (range.ok() && range->end < *position_) return not_there(range->end, *position_);
    if (range.ok() && range->begin > *position_)
      return error_of(diag::RecordsGone{
          .topic = place_.topic, .partition = place_.partition, .begin = range->begin, .offset = *position_});
    // Brokers hear of a new topic one after the other.
    const int64_t now = access_.clock->steady_us();
    if (!lost_since_) lost_since_ = now;
    if (now - *lost_since_ > kPatience) return Error(error);
    access_.clock->sleep_us(kLookEvery);
    return of_input(access_.reader->start(place_, *position_));
  }

  Error not_there(int64_t end, int64_t position) const {
    return error_of(
        diag::RecordsNotThere{.topic = place_.topic, .partition = place_.partition, .end = end, .offset = position});
  }

  /// Reading up to the end would read nothing, and not find out that the end is wrong.
  Status wait_for_end(int64_t position) {
    const int64_t began = access_.clock->steady_us();
    while (true) {
      BRAID_ASSIGN(const OffsetRange range, ask(access_, [&] { return access_.broker->offsets(place_, kPatience); }));
      if (range.end >= position || (access_.stop_requested && access_.stop_requested())) return {};
      // Behind a change of leaders the end may be an earlier one for a moment.
      if (access_.clock->steady_us() - began > kUntilEndIsKnown) return not_there(range.end, position);
      access_.clock->sleep_us(kLookEvery);
    }
  }

  Error changed(int64_t end) const {
    return {ErrorKind::input, "`" + name_ + "` has no longer the records before offset " + std::to_string(end),
            diag::ReplayDiffers::kCode, 0};
  }

  const TopicAccess access_;
  TopicPartition place_;
  const TopicForm form_;
  std::string name_;
  std::optional<int64_t> bound_;  ///< nothing is read from there on
  int source_;
  uint32_t ordinal_;
  std::optional<int64_t> position_;  ///< of the next record; nothing: not begun
  std::unique_ptr<RecordBatch> batch_;
  size_t next_ = 0;
  bool at_end_ = false;
  bool bound_reached_ = false;
  std::optional<int64_t> short_since_;  ///< steady clock: the end lies before what is to be read
  std::optional<int64_t> lost_since_;   ///< steady clock: the broker does not have what is to be read
  std::optional<int64_t> end_;          ///< of the partition, when it was asked for
  int64_t asked_at_ = 0;                ///< steady clock
  TopicTurn made_;
  std::optional<SchemaId> last_known_;  ///< the schema of the record before is there
  std::string waiting_;                 ///< why the next record cannot be read yet; empty: it can
  int64_t waiting_since_ = 0;           ///< steady clock
  bool paused_ = false;                 ///< nothing is fetched meanwhile
};

}  // namespace

std::string name_of(const TopicPartition& place) {
  return place.topic + "/" + std::to_string(place.partition);
}

TopicPartition place_of(std::string_view name) {
  const size_t slash = name.rfind('/');
  return {std::string(name.substr(0, slash)), std::stoi(std::string(name.substr(slash + 1)))};
}

Result<std::vector<TopicPartition>> find_topic_partitions(const TopicAccess& access, const SourceSpec& source,
                                                          bool whole) {
  const std::string names[] = {source.binding.address};
  BRAID_ASSIGN(
      const std::vector<TopicInfo> found,
      of_input(describe_patiently(*access.broker, *access.clock, access.stop_requested, names, kUntilTopicIsKnown)));
  if (found.empty()) return error_of(diag::TopicMissing{.topic = names[0], .relation = source.name, .near = {}});
  std::vector<TopicPartition> places;
  for (int32_t partition = 0; partition < found.front().partitions; ++partition)
    if (whole || !access.task || *access.task == partition) places.push_back({names[0], partition});
  return places;
}

namespace {

/// An offset that the binding names.
Result<int64_t> named_offset(const SourceSpec& source, const TopicPartition& place, int64_t offset,
                             const OffsetRange& range) {
  if (offset >= range.begin && offset <= range.end) return offset;
  std::string reason = offset < range.begin
                           ? fmt::format("its first record has offset {}, those before are deleted", range.begin)
                           : fmt::format("its next record will have offset {}", range.end);
  return error_of(diag::StartOutside{.relation = source.name,
                                     .topic = place.topic,
                                     .partition = place.partition,
                                     .offset = offset,
                                     .reason = std::move(reason)});
}

}  // namespace

Result<int64_t> first_offset(const TopicAccess& access, const SourceSpec& source, const TopicPartition& place) {
  BRAID_ASSIGN(const OffsetRange range, ask(access, [&] { return access.broker->offsets(place, kPatience); }));
  if (source.is_static()) return range.begin;
  if (source.is_exchange()) {
    // The job has made the topic. It deletes records that a task has, so whoever has none of them is not that task.
    if (range.begin == 0) return 0;
    return error_of(
        diag::RecordsGone{.topic = place.topic, .partition = place.partition, .begin = range.begin, .offset = 0});
  }
  if (access.tail) return std::max(range.begin, range.end - *access.tail);
  const StartAt start = start_of(source.binding);
  switch (start.kind) {
    case StartAt::Kind::earliest:
      return range.begin;
    case StartAt::Kind::latest:
      return range.end;
    case StartAt::Kind::timestamp: {
      return ask(access, [&] { return access.broker->offset_at(place, start.timestamp_us / 1000, kPatience); });
    }
    case StartAt::Kind::offsets: {
      const auto found = start.offsets.find(place.partition);
      return found == start.offsets.end() ? range.begin : named_offset(source, place, found->second, range);
    }
  }
  return range.begin;
}

Result<std::unique_ptr<SourcePartition>> open_topic_partition(const TopicAccess& access, const TopicPartition& place,
                                                              const TopicForm& form, int source, uint32_t ordinal) {
  std::optional<int64_t> bound;
  if (access.bounded) {
    BRAID_ASSIGN(const OffsetRange range, ask(access, [&] { return access.broker->offsets(place, kPatience); }));
    bound = range.end;
  }
  return std::unique_ptr<SourcePartition>(std::make_unique<TopicSource>(access, place, form, bound, source, ordinal));
}

}  // namespace braid
