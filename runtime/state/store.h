// Durable state: rows of bytes in three column families, changed by atomic batches.
//
// A StateStore is owned by the job that locked its directory, used by one thread, and lives as long as the job. What a
// batch holds is there after a crash as a whole or not at all, once `commit` has returned. Rows come back in the order
// of their keys. A failed commit says nothing about what is on disk: the process has to end.
// Fails with ErrorKind::store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

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
    StateFamily family;
    bool erases;
    std::string key;
    std::string value;
  };
  void put(StateFamily family, std::string key, std::string value) {
    bytes_ += key.size() + value.size();
    changes_.push_back({family, false, std::move(key), std::move(value)});
  }
  void erase(StateFamily family, std::string key) {
    bytes_ += key.size();
    changes_.push_back({family, true, std::move(key), {}});
  }
  const std::vector<Change>& changes() const { return changes_; }
  uint64_t bytes() const { return bytes_; }
  bool empty() const { return changes_.empty(); }

 private:
  std::vector<Change> changes_;
  uint64_t bytes_ = 0;
};

class StateStore {
 public:
  virtual ~StateStore() = default;
  /// True and the value, or false.
  virtual Result<bool> get(StateFamily family, std::string_view key, std::string* value) = 0;
  /// All rows whose key begins with `prefix`, in key order; stops with the first error that `visit` returns.
  virtual Status scan(StateFamily family, std::string_view prefix,
                      const std::function<Status(std::string_view key, std::string_view value)>& visit) = 0;
  virtual Status commit(const StateBatch& batch) = 0;
};

/// Key of a state row: table u32 | slice u8 | bucket i64 (timed rows only; sign flipped) | hash u64 | key bytes, all
/// big-endian. A table is one of an operator's: operator number · 8 + table.
std::string point_key(uint32_t table, uint64_t hash, std::string_view key);
std::string timed_key(uint32_t table, int64_t bucket, uint64_t hash, std::string_view key);
std::string table_prefix(uint32_t table);

struct TimedKey {
  int64_t bucket;
  uint64_t hash;
  std::string_view key;  ///< within the bytes that were parsed
};
TimedKey parse_timed_key(std::string_view bytes);
struct PointKey {
  uint64_t hash;
  std::string_view key;
};
PointKey parse_point_key(std::string_view bytes);

}  // namespace braid
