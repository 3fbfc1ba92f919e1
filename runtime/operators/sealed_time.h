// Up to when a step has decided because all its inputs had ended. Rows up to then that come later, since a file has
// grown, are late. Stored as one point row. One thread.
#pragma once

#include <string>
#include <utility>

#include "runtime/operators/operator.h"
#include "runtime/state/store.h"
#include "runtime/state/wire.h"

namespace braid {

class SealedTime {
 public:
  /// Table `table` is its own.
  explicit SealedTime(uint32_t table) : table_(table) {}
  int64_t time() const { return time_; }
  bool covers(int64_t time) const { return time <= time_; }
  void seal(int64_t time) {
    if (time <= time_) return;
    time_ = time;
    changed_ = true;
  }
  /// What has changed since the last call.
  void freeze(StateBatch& batch) {
    if (!std::exchange(changed_, false)) return;
    WireWriter out;
    out.fixed(time_);
    batch.put(StateFamily::point, point_key(table_, 0, {}), out.bytes());
  }
  /// `damaged`: what is stored is no time.
  Status restore(StateStore& store, const Error& damaged) {
    std::string stored;
    BRAID_ASSIGN(const bool found, store.get(StateFamily::point, point_key(table_, 0, {}), &stored));
    if (!found) return {};
    WireReader in(stored);
    time_ = in.fixed<int64_t>();
    return in.failed() ? Status(damaged) : Status();
  }

 private:
  uint32_t table_;
  int64_t time_ = kNoTime;
  bool changed_ = false;
};

}  // namespace braid
