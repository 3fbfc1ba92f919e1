#include "runtime/engine/history.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "runtime/connect/topic_source.h"
#include "runtime/engine/epoch.h"
#include "runtime/engine/job_inputs.h"

namespace braid {
namespace {

constexpr std::string_view kPrograms = "program/", kEpochs = "epochs/";

std::string key_of(uint64_t program) {
  return fmt::format("{}{:016x}", kPrograms, program);
}

/// The sources that the step's rows come from, besides reference data, which is read as it is now.
void collect_sources(const Program& program, int op, std::set<int>& found) {
  const Operator& step = program.operators[static_cast<size_t>(op)];
  if (const auto* source = std::get_if<SourceOperator>(&step.content))
    if (!program.sources[static_cast<size_t>(source->source)].is_static()) found.insert(source->source);
  for (const int input : step.inputs) collect_sources(program, input, found);
}

std::vector<const SourceSpec*> sources_of(const Program& program, int op) {
  std::set<int> found;
  collect_sources(program, op, found);
  std::vector<const SourceSpec*> sources;
  for (const int source : found) sources.push_back(&program.sources[static_cast<size_t>(source)]);
  return sources;
}

bool is_topic(const SourceSpec& source) {
  return source.is_of_broker() || source.binding.kind == "elsewhere";
}

/// Why records of such a source are not there again; empty: they may be.
std::string unread_kind(const SourceSpec& source, const std::string& no_topics) {
  if (is_topic(source) && !no_topics.empty()) return fmt::format("`{}` is a topic: {}", source.name, no_topics);
  if (source.binding.kind == "stdin") return fmt::format("`{}` was standard input", source.name);
  return "";
}

Retained from_first(const std::vector<const SourceSpec*>& sources) {
  std::string names;
  for (const SourceSpec* source : sources) names += (names.empty() ? "`" : ", `") + source->name + "`";
  return {true, "from the first record of " + names};
}

/// Why a partition has not all records again that the job has read of it; empty: it has.
std::string gone_of_topic(const SourceSpec& source, const StoredInput& input, const History& history, Broker& broker) {
  constexpr int64_t kPatience = 15'000'000;
  const auto begin = history.begins.find({source.name, input.name});
  if (begin == history.begins.end())
    return fmt::format("the store does not say where the job began to read `{}`", input.name);
  if (begin->second == input.position.position) return "";
  const BrokerResult<OffsetRange> range = broker.offsets(place_of(input.name), kPatience);
  if (!range.ok()) return fmt::format("`{}` does not say which records it has: {}", input.name, range.error().message);
  if (range->begin <= begin->second) return "";
  return fmt::format("`{}` has its records from offset {} on, and the job has read from offset {} on", input.name,
                     range->begin, begin->second);
}

}  // namespace

bool History::knows(const std::string& source) const {
  return std::ranges::any_of(
      sources, [&](const auto& each) { return std::ranges::find(each.second, source) != each.second.end(); });
}

void put_program(StateBatch& batch, const Program& program) {
  WireWriter out;
  out.fixed(static_cast<uint32_t>(program.sources.size()));
  for (const SourceSpec& source : program.sources) out.text(source.name);
  batch.put(StateFamily::meta, key_of(program.id), out.take());
}

Result<bool> history_knows(const Program& program, StateStore& store) {
  std::string value;
  return store.get(StateFamily::meta, key_of(program.id), &value);
}

Result<History> read_history(StateStore& store) {
  History history;
  BRAID_TRY(store.scan(StateFamily::meta, kPrograms, [&](std::string_view key, std::string_view value) -> Status {
    uint64_t id = 0;
    key.remove_prefix(kPrograms.size());
    std::from_chars(key.data(), key.data() + key.size(), id, 16);
    WireReader in(value);
    const auto count = in.fixed<uint32_t>();
    std::vector<std::string>& names = history.sources[id];
    for (uint32_t i = 0; i < count && !in.failed(); ++i) names.emplace_back(in.text());
    if (in.failed()) return Error{ErrorKind::store, "the stored list of sources cannot be read", 8002, 0};
    return {};
  }));
  uint64_t last = 0;
  BRAID_TRY(store.scan(StateFamily::meta, kEpochs, [&](std::string_view, std::string_view value) -> Status {
    BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(value));
    const auto sources = history.sources.find(record.program);
    history.whole &= record.before.epoch == last && sources != history.sources.end();
    last = record.before.epoch + 1;
    if (sources == history.sources.end()) return {};
    for (const EpochEvent& event : record.events)
      if (event.kind == EpochEvent::Kind::found)
        history.begins.emplace(std::pair(sources->second.at(event.source), event.name), event.end);
    return {};
  }));
  return history;
}

Result<Retained> retained_for(const Program& program, int op, const History& history, StateStore& store,
                              const InputPlaces& places) {
  if (!history.whole) return Retained{false, "the store does not say all that the job has read"};
  if (!program.services.empty()) return Retained{false, "the script asks services, which are not asked again for this"};
  const std::vector<const SourceSpec*> sources = sources_of(program, op);
  for (const SourceSpec* source : sources) {
    if (std::string why = unread_kind(*source, places.broker == nullptr ? places.no_topics : ""); !why.empty())
      return Retained{false, std::move(why)};
    if (!history.knows(source->name))
      return Retained{false, fmt::format("the job has not read `{}` so far", source->name)};
    BRAID_ASSIGN(const std::vector<StoredInput> inputs, read_stored_inputs(*source, store));
    for (const StoredInput& input : inputs) {
      if (is_topic(*source)) {
        std::string why = gone_of_topic(*source, input, history, *places.broker);
        if (!why.empty()) return Retained{false, std::move(why)};
        continue;
      }
      const bool as_named = input.name.starts_with('/') || places.root.empty() || source->binding.kind != "file";
      const std::string path = as_named ? input.name : join_path(places.root, input.name);
      if (input.finished || input.generation > 1)
        return Retained{false, fmt::format("`{}` was renamed or deleted", path)};
      if (source->binding.kind != "file") continue;
      BRAID_ASSIGN(const FileInfo file, places.fs.stat(path));
      if (!file.exists) return Retained{false, fmt::format("`{}` is not there any more", path)};
    }
  }
  return from_first(sources);
}

Retained retained_by_kind(const Program& program, int op, const std::string& no_topics) {
  const std::vector<const SourceSpec*> sources = sources_of(program, op);
  for (const SourceSpec* source : sources)
    if (std::string why = unread_kind(*source, no_topics); !why.empty()) return {false, std::move(why)};
  Retained retained = from_first(sources);
  const bool topics = std::ranges::any_of(sources, [](const SourceSpec* each) { return is_topic(*each); });
  const bool files = std::ranges::any_of(sources, [](const SourceSpec* each) { return !is_topic(*each); });
  retained.text += !topics  ? ", if the job has read files that are still there"
                   : !files ? ", if topics still have the records that the job has read"
                            : ", if the records that the job has read are still there, in files and topics";
  return retained;
}

}  // namespace braid
