// What a file is recognised by: a digest of all its bytes, and one of its last kTail bytes, which is checked with one
// read. Both are XXH3-64. Value type; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace braid {

struct FileDigest {
  static constexpr size_t kTail = 4096;
  uint64_t whole = 0;
  uint64_t tail = 0;  ///< of a shorter file: of all of it

  bool operator==(const FileDigest&) const = default;
  std::string bytes() const;
  static std::optional<FileDigest> parse(std::string_view bytes);
  /// The digest of the last bytes of a file: kTail of them, or all.
  static uint64_t of_tail(std::string_view tail);
};

/// Takes a file from its beginning to its end.
class FileDigester {
 public:
  FileDigester();
  ~FileDigester();
  FileDigester(const FileDigester&) = delete;
  FileDigester& operator=(const FileDigester&) = delete;

  void update(std::string_view bytes);
  FileDigest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string tail_;
};

}  // namespace braid
