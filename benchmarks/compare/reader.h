// What the three rival programs share: a mapped NDJSON file parsed by simdjson On-Demand, instants, and a buffered
// writer. One thread. Bad input ends the program: a benchmark's input is known to be good, and a rival that
// checked less than that would be no rival.
#pragma once

#include <fcntl.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace compare {

namespace ondemand = simdjson::ondemand;

[[noreturn]] inline void fail(std::string_view what, std::string_view where) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(where.size()), where.data(), static_cast<int>(what.size()),
               what.data());
  std::exit(1);
}

/// A file in memory, followed by at least SIMDJSON_PADDING readable bytes. Views into it live as long as it does.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY);
    struct stat status{};
    if (fd < 0 || fstat(fd, &status) != 0) fail("cannot open", path);
    size_ = static_cast<size_t>(status.st_size);
    reserved_ = size_ + simdjson::SIMDJSON_PADDING + 4096;
    void* room = mmap(nullptr, reserved_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) fail("cannot reserve memory", path);
    if (size_ > 0 && mmap(room, size_, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
      fail("cannot map", path);
    madvise(room, size_, MADV_SEQUENTIAL);
    close(fd);
    data_ = static_cast<const char*>(room);
  }
  ~MappedFile() { munmap(const_cast<char*>(data_), reserved_); }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const char* data() const { return data_; }
  size_t size() const { return size_; }

  /// Gives back the memory of what was read, so that the peak shows what a program holds and not the file. Views stay
  /// valid: touched again, a page is read again.
  void passed(size_t position) {
    if (position < passed_ + 2 * kStride) return;
    madvise(const_cast<char*>(data_) + passed_, kStride, MADV_DONTNEED);
    passed_ += kStride;
  }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
  size_t reserved_ = 0;
  static constexpr size_t kStride = 8 << 20;
  size_t passed_ = 0;
};

/// The documents of an NDJSON file, one after the other.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_(path), file_(path) {
#ifdef SIMDJSON_THREADS_ENABLED
    parser_.threaded = false;  // one core is what is compared
#endif
    if (file_.size() == 0) return;
    if (parser_.iterate_many(file_.data(), file_.size(), kBatch).get(stream_)) fail("not NDJSON", path_);
    next_ = stream_.begin();
    end_ = stream_.end();
    started_ = true;
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  /// Calls take(document) for the next record; false at the end of the file.
  template <class Take>
  bool next(Take&& take) {
    if (!started_ || !(next_ != end_)) return false;
    auto document = *next_;
    if (document.error()) fail(simdjson::error_message(document.error()), path_);
    take(document.value_unsafe());
    file_.passed(next_.current_index());
    ++next_;
    return true;
  }

 private:
  static constexpr size_t kBatch = 1 << 18;  // the structure of one batch stays in the second level cache
  std::string path_;
  MappedFile file_;
  ondemand::parser parser_;
  ondemand::document_stream stream_;
  ondemand::document_stream::iterator next_;
  ondemand::document_stream::iterator end_;
  bool started_ = false;
};

template <class Document>
ondemand::value field(Document& document, std::string_view name) {
  ondemand::value value;
  if (document[name].get(value)) fail("missing field", name);
  return value;
}

/// The value's text as it stands, without the blanks that may follow it.
inline std::string_view token(ondemand::value value) {
  std::string_view text = value.raw_json_token();
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

/// A string with its quotes, still escaped: it passes through without being unescaped.
template <class Document>
std::string_view quoted(Document& document, std::string_view name) {
  const std::string_view text = token(field(document, name));
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') fail("not a string", name);
  return text;
}

inline bool is_null(ondemand::value& value) {
  return *value.raw_json_token().data() == 'n';
}

template <class Document>
int64_t integer(Document& document, std::string_view name) {
  int64_t number = 0;
  if (field(document, name).get_int64().get(number)) fail("not an integer", name);
  return number;
}

/// False if the field is null.
template <class Document>
bool optional_integer(Document& document, std::string_view name, int64_t& number) {
  ondemand::value value = field(document, name);
  if (is_null(value)) return false;
  if (value.get_int64().get(number)) fail("not an integer", name);
  return true;
}

/// Seconds since 1970 of "YYYY-MM-DDTHH:MM:SSZ", quotes included. Rows come by date, so the last date is kept.
class InstantReader {
 public:
  int64_t operator()(std::string_view quoted_text) {
    const char* text = quoted_text.data() + 1;
    if (quoted_text.size() != 22 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') {
      fail("not an instant", quoted_text);
    }
    if (std::memcmp(text, date_, 10) != 0) read_date(text);
    return day_ * 86400 + two(text + 11) * 3600 + two(text + 14) * 60 + two(text + 17);
  }

 private:
  static int64_t two(const char* text) {
    const unsigned high = static_cast<unsigned char>(text[0]) - '0';
    const unsigned low = static_cast<unsigned char>(text[1]) - '0';
    if (high > 9 || low > 9) fail("not a digit", std::string_view(text, 2));
    return high * 10 + low;
  }
  void read_date(const char* text) {
    if (text[4] != '-' || text[7] != '-') fail("not a date", std::string_view(text, 10));
    const int64_t month = two(text + 5);
    const int64_t day = two(text + 8);
    if (month < 1 || month > 12 || day < 1 || day > 31) fail("not a date", std::string_view(text, 10));
    const int64_t year = two(text) * 100 + two(text + 2) - (month <= 2);
    const int64_t era = year / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    day_ = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
    std::memcpy(date_, text, 10);
  }

  char date_[10] = {};
  int64_t day_ = 0;
};

/// Appends to a file through one buffer. A row must fit kRoom bytes, asked for once a row.
class Writer {
 public:
  static constexpr size_t kRoom = 1 << 16;

  explicit Writer(const std::string& path)
      : path_(path), fd_(open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644)), buffer_(new char[kBuffer]) {
    if (fd_ < 0) fail("cannot create", path_);
    at_ = buffer_.get();
  }
  ~Writer() {
    flush();
    close(fd_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& row() {
    if (at_ + kRoom > buffer_.get() + kBuffer) flush();
    return *this;
  }
  Writer& operator<<(std::string_view text) {
    if (text.size() > kRoom / 16) fail("text is too long", path_);
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  Writer& operator<<(int64_t number) {
    at_ = std::to_chars(at_, at_ + 24, number).ptr;
    return *this;
  }
  void digits(int64_t number, int width) {
    for (int place = width - 1; place >= 0; --place, number /= 10) at_[place] = static_cast<char>('0' + number % 10);
    at_ += width;
  }

 private:
  static constexpr size_t kBuffer = 1 << 20;
  void flush() {
    for (const char* from = buffer_.get(); from < at_;) {
      const ssize_t written = write(fd_, from, static_cast<size_t>(at_ - from));
      if (written < 0) fail("cannot write", path_);
      from += written;
    }
    at_ = buffer_.get();
  }

  std::string path_;
  int fd_;
  std::unique_ptr<char[]> buffer_;
  char* at_ = nullptr;
};

}  // namespace compare
