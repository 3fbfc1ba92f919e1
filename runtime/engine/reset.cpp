// Starting over: what a store holds and names is deleted; what cannot be believed is moved aside.
#include <map>
#include <set>

#include "runtime/engine/job_store.h"

namespace braid {
namespace {

/// Only the state knew which results are the job's: those in the store go aside with it. State last, so that a crash in
/// between finds it damaged still.
Status move_aside(Fs& fs, const std::string& directory) {
  const std::string state = join_path(directory, "state"), out = join_path(directory, "out");
  std::string suffix = ".corrupt";
  for (int i = 1;; ++i) {
    BRAID_ASSIGN(FileInfo taken, fs.stat(state + suffix));
    BRAID_ASSIGN(FileInfo taken_too, fs.stat(out + suffix));
    if (!taken.exists && !taken_too.exists) break;
    suffix = ".corrupt" + std::to_string(i);
  }
  for (const std::string& part : {out, state}) {
    BRAID_ASSIGN(FileInfo info, fs.stat(part));
    if (info.exists) BRAID_TRY(fs.rename(part, part + suffix));
  }
  BRAID_TRY(remove_identity(fs, directory));
  return fs.sync_directory(directory);
}

/// Whether the state can be believed, and if so which outputs it names.
Result<bool> read_outputs(const std::string& directory, const JobSeams& seams, StoreHeader& header,
                          std::vector<std::string>& stored) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(seams.fs, directory));
  Result<std::unique_ptr<StateStore>> store = seams.open_store(join_path(directory, "state"));
  if (!store.ok()) return false;
  Result<std::optional<StoreHeader>> found = read_header(**store, directory, identity);
  if (!found.ok() || (identity && (*store)->commits() < identity->commits)) return false;
  if (found->has_value()) header = **found;
  BRAID_TRY((*store)->scan(StateFamily::meta, OutputFiles::kKeyPrefix,
                           [&](std::string_view, std::string_view value) -> Status {
                             BRAID_ASSIGN(OutputFiles::Stored output, OutputFiles::read_stored(value));
                             stored.push_back(std::move(output.place));
                             return {};
                           }));
  return true;
}

/// Folders that a name with `{field}` has made, and that have nothing any more: their names may tell of somebody. Such
/// a folder stands beside others of the same outputs.
Status remove_emptied(Fs& fs, const std::vector<std::string>& outputs) {
  std::map<std::string, std::set<std::string>> folders;  // by the folder above
  for (const std::string& output : outputs) {
    const std::string folder = parent_directory(output);
    if (output.starts_with('/')) folders[parent_directory(folder)].insert(folder);
  }
  for (const auto& [above, below] : folders) {
    if (below.size() < 2) continue;
    for (const std::string& folder : below) {
      BRAID_ASSIGN(const FileInfo info, fs.stat(folder));
      if (!info.exists) continue;
      BRAID_ASSIGN(const std::vector<std::string> names, fs.list_directory(folder));
      if (names.empty()) BRAID_TRY(fs.remove(folder));
    }
    BRAID_TRY(fs.sync_directory(above));
  }
  return {};
}

}  // namespace

Status reset_job(const std::string& directory, const JobSeams& seams) {
  Fs& fs = seams.fs;
  BRAID_ASSIGN(std::unique_ptr<FileLock> lock, lock_store(fs, directory));
  BRAID_TRY(check_no_erasure(fs, directory));
  const std::string state = join_path(directory, "state");
  BRAID_ASSIGN(FileInfo info, fs.stat(state));
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(fs, directory));
  if (!info.exists) return identity && identity->commits > 0 ? move_aside(fs, directory) : Status();
  StoreHeader header;
  std::vector<std::string> stored;
  BRAID_ASSIGN(bool believed, read_outputs(directory, seams, header, stored));
  if (!believed) return move_aside(fs, directory);

  BRAID_ASSIGN(StorePlace store, place_of_store(fs, directory, header.id));
  std::vector<std::string> paths;
  std::vector<std::unique_ptr<FileWriter>> held;  // the last outputs elsewhere, until they are deleted
  for (const std::string& place : stored) {
    BRAID_ASSIGN(OutputPlace output,
                 place_output(fs, store, directory, place.starts_with('/') ? place : join_path(directory, place)));
    BRAID_ASSIGN(FileInfo file, fs.stat(output.path));
    if (!file.exists || file.directory) continue;
    if (!output.elsewhere()) {
      paths.push_back(output.path);
      continue;
    }
    BRAID_ASSIGN(held.emplace_back(), fs.open_writer(output.path, OpenMode::append));
    BRAID_ASSIGN(bool free, held.back()->lock());
    if (!free) {
      const Diagnostic used = diag::OutputInUse{.path = output.path}.make();
      return Error{ErrorKind::output, used.message, used.code, 0};
    }
    constexpr size_t kMostHeld = 64;  // a product may have thousands of files
    if (held.size() > kMostHeld) held.erase(held.begin());
    BRAID_ASSIGN(bool owned, owns_output(fs, store, output.stored));
    if (owned) paths.push_back(output.stored);
  }
  for (const std::string& path : paths) BRAID_TRY(path.starts_with('/') ? remove_owned(fs, path) : fs.remove(path));
  for (const std::string& path : paths) {
    BRAID_ASSIGN(FileInfo parent, fs.stat(parent_directory(path)));
    if (parent.exists) BRAID_TRY(fs.sync_directory(parent_directory(path)));
  }
  BRAID_TRY(remove_emptied(fs, paths));
  BRAID_TRY(fs.remove_tree(join_path(directory, "rebuild")));
  BRAID_TRY(fs.remove_tree(join_path(directory, "rebuild.done")));
  BRAID_TRY(fs.remove_tree(join_path(directory, "erasing")));
  BRAID_TRY(remove_identity(fs, directory));
  BRAID_TRY(fs.remove_tree(state));
  return fs.sync_directory(directory);
}

}  // namespace braid
