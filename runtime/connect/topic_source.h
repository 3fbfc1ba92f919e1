// A partition of a topic as an input. A turn is what is at hand of it, up to 256 KB. Its bytes are all that is read of
// the records (topic_turn.h).
//
// A record whose schema cannot be had yet ends the turn before it, and nothing is at hand until it can. A turn that was
// run before, and a table that is read whole, wait for it instead, and fail after a while (7064).
//
// Positions are offsets of the next record. An offset may have no record: the markers of transactions, and what
// compaction took.
// Fails with ErrorKind::input: 7064 a schema that is wanted at once, 7090 records before the first that is there, 7114
// records behind the last, 8020 not what it was, or as BrokerError says.
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
#include "runtime/connect/topic_turn.h"
#include "runtime/connect/trace_book.h"

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
  /// What is not at hand is left for later; else, if `bounded`, it is waited for, and so are schemas.
  bool live = false;
  /// How long a turn waits for a schema that has to be had.
  int64_t schema_patience_us = 30'000'000;
  /// Begin so many offsets before the end at most, wherever the binding starts. Nothing: where the binding says.
  std::optional<int64_t> tail;
  /// Where traces of records are noted, if anybody wants them.
  TraceBook* traces = nullptr;
  /// Asked while it waits; true: it gives up, as if nothing were at hand.
  std::function<bool()> stop_requested;
};

/// What the source reads of its topic, in the order of partitions. `whole`: all partitions, whatever `access.task`
/// says. Fails with 7049 if there is no such topic.
Result<std::vector<TopicPartition>> find_topic_partitions(const TopicAccess& access, const SourceSpec& source,
                                                          bool whole);
/// The offset at which the source begins to read where nothing was read before. Fails with 7052 if the partition does
/// not have the offset at which it is to start, and with 7090 if the first rows of another stage are deleted.
Result<int64_t> first_offset(const TopicAccess& access, const SourceSpec& source, const TopicPartition& place);

/// "payments.payment.v1/3", and back.
std::string name_of(const TopicPartition& place);
TopicPartition place_of(std::string_view name);

/// `source`, `ordinal`: as which the program knows the partition.
Result<std::unique_ptr<SourcePartition>> open_topic_partition(const TopicAccess& access, const TopicPartition& place,
                                                              const TopicForm& form = {}, int source = 0,
                                                              uint32_t ordinal = 0);

}  // namespace braid
