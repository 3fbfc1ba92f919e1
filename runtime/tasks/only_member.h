// The only member of the group of a job over a broker that is stopped: while it stays, no instance has a task, and what
// it commits is refused if one has come. For `braid erase`.
//
// Fails with 7100 while other members run, with 7346 if it was stopped, and as brokers do.
// Options and seams outlive it. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "runtime/tasks/topic_job.h"
#include "runtime/tasks/transaction.h"

namespace braid {

class OnlyMember : BrokerGroup::Owner {
 public:
  OnlyMember(const TopicJobOptions& options, const JobSeams& seams) : options_(options), seams_(seams) {}
  OnlyMember(const OnlyMember&) = delete;
  OnlyMember& operator=(const OnlyMember&) = delete;

  /// Waits until it has all partitions of the topic of epochs.
  Status join(const std::string& epochs, int32_t tasks);
  /// It is still the only one, and the group knows that it is there. To be called often; asks twice a second.
  Status stay();
  /// The same, and the group is asked now.
  Status stay_now();
  /// At the end, whatever came of it.
  void leave();
  /// It had all tasks once.
  bool was_alone() const { return was_alone_; }

  // Behind join().
  BrokerGroup& group() { return *group_; }
  BrokerReader& reader() { return *reader_; }
  Transaction& transaction() { return *transaction_; }

 private:
  bool stops() const { return options_.job.stop_requested && options_.job.stop_requested(); }
  Error group_has_members() const;
  void assigned(std::span<const int32_t> partitions) override { owned_.insert(partitions.begin(), partitions.end()); }
  void revoked(std::span<const int32_t> partitions, bool) override {
    for (const int32_t each : partitions) owned_.erase(each);
    is_alone_ = false;
  }

  const TopicJobOptions& options_;
  const JobSeams& seams_;
  std::unique_ptr<BrokerGroup> group_;
  std::unique_ptr<BrokerReader> reader_;
  std::unique_ptr<BrokerWriter> writer_;
  std::unique_ptr<Transaction> transaction_;
  std::set<int32_t> owned_;
  bool is_alone_ = false;  ///< it has all tasks
  bool was_alone_ = false;
  int64_t served_at_ = 0;  ///< steady clock
};

}  // namespace braid
