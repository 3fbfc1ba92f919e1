// What services have answered: in a turn, and in turns before it (the cache of a service). One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/state/state_batch.h"
#include "runtime/state/wire.h"

namespace braid {

struct Answer {
  enum class Kind : uint8_t { found, nothing, failed } kind = Kind::failed;
  std::string content;  ///< found: the bytes of the row; failed: why
  int64_t at = 0;       ///< the reading of the clock when it was asked for
};

void append_answer(WireWriter& out, const Answer& answer);
Answer read_answer(WireReader& in);

/// Answers of one service by the canonical bytes of the arguments. When it is full the oldest goes; which one that is
/// depends on the order in which they were asked for alone. It is state: changes are stored with each epoch.
class AnswerCache {
 public:
  AnswerCache(uint64_t identity, uint64_t most) : identity_(identity), most_(most) {}

  /// Null: there is none, or it is not younger than `holds_us` at `now`.
  const Answer* find(const std::string& key, int64_t now, int64_t holds_us) const;
  void put(const std::string& key, const Answer& answer);
  size_t size() const { return entries_.size(); }
  uint64_t bytes() const { return bytes_; }

  /// What has changed since the last call.
  void freeze(StateBatch& batch);
  /// Without what there was. Keys of the store: prefix(), then the arguments.
  void clear();
  Status load(std::string_view key, std::string_view value);
  void finish_loading();
  static constexpr std::string_view kPrefix = "lookup/";
  std::string prefix() const;

 private:
  struct Entry {
    Answer answer;
    uint64_t number = 0;  ///< in the order of arrival
  };
  void drop_oldest();

  uint64_t identity_;
  uint64_t most_;
  std::unordered_map<std::string, Entry> entries_;
  std::map<uint64_t, const std::string*> order_;  ///< the keys by number; they are those of entries_
  uint64_t next_ = 0;
  uint64_t bytes_ = 0;
  std::set<std::string> changed_;
};

}  // namespace braid
