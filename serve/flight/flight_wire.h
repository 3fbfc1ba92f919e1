// Messages of Arrow Flight and of Arrow's IPC format, as far as a server takes them apart. Pure functions.
//
// Flight carries the messages of an IPC stream one by one, with the metadata and the body of each apart.
// https://arrow.apache.org/docs/format/Flight.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid::serve::flight {

/// A message of an IPC stream; views of it.
struct ArrowMessage {
  std::string_view header;  ///< without what frames it
  std::string_view body;
  bool is_schema = false;
};
/// Of a stream that this process has written; what comes behind a broken message is left out.
std::vector<ArrowMessage> messages_of(std::string_view stream);
/// The first message of a stream with what frames it: a schema as FlightInfo has it. Empty: the stream is.
std::string_view schema_of(std::string_view stream);

/// A FlightData message. `note`: its app_metadata.
std::string flight_data(const ArrowMessage& message, std::string_view note = {});
/// The IPC message of a FlightData that a client sends, framed, appended to a stream. False: it is broken.
bool append_message(std::string_view flight_data, std::string& stream);
/// What a FlightData says it is of; empty: nothing.
std::string_view descriptor_of(std::string_view flight_data);

struct Descriptor {
  bool is_command = false;
  std::string_view command;
  std::vector<std::string> path;
};
/// Nothing: it is broken, or of no kind.
std::optional<Descriptor> read_descriptor(std::string_view bytes);

/// A message of Flight SQL in its envelope, google.protobuf.Any.
struct SqlMessage {
  std::string_view name;  ///< `CommandStatementQuery`
  std::string_view value;
};
/// Nothing: it is none.
std::optional<SqlMessage> read_sql_message(std::string_view bytes);
std::string sql_message(std::string_view name, std::string_view value);

/// A FlightInfo with one endpoint, which is this server. `descriptor`: as the client sent it, or one that it could
/// send.
std::string flight_info(std::string_view schema, std::string_view descriptor, std::string_view ticket);

}  // namespace braid::serve::flight
