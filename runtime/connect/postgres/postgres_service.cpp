#include "runtime/connect/postgres/postgres_service.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <optional>

namespace braid {
namespace {

constexpr int64_t kLook = 50'000;  ///< at most so long between two looks at the clock

ServiceReply failed(std::string reason, bool again) {
  return {.kind = ServiceReply::Kind::failed, .record = {}, .reason = std::move(reason), .again = again};
}

/// The first line of a message, which has no secrets: libpq shows neither password nor parameters in it.
std::string first_line(const char* message) {
  std::string_view text(message == nullptr ? "" : message);
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "the connection is lost" : std::string(text);
}

/// The login, the name of the database, or the query itself: which, the first row shows as well as any other.
bool is_refusal(std::string_view state) {
  return state.starts_with("28") || state.starts_with("3D") || state.starts_with("42");
}

/// Out of a message of a connection that has failed, `…: FATAL:  28P01: password …`; the message has it no more.
std::string take_state(std::string& message) {
  constexpr size_t kState = 5;
  for (size_t at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
    const std::string state = message.substr(at + 3, kState);
    const bool is_state = state.size() == kState && std::ranges::all_of(state, [](char c) {
                            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                          });
    if (!is_state || message.compare(at + 3 + kState, 2, ": ") != 0) continue;
    message.erase(at + 2, kState + 2);
    return state;
  }
  return {};
}

bool may_pass(std::string_view state) {
  for (const std::string_view kind : {"08", "40", "53", "55", "57"})
    if (state.starts_with(kind)) return true;
  return state.empty();
}

/// A connection, and the request that it is asked.
class Link {
 public:
  explicit Link(const std::vector<std::pair<std::string, std::string>>& settings) {
    std::vector<const char*> keys, values;
    for (const auto& [key, value] : settings) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    link_ = PQconnectStartParams(keys.data(), values.data(), 0);
    connecting_ = link_ != nullptr && PQstatus(link_) != CONNECTION_BAD;
    // As if PQconnectPoll had said so.
    wants_write_ = true;
    if (connecting_) PQsetnonblocking(link_, 1);
    // Why a connection fails, only its message tells.
    if (link_ != nullptr) PQsetErrorVerbosity(link_, PQERRORS_VERBOSE);
    if (link_ != nullptr) PQsetNoticeReceiver(link_, [](void*, const PGresult*) {}, nullptr);
  }
  ~Link() { PQfinish(link_); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void begin(const ServiceRequest& request, size_t number, int64_t deadline) {
    request_ = &request;
    number_ = number;
    deadline_ = deadline;
    sent_ = false;
    rows_.clear();
    error_.reset();
  }
  bool is_free() const { return request_ == nullptr; }
  size_t number() const { return number_; }
  int64_t deadline() const { return deadline_; }
  bool is_good() const { return link_ != nullptr && (connecting_ || PQstatus(link_) == CONNECTION_OK); }
  pollfd waits_for() const {
    return {PQsocket(link_), static_cast<short>(wants_write_ ? POLLOUT | (connecting_ ? 0 : POLLIN) : POLLIN), 0};
  }

  /// Goes on as far as it can without waiting; the reply, once there is one.
  std::optional<ServiceReply> go_on(const std::string& query) {
    if (!is_good()) return end(failed(first_line(link_ == nullptr ? nullptr : PQerrorMessage(link_)), true));
    if (connecting_) {
      const PostgresPollingStatusType state = PQconnectPoll(link_);
      if (state == PGRES_POLLING_FAILED) {
        connecting_ = false;
        std::string message = first_line(PQerrorMessage(link_));
        const std::string state = take_state(message);
        ServiceReply reply = failed(std::move(message), true);
        reply.refused = is_refusal(state);
        return end(std::move(reply));
      }
      wants_write_ = state == PGRES_POLLING_WRITING;
      if (state != PGRES_POLLING_OK) return std::nullopt;
      connecting_ = false;
      PQsetnonblocking(link_, 1);
      PQsetErrorVerbosity(link_, PQERRORS_DEFAULT);
    }
    if (!sent_) {
      std::vector<const char*> values;
      for (const std::string& argument : request_->arguments) values.push_back(argument.c_str());
      const int count = static_cast<int>(values.size());
      if (PQsendQueryParams(link_, query.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0) == 0)
        return end(failed(first_line(PQerrorMessage(link_)), true));
      sent_ = true;
    }
    const int left = PQflush(link_);
    if (left < 0 || PQconsumeInput(link_) == 0) return end(failed(first_line(PQerrorMessage(link_)), true));
    wants_write_ = left > 0;
    while (PQisBusy(link_) == 0) {
      PGresult* result = PQgetResult(link_);
      if (result == nullptr) return end(reply());
      take(result);
      PQclear(result);
    }
    return std::nullopt;
  }

 private:
  void take(const PGresult* result) {
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
      const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
      error_ = failed(first_line(message), may_pass(state == nullptr ? "" : state));
      error_->refused = is_refusal(state == nullptr ? "" : state);
      return;
    }
    for (int row = 0; row < PQntuples(result); ++row)
      rows_.emplace_back(PQgetvalue(result, row, 0), static_cast<size_t>(PQgetlength(result, row, 0)));
  }

  ServiceReply reply() {
    if (error_) return *std::exchange(error_, std::nullopt);
    if (rows_.size() > 1) return failed("the query gives more than one row", false);
    if (rows_.empty()) return {.kind = ServiceReply::Kind::nothing, .record = {}, .reason = {}};
    return {.kind = ServiceReply::Kind::found, .record = std::move(rows_.front()), .reason = {}};
  }

  ServiceReply end(ServiceReply reply) {
    request_ = nullptr;
    return reply;
  }

  PGconn* link_ = nullptr;
  bool connecting_ = false, wants_write_ = false, sent_ = false;
  const ServiceRequest* request_ = nullptr;
  size_t number_ = 0;
  int64_t deadline_ = 0;
  std::vector<std::string> rows_;
  std::optional<ServiceReply> error_;
};

class PostgresService final : public Service {
 public:
  PostgresService(const ServiceSpec& spec, Clock& clock) : spec_(spec), clock_(clock) {
    std::string asked = fill_in(spec.binding.address, spec.parameters,
                                [](size_t parameter) { return "$" + std::to_string(parameter + 1); });
    while (!asked.empty() && std::string_view("; \n\t\r").find(asked.back()) != std::string_view::npos)
      asked.pop_back();
    // Two rows are as wrong as a thousand.
    query_ = "select row_to_json(answer)::text from (" + asked + "\n) as answer limit 2";
    settings_ = {{"application_name", "braid"},
                 {"client_encoding", "UTF8"},
                 {"options", fmt::format("-c default_transaction_read_only=on -c statement_timeout={}",
                                         std::max<int64_t>(spec.timeout_us / 1000, 1))},
                 {"sslmode", "verify-full"}};
    for (const auto& [name, value] : spec.settings) {
      if (name == "host" || name == "port" || name == "user" || name == "password") settings_.emplace_back(name, value);
      if (name == "database") settings_.emplace_back("dbname", value);
      if (name == "ca") settings_.emplace_back("sslrootcert", value);
      if (name == "tls" && value == "off")
        std::ranges::find(settings_, "sslmode", &std::pair<std::string, std::string>::first)->second = "disable";
    }
  }

  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override {
    std::vector<ServiceReply> replies(requests.size());
    size_t next = 0, open = requests.size();
    while (open > 0) {
      while (next < requests.size()) {
        Link* free = free_link();
        if (free == nullptr) break;
        free->begin(requests[next], next, clock_.steady_us() + spec_.timeout_us);
        ++next;
      }
      const int64_t now = clock_.steady_us();
      bool moved = false;
      for (const std::unique_ptr<Link>& link : links_) {
        if (link->is_free()) continue;
        const size_t number = link->number();
        std::optional<ServiceReply> reply = link->go_on(query_);
        const bool late = !reply && now >= link->deadline();
        if (late) reply = failed("it took too long", true);
        if (!reply) continue;
        replies[number] = std::move(*reply);
        --open;
        moved = true;
        if (late) given_up_.push_back(link.get());
      }
      drop_lost();
      if (!moved && open > 0) wait();
    }
    return replies;
  }

 private:
  /// One that nobody waits for; a new one while there may be more. Null: all are busy.
  Link* free_link() {
    for (const std::unique_ptr<Link>& link : links_)
      if (link->is_free()) return link.get();
    if (links_.size() >= spec_.parallel) return nullptr;
    return links_.emplace_back(std::make_unique<Link>(settings_)).get();
  }

  /// A connection that is lost, or on which an answer may still come, is not asked again.
  void drop_lost() {
    std::erase_if(links_, [&](const std::unique_ptr<Link>& link) {
      return (link->is_free() && !link->is_good()) || std::ranges::find(given_up_, link.get()) != given_up_.end();
    });
    given_up_.clear();
  }

  void wait() {
    std::vector<pollfd> waits;
    int64_t until = clock_.steady_us() + kLook;
    for (const std::unique_ptr<Link>& link : links_) {
      if (link->is_free()) continue;
      waits.push_back(link->waits_for());
      until = std::min(until, link->deadline());
    }
    const int64_t left = std::max<int64_t>(until - clock_.steady_us(), 0);
    (void)poll(waits.data(), waits.size(), static_cast<int>(left / 1000 + 1));
  }

  const ServiceSpec& spec_;
  Clock& clock_;
  std::string query_;
  std::vector<std::pair<std::string, std::string>> settings_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Link*> given_up_;
};

}  // namespace

Result<std::unique_ptr<Service>> make_postgres_service(const ServiceSpec& spec, Clock& clock) {
  return std::unique_ptr<Service>(std::make_unique<PostgresService>(spec, clock));
}

}  // namespace braid
