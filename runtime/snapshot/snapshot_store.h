// Where snapshots are kept, as a seam: objects by name, as an object store like S3 has them. One implementation is a
// folder that all machines see (folder_store.h).
//
// What an implementation promises:
// - An object is there as a whole or not at all. `put` returns when it is durable; what a failed or killed put leaves
//   behind is in no `list`, and only in `list_unfinished`.
// - Whoever lists or gets an object after its put has returned finds it (S3 has that since 2020).
// - Names are parts of [A-Za-z0-9._%-], joined by `/`; the last part has at most 200 bytes.
// What it need not have: renaming, appending, locks, times of objects, conditions. Callers never put one name twice, so
// that two writers cannot disturb each other.
//
// An error of the place has a code (8030 reading, 8031 writing, 8032 full) and, where there is one, the number of the
// operating system: ENOENT for an object that is missing. What a callback fails with is returned as it is.
// Threads: calls may come from several threads, if the implementation's Fs allows it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace braid {

class SnapshotStore {
 public:
  /// Objects are handed over in pieces of about that size, so that memory does not depend on theirs.
  static constexpr size_t kPieceBytes = 1 << 20;
  /// The next piece, valid until the next call; empty: there are no more.
  using NextPiece = std::function<Result<std::string_view>()>;
  using TakePiece = std::function<Status(std::string_view piece)>;

  virtual ~SnapshotStore() = default;
  /// How messages name it.
  virtual std::string place() const = 0;
  /// `size`: how many bytes `next` gives in all.
  virtual Status put(const std::string& name, uint64_t size, const NextPiece& next) = 0;
  virtual Status get(const std::string& name, const TakePiece& take) = 0;
  /// The last part of the name of each object in `folder`, sorted bytewise. None if there is no such folder.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// The same of puts that did not get to their end, or are on the way to it.
  virtual Result<std::vector<std::string>> list_unfinished(const std::string& folder) = 0;
  /// The object, and what unfinished puts of it left. Succeeds if it is missing.
  virtual Status remove(const std::string& name) = 0;
  /// A copy on this machine turned out to be damaged. True: there was one, and `get` does not use it any more.
  virtual bool drop_copy(const std::string& name) {
    (void)name;
    return false;
  }

  Status put_text(const std::string& name, std::string_view content);
  Result<std::string> get_text(const std::string& name, uint64_t longest);
};

}  // namespace braid
