#include "runtime/connect/sink.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/abi/avro_functions.h"
#include "runtime/codec/avro_container.h"
#include "runtime/data/key_bytes.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr size_t kPendingBytes = 64 * 1024;
constexpr size_t kFingerprintBytes = 4096;

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

/// The bytes that a fingerprint of the first `length` bytes is made of.
Result<std::string> read_tail(Fs& fs, const std::string& path, uint64_t length) {
  std::string tail(std::min<uint64_t>(length, kFingerprintBytes), '\0');
  if (tail.empty()) return tail;
  BRAID_ASSIGN(std::unique_ptr<FileReader> reader, fs.open_reader(path));
  BRAID_ASSIGN(size_t count, reader->read_at(length - tail.size(), tail.data(), tail.size()));
  tail.resize(count);
  return tail;
}

}  // namespace

Result<bool> OutputFile::holds(Fs& fs, const std::string& path, const CommittedOutput& committed) {
  BRAID_ASSIGN(FileInfo info, fs.stat(path));
  if (!info.exists || info.directory || info.size < committed.bytes) return false;
  BRAID_ASSIGN(std::string tail, read_tail(fs, path, committed.bytes));
  return committed.bytes == 0 || key_hash(tail) == committed.fingerprint;
}

Result<std::unique_ptr<OutputFile>> OutputFile::open(Fs& fs, const std::string& path, bool claimed,
                                                     const CommittedOutput& committed, const Admit& admit) {
  auto shortened = [&](uint64_t found) {
    return output_error(diag::OutputShortened{
        .path = path, .found = static_cast<int64_t>(found), .expected = static_cast<int64_t>(committed.bytes)}
                            .make());
  };
  Result<FileInfo> before = fs.stat(path);
  if (!before.ok()) return cannot_write(path, before.error());
  if (before->exists && !claimed) return output_error(diag::ForeignFile{.path = path}.make());
  const uint64_t there = before->exists ? before->size : 0;
  if (there < committed.bytes) return shortened(there);
  if (Status made = fs.make_directories(parent_directory(path)); !made.ok()) return cannot_write(path, made.error());
  Result<std::unique_ptr<FileWriter>> writer =
      fs.open_writer(path, claimed ? OpenMode::create_or_append : OpenMode::create_new);
  if (!writer.ok() && writer.error().system_error == EEXIST)
    return output_error(diag::ForeignFile{.path = path}.make());
  if (!writer.ok()) return cannot_write(path, writer.error());
  std::unique_ptr<OutputFile> file(new OutputFile(fs, path));
  file->writer_ = std::move(writer).value();
  file->written_ = committed.bytes;

  // From here on nobody else writes it: what is seen now holds.
  Result<bool> locked = file->writer_->lock();
  if (!locked.ok()) return cannot_write(path, locked.error());
  if (!*locked) return output_error(diag::OutputInUse{.path = path}.make());
  Result<FileInfo> info = fs.stat(path);
  if (!info.ok()) return cannot_write(path, info.error());
  if (!info->exists || info->size < committed.bytes) return shortened(info->size);
  if (info->links > 1)
    return output_error(diag::OutputLinked{.path = path, .names = static_cast<int64_t>(info->links)}.make());
  if (admit) BRAID_TRY(admit(*info));
  Result<std::string> tail = read_tail(fs, path, committed.bytes);
  if (!tail.ok()) return cannot_write(path, tail.error());
  if (committed.bytes > 0 && key_hash(*tail) != committed.fingerprint)
    return output_error(diag::OutputReplaced{.path = path}.make());
  file->tail_ = std::move(tail).value();
  if (info->size > committed.bytes) {
    if (Status cut = file->writer_->truncate(committed.bytes); !cut.ok()) return cannot_write(path, cut.error());
    if (Status synced = file->writer_->sync(); !synced.ok()) return not_durable(path, synced.error());
  }
  return file;
}

CommittedOutput OutputFile::committed() const {
  return {.bytes = written_, .fingerprint = key_hash(tail_)};
}

Result<bool> OutputFile::begins_with(Fs& fs, const std::string& path, std::string_view bytes) {
  std::string head(bytes.size(), '\0');
  BRAID_ASSIGN(std::unique_ptr<FileReader> reader, fs.open_reader(path));
  BRAID_ASSIGN(size_t count, reader->read_at(0, head.data(), head.size()));
  return count == head.size() && head == bytes;
}

Status OutputFile::append(std::string_view bytes) {
  if (marker_.empty()) return append_bytes(bytes);
  while (!bytes.empty()) {
    int64_t size = 0;
    const char* value = read_avro_long(bytes.data(), bytes.data() + bytes.size(), &size);
    BRAID_CHECK(value != nullptr, "a value without its length");
    bytes.remove_prefix(static_cast<size_t>(value - bytes.data()));
    block_ += bytes.substr(0, static_cast<size_t>(size));
    ++block_values_;
    bytes.remove_prefix(static_cast<size_t>(size));
    if (block_.size() >= kPendingBytes) BRAID_TRY(end_block());
  }
  return {};
}

Status OutputFile::end_block() {
  if (block_values_ == 0) return {};
  std::string packed;
  append_container_block(packed, block_values_, block_, marker_);
  block_.clear();
  block_values_ = 0;
  return append_bytes(packed);
}

Status OutputFile::append_bytes(std::string_view bytes) {
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
  tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kFingerprintBytes)));
  if (tail_.size() > kFingerprintBytes) tail_.erase(0, tail_.size() - kFingerprintBytes);
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
  BRAID_TRY(end_block());
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
