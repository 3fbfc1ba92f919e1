#include "runtime/tasks/erase_started_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "runtime/broker/patience.h"
#include "runtime/connect/topic_template.h"
#include "runtime/report/erasure_findings.h"
#include "runtime/tasks/job_layout.h"
#include "runtime/tasks/only_member.h"
#include "runtime/tasks/task.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000, kPause = 100'000;
constexpr size_t kAtOnce = 256;

template <class Call>
auto ask(const TopicJobOptions& options, const JobSeams& seams, const Call& call) {
  return ask_patiently(seams.clock, options.job.stop_requested, call);
}

Result<std::map<TopicPartition, int64_t>> ends_of_results(const TopicJobOptions& options, const JobSeams& seams) {
  std::map<TopicPartition, int64_t> ends;
  BRAID_ASSIGN(const std::vector<TopicInfo> topics, topics_of_results(options, seams));
  for (const TopicInfo& topic : topics)
    for (int32_t partition = 0; partition < topic.partitions; ++partition) {
      const TopicPartition place{topic.name, partition};
      const auto range = ask(options, seams, [&] { return seams.broker->offsets(place, kPatience); });
      if (!range.ok()) return Error(range.error());
      ends[place] = range->end;
    }
  return ends;
}

/// Records of a partition from the first one on, up to an offset.
Status read_records(const TopicPartition& place, OffsetRange range, BrokerReader& reader, const JobSeams& seams,
                    const std::function<Status()>& stay, const std::function<void(const BrokerRecord&)>& visit) {
  if (range.begin >= range.end) return {};
  if (const BrokerStatus begun = reader.start(place, range.begin); !begun.ok()) return Error(begun.error());
  int64_t until = seams.clock.steady_us() + kPatience;
  for (bool more = true; more;) {
    BRAID_TRY(stay());
    auto fetched = reader.fetch(place, kAtOnce);
    const bool late = seams.clock.steady_us() >= until;
    if (!fetched.ok() && (fetched.error().fault != BrokerFault::retry || late)) return Error(fetched.error());
    if (fetched.ok() && fetched->batch != nullptr) {
      until = seams.clock.steady_us() + kPatience;
      for (const BrokerRecord& record : fetched->batch->records()) {
        more = record.offset < range.end;
        if (!more) break;
        visit(record);
      }
      continue;
    }
    more = !fetched.ok() || !fetched->end || *fetched->end < range.end;
    if (more && late) return Error{ErrorKind::input, "`" + name_of(place) + "` cannot be read", 0, 0};
    if (more) reader.wait_for(place, kPause);
  }
  const BrokerStatus stopped = reader.stop(place);
  return stopped.ok() ? Status() : Status(Error(stopped.error()));
}

class Finishing {
 public:
  Finishing(const Program& program, const TopicJobOptions& options, const JobSeams& seams, const StartedOver& started,
            ErasureLog& log, const std::vector<SoughtKey>& sought)
      : program_(program),
        options_(options),
        seams_(seams),
        started_(started),
        log_(log),
        sought_(sought),
        member_(options, seams_) {}

  Result<TopicErasure> run(bool dry) {
    Result<TopicErasure> done = all(dry);
    member_.leave();
    return done;
  }

 private:
  struct Deletion {
    TopicPartition place;
    std::string key;
    int64_t timestamp_ms = 0;
  };

  Result<TopicErasure> all(bool dry) {
    JobEnd end;
    BRAID_ASSIGN(layout_, JobLayout::find(program_, options_, seams_, end));
    const std::string names[] = {layout_.epochs()};
    const auto found = ask(options_, seams_, [&] { return seams_.broker->describe(names, kPatience); });
    if (!found.ok()) return Error(found.error());
    if (found->empty()) return not_yet("it has not run since");
    BRAID_TRY(member_.join(layout_.epochs(), layout_.tasks()));
    BRAID_TRY(check_progress());
    BRAID_TRY(find_what_is_lost());
    TopicErasure done;
    done.erasure.time_us = seams_.clock.now_us();
    done.erasure.subjects = started_.subjects;
    std::map<std::string, ErasedTopic> topics;
    for (const auto& [place, offset] : started_.outputs) BRAID_TRY(compare(place, offset, topics));
    if (!dry) BRAID_TRY(commit(done));
    for (auto& [name, topic] : topics) {
      if (topic.rows == 0) continue;
      done.erasure.places.push_back({.kind = ErasedPlace::Kind::output,
                                     .name = topic.topic,
                                     .path = {},
                                     .before = topic.rows,
                                     .after = topic.by_key ? topic.unsure : topic.rows,
                                     .changed = topic.by_key});
      done.topics.push_back(std::move(topic));
    }
    return done;
  }

  Error not_yet(std::string reason) const {
    const Diagnostic found =
        diag::StartedOverNotDone{.group = options_.broker.group, .reason = std::move(reason)}.make();
    return {ErrorKind::usage, found.message, found.code, 0};
  }

  /// The new run has read what there was when it was started over, in all stages.
  Status check_progress() {
    JobEnd end;
    for (const auto& [place, offset] : started_.inputs) {
      const auto range = ask(options_, seams_, [&] { return seams_.broker->offsets(place, kPatience); });
      if (!range.ok()) return Error(range.error());
      end.add(place, {range->begin, offset});
    }
    std::vector<uint64_t> epochs;  // that are committed, by task
    for (int32_t number = 0; number < layout_.tasks(); ++number) {
      BRAID_TRY(member_.stay());
      const std::vector<TopicPartition> places = layout_.inputs_of(number);
      auto committed = ask(options_, seams_, [&] { return member_.group().committed(places, kPatience); });
      if (!committed.ok()) return Error(committed.error());
      uint64_t heard = 0;
      epochs.push_back(0);
      for (const BrokerGroup::Committed& each : *committed) {
        if (!each.offset) continue;
        if (const std::optional<EpochChain> token = read_token(each.metadata)) epochs.back() = token->epoch;
        heard = read_heard(each.metadata);
        offsets_.push_back({.place = each.place, .offset = *each.offset, .metadata = each.metadata});
      }
      if (layout_.stage_of(number) > 0) {
        std::vector<uint64_t> sent;
        for (const int32_t front : layout_.fronts_of(number)) sent.push_back(epochs[static_cast<size_t>(front)]);
        if (heard_of(sent) != heard)
          return not_yet(fmt::format("task {} has not read all that was sent to it", number));
        continue;
      }
      std::erase_if(*committed, [&](const auto& each) { return !started_.inputs.contains(each.place); });
      const auto reached =
          ask(options_, seams_, [&] { return end.is_reached(*committed, member_.reader(), seams_.clock); });
      if (!reached.ok()) return Error(reached.error());
      if (!*reached) return not_yet(fmt::format("task {} has not read all that its inputs had then", number));
    }
    return {};
  }

  /// Whether the new run had all records that the run before had.
  Status find_what_is_lost() {
    for (const auto& [place, offset] : started_.inputs) {
      const auto range = ask(options_, seams_, [&] { return seams_.broker->offsets(place, kPatience); });
      if (!range.ok()) return Error(range.error());
      ErasedTopic input{.topic = place.topic};
      if (place.partition == 0) ask_settings(input, options_, seams_);
      is_whole_ = is_whole_ && range->begin == 0 && !input.compacted && input.unknown.empty();
    }
    return {};
  }

  /// Of which product the topic has the rows; null: of a port, or of none.
  const ProductSpec* product_of(const std::string& topic) const {
    for (const auto& [product, binding] : options_.outputs)
      if (binding.topic == topic || (topic_template(binding.topic) && topics_meet(binding.topic, topic)))
        return &program_.products[static_cast<size_t>(product)];
    return nullptr;
  }

  bool has_subject(std::string_view key) const {
    return std::ranges::any_of(sought_, [&](const SoughtKey& each) {
      return std::ranges::all_of(each.texts, [&](const std::string& text) { return has_as_word(key, text); });
    });
  }

  Status compare(const TopicPartition& place, int64_t until, std::map<std::string, ErasedTopic>& topics) {
    const auto range = ask(options_, seams_, [&] { return seams_.broker->offsets(place, kPatience); });
    if (!range.ok()) return Error(range.error());
    const auto [found, is_new] = topics.try_emplace(place.topic, ErasedTopic{.topic = place.topic});
    ErasedTopic& topic = found->second;
    if (is_new) {
      ask_settings(topic, options_, seams_);
      topic.of_before = true;
      const ProductSpec* product = product_of(place.topic);
      topic.by_key = product != nullptr && !product->key.empty() && product->change_form == ChangeForm::upsert &&
                     (product->changes || topic.compacted);
    }
    const auto stay = [this] { return member_.stay(); };
    std::unordered_map<std::string, int64_t> lasts;  // timestamps, by key
    const auto take_old = [&](const BrokerRecord& record) {
      ++topic.rows;
      topic.newest_us = std::max(topic.newest_us, record.timestamp_ms * 1000);
      if (!topic.by_key || !record.key) return;
      if (record.value)
        lasts[std::string(*record.key)] = record.timestamp_ms;
      else
        lasts.erase(std::string(*record.key));
    };
    BRAID_TRY(
        read_records(place, {range->begin, std::min(until, range->end)}, member_.reader(), seams_, stay, take_old));
    if (!topic.by_key) return {};
    const auto take_new = [&](const BrokerRecord& record) {
      if (record.key) lasts.erase(std::string(*record.key));
    };
    BRAID_TRY(
        read_records(place, {std::max(until, range->begin), range->end}, member_.reader(), seams_, stay, take_new));
    for (const auto& [key, timestamp_ms] : lasts) {
      if (!is_whole_ && !has_subject(key)) {
        ++topic.unsure;
        continue;
      }
      ++topic.deleted;
      deletions_.push_back({place, key, timestamp_ms});
    }
    return {};
  }

  /// The keys that go, the list, and the offsets as they are: refused if another member has come.
  Status commit(const TopicErasure& done) {
    ErasureLog log = log_;
    for (ErasedSubject& subject : log.subjects)
      if (std::ranges::find(done.erasure.subjects, subject.hash) != done.erasure.subjects.end()) subject.done = true;
    Transaction& transaction = member_.transaction();
    std::ranges::sort(deletions_, {}, [](const Deletion& each) { return std::tie(each.place, each.key); });
    for (const Deletion& each : deletions_)
      transaction.write(
          {.place = each.place, .key = each.key, .value = {}, .headers = {}, .timestamp_ms = each.timestamp_ms});
    const std::string text = log.to_text();
    transaction.write({.place = erasure_place(options_.broker.group),
                       .key = kErasureList,
                       .value = text,
                       .headers = {},
                       .timestamp_ms = seams_.clock.now_us() / 1000});
    BRAID_TRY(member_.stay_now());
    transaction.begin_commit(std::move(offsets_), member_.group());
    const BrokerStatus committed = transaction.finish_commit();
    if (!committed.ok()) return Error(committed.error());
    log_ = std::move(log);
    return {};
  }

  const Program& program_;
  const TopicJobOptions& options_;
  JobSeams seams_;
  const StartedOver& started_;
  ErasureLog& log_;
  const std::vector<SoughtKey>& sought_;
  JobLayout layout_;
  bool is_whole_ = true;  ///< inputs have all records that they ever had
  std::vector<OffsetToCommit> offsets_;
  std::vector<Deletion> deletions_;
  OnlyMember member_;
};

}  // namespace

Result<TopicReset> start_over_without(const Program& program, const TopicJobOptions& options, const JobSeams& seams) {
  auto reader = seams.broker->make_reader({.group = options.broker.group});
  if (!reader.ok()) return Error(reader.error());
  BRAID_ASSIGN(const ErasureLog log, read_topic_erasures(options, seams, **reader));
  StartedOver started;
  for (const ErasedSubject& subject : log.subjects)
    if (!subject.done) started.subjects.push_back(subject.hash);
  if (started.subjects.empty()) return reset_topic_job(options, seams);
  for (const SourceSpec& source : program.sources) {
    if (source.binding.kind != "topic") continue;
    const TopicAccess access{
        .broker = seams.broker, .clock = &seams.clock, .stop_requested = options.job.stop_requested};
    BRAID_ASSIGN(const std::vector<TopicPartition> places, find_topic_partitions(access, source, true));
    for (const TopicPartition& place : places) {
      const auto range = ask(options, seams, [&] { return seams.broker->offsets(place, kPatience); });
      if (!range.ok()) return Error(range.error());
      started.inputs[place] = range->end;
    }
  }
  // The reset shows that the group has no members. If nothing was written on both sides of that, no row of the new run
  // is taken for one of before, nor the other way round.
  BRAID_ASSIGN(started.outputs, ends_of_results(options, seams));
  BRAID_ASSIGN(TopicReset done, reset_topic_job(options, seams));
  BRAID_ASSIGN(const auto ends, ends_of_results(options, seams));
  if (ends != started.outputs) {
    const Diagnostic runs = diag::GroupHasMembers{.group = options.broker.group}.make();
    return Error{ErrorKind::usage, runs.message, runs.code, 0};
  }
  BRAID_TRY(write_started_over(options, seams, started));
  return done;
}

Result<TopicErasure> erase_from_started_over(const Program& program, const TopicJobOptions& options,
                                             const JobSeams& seams, const StartedOver& started, ErasureLog& log,
                                             const std::vector<SoughtKey>& sought, bool dry) {
  return Finishing(program, options, seams, started, log, sought).run(dry);
}

}  // namespace braid
