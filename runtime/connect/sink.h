// An output file that only grows, with the length that is committed: what lies behind it is cut at recovery.
//
// Protocol: the job's state names the file (claimed) before it is created, so that a crash in between cannot make it
// look like somebody else's. Then: append, freeze, sync, commit the length there was at freeze; after a crash open with
// that length.
// While it is open no other OutputFile can open the same file, in no process and by no name of it.
// Fails with ErrorKind::output and a code of the catalogue: 7010 a file that this job did not write, 8007 shorter than
// committed, 8011 in use, 8013 other bytes than committed, 8014 more than one name, 8003 disk full, 8006 not durable,
// 7018 other. After a failure the file is of no use: the job must stop.
// One thread, but for sync(): it may run on another one while this one appends what belongs to the next commit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/fs.h"

namespace braid {

/// What a commit keeps of an output file.
struct CommittedOutput {
  uint64_t bytes = 0;
  uint64_t fingerprint = 0;  ///< hash of up to 4 KB before that length
};

class OutputFile {
 public:
  /// Asked for the locked file before anything in it is changed; an error refuses it.
  using Admit = std::function<Status(const FileInfo& file)>;

  /// `claimed`: the state of this job names the file; otherwise there must be none. Cuts what is behind the committed
  /// bytes, durably. Missing directories are made. `fs` must live longer.
  static Result<std::unique_ptr<OutputFile>> open(Fs& fs, const std::string& path, bool claimed,
                                                  const CommittedOutput& committed, const Admit& admit = {});
  /// Whether a file is there that begins with what was committed.
  static Result<bool> holds(Fs& fs, const std::string& path, const CommittedOutput& committed);

  /// Whether the file begins with these bytes.
  static Result<bool> begins_with(Fs& fs, const std::string& path, std::string_view bytes);

  /// From now on what is appended are lengths, each with a value of so many bytes behind it. They are packed in the
  /// blocks of an Avro container file with that marker. A block ends when it has 64 KB, and with each freeze.
  void pack_blocks(std::string_view marker) { marker_ = marker; }

  const std::string& path() const { return path_; }
  /// With what has been appended and not yet written.
  uint64_t length() const { return written_ + pending_.size(); }
  /// Up to the last freeze, if nothing has been appended since.
  CommittedOutput committed() const;
  /// All or nothing of a value (pack_blocks). Bytes are gathered up to 64 KB before they are written.
  Status append(std::string_view bytes);
  /// Hands everything appended so far to the system: the next sync makes it last. Not while a sync runs.
  Status freeze();
  /// Everything up to the last freeze lasts, and so does the file's name.
  Status sync();

 private:
  OutputFile(Fs& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Status append_bytes(std::string_view bytes);
  Status end_block();
  Status write_pending();
  Status write(std::string_view bytes);

  Fs& fs_;
  std::string path_;
  std::unique_ptr<FileWriter> writer_;
  std::string pending_;
  std::string marker_;        ///< of packed blocks; empty: bytes stay as they are
  std::string block_;         ///< values of the block that has no end yet
  int64_t block_values_ = 0;  ///< in it
  std::string tail_;          ///< the last bytes written, as many as a fingerprint takes
  uint64_t written_ = 0;
  bool dirty_ = false;       ///< written since the last freeze
  bool sync_due_ = false;    ///< set by freeze, read by sync
  bool name_lasts_ = false;  ///< sync's own
};

}  // namespace braid
