#include "serve/flight/sql_flights.h"

#include "serve/flight/sql_catalogue.h"
#include "serve/grpc/message_reader.h"

namespace braid::serve::flight {
namespace {

constexpr std::string_view kFacts = "CommandGetSqlInfo";

GrpcPart end_of(const SqlError& error) {
  switch (error.kind) {
    case SqlError::Kind::wrong:
      return GrpcPart::end(GrpcStatus::invalid_argument, error.message);
    case SqlError::Kind::too_much:
      return GrpcPart::end(GrpcStatus::resource_exhausted, error.message);
    case SqlError::Kind::stopped:
      return GrpcPart::end(GrpcStatus::unavailable, error.message);
    case SqlError::Kind::failed:
      break;
  }
  return GrpcPart::end(GrpcStatus::internal, error.message);
}

/// The field of that number, of messages that have one text or bytes that matter. Nothing: broken.
std::optional<std::string> field_of(std::string_view message, uint32_t number) {
  std::string found;
  const bool whole = read_message(message, [&](const WireValue& value) {
    if (value.number == number && value.type == WireType::sized) found = value.bytes;
  });
  return whole ? std::optional(std::move(found)) : std::nullopt;
}

/// A prepared statement: its text, and a stream of Arrow with what is bound.
std::string handle_of(std::string_view text, std::string_view parameters) {
  std::string made;
  append_sized(made, 1, text);
  if (!parameters.empty()) append_sized(made, 2, parameters);
  return made;
}

/// The messages of a stream, one by one.
Source flights_of(std::string stream) {
  struct Sent {
    std::string stream;
    std::vector<ArrowMessage> messages = {};
    size_t next = 0;
  };
  const auto sent = std::make_shared<Sent>(Sent{.stream = std::move(stream)});
  sent->messages = messages_of(sent->stream);
  return [sent] {
    if (sent->next == sent->messages.size()) return GrpcPart::end();
    return GrpcPart::message(flight_data(sent->messages[sent->next++]));
  };
}

}  // namespace

/// A statement that is run once, and what is made of its answer.
class SqlFlights::Answering {
 public:
  Answering(const SqlFlights& flights, SqlQuestion question, Then then)
      : flights_(flights),
        question_(std::move(question)),
        then_(std::move(then)),
        until_us_(flights.clock_.steady_us() + QueryApi::kLongestInLine) {}
  Answering(const Answering&) = delete;
  ~Answering() {
    if (running_) running_->stop();
  }

  GrpcPart next() {
    if (answer_) return answer_();
    if (!running_) {
      const ChosenState now = newest_state(flights_.host_);
      if (!now.ok()) return flight::end_of(now.error());
      const Result<SqlEngine*> engine = flights_.query_.engine();
      if (!engine.ok()) return flight::end_of(engine.error());
      SqlQuestion question = question_;
      question.state = *now;
      if (!question.tables.empty()) question.notes = {{"braid.epoch", std::to_string((*now)->at.epoch)}};
      running_ = flights_.query_.running().start(**engine, std::move(question), QueryApi::kLongest);
      if (!running_ && flights_.clock_.steady_us() >= until_us_)
        return GrpcPart::end(GrpcStatus::resource_exhausted, "as many statements run as may at one time; ask again");
      return {};
    }
    std::optional<Result<SqlAnswer, SqlError>> answer = running_->take();
    if (!answer) return {};
    if (!answer->ok()) return end_of(answer->error());
    answer_ = then_(*std::move(*answer));
    return answer_();
  }

 private:
  const SqlFlights& flights_;
  SqlQuestion question_;
  Then then_;
  int64_t until_us_;
  std::shared_ptr<RunningQuery> running_;
  Source answer_;
};

Source SqlFlights::run(const Statement& statement, const ConsumerPtr& consumer, bool describe, Then then) const {
  SqlQuestion question{.text = statement.text, .form = RowForm::arrow, .tables = {}, .state = nullptr};
  question.describe = describe;
  question.parameters = statement.parameters;
  question.never_null = statement.never_null;
  if (statement.of_products) question.tables = query_.tables(consumer.get());
  const auto answering = std::make_shared<Answering>(*this, std::move(question), std::move(then));
  return [answering] { return answering->next(); };
}

std::optional<SqlFlights::Statement> SqlFlights::statement(const SqlMessage& command, const ConsumerPtr& consumer,
                                                           Source& problem) const {
  const auto broken = [&problem] {
    problem = wrong("the command is no message of Flight SQL");
    return std::nullopt;
  };
  if (command.name == "CommandStatementQuery" || command.name == "TicketStatementQuery") {
    const std::optional<std::string> text = field_of(command.value, 1);
    if (!text) return broken();
    return Statement{.text = *text};
  }
  if (command.name == "CommandPreparedStatementQuery") {
    const std::optional<std::string> handle = field_of(command.value, 1);
    const std::optional<std::string> text = handle ? field_of(*handle, 1) : std::nullopt;
    if (!text) return broken();
    return Statement{.text = *text, .parameters = *field_of(*handle, 2)};
  }
  std::vector<CatalogueTable> tables;
  const bool schemas = wants_schemas(command);
  for (const SqlTable& table : query_.tables(consumer.get())) {
    const ApiProduct& product = flights_.products()[table.view];
    CatalogueTable made{.domain = table.domain, .name = table.name};
    if (product.keyed) made.key = product.key;
    if (schemas) {
      const Result<std::string> stream = flights_.empty_stream(table.view);
      if (!stream.ok()) {
        problem = [part = flight::end_of(stream.error())] { return part; };
        return std::nullopt;
      }
      made.schema = schema_of(*stream);
    }
    tables.push_back(std::move(made));
  }
  std::optional<std::string> text = catalogue_statement(command, tables);
  if (text)
    return Statement{.text = *std::move(text), .of_products = false, .never_null = columns_never_null(command.name)};
  problem = fails(GrpcStatus::unimplemented, fmt::format("`{}` is not answered here", command.name));
  return std::nullopt;
}

std::optional<std::string> SqlFlights::facts(const SqlMessage& command, Source& problem) const {
  const std::optional<std::vector<ServerFact>> facts = server_facts(command);
  if (!facts) {
    problem = wrong("the command is no message of Flight SQL");
    return std::nullopt;
  }
  const Result<SqlEngine*> engine = query_.engine();
  Result<std::string> stream = engine.ok() ? (*engine)->facts(*facts) : engine.error();
  if (stream.ok()) return *std::move(stream);
  problem = [part = flight::end_of(stream.error())] { return part; };
  return std::nullopt;
}

Source SqlFlights::info(const SqlMessage& command, std::string_view descriptor, const ConsumerPtr& consumer,
                        bool only_schema) const {
  Source problem;
  const auto given = [descriptor = std::string(descriptor), only_schema](std::string_view stream,
                                                                         std::string_view ticket) {
    if (!only_schema) return gives({flight_info(schema_of(stream), descriptor, ticket)});
    std::string result;
    append_sized(result, 1, schema_of(stream));
    return gives({std::move(result)});
  };
  if (command.name == kFacts) {
    const std::optional<std::string> stream = facts(command, problem);
    return stream ? given(*stream, sql_message(command.name, command.value)) : problem;
  }
  const std::optional<Statement> asked = statement(command, consumer, problem);
  if (!asked) return problem;
  // The command is its own ticket, but for that of a statement, which clients know by name.
  std::string ticket;
  if (command.name == "CommandStatementQuery") {
    append_sized(ticket, 1, asked->text);
    ticket = sql_message("TicketStatementQuery", ticket);
  } else {
    ticket = sql_message(command.name, command.value);
  }
  return run(*asked, consumer, true,
             [given, ticket = std::move(ticket)](SqlAnswer&& answer) { return given(answer.body, ticket); });
}

Source SqlFlights::get(const SqlMessage& ticket, const ConsumerPtr& consumer) const {
  Source problem;
  if (ticket.name == kFacts) {
    std::optional<std::string> stream = facts(ticket, problem);
    return stream ? flights_of(*std::move(stream)) : problem;
  }
  const std::optional<Statement> asked = statement(ticket, consumer, problem);
  if (!asked) return problem;
  return run(*asked, consumer, false, [](SqlAnswer&& answer) { return flights_of(std::move(answer.body)); });
}

Source SqlFlights::prepare(std::string_view body, const ConsumerPtr& consumer) const {
  const std::optional<SqlMessage> request = read_sql_message(body);
  const std::optional<std::string> text = request ? field_of(request->value, 1) : std::nullopt;
  if (!text) return wrong("the action is no message of Flight SQL");
  if (!field_of(request->value, 2)->empty()) return fails(GrpcStatus::unimplemented, "there are no transactions");
  return run({.text = *text}, consumer, true, [text = *text](SqlAnswer&& answer) {
    std::string made, result;
    append_sized(made, 1, handle_of(text, ""));
    if (!answer.body.empty()) append_sized(made, 2, schema_of(answer.body));
    append_sized(result, 1, sql_message("ActionCreatePreparedStatementResult", made));
    return gives({std::move(result)});
  });
}

Source SqlFlights::bind(const SqlMessage& command, const std::string& stream) const {
  if (command.name != "CommandPreparedStatementQuery")
    return fails(GrpcStatus::unimplemented, "products are read here, and nothing is written");
  const std::optional<std::string> handle = field_of(command.value, 1);
  const std::optional<std::string> text = handle ? field_of(*handle, 1) : std::nullopt;
  if (!text) return wrong("the handle is that of no prepared statement");
  std::string made, result;
  append_sized(made, 1, handle_of(*text, stream));
  append_sized(result, 1, made);
  return gives({std::move(result)});
}

}  // namespace braid::serve::flight
