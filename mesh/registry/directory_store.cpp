#include "mesh/registry/directory_store.h"

#include <algorithm>
#include <cerrno>

#include "mesh/registry/store_errors.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

constexpr std::string_view kTemporary = ".tmp";
constexpr std::string_view kLock = ".lock";
const std::string kTurnLock = "registry.lock";

class DirectoryTurn : public ObjectStore::Turn {
 public:
  explicit DirectoryTurn(std::unique_ptr<FileLock> lock) : lock_(std::move(lock)) {}

 private:
  std::unique_ptr<FileLock> lock_;
};

/// Null if somebody else has it.
Result<std::unique_ptr<FileLock>> try_lock(Fs& fs, const std::string& path) {
  Result<std::unique_ptr<FileLock>> lock = fs.lock(path);
  if (!lock.ok() && lock.error().system_error == EWOULDBLOCK) return std::unique_ptr<FileLock>();
  return lock;
}

Status make_parent(Fs& fs, const std::string& path) {
  return fs.make_directories(parent_directory(path));
}

}  // namespace

Status DirectoryStore::check_it_is_there() {
  BRAID_ASSIGN(const FileInfo root, fs_.stat(root_));
  std::vector<std::string> entries;
  if (root.exists) {
    BRAID_ASSIGN(entries, fs_.list_directory(root_));
  }
  // The lock of a turn is made before anything is written.
  const bool has_something = std::ranges::any_of(entries, [](const std::string& name) { return name != kTurnLock; });
  if (has_something) {
    had_something_ = true;
    return {};
  }
  if (!had_something_) return {};
  return error_of(ErrorKind::input, diag::RegistryGone{.place = root_}.make());
}

Result<std::optional<std::string>> DirectoryStore::read(const std::string& name) {
  BRAID_ASSIGN(const FileInfo info, fs_.stat(path_of(name)));
  if (!info.exists) {
    BRAID_TRY(check_it_is_there());
    return std::optional<std::string>();
  }
  BRAID_ASSIGN(std::string content, fs_.read_file(path_of(name)));
  had_something_ = true;
  return std::optional<std::string>(std::move(content));
}

Result<bool> DirectoryStore::put_if_absent(const std::string& name, const std::string& content) {
  const std::string path = path_of(name);
  BRAID_TRY(check_it_is_there());
  BRAID_TRY(make_parent(fs_, path));
  BRAID_ASSIGN(const FileInfo info, fs_.stat(path));
  if (info.exists) {
    // Whoever wrote it may have been killed before its name was durable.
    BRAID_TRY(fs_.sync_directory(parent_directory(path)));
    return false;
  }
  BRAID_ASSIGN(const std::string id, fs_.unique_id());
  const std::string temporary = path + "." + id + std::string(kTemporary);
  {
    BRAID_ASSIGN(std::unique_ptr<FileWriter> writer, fs_.open_writer(temporary, OpenMode::create_new));
    BRAID_TRY(writer->append(content));
    BRAID_TRY(writer->sync());
  }
  BRAID_TRY(fs_.rename(temporary, path));
  BRAID_TRY(fs_.sync_directory(parent_directory(path)));
  return true;
}

Result<std::optional<StoredHead>> DirectoryStore::read_head(const std::string& name) {
  BRAID_ASSIGN(std::optional<std::string> content, read(name));
  if (!content) return std::optional<StoredHead>();
  return std::optional<StoredHead>({.content = *content, .etag = *content});
}

Result<bool> DirectoryStore::swap_head(const std::string& name, const std::optional<std::string>& etag,
                                       const std::string& content) {
  const std::string path = path_of(name);
  BRAID_TRY(check_it_is_there());
  BRAID_TRY(make_parent(fs_, path));
  BRAID_ASSIGN(const std::unique_ptr<FileLock> lock, try_lock(fs_, path + std::string(kLock)));
  if (lock == nullptr) return false;
  BRAID_ASSIGN(const std::optional<StoredHead> now, read_head(name));
  if (now.has_value() != etag.has_value() || (now && now->etag != *etag)) return false;
  BRAID_TRY(fs_.write_file(path, content));
  return true;
}

Status DirectoryStore::collect(const std::string& folder, bool leftovers, std::vector<std::string>& names) {
  const std::string path = path_of(folder);
  BRAID_ASSIGN(const FileInfo info, fs_.stat(path));
  if (!info.exists) return {};
  BRAID_ASSIGN(const std::vector<std::string> entries, fs_.list_directory(path));
  for (const std::string& entry : entries) {
    const std::string name = folder + "/" + entry;
    BRAID_ASSIGN(const FileInfo below, fs_.stat(path_of(name)));
    if (below.directory)
      BRAID_TRY(collect(name, leftovers, names));
    else if (below.exists && !entry.ends_with(kLock) && entry.ends_with(kTemporary) == leftovers)
      names.push_back(name);
  }
  return {};
}

Result<std::vector<std::string>> DirectoryStore::list(const std::string& folder) {
  std::vector<std::string> names;
  BRAID_TRY(check_it_is_there());
  BRAID_TRY(collect(folder, false, names));
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> DirectoryStore::list_leftovers(const std::string& folder) {
  std::vector<std::string> names;
  BRAID_TRY(collect(folder, true, names));
  std::sort(names.begin(), names.end());
  return names;
}

Status DirectoryStore::remove(const std::string& name) {
  return fs_.remove(path_of(name));
}

Result<std::unique_ptr<ObjectStore::Turn>> DirectoryStore::take_turn() {
  const std::string path = path_of(kTurnLock);
  BRAID_TRY(check_it_is_there());
  BRAID_TRY(make_parent(fs_, path));
  BRAID_ASSIGN(std::unique_ptr<FileLock> lock, try_lock(fs_, path));
  if (lock == nullptr) return std::unique_ptr<Turn>();
  return std::unique_ptr<Turn>(std::make_unique<DirectoryTurn>(std::move(lock)));
}

}  // namespace braid::mesh
