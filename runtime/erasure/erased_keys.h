// The records of erased subjects, found among those of a turn: their fields as they were decoded, before anything is
// computed of them. A record of which no key can be read is known by its bytes, or by a key that it has as text while a
// subject is being erased.
//
// Costs a SHA-256 for each record of a source that has erased subjects, and nothing for others. Immutable but for its
// counts; any thread. The program outlives it.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/codec/decoder.h"
#include "runtime/erasure/erasure_log.h"

namespace braid {

class ErasedKeys {
 public:
  /// Null where the log has no subject of a source that the program reads. Fails with 7325 where the program does not
  /// decode a field of a subject's key.
  static Result<std::shared_ptr<const ErasedKeys>> make(const ErasureLog& log, const Program& program,
                                                        std::vector<SoughtKey> sought = {});

  /// By record of the turn: 1, it is of an erased subject. Empty: none is. Memory is the arena's.
  std::span<const uint8_t> find(int source, const DecodedTurn& turn, Arena& arena) const;
  /// Records that were found so far, of that subject of the log.
  int64_t found(size_t subject) const { return found_[subject]; }
  /// Records that were found by a text, which the log does not have yet: source and hash, with their number.
  using FoundRecords = std::map<std::pair<std::string, std::string>, int64_t>;
  FoundRecords found_records() const;

 private:
  explicit ErasedKeys(ErasureLog log) : log_(std::move(log)) {}
  Status add(size_t subject, const Program& program);
  /// Whether a record without a key is a subject's.
  bool is_erased(const std::string& source, std::string_view bytes) const;

  struct KeyField {
    std::string name;
    Type type;              ///< of the value alone
    size_t leaf = 0;        ///< its first one
    bool checked = false;   ///< a leaf says whether it could be converted
    bool optional = false;  ///< and one whether it is there
  };
  /// Subjects of a source that are told by the same fields.
  struct Group {
    std::vector<KeyField> fields;
    std::unordered_map<std::string, size_t> subjects;  ///< by hash
  };
  ErasureLog log_;
  std::vector<std::vector<Group>> groups_;           ///< by source
  std::vector<std::string> names_;                   ///< of these
  std::unordered_map<std::string, size_t> records_;  ///< without a key, by hash
  std::vector<SoughtKey> sought_;
  mutable std::deque<std::atomic<int64_t>> found_;
  mutable std::mutex mutex_;
  mutable FoundRecords found_records_;
};

}  // namespace braid
