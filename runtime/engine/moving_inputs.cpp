// Files that come, grow, are renamed and go, while a job follows them or between two of its runs.
#include <algorithm>

#include "runtime/engine/decode_source.h"
#include "runtime/engine/job_inputs.h"

namespace braid {
namespace {

bool same_file(const FileInfo& a, const FileInfo& b) {
  return a.exists && b.exists && a.device == b.device && a.inode == b.inode;
}

}  // namespace

const JobInputs::Partition* JobInputs::newest_of(int source, const std::string& first_name) const {
  const Partition* newest = nullptr;
  for (const Partition& partition : partitions_) {
    if (partition.source != source || partition.name != first_name + suffix(partition.generation)) continue;
    if (newest == nullptr || partition.generation > newest->generation) newest = &partition;
  }
  return newest;
}

Result<bool> JobInputs::is_read(int source, const std::string& path, const FileInfo& file) {
  for (const Partition& partition : partitions_) {
    if (partition.source != source || partition.reader == nullptr || !same_file(partition.file, file)) continue;
    if (partition.path == path) return true;
    // A second name of a file that has kept its first one is another partition; a renamed file is not.
    BRAID_ASSIGN(const FileInfo now, fs_.stat(partition.path));
    if (!same_file(now, file)) return true;
  }
  return false;
}

Result<bool> JobInputs::add_found(int source, const std::string& name, const std::string& path, const FileInfo& file) {
  if (!file.exists) return false;  // it has just gone
  BRAID_ASSIGN(const bool known, is_read(source, path, file));
  if (known) return false;
  const Partition* newest = newest_of(source, name);
  const uint32_t generation = newest == nullptr ? 1 : newest->generation + 1;
  BRAID_TRY(add(source, name + suffix(generation), generation, path, nullptr));
  // Renamed in the middle of this: the next look will see what is what.
  const bool raced = !same_file(partitions_.back().file, file);
  if (raced) partitions_.pop_back();
  return !raced;
}

Result<std::optional<std::string>> JobInputs::find_moved(int source, const Stored& stored, const std::string& path,
                                                         const FileSet& taken) {
  const RecordForm form = record_form(program_.sources[source]);
  const int64_t position = stored.position.position;
  auto is_it = [&](const std::string& candidate) -> Result<bool> {
    BRAID_ASSIGN(const FileInfo file, fs_.stat(candidate));
    if (!file.exists || file.directory || file.size < static_cast<uint64_t>(position)) return false;
    if (taken.contains({file.device, file.inode})) return false;
    auto reader = open_partition(fs_, candidate, form, true);
    if (!reader.ok()) return false;
    const auto fingerprint = (*reader)->fingerprint(position);
    return fingerprint.ok() && *fingerprint == stored.fingerprint;
  };
  BRAID_ASSIGN(const bool stayed, is_it(path));
  if (stayed) return std::optional<std::string>(path);
  auto names = fs_.list_directory(parent_directory(path));
  if (!names.ok()) return std::optional<std::string>();
  for (const std::string& name : *names) {
    const std::string candidate = join_path(parent_directory(path), name);
    BRAID_ASSIGN(const bool found, is_it(candidate));
    if (found) return std::optional<std::string>(candidate);
  }
  return std::optional<std::string>();
}

bool JobInputs::is_followed(const Partition& partition) const {
  const SourceSpec& spec = program_.sources[partition.source];
  return partition.exhausted && !partition.finishing && !spec.is_static() &&
         (spec.binding.kind == "file" || spec.is_of_broker());
}

Result<std::vector<JobInputs::Partition*>> JobInputs::find_new() {
  std::vector<Partition*> added;
  named_.assign(program_.sources.size(), {});
  for (size_t i = 0; i < program_.sources.size(); ++i) {
    const auto source = static_cast<int>(i);
    const SourceSpec& spec = program_.sources[i];
    if (spec.is_static() || spec.binding.kind != "file") continue;
    BRAID_ASSIGN(const auto found, find_files(spec));
    for (const auto& [name, path] : found) {
      BRAID_ASSIGN(const FileInfo file, fs_.stat(path));
      named_[i].emplace(file.device, file.inode);
      BRAID_ASSIGN(const bool is_new, add_found(source, name, path, file));
      if (is_new) added.push_back(&partitions_.back());
    }
  }
  return added;
}

Result<std::vector<JobInputs::Partition*>> JobInputs::find_grown() {
  std::vector<Partition*> grown;
  for (Partition& partition : partitions_) {
    if (!is_followed(partition)) continue;
    BRAID_ASSIGN(const bool more, partition.reader->has_more(partition.position.position));
    if (more)
      grown.push_back(&partition);
    else
      (void)waits(partition);
  }
  return grown;
}

std::vector<JobInputs::Partition*> JobInputs::find_replaced(int64_t quiet_since) {
  std::vector<Partition*> replaced;
  for (Partition& partition : partitions_) {
    if (!is_followed(partition) || partition.quiet_since > quiet_since) continue;
    if (program_.sources[partition.source].binding.kind != "file") continue;
    if (named_[partition.source].contains({partition.file.device, partition.file.inode})) continue;
    partition.finishing = true;
    partition.reader->finish();
    replaced.push_back(&partition);
  }
  return replaced;
}

}  // namespace braid
