#include "runtime/tasks/erased_topic.h"

#include <charconv>

#include "runtime/broker/patience.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;

}  // namespace

void ask_settings(ErasedTopic& topic, const TopicJobOptions& options, const JobSeams& seams) {
  const auto settings = ask_patiently(seams.clock, options.job.stop_requested,
                                      [&] { return seams.broker->topic_settings(topic.topic, kPatience); });
  if (!settings.ok()) {
    topic.unknown = settings.error().message;
    return;
  }
  const auto number = [&](const char* name) -> std::optional<int64_t> {
    const auto found = settings->find(name);
    if (found == settings->end()) return std::nullopt;
    int64_t ms = 0;
    const char* end = found->second.data() + found->second.size();
    if (std::from_chars(found->second.data(), end, ms).ptr != end) return std::nullopt;
    constexpr int64_t kMost = INT64_MAX / 4000;
    return ms < 0 || ms > kMost ? TopicBinding::kForever : ms * 1000;
  };
  const auto policy = settings->find("cleanup.policy");
  topic.compacted = policy != settings->end() && policy->second.find("compact") != std::string::npos;
  // What is compacted and not deleted by time stays as long as its key has no newer row.
  const bool deleted = policy != settings->end() && policy->second.find("delete") != std::string::npos;
  topic.retention_us = deleted ? number("retention.ms") : std::optional(TopicBinding::kForever);
  topic.delete_retention_us = number("delete.retention.ms");
}

}  // namespace braid
