// What one member of a job writes: a transaction after the other. The first record begins one. A failure is remembered
// until the end, since rows are written in the middle of turns; nothing is written behind it.
//
// A commit goes on beside its member (Executor::start_io). What is written meanwhile belongs to the next
// transaction. It is held in memory until the outcome is known: a writer has one transaction at a time, and nothing of
// the next one may be there if this one fails.
//
// At least once there are no transactions: what is written is there at once, and a commit makes it durable before it
// commits the offsets. It cannot be undone, so that after a failure it is written again.
//
// Writer, executor and group outlive it. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/executor.h"
#include "runtime/broker/broker.h"

namespace braid {

class Transaction {
 public:
  /// `executor` runs nothing else. `attempts`: at least once; a number that no other writer of the job has.
  /// `at_commit`: what is written is held in memory until a commit begins, so that nothing is open while turns wait for
  /// something that takes longer than a broker leaves a transaction open.
  Transaction(BrokerWriter& writer, Executor& executor, int64_t patience_us, std::optional<uint64_t> attempts = {},
              bool at_commit = false)
      : writer_(writer), executor_(executor), patience_us_(patience_us), attempts_(attempts), at_commit_(at_commit) {}

  void write(const NewRecord& record);
  /// Something else than a write has failed that belongs to it.
  void fail(const BrokerError& error) {
    if (!failure_) failure_ = error;
  }
  bool is_open() const { return open_ || !held_.empty(); }
  /// Called between what was written and the commit, on the commit's thread; for tests.
  std::function<void()> before_offsets;
  /// For EpochRecord::attempt: another one each time, 0 with transactions.
  uint64_t next_attempt();
  /// Of a record that was written since it began.
  const std::optional<BrokerError>& failure() const { return failure_; }

  /// Everything that was written and these offsets, or nothing. None is on its way.
  void begin_commit(std::vector<OffsetToCommit> offsets, BrokerGroup& group);
  bool is_committing() const { return commit_ != nullptr; }
  /// finish_commit() would not wait.
  bool is_over() const { return commit_ != nullptr && (commit_->task == nullptr || commit_->task->done()); }
  /// Waits for the one that is on its way. With the fault `uncertain` nobody knows what came of it. After any failure
  /// what is held is thrown away; else it goes to the broker.
  /// At least once: after any failure the member has to join its group anew, so that what is still on its way is
  /// refused.
  BrokerStatus finish_commit();
  /// So much is held that a member waits for the commit, or begins one.
  bool is_full() const { return held_.bytes() >= kMostHeld; }

  /// Nothing of it; a commit on its way is waited for first. An error, of that too: a new session settles it. Only with
  /// transactions.
  BrokerStatus abort();
  /// A new session ends what was open, or has ended it.
  void forget();

 private:
  static constexpr size_t kMostHeld = size_t{8} << 20;

  /// Records, copied.
  class Held {
   public:
    bool empty() const { return records_.empty(); }
    size_t bytes() const { return bytes_.size() + records_.size() * sizeof(Record); }
    void add(const NewRecord& record);
    template <class Visit>
    void visit(const Visit& visit) const;
    void clear();

   private:
    struct Text {
      uint32_t size = 0;
      bool is_there = false;
    };
    struct Record {
      uint32_t topic = 0;
      int32_t partition = 0;
      int64_t timestamp_ms = 0;
      Text key, value;
      uint32_t headers = 0;
    };
    Text add_text(std::optional<std::string_view> text);

    std::vector<std::string> topics_;
    std::vector<Record> records_;
    std::vector<std::pair<Text, Text>> headers_;  ///< name and value, of all records
    std::string bytes_;                           ///< of all texts, in order
  };

  struct Commit {
    std::vector<OffsetToCommit> offsets;
    BrokerGroup& group;
    std::unique_ptr<BrokerGroup::Membership> membership;
    BrokerStatus result;
    std::unique_ptr<Task> task;  ///< null: it has failed before it began; let go of first: it uses the others
  };

  BrokerStatus begin();
  void send(const NewRecord& record);
  void send_held();
  BrokerStatus run(const Commit& commit);
  /// Its result, when it is over.
  BrokerStatus wait_for_commit();

  BrokerWriter& writer_;
  Executor& executor_;
  int64_t patience_us_;
  std::optional<uint64_t> attempts_;
  bool at_commit_ = false;
  uint64_t attempt_ = 0;  ///< counts
  bool open_ = false;
  std::optional<BrokerError> failure_;
  Held held_;
  std::unique_ptr<Commit> commit_;  ///< on its way
};

}  // namespace braid
