// A consumer that takes part in a group and reads nothing: what it is assigned are names for work.
#include "runtime/connect/kafka/kafka_clients.h"
#include "runtime/connect/kafka/kafka_settings.h"

namespace braid::kafka {
namespace {

class KafkaGroup : public BrokerGroup {
 public:
  KafkaGroup(std::string group, std::string topic)
      : topic_(std::move(topic)), asked_{.right = "Read", .topic = topic_, .group = std::move(group), .id = {}} {}
  ~KafkaGroup() override {
    if (client_ != nullptr) rd_kafka_consumer_close(client_.get());
  }

  BrokerStatus join(Settings& settings) {
    rd_kafka_conf_set_opaque(settings.conf(), this);
    rd_kafka_conf_set_rebalance_cb(
        settings.conf(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* group) {
          static_cast<KafkaGroup*>(group)->rebalance(code, list);
        });
    BRAID_ASSIGN(client_, settings.make(RD_KAFKA_CONSUMER));
    rd_kafka_poll_set_consumer(client_.get());
    const PartitionList topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t code = rd_kafka_subscribe(client_.get(), topics.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "cannot join the group", asked_);
    return {};
  }

  BrokerStatus serve(int64_t timeout_us, Owner& owner) override {
    owner_ = &owner;
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client_.get(), milliseconds(timeout_us));
    owner_ = nullptr;
    BRAID_TRY(std::exchange(failure_, {}));
    if (message == nullptr) return {};
    rd_kafka_resp_err_t code = message->err;
    const std::string text = code == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_message_errstr(message);
    rd_kafka_message_destroy(message);
    // Records and ends of the topic mean nothing here.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF) return {};
    // What is fatal is told by another call: that a static member has a double.
    char reason[256];
    if (code == RD_KAFKA_RESP_ERR__FATAL) code = rd_kafka_fatal_error(client_.get(), reason, sizeof(reason));
    return error_of(code, "cannot be a member of the group `" + asked_.group + "`", asked_, text);
  }

  BrokerStatus leave(int64_t timeout_us, Owner& owner) override {
    (void)timeout_us;
    owner_ = &owner;
    const rd_kafka_resp_err_t code = rd_kafka_consumer_close(client_.get());
    owner_ = nullptr;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "cannot leave the group", asked_);
    return std::exchange(failure_, {});
  }

  BrokerResult<std::vector<Committed>> committed(std::span<const TopicPartition> places, int64_t timeout_us) override {
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
    for (const TopicPartition& place : places)
      rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition);
    const rd_kafka_resp_err_t code = rd_kafka_committed(client_.get(), list.get(), milliseconds(timeout_us));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "cannot read the committed offsets", asked_);
    std::vector<Committed> found;
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& each = list->elems[i];
      Committed committed{{each.topic, each.partition}, std::nullopt, {}};
      if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_of(each.err, "cannot read the committed offset of " + text_of(committed.place), asked_);
      if (each.offset >= 0) {
        committed.offset = each.offset;
        committed.metadata.assign(static_cast<const char*>(each.metadata), each.metadata_size);
      }
      found.push_back(std::move(committed));
    }
    return found;
  }

  BrokerStatus commit(std::span<const OffsetToCommit> offsets, int64_t timeout_us) override {
    const std::string action = "cannot commit the offsets";
    // Brokers take offsets of a group without members from anybody.
    const GroupMetadata metadata(rd_kafka_consumer_group_metadata(client_.get()));
    if (metadata == nullptr || rd_kafka_consumer_group_metadata_generation_id(metadata.get()) < 0)
      return error_of(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, action, asked_);
    const PartitionList list = offset_list(client_.get(), offsets);
    const Queue answers(rd_kafka_queue_new(client_.get()));
    const rd_kafka_resp_err_t asked = rd_kafka_commit_queue(client_.get(), list.get(), answers.get(), nullptr, nullptr);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return uncertain(error_of(asked, action, asked_));
    const Event event(rd_kafka_queue_poll(answers.get(), milliseconds(timeout_us)));
    if (event == nullptr) return uncertain(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, action, asked_));
    if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
      return uncertain(error_of(rd_kafka_event_error(event.get()), action, asked_));
    const rd_kafka_topic_partition_list_t* found = rd_kafka_event_topic_partition_list(event.get());
    for (int i = 0; found != nullptr && i < found->cnt; ++i)
      if (found->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return uncertain(error_of(found->elems[i].err, action, asked_));
    return {};
  }

  std::unique_ptr<Membership> membership() override {
    auto made = std::make_unique<KafkaMembership>();
    made->metadata.reset(rd_kafka_consumer_group_metadata(client_.get()));
    made->group = asked_.group;
    return made;
  }

 private:
  /// What may be done later is in doubt.
  static BrokerError uncertain(BrokerError error) {
    if (error.fault == BrokerFault::retry) error.fault = BrokerFault::uncertain;
    return error;
  }

  void rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list) {
    std::vector<int32_t> partitions;
    for (int i = 0; i < list->cnt; ++i) partitions.push_back(list->elems[i].partition);
    ErrorHandle error;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = RD_KAFKA_OFFSET_END;
      error.reset(rd_kafka_incremental_assign(client_.get(), list));
      rd_kafka_pause_partitions(client_.get(), list);
      if (owner_ != nullptr) owner_->assigned(partitions);
    } else {
      const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
      if (owner_ != nullptr) owner_->revoked(partitions, lost);
      error.reset(rd_kafka_incremental_unassign(client_.get(), list));
    }
    if (error != nullptr && failure_.ok())
      failure_ = error_of(rd_kafka_error_code(error.get()), "cannot take over the partitions of the group", asked_);
  }

  Handle client_;
  std::string topic_;
  Asked asked_;
  Owner* owner_ = nullptr;  ///< of the call at hand
  BrokerStatus failure_;
};

}  // namespace

BrokerResult<std::unique_ptr<BrokerGroup>> make_kafka_group(const KafkaOptions& kafka, const GroupOptions& options) {
  Settings settings;
  BRAID_TRY(
      settings.set(kafka, {{"group.id", options.group},
                           {"enable.auto.commit", "false"},
                           {"enable.auto.offset.store", "false"},
                           {"isolation.level", "read_committed"},
                           {"partition.assignment.strategy", "cooperative-sticky"},
                           // Rebalances wait for it.
                           {"heartbeat.interval.ms", std::to_string(milliseconds(options.session_timeout_us / 10))},
                           {"session.timeout.ms", std::to_string(milliseconds(options.session_timeout_us))},
                           {"max.poll.interval.ms", std::to_string(milliseconds(options.work_timeout_us))}}));
  if (options.instance) BRAID_TRY(settings.set("group.instance.id", *options.instance));
  auto group = std::make_unique<KafkaGroup>(options.group, options.topic);
  BRAID_TRY(group->join(settings));
  return std::unique_ptr<BrokerGroup>(std::move(group));
}

}  // namespace braid::kafka
