// A partition of a topic as an input. A turn is what is at hand of it, up to 256 KB: the records' values, a line each,
// as decoders of JSON read them. Where a value has line ends, they become other white space, which changes nothing in
// JSON; a value that is absent or empty becomes a line that is no record, and the turn says what it was.
//
// Positions are offsets of the next record. An offset may have no record: the markers of transactions, and what
// compaction took.
// Fails with ErrorKind::input: 7090 records before the first that is there, 8020 not what it was, or as BrokerError
// says.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/broker/broker.h"
#include "runtime/connect/source.h"
#include "runtime/connect/topic_binding.h"

namespace braid {

/// How a job reads topics. What it refers to outlives the partitions.
struct TopicAccess {
  Broker* broker = nullptr;
  BrokerReader* reader = nullptr;
  Clock* clock = nullptr;
  /// Only the partition with this number, of streams and of tables with history. Nothing: all.
  std::optional<int32_t> task;
  /// Read up to the end that there was at the beginning.
  bool bounded = false;
  /// What is not at hand is left for later; else, if `bounded`, it is waited for.
  bool live = false;
  /// Asked while it waits; true: it gives up, as if nothing were at hand.
  std::function<bool()> stop_requested;
};

/// What was read from a topic, in the order of partitions. `whole`: all partitions, whatever `access.task` says.
Result<std::vector<TopicPartition>> find_topic_partitions(const TopicAccess& access, const std::string& topic,
                                                          bool whole);
/// The offset at which reading begins where nothing was read before.
Result<int64_t> first_offset(const TopicAccess& access, const TopicPartition& place, const StartAt& start);

/// "payments.payment.v1/3", and back.
std::string name_of(const TopicPartition& place);
TopicPartition place_of(std::string_view name);

Result<std::unique_ptr<SourcePartition>> open_topic_partition(const TopicAccess& access, const TopicPartition& place);

}  // namespace braid
