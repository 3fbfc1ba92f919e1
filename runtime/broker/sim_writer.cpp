// A producer. Records wait in batches by partition; batches are numbered, sent without waiting for the answers to
// earlier ones, and sent again in order when an answer is missing. Requests of a session and clean answers to them are
// counted as in kafka_writer.cpp: after any doubt the next transaction begins with a new session.
#include <algorithm>
#include <deque>
#include <set>

#include "runtime/broker/sim_clients.h"
#include "runtime/broker/sim_membership.h"

namespace braid {
namespace {

class SimWriter : public BrokerWriter, SimClient {
 public:
  SimWriter(SimCluster& cluster, std::shared_ptr<SimInstance> instance, const WriterOptions& options)
      : SimClient(cluster, std::move(instance)), options_(options), id_(options.transactional_id.value_or("")) {
    if (id_.empty()) producer_ = cluster_.transactions().new_producer();
  }

  BrokerStatus begin_session(int64_t timeout_us) override {
    BRAID_TRY(enter());
    forget();
    ready_ = false;
    sent_ = answered_ = 0;
    const std::optional<SimProducerAnswer> answer = call<SimProducerAnswer>(
        SimRequest::begin_session, now() + timeout_us, [&cluster = cluster_, id = id_, options = options_] {
          return cluster.transactions().begin_session(id, options.transaction_timeout_us);
        });
    BRAID_TRY(enter());
    const std::string action = "cannot begin a session";
    if (!answer) return error_of(SimError::timed_out, action);
    if (answer->error != SimError::none) return error_of(answer->error, action);
    producer_ = answer->producer;
    partitions_.clear();
    touched_ = false;
    ready_ = true;
    sent_ = answered_ = 0;
    return {};
  }

  BrokerStatus begin_transaction(int64_t timeout_us) override {
    const bool doubtful = sent_ != answered_ && !cluster_.options().keeps_epoch_after_doubt;
    if (!ready_ || doubtful) BRAID_TRY(begin_session(timeout_us));
    BRAID_TRY(enter());
    if (fenced_) return error_of(SimError::producer_fenced, "cannot begin a transaction");
    sent_ = answered_ = 0;
    failure_ = {};
    must_abort_ = false;
    return {};
  }

  BrokerStatus write(const NewRecord& record) override {
    BRAID_TRY(enter());
    const std::string action = "cannot write to " + text_of(record.place);
    if (fenced_) return error_of(SimError::producer_fenced, action);
    if (must_abort_) return must_abort(action);
    const size_t bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    if (static_cast<int64_t>(bytes) > cluster_.options().largest_record)
      return error_of(SimError::record_too_large, action);
    constexpr size_t kMostWaiting = 100'000;
    if (waiting_ >= kMostWaiting) return BrokerError{BrokerFault::retry, action + ": the queue is full", 0};
    Partition& partition = partitions_[record.place];
    if (partition.batches.empty() || partition.batches.back().sealed) partition.batches.emplace_back();
    Batch& batch = partition.batches.back();
    batch.payload->add(record);
    ++waiting_;
    if (batch.payload->records().size() >= cluster_.options().batch_records) {
      batch.sealed = true;
      pump();
    } else {
      linger();
    }
    return {};
  }

  BrokerStatus flush(int64_t timeout_us) override {
    BRAID_TRY(enter());
    BRAID_TRY(acknowledge(now() + timeout_us));
    return enter();
  }

  BrokerStatus send_offsets(std::span<const OffsetToCommit> offsets, const BrokerGroup::Membership& membership,
                            int64_t timeout_us) override {
    BRAID_TRY(enter());
    const std::string action = "cannot commit the offsets";
    const SimMember& member = static_cast<const SimMembership&>(membership).member;
    if (fenced_) return error_of(SimError::producer_fenced, action);
    if (must_abort_) return must_abort(action);
    // A broker would not check it, see SimMember.
    if (member.generation < 0) return outcome(SimError::unknown_member, action);
    const int64_t until = now() + timeout_us;
    const SimProducer producer = producer_;
    std::optional<SimAnswer> answer = call<SimAnswer>(SimRequest::add_offsets, until,
                                                      [&cluster = cluster_, id = id_, producer, group = member.group] {
                                                        return cluster.transactions().add_group(id, producer, group);
                                                      });
    if (answer && answer->error == SimError::none) {
      touched_ = true;
      std::vector<OffsetToCommit> sent(offsets.begin(), offsets.end());
      answer =
          call<SimAnswer>(SimRequest::send_offsets, until,
                          [&cluster = cluster_, id = id_, producer, member, sent = std::move(sent)]() -> SimAnswer {
                            const SimError error = cluster.transactions().verify_group(id, producer, member.group);
                            if (error != SimError::none) return {error};
                            return cluster.groups().add_offsets(member, producer.id, sent);
                          });
    }
    BRAID_TRY(enter());
    return outcome(answer ? answer->error : SimError::timed_out, action);
  }

  BrokerStatus commit_transaction(int64_t timeout_us) override {
    BRAID_TRY(enter());
    const int64_t until = now() + timeout_us;
    const std::string action = "cannot commit the transaction";
    if (fenced_) return error_of(SimError::producer_fenced, action);
    if (must_abort_) return must_abort(action);
    if (cluster_.options().commits_unflushed) {
      pump_all();
      SimClient::wait(now() + cluster_.way(), [] { return false; });
      forget();
    } else if (const BrokerStatus flushed = acknowledge(until); !flushed.ok()) {
      BrokerError error = flushed.error();
      if (failure_.ok()) return outcome(SimError::timed_out, action);
      if (error.fault != BrokerFault::fenced && error.fault != BrokerFault::uncertain) error.fault = BrokerFault::abort;
      return error;
    }
    return end(true, until, action);
  }

  BrokerStatus abort_transaction(int64_t timeout_us) override {
    BRAID_TRY(enter());
    const int64_t until = now() + timeout_us;
    const std::string action = "cannot abort the transaction";
    if (fenced_) return error_of(SimError::producer_fenced, action);
    const bool in_flight =
        adding_ || std::ranges::any_of(partitions_, [](const auto& each) {
          return std::ranges::any_of(each.second.batches, [](const Batch& batch) { return batch.was_sent; });
        });
    failure_ = {};
    must_abort_ = false;
    // Numbers of batches that nobody has acknowledged are used up: only a new epoch begins with the first again.
    if (in_flight) {
      BRAID_TRY(begin_session(timeout_us));
      return {};
    }
    forget();
    return end(false, until, action);
  }

 private:
  struct Batch {
    std::shared_ptr<SimPayload> payload = std::make_shared<SimPayload>();
    bool sealed = false;    ///< takes no more records
    bool is_out = false;    ///< an answer is expected
    bool was_sent = false;  ///< once at least
    int32_t sequence = 0;
  };
  struct Partition {
    std::deque<Batch> batches;
    int32_t next_sequence = 0;
    bool added = false;  ///< to the transaction
    bool waits = false;  ///< before it is sent again
  };

  void attempt_sent() override { ++sent_; }
  void attempt_ended(bool answered) override { answered_ += answered ? 1 : 0; }

  /// What is under way, of the client's side.
  void forget() {
    life_ = std::make_shared<char>();
    for (auto& [place, partition] : partitions_) {
      partition.batches.clear();
      partition.waits = false;
    }
    waiting_ = 0;
    adding_ = lingers_ = false;
    fenced_ = must_abort_ = false;
    failure_ = {};
  }

  BrokerStatus end(bool commit, int64_t until, const std::string& action) {
    if (!touched_) {
      end_places();
      return enter();
    }
    const std::optional<SimProducerAnswer> answer = call<SimProducerAnswer>(
        SimRequest::end_transaction, until, [&cluster = cluster_, id = id_, producer = producer_, commit] {
          return cluster.transactions().end(id, producer, commit);
        });
    if (answer && answer->error == SimError::none) {
      if (answer->producer != producer_) {
        producer_ = answer->producer;
        for (auto& [place, partition] : partitions_) partition.next_sequence = 0;
      }
      end_places();
      return enter();
    }
    BRAID_TRY(enter());
    const BrokerStatus found = outcome(answer ? answer->error : SimError::timed_out, action);
    if (found.error().fault == BrokerFault::uncertain) ready_ = false;
    end_places();
    return found;
  }

  void end_places() {
    for (auto& [place, partition] : partitions_) partition.added = false;
    touched_ = false;
  }

  /// As librdkafka tells them apart: to be aborted, fenced, and all else leaves a doubt.
  BrokerStatus outcome(SimError error, const std::string& action) {
    if (error == SimError::none) return {};
    BrokerError found = error_of(error, action);
    switch (error) {
      case SimError::producer_fenced:
      case SimError::invalid_producer_epoch:
        fenced_ = true;
        break;
      case SimError::illegal_generation:
      case SimError::unknown_member:
      case SimError::fenced_instance:
        must_abort_ = true;
        break;
      case SimError::unknown_topic:
      case SimError::record_too_large:
        must_abort_ = true;
        found.fault = BrokerFault::abort;
        break;
      default:
        found.fault = BrokerFault::uncertain;
    }
    return found;
  }

  static BrokerError must_abort(const std::string& action) {
    return {BrokerFault::abort, action + ": the transaction has failed before", 0};
  }

  BrokerStatus acknowledge(int64_t until) {
    pump_all();
    SimClient::wait(until, [this] { return waiting_ == 0 || !failure_.ok(); });
    BRAID_TRY(failure_);
    if (waiting_ != 0) return error_of(SimError::timed_out, "records are not acknowledged");
    return {};
  }

  void linger() {
    if (std::exchange(lingers_, true)) return;
    after(options_.linger_us, [this] {
      lingers_ = false;
      pump_all();
    });
  }

  void after(int64_t delay_us, std::function<void()> what) {
    cluster_.deliver(instance_, now() + delay_us, [life = std::weak_ptr(life_), what = std::move(what)] {
      if (!life.expired()) what();
    });
  }

  void pump_all() {
    for (auto& [place, partition] : partitions_)
      if (!partition.batches.empty()) partition.batches.back().sealed = true;
    pump();
  }

  void pump() {
    if (!failure_.ok() || instance_->crashed) return;
    std::vector<TopicPartition> to_add;
    for (auto& [place, partition] : partitions_) {
      if (partition.batches.empty() || !partition.batches.front().sealed || partition.waits) continue;
      if (!id_.empty() && !partition.added) {
        to_add.push_back(place);
        continue;
      }
      constexpr size_t kMostInFlight = 5;
      for (size_t i = 0; i < std::min(partition.batches.size(), kMostInFlight); ++i) {
        Batch& batch = partition.batches[i];
        if (!batch.sealed) break;
        if (!batch.is_out) send(place, partition, batch);
      }
    }
    if (!to_add.empty() && !adding_) add(std::move(to_add));
  }

  void add(std::vector<TopicPartition> places) {
    adding_ = touched_ = true;
    ++sent_;
    cluster_.send<SimAnswer>(
        instance_, connection_, SimRequest::add_partitions,
        [&cluster = cluster_, id = id_, producer = producer_, places] {
          return cluster.transactions().add_partitions(id, producer, places);
        },
        [this, life = std::weak_ptr(life_), places](const std::optional<SimAnswer>& answer) {
          if (life.expired()) return;
          adding_ = false;
          answered_ += answer ? 1 : 0;
          if (answer && answer->error == SimError::none) {
            for (const TopicPartition& place : places) partitions_[place].added = true;
            pump();
          } else if (!answer || is_retriable(answer->error)) {
            after(kBackoff, [this] { pump(); });
          } else {
            fail(answer->error, places.front());
          }
        });
  }

  void send(const TopicPartition& place, Partition& partition, Batch& batch) {
    if (!batch.was_sent) {
      batch.sequence = partition.next_sequence;
      partition.next_sequence += static_cast<int32_t>(batch.payload->records().size());
    }
    batch.is_out = batch.was_sent = true;
    ++sent_;
    cluster_.send<SimAnswer>(
        instance_, to_partitions_, SimRequest::produce,
        [&cluster = cluster_, request = SimCluster::Produce{place, id_, producer_, batch.sequence, batch.payload}] {
          return cluster.produce(request);
        },
        [this, life = std::weak_ptr(life_), place, sequence = batch.sequence](const std::optional<SimAnswer>& answer) {
          if (life.expired()) return;
          answered_ += answer ? 1 : 0;
          produced(place, sequence, answer);
        },
        static_cast<int64_t>(batch.payload->bytes()));
  }

  void produced(const TopicPartition& place, int32_t sequence, const std::optional<SimAnswer>& answer) {
    Partition& partition = partitions_[place];
    auto batch = std::ranges::find_if(partition.batches,
                                      [&](const Batch& each) { return each.was_sent && each.sequence == sequence; });
    if (batch == partition.batches.end()) return;
    batch->is_out = false;
    if (answer && answer->error == SimError::none) {
      waiting_ -= batch->payload->records().size();
      partition.batches.erase(batch);
      pump();
      return;
    }
    // One that overtook a lost one comes again behind it.
    const bool overtook =
        answer && answer->error == SimError::out_of_order_sequence && batch != partition.batches.begin();
    if (!answer || is_retriable(answer->error) || overtook) {
      partition.waits = true;
      after(kBackoff, [this, place] {
        partitions_[place].waits = false;
        pump();
      });
      return;
    }
    fail(answer->error, place);
  }

  void fail(SimError error, const TopicPartition& place) {
    if (!failure_.ok()) return;
    failure_ = error_of(error, "cannot write to " + text_of(place));
    const bool in_doubt = error == SimError::invalid_transaction_state || error == SimError::out_of_order_sequence ||
                          error == SimError::invalid_producer_mapping;
    if (in_doubt) failure_ = BrokerError{BrokerFault::uncertain, failure_.error().message, static_cast<int>(error)};
    if (id_.empty()) {
      producer_ = cluster_.transactions().new_producer();
      partitions_.clear();
      waiting_ = 0;
      return;
    }
    if (error == SimError::producer_fenced || error == SimError::invalid_producer_epoch) fenced_ = true;
    if (in_doubt) ready_ = false;
  }

  WriterOptions options_;
  std::string id_;
  SimConnection to_partitions_;  ///< another broker than the coordinator's
  SimProducer producer_;
  std::map<TopicPartition, Partition> partitions_;
  size_t waiting_ = 0;   ///< records that are not acknowledged
  bool ready_ = false;   ///< a session has begun
  bool fenced_ = false;  ///< until the next session
  bool must_abort_ = false;
  bool touched_ = false;  ///< the coordinator may know of the transaction
  bool adding_ = false;   ///< partitions are being added
  bool lingers_ = false;
  int64_t sent_ = 0, answered_ = 0;
  BrokerStatus failure_;  ///< the first of a record
};

}  // namespace

std::unique_ptr<BrokerWriter> make_sim_writer(SimCluster& cluster, std::shared_ptr<SimInstance> instance,
                                              const WriterOptions& options) {
  return std::make_unique<SimWriter>(cluster, std::move(instance), options);
}

}  // namespace braid
