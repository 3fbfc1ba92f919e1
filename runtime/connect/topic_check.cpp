#include "runtime/connect/topic_check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/broker/patience.h"
#include "runtime/connect/topic_template.h"
#include "runtime/data/time_text.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/suggest.h"
#include "runtime/report/topic_findings.h"

namespace braid {
namespace {

constexpr int64_t kPause = 200'000;

template <class Entry>
Error error_of(const Entry& entry) {
  return {ErrorKind::usage, entry.make().message, Entry::kCode, 0};
}

/// `; there is …`: the topics that look alike, at most three; empty if none does. A guess: not knowing is no error.
std::string alike(Broker& broker, const std::string& topic, int64_t timeout_us) {
  const BrokerResult<std::vector<std::string>> names = broker.topics(timeout_us);
  if (!names.ok()) return {};
  std::vector<std::string> near;
  if (const auto closest_name = closest(topic, *names)) near.push_back(*closest_name);
  for (const std::string& name : *names)
    if (near.size() < 3 && (name.find(topic) != std::string::npos || topic.find(name) != std::string::npos) &&
        std::ranges::find(near, name) == near.end())
      near.push_back(name);
  if (near.empty()) return {};
  return fmt::format("; there is `{}`", fmt::join(near, "`, `"));
}

}  // namespace

Status check_topics(Broker& broker, Clock& clock, const Program& program, const std::map<int, TopicBinding>& outputs,
                    int64_t timeout_us) {
  std::vector<std::string> asked;
  auto ask = [&](const std::string& topic) {
    if (std::ranges::find(asked, topic) == asked.end()) asked.push_back(topic);
  };
  for (const SourceSpec& source : program.sources)
    if (source.binding.kind == "topic") ask(source.binding.address);
  const size_t read = asked.size();
  // Of a product with a topic for each value, each is looked at when there is a row for it.
  for (const auto& [index, binding] : outputs)
    if (!topic_template(binding.topic)) ask(binding.topic);
  BrokerResult<std::vector<TopicInfo>> found = std::vector<TopicInfo>();
  auto is_there = [&](const std::string& topic) {
    return std::ranges::find(*found, topic, &TopicInfo::name) != found->end();
  };
  for (const int64_t began = clock.steady_us();; clock.sleep_us(kPause)) {
    found = broker.describe(asked, timeout_us);
    if (!found.ok()) return Error(found.error());
    if (std::all_of(asked.begin(), asked.begin() + static_cast<ptrdiff_t>(read), is_there)) break;
    if (clock.steady_us() - began >= kUntilTopicIsKnown) break;
  }
  auto partitions = [&](const std::string& topic) -> std::optional<int32_t> {
    for (const TopicInfo& each : *found)
      if (each.name == topic) return each.partitions;
    return std::nullopt;
  };
  for (const SourceSpec& source : program.sources) {
    if (source.binding.kind != "topic") continue;
    const std::string& topic = source.binding.address;
    const std::optional<int32_t> count = partitions(topic);
    if (!count)
      return error_of(
          diag::TopicMissing{.topic = topic, .relation = source.name, .near = alike(broker, topic, timeout_us)});
    for (const auto& [partition, offset] : start_of(source.binding).offsets)
      if (partition >= *count)
        return error_of(
            diag::StartOutside{.relation = source.name,
                               .topic = topic,
                               .partition = partition,
                               .offset = offset,
                               .reason = fmt::format("the topic has {} partitions, from 0 to {}", *count, *count - 1)});
  }
  for (const auto& [index, binding] : outputs) {
    const std::optional<int32_t> count = partitions(binding.topic);
    if (count && binding.partitions && *count != *binding.partitions)
      return error_of(diag::PartitionCount{.topic = binding.topic,
                                           .found = *count,
                                           .product = program.products[static_cast<size_t>(index)].qualified(),
                                           .asked = *binding.partitions});
  }
  return {};
}

std::vector<Diagnostic> topics_that_keep_less(Broker& broker, const Program& program,
                                              const std::map<int, TopicBinding>& outputs, const std::string& servers,
                                              int64_t timeout_us) {
  std::vector<Diagnostic> findings;
  const auto number = [](const std::map<std::string, std::string>& settings,
                         const char* name) -> std::optional<int64_t> {
    const auto found = settings.find(name);
    if (found == settings.end()) return std::nullopt;
    int64_t value = 0;
    const char* end = found->second.data() + found->second.size();
    if (std::from_chars(found->second.data(), end, value).ptr != end) return std::nullopt;
    return value;
  };
  const auto look = [&](const std::string& product, const TopicBinding& binding, const std::string& topic) {
    const auto settings = broker.topic_settings(topic, timeout_us);
    if (!settings.ok()) return;
    const auto policy = settings->find("cleanup.policy");
    // A topic that is only compacted keeps the newest row of each key for ever.
    if (policy != settings->end() && policy->second.find("delete") == std::string::npos) return;
    constexpr int64_t kMillisecond = 1'000;
    const std::optional<int64_t> ms = number(*settings, "retention.ms");
    const bool for_ever = *binding.retention_us == TopicBinding::kForever;
    if (!ms || *ms < 0 || (!for_ever && *ms >= *binding.retention_us / kMillisecond)) return;
    diag::TopicKeepsLess found{.topic = topic, .found = "", .product = product, .asked = "for ever"};
    append_duration_literal(found.found, *ms * kMillisecond);
    if (!for_ever) {
      found.asked = "for ";
      append_duration_literal(found.asked, *binding.retention_us);
    }
    Diagnostic& made = findings.emplace_back(found.make());
    made.notes.push_back(
        fmt::format("kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config "
                    "retention.ms={}",
                    servers.substr(0, servers.find(',')), topic,
                    for_ever ? -1 : (*binding.retention_us + kMillisecond - 1) / kMillisecond));
  };
  std::optional<std::vector<std::string>> all;  // asked for once
  for (const auto& [index, binding] : outputs) {
    if (!binding.retention_us) continue;
    const std::string product = program.products[static_cast<size_t>(index)].qualified();
    if (!topic_template(binding.topic)) {
      const std::string asked[] = {binding.topic};
      const auto found = broker.describe(asked, timeout_us);
      if (found.ok() && !found->empty()) look(product, binding, binding.topic);
      continue;
    }
    if (!all) {
      auto found = broker.topics(timeout_us);
      all = found.ok() ? std::move(*found) : std::vector<std::string>();
    }
    // The first one is enough: those of a product are made alike.
    const size_t before = findings.size();
    for (const std::string& topic : *all)
      if (findings.size() == before && topics_meet(binding.topic, topic)) look(product, binding, topic);
  }
  return findings;
}

}  // namespace braid
