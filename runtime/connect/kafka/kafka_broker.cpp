#include "runtime/connect/kafka/kafka_broker.h"

#include <algorithm>
#include <map>
#include <span>

#include "runtime/base/clock.h"
#include "runtime/connect/kafka/kafka_clients.h"
#include "runtime/connect/kafka/kafka_settings.h"

namespace braid::kafka {
namespace {

/// Of a request that is sent again to whom another broker names.
constexpr int64_t kOneAttempt = 4'000'000;

using OneTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;

/// Requests about topics, by a client of its own.
class KafkaBroker : public Broker {
 public:
  explicit KafkaBroker(const KafkaOptions& options) : options_(options) {}

  BrokerStatus connect() {
    Settings settings;
    BRAID_TRY(settings.set(options_, {}));
    rd_kafka_conf_set_opaque(settings.conf(), this);
    rd_kafka_conf_set_error_cb(settings.conf(), [](rd_kafka_t*, int code, const char* reason, void* broker) {
      static_cast<KafkaBroker*>(broker)->note(static_cast<rd_kafka_resp_err_t>(code), reason);
    });
    BRAID_ASSIGN(client_, settings.make(RD_KAFKA_PRODUCER));
    queue_.reset(rd_kafka_queue_new(client_.get()));
    return {};
  }

  BrokerResult<std::unique_ptr<BrokerReader>> make_reader(const ReaderOptions& options) override {
    return make_kafka_reader(options_, options);
  }
  BrokerResult<std::unique_ptr<BrokerGroup>> make_group(const GroupOptions& options) override {
    return make_kafka_group(options_, options);
  }
  BrokerResult<std::unique_ptr<BrokerWriter>> make_writer(const WriterOptions& options) override {
    // A writer that is given up is followed by another one with its id.
    return make_kafka_writer(options_, options, trails_[options.transactional_id.value_or("")]);
  }

  BrokerResult<std::vector<std::string>> topics(int64_t timeout_us) override {
    const rd_kafka_metadata_t* found = nullptr;
    const rd_kafka_resp_err_t code = rd_kafka_metadata(client_.get(), 1, nullptr, &found, milliseconds(timeout_us));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(code, "cannot list the topics", {});
    reached_ = true;
    std::vector<std::string> names;
    for (int i = 0; i < found->topic_cnt; ++i)
      if (const std::string name = found->topics[i].topic; !name.starts_with("__")) names.push_back(name);
    rd_kafka_metadata_destroy(found);
    std::sort(names.begin(), names.end());
    return names;
  }

  BrokerResult<std::vector<TopicInfo>> describe(std::span<const std::string> topics, int64_t timeout_us) override {
    std::vector<const char*> names;
    for (const std::string& topic : topics) names.push_back(topic.c_str());
    using Names = std::unique_ptr<rd_kafka_TopicCollection_t, Destroy<rd_kafka_TopicCollection_destroy>>;
    const Names asked(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
    BRAID_ASSIGN(const Event event,
                 ask(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout_us, "cannot describe topics", {}, [&](auto* options) {
                   rd_kafka_DescribeTopics(client_.get(), asked.get(), options, queue_.get());
                 }));
    size_t count = 0;
    const rd_kafka_TopicDescription_t** found =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
    std::vector<TopicInfo> described;
    for (size_t i = 0; i < count; ++i) {
      const std::string name = rd_kafka_TopicDescription_name(found[i]);
      const rd_kafka_error_t* error = rd_kafka_TopicDescription_error(found[i]);
      const rd_kafka_resp_err_t code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
      if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_of(code, "cannot describe the topic `" + name + "`", {.right = "Describe", .topic = name});
      size_t partitions = 0;
      rd_kafka_TopicDescription_partitions(found[i], &partitions);
      described.push_back({name, static_cast<int32_t>(partitions)});
    }
    return described;
  }

  BrokerResult<std::map<std::string, std::string>> topic_settings(const std::string& topic,
                                                                  int64_t timeout_us) override {
    using Resource = std::unique_ptr<rd_kafka_ConfigResource_t, Destroy<rd_kafka_ConfigResource_destroy>>;
    const Resource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    rd_kafka_ConfigResource_t* asked = resource.get();
    const std::string action = "cannot find the settings of the topic `" + topic + "`";
    const Asked right{.right = "DescribeConfigs", .topic = topic};
    BRAID_ASSIGN(const Event event,
                 ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_us, action, right, [&](auto* options) {
                   rd_kafka_DescribeConfigs(client_.get(), &asked, 1, options, queue_.get());
                 }));
    size_t count = 0;
    const rd_kafka_ConfigResource_t** results =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    BRAID_CHECK(count == 1, "an answer for another topic");
    if (const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(results[0]); code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return error_of(code, action, right);
    const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(results[0], &count);
    std::map<std::string, std::string> settings;
    for (size_t i = 0; i < count; ++i)
      if (const char* value = rd_kafka_ConfigEntry_value(entries[i]); value != nullptr)
        settings[rd_kafka_ConfigEntry_name(entries[i])] = value;
    return settings;
  }

  BrokerStatus create_topics(std::span<const NewTopic> topics, int64_t timeout_us) override {
    std::vector<OneTopic> made;
    std::vector<rd_kafka_NewTopic_t*> asked;
    for (const NewTopic& topic : topics) {
      char reason[256];
      made.emplace_back(
          rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replicas, reason, sizeof(reason)));
      if (made.back() == nullptr)
        return BrokerError{BrokerFault::refused, "cannot make the topic `" + topic.name + "`: " + reason,
                           RD_KAFKA_RESP_ERR__INVALID_ARG};
      for (const auto& [name, value] : topic.settings)
        rd_kafka_NewTopic_set_config(made.back().get(), name.c_str(), value.c_str());
      asked.push_back(made.back().get());
    }
    BRAID_ASSIGN(
        const Event event,
        ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_us, "cannot make topics", {.right = "Create"}, [&](auto* options) {
          rd_kafka_CreateTopics(client_.get(), asked.data(), asked.size(), options, queue_.get());
        }));
    size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    return first_failure({results, count}, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "make the topic", "Create");
  }

  BrokerStatus delete_topics(std::span<const std::string> topics, int64_t timeout_us) override {
    using Deleted = std::unique_ptr<rd_kafka_DeleteTopic_t, Destroy<rd_kafka_DeleteTopic_destroy>>;
    std::vector<Deleted> made;
    std::vector<rd_kafka_DeleteTopic_t*> asked;
    for (const std::string& topic : topics) {
      made.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
      asked.push_back(made.back().get());
    }
    BRAID_ASSIGN(const Event event,
                 ask(RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_us, "cannot delete topics", {}, [&](auto* options) {
                   rd_kafka_DeleteTopics(client_.get(), asked.data(), asked.size(), options, queue_.get());
                 }));
    size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
    return first_failure({results, count}, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "delete the topic", "Delete");
  }

  BrokerStatus delete_records_before(const TopicPartition& place, int64_t offset, int64_t timeout_us) override {
    const PartitionList list = list_of(place, offset);
    using Deletion = std::unique_ptr<rd_kafka_DeleteRecords_t, Destroy<rd_kafka_DeleteRecords_destroy>>;
    const Deletion deletion(rd_kafka_DeleteRecords_new(list.get()));
    rd_kafka_DeleteRecords_t* asked = deletion.get();
    const std::string action = "cannot delete records of " + text_of(place);
    const Asked right{.right = "Delete", .topic = place.topic};
    BRAID_ASSIGN(const Event event, ask(RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout_us, action, right, [&](auto* options) {
                   rd_kafka_DeleteRecords(client_.get(), &asked, 1, options, queue_.get());
                 }));
    const rd_kafka_topic_partition_list_t* found =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
    if (found->cnt > 0 && found->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return error_of(found->elems[0].err, action, right);
    return {};
  }

  BrokerStatus delete_group(const std::string& group, int64_t timeout_us) override {
    using Deletion = std::unique_ptr<rd_kafka_DeleteGroup_t, Destroy<rd_kafka_DeleteGroup_destroy>>;
    const Deletion deletion(rd_kafka_DeleteGroup_new(group.c_str()));
    rd_kafka_DeleteGroup_t* asked = deletion.get();
    const std::string action = "cannot delete the group `" + group + "`";
    const Asked right{.right = "Delete", .topic = {}, .group = group, .id = {}};
    BRAID_ASSIGN(const Event event, ask(RD_KAFKA_ADMIN_OP_DELETEGROUPS, timeout_us, action, right, [&](auto* options) {
                   rd_kafka_DeleteGroups(client_.get(), &asked, 1, options, queue_.get());
                 }));
    size_t count = 0;
    const rd_kafka_group_result_t** results =
        rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
    BRAID_CHECK(count == 1, "an answer for another group");
    const rd_kafka_error_t* error = rd_kafka_group_result_error(results[0]);
    if (error == nullptr || rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return {};
    return error_of(rd_kafka_error_code(error), action, right);
  }

  BrokerResult<OffsetRange> offsets(const TopicPartition& place, int64_t timeout_us) override {
    BRAID_ASSIGN(const int64_t begin, list_offset(place, RD_KAFKA_OFFSET_SPEC_EARLIEST, timeout_us));
    BRAID_ASSIGN(const int64_t end, list_offset(place, RD_KAFKA_OFFSET_SPEC_LATEST, timeout_us));
    return OffsetRange{begin, end};
  }

  BrokerResult<int64_t> offset_at(const TopicPartition& place, int64_t timestamp_ms, int64_t timeout_us) override {
    BRAID_ASSIGN(const int64_t found, list_offset(place, timestamp_ms, timeout_us));
    if (found >= 0) return found;
    return list_offset(place, RD_KAFKA_OFFSET_SPEC_LATEST, timeout_us);
  }

 private:
  /// The answer to a request that may be sent again. The library waits for the broker that it knows as the controller,
  /// or as a leader, even if that is gone, so it is told anew who they are.
  template <class Send>
  BrokerResult<Event> ask(rd_kafka_admin_op_t operation, int64_t timeout_us, const std::string& action,
                          const Asked& asked, const Send& send) {
    const int64_t end = system_clock().steady_us() + timeout_us;
    while (true) {
      const int64_t rest = rest_of(end);
      AdminOptions options(rd_kafka_AdminOptions_new(client_.get(), operation));
      char reason[256];
      rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds(std::min(rest, kOneAttempt)), reason,
                                                sizeof(reason));
      if (operation == RD_KAFKA_ADMIN_OP_LISTOFFSETS) {
        const ErrorHandle error(
            rd_kafka_AdminOptions_set_isolation_level(options.get(), RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED));
        BRAID_CHECK(error == nullptr, "the isolation level is not taken");
      }
      send(options.get());
      BrokerResult<Event> event = answer(action, asked);
      if (event.ok() && is_without_offset(event->get())) event = failure(RD_KAFKA_RESP_ERR__TIMED_OUT, action, asked);
      if (event.ok() || event.error().fault != BrokerFault::retry || rest <= kOneAttempt) return event;
      // The library waits for a leader of a topic that is gone, too.
      const bool needs_topic =
          operation == RD_KAFKA_ADMIN_OP_LISTOFFSETS || operation == RD_KAFKA_ADMIN_OP_DELETERECORDS;
      if (learn(rest_of(end), asked.topic) == Listed::no && needs_topic)
        return error_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, action, asked);
    }
  }

  /// When nobody answers in time, the library reports success, and no offset.
  static bool is_without_offset(rd_kafka_event_t* event) {
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_LISTOFFSETS_RESULT) return false;
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t** found =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    if (count == 0) return true;
    const rd_kafka_topic_partition_t* result = rd_kafka_ListOffsetsResultInfo_topic_partition(found[0]);
    return result->err == RD_KAFKA_RESP_ERR_NO_ERROR && result->offset == RD_KAFKA_OFFSET_INVALID;
  }

  static int64_t rest_of(int64_t end) { return std::max<int64_t>(end - system_clock().steady_us(), 0); }

  enum class Listed { yes, no, not_known };
  /// Who controls and who leads, by any broker that answers, and whether the topic is there.
  Listed learn(int64_t timeout_us, const std::string& topic) {
    const rd_kafka_metadata_t* found = nullptr;
    if (rd_kafka_metadata(client_.get(), 1, nullptr, &found, milliseconds(std::min(timeout_us, kOneAttempt))) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
      return Listed::not_known;
    const std::span topics(found->topics, static_cast<size_t>(found->topic_cnt));
    const bool is_there = std::ranges::any_of(topics, [&](const auto& each) { return topic == each.topic; });
    rd_kafka_metadata_destroy(found);
    return is_there ? Listed::yes : Listed::no;
  }

  /// The answer to the one request that is out; the library answers within the request's time. A login that is refused
  /// before any broker has answered is not waited for.
  BrokerResult<Event> answer(const std::string& action, const Asked& asked = {}) {
    constexpr int kLookEveryMs = 50;
    while (true) {
      Event event(rd_kafka_queue_poll(queue_.get(), kLookEveryMs));
      rd_kafka_poll(client_.get(), 0);
      if (event == nullptr) {
        if (reached_ || !trouble_) continue;
        const BrokerError error = error_of_connection(trouble_->code, options_.brokers, trouble_->reason);
        if (error.fault == BrokerFault::retry) continue;
        // The answer would be taken for one to the next request.
        queue_.reset(rd_kafka_queue_new(client_.get()));
        return error;
      }
      const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(code, action, asked);
      reached_ = true;
      return event;
    }
  }

  /// Of a request as a whole. What nobody answered is put down to the connection, if that had trouble.
  BrokerError failure(rd_kafka_resp_err_t code, const std::string& action, const Asked& asked) {
    rd_kafka_poll(client_.get(), 0);
    const BrokerError error = error_of(code, action, asked);
    if (error.fault != BrokerFault::retry) {
      reached_ = true;
      return error;
    }
    if (reached_) return error;
    return trouble_ ? error_of_connection(trouble_->code, options_.brokers, trouble_->reason)
                    : error_of_connection(code, options_.brokers, {});
  }

  /// Called by poll(), on this thread. That all brokers are down is not why.
  void note(rd_kafka_resp_err_t code, const char* reason) {
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) trouble_ = Trouble{code, reason};
  }

  static BrokerStatus first_failure(std::span<const rd_kafka_topic_result_t*> results, rd_kafka_resp_err_t accepted,
                                    const std::string& action, const std::string& right) {
    for (const rd_kafka_topic_result_t* result : results) {
      const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == accepted) continue;
      const char* text = rd_kafka_topic_result_error_string(result);
      const std::string name = rd_kafka_topic_result_name(result);
      return error_of(code, "cannot " + action + " `" + name + "`", {.right = right, .topic = name},
                      text == nullptr ? "" : text);
    }
    return {};
  }

  /// `offset`: of RD_KAFKA_OFFSET_SPEC_…, or a timestamp; −1: there is none.
  BrokerResult<int64_t> list_offset(const TopicPartition& place, int64_t offset, int64_t timeout_us) {
    const PartitionList list = list_of(place, offset);
    const std::string action = "cannot find the offsets of " + text_of(place);
    const Asked asked{.right = "Describe", .topic = place.topic};
    BRAID_ASSIGN(const Event event, ask(RD_KAFKA_ADMIN_OP_LISTOFFSETS, timeout_us, action, asked, [&](auto* options) {
                   rd_kafka_ListOffsets(client_.get(), list.get(), options, queue_.get());
                 }));
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t** found =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
    BRAID_CHECK(count == 1, "an answer for another partition");
    const rd_kafka_topic_partition_t* result = rd_kafka_ListOffsetsResultInfo_topic_partition(found[0]);
    if (result->err == RD_KAFKA_RESP_ERR_NO_ERROR) return result->offset;
    BrokerError error = error_of(result->err, action, asked);
    // The leader of a new topic may hear of it later than others.
    const bool may_pass = error.fault == BrokerFault::lost || error.fault == BrokerFault::retry;
    if (may_pass && learn(timeout_us, place.topic) == Listed::yes) error.fault = BrokerFault::retry;
    return error;
  }

  struct Trouble {
    rd_kafka_resp_err_t code;
    std::string reason;
  };

  KafkaOptions options_;
  std::map<std::string, Trail> trails_;  ///< by transactional id
  Handle client_;
  Queue queue_;
  bool reached_ = false;            ///< a broker has answered
  std::optional<Trouble> trouble_;  ///< the last of a connection
};

}  // namespace

BrokerResult<std::unique_ptr<Broker>> make_kafka_broker(const KafkaOptions& options) {
  auto broker = std::make_unique<KafkaBroker>(options);
  BRAID_TRY(broker->connect());
  return std::unique_ptr<Broker>(std::move(broker));
}

}  // namespace braid::kafka

extern "C" __attribute__((visibility("default"))) braid::kafka::MakeBroker braid_kafka_make_broker() {
  return braid::kafka::make_kafka_broker;
}
