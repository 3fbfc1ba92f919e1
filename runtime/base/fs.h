// Files as a seam: everything that touches a disk does it through an Fs, so that a simulation can tear writes, fill the
// disk and cut the power. Two implementations: real_fs() and SimFs (sim_fs.h).
//
// Paths are bytes with `/`; relative ones start at the working directory. Durability is as POSIX promises it and no
// better: the bytes of a file are durable once sync() has succeeded, its name once sync_directory() of its directory
// has. After a failed sync nobody knows what is on disk, even if it is repeated: the caller must stop. Fails with
// ErrorKind::input for reading, ErrorKind::output for writing; Error::system_error holds errno. Threads: real_fs() may
// be shared. A reader of a file may be used by several threads at once, but for map(); a writer may sync() on one
// thread while another appends, which covers what was appended before it began. SimFs, standard input and all else
// belong to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace braid {

struct FileInfo {
  bool exists = false;
  bool directory = false;
  uint64_t size = 0;
  uint64_t device = 0, inode = 0;  ///< together they tell whether two names are one file
  uint64_t links = 0;              ///< names that the file has
};

class FileReader {
 public:
  virtual ~FileReader() = default;
  /// Now; files may grow.
  virtual Result<uint64_t> size() = 0;
  /// Of the file that is open, whatever its path names by now.
  virtual Result<FileInfo> info() = 0;
  /// Up to `length` bytes; fewer only at the end of the file, 0 after it.
  virtual Result<size_t> read_at(uint64_t offset, char* into, size_t length) = 0;
  /// Bytes as memory, valid as long as the reader; the range must be in the file. Only for files that nobody shortens
  /// meanwhile: reading bytes that were cut off ends the process.
  virtual Result<std::string_view> map(uint64_t offset, size_t length) = 0;
};

class FileWriter {
 public:
  virtual ~FileWriter() = default;
  /// Appends all bytes. After a failure any number of them may have been written.
  virtual Status append(std::string_view bytes) = 0;
  virtual Status truncate(uint64_t length) = 0;
  virtual Status sync() = 0;
  virtual Result<uint64_t> size() = 0;
  /// Keeps all other writers, of this process and of others, from locking the file, by whatever name they opened it,
  /// until this one is destroyed. False if another one holds it.
  virtual Result<bool> lock() = 0;
};

/// The lock lasts until the object is destroyed or the process ends, in any way.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  create_new,  ///< fails if it exists
  append,      ///< fails if it does not exist
  create_or_append,
  replace  ///< empties it if it exists
};

class Fs {
 public:
  virtual ~Fs() = default;
  /// A missing file is not an error.
  virtual Result<FileInfo> stat(const std::string& path) = 0;
  /// Names of the entries, sorted bytewise, without `.` and `..`.
  virtual Result<std::vector<std::string>> list_directory(const std::string& path) = 0;
  virtual Result<std::unique_ptr<FileReader>> open_reader(const std::string& path) = 0;
  virtual Result<std::unique_ptr<FileWriter>> open_writer(const std::string& path, OpenMode mode) = 0;
  /// Replaces `to` in one step. Of directories: with all that is in it, and `to` is missing or an empty directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// A file or an empty directory. Removing a missing entry succeeds.
  virtual Status remove(const std::string& path) = 0;
  /// With all missing directories above it, each synced into its parent.
  virtual Status make_directories(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  /// Creates the file if needed; fails with system_error EWOULDBLOCK if another process, or this one, holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  /// The absolute path without `.`, `..`, doubled slashes and symbolic links; a part that does not exist is kept as
  /// written. Fails with ELOOP, or if a folder cannot be read.
  virtual Result<std::string> canonical(const std::string& path) = 0;
  /// 32 hexadecimal digits, unique among all calls and machines. Results must not depend on them.
  virtual Result<std::string> unique_id() = 0;

  /// Standard input. Reads go forward: bytes before the offset of the last read are gone; size() is the number of bytes
  /// received so far. In tests and the simulation it is the file /dev/stdin.
  virtual Result<std::unique_ptr<FileReader>> open_standard_input();

  /// Files (no directories) that match, sorted bytewise by path. `*` and `?` match neither `/` nor a leading dot;
  /// `[a-c]`, `[!x]` as in a shell; a backslash takes the next character as it is. A pattern without wildcards gives
  /// its file, if there is one.
  Result<std::vector<std::string>> glob(const std::string& pattern);
  Result<std::string> read_file(const std::string& path);
  /// Directories with all that is in them. Removing a missing entry succeeds.
  Status remove_tree(const std::string& path);
  /// Writes `path`.tmp and renames it: whatever happens, the file has the old content or the new one, durably.
  Status write_file(const std::string& path, std::string_view content);
};

/// The machine's files. Lives for the whole program.
Fs& real_fs();

/// "." for a bare name, "/" for an entry of the root.
std::string parent_directory(std::string_view path);
std::string join_path(std::string_view directory, std::string_view name);
/// Without `.`, `..` and doubled slashes, by its text alone; absolute paths only.
std::string normal_path(std::string_view path);
/// Matches one component of a path with one component of a pattern.
bool glob_matches(std::string_view pattern, std::string_view name);
/// "cannot ACTION `path`: reason of the operating system".
Error file_error(ErrorKind kind, std::string_view action, const std::string& path, int system_error);

}  // namespace braid
