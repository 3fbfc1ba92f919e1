#include "runtime/snapshot/folder_store.h"

#include <cerrno>

#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr std::string_view kUnfinished = ".tmp";

}  // namespace

Error FolderStore::unreadable(const Error& cause) const {
  const Diagnostic found = diag::SnapshotsNotReadable{.place = root_, .reason = cause.message}.make();
  return {ErrorKind::store, found.message, found.code, cause.system_error};
}

Error FolderStore::unwritable(const Error& cause) const {
  const bool full = cause.system_error == ENOSPC || cause.system_error == EDQUOT;
  const Diagnostic found = full ? diag::SnapshotsFull{.place = root_}.make()
                                : diag::SnapshotsNotWritable{.place = root_, .reason = cause.message}.make();
  return {ErrorKind::store, found.message, found.code, cause.system_error};
}

Status FolderStore::put(const std::string& name, uint64_t size, const NextPiece& next) {
  const std::string path = join_path(root_, name);
  const std::string unfinished = path + std::string(kUnfinished);
  if (Status made = fs_.make_directories(parent_directory(path)); !made.ok()) return unwritable(made.error());
  if (Status written = write(unfinished, size, next); !written.ok()) {
    (void)fs_.remove(unfinished);
    return written.error();
  }
  Status placed = fs_.rename(unfinished, path);
  if (placed.ok()) placed = fs_.sync_directory(parent_directory(path));
  if (!placed.ok()) return unwritable(placed.error());
  return {};
}

Status FolderStore::write(const std::string& path, uint64_t size, const NextPiece& next) {
  Result<std::unique_ptr<FileWriter>> file = fs_.open_writer(path, OpenMode::replace);
  if (!file.ok()) return unwritable(file.error());
  for (uint64_t written = 0;;) {
    BRAID_ASSIGN(const std::string_view piece, next());
    if (piece.empty()) {
      BRAID_CHECK(written == size, "an object of another size than announced");
      break;
    }
    if (Status appended = (*file)->append(piece); !appended.ok()) return unwritable(appended.error());
    written += piece.size();
  }
  if (Status synced = (*file)->sync(); !synced.ok()) return unwritable(synced.error());
  return {};
}

Status FolderStore::get(const std::string& name, const TakePiece& take) {
  Result<std::unique_ptr<FileReader>> file = fs_.open_reader(join_path(root_, name));
  if (!file.ok()) return unreadable(file.error());
  std::string piece(kPieceBytes, '\0');
  for (uint64_t offset = 0;;) {
    const Result<size_t> count = (*file)->read_at(offset, piece.data(), piece.size());
    if (!count.ok()) return unreadable(count.error());
    if (*count == 0) return {};
    BRAID_TRY(take(std::string_view(piece).substr(0, *count)));
    offset += *count;
  }
}

Result<std::vector<std::string>> FolderStore::list(const std::string& folder) {
  return list_files(folder, true);
}

Result<std::vector<std::string>> FolderStore::list_unfinished(const std::string& folder) {
  return list_files(folder, false);
}

Result<std::vector<std::string>> FolderStore::list_files(const std::string& folder, bool finished) {
  const std::string path = join_path(root_, folder);
  const Result<FileInfo> info = fs_.stat(path);
  if (!info.ok()) return unreadable(info.error());
  if (!info->exists) return std::vector<std::string>();
  Result<std::vector<std::string>> names = fs_.list_directory(path);
  if (!names.ok()) return unreadable(names.error());
  std::erase_if(*names, [&](const std::string& name) { return name.ends_with(kUnfinished) == finished; });
  if (!finished)
    for (std::string& name : *names) name.resize(name.size() - kUnfinished.size());
  return names;
}

Status FolderStore::remove(const std::string& name) {
  const std::string path = join_path(root_, name);
  Status removed = fs_.remove(path);
  if (removed.ok()) removed = fs_.remove(path + std::string(kUnfinished));
  if (!removed.ok()) return unwritable(removed.error());
  return {};
}

}  // namespace braid
