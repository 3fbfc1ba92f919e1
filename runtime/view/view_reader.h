// Reads the rows of one view of one epoch (view_host.h): by key, in the order of the key, of an index or of time, as
// they are, or as they were at an instant or at an earlier epoch.
//
// As of an instant T of event time, a key has the last of its versions, in the order in which they were written, whose
// time is at most T; of events those rows are there whose time is at most T. What lies behind `keep`, or before the
// view began, is not known any more: check() says so. A reader and its scans belong to one thread; several may read one
// state. They hold the state until they go. Fails with ErrorKind::store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/view/view_host.h"

namespace braid {

/// As of when rows are read. Neither: as they are.
struct AsOf {
  std::optional<int64_t> time = {};
  std::optional<uint64_t> epoch = {};
  bool is_now() const { return !time && !epoch; }
};

/// A stored row; until its scan or reader is used again.
struct ViewRow {
  std::string_view key;  ///< ordered bytes; of events time and number
  ViewStamp stamp;
  std::string_view row;  ///< of ViewLayout::rows()
};

/// Which rows are read, and in which order.
struct ViewRange {
  enum class By : uint8_t { key, index, time } by = By::key;
  size_t index = 0;  ///< with By::index: of ViewLayout::indexes()
  /// Ordered bytes of keys or of values, begin <= each < end. `end` empty: there is none. Of time: append_time_key.
  std::string begin = {}, end = {};
  bool backwards = false;
  /// ViewScan::position() of an earlier scan of this range: this one goes on behind it.
  std::string behind = {};
  /// Stored rows that the scan looks at before it pauses; of one key it looks at all versions.
  uint64_t most = UINT64_MAX;
};

class ViewScan {
 public:
  virtual ~ViewScan() = default;
  /// False behind the last row, after a failure, and when it pauses.
  virtual bool valid() const = 0;
  virtual const ViewRow& row() const = 0;
  virtual void next() = 0;
  /// It has looked at as many rows as it may, and there may be more of them behind position().
  virtual bool pauses() const = 0;
  /// Where the row stands in the range, or where the scan pauses. Bytes.
  virtual std::string position() const = 0;
  virtual Status status() const = 0;
  /// Stored rows that were looked at, those that were left out among them.
  virtual uint64_t looked_at() const = 0;
};

class ViewReader {
 public:
  /// `view`: place in ViewsState::views.
  ViewReader(std::shared_ptr<const ViewsState> state, size_t view);

  const ViewLayout& layout() const { return *served_.layout; }
  const ViewsAt& at() const { return state_->at; }

  enum class Answer : uint8_t {
    known,
    no_history,  ///< the view keeps nothing of what was
    too_old,     ///< before the time, or the epoch, from which on it is kept
    to_come      ///< an epoch that is not committed yet
  };
  Result<Answer> check(const AsOf& as_of) const;
  /// The first instant that can be asked for; kNoTime: any.
  int64_t horizon() const;

  /// Of a keyed view. False: there is none.
  Result<bool> get(std::string_view key, const AsOf& as_of, ViewRow* row);
  /// `as_of` has been checked. By::index goes by what is there now: as of another time use the others.
  Result<std::unique_ptr<ViewScan>> scan(const ViewRange& range, const AsOf& as_of) const;

 private:
  std::shared_ptr<const ViewsState> state_;
  ServedView served_;
  std::string key_, value_;
};

}  // namespace braid
