#include "runtime/tasks/erasure_topic.h"

#include "runtime/broker/patience.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000, kPause = 100'000;

Result<bool> is_there(const TopicJobOptions& options, const JobSeams& seams) {
  // By its name: a list of all topics leaves out what this user may not see, and a list that nobody sees erases
  // nothing.
  const std::string asked[] = {erasure_place(options.broker.group).topic};
  const auto found =
      ask_patiently(seams.clock, options.job.stop_requested, [&] { return seams.broker->describe(asked, kPatience); });
  if (!found.ok()) return Error(found.error());
  return !found->empty();
}

}  // namespace

TopicPartition erasure_place(const std::string& group) {
  return {group + ".erasures", 0};
}

Result<ErasureLog> read_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, BrokerReader& reader) {
  BRAID_ASSIGN(const bool any, is_there(options, seams));
  if (!any) return ErasureLog();
  const TopicPartition place = erasure_place(options.broker.group);
  const auto range =
      ask_patiently(seams.clock, options.job.stop_requested, [&] { return seams.broker->offsets(place, kPatience); });
  if (!range.ok()) return Error(range.error());
  std::string last;
  if (range->begin < range->end) {
    if (const BrokerStatus begun = reader.start(place, range->begin); !begun.ok()) return Error(begun.error());
    const int64_t until = seams.clock.steady_us() + kPatience;
    for (bool more = true; more;) {
      auto fetched = reader.fetch(place, 64);
      const bool late = seams.clock.steady_us() >= until;
      if (!fetched.ok() && (fetched.error().fault != BrokerFault::retry || late)) return Error(fetched.error());
      if (fetched.ok() && fetched->batch != nullptr) {
        for (const BrokerRecord& record : fetched->batch->records()) last = std::string(record.value.value_or(""));
        continue;
      }
      more = !fetched.ok() || !fetched->end || *fetched->end < range->end;
      if (more && late) return Error{ErrorKind::input, "`" + place.topic + "` cannot be read", 0, 0};
      if (more) reader.wait_for(place, kPause);
    }
    if (const BrokerStatus stopped = reader.stop(place); !stopped.ok()) return Error(stopped.error());
  }
  if (last.empty()) return ErasureLog();
  return ErasureLog::parse(last, place.topic);
}

Status make_erasure_topic(const TopicJobOptions& options, const JobSeams& seams) {
  BRAID_ASSIGN(const bool any, is_there(options, seams));
  if (any) return {};
  const NewTopic made[] = {{.name = erasure_place(options.broker.group).topic,
                            .partitions = 1,
                            .replicas = options.broker.replication,
                            .settings = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}}};
  const auto done = ask_patiently(seams.clock, options.job.stop_requested,
                                  [&] { return seams.broker->create_topics(made, kPatience); });
  return done.ok() ? Status() : Status(Error(done.error()));
}

Status write_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, const ErasureLog& log) {
  BRAID_TRY(make_erasure_topic(options, seams));
  const std::string text = log.to_text();
  const auto written = ask_patiently(seams.clock, options.job.stop_requested, [&]() -> BrokerStatus {
    BRAID_ASSIGN(const std::unique_ptr<BrokerWriter> writer, seams.broker->make_writer({}));
    BRAID_TRY(writer->write({.place = erasure_place(options.broker.group),
                             .key = "erasures",
                             .value = text,
                             .headers = {},
                             .timestamp_ms = seams.clock.now_us() / 1000}));
    return writer->flush(kPatience);
  });
  return written.ok() ? Status() : Status(Error(written.error()));
}

}  // namespace braid
