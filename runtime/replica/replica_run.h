// One run of a replica (replica.h). Internal to the folder.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "runtime/connect/topic_source.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/engine/job_views.h"
#include "runtime/replica/replica.h"
#include "runtime/replica/topic_mark.h"
#include "runtime/replica/topic_rows.h"

namespace braid {

class ReplicaRun {
 public:
  ReplicaRun(const Program& program, const ReplicaOptions& options, const JobSeams& seams);
  /// Waits for those who read views.
  ~ReplicaRun();

  /// The store, the topics and the views, as of the last commit.
  Status open();
  Status run();
  JobReport report() const;
  /// It is asked to stop.
  bool stops();

 private:
  /// Of a product; in the order of the program's.
  struct Topic {
    Topic(const ProductSpec& product, const ViewSpec& view, const SourceSpec& source, bool has_time)
        : rows(product, view, source, has_time) {}
    TopicRows rows;
    Ledger ledger;  ///< of this run
    // The first record that was passed over.
    int64_t first_passed = -1;  ///< offset
    TopicPartition passed_in;
    std::string passed_reason;
  };
  struct Partition {
    size_t product = 0;
    TopicPartition place;
    uint32_t ordinal = 0;  ///< among those of its product
    TopicMark mark;
    bool stored = false;         ///< the store has the mark
    bool changed = false;        ///< since the last commit
    std::optional<int64_t> end;  ///< of the topic, when it was found
    std::unique_ptr<SourcePartition> reader;
  };
  /// Rows go to views alone.
  class Nowhere : public OutputWriter {
   public:
    void write(int, const std::string&, const std::vector<Field>&, const Block&) override {}
    void send(int, const Block&) override {}
  };

  // replica_open.cpp
  Status open_store();
  Status begin_again();
  Status find_partitions(size_t product, const std::map<std::string, std::string>& stored);
  /// Fails if the topic is not what was read.
  Status check(Partition& partition);
  Status check_last(Partition& partition);
  /// Fails if a view that goes on was filled from another topic.
  Status check_topics() const;
  Status fill(const ViewSpec& view, const std::function<Status(const Block& rows)>& take);
  Status fill_from(Partition& partition, const std::function<Status(const Block& rows)>& take);
  Status open_reader(Partition& partition);
  /// Marks of products that are served no more.
  Status forget_marks(const std::map<std::string, std::string>& stored);
  Result<OffsetRange> offsets(const Partition& partition);
  Error not_as_read(const Partition& partition, std::string reason) const;
  /// Of a topic that cannot be read on: whether it is another one, or gone.
  Error error_of(const Partition& partition, const Error& error);

  // replica.cpp
  Status read(Partition& partition, bool* any);
  Status take(Partition& partition, const SourceTurn& turn, int64_t before,
              const std::function<Status(const Block& rows)>& take);
  Status refuse(Partition& partition, const std::vector<TopicRows::Unreadable>& unreadable);
  Status commit();
  /// As of what has been read.
  void note_positions(ViewsAt& at) const;
  Status look_for_partitions();
  bool has_reached_ends();
  bool is_at_end() const;
  void show(bool at_edge = false);
  JobStatus status() const;
  int64_t watermark() const;
  const std::string& name_of_product(size_t product) const { return program_.sources[product].name; }

  const Program& program_;
  const ReplicaOptions& options_;
  const JobSeams& seams_;
  std::shared_ptr<FileLock> lock_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<BrokerReader> reader_;
  TopicAccess access_;
  Nowhere nowhere_;
  JobViews views_;
  ViewsAt at_;  ///< as of the last commit
  std::deque<Topic> topics_;
  std::deque<Partition> partitions_;
  TurnBuffer buffer_;
  bool drained_ = false;
  bool caught_up_ = false;
  uint64_t turns_ = 0, epochs_ = 0;
  int64_t records_ = 0;
  int64_t newest_ = INT64_MIN;
  std::optional<int64_t> uncommitted_since_;  ///< steady clock
  int64_t looked_at_ = 0;                     ///< steady clock, for partitions
};

}  // namespace braid
