#include <algorithm>

#include "runtime/connect/kafka/kafka_handles.h"
#include "runtime/report/diagnostic.h"

namespace braid::kafka {
namespace {

/// The right that a user of the broker lacks; empty if it is not that.
std::string missing_right(rd_kafka_resp_err_t code, const Asked& asked) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return fmt::format("`{}` on the topic `{}`", asked.right.empty() ? "Describe" : asked.right, asked.topic);
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return fmt::format("`{}` on the group `{}`", asked.right == "Delete" ? "Delete" : "Read", asked.group);
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return fmt::format("`Write` on the transactional id `{}`", asked.id);
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return fmt::format("`{}` on the cluster", asked.right == "Write" ? "IdempotentWrite" : asked.right);
    default:
      return {};
  }
}

bool is_missing_right(rd_kafka_resp_err_t code) {
  return !missing_right(code, {}).empty();
}

/// What a user can change about it.
std::string way_out(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return "; `replication` may be at most the number of brokers";
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
      return "; `session_timeout` must be between group.min.session.timeout.ms and group.max.session.timeout.ms of the "
             "brokers";
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
      return "; `transaction_timeout` may be at most transaction.max.timeout.ms of the brokers";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; raise max.message.bytes of the topic, and `message.max.bytes` of the job";
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID:
      return "; the topic was deleted: the next start makes those again that the job writes, and what was in them is "
             "lost";
    default:
      return {};
  }
}

template <class Entry>
BrokerError with_finding(BrokerFault fault, rd_kafka_resp_err_t code, const Entry& entry) {
  return {fault, entry.make().message, static_cast<int>(code), Entry::kCode};
}

BrokerError described(BrokerFault fault, rd_kafka_resp_err_t code, const std::string& action, const Asked& asked,
                      const std::string& reason) {
  constexpr std::string_view kCannot = "cannot ";
  const std::string infinitive = action.starts_with(kCannot) ? action.substr(kCannot.size()) : action;
  if (const std::string needed = missing_right(code, asked); !needed.empty())
    return with_finding(fault, code, diag::NotPermitted{.action = infinitive, .needed = needed});
  if (fault == BrokerFault::refused || fault == BrokerFault::lost)
    return with_finding(fault, code, diag::BrokerRefuses{.action = infinitive, .reason = reason + way_out(code)});
  return {fault, action + ": " + reason, static_cast<int>(code)};
}

/// The broker ends the connection because of the certificate of the client, or because it has none. Under TLS 1.3 the
/// client has finished its handshake by then.
bool refuses_certificate(std::string_view reason) {
  constexpr std::string_view kAlert = "SSL alert number ";
  const size_t at = reason.find(kAlert);
  if (at == std::string_view::npos) return false;
  std::string_view number = reason.substr(at + kAlert.size());
  number = number.substr(0, number.find_first_not_of("0123456789"));
  // No, bad, unsupported, revoked, expired or unknown certificate; unknown authority; certificate required.
  constexpr std::string_view kOfCertificates[] = {"41", "42", "43", "44", "45", "46", "48", "116"};
  return std::ranges::find(kOfCertificates, number) != std::end(kOfCertificates);
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  if (const size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

}  // namespace

BrokerError error_of(rd_kafka_resp_err_t code, const std::string& action, const Asked& asked, std::string reason) {
  if (reason.empty()) reason = rd_kafka_err2str(code);
  return described(fault_of(code), code, action, asked, reason);
}

BrokerError error_of_transaction(const rd_kafka_error_t* error, const std::string& action, const Asked& asked) {
  return described(fault_of_transaction(error), rd_kafka_error_code(error), action, asked,
                   rd_kafka_error_string(error));
}

BrokerError error_of_connection(rd_kafka_resp_err_t code, const std::string& brokers, std::string reason) {
  // Settings of the library that have another name here, and how long it took.
  replace(reason, "verify that ssl.ca.location is correctly configured or root CA certificates are installed",
          "check that it has not expired, and that `ssl.ca.pem` has the certificate of its authority");
  if (const size_t at = reason.find(" (after "); at != std::string::npos) reason.resize(at);
  if (reason.empty()) reason = "there was no answer in time";
  if (refuses_certificate(reason)) {
    reason +=
        "; the broker wants a certificate that has not expired, of an authority that it trusts: check "
        "`ssl.certificate.pem` and `ssl.key.pem`";
    return with_finding(BrokerFault::refused, code, diag::TlsFailed{.brokers = brokers, .reason = reason});
  }
  if (code == RD_KAFKA_RESP_ERR__SSL)
    return with_finding(BrokerFault::refused, code, diag::TlsFailed{.brokers = brokers, .reason = reason});
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
    return with_finding(BrokerFault::refused, code, diag::LoginRefused{.brokers = brokers, .reason = reason});
  // A broker without TLS ends the connection, as one does that goes down.
  if (reason.find("SSL handshake failed") != std::string::npos ||
      reason.find("SSL connection closed") != std::string::npos)
    return with_finding(BrokerFault::retry, code, diag::TlsFailed{.brokers = brokers, .reason = reason});
  return with_finding(BrokerFault::retry, code, diag::BrokersUnreachable{.brokers = brokers, .reason = reason});
}

BrokerFault fault_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
    // Somebody else leads by now, and who it is is not known everywhere yet.
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH:
    case RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_TOPIC_ID:
    case RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND:
    case RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH:
    case RD_KAFKA_RESP_ERR__NOENT:
    // The member joins again when it is served; its partitions come back as lost ones.
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return BrokerFault::retry;
    // The broker lost track of the writer, or the writer of its records.
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
      return BrokerFault::uncertain;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return BrokerFault::fenced;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID:
      return BrokerFault::lost;
    default:
      return BrokerFault::refused;
  }
}

BrokerFault fault_of_transaction(const rd_kafka_error_t* error) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  if (fault_of(code) == BrokerFault::fenced) return BrokerFault::fenced;
  // Another transaction would fail in the same way.
  if (is_missing_right(code)) return BrokerFault::refused;
  if (fault_of(code) == BrokerFault::lost) return BrokerFault::lost;
  if (rd_kafka_error_txn_requires_abort(error) != 0) return BrokerFault::abort;
  if (rd_kafka_error_is_retriable(error) != 0) return BrokerFault::uncertain;
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR__NOT_CONFIGURED:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return BrokerFault::refused;
    default:
      return BrokerFault::uncertain;
  }
}

}  // namespace braid::kafka
