// A store as of one commit, for readers beside the job: later commits are not seen, and do not wait.
//
// A snapshot is immutable; threads may share it. It and its cursors end before the store does (runtime/view/view_host.h
// sees to that). A snapshot keeps what has been replaced since from being cleaned up, so it should not be held for
// long. Fails with ErrorKind::store.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/state/state_batch.h"

namespace braid {

/// Rows of a range of keys, in order. One thread.
class StoreCursor {
 public:
  virtual ~StoreCursor() = default;
  /// False behind the last row, and after a failure.
  virtual bool valid() const = 0;
  /// Of the row; until next() or seek().
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void next() = 0;
  /// The first row of the range at or behind the key; backwards: at or in front of it.
  virtual void seek(std::string_view key) = 0;
  /// Why it is not valid; ok: there are no more rows.
  virtual Status status() const = 0;
};

enum class CursorOrder : uint8_t { forwards, backwards };

class StoreSnapshot {
 public:
  virtual ~StoreSnapshot() = default;
  /// True and the value, or false.
  virtual Result<bool> get(StateFamily family, std::string_view key, std::string* value) const = 0;
  /// Of the rows with begin <= key < end, at the first of them, or backwards at the last. `end` empty: there is none.
  virtual std::unique_ptr<StoreCursor> cursor(StateFamily family, std::string_view begin, std::string_view end,
                                              CursorOrder order = CursorOrder::forwards) const = 0;
};

}  // namespace braid
