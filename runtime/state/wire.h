// Little-endian fields one after the other: values of state rows and of `meta`. Written and read by the same program
// version or by one that knows the layout number in front; reading past the end marks the reader as failed instead of
// touching foreign memory, because what is read comes from a disk.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace braid {

static_assert(std::endian::native == std::endian::little, "state rows are little-endian in memory and on disk");

class WireWriter {
 public:
  template <class T>
  void fixed(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void text(std::string_view value) {
    fixed(static_cast<uint32_t>(value.size()));
    bytes_.append(value);
  }
  std::string take() { return std::move(bytes_); }
  /// For the next value in the same memory.
  void clear() { bytes_.clear(); }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T fixed() {
    T value{};
    if (bytes_.size() < sizeof(T)) {
      failed_ = true;
      bytes_ = {};
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  /// A view into what is read.
  std::string_view text() {
    uint32_t size = fixed<uint32_t>();
    if (bytes_.size() < size) {
      failed_ = true;
      bytes_ = {};
      return {};
    }
    std::string_view value = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return value;
  }
  /// What has not been read yet.
  std::string_view rest() const { return bytes_; }
  bool at_end() const { return bytes_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace braid
