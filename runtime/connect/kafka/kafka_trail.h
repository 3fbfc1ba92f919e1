// Where the transactions of one id have written, so that what a broker leaves open of one of them can be ended.
//
// The end of a transaction is a marker in each partition that it wrote to. Apache Kafka 4.4 takes a partition
// that has no leader for a deleted one and leaves its marker out (KAFKA-20734): all partitions have none for a
// moment while an only broker, or all of them, start again. The records then stay open there, and the end of the next
// transaction of the same id counts for them. So what was to be thrown away would be there, beside what replaces it.
// docs/decisions/0063 has the whole story.
//
// Internal to the folder. One thread; it outlives the writers of its id.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/broker/broker.h"

namespace braid::kafka {

class Trail {
 public:
  // ---- What a transaction does, in this order.

  void begins();
  void writes(const TopicPartition& place) {
    if (written_ == nullptr || written_->first != place) written_ = &*open_.try_emplace(place).first;
    written_->second.is_written = true;
  }
  /// A record of it was acknowledged; its offset may not be known (−1).
  void acknowledged(std::string_view topic, int32_t partition, int64_t offset);
  void sends_offsets(const std::string& group, std::span<const OffsetToCommit> offsets);
  /// Its commit was asked for: from then on nobody knows, until it was answered.
  void commits() { is_known_ = false; }
  void committed();
  /// The coordinator has refused the commit.
  void not_committed() { is_known_ = true; }
  /// All that was written is acknowledged: the coordinator has taken this transaction, so all before it have ended.
  void is_taken();

  // ---- What may be open when a new session has begun.

  struct Left {
    TopicPartition place;
    /// Of the last record there of the last transaction that was committed; unless it is below the last stable offset,
    /// that one may be open, and must not be ended by an abort. Nothing: there is none, or it has ended.
    std::optional<int64_t> committed;
  };
  std::vector<Left> left() const;
  struct Offsets {
    std::string group;
    OffsetToCommit one;
  };
  /// Offsets of it may be open, too.
  std::optional<Offsets> left_offsets() const { return is_known_ ? offsets_ : std::nullopt; }
  /// Nothing is open any more, or nothing can be done about it.
  void clear();

 private:
  struct Part {
    bool is_written = false;
    int64_t end = -1;  ///< offset of the last record that was acknowledged
  };
  using Parts = std::map<TopicPartition, Part>;

  Parts open_;                            ///< of the transaction at hand, or the one that has ended last
  Parts committed_;                       ///< of the last one that was committed
  Parts aborted_;                         ///< of those before the one at hand
  Parts::value_type* written_ = nullptr;  ///< in open_, the one that was written last
  Parts::value_type* told_ = nullptr;     ///< in open_, the one that was acknowledged last
  bool is_known_ = true;                  ///< that the one at hand was not committed
  bool was_told_ = false;                 ///< a record of it was acknowledged
  std::optional<Offsets> offsets_;
};

}  // namespace braid::kafka
