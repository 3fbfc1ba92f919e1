// A consumer whose partitions are named to it. Each has a queue of its own in the library, so that one that is not
// fetched from holds up no other, and is bounded by itself.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "runtime/connect/kafka/kafka_clients.h"
#include "runtime/connect/kafka/kafka_settings.h"

namespace braid::kafka {
namespace {

using Message = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;

class KafkaBatch : public RecordBatch {
 public:
  void add(Message message) {
    BrokerRecord record;
    record.offset = message->offset;
    rd_kafka_timestamp_type_t kind{};
    record.timestamp_ms = rd_kafka_message_timestamp(message.get(), &kind);
    record.append_time = kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    if (message->key != nullptr) record.key.emplace(static_cast<const char*>(message->key), message->key_len);
    if (message->payload != nullptr) record.value.emplace(static_cast<const char*>(message->payload), message->len);
    record.headers = headers_of(*message);
    records_.push_back(record);
    messages_.push_back(std::move(message));
  }
  bool empty() const { return records_.empty(); }
  size_t size() const { return records_.size(); }

 private:
  std::span<const RecordHeader> headers_of(const rd_kafka_message_t& message) {
    rd_kafka_headers_t* found = nullptr;
    if (rd_kafka_message_headers(&message, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    std::vector<RecordHeader>& headers = headers_.emplace_back();
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      RecordHeader header{name, std::nullopt};
      if (value != nullptr) header.value.emplace(static_cast<const char*>(value), size);
      headers.push_back(header);
    }
    return headers;
  }

  std::vector<Message> messages_;
  std::deque<std::vector<RecordHeader>> headers_;  ///< records refer to them
};

/// Rung by the library's threads when a queue that was empty has something.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    condition_.notify_one();
  }
  void wait(int64_t timeout_us) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, std::chrono::microseconds(timeout_us), [this] { return rung_; });
    rung_ = false;
  }
  static void ring_cb(rd_kafka_t*, void* bell) { static_cast<Bell*>(bell)->ring(); }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

class KafkaReader : public BrokerReader {
 public:
  explicit KafkaReader(std::string brokers) : brokers_(std::move(brokers)) {}
  BrokerStatus connect(Settings& settings) {
    rd_kafka_conf_set_opaque(settings.conf(), this);
    rd_kafka_conf_set_error_cb(settings.conf(), [](rd_kafka_t*, int code, const char* reason, void* reader) {
      static_cast<KafkaReader*>(reader)->note(static_cast<rd_kafka_resp_err_t>(code), reason);
    });
    BRAID_ASSIGN(client_, settings.make(RD_KAFKA_CONSUMER));
    rd_kafka_poll_set_consumer(client_.get());
    main_.reset(rd_kafka_queue_get_consumer(client_.get()));
    rd_kafka_queue_cb_event_enable(main_.get(), Bell::ring_cb, &bell_);
    return {};
  }

  ~KafkaReader() override {
    if (client_ == nullptr) return;
    for (auto& [place, partition] : partitions_) silence(partition);
    rd_kafka_queue_cb_event_enable(main_.get(), nullptr, nullptr);
    partitions_.clear();
    main_.reset();
    rd_kafka_consumer_close(client_.get());
  }

  BrokerStatus start(const TopicPartition& place, int64_t offset) override {
    if (partitions_.contains(place)) BRAID_TRY(stop(place));
    Partition partition;
    partition.queue.reset(rd_kafka_queue_get_partition(client_.get(), place.topic.c_str(), place.partition));
    if (partition.queue == nullptr)
      return BrokerError{BrokerFault::refused, "cannot read " + text_of(place), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION};
    const PartitionList list = list_of(place, offset);
    const ErrorHandle error(rd_kafka_incremental_assign(client_.get(), list.get()));
    if (error != nullptr) return error_of(rd_kafka_error_code(error.get()), "cannot read " + text_of(place));
    rd_kafka_queue_forward(partition.queue.get(), nullptr);
    rd_kafka_queue_cb_event_enable(partition.queue.get(), Bell::ring_cb, &bell_);
    partitions_.emplace(place, std::move(partition));
    return {};
  }

  BrokerStatus stop(const TopicPartition& place) override {
    auto found = partitions_.find(place);
    if (found == partitions_.end()) return {};
    silence(found->second);
    partitions_.erase(found);
    const PartitionList list = list_of(place, RD_KAFKA_OFFSET_INVALID);
    const ErrorHandle error(rd_kafka_incremental_unassign(client_.get(), list.get()));
    if (error != nullptr) return error_of(rd_kafka_error_code(error.get()), "cannot stop reading " + text_of(place));
    return {};
  }

  BrokerResult<Fetched> fetch(const TopicPartition& place, size_t most) override {
    take_strays();
    auto found = partitions_.find(place);
    BRAID_CHECK(found != partitions_.end(), "a partition is fetched from that was not started");
    Partition& partition = found->second;
    partition.wanted = true;
    auto batch = std::make_unique<KafkaBatch>();
    while (batch->size() < most) {
      Message message = next(found->first, partition);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        partition.end = message->offset;
        continue;
      }
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        // Records before it go out first.
        if (!batch->empty()) {
          partition.ready.push_front(std::move(message));
          break;
        }
        return error_of(message->err, "cannot read " + text_of(place), {.right = "Read", .topic = place.topic});
      }
      partition.end.reset();
      batch->add(std::move(message));
    }
    // What is at hand goes out before what is wrong.
    if (batch->empty()) {
      BRAID_TRY(failure_);
      BRAID_TRY(std::exchange(partition.failure, {}));
    }
    Fetched fetched;
    if (!batch->empty()) fetched.batch = std::move(batch);
    fetched.end = partition.end;
    return fetched;
  }

  void wait(int64_t timeout_us) override {
    take_strays();
    bool at_hand = false;
    for (auto& [place, partition] : partitions_)
      at_hand |= std::exchange(partition.wanted, false) &&
                 (!partition.ready.empty() || rd_kafka_queue_length(partition.queue.get()) > 0);
    if (!at_hand) bell_.wait(timeout_us);
  }

  void wait_for(const TopicPartition& place, int64_t timeout_us) override {
    take_strays();
    Partition& partition = partitions_.at(place);
    if (!partition.ready.empty()) return;
    Message message(rd_kafka_consume_queue(partition.queue.get(), static_cast<int>(timeout_us / 1000)));
    if (message != nullptr) keep(place, partition, std::move(message));
  }

 private:
  static constexpr size_t kAtOnce = 1024;

  struct Partition {
    Queue queue;
    std::deque<Message> ready;                ///< before those in the queue
    const rd_kafka_topic_t* topic = nullptr;  ///< that of its records so far
    std::optional<int64_t> end;
    BrokerStatus failure;
    bool wanted = true;  ///< fetched from since the last wait; started since then counts, too
  };

  static void silence(Partition& partition) { rd_kafka_queue_cb_event_enable(partition.queue.get(), nullptr, nullptr); }

  Message next(const TopicPartition& place, Partition& partition) {
    if (partition.ready.empty()) {
      // One by one each message would take and give back the lock of the queue.
      rd_kafka_message_t* taken[kAtOnce];
      const ssize_t count = rd_kafka_consume_batch_queue(partition.queue.get(), 0, taken, kAtOnce);
      for (ssize_t i = 0; i < count; ++i) keep(place, partition, Message(taken[i]));
      if (partition.ready.empty()) return nullptr;
    }
    Message message = std::move(partition.ready.front());
    partition.ready.pop_front();
    return message;
  }

  /// What the queue of `place` gave. While that queue is still joined to the main queue, this can be any partition's.
  void keep(const TopicPartition& place, Partition& partition, Message message) {
    const bool own = message->partition == place.partition && message->rkt != nullptr &&
                     (message->rkt == partition.topic || rd_kafka_topic_name(message->rkt) == place.topic);
    if (!own) return keep_stray(std::move(message));
    partition.topic = message->rkt;
    partition.ready.push_back(std::move(message));
  }

  /// The library joins a partition's queue to its main queue some time after the assignment: until that is undone
  /// again, records come there.
  void take_strays() {
    while (Message message{rd_kafka_consume_queue(main_.get(), 0)}) keep_stray(std::move(message));
  }

  void keep_stray(Message message) {
    if (message->rkt == nullptr) return;  // what concerns no partition goes to note()
    auto found = partitions_.find({rd_kafka_topic_name(message->rkt), message->partition});
    if (found == partitions_.end()) return;
    rd_kafka_queue_forward(found->second.queue.get(), nullptr);
    found->second.ready.push_back(std::move(message));
  }

  /// Called on this thread, from within the library, for what is not an answer to a call. Broken connections are made
  /// again; what stays is that this client may not in, and topics that are not there ("topic [partition]: reason").
  void note(rd_kafka_resp_err_t code, std::string_view reason) {
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
        code == RD_KAFKA_RESP_ERR__FATAL) {
      failure_ = code == RD_KAFKA_RESP_ERR__FATAL ? error_of(code, "cannot read", {}, std::string(reason))
                                                  : error_of_connection(code, brokers_, std::string(reason));
      return;
    }
    for (auto& [place, partition] : partitions_)
      if (reason.starts_with(place.topic + " [" + std::to_string(place.partition) + "]:"))
        partition.failure = error_of(code, "cannot read " + text_of(place), {.right = "Read", .topic = place.topic});
  }

  std::string brokers_;
  Handle client_;
  Queue main_;
  Bell bell_;
  std::map<TopicPartition, Partition> partitions_;
  BrokerStatus failure_;
};

}  // namespace

BrokerResult<std::unique_ptr<BrokerReader>> make_kafka_reader(const KafkaOptions& kafka, const ReaderOptions& options) {
  Settings settings;
  BRAID_TRY(settings.set(kafka, {{"group.id", options.group},
                                 {"enable.auto.commit", "false"},
                                 {"enable.auto.offset.store", "false"},
                                 {"isolation.level", "read_committed"},
                                 {"auto.offset.reset", "error"},
                                 {"enable.partition.eof", "true"},
                                 {"check.crcs", "true"},
                                 // An unknown topic is reported at once.
                                 {"topic.metadata.propagation.max.ms", "0"},
                                 {"queued.max.messages.kbytes", std::to_string(options.queued_bytes >> 10)},
                                 // So long nothing is asked for when a queue is full; a second would be the default.
                                 {"fetch.queue.backoff.ms", "10"}}));
  // A partition that is added is fetched from when the request on its way is answered.
  const bool is_set = std::any_of(kafka.settings.begin(), kafka.settings.end(),
                                  [](const auto& setting) { return setting.first == "fetch.wait.max.ms"; });
  if (!is_set) BRAID_TRY(settings.set("fetch.wait.max.ms", "100"));
  auto reader = std::make_unique<KafkaReader>(kafka.brokers);
  BRAID_TRY(reader->connect(settings));
  return std::unique_ptr<BrokerReader>(std::move(reader));
}

}  // namespace braid::kafka
