#include "serve/flight/flight_api.h"

#include <optional>

#include "serve/grpc/message_reader.h"

namespace braid::serve {
namespace {

using namespace flight;

constexpr std::string_view kService = "/arrow.flight.protocol.FlightService/";
constexpr std::string_view kCreate = "CreatePreparedStatement";
constexpr std::string_view kClose = "ClosePreparedStatement";
constexpr size_t kMostParameters = 256 << 10;  ///< bytes of a DoPut

/// A call with one message of the client.
class OneRequest : public GrpcExchange {
 public:
  using Begin = std::function<Source(std::string_view message)>;
  explicit OneRequest(Begin begin) : begin_(std::move(begin)) {}
  void take(std::string_view message) override {
    if (!source_) source_ = begin_(message);
  }
  void no_more() override {
    if (!source_) source_ = wrong("there is no request");
  }
  GrpcPart next() override { return source_ ? source_() : GrpcPart(); }

 private:
  Begin begin_;
  Source source_;
};

/// Parameters for a prepared statement.
class Put : public GrpcExchange {
 public:
  explicit Put(const SqlFlights& sql) : sql_(sql) {}
  void take(std::string_view message) override {
    if (source_) return;
    if (!std::exchange(begun_, true)) {
      const std::optional<Descriptor> of = read_descriptor(descriptor_of(message));
      if (of) command_ = of->command;
    }
    if (stream_.size() + message.size() > kMostParameters)
      source_ = fails(GrpcStatus::resource_exhausted, "the parameters are too long");
    else if (!append_message(message, stream_))
      source_ = wrong("the message is no FlightData");
    // Who writes is told so at once.
    const std::optional<SqlMessage> command = read_sql_message(command_);
    if (!source_ && !command)
      source_ = fails(GrpcStatus::unimplemented, "products are read here, and nothing is written");
    if (!source_ && command->name != "CommandPreparedStatementQuery") source_ = sql_.bind(*command, {});
  }
  void no_more() override {
    if (source_) return;
    const std::optional<SqlMessage> command = read_sql_message(command_);
    source_ = command ? sql_.bind(*command, stream_) : wrong("there is no request");
  }
  GrpcPart next() override { return source_ ? source_() : GrpcPart(); }

 private:
  const SqlFlights& sql_;
  bool begun_ = false;
  std::string command_, stream_;
  Source source_;
};

std::string action_type(std::string_view name, std::string_view what) {
  std::string made;
  append_sized(made, 1, name);
  append_sized(made, 2, what);
  return made;
}

/// The text of a path: `shop.order`, or its parts.
std::string text_of(const Descriptor& descriptor) {
  if (descriptor.is_command) return std::string(descriptor.command);
  std::string made;
  for (size_t i = 0; i < descriptor.path.size(); ++i) {
    const bool is_name = i == 1 && descriptor.path[0].find('.') == std::string::npos;
    made.append(i == 0 ? "" : is_name ? "." : "/").append(descriptor.path[i]);
  }
  return made;
}

}  // namespace

FlightApi::FlightApi(const std::vector<ApiProduct>& products, ViewHost& host, Clock& clock,
                     std::function<std::string(const ApiProduct& product)> status, QueryApi& query)
    : products_(products, host, clock, std::move(status), query), sql_(products_, host, clock, query) {}

std::unique_ptr<GrpcExchange> FlightApi::call(const GrpcRequest& request) const {
  std::string_view method = request.path;
  if (!method.starts_with(kService)) return nullptr;
  method.remove_prefix(kService.size());
  const auto one = [](OneRequest::Begin begin) { return std::make_unique<OneRequest>(std::move(begin)); };
  const ConsumerPtr consumer = request.consumer;
  if (method == "Handshake") return one([](std::string_view) { return gives({std::string()}); });
  if (method == "ListFlights")
    return one([this, consumer](std::string_view message) {
      std::string prefix;
      const bool whole = read_message(message, [&](const WireValue& value) {
        if (value.number == 1 && value.type == WireType::sized) prefix = value.bytes;
      });
      return whole ? products_.list(std::move(prefix), consumer) : wrong("the request is no message of Flight");
    });
  if (method == "GetFlightInfo" || method == "GetSchema")
    return one([this, consumer, only_schema = method == "GetSchema"](std::string_view message) {
      const std::optional<Descriptor> descriptor = read_descriptor(message);
      if (!descriptor) return wrong("the request is no descriptor of a flight");
      if (const auto command = descriptor->is_command ? read_sql_message(descriptor->command) : std::nullopt)
        return sql_.info(*command, message, consumer, only_schema);
      const std::string text = text_of(*descriptor);
      return only_schema ? products_.schema(text, consumer) : products_.info(text, message, consumer);
    });
  if (method == "DoGet")
    return one([this, consumer](std::string_view message) {
      std::string_view ticket;
      const bool whole = read_message(message, [&](const WireValue& value) {
        if (value.number == 1 && value.type == WireType::sized) ticket = value.bytes;
      });
      if (!whole) return wrong("the request is no ticket");
      if (const std::optional<SqlMessage> command = read_sql_message(ticket)) return sql_.get(*command, consumer);
      return products_.get(std::string(ticket), consumer);
    });
  if (method == "ListActions")
    return one([](std::string_view) {
      return gives(
          {action_type(kCreate, "prepares a statement of SQL"), action_type(kClose, "does nothing: nothing is kept")});
    });
  if (method == "DoAction")
    return one([this, consumer](std::string_view message) {
      std::string_view type, body;
      const bool whole = read_message(message, [&](const WireValue& value) {
        if (value.type != WireType::sized) return;
        if (value.number == 1) type = value.bytes;
        if (value.number == 2) body = value.bytes;
      });
      if (!whole) return wrong("the request is no action");
      if (type == kCreate) return sql_.prepare(body, consumer);
      if (type == kClose) return gives({});
      return fails(GrpcStatus::unimplemented, fmt::format("there is no action `{}`", type));
    });
  if (method == "DoPut") return std::make_unique<Put>(sql_);
  return nullptr;
}

}  // namespace braid::serve
