// The changes of one commit, flat: one after the other in a few large pieces of memory, so that a row costs a copy and
// no allocation, and the whole can be hashed, logged and sorted where it lies. Also serves as a list of keys to erase.
//
// A change: key size u32 | value size u32 | kind u8 | family u8 | key | value, unaligned. It lies in one piece; the
// pieces grow up to kLargestPiece, or to the size of a larger change. Move-only; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {

enum class StateFamily : uint8_t {
  meta,   ///< what the job knows of itself: positions, ledgers, epochs
  point,  ///< rows by key
  timed   ///< rows by time, then key: expiry takes a range
};
inline constexpr int kStateFamilies = 3;

/// Changes in order; a later one of the same key wins.
class StateBatch {
 public:
  struct Change {
    enum class Kind : uint8_t { put, erase, erase_range } kind;
    StateFamily family;
    std::string_view key;    ///< within the batch
    std::string_view value;  ///< erase_range: the first key behind the range
  };

  StateBatch() = default;
  StateBatch(StateBatch&& other) noexcept { *this = std::move(other); }
  StateBatch& operator=(StateBatch&& other) noexcept;

  void put(StateFamily family, std::string_view key, std::string_view value) {
    add(Change::Kind::put, family, key, value);
  }
  void erase(StateFamily family, std::string_view key) { add(Change::Kind::erase, family, key, {}); }
  /// All rows with begin <= key < end.
  void erase_range(StateFamily family, std::string_view begin, std::string_view end) {
    add(Change::Kind::erase_range, family, begin, end);
  }
  /// Behind these all changes of `later`, which is empty then. No row is copied.
  void append(StateBatch& later);
  void clear() { *this = StateBatch(); }

  uint64_t changes() const { return changes_; }
  uint64_t changes(StateFamily family) const { return changes_of_[static_cast<size_t>(family)]; }
  bool empty() const { return changes_ == 0; }
  /// Of keys and values.
  uint64_t bytes() const { return bytes_; }
  /// Of memory that it holds.
  uint64_t bytes_reserved() const;

  /// Each change in order: visit(Change, const char* place). read(place) gives the change again.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Piece& piece : pieces_) {
      for (const char* place = piece.memory.get(); place < piece.memory.get() + piece.used;) {
        const Change change = read(place);
        visit(change, place);
        place += kHeader + change.key.size() + change.value.size();
      }
    }
  }
  static Change read(const char* place) {
    uint32_t key = 0, value = 0;
    std::memcpy(&key, place, sizeof(key));
    std::memcpy(&value, place + sizeof(key), sizeof(value));
    const char* bytes = place + kHeader;
    return {
        static_cast<Change::Kind>(place[8]), static_cast<StateFamily>(place[9]), {bytes, key}, {bytes + key, value}};
  }
  /// The pieces as bytes. Where one ends depends only on the changes.
  template <class Visit>
  void for_each_piece(Visit visit) const {
    for (const Piece& piece : pieces_) visit(std::string_view(piece.memory.get(), piece.used));
  }

 private:
  static constexpr size_t kHeader = 10;
  static constexpr size_t kFirstPiece = 1024;
  static constexpr size_t kLargestPiece = 1 << 20;
  struct Piece {
    std::unique_ptr<char[]> memory;
    size_t size = 0, used = 0;
  };

  void add(Change::Kind kind, StateFamily family, std::string_view key, std::string_view value) {
    const size_t size = kHeader + key.size() + value.size();
    if (pieces_.empty() || pieces_.back().size - pieces_.back().used < size) add_piece(size);
    Piece& piece = pieces_.back();
    char* place = piece.memory.get() + piece.used;
    const auto key_size = static_cast<uint32_t>(key.size()), value_size = static_cast<uint32_t>(value.size());
    std::memcpy(place, &key_size, sizeof(key_size));
    std::memcpy(place + sizeof(key_size), &value_size, sizeof(value_size));
    place[8] = static_cast<char>(kind);
    place[9] = static_cast<char>(family);
    if (!key.empty()) std::memcpy(place + kHeader, key.data(), key.size());
    if (!value.empty()) std::memcpy(place + kHeader + key.size(), value.data(), value.size());
    piece.used += size;
    bytes_ += key.size() + value.size();
    ++changes_;
    ++changes_of_[static_cast<size_t>(family)];
  }
  void add_piece(size_t size);

  std::vector<Piece> pieces_;
  uint64_t changes_ = 0, bytes_ = 0;
  std::array<uint64_t, kStateFamilies> changes_of_ = {};
};

}  // namespace braid
