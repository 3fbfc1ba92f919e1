#include "runtime/snapshot/checkpoint.h"

#include <cerrno>

#include "runtime/data/stream_digest.h"
#include "runtime/report/diagnostic.h"

namespace braid {

namespace {

/// What the store fails with has a code already.
Error frozen_error(Error error, const std::string& to) {
  if (error.code != 0) return error;
  const bool full = error.system_error == ENOSPC || error.system_error == EDQUOT;
  const Diagnostic found =
      full ? diag::DiskFull{.path = to}.make() : diag::CannotWrite{.path = to, .reason = error.message}.make();
  return {ErrorKind::store, found.message, found.code, error.system_error};
}

Result<FrozenTask> freeze(Fs& fs, StateStore& store, const std::string& from, std::span<const std::string> beside,
                          const std::string& to) {
  constexpr const char* kState = "state";
  BRAID_TRY(fs.remove_tree(to));
  BRAID_TRY(fs.make_directories(to));
  FrozenTask frozen{to, {}};
  BRAID_ASSIGN(std::vector<CheckpointFile> files, store.checkpoint(join_path(to, kState)));
  for (CheckpointFile& file : files) frozen.files.push_back({join_path(kState, file.name), file.size, file.hash});
  for (const std::string& name : beside) {
    BRAID_ASSIGN(const FileInfo info, fs.stat(join_path(from, name)));
    if (!info.exists) continue;
    BRAID_ASSIGN(const std::string content, fs.read_file(join_path(from, name)));
    BRAID_ASSIGN(auto copy, fs.open_writer(join_path(to, name), OpenMode::create_new));
    BRAID_TRY(copy->append(content));
    frozen.files.push_back({name, content.size(), stream_hash(content)});
  }
  return frozen;
}

}  // namespace

Result<FrozenTask> freeze_task(Fs& fs, StateStore& store, const std::string& from, std::span<const std::string> beside,
                               const std::string& to) {
  Result<FrozenTask> frozen = freeze(fs, store, from, beside, to);
  if (!frozen.ok()) return frozen_error(frozen.error(), to);
  return frozen;
}

}  // namespace braid
