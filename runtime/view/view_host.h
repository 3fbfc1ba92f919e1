// The views of a job as others read them: the store as of its last commit, held still while the job goes on.
//
// The job opens the host when it has its store, says when a commit is durable, and closes the host before the store
// goes. Of each of these somebody may be told, once. Readers ask for the state; each state is of one epoch as a whole,
// and is theirs until they let go of it. close() waits for them: a reader holds a state for a bounded time. open(),
// committed() and close() on the job's thread, the others on any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/state/store.h"
#include "runtime/view/view_layout.h"

namespace braid {

/// How far the topic of a product has been read into its view.
struct TopicPositions {
  std::string product;  ///< qualified
  int64_t version = 1;
  std::string topic;
  std::vector<int64_t> offsets;  ///< of the next record, by partition
  bool operator==(const TopicPositions&) const = default;
};

/// Where the job stood when an epoch was committed. In `meta` under kViewsKey.
struct ViewsAt {
  uint64_t epoch = 0;
  int64_t watermark = INT64_MIN;
  int64_t newest = INT64_MIN;  ///< the largest event time that was read
  /// Of views that follow topics (runtime/replica); empty: the job's own rows are in its views.
  std::vector<TopicPositions> positions = {};

  std::string bytes() const;
  static Result<ViewsAt> parse(std::string_view bytes);
};
inline constexpr std::string_view kViewsKey = "views";

/// One view of a job.
struct ServedView {
  std::shared_ptr<const ViewLayout> layout;
  /// Times before that cannot be asked for: the view did not exist yet.
  int64_t begins = INT64_MIN;
};

/// The views of one epoch. Immutable; threads may share it.
struct ViewsState {
  ViewsAt at;
  std::shared_ptr<const StoreSnapshot> store;
  std::shared_ptr<const std::vector<ServedView>> views;
  /// By view: the last epoch in whose log something has changed, or a later one.
  std::vector<uint64_t> changed = {};
};

class ViewHost {
 public:
  /// The clock may be read on any thread, and outlives this.
  explicit ViewHost(Clock& clock) : clock_(clock) {}
  ViewHost(const ViewHost&) = delete;
  ~ViewHost() { close(); }

  void open(StateStore& store, std::vector<ServedView> views, const ViewsAt& at);
  /// `changed`: as ViewsState has it; empty: any view may have changed.
  void committed(const ViewsAt& at, std::vector<uint64_t> changed = {});
  void close();

  /// Null: the job is not running, or has not begun.
  std::shared_ptr<const ViewsState> now() const;
  /// Null: it is not kept any more.
  std::shared_ptr<const ViewsState> at_epoch(uint64_t epoch) const;
  /// For at_epoch(), until that reading of a steady clock, µs. At most kMostKept states are kept; the oldest go.
  void keep(const std::shared_ptr<const ViewsState>& state, int64_t until_us);

  /// Whether the log of a view may have changes of that epoch or later ones, or there is no state now.
  bool has_news(size_t view, uint64_t from_epoch) const;
  /// Is called when there is another state, or none any more, on the job's thread; it must not wait. Null: nobody is
  /// called any more, when this returns. One at a time.
  void on_news(std::function<void()> listener);

  static constexpr size_t kMostKept = 64;

 private:
  struct Kept {
    std::shared_ptr<const ViewsState> state;
    int64_t until_us = 0;
  };
  std::shared_ptr<const ViewsState> state_of(const ViewsAt& at, std::vector<uint64_t> changed);
  void tell();

  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable let_go_;
  StateStore* store_ = nullptr;  ///< null: closed
  std::shared_ptr<const std::vector<ServedView>> views_;
  std::shared_ptr<const ViewsState> now_;
  std::map<uint64_t, Kept> kept_;  ///< by epoch
  size_t alive_ = 0;               ///< states that somebody holds
  std::mutex listener_used_;       ///< taken without the other one
  std::function<void()> listener_;
};

}  // namespace braid
