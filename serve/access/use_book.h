// What consumers have read, summed up for the audit log: a line for each consumer, product and purpose, not for each
// read. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "serve/access/consumer.h"
#include "serve/read/sight.h"

namespace braid::serve {

/// Of one consumer, since it was taken before.
struct ConsumerUse {
  size_t view = 0;  ///< place in the host's views
  std::string consumer, purpose;
  std::set<int> columns;  ///< fields of the product
  int64_t reads = 0, rows = 0;
};

class UseBook {
 public:
  static constexpr size_t kMostUses = 10'000;  ///< then consumers are counted together

  /// Counts into this, which outlives it.
  std::shared_ptr<ReadCount> counter(size_t view, const Consumer& consumer);
  /// What has been counted since this was called before.
  std::vector<ConsumerUse> take();

 private:
  class Counter;
  using Place = std::tuple<size_t, std::string, std::string>;
  void count(const Place& place, const std::set<int>& columns, uint64_t rows);

  std::mutex mutex_;
  std::map<Place, ConsumerUse> uses_;
};

}  // namespace braid::serve
