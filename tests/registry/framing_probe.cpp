// What tests/registry/confluent.py asks of our side, a line each on standard input, an answer as JSON on standard
// output:
//   read LANGUAGE RECORD [HEADER]           the framing, the bare value, and the schema as the registry has it
//   write LANGUAGE SUBJECT SCHEMA VALUE [INDEX…]   registers the schema, and puts its framing in front of the value
// The program takes URL [CA-FILE [TOKEN | USER PASSWORD]]. LANGUAGE is avro, json or protobuf; RECORD, HEADER, SCHEMA
// and VALUE are hexadecimal, `-` is empty.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/codec/schema_framing.h"
#include "runtime/connect/registry/curl_http.h"
#include "runtime/connect/registry/registry_client.h"
#include "runtime/connect/registry/registry_writer_schemas.h"

namespace braid::registry {
namespace {

using Json = nlohmann::json;

std::string from_hex(const std::string& text) {
  std::string made;
  if (text == "-") return made;
  for (size_t i = 0; i + 1 < text.size(); i += 2) made += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return made;
}
std::string to_hex(std::string_view bytes) {
  std::string made;
  for (const char c : bytes) made += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return made;
}

struct Probe {
  RegistryWriterSchemas schemas;
  std::unique_ptr<RegistryClient> client;

  Json read(SchemaLanguage language, const std::string& record, const std::optional<std::string>& header) {
    std::string reason;
    const auto header_view = header ? std::optional<std::string_view>(*header) : std::nullopt;
    const auto framed = read_framing(record, header_view, language, reason);
    if (!framed) return {{"error", reason}};
    Json made{
        {"id", to_string(framed->framing.id)}, {"message", framed->framing.message}, {"value", to_hex(framed->value)}};
    const SchemaAnswer answer = schemas.find_within(framed->framing.id, 10'000'000, system_clock());
    if (answer.state == SchemaAnswer::State::found)
      made["schema"] = answer.schema->text;
    else
      made["no_schema"] = answer.reason;
    return made;
  }

  Json write(SchemaLanguage language, const std::string& subject, const std::string& schema, const std::string& value,
             std::vector<int32_t> message) {
    const SchemaType type = language == SchemaLanguage::avro       ? SchemaType::avro
                            : language == SchemaLanguage::protobuf ? SchemaType::protobuf
                                                                   : SchemaType::json;
    const auto id = client->register_schema(subject, {type, schema, {}});
    if (!id.ok()) return {{"error", id.error().message}};
    SchemaFraming framing;
    framing.id.number = static_cast<uint32_t>(*id);
    framing.message = std::move(message);
    std::string record;
    append_framing(record, framing, language);
    return {{"record", to_hex(record + value)}, {"header", to_hex(header_framing(framing, language))}};
  }
};

int run(const std::vector<std::string>& words) {
  RegistrySettings settings{.urls = {words[0]}};
  if (words.size() == 3) settings.token = words[2];
  if (words.size() == 4) settings.user = words[2], settings.password = words[3];
  const TlsSettings tls{.ca_file = words.size() > 1 ? words[1] : ""};
  auto one = make_registry_client(settings, tls, system_clock(), Rng(1));
  auto two = make_registry_client(settings, tls, system_clock(), Rng(2));
  if (!one.ok() || !two.ok()) return 1;
  Probe probe{RegistryWriterSchemas(std::move(*one)), std::move(*two)};
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string what, name;
    words >> what >> name;
    const SchemaLanguage language = name == "avro"       ? SchemaLanguage::avro
                                    : name == "protobuf" ? SchemaLanguage::protobuf
                                                         : SchemaLanguage::json_schema;
    if (what == "read") {
      std::string record, header;
      words >> record >> header;
      std::cout << probe.read(language, from_hex(record),
                              header.empty() ? std::nullopt : std::optional(from_hex(header)))
                << std::endl;
    } else {
      std::string subject, schema, value;
      words >> subject >> schema >> value;
      std::vector<int32_t> message;
      for (int32_t index; words >> index;) message.push_back(index);
      std::cout << probe.write(language, subject, from_hex(schema), from_hex(value), std::move(message)) << std::endl;
    }
  }
  return 0;
}

}  // namespace
}  // namespace braid::registry

int main(int count, char** words) {
  return count >= 2 && count <= 5 ? braid::registry::run({words + 1, words + count}) : 2;
}
