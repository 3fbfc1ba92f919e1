#include "runtime/broker/sim_protocol.h"

namespace braid {

bool is_retriable(SimError error) {
  switch (error) {
    case SimError::leader_not_available:
    case SimError::coordinator_loading:
    case SimError::concurrent_transactions:
    case SimError::unstable_offsets:
    case SimError::timed_out:
      return true;
    default:
      return false;
  }
}

BrokerFault fault_of(SimError error) {
  switch (error) {
    case SimError::leader_not_available:
    case SimError::coordinator_loading:
    case SimError::concurrent_transactions:
    case SimError::unstable_offsets:
    case SimError::rebalance_in_progress:
    case SimError::timed_out:
      return BrokerFault::retry;
    case SimError::illegal_generation:
    case SimError::unknown_member:
    case SimError::fenced_instance:
    case SimError::invalid_producer_epoch:
    case SimError::producer_fenced:
      return BrokerFault::fenced;
    case SimError::offset_out_of_range:
    case SimError::unknown_topic:
      return BrokerFault::lost;
    default:
      return BrokerFault::refused;
  }
}

const char* text_of(SimError error) {
  switch (error) {
    case SimError::none:
      return "no error";
    case SimError::offset_out_of_range:
      return "the offset is out of range";
    case SimError::unknown_topic:
      return "there is no such topic or partition";
    case SimError::leader_not_available:
      return "nobody leads the partition yet";
    case SimError::record_too_large:
      return "the record is too large";
    case SimError::coordinator_loading:
      return "the coordinator is loading";
    case SimError::illegal_generation:
      return "the generation is not the current one";
    case SimError::unknown_member:
      return "the group does not know the member";
    case SimError::rebalance_in_progress:
      return "the group is rebalancing";
    case SimError::out_of_order_sequence:
      return "the sequence number is out of order";
    case SimError::invalid_producer_epoch:
      return "the producer has an old epoch";
    case SimError::invalid_transaction_state:
      return "the transaction is in another state";
    case SimError::invalid_producer_mapping:
      return "the producer id belongs to another transactional id";
    case SimError::concurrent_transactions:
      return "the previous transaction is still being ended";
    case SimError::non_empty_group:
      return "the group has members";
    case SimError::fenced_instance:
      return "another member has the same instance id";
    case SimError::unstable_offsets:
      return "a transaction that holds offsets is open";
    case SimError::producer_fenced:
      return "there is a newer producer with the same transactional id";
    case SimError::timed_out:
      return "timed out";
  }
  return "unknown error";
}

BrokerError error_of(SimError error, const std::string& action) {
  return {fault_of(error), action + ": " + text_of(error), static_cast<int>(error)};
}

}  // namespace braid
