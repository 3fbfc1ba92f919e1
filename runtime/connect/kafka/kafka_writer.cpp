// A producer. librdkafka does not number its transactions for the broker (KIP-890), so after a time-out or a broken
// connection a request of one transaction may reach the broker within a later one, and end it. Therefore requests and
// answers are counted: after any doubt the producer is replaced by a new one with the same id, whose init fences
// whatever the old one still has on its way. What the old one has written is then ended once more (kafka_trail.h): a
// broker may have lost that it was.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>

#include "runtime/base/clock.h"
#include "runtime/connect/kafka/kafka_clients.h"
#include "runtime/connect/kafka/kafka_settings.h"

namespace braid::kafka {
namespace {

/// For the transactions of others to end, which hide whether one's own has.
constexpr int64_t kUntilOthersEnd = 5'000'000, kBetweenLooks = 200'000;
constexpr int64_t kLeastWait = 1'000'000;

/// Of the requests that change something: produce, init, add partitions, add offsets, end, offsets of a transaction.
constexpr std::array<int16_t, 6> kWritingRequests{0, 22, 24, 25, 26, 28};

/// Counts what the library sends and what comes back, on its threads.
class RequestLog {
 public:
  /// Answers that never came, or not as they should, since the last clear().
  bool doubtful() const { return failed_.load() != 0 || sent_.load() != answered_.load(); }
  void clear() {
    failed_ = 0;
    sent_ = 0;
    answered_ = 0;
  }
  void watch(rd_kafka_conf_t* conf) { rd_kafka_conf_interceptor_add_on_new(conf, "braid", on_new, this); }

 private:
  static bool writes(int16_t request) {
    return std::find(kWritingRequests.begin(), kWritingRequests.end(), request) != kWritingRequests.end();
  }
  static rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* self, char*, size_t) {
    rd_kafka_interceptor_add_on_thread_start(client, "braid", on_thread_start, self);
    rd_kafka_interceptor_add_on_request_sent(client, "braid", on_request_sent, self);
    return rd_kafka_interceptor_add_on_response_received(client, "braid", on_response_received, self);
  }
  static rd_kafka_resp_err_t on_thread_start(rd_kafka_t*, rd_kafka_thread_type_t type, const char*, void*) {
    is_connection_ = type == RD_KAFKA_THREAD_BROKER;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  static rd_kafka_resp_err_t on_request_sent(rd_kafka_t*, int, const char*, int32_t, int16_t request, int16_t, int32_t,
                                             size_t, void* self) {
    if (writes(request)) ++static_cast<RequestLog*>(self)->sent_;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  static rd_kafka_resp_err_t on_response_received(rd_kafka_t*, int, const char*, int32_t, int16_t request, int16_t,
                                                  int32_t, size_t, int64_t, rd_kafka_resp_err_t error, void* self) {
    if (!writes(request)) return RD_KAFKA_RESP_ERR_NO_ERROR;
    auto* log = static_cast<RequestLog*>(self);
    // An answer that goes to another thread of the library is reported there once more.
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      ++log->failed_;
    else if (is_connection_)
      ++log->answered_;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  static thread_local bool is_connection_;  ///< this thread of the library has a connection to a broker
  std::atomic<int64_t> sent_ = 0, answered_ = 0, failed_ = 0;
};
thread_local bool RequestLog::is_connection_ = false;

class KafkaWriter : public BrokerWriter {
 public:
  KafkaWriter(const KafkaOptions& kafka, const WriterOptions& options, Trail& trail)
      : kafka_(kafka), options_(options), trail_(trail) {}
  ~KafkaWriter() override { drop(); }

  BrokerStatus connect() {
    drop();
    log_.clear();
    forget_failures();
    Settings settings;
    BRAID_TRY(
        settings.set(kafka_, {{"enable.idempotence", "true"},
                              {"acks", "all"},
                              {"topic.metadata.propagation.max.ms", std::to_string(milliseconds(until_gone_us()))},
                              {"linger.ms", std::to_string(milliseconds(options_.linger_us))},
                              {"compression.type", options_.compression}}));
    if (options_.transactional_id) {
      BRAID_TRY(settings.set("transactional.id", *options_.transactional_id));
      BRAID_TRY(settings.set("transaction.timeout.ms", std::to_string(milliseconds(options_.transaction_timeout_us))));
    }
    rd_kafka_conf_set_opaque(settings.conf(), this);
    rd_kafka_conf_set_dr_msg_cb(settings.conf(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* writer) {
      static_cast<KafkaWriter*>(writer)->delivered(*message);
    });
    log_.watch(settings.conf());
    BRAID_ASSIGN(client_, settings.make(RD_KAFKA_PRODUCER));
    return {};
  }

  BrokerStatus begin_session(int64_t timeout_us) override {
    if (used_ || !failure_.ok() || log_.doubtful()) BRAID_TRY(connect());
    const int64_t until_us = system_clock().steady_us() + timeout_us;
    const ErrorHandle error(rd_kafka_init_transactions(client_.get(), milliseconds(timeout_us)));
    if (error != nullptr) {
      // What has not begun can be tried again, unlike what has been sent in a transaction.
      if (rd_kafka_error_is_retriable(error.get()) != 0)
        return BrokerError{BrokerFault::retry, text(error, "cannot begin a session"), code(error)};
      return error_of_transaction(error.get(), "cannot begin a session", asked());
    }
    used_ = true;
    log_.clear();
    const BrokerStatus ended = end_what_is_left(until_us);
    if (!ended.ok()) return ended.error().fault == BrokerFault::fenced ? ended : cannot_settle(ended.error());
    if (log_.doubtful()) return BrokerError{BrokerFault::retry, "cannot begin a session: an answer is missing"};
    ready_ = true;
    return {};
  }

  BrokerStatus begin_transaction(int64_t timeout_us) override {
    if (!ready_ || log_.doubtful()) BRAID_TRY(begin_session(timeout_us));
    log_.clear();
    forget_failures();
    const ErrorHandle error(rd_kafka_begin_transaction(client_.get()));
    if (error != nullptr) return error_of_transaction(error.get(), "cannot begin a transaction", asked());
    trail_.begins();
    return {};
  }

  BrokerStatus write(const NewRecord& record) override {
    std::vector<rd_kafka_vu_t>& parts = parts_;
    parts.clear();
    auto add = [&parts](rd_kafka_vtype_t kind) -> rd_kafka_vu_t& {
      rd_kafka_vu_t& part = parts.emplace_back();
      part.vtype = kind;
      return part;
    };
    add(RD_KAFKA_VTYPE_TOPIC).u.cstr = record.place.topic.c_str();
    add(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.place.partition;
    add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = record.timestamp_ms;
    auto add_bytes = [&add](rd_kafka_vtype_t kind, const std::optional<std::string_view>& bytes) {
      rd_kafka_vu_t& part = add(kind);
      // Bytes that are there but empty are not the same as none.
      part.u.mem.ptr = bytes ? const_cast<char*>(bytes->data() == nullptr ? "" : bytes->data()) : nullptr;
      part.u.mem.size = bytes ? bytes->size() : 0;
    };
    add_bytes(RD_KAFKA_VTYPE_KEY, record.key);
    add_bytes(RD_KAFKA_VTYPE_VALUE, record.value);
    rd_kafka_headers_t* headers = nullptr;
    if (!record.headers.empty()) {
      headers = rd_kafka_headers_new(record.headers.size());
      for (const RecordHeader& header : record.headers)
        rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                            header.value ? (header.value->data() == nullptr ? "" : header.value->data()) : nullptr,
                            header.value ? static_cast<ssize_t>(header.value->size()) : 0);
      add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
    }
    const ErrorHandle error(rd_kafka_produceva(client_.get(), parts.data(), parts.size()));
    if (error == nullptr) {
      if (options_.transactional_id) trail_.writes(record.place);
      constexpr uint64_t kBetweenReports = 256;
      if (++written_ % kBetweenReports == 0) rd_kafka_poll(client_.get(), 0);
      return {};
    }
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    rd_kafka_poll(client_.get(), 0);
    if (rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
      return BrokerError{BrokerFault::retry, text(error, "cannot write"), code(error)};
    if (options_.transactional_id && rd_kafka_error_is_fatal(error.get()) != 0)
      return error_of_transaction(error.get(), "cannot write to " + text_of(record.place), asked(record.place.topic));
    if (options_.transactional_id && rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__STATE)
      return why_failed(record.place.topic);
    return error_of(rd_kafka_error_code(error.get()), "cannot write to " + text_of(record.place),
                    asked(record.place.topic));
  }

  BrokerStatus flush(int64_t timeout_us) override {
    BRAID_TRY(wait_for_acknowledgement(timeout_us));
    trail_.is_taken();
    return {};
  }

  BrokerStatus send_offsets(std::span<const OffsetToCommit> offsets, const BrokerGroup::Membership& membership,
                            int64_t timeout_us) override {
    const auto& member = static_cast<const KafkaMembership&>(membership);
    const GroupMetadata& metadata = member.metadata;
    // Brokers take offsets of a transaction unchecked from one that names no member.
    if (metadata == nullptr || rd_kafka_consumer_group_metadata_generation_id(metadata.get()) < 0)
      return error_of(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, "cannot commit the offsets");
    const PartitionList list = offset_list(client_.get(), offsets);
    trail_.sends_offsets(member.group, offsets);
    const ErrorHandle error(
        rd_kafka_send_offsets_to_transaction(client_.get(), list.get(), metadata.get(), milliseconds(timeout_us)));
    if (error != nullptr) {
      Asked what = asked();
      what.group = member.group;
      return error_of_transaction(error.get(), "cannot commit the offsets", what);
    }
    return {};
  }

  BrokerStatus commit_transaction(int64_t timeout_us) override {
    trail_.commits();
    const ErrorHandle error(rd_kafka_commit_transaction(client_.get(), milliseconds(timeout_us)));
    if (error == nullptr) {
      trail_.committed();
      return {};
    }
    const BrokerError found = error_of_transaction(error.get(), "cannot commit the transaction", asked());
    if (rd_kafka_error_txn_requires_abort(error.get()) != 0) trail_.not_committed();
    if (found.fault == BrokerFault::uncertain) ready_ = false;
    return found;
  }

  BrokerStatus abort_transaction(int64_t timeout_us) override {
    const ErrorHandle error(rd_kafka_abort_transaction(client_.get(), milliseconds(timeout_us)));
    forget_failures();
    if (error != nullptr) return error_of_transaction(error.get(), "cannot abort the transaction", asked());
    return {};
  }

 private:
  /// How long a topic that a new client does not find may be one that was just made. Behind it the topic is gone. That
  /// must come before a commit loses its patience, and before the library drops records by the time of a transaction:
  /// each of them is tried again, by a new client.
  int64_t until_gone_us() const {
    constexpr int64_t kMost = 20'000'000;
    return options_.transactional_id ? std::min(kMost, options_.transaction_timeout_us / 2) : kMost;
  }

  /// The last transaction was aborted, or is by the session that has begun. What it has written is written to once
  /// more, in a transaction that is aborted, so that each partition gets a marker.
  BrokerStatus end_what_is_left(int64_t until_us) {
    const auto rest = [until_us] { return std::max(until_us - system_clock().steady_us(), kLeastWait); };
    std::vector<TopicPartition> places;
    for (const Trail::Left& each : trail_.left())
      if (!each.committed || has_ended(each.place, *each.committed)) places.push_back(each.place);
    const auto offsets = trail_.left_offsets();
    if (places.empty() && !offsets) {
      trail_.clear();
      return {};
    }
    const auto failed = [](const ErrorHandle& error) {
      return error_of_transaction(error.get(), "cannot end the last transaction");
    };
    if (const ErrorHandle error(rd_kafka_begin_transaction(client_.get())); error != nullptr) return failed(error);
    // Its own records are not followed: nobody may ever see them, and the next session fences them.
    for (const TopicPartition& place : places) {
      const ErrorHandle error(write_to(place));
      if (error != nullptr) return failed(error);
    }
    BRAID_TRY(wait_for_acknowledgement(rest()));
    if (offsets) {
      // Nobody's, which the broker takes unchecked, or not at all: the marker comes in any case.
      const GroupMetadata metadata(rd_kafka_consumer_group_metadata_new(offsets->group.c_str()));
      const PartitionList list = offset_list(client_.get(), {&offsets->one, 1});
      const ErrorHandle sent(
          rd_kafka_send_offsets_to_transaction(client_.get(), list.get(), metadata.get(), milliseconds(rest())));
      if (sent != nullptr && rd_kafka_error_txn_requires_abort(sent.get()) == 0) return failed(sent);
    }
    const ErrorHandle error(rd_kafka_abort_transaction(client_.get(), milliseconds(rest())));
    if (error != nullptr) return failed(error);
    trail_.clear();
    return {};
  }

  BrokerStatus wait_for_acknowledgement(int64_t timeout_us) {
    const rd_kafka_resp_err_t code = rd_kafka_flush(client_.get(), milliseconds(timeout_us));
    BRAID_TRY(failure_);
    BRAID_TRY(why_dropped());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return error_of(code, "cannot write: records are not acknowledged", asked());
    return {};
  }

  /// A record without content, with a key for topics that are compacted.
  rd_kafka_error_t* write_to(const TopicPartition& place) {
    std::array<rd_kafka_vu_t, 4> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = place.topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[1].u.i32 = place.partition;
    parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[2].u.i = RD_KAFKA_MSG_F_COPY;
    parts[3].vtype = RD_KAFKA_VTYPE_KEY;
    parts[3].u.mem.ptr = const_cast<char*>("");
    return rd_kafka_produceva(client_.get(), parts.data(), parts.size());
  }

  /// The transaction that was committed, and wrote its last record there at that offset.
  bool has_ended(const TopicPartition& place, int64_t offset) {
    const int64_t until = system_clock().steady_us() + kUntilOthersEnd;
    while (true) {
      int64_t first = 0, stable = 0;
      const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
          client_.get(), place.topic.c_str(), place.partition, &first, &stable, milliseconds(kUntilOthersEnd));
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR && stable > offset) return true;
      if (system_clock().steady_us() >= until) return false;
      system_clock().sleep_us(kBetweenLooks);
    }
  }

  /// The session begins anew. Where it may not write, or there is nothing any more, nothing is ended either.
  BrokerError cannot_settle(const BrokerError& error) {
    if (error.fault == BrokerFault::refused || error.fault == BrokerFault::lost) trail_.clear();
    return {BrokerFault::retry, error.message, error.code};
  }

  static std::string text(const ErrorHandle& error, const std::string& action) {
    return action + ": " + rd_kafka_error_string(error.get());
  }
  Asked asked(std::string topic = {}) const {
    return {.right = "Write", .topic = std::move(topic), .group = {}, .id = options_.transactional_id.value_or("")};
  }
  static int code(const ErrorHandle& error) { return static_cast<int>(rd_kafka_error_code(error.get())); }

  void forget_failures() {
    failure_ = {};
    dropped_.clear();
  }
  /// The library drops records of a transaction that has failed by something else.
  BrokerStatus why_dropped() {
    if (dropped_.empty()) return {};
    return why_failed(fmt::to_string(fmt::join(dropped_, "` or `")));
  }
  /// Every call says why the transaction has failed, and so does one that cannot be right now.
  BrokerError why_failed(const std::string& topics) {
    const std::string action = "cannot write to `" + topics + "`";
    const ErrorHandle error(rd_kafka_begin_transaction(client_.get()));
    if (error == nullptr) return {BrokerFault::abort, action, 0};
    return error_of_transaction(error.get(), action, asked(topics));
  }

  /// Called by flush() and poll(), on their thread.
  void delivered(const rd_kafka_message_t& message) {
    const bool is_dropped =
        message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    if (is_dropped && options_.transactional_id) {
      dropped_.insert(rd_kafka_topic_name(message.rkt));
      return;
    }
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && ready_ && options_.transactional_id)
      trail_.acknowledged(rd_kafka_topic_name(message.rkt), message.partition, message.offset);
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || !failure_.ok()) return;
    const std::string action = "cannot write to " + text_of({rd_kafka_topic_name(message.rkt), message.partition});
    BrokerError error = error_of(message.err, action, asked(rd_kafka_topic_name(message.rkt)));
    // Some records of the transaction may have been written, so that it cannot be tried again as it is.
    if (options_.transactional_id && error.fault == BrokerFault::retry) error.fault = BrokerFault::abort;
    failure_ = error;
  }

  /// Without waiting for what is on its way.
  void drop() {
    if (client_ == nullptr) return;
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    client_.reset();
    ready_ = used_ = false;
  }

  KafkaOptions kafka_;
  WriterOptions options_;
  RequestLog log_;  ///< the client's threads use it
  Handle client_;
  Trail& trail_;        ///< of the id
  bool used_ = false;   ///< the client has begun a session
  bool ready_ = false;  ///< it is the one that is used
  uint64_t written_ = 0;
  BrokerStatus failure_;           ///< the first of a record
  std::set<std::string> dropped_;  ///< topics of records that were not sent
  std::vector<rd_kafka_vu_t> parts_;
};

}  // namespace

BrokerResult<std::unique_ptr<BrokerWriter>> make_kafka_writer(const KafkaOptions& kafka, const WriterOptions& options,
                                                              Trail& trail) {
  auto writer = std::make_unique<KafkaWriter>(kafka, options, trail);
  BRAID_TRY(writer->connect());
  return std::unique_ptr<BrokerWriter>(std::move(writer));
}

}  // namespace braid::kafka
