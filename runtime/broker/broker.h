// A message broker as a seam: topics that are logs, transactions over them, and a group of instances that share work.
// Apache Kafka implements it (runtime/connect/kafka), and so does a simulation (sim_broker.h) that can lose answers,
// delay writes and fence.
//
// Words are Kafka's. A *topic* has partitions 0 … n−1; a record has an *offset* in its partition, which grows, with
// gaps. Readers see committed records only, up to the *last stable offset*: the first record of a transaction that is
// open. Offsets are committed for a *group*, each with a short text (metadata).
//
// Every call returns within its timeout (microseconds), or about at once where it has none. What it fails with says
// what the caller does next, see BrokerFault. Objects are made by a Broker, which outlives them; each belongs to one
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace braid {

enum class BrokerFault {
  retry,      ///< nothing has happened; the same call may succeed later
  abort,      ///< the transaction cannot be committed; abort_transaction() makes the writer usable again
  uncertain,  ///< nobody knows what has happened: give the writer up, make another one with the same id, and only after
              ///< its begin_session() read the committed offsets
  fenced,     ///< another instance has taken over: this one must not write any more
  refused,    ///< it will fail in the same way again: not allowed, no such topic, too large, a wrong setting
  lost        ///< the records are not there any more (retention, deleted topic)
};

struct BrokerError {
  BrokerFault fault = BrokerFault::refused;
  std::string message;
  /// Kafka's error code, or a negative one of its client library; 0: none.
  int code = 0;
  /// Of the diagnostics catalogue, of which the message is; 0: none.
  int finding = 0;
  operator Error() const { return {ErrorKind::input, message, finding, 0}; }
};
/// BrokerError::code of delete_group().
inline constexpr int kGroupHasMembers = 68;

template <class T>
using BrokerResult = Result<T, BrokerError>;
using BrokerStatus = Result<void, BrokerError>;

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

struct RecordHeader {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// A record as it is read. Its bytes belong to the batch that it came with.
struct BrokerRecord {
  int64_t offset = 0;
  int64_t timestamp_ms = 0;  ///< −1: none
  bool append_time = false;  ///< the broker set the timestamp, not the producer
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< nothing: a tombstone
  std::span<const RecordHeader> headers;
};

/// Records of one partition, by offset; what they refer to lives as long as the batch.
class RecordBatch {
 public:
  virtual ~RecordBatch() = default;
  std::span<const BrokerRecord> records() const { return records_; }

 protected:
  std::vector<BrokerRecord> records_;
};

/// Reads partitions that are named to it, from offsets that are named to it. Has no memory between runs.
class BrokerReader {
 public:
  virtual ~BrokerReader() = default;
  /// Begins to read a partition, or goes on at another offset. Of a topic that was made a moment ago the next fetch may
  /// say that it is lost, until all brokers know it.
  virtual BrokerStatus start(const TopicPartition& place, int64_t offset) = 0;
  virtual BrokerStatus stop(const TopicPartition& place) = 0;
  struct Fetched {
    std::unique_ptr<RecordBatch> batch;  ///< null: there is none at hand
    /// Of a partition that stands at its end: where that is. Records may come later.
    std::optional<int64_t> end;
  };
  /// Up to `most` records that are at hand. Records behind those stay for the next call.
  virtual BrokerResult<Fetched> fetch(const TopicPartition& place, size_t most) = 0;
  /// Returns when records are at hand, a partition has reached its end, or the time is over. Counts partitions that
  /// were fetched from since the last wait: nobody has use for records of others now.
  virtual void wait(int64_t timeout_us) = 0;
  /// The same of one partition, whatever others have.
  virtual void wait_for(const TopicPartition& place, int64_t timeout_us) = 0;
};

struct OffsetToCommit {
  TopicPartition place;
  int64_t offset = 0;  ///< of the next record
  std::string metadata;
};

/// Membership in a group whose members share the partitions of one topic.
class BrokerGroup {
 public:
  /// Called by serve(). What is given up stays owned until `revoked` returns, so that its work can be committed.
  /// `lost`: others may own it already, and a commit would be refused.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void assigned(std::span<const int32_t> partitions) = 0;
    virtual void revoked(std::span<const int32_t> partitions, bool lost) = 0;
  };

  virtual ~BrokerGroup() = default;
  /// Takes part in the group: answers the broker, and calls the owner. Has to be called often enough, at least once in
  /// GroupOptions::work_timeout_us; else the group gives the partitions to others, and the next call may fail with
  /// `retry` before it calls `revoked`. `fenced`: another member has the same GroupOptions::instance.
  virtual BrokerStatus serve(int64_t timeout_us, Owner& owner) = 0;
  /// Leaves; revokes everything first.
  virtual BrokerStatus leave(int64_t timeout_us, Owner& owner) = 0;
  struct Committed {
    TopicPartition place;
    std::optional<int64_t> offset;  ///< nothing: none was ever committed
    std::string metadata;
  };
  /// Stable offsets: waits while a transaction that holds some is open, and fails with `retry` when the time is over.
  virtual BrokerResult<std::vector<Committed>> committed(std::span<const TopicPartition> places,
                                                         int64_t timeout_us) = 0;
  /// Identity, generation and member, as BrokerWriter::send_offsets takes it: only current ones are accepted, and none
  /// of one that has not joined, has left or has lost its assignment. It says nothing of partitions: a member that was
  /// given up and has joined again is current, so that what `revoked` names must not be committed after it.
  struct Membership {
    virtual ~Membership() = default;
  };
  virtual std::unique_ptr<Membership> membership() = 0;
  /// Commits offsets without a transaction, as this member. `fenced`: it is not a current one. `uncertain`: it may have
  /// been done, or be done later, until this member is gone from the group.
  virtual BrokerStatus commit(std::span<const OffsetToCommit> offsets, int64_t timeout_us) = 0;
};

/// A record to be written.
struct NewRecord {
  TopicPartition place;
  std::optional<std::string_view> key, value;
  std::span<const RecordHeader> headers;
  int64_t timestamp_ms = 0;
};

/// Writes records, in a transaction if it has an id. Between begin_transaction() and commit_transaction() nothing that
/// it writes is seen by readers. One call at a time.
class BrokerWriter {
 public:
  virtual ~BrokerWriter() = default;
  /// With an id: first of all. Ends what an earlier writer of this id left open, which is fenced from then on.
  virtual BrokerStatus begin_session(int64_t timeout_us) = 0;
  /// After a doubtful answer in the last one it begins a session first, so that nothing late can reach this one.
  virtual BrokerStatus begin_transaction(int64_t timeout_us) = 0;
  /// Copies the record and hands it on; whether it was written, flush() says. `retry`: the queue is full, flush first.
  virtual BrokerStatus write(const NewRecord& record) = 0;
  /// Until all records are acknowledged; the first failure of one of them.
  virtual BrokerStatus flush(int64_t timeout_us) = 0;
  /// The offsets become part of the transaction. `fenced`: the membership is not current any more.
  virtual BrokerStatus send_offsets(std::span<const OffsetToCommit> offsets, const BrokerGroup::Membership& membership,
                                    int64_t timeout_us) = 0;
  /// After a clean answer everything of the transaction is there, or, with `abort`, nothing of it.
  virtual BrokerStatus commit_transaction(int64_t timeout_us) = 0;
  virtual BrokerStatus abort_transaction(int64_t timeout_us) = 0;
};

struct NewTopic {
  std::string name;
  int32_t partitions = 1;
  int32_t replicas = -1;  ///< −1: the cluster's default
  std::vector<std::pair<std::string, std::string>> settings;
};

struct TopicInfo {
  std::string name;
  int32_t partitions = 0;
};

struct OffsetRange {
  int64_t begin = 0;
  int64_t end = 0;  ///< the last stable offset
};

struct GroupOptions {
  std::string group;
  std::string topic;  ///< whose partitions are shared
  /// Nothing: a restart is another member. Otherwise it keeps its partitions while it is away for less than the
  /// session.
  std::optional<std::string> instance;
  int64_t session_timeout_us = 10'000'000;
  int64_t work_timeout_us = 300'000'000;
};

struct WriterOptions {
  std::optional<std::string> transactional_id;
  int64_t transaction_timeout_us = 60'000'000;  ///< after which the broker aborts an open transaction
  int64_t linger_us = 5'000;
  std::string compression = "lz4";  ///< none, gzip, snappy, lz4, zstd
};

struct ReaderOptions {
  std::string group;                        ///< as which it is known to the broker
  int64_t queued_bytes = int64_t{1} << 20;  ///< fetched ahead, of each partition
};

class Broker {
 public:
  virtual ~Broker() = default;
  virtual BrokerResult<std::unique_ptr<BrokerReader>> make_reader(const ReaderOptions& options) = 0;
  virtual BrokerResult<std::unique_ptr<BrokerGroup>> make_group(const GroupOptions& options) = 0;
  virtual BrokerResult<std::unique_ptr<BrokerWriter>> make_writer(const WriterOptions& options) = 0;

  /// The names of all that this user may see, sorted; without the broker's own.
  virtual BrokerResult<std::vector<std::string>> topics(int64_t timeout_us) = 0;
  /// Of those that exist.
  virtual BrokerResult<std::vector<TopicInfo>> describe(std::span<const std::string> topics, int64_t timeout_us) = 0;
  /// As they hold now, those that nobody has set included: "cleanup.policy", "retention.ms" and others.
  virtual BrokerResult<std::map<std::string, std::string>> topic_settings(const std::string& topic,
                                                                          int64_t timeout_us) = 0;
  /// A topic that exists already is left as it is.
  virtual BrokerStatus create_topics(std::span<const NewTopic> topics, int64_t timeout_us) = 0;
  virtual BrokerStatus delete_topics(std::span<const std::string> topics, int64_t timeout_us) = 0;
  /// Records before that offset go.
  virtual BrokerStatus delete_records_before(const TopicPartition& place, int64_t offset, int64_t timeout_us) = 0;
  /// The group is forgotten with its committed offsets. Not while it has members: then the code is kGroupHasMembers.
  /// That there is no such group is not an error.
  virtual BrokerStatus delete_group(const std::string& group, int64_t timeout_us) = 0;
  virtual BrokerResult<OffsetRange> offsets(const TopicPartition& place, int64_t timeout_us) = 0;
  /// The first record with that timestamp or a later one; its end if there is none.
  virtual BrokerResult<int64_t> offset_at(const TopicPartition& place, int64_t timestamp_ms, int64_t timeout_us) = 0;
};

/// The partition that the Java client chooses for a key: murmur2, positive, modulo.
int32_t partition_of_key(std::string_view key, int32_t partitions);

}  // namespace braid
