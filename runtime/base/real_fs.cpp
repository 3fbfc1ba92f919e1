#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "runtime/base/fs.h"

namespace braid {
namespace {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool ok() const { return number_ >= 0; }

 private:
  int number_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (number < 0 && errno == EINTR);
  return Descriptor(number);
}

FileInfo info_of(const struct ::stat& info) {
  return {.exists = true,
          .directory = S_ISDIR(info.st_mode),
          .size = static_cast<uint64_t>(info.st_size),
          .device = info.st_dev,
          .inode = info.st_ino,
          .links = info.st_nlink};
}

class RealReader : public FileReader {
 public:
  RealReader(std::string path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  ~RealReader() override {
    for (const Mapping& mapping : mappings_) ::munmap(mapping.start, mapping.length);
  }

  Result<uint64_t> size() override {
    struct ::stat info;
    if (::fstat(descriptor_.number(), &info) != 0) return file_error(ErrorKind::input, "read", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<FileInfo> info() override {
    struct ::stat info;
    if (::fstat(descriptor_.number(), &info) != 0) return file_error(ErrorKind::input, "read", path_, errno);
    return info_of(info);
  }

  Result<size_t> read_at(uint64_t offset, char* into, size_t length) override {
    size_t done = 0;
    while (done < length) {
      ssize_t count = ::pread(descriptor_.number(), into + done, length - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error(ErrorKind::input, "read", path_, errno);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  Result<std::string_view> map(uint64_t offset, size_t length) override {
    BRAID_ASSIGN(uint64_t file_size, size());
    if (offset > file_size || length > file_size - offset) return file_error(ErrorKind::input, "map", path_, EINVAL);
    if (length == 0) return std::string_view();
    uint64_t skip = offset % static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    void* start =
        ::mmap(nullptr, length + skip, PROT_READ, MAP_PRIVATE, descriptor_.number(), static_cast<off_t>(offset - skip));
    if (start == MAP_FAILED) return file_error(ErrorKind::input, "map", path_, errno);
    mappings_.push_back({start, length + skip});
    ::madvise(start, length + skip, MADV_SEQUENTIAL);
    return std::string_view(static_cast<const char*>(start) + skip, length);
  }

 private:
  struct Mapping {
    void* start;
    size_t length;
  };
  std::string path_;
  Descriptor descriptor_;
  std::vector<Mapping> mappings_;
};

/// Standard input, which may be a pipe: keeps what lies behind the last offset asked for.
class StreamReader : public FileReader {
 public:
  Result<uint64_t> size() override { return start_ + kept_.size(); }
  Result<FileInfo> info() override { return FileInfo{}; }

  Result<size_t> read_at(uint64_t offset, char* into, size_t length) override {
    if (offset < start_) return file_error(ErrorKind::input, "go back in", "standard input", ESPIPE);
    kept_.erase(0, std::min<uint64_t>(offset - start_, kept_.size()));
    start_ = offset;
    while (kept_.size() < length && !ended_) {
      size_t before = kept_.size();
      kept_.resize(length);
      ssize_t count = ::read(STDIN_FILENO, kept_.data() + before, length - before);
      int system_error = errno;
      kept_.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
      if (count < 0 && system_error != EINTR)
        return file_error(ErrorKind::input, "read", "standard input", system_error);
      ended_ = count == 0;
    }
    return kept_.copy(into, length);
  }

  Result<std::string_view> map(uint64_t, size_t) override {
    return file_error(ErrorKind::input, "map", "standard input", ESPIPE);
  }

 private:
  std::string kept_;
  uint64_t start_ = 0;
  bool ended_ = false;
};

class RealWriter : public FileWriter {
 public:
  RealWriter(std::string path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t count = ::write(descriptor_.number(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error(ErrorKind::output, "write", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }

  Status truncate(uint64_t length) override {
    if (::ftruncate(descriptor_.number(), static_cast<off_t>(length)) != 0)
      return file_error(ErrorKind::output, "shorten", path_, errno);
    return {};
  }

  Status sync() override {
    if (::fdatasync(descriptor_.number()) != 0) return file_error(ErrorKind::output, "sync", path_, errno);
    return {};
  }

  Result<uint64_t> size() override {
    struct ::stat info;
    if (::fstat(descriptor_.number(), &info) != 0) return file_error(ErrorKind::output, "write", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<bool> lock() override {
    if (::flock(descriptor_.number(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return file_error(ErrorKind::output, "lock", path_, errno);
  }

 private:
  std::string path_;
  Descriptor descriptor_;
};

class RealLock : public FileLock {
 public:
  explicit RealLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

class RealFs : public Fs {
 public:
  Result<FileInfo> stat(const std::string& path) override {
    struct ::stat info;
    if (::stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return FileInfo{};
      return file_error(ErrorKind::input, "read", path, errno);
    }
    return info_of(info);
  }

  Result<std::vector<std::string>> list_directory(const std::string& path) override {
    std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return file_error(ErrorKind::input, "read directory", path, errno);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return file_error(ErrorKind::input, "read directory", path, errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::unique_ptr<FileReader>> open_reader(const std::string& path) override {
    Descriptor descriptor = open_descriptor(path, O_RDONLY);
    if (!descriptor.ok()) return file_error(ErrorKind::input, "open", path, errno);
    struct ::stat info;
    if (::fstat(descriptor.number(), &info) == 0 && S_ISDIR(info.st_mode))
      return file_error(ErrorKind::input, "open", path, EISDIR);
    return std::unique_ptr<FileReader>(std::make_unique<RealReader>(path, std::move(descriptor)));
  }

  Result<std::unique_ptr<FileReader>> open_standard_input() override {
    return std::unique_ptr<FileReader>(std::make_unique<StreamReader>());
  }

  Result<std::unique_ptr<FileWriter>> open_writer(const std::string& path, OpenMode mode) override {
    int flags = O_WRONLY | O_APPEND;
    switch (mode) {
      case OpenMode::create_new:
        flags |= O_CREAT | O_EXCL;
        break;
      case OpenMode::append:
        break;
      case OpenMode::create_or_append:
        flags |= O_CREAT;
        break;
      case OpenMode::replace:
        flags |= O_CREAT | O_TRUNC;
        break;
    }
    Descriptor descriptor = open_descriptor(path, flags);
    if (!descriptor.ok()) return file_error(ErrorKind::output, "open", path, errno);
    return std::unique_ptr<FileWriter>(std::make_unique<RealWriter>(path, std::move(descriptor)));
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return file_error(ErrorKind::output, "rename", from, errno);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0 && errno != ENOENT) return file_error(ErrorKind::output, "remove", path, errno);
    return {};
  }

  Status make_directories(const std::string& path) override {
    std::vector<std::string> missing;
    std::string place = path;
    while (true) {
      BRAID_ASSIGN(FileInfo info, stat(place));
      if (info.exists && !info.directory) return file_error(ErrorKind::output, "create directory", place, ENOTDIR);
      if (info.exists) break;
      missing.push_back(place);
      place = parent_directory(place);
    }
    for (auto next = missing.rbegin(); next != missing.rend(); ++next) {
      if (::mkdir(next->c_str(), 0777) != 0 && errno != EEXIST)
        return file_error(ErrorKind::output, "create directory", *next, errno);
      BRAID_TRY(sync_directory(parent_directory(*next)));
    }
    return {};
  }

  Status sync_directory(const std::string& path) override {
    Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.ok() || ::fsync(descriptor.number()) != 0)
      return file_error(ErrorKind::output, "sync directory", path, errno);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT);
    if (!descriptor.ok() || ::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0)
      return file_error(ErrorKind::output, "lock", path, errno);
    return std::unique_ptr<FileLock>(std::make_unique<RealLock>(std::move(descriptor)));
  }

  Result<std::string> canonical(const std::string& path) override {
    std::string place;
    std::string rest = path;
    if (!path.starts_with('/')) {
      std::error_code failed;
      const std::string here = std::filesystem::current_path(failed).string();
      if (failed) return file_error(ErrorKind::input, "find", path, failed.value());
      rest = here + "/" + path;
    }
    constexpr int kMostLinks = 40;
    for (int links = 0; !rest.empty();) {
      const size_t end = std::min(rest.find('/'), rest.size());
      const std::string component = rest.substr(0, end);
      rest.erase(0, end + 1);
      if (component.empty() || component == ".") continue;
      if (component == "..") {
        place.erase(std::min(place.find_last_of('/'), place.size()));
        continue;
      }
      const std::string next = place + "/" + component;
      struct ::stat info;
      const bool found = ::lstat(next.c_str(), &info) == 0;
      if (!found && errno != ENOENT && errno != ENOTDIR) return file_error(ErrorKind::input, "read", next, errno);
      if (!found || !S_ISLNK(info.st_mode)) {
        place = next;
        continue;
      }
      if (++links > kMostLinks) return file_error(ErrorKind::input, "read", path, ELOOP);
      std::error_code failed;
      const std::string target = std::filesystem::read_symlink(next, failed).string();
      if (failed) return file_error(ErrorKind::input, "read", next, failed.value());
      if (target.starts_with('/')) place.clear();
      rest = target + "/" + rest;
    }
    return place.empty() ? "/" : place;
  }

  Result<std::string> unique_id() override {
    std::array<uint64_t, 2> bits;
    if (::getrandom(bits.data(), sizeof(bits), 0) != static_cast<ssize_t>(sizeof(bits)))
      return file_error(ErrorKind::input, "read", "random numbers", errno);
    return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
  }
};

}  // namespace

Fs& real_fs() {
  static RealFs fs;
  return fs;
}

}  // namespace braid
