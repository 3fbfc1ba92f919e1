#include "runtime/tasks/erasure_topic.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

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

/// The last record with that key; empty: there is none.
Result<std::string> read_last(std::string_view key, const TopicJobOptions& options, const JobSeams& seams,
                              BrokerReader& reader) {
  std::string last;
  BRAID_ASSIGN(const bool any, is_there(options, seams));
  if (!any) return last;
  const TopicPartition place = erasure_place(options.broker.group);
  const auto range =
      ask_patiently(seams.clock, options.job.stop_requested, [&] { return seams.broker->offsets(place, kPatience); });
  if (!range.ok()) return Error(range.error());
  if (range->begin >= range->end) return last;
  if (const BrokerStatus begun = reader.start(place, range->begin); !begun.ok()) return Error(begun.error());
  const int64_t until = seams.clock.steady_us() + kPatience;
  for (bool more = true; more;) {
    auto fetched = reader.fetch(place, 64);
    const bool late = seams.clock.steady_us() >= until;
    if (!fetched.ok() && (fetched.error().fault != BrokerFault::retry || late)) return Error(fetched.error());
    if (fetched.ok() && fetched->batch != nullptr) {
      for (const BrokerRecord& record : fetched->batch->records())
        if (record.key == key) last = std::string(record.value.value_or(""));
      continue;
    }
    more = !fetched.ok() || !fetched->end || *fetched->end < range->end;
    if (more && late) return Error{ErrorKind::input, "`" + place.topic + "` cannot be read", 0, 0};
    if (more) reader.wait_for(place, kPause);
  }
  if (const BrokerStatus stopped = reader.stop(place); !stopped.ok()) return Error(stopped.error());
  return last;
}

/// Durably, behind what is there.
Status write(std::string_view key, const std::string& text, const TopicJobOptions& options, const JobSeams& seams) {
  BRAID_TRY(make_erasure_topic(options, seams));
  const auto written = ask_patiently(seams.clock, options.job.stop_requested, [&]() -> BrokerStatus {
    BRAID_ASSIGN(const std::unique_ptr<BrokerWriter> writer, seams.broker->make_writer({}));
    BRAID_TRY(writer->write({.place = erasure_place(options.broker.group),
                             .key = key,
                             .value = text,
                             .headers = {},
                             .timestamp_ms = seams.clock.now_us() / 1000}));
    return writer->flush(kPatience);
  });
  return written.ok() ? Status() : Status(Error(written.error()));
}

constexpr std::string_view kFirstLine = "braid started over 1";

}  // namespace

TopicPartition erasure_place(const std::string& group) {
  return {group + ".erasures", 0};
}

Result<ErasureLog> read_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, BrokerReader& reader) {
  BRAID_ASSIGN(const std::string last, read_last(kErasureList, options, seams, reader));
  return last.empty() ? ErasureLog() : ErasureLog::parse(last, erasure_place(options.broker.group).topic);
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
  return write(kErasureList, log.to_text(), options, seams);
}

std::string StartedOver::to_text() const {
  std::string text = std::string(kFirstLine) + '\n';
  for (const std::string& each : subjects) text += fmt::format("subject\t{}\n", each);
  for (const auto& [word, ends] : {std::pair{"in", &inputs}, std::pair{"out", &outputs}})
    for (const auto& [place, offset] : *ends)
      text += fmt::format("{}\t{}\t{}\t{}\n", word, place.topic, place.partition, offset);
  return text;
}

Result<StartedOver> StartedOver::parse(std::string_view text, const std::string& of) {
  const Error damaged{ErrorKind::store, fmt::format("`{}` is damaged", of), 8002, 0};
  StartedOver started;
  bool first = true;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      if (line != kFirstLine) return damaged;
      continue;
    }
    std::vector<std::string_view> parts;
    for (size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
      parts.push_back(line.substr(0, tab));
      line.remove_prefix(tab + 1);
    }
    parts.push_back(line);
    if (parts.size() == 2 && parts[0] == "subject") {
      started.subjects.emplace_back(parts[1]);
      continue;
    }
    if (parts.size() != 4 || (parts[0] != "in" && parts[0] != "out")) return damaged;
    TopicPartition place{std::string(parts[1]), 0};
    int64_t offset = 0;
    const auto is_number = [](std::string_view digits, auto& number) {
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    };
    if (!is_number(parts[2], place.partition) || !is_number(parts[3], offset)) return damaged;
    (parts[0] == "in" ? started.inputs : started.outputs)[place] = offset;
  }
  if (first) return damaged;
  return started;
}

Result<std::optional<StartedOver>> read_started_over(const TopicJobOptions& options, const JobSeams& seams,
                                                     BrokerReader& reader) {
  BRAID_ASSIGN(const std::string last, read_last(kStartedOver, options, seams, reader));
  if (last.empty()) return std::optional<StartedOver>();
  BRAID_ASSIGN(StartedOver started, StartedOver::parse(last, erasure_place(options.broker.group).topic));
  return std::optional(std::move(started));
}

Status write_started_over(const TopicJobOptions& options, const JobSeams& seams, const StartedOver& started) {
  return write(kStartedOver, started.to_text(), options, seams);
}

}  // namespace braid
