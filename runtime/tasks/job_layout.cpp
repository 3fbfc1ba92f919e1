#include "runtime/tasks/job_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/broker/patience.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;
constexpr int64_t kShortly = 100'000;
/// Of a row, with the record that caused it.
constexpr const char* kLongestRecord = "4194304";

Error input_error(const Diagnostic& diagnostic) {
  return {ErrorKind::input, diagnostic.message, diagnostic.code, 0};
}

/// Topics of one job, in the order of `names`; those that are not there have no partitions.
Result<std::vector<int32_t>> count(const std::vector<std::string>& names, const TopicJobOptions& options,
                                   const JobSeams& seams) {
  const auto found =
      ask_patiently(seams.clock, options.job.stop_requested, [&] { return seams.broker->describe(names, kPatience); });
  if (!found.ok()) return Error(found.error());
  std::vector<int32_t> counts(names.size());
  for (const TopicInfo& topic : *found)
    counts[static_cast<size_t>(std::ranges::find(names, topic.name) - names.begin())] = topic.partitions;
  return counts;
}

}  // namespace

Result<JobLayout> JobLayout::find(const Program& program, const TopicJobOptions& options, const JobSeams& seams,
                                  JobEnd& end) {
  JobLayout layout;
  layout.epochs_ = options.broker.group + ".epochs";
  std::string reason;
  std::map<int, int32_t> partitions;
  for (size_t number = 0; number < program.sources.size(); ++number) {
    const SourceSpec& source = program.sources[number];
    if (source.is_static()) continue;
    if (source.binding.kind != "topic") {
      reason = fmt::format("`{}` is not read from a topic", source.name);
      continue;
    }
    TopicAccess access{.broker = seams.broker, .clock = &seams.clock, .stop_requested = options.job.stop_requested};
    BRAID_ASSIGN(const auto places, find_topic_partitions(access, source, true));
    if (options.job.until_caught_up)
      for (const TopicPartition& place : places) BRAID_TRY(end.add(access, source, place));
    const auto added = static_cast<int32_t>(places.size());
    if (!layout.inputs_.emplace(source.binding.address, added).second) {
      const auto first = std::ranges::find_if(program.sources, [&](const SourceSpec& each) {
        return each.binding.kind == "topic" && each.binding.address == source.binding.address;
      });
      return input_error(
          diag::TopicReadTwice{.first = first->name, .second = source.name, .topic = source.binding.address}.make());
    }
    partitions[static_cast<int>(number)] = added;
    layout.most_ = std::max(layout.most_, added);
  }
  if (reason.empty()) {
    layout.stages_ = split(program, partitions, options.broker.group);
    reason = layout.stages_.reason;
    // Rows between stages that come twice would count twice in what is behind.
    if (layout.stages_.stages.size() > 1 && options.broker.delivery != Delivery::exactly_once)
      reason = "rows of several partitions meet, which needs `delivery = \"exactly-once\"`";
  }
  if (reason.empty()) return layout;
  layout.by_number_ = false;
  layout.stages_ = {};
  layout.stages_.stages.push_back({whole_stage(program), 1, 0});
  if (layout.most_ > 1) layout.warnings_.push_back(diag::OneTask{.reason = reason}.make());
  return layout;
}

Status JobLayout::make_topics(const TopicJobOptions& options, const JobSeams& seams) const {
  const std::vector<std::string> names = topics();
  std::vector<int32_t> wanted = {tasks()};
  for (const Stage& stage : stages_.stages)
    for (const Exchange& exchange : stage.program->exchanges) wanted.push_back(exchange.partitions);
  BRAID_ASSIGN(std::vector<int32_t> found, count(names, options, seams));
  std::vector<NewTopic> made;
  for (size_t topic = names.size(); topic-- > 0;) {
    if (found[topic] > 0) continue;
    NewTopic& added = made.emplace_back(NewTopic{.name = names[topic],
                                                 .partitions = wanted[topic],
                                                 .replicas = options.broker.replication,
                                                 .settings = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}});
    if (topic > 0) added.settings.emplace_back("max.message.bytes", kLongestRecord);
  }
  // A group that is new has read nothing: it would take the rows of another one for its own.
  if (found[0] == 0) {
    for (size_t topic = 1; topic < names.size(); ++topic) {
      for (int32_t partition = 0; partition < found[topic]; ++partition) {
        const TopicPartition place{names[topic], partition};
        const auto range = ask_patiently(seams.clock, options.job.stop_requested,
                                         [&] { return seams.broker->offsets(place, kPatience); });
        if (!range.ok()) return Error(range.error());
        if (range->end > 0)
          return input_error(diag::RepartitionTopicUsed{.group = options.broker.group, .topic = names[topic]}.make());
      }
    }
  }
  if (!made.empty()) {
    const BrokerStatus created = ask_patiently(seams.clock, options.job.stop_requested,
                                               [&] { return seams.broker->create_topics(made, kPatience); });
    if (!created.ok()) return Error(created.error());
    // They are there a moment later.
    const int64_t began = seams.clock.steady_us();
    while (true) {
      BRAID_ASSIGN(found, count(names, options, seams));
      const bool seen = std::ranges::find(found, 0) == found.end();
      if (seen || seams.clock.steady_us() - began > kPatience) break;
      if (options.job.stop_requested && options.job.stop_requested()) break;
      seams.clock.sleep_us(kShortly);
    }
  }
  // Whoever made them first may have counted otherwise.
  if (found[0] > 0 && found[0] != tasks())
    return input_error(diag::TasksChanged{.found = tasks(), .tasks = found[0]}.make());
  for (size_t topic = 1; topic < names.size(); ++topic)
    if (found[topic] > 0 && found[topic] != wanted[topic])
      return input_error(
          diag::RepartitionTopicDiffers{.topic = names[topic], .found = found[topic], .needed = wanted[topic]}.make());
  return {};
}

std::vector<std::string> JobLayout::topics() const {
  std::vector<std::string> names = {epochs_};
  for (const Stage& stage : stages_.stages)
    for (const Exchange& exchange : stage.program->exchanges) names.push_back(exchange.topic);
  return names;
}

size_t JobLayout::stage_of(int32_t task) const {
  size_t stage = 0;
  while (stage + 1 < stages_.stages.size() && stages_.stages[stage + 1].first_task <= task) ++stage;
  return stage;
}

std::optional<int32_t> JobLayout::partition_of(int32_t task) const {
  if (!by_number_) return std::nullopt;
  return task - stages_.stages[stage_of(task)].first_task;
}

std::vector<TopicPartition> JobLayout::inputs_of(int32_t task) const {
  std::vector<TopicPartition> places;
  const size_t stage = stage_of(task);
  const std::optional<int32_t> own = partition_of(task);
  if (stage == 0) {
    for (const auto& [topic, count] : inputs_)
      for (int32_t partition = 0; partition < count; ++partition)
        if (!own || partition == *own) places.push_back({topic, partition});
    return places;
  }
  for (const SourceSpec& source : stages_.stages[stage].program->sources)
    if (source.is_exchange()) places.push_back({source.binding.address, *own});
  return places;
}

std::vector<StageOutline> JobLayout::outline() const {
  std::vector<StageOutline> outline;
  for (const Stage& stage : stages_.stages) {
    StageOutline& shown = outline.emplace_back(StageOutline{.tasks = stage.tasks, .reads = {}});
    if (outline.size() == 1)
      for (const auto& [topic, count] : inputs_) shown.reads.push_back(topic);
    for (const SourceSpec& source : stage.program->sources)
      if (source.is_exchange()) shown.reads.push_back(source.binding.address);
  }
  return outline;
}

std::vector<int32_t> JobLayout::fronts_of(int32_t task) const {
  std::vector<int32_t> fronts;
  for (const SourceSpec& source : stages_.stages[stage_of(task)].program->sources) {
    if (!source.is_exchange()) continue;
    const auto writes = std::ranges::find_if(stages_.stages, [&](const Stage& stage) {
      return std::ranges::any_of(stage.program->exchanges,
                                 [&](const Exchange& each) { return each.topic == source.binding.address; });
    });
    for (uint32_t front = 0; front < source.fronts; ++front)
      fronts.push_back(writes->first_task + static_cast<int32_t>(front));
  }
  return fronts;
}

}  // namespace braid
