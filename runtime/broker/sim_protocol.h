// What clients and servers of the simulation say to each other. Codes are Kafka's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/broker/broker.h"

namespace braid {

enum class SimError : int16_t {
  none = 0,
  offset_out_of_range = 1,
  unknown_topic = 3,
  leader_not_available = 5,
  record_too_large = 10,
  coordinator_loading = 14,
  illegal_generation = 22,
  unknown_member = 25,
  rebalance_in_progress = 27,
  out_of_order_sequence = 45,
  invalid_producer_epoch = 47,
  invalid_transaction_state = 48,
  invalid_producer_mapping = 49,
  concurrent_transactions = 51,
  non_empty_group = 68,
  fenced_instance = 82,
  unstable_offsets = 88,
  producer_fenced = 90,
  timed_out = -185
};

enum class SimRequest {
  produce,
  begin_session,
  add_partitions,
  add_offsets,
  send_offsets,
  end_transaction,
  committed,
  commit_offsets,
  join,
  heartbeat,
  leave,
  admin
};
constexpr size_t kSimRequests = 12;

/// The same request may succeed later; a client tries it again by itself.
bool is_retriable(SimError error);
/// What a call that failed with it leaves to its caller.
BrokerFault fault_of(SimError error);
const char* text_of(SimError error);
BrokerError error_of(SimError error, const std::string& action);
inline std::string text_of(const TopicPartition& place) {
  return place.topic + "/" + std::to_string(place.partition);
}

struct SimAnswer {
  SimError error = SimError::none;
};

struct SimProducer {
  int64_t id = -1;
  int16_t epoch = -1;
  bool operator==(const SimProducer&) const = default;
};

struct SimProducerAnswer : SimAnswer {
  SimProducer producer;
};

/// Who commits offsets for a group. Without a member (generation −1, no name) a real group takes offsets of a
/// transaction unchecked, and so does this one.
struct SimMember {
  std::string group, member;
  std::optional<std::string> instance;
  int32_t generation = -1;
};

struct SimJoinAnswer : SimAnswer {
  std::string member;
  int32_t generation = -1;
  std::vector<int32_t> assigned;
};

}  // namespace braid
