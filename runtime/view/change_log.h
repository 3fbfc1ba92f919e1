// What each committed epoch changed in a view, for those who follow it: kept in the store for a span of time and up to
// a number of bytes, by the same commits as the view.
//
// An epoch changes each key once, of events it adds rows. A change has the row that stood before and the one that
// stands now; a row that came and went again in one epoch, or that is as it was, is no change. Changes of an epoch are
// numbered from 0. Whole epochs are cut off, the oldest first: what is left has no gaps. The rows of what was cut off
// are erased a part at a time.
//
// A log has an era, a number of its own: one that begins again, because the view did or because commits were lost, has
// another one, and places of the earlier one cannot be followed from.
// The writer belongs to the thread that commits; open() to the one that opens the view. A reader is as a ViewReader.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/state/store.h"
#include "runtime/view/view_host.h"
#include "runtime/view/view_layout.h"

namespace braid {

/// When an epoch was committed.
struct LoggedEpoch {
  uint64_t epoch = 0;
  int64_t time = 0;  ///< of the machine's clock, µs
  int64_t watermark = INT64_MIN;
};

/// What the store knows of a log.
struct ChangeLogRecord {
  uint64_t era = 0;
  uint64_t cut = 0;     ///< of this epoch, and those before it, changes are not kept
  uint64_t newest = 0;  ///< the last epoch that changed something; 0: none has
  uint64_t size = 0;    ///< bytes of changes behind the cut
  /// Of what was cut off, all changes in front of this one have been erased.
  uint64_t erased_epoch = 0;
  uint32_t erased_number = 0;

  std::string bytes() const;
  static Result<ChangeLogRecord> parse(std::string_view bytes);
};

class ChangeLogWriter {
 public:
  /// The layout outlives this.
  explicit ChangeLogWriter(const ViewLayout& layout) : layout_(layout) {}

  /// Goes on with the log that the store has. One that is not there begins behind `epoch`, the last that is committed,
  /// as `era`; with `afresh` also one that is there. One that the settings do not ask for any more is erased.
  Status open(uint64_t epoch, uint64_t era, bool afresh, StateStore& store, StateBatch& batch);
  /// False: add() and the others must not be called.
  bool is_kept() const { return layout_.has_log(); }

  /// The changes of an epoch: begin(), each change in order, end() with the batch of its commit.
  void begin(const LoggedEpoch& epoch);
  /// Rows of ViewLayout::rows(); empty: there is none.
  void add(int64_t time, std::string_view before, std::string_view now, StateBatch& batch);
  Status end(StateStore& store, StateBatch& batch);

  /// The last epoch that changed something.
  uint64_t newest() const { return record_.newest; }

 private:
  static constexpr uint64_t kEraseAtOnce = 4096;

  Status cut(const StoreSnapshot& store);
  Status erase(const StoreSnapshot& store, StateBatch& batch);

  const ViewLayout& layout_;
  ChangeLogRecord record_;
  LoggedEpoch epoch_;
  uint32_t count_ = 0;             ///< changes of the epoch
  uint64_t size_ = 0;              ///< of them, bytes
  std::optional<int64_t> oldest_;  ///< time of the first epoch behind the cut; nothing: it is not known
  std::string value_;
};

/// A place between two changes: the next one is this. Behind an epoch as a whole it is {epoch + 1, 0}.
struct ChangePlace {
  uint64_t epoch = 0;
  uint32_t number = 0;
  auto operator<=>(const ChangePlace&) const = default;
};

/// A change; until the next one is read.
struct LoggedChange {
  ChangePlace place;
  int64_t time = 0;  ///< event time of the row now, or of its end
  std::optional<std::string_view> before, now;
};

/// Takes changes in order. Each gives false if no more are wanted behind that.
class ChangeTaker {
 public:
  virtual ~ChangeTaker() = default;
  virtual bool change(const LoggedChange& change) = 0;
  /// All changes of an epoch have been read, those before the place where reading began among them.
  virtual bool epoch_ends(uint64_t epoch, int64_t watermark) = 0;
};

class ChangeLogReader {
 public:
  /// `view`: place in ViewsState::views.
  ChangeLogReader(std::shared_ptr<const ViewsState> state, size_t view);

  enum class Answer : uint8_t {
    known,
    no_log,   ///< the view keeps none
    cut_off,  ///< before what is kept
    to_come   ///< behind what is committed, or behind the last change of its epoch
  };
  Result<Answer> check(const ChangePlace& place) const;
  /// Nothing: there is no log.
  Result<std::optional<ChangeLogRecord>> record() const;
  /// Behind all that is committed.
  ChangePlace end() const { return {state_->at.epoch + 1, 0}; }

  /// What lies at `from`, which has been checked, and behind it, at most `most` changes. Gives the place to go on from;
  /// it is end() if nothing is left.
  Result<ChangePlace> read(const ChangePlace& from, uint64_t most, ChangeTaker& taker) const;

 private:
  Result<int64_t> watermark_of(uint64_t epoch) const;

  std::shared_ptr<const ViewsState> state_;
  std::shared_ptr<const ViewLayout> layout_;
};

}  // namespace braid
