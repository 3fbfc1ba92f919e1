// What each consumer has used of its quotas. A second's worth may be used at once; who has used more waits until that
// is made up for. Bytes are counted once an answer has them, so one answer may exceed them, and the next one waits.
// Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/base/clock.h"
#include "serve/access/consumer.h"

namespace braid::serve {

class QuotaBook {
 public:
  static constexpr size_t kMostConsumers = 10'000;  ///< of whom it knows; those who have rested go first

  /// The clock outlives this.
  explicit QuotaBook(Clock& clock) : clock_(clock) {}

  /// A request that may be answered. While it lives, its scan counts.
  class Lease {
   public:
    Lease(QuotaBook& book, std::string key, bool scan) : book_(book), key_(std::move(key)), scan_(scan) {}
    Lease(const Lease&) = delete;
    ~Lease() { book_.end(key_, scan_); }
    void add_bytes(uint64_t bytes) { book_.add_bytes(key_, bytes); }

   private:
    QuotaBook& book_;
    std::string key_;
    bool scan_;
  };
  struct Answer {
    std::shared_ptr<Lease> lease;  ///< null: it is too much
    int64_t retry_us = 0;          ///< then: when to ask again
  };
  Answer begin(const std::string& key, const Quotas& quotas, bool scan);

 private:
  struct Used {
    Quotas quotas;
    double requests = 0, bytes = 0;  ///< that may be used now; below 0: that were used too many
    int64_t scans = 0, open = 0;
    int64_t at_us = 0;
  };
  void fill(Used& used, int64_t now) const;
  void forget_the_rested(int64_t now);
  void end(const std::string& key, bool scan);
  void add_bytes(const std::string& key, uint64_t bytes);

  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Used> used_;  ///< by Consumer::key
};

}  // namespace braid::serve
