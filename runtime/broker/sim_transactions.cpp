#include "runtime/broker/sim_transactions.h"

namespace braid {

SimProducerAnswer SimTransactions::begin_session(const std::string& id, int64_t timeout_us) {
  Transaction& transaction = transactions_[id];
  if (transaction.state == State::open) end_now(transaction, false, true);
  if (transaction.state == State::ending) return {{SimError::concurrent_transactions}, {}};
  constexpr int16_t kLastEpoch = 32766;
  if (transaction.producer.id < 0 || transaction.producer.epoch >= kLastEpoch)
    transaction.producer = new_producer();
  else
    ++transaction.producer.epoch;
  transaction.state = State::empty;
  transaction.timeout_us = timeout_us;
  return {{}, transaction.producer};
}

SimError SimTransactions::check(const Transaction& transaction, const SimProducer& producer) const {
  if (producer.id != transaction.producer.id) return SimError::invalid_producer_mapping;
  if (producer.epoch != transaction.producer.epoch) return SimError::producer_fenced;
  return SimError::none;
}

SimAnswer SimTransactions::open(const std::string& id, const SimProducer& producer, Transaction** opened) {
  auto found = transactions_.find(id);
  if (found == transactions_.end()) return {SimError::invalid_producer_mapping};
  Transaction& transaction = found->second;
  if (const SimError error = check(transaction, producer); error != SimError::none) return {error};
  if (transaction.state == State::ending) return {SimError::concurrent_transactions};
  if (transaction.state != State::open) {
    transaction.state = State::open;
    const uint64_t number = ++transaction.number;
    time_.at(time_.now_us() + transaction.timeout_us, [this, &transaction, number] {
      if (transaction.state == State::open && transaction.number == number) end_now(transaction, false, true);
    });
  }
  *opened = &transaction;
  return {};
}

SimAnswer SimTransactions::add_partitions(const std::string& id, const SimProducer& producer,
                                          const std::vector<TopicPartition>& places) {
  for (const TopicPartition& place : places)
    if (!partitions_.is_known(place)) return {SimError::unknown_topic};
  Transaction* transaction = nullptr;
  const SimAnswer answer = open(id, producer, &transaction);
  if (transaction != nullptr) transaction->places.insert(places.begin(), places.end());
  return answer;
}

SimAnswer SimTransactions::add_group(const std::string& id, const SimProducer& producer, const std::string& group) {
  Transaction* transaction = nullptr;
  const SimAnswer answer = open(id, producer, &transaction);
  if (transaction != nullptr) transaction->groups.insert(group);
  return answer;
}

SimProducerAnswer SimTransactions::end(const std::string& id, const SimProducer& producer, bool commit) {
  auto found = transactions_.find(id);
  if (found == transactions_.end()) return {{SimError::invalid_producer_mapping}, {}};
  Transaction& transaction = found->second;
  // Said again: the epoch is the next one already.
  const bool again = level_ == TransactionLevel::by_transaction && producer.id == transaction.producer.id &&
                     producer.epoch + 1 == transaction.producer.epoch && transaction.commit == commit &&
                     (transaction.state == State::ended || transaction.state == State::ending);
  if (!again)
    if (const SimError error = check(transaction, producer); error != SimError::none) return {{error}, {}};
  switch (transaction.state) {
    case State::open:
      end_now(transaction, commit, level_ == TransactionLevel::by_transaction);
      return {{}, transaction.producer};
    case State::ending:
      if (transaction.commit != commit) return {{SimError::invalid_transaction_state}, {}};
      if (again) return {{}, transaction.producer};
      return {{SimError::concurrent_transactions}, {}};
    case State::ended:
      if (transaction.commit == commit) return {{}, transaction.producer};
      return {{SimError::invalid_transaction_state}, {}};
    case State::empty:
      break;
  }
  return {{SimError::invalid_transaction_state}, {}};
}

void SimTransactions::end_now(Transaction& transaction, bool commit, bool new_epoch) {
  // The markers carry the new epoch, so that partitions refuse what the old one still has on its way.
  if (new_epoch) ++transaction.producer.epoch;
  transaction.state = State::ending;
  transaction.commit = commit;
  const auto places = std::move(transaction.places);
  const auto groups = std::move(transaction.groups);
  transaction.places.clear();
  transaction.groups.clear();
  transaction.markers_out = static_cast<int64_t>(places.size() + groups.size());
  if (transaction.markers_out == 0) transaction.state = State::ended;
  const SimProducer producer = transaction.producer;
  const bool late = faults_.chance(faults_.plan.late_markers);
  auto out = [&](std::function<void()> marker) {
    if (!late) {
      mark(transaction, std::move(marker));
      return;
    }
    constexpr int64_t kLongest = 3'000'000;
    time_.at(time_.now_us() + faults_.duration(1000, kLongest),
             [this, &transaction, marker = std::move(marker)] { mark(transaction, marker); });
  };
  for (const TopicPartition& place : places)
    out([this, place, producer, commit] {
      if (SimLog* log = partitions_.log_of(place)) log->mark(producer, commit);
    });
  for (const std::string& group : groups)
    out([this, group, producer, commit] { groups_.mark(group, producer.id, commit); });
}

void SimTransactions::mark(Transaction& transaction, std::function<void()> marker) {
  marker();
  partitions_.changed();
  if (--transaction.markers_out == 0) transaction.state = State::ended;
}

SimError SimTransactions::verify(const std::string& id, const SimProducer& producer,
                                 const TopicPartition& place) const {
  auto found = transactions_.find(id);
  if (found == transactions_.end()) return SimError::invalid_producer_mapping;
  const Transaction& transaction = found->second;
  if (const SimError error = check(transaction, producer); error != SimError::none) return error;
  if (transaction.state != State::open || !transaction.places.contains(place))
    return SimError::invalid_transaction_state;
  return SimError::none;
}

SimError SimTransactions::verify_group(const std::string& id, const SimProducer& producer,
                                       const std::string& group) const {
  auto found = transactions_.find(id);
  if (found == transactions_.end()) return SimError::invalid_producer_mapping;
  const Transaction& transaction = found->second;
  if (const SimError error = check(transaction, producer); error != SimError::none) return error;
  if (transaction.state != State::open || !transaction.groups.contains(group))
    return SimError::invalid_transaction_state;
  return SimError::none;
}

}  // namespace braid
