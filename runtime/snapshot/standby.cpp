#include "runtime/snapshot/standby.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "runtime/data/stream_digest.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

Error cancelled() {
  return {ErrorKind::store, "copying snapshots was cancelled", 0, ECANCELED};
}

}  // namespace

StandbyStore::StandbyStore(SnapshotStore& shared, Fs& local, std::string directory, uint64_t limit)
    : shared_(shared), local_(local), directory_(std::move(directory)), limit_(limit), copies_(local, directory_) {}

Status StandbyStore::get(const std::string& name, const TakePiece& take) {
  bool here = false;
  {
    const std::lock_guard lock(mutex_);
    here = here_.contains(name);
  }
  if (!here) return shared_.get(name, take);
  bool begun = false;
  Status got = copies_.get(name, [&](std::string_view piece) {
    begun = true;
    return take(piece);
  });
  // It may have been deleted just now.
  return got.ok() || begun ? got : shared_.get(name, take);
}

bool StandbyStore::drop_copy(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    if (here_.erase(name) == 0) return false;
  }
  (void)copies_.remove(name);
  return true;
}

Result<StandbyRefresh> StandbyStore::refresh(std::span<const SnapshotOwner> owners, const std::function<bool()>& stop) {
  StandbyRefresh result;
  std::vector<Wanted> missing;
  std::set<std::string> wanted;
  std::map<std::string, uint64_t> sizes;
  for (const SnapshotOwner& owner : owners) {
    if (stop()) return cancelled();
    BRAID_ASSIGN(std::vector<Wanted> files, newest(owner));
    if (files.empty()) continue;
    uint64_t bytes = 0;
    for (const Wanted& each : files) bytes += each.file.size;
    if (result.bytes + bytes > limit_) {
      ++result.left_out;
      continue;
    }
    ++result.tasks;
    result.bytes += bytes;
    for (Wanted& each : files) {
      wanted.insert(each.name);
      sizes[each.name] = each.file.size;
      missing.push_back(std::move(each));
    }
  }
  // What is there, first of all from a process before. Copies that nobody needs make room before others come.
  std::set<std::string> kept;
  for (const SnapshotOwner& owner : owners) {
    Result<std::vector<std::string>> names = copies_.list(owner.files());
    Result<std::vector<std::string>> unfinished = copies_.list_unfinished(owner.files());
    if (!names.ok()) return not_kept(names.error());
    if (!unfinished.ok()) return not_kept(unfinished.error());
    names->insert(names->end(), unfinished->begin(), unfinished->end());
    for (const std::string& name : *names) {
      const std::string object = owner.files() + "/" + name;
      const Result<FileInfo> info = local_.stat(join_path(directory_, object));
      if (wanted.contains(object) && info.ok() && info->size == sizes[object]) {
        kept.insert(object);
      } else if (Status removed = copies_.remove(object); !removed.ok()) {
        return not_kept(removed.error());
      }
    }
  }
  BRAID_TRY(remove_others(owners));
  {
    const std::lock_guard lock(mutex_);
    here_ = kept;
  }
  for (const Wanted& each : missing) {
    if (kept.contains(each.name)) continue;
    BRAID_ASSIGN(const bool found, fetch(each, stop));
    if (!found) continue;
    result.fetched += each.file.size;
    const std::lock_guard lock(mutex_);
    here_.insert(each.name);
  }
  return result;
}

Result<std::vector<StandbyStore::Wanted>> StandbyStore::newest(const SnapshotOwner& owner) {
  constexpr uint64_t kLongestManifest = 64 << 20;
  BRAID_ASSIGN(std::vector<std::string> names, shared_.list(owner.manifests()));
  std::vector<Wanted> files;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!ManifestName::parse(*name)) continue;
    const Result<std::string> text = shared_.get_text(owner.manifests() + "/" + *name, kLongestManifest);
    if (!text.ok() && text.error().system_error == ENOENT) continue;  // deleted meanwhile
    if (!text.ok()) return text.error();
    const Result<SnapshotManifest> manifest = SnapshotManifest::parse(*text);
    if (!manifest.ok()) continue;  // whoever needs it reports it
    for (const SnapshotFile& file : manifest->files) files.push_back({owner.files() + "/" + file.object, file});
    break;
  }
  return files;
}

Result<bool> StandbyStore::fetch(const Wanted& wanted, const std::function<bool()>& stop) {
  const std::string path = join_path(directory_, wanted.name), unfinished = path + ".tmp";
  if (Status made = local_.make_directories(parent_directory(path)); !made.ok()) return not_kept(made.error());
  Result<std::unique_ptr<FileWriter>> writer = local_.open_writer(unfinished, OpenMode::replace);
  if (!writer.ok()) return not_kept(writer.error());
  StreamDigest digest;
  uint64_t size = 0;
  std::optional<Error> here;  // what failed on this machine
  const Status got = shared_.get(wanted.name, [&](std::string_view piece) -> Status {
    if (stop()) return *(here = cancelled());
    size += piece.size();
    digest.add(piece);
    if (Status appended = (*writer)->append(piece); !appended.ok()) return *(here = not_kept(appended.error()));
    return {};
  });
  Status synced = got.ok() ? (*writer)->sync() : Status();
  writer->reset();
  const bool whole = got.ok() && size == wanted.file.size && digest.value() == wanted.file.hash;
  if (!whole || !synced.ok()) (void)local_.remove(unfinished);
  if (here) return *here;
  if (!synced.ok()) return not_kept(synced.error());
  if (!got.ok() && got.error().system_error != ENOENT) return got.error();
  if (!whole) return false;  // whoever needs a damaged one reports it
  Status placed = local_.rename(unfinished, path);
  if (placed.ok()) placed = local_.sync_directory(parent_directory(path));
  if (!placed.ok()) return not_kept(placed.error());
  return true;
}

Status StandbyStore::remove_others(std::span<const SnapshotOwner> owners) {
  if (owners.empty()) {
    const Status removed = local_.remove_tree(directory_);
    return removed.ok() ? removed : Status(not_kept(removed.error()));
  }
  // DIRECTORY/JOB/TASK/files
  std::set<std::string> tasks;
  for (const SnapshotOwner& owner : owners) tasks.insert(parent_directory(owner.files()));
  const std::string job = parent_directory(*tasks.begin());
  const std::string folder = join_path(directory_, job);
  Result<FileInfo> info = local_.stat(folder);
  if (!info.ok()) return not_kept(info.error());
  if (!info->exists) return {};
  const Result<std::vector<std::string>> names = local_.list_directory(folder);
  if (!names.ok()) return not_kept(names.error());
  for (const std::string& name : *names)
    if (!tasks.contains(job + "/" + name))
      if (Status removed = local_.remove_tree(join_path(folder, name)); !removed.ok()) return not_kept(removed.error());
  return {};
}

Error StandbyStore::not_kept(const Error& cause) const {
  const Diagnostic found = diag::StandbyNotKept{.place = directory_, .reason = cause.message}.make();
  return {ErrorKind::store, found.message, found.code, cause.system_error};
}

std::vector<SnapshotOwner> standby_order(const std::string& job, int32_t tasks, std::span<const int32_t> own,
                                         std::string_view instance) {
  std::vector<std::pair<uint64_t, int32_t>> order;
  for (int32_t task = 0; task < tasks; ++task) {
    if (std::ranges::find(own, task) != own.end()) continue;
    StreamDigest digest;
    digest.add(instance);
    digest.add(std::string_view(reinterpret_cast<const char*>(&task), sizeof(task)));
    order.emplace_back(digest.value(), task);
  }
  std::ranges::sort(order);
  std::vector<SnapshotOwner> owners;
  for (const auto& [weight, task] : order) owners.push_back({job, std::to_string(task)});
  return owners;
}

}  // namespace braid
