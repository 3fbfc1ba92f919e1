// Which input records came with a trace (the headers `traceparent` and `tracestate` of W3C Trace Context), so that rows
// made from one of them can carry it on. Of records without these headers nothing is kept. The last records with a
// trace are known, as many as kMost: a row that leaves long after its record came has none. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace braid {

inline constexpr std::string_view kTraceParent = "traceparent", kTraceState = "tracestate";

struct RecordTrace {
  std::string parent;  ///< never empty
  std::string state;   ///< empty: there was none
};

class TraceBook {
 public:
  static constexpr size_t kMost = 100'000;

  void note(int source, uint32_t partition, int64_t position, RecordTrace trace) {
    const Key key{source, partition, position};
    if (!traces_.insert_or_assign(key, std::move(trace)).second) return;
    order_.push_back(key);
    if (order_.size() <= kMost) return;
    traces_.erase(order_.front());
    order_.pop_front();
  }
  bool empty() const { return traces_.empty(); }
  /// Null: the record had none, or it is long ago.
  const RecordTrace* find(int source, uint32_t partition, int64_t position) const {
    const auto found = traces_.find({source, partition, position});
    return found == traces_.end() ? nullptr : &found->second;
  }

 private:
  using Key = std::tuple<int, uint32_t, int64_t>;
  std::map<Key, RecordTrace> traces_;
  std::deque<Key> order_;
};

}  // namespace braid
