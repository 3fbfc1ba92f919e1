#include "cli/commands/topic_erasure.h"

#include <fmt/format.h>

#include "cli/present/table.h"
#include "runtime/data/time_text.h"
#include "runtime/tasks/erasure_topic.h"

namespace braid::cli {
namespace {

std::string duration_of(int64_t us) {
  std::string text;
  append_duration_literal(text, us);
  return text;
}

/// When the rows that were named go.
std::string end_of(const ErasedTopic& topic, int64_t now_us) {
  if (!topic.unknown.empty()) return "until when nobody says: " + topic.unknown;
  if (topic.by_key && topic.compacted) return "until the brokers compact the topic";
  if (!topic.retention_us) return "until when the brokers do not say";
  if (*topic.retention_us == TopicBinding::kForever)
    return "for ever, since the topic has no retention; delete these records with the tools of the brokers";
  const int64_t end = topic.newest_us + *topic.retention_us;
  const std::string date = timestamp_text(end / kMicrosPerSecond * kMicrosPerSecond);
  if (end <= now_us)
    return fmt::format("until the brokers delete their segments; their retention has ended on {}", date);
  return fmt::format("until {}, when the retention of the newest one ends", date);
}

}  // namespace

TopicEraser::TopicEraser(const Program& program, const JobOptions& options, const TopicSetup& topics,
                         const JobSeams& seams, Broker& broker)
    : program_(program), snapshots_(seams.fs, topics.settings.snapshots), seams_(seams) {
  seams_.broker = &broker;
  options_.job = options;
  options_.broker = topics.settings;
  options_.outputs = topics.outputs;
  options_.commits = &commits_;
  if (!topics.settings.snapshots.empty()) options_.snapshots = &snapshots_;
}

Result<ErasureLog> TopicEraser::read_log() {
  auto reader = seams_.broker->make_reader({.group = options_.broker.group});
  if (!reader.ok()) return Error(reader.error());
  return read_topic_erasures(options_, seams_, **reader);
}

Result<std::optional<StartedOver>> TopicEraser::read_started_over() {
  auto reader = seams_.broker->make_reader({.group = options_.broker.group});
  if (!reader.ok()) return Error(reader.error());
  return braid::read_started_over(options_, seams_, **reader);
}

Result<TopicErasure> TopicEraser::finish(const StartedOver& started, ErasureLog& log,
                                         const std::vector<SoughtKey>& sought, bool dry) {
  return erase_from_started_over(program_, options_, seams_, started, log, sought, dry);
}

Result<TopicErasure> TopicEraser::erase(ErasureLog& log, const std::vector<SoughtKey>& sought, bool dry) {
  return erase_from_topic_job(program_, options_, seams_, log, sought, dry);
}

Status TopicEraser::note_for_reset(const ErasureLog& log) {
  return write_topic_erasures(options_, seams_, log);
}

std::string done_to_topic(const ErasedTopic& topic) {
  if (topic.of_before && topic.by_key)
    return fmt::format("written again without the subject; {} got a record without a value",
                       counted(topic.deleted, "key"));
  if (!topic.by_key) return "its rows cannot be taken back";
  return fmt::format("{} got the row without the subject, {} a record without a value", counted(topic.corrected, "key"),
                     counted(topic.deleted, "key"));
}

std::vector<mesh::ErasureReceipt::Remain> remains_of(const TopicErasure& erased, int64_t now_us) {
  std::vector<mesh::ErasureReceipt::Remain> remains;
  for (const ErasedTopic& topic : erased.topics) {
    if (topic.of_before)
      remains.push_back(
          {topic.topic,
           fmt::format("{} of before the job was started over, with those of the subject, {} "
                       "there {}",
                       counted(topic.rows, "record"), topic.rows == 1 ? "stays" : "stay", end_of(topic, now_us))});
    if (topic.unsure > 0)
      remains.push_back(
          {topic.topic,
           fmt::format("{} of before {} not written by the new run, and nobody can say whether the subject "
                       "is part of their rows: records that they were made of are gone",
                       counted(topic.unsure, "key"), topic.unsure == 1 ? "was" : "were")});
    if (!topic.of_before)
      remains.push_back(
          {topic.topic, fmt::format("{} that the subject was part of {} there {}", counted(topic.rows, "record"),
                                    topic.rows == 1 ? "stays" : "stay", end_of(topic, now_us))});
    if (topic.deleted == 0) continue;
    std::string until = "until the brokers delete it";
    if (topic.delete_retention_us && *topic.delete_retention_us >= 0)
      until = fmt::format("for {} behind a compaction", duration_of(*topic.delete_retention_us));
    remains.push_back(
        {topic.topic, fmt::format("{} without a value {} a key in it, and stays {}", counted(topic.deleted, "record"),
                                  topic.deleted == 1 ? "has" : "have", until)});
  }
  remains.push_back({"stores of the job on other machines",
                     "they are of before the erasure: an instance that starts there throws them away"});
  if (erased.has_snapshots)
    remains.push_back({"standbys on other machines", "their copies of snapshots go when they are refreshed"});
  return remains;
}

}  // namespace braid::cli
