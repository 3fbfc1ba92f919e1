// The transaction coordinator of the simulation: producer ids and epochs, what a transaction has touched, and its end.
#pragma once

#include <map>
#include <set>

#include "runtime/broker/sim_faults.h"
#include "runtime/broker/sim_groups.h"
#include "runtime/broker/sim_log.h"
#include "runtime/broker/sim_time.h"

namespace braid {

/// Which requests of a producer are told apart.
enum class TransactionLevel {
  /// By producer and epoch: a request that comes late counts for the transaction that is open then. What clients
  /// without
  /// KIP-890 have, librdkafka among them, whatever the broker can do.
  by_session,
  /// Each transaction has an epoch of its own (KIP-890): what comes late is refused.
  by_transaction
};

/// Where markers go.
class SimPartitions {
 public:
  virtual ~SimPartitions() = default;
  /// Null if there is no such partition.
  virtual SimLog* log_of(const TopicPartition& place) = 0;
  /// To the coordinator.
  virtual bool is_known(const TopicPartition& place) = 0;
  /// Something has become visible.
  virtual void changed() = 0;
};

class SimTransactions {
 public:
  SimTransactions(SimTime& time, SimFaults& faults, SimGroups& groups, SimPartitions& partitions,
                  TransactionLevel level)
      : time_(time), faults_(faults), groups_(groups), partitions_(partitions), level_(level) {}

  SimProducerAnswer begin_session(const std::string& id, int64_t timeout_us);
  /// An id for a writer without transactions.
  SimProducer new_producer() { return {next_producer_++, 0}; }
  SimAnswer add_partitions(const std::string& id, const SimProducer& producer,
                           const std::vector<TopicPartition>& places);
  SimAnswer add_group(const std::string& id, const SimProducer& producer, const std::string& group);
  /// The producer of the next transaction comes back.
  SimProducerAnswer end(const std::string& id, const SimProducer& producer, bool commit);

  /// Whether a partition may take records of the transaction, or a group its offsets.
  SimError verify(const std::string& id, const SimProducer& producer, const TopicPartition& place) const;
  SimError verify_group(const std::string& id, const SimProducer& producer, const std::string& group) const;

 private:
  enum class State { empty, open, ending, ended };
  struct Transaction {
    SimProducer producer;
    State state = State::empty;
    bool commit = false;  ///< of the one that ends or has ended
    int64_t timeout_us = 0;
    uint64_t number = 0;  ///< counts transactions of the id
    std::set<TopicPartition> places;
    std::set<std::string> groups;
    int64_t markers_out = 0;
  };
  SimError check(const Transaction& transaction, const SimProducer& producer) const;
  SimAnswer open(const std::string& id, const SimProducer& producer, Transaction** opened);
  void end_now(Transaction& transaction, bool commit, bool new_epoch);
  /// At once, or late if the faults say so.
  void mark(Transaction& transaction, std::function<void()> marker);

  SimTime& time_;
  SimFaults& faults_;
  SimGroups& groups_;
  SimPartitions& partitions_;
  TransactionLevel level_;
  std::map<std::string, Transaction> transactions_;
  int64_t next_producer_ = 1000;
};

}  // namespace braid
