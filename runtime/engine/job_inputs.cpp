#include "runtime/engine/job_inputs.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/codec/turn_cutter.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/decode_source.h"

namespace braid {
namespace {

constexpr int kInputReplaced = 7012;
constexpr int kStoreCorrupt = 8002;

std::string input_prefix(const SourceSpec& source) {
  return "input/" + source.name + "/";
}

/// Records that stand in the script itself.
class InlinePartition : public SourcePartition {
 public:
  InlinePartition(std::string bytes, const RecordForm& form) : bytes_(std::move(bytes)), form_(form) {}
  const std::string& name() const override { return name_; }
  Result<bool> has_more(int64_t position) override { return static_cast<size_t>(position) < bytes_.size(); }
  using SourcePartition::next_turn;
  Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& from, TurnBuffer&,
                                              std::optional<int64_t>) override {
    std::string_view rest = std::string_view(bytes_).substr(static_cast<size_t>(from.position));
    if (rest.empty()) return std::optional<SourceTurn>();
    TurnCut cut = cut_turn(form_, rest, Follows::nothing);
    SourceTurn turn;
    turn.bytes = rest.substr(0, cut.bytes == 0 ? rest.size() : cut.bytes);
    turn.begin = from;
    turn.end.position = from.position + static_cast<int64_t>(turn.bytes.size());
    turn.end.line = from.line + static_cast<int64_t>(count_line_ends(form_.format, turn.bytes));
    turn.long_record_bytes = cut.long_record ? turn.bytes.size() : 0;
    return std::optional<SourceTurn>(turn);
  }
  Result<std::string> header() override { return std::string(find_header(form_, bytes_, true)); }
  Result<uint64_t> fingerprint(int64_t position) override {
    return key_hash(std::string_view(bytes_).substr(0, static_cast<size_t>(position)));
  }

 private:
  std::string name_ = "inline";
  std::string bytes_;
  RecordForm form_;
};

}  // namespace

Status JobInputs::go_back_to(StateStore& store) {
  for (size_t source = 0; source < program_.sources.size(); ++source) {
    const SourceSpec& spec = program_.sources[source];
    if (spec.is_static()) continue;
    BRAID_ASSIGN(const std::vector<Stored> stored, read_stored_inputs(spec, store));
    for (Partition& partition : partitions_) {
      if (partition.source != static_cast<int>(source)) continue;
      const auto known = std::ranges::find(stored, partition.name, &Stored::name);
      partition.known = known != stored.end();
      partition.position = partition.known ? known->position : partition.begin;
      partition.header.clear();
      partition.exhausted = partition.changed = false;
      if (partition.known && partition.reader != nullptr && !spec.is_of_broker())
        BRAID_TRY(go_on_behind(partition, *known));
    }
  }
  return {};
}

Status JobInputs::go_on_behind(Partition& partition, const Stored& stored) {
  const int64_t position = stored.position.position;
  BRAID_ASSIGN(uint64_t fingerprint, partition.reader->fingerprint(position));
  if (fingerprint != stored.fingerprint)
    return Error{ErrorKind::input, "`" + partition.reader->name() + "` is not the file that was read before",
                 kInputReplaced, 0};
  BRAID_ASSIGN(bool grew_in_record, partition.reader->grew_in_record(position));
  if (grew_in_record) warn(diag::GrewInRecord{.path = partition.reader->name(), .offset = position}.make());
  if (position > 0 && has_header(record_form(program_.sources[partition.source]).format)) {
    BRAID_ASSIGN(partition.header, partition.reader->header());
  }
  return {};
}

Status JobInputs::open(StateStore& store) {
  for (size_t source = 0; source < program_.sources.size(); ++source)
    BRAID_TRY(open_source(static_cast<int>(source), store));
  return {};
}

Result<std::string> JobInputs::name_of(const std::string& path) {
  if (root_.empty()) return path;
  auto within = [](const std::string& place, const std::string& folder) {
    return place.starts_with(folder + "/") ? place.substr(folder.size() + 1) : std::string();
  };
  BRAID_ASSIGN(const std::string here, fs_.canonical("."));
  auto absolute = [&](const std::string& written) {
    return normal_path(written.starts_with('/') ? written : join_path(here, written));
  };
  const std::string root = absolute(root_);
  // As it is written, so that a link in the project may lead out of it; then, whether the project was named by a link.
  const std::string written = absolute(path);
  if (std::string name = within(written, root); !name.empty()) return name;
  BRAID_ASSIGN(const std::string real_root, fs_.canonical(root_));
  BRAID_ASSIGN(const std::string real_folder, fs_.canonical(parent_directory(path)));
  const std::string name = within(join_path(real_folder, path.substr(path.find_last_of('/') + 1)), real_root);
  return name.empty() ? written : name;
}

Result<std::vector<StoredInput>> read_stored_inputs(const SourceSpec& spec, StateStore& store) {
  std::map<uint32_t, StoredInput> stored;  // by ordinal
  std::string prefix = input_prefix(spec);
  BRAID_TRY(store.scan(StateFamily::meta, prefix, [&](std::string_view key, std::string_view value) -> Status {
    WireReader in(value);
    auto ordinal = in.fixed<uint32_t>();
    StoredInput& known = stored[ordinal];
    known.name = key.substr(prefix.size());
    known.position.position = in.fixed<int64_t>();
    known.position.line = in.fixed<int64_t>();
    known.fingerprint = in.fixed<uint64_t>();
    if (!in.at_end()) {  // stores of before have none
      known.generation = in.fixed<uint32_t>();
      known.finished = in.fixed<uint8_t>() != 0;
    }
    if (in.failed()) return Error{ErrorKind::store, "the stored position of an input cannot be read", kStoreCorrupt, 0};
    return {};
  }));
  std::vector<StoredInput> in_order;
  for (auto& [ordinal, known] : stored) in_order.push_back(std::move(known));
  return in_order;
}

Status JobInputs::open_source(int source, StateStore& store) {
  const SourceSpec& spec = program_.sources[source];
  BRAID_ASSIGN(const std::vector<Stored> stored, read_stored_inputs(spec, store));
  BRAID_ASSIGN(const auto found, find_files(spec));
  BRAID_ASSIGN(const std::vector<std::optional<std::string>> paths, find_known(source, stored, found));
  for (size_t i = 0; i < stored.size(); ++i) {
    Stored known = stored[i];
    known.finished |= !paths[i].has_value();
    BRAID_TRY(add(source, known.name, known.generation, paths[i].value_or(""), &known));
    partitions_.back().changed |= known.finished && !stored[i].finished;
  }
  for (const auto& [name, path] : found) {
    if (spec.binding.kind != "file" || spec.is_static()) {
      if (newest_of(source, name) == nullptr) BRAID_TRY(add(source, name, 1, path, nullptr));
      continue;
    }
    BRAID_ASSIGN(const FileInfo file, fs_.stat(path));
    BRAID_TRY(add_found(source, name, path, file));
  }
  return {};
}

Result<std::vector<std::optional<std::string>>> JobInputs::find_known(
    int source, const std::vector<Stored>& stored, const std::vector<std::pair<std::string, std::string>>& found) {
  const SourceSpec& spec = program_.sources[source];
  const std::map<std::string, std::string> named(found.begin(), found.end());
  const bool moves = spec.binding.kind == "file" && !spec.is_static();
  std::vector<std::optional<std::string>> paths(stored.size());
  FileSet taken;
  // What was read tells which file it was. One of which nothing was read may be any that is left under its name: if
  // there is none, it was renamed, and is found as another one.
  for (const bool was_read : {true, false}) {
    for (size_t i = 0; i < stored.size(); ++i) {
      const Stored& known = stored[i];
      if ((known.position.position > 0) != was_read) continue;
      const std::string name = known.first_name();
      // The pattern may find a file no longer that was read before.
      const auto at = named.find(name);
      const bool as_named = name.starts_with('/') || name == "-" || root_.empty();
      std::string path = at != named.end() ? at->second : as_named ? name : join_path(root_, name);
      if (moves && !known.finished) {
        if (was_read) {
          BRAID_ASSIGN(const std::optional<std::string> moved, find_moved(source, known, path, taken));
          if (moved) path = *moved;
        }
        BRAID_ASSIGN(const FileInfo file, fs_.stat(path));
        if (!was_read && (!file.exists || taken.contains({file.device, file.inode}))) continue;
        if (file.exists) taken.emplace(file.device, file.inode);
      }
      paths[i] = std::move(path);
    }
  }
  return paths;
}

Result<std::vector<std::pair<std::string, std::string>>> JobInputs::find_files(const SourceSpec& spec) {
  std::vector<std::pair<std::string, std::string>> found;
  if (spec.binding.kind == "elsewhere") return found;
  if (spec.is_of_broker()) {
    BRAID_CHECK(topics_ != nullptr, "a topic is to be read, and there is no broker");
    BRAID_ASSIGN(const auto places, find_topic_partitions(*topics_, spec, spec.is_static()));
    for (const TopicPartition& place : places) found.emplace_back(braid::name_of(place), "");
    return found;
  }
  if (spec.binding.kind != "file") {
    const std::string name = spec.binding.kind == "stdin" ? "-" : "inline";
    found.emplace_back(name, name);
    return found;
  }
  // Files of a live input may come later.
  auto paths =
      nature_.live && !spec.is_static() ? fs_.glob(spec.binding.address) : find_partitions(fs_, spec.binding.address);
  if (!paths.ok()) {
    Error error = paths.error();
    if (error.code == diag::NoFileMatches::kCode) error.message += ", which `" + spec.name + "` reads";
    return error;
  }
  for (std::string& path : *paths) {
    BRAID_ASSIGN(std::string name, name_of(path));
    found.emplace_back(std::move(name), std::move(path));
  }
  return found;
}

Status JobInputs::add(int source, const std::string& name, uint32_t generation, const std::string& path,
                      const Stored* stored) {
  const SourceSpec& spec = program_.sources[source];
  const RecordForm form = record_form(spec);
  Partition partition;
  partition.source = source;
  // A partition of a topic has its number in each task, so that records of all tasks differ in their origin.
  partition.ordinal = static_cast<uint32_t>(
      spec.is_of_broker() ? place_of(name).partition
                          : std::count_if(partitions_.begin(), partitions_.end(),
                                          [&](const Partition& p) { return p.source == source; }));
  partition.name = name;
  partition.path = path;
  partition.generation = generation;
  partition.first_seen = stored == nullptr;
  if (stored != nullptr && stored->finished) {
    partition.known = partition.exhausted = partition.finishing = partition.finished = true;
    partition.position = stored->position;
    partition.changed = false;
    partitions_.push_back(std::move(partition));
    return {};
  }
  if (spec.is_of_broker()) {
    BRAID_TRY(open_topic(partition, stored));
    partitions_.push_back(std::move(partition));
    return {};
  }
  if (spec.binding.kind == "inline") {
    partition.reader = std::make_unique<InlinePartition>(spec.binding.address, form);
  } else {
    BRAID_ASSIGN(partition.reader, open_partition(fs_, path, form, nature_.complete || spec.is_static()));
  }
  BRAID_ASSIGN(partition.file, partition.reader->file());
  if (stored != nullptr && !spec.is_static() && spec.binding.kind != "stdin") {
    partition.known = true;
    partition.position = stored->position;
    BRAID_TRY(go_on_behind(partition, *stored));
  }
  partitions_.push_back(std::move(partition));
  return {};
}

Status JobInputs::open_topic(Partition& partition, const Stored* stored) {
  const SourceSpec& spec = program_.sources[partition.source];
  const TopicPartition place = place_of(partition.name);
  TopicAccess access = *topics_;
  // Reference data is read to its end, before all else. Where another stage ends, nobody knows.
  access.bounded = (access.bounded || spec.is_static()) && !spec.is_exchange();
  access.live &= !spec.is_static();
  if (spec.is_static()) access.traces = nullptr;
  BRAID_ASSIGN(partition.reader,
               open_topic_partition(access, place, topic_form(spec), partition.source, partition.ordinal));
  if (stored != nullptr && !spec.is_static()) {
    partition.known = true;
    partition.position = stored->position;
    return {};
  }
  BRAID_ASSIGN(partition.begin.position, first_offset(access, spec, place));
  partition.position = partition.begin;
  return {};
}

JobInputs::Partition* JobInputs::choose(const TurnEngine& engine) {
  Partition* best = nullptr;
  std::pair<bool, int64_t> lowest;  // has event time, W
  for (Partition& partition : partitions_) {
    const SourceSpec& spec = program_.sources[partition.source];
    if (partition.exhausted || spec.is_static()) continue;
    const int64_t w = spec.has_time ? engine.turn_watermark(partition.source, partition.ordinal) : kNoTime;
    const std::pair<bool, int64_t> rank{spec.has_time, w};
    if (best != nullptr && rank >= lowest) continue;
    best = &partition;
    lowest = rank;
  }
  return best;
}

JobInputs::Partition* JobInputs::find(uint32_t source, uint32_t ordinal) {
  for (Partition& partition : partitions_)
    if (partition.source == static_cast<int>(source) && partition.ordinal == ordinal) return &partition;
  return nullptr;
}

std::vector<JobInputs::Partition*> JobInputs::table_partitions(int source) {
  std::vector<Partition*> found;
  for (Partition& partition : partitions_)
    if (partition.source == source) found.push_back(&partition);
  return found;
}

JobInputs::Lag JobInputs::lag(const Partition& partition) const {
  if (partition.reader == nullptr) return {.bytes = 0};
  if (const auto records = partition.reader->records_behind(partition.position.position)) return {.records = records};
  const Result<FileInfo> file = partition.reader->file();
  if (!file.ok() || !file->exists) return {};
  const auto position = static_cast<uint64_t>(partition.position.position);
  return {.bytes = file->size > position ? file->size - position : 0};
}

bool JobInputs::waits(const Partition& partition) {
  const std::string* reason = partition.reader == nullptr ? nullptr : partition.reader->waits_for();
  if (reason == nullptr) return false;
  warn(diag::WaitsForSchema{
      .relation = program_.sources[partition.source].name, .partition = "`" + partition.name + "`", .reason = *reason}
           .make());
  return true;
}

Result<std::optional<SourceTurn>> JobInputs::read(Partition& partition) {
  return partition.reader->next_turn(partition.position, buffer_);
}

void JobInputs::pass(Partition& partition, const SourceTurn& turn) {
  if (turn.warning) warn(*turn.warning);
  partition.position = turn.end;
  partition.changed = true;
}

void JobInputs::note_end(const Partition& partition, std::string_view header) {
  if (nature_.live || program_.sources[partition.source].is_of_broker()) return;  // there is no end
  const std::string path = partition.reader->name() == "-" ? "standard input" : partition.reader->name();
  const int64_t position = partition.position.position;
  if (const auto held = static_cast<int64_t>(partition.reader->held_bytes()); held > 0)
    warn(diag::LastRecordHeld{.path = path, .bytes = held, .offset = position}.make());
  else if (!partition.known && partition.records == 0 && position > 0)
    warn(diag::NoRecordFound{
        .path = path, .bytes = position, .found = header.empty() ? "blank" : "the header line and nothing else"}
             .make());
}

void JobInputs::warn(const Diagnostic& warning) {
  // Static tables are read twice.
  const bool known = std::any_of(warnings_.begin(), warnings_.end(),
                                 [&](const Diagnostic& each) { return each.message == warning.message; });
  if (!known) warnings_.push_back(warning);
}

Status JobInputs::collect(StateBatch& batch) {
  for (Partition& partition : partitions_) {
    if (!partition.changed) continue;
    const SourceSpec& spec = program_.sources[partition.source];
    uint64_t fingerprint = 0;
    if (spec.binding.kind != "stdin" && partition.reader != nullptr) {
      BRAID_ASSIGN(fingerprint, partition.reader->fingerprint(partition.position.position));
    }
    if (partition.finished) partition.reader.reset();
    WireWriter out;
    out.fixed(partition.ordinal);
    out.fixed(partition.position.position);
    out.fixed(partition.position.line);
    out.fixed(fingerprint);
    out.fixed(partition.generation);
    out.fixed(static_cast<uint8_t>(partition.finished));
    batch.put(StateFamily::meta, input_prefix(spec) + partition.name, out.take());
    partition.changed = false;
  }
  return {};
}

}  // namespace braid
