#include "runtime/connect/sink.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr size_t kPendingBytes = 64 * 1024;

Error output_error(const Diagnostic& diagnostic, int system_error = 0) {
  return {ErrorKind::output, diagnostic.message, diagnostic.code, system_error};
}

std::string reason_of(const Error& error) {
  if (error.system_error == 0) return error.message;
  return std::error_code(error.system_error, std::generic_category()).message();
}

/// A failed write in terms of the catalogue. A file size limit is no room, too.
Error cannot_write(const std::string& path, const Error& error) {
  if (error.system_error == ENOSPC || error.system_error == EDQUOT || error.system_error == EFBIG)
    return output_error(diag::DiskFull{.path = path}.make(), error.system_error);
  return output_error(diag::CannotWrite{.path = path, .reason = reason_of(error)}.make(), error.system_error);
}

Error not_durable(const std::string& path, const Error& error) {
  return output_error(diag::SyncFailed{.path = path, .reason = reason_of(error)}.make(), error.system_error);
}

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::open(Fs& fs, const std::string& path, bool claimed,
                                                     uint64_t committed_bytes) {
  Result<FileInfo> info = fs.stat(path);
  if (!info.ok()) return cannot_write(path, info.error());
  if (info->exists && !claimed) return output_error(diag::ForeignFile{.path = path}.make());
  uint64_t found = info->exists ? info->size : 0;
  if (found < committed_bytes) {
    return output_error(diag::OutputShortened{
        .path = path, .found = static_cast<int64_t>(found), .expected = static_cast<int64_t>(committed_bytes)}
                            .make());
  }
  if (Status made = fs.make_directories(parent_directory(path)); !made.ok()) return cannot_write(path, made.error());
  Result<std::unique_ptr<FileWriter>> writer =
      fs.open_writer(path, claimed ? OpenMode::create_or_append : OpenMode::create_new);
  if (!writer.ok() && writer.error().system_error == EEXIST)
    return output_error(diag::ForeignFile{.path = path}.make());
  if (!writer.ok()) return cannot_write(path, writer.error());
  std::unique_ptr<OutputFile> file(new OutputFile(fs, path));
  file->writer_ = std::move(writer).value();
  file->written_ = committed_bytes;
  if (found > committed_bytes) {
    if (Status cut = file->writer_->truncate(committed_bytes); !cut.ok()) return cannot_write(path, cut.error());
    if (Status synced = file->writer_->sync(); !synced.ok()) return not_durable(path, synced.error());
  }
  return file;
}

Status OutputFile::append(std::string_view bytes) {
  if (pending_.size() + bytes.size() < kPendingBytes) {
    pending_ += bytes;
    return {};
  }
  BRAID_TRY(write_pending());
  return write(bytes);
}

Status OutputFile::write(std::string_view bytes) {
  if (Status status = writer_->append(bytes); !status.ok()) return cannot_write(path_, status.error());
  written_ += bytes.size();
  dirty_ = true;
  return {};
}

Status OutputFile::write_pending() {
  if (pending_.empty()) return {};
  BRAID_TRY(write(pending_));
  pending_.clear();
  return {};
}

Status OutputFile::freeze() {
  BRAID_TRY(write_pending());
  sync_due_ = std::exchange(dirty_, false);
  return {};
}

Status OutputFile::sync() {
  if (sync_due_)
    if (Status status = writer_->sync(); !status.ok()) return not_durable(path_, status.error());
  if (!name_lasts_) {
    // Also a file that was there: a crash may have come between its creation and this.
    if (Status status = fs_.sync_directory(parent_directory(path_)); !status.ok())
      return not_durable(path_, status.error());
    name_lasts_ = true;
  }
  return {};
}

}  // namespace braid
