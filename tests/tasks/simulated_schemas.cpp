#include "tests/tasks/simulated_schemas.h"

#include <fmt/format.h>

#include "runtime/base/check.h"
#include "runtime/codec/avro_bytes.h"
#include "runtime/codec/json_members.h"
#include "runtime/codec/protobuf_wire.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/connect/registry/registry_writer_schemas.h"
#include "runtime/connect/registry/sim_http.h"

namespace braid {
namespace {

constexpr const char* kUrl = "http://registry";
const std::string kFirst =
    R"({"type":"record","name":"r","fields":[{"name":"k","type":"string"},{"name":"v","type":"long"},)"
    R"({"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]})";
const std::string kSecond =
    R"({"type":"record","name":"r","fields":[{"name":"more","type":["null","string"],"default":null},)"
    R"({"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"v","type":"int"},)"
    R"({"name":"k","type":"string"}]})";

const std::string kFirstProtobuf = R"(syntax = "proto3"; message r { string k = 1; int64 v = 2; int64 at = 3; })";
/// Its records are of the second message.
const std::string kSecondProtobuf =
    R"(syntax = "proto3"; message unused { int64 v = 1; })"
    R"( message r { repeated int32 more = 1; sint64 at = 2; optional sint32 v = 40; string k = 5; })";

/// A client with the seam that it uses.
class Client : public WriterSchemas {
 public:
  explicit Client(std::unique_ptr<registry::RegistryClient> client) : schemas_(std::move(client)) {}
  SchemaAnswer find(const SchemaId& id) override { return schemas_.find(id); }

 private:
  registry::RegistryWriterSchemas schemas_;
};

}  // namespace

SimulatedSchemas::SimulatedSchemas(bool protobuf) : protobuf_(protobuf) {
  add(protobuf ? kFirstProtobuf : kFirst);
}

void SimulatedSchemas::add(const std::string& schema) {
  std::string escaped;
  for (const char c : schema) escaped += c == '"' ? "\\\"" : std::string(1, c);
  const auto answer =
      registry_.answer(registry::HttpMethod::post, "/subjects/s-value/versions",
                       "{\"schema\":\"" + escaped + (protobuf_ ? "\",\"schemaType\":\"PROTOBUF\"}" : "\"}"), {});
  BRAID_CHECK(answer.status == 200, answer.body);
}

void SimulatedSchemas::add_second() {
  add(protobuf_ ? kSecondProtobuf : kSecond);
}

std::string SimulatedSchemas::encode(const std::string& line, bool second) const {
  const auto k = json_member(line, "k"), v = json_member(line, "v"), at = json_member(line, "at");
  if (!k || !v || !at) return line;
  const std::string_view text = k->substr(1, k->size() - 2);
  std::string made;
  auto number = [](std::string_view digits) { return std::stoll(std::string(digits)); };
  if (protobuf_) {
    append_framing(made, {.id = {.number = second ? 2u : 1u}, .message = {second ? 1 : 0}}, SchemaLanguage::protobuf);
    auto append = [&made](uint32_t field, uint64_t bits) {
      append_wire_tag(made, field, WireType::varint);
      append_wire_varint(made, bits);
    };
    const int64_t v_of = number(*v), at_of = number(*at);
    if (second) append(1, 7);
    append(second ? 2 : 3, second ? to_zigzag(at_of) : static_cast<uint64_t>(at_of));
    append(second ? 40 : 2, second ? to_zigzag(v_of) : static_cast<uint64_t>(v_of));
    append_wire_tag(made, second ? 5 : 1, WireType::sized);
    append_wire_varint(made, text.size());
    made += text;
    return made;
  }
  append_framing(made, {.id = {.number = second ? 2u : 1u}}, SchemaLanguage::avro);
  if (!second) {
    append_avro_text(made, text);
    append_avro_long(made, number(*v));
    append_avro_long(made, number(*at));
    return made;
  }
  append_avro_long(made, 1);
  append_avro_text(made, "of nobody's interest");
  append_avro_long(made, number(*at));
  append_avro_long(made, number(*v));
  append_avro_text(made, text);
  return made;
}

std::unique_ptr<WriterSchemas> SimulatedSchemas::client(ManualClock& time, Clock& clock, uint64_t seed,
                                                        uint64_t fault_one_in) {
  Rng rng(seed);
  auto http = std::make_unique<registry::SimHttp>(time, Rng(rng.next()),
                                                  std::map<std::string, registry::SimRegistry*>{{kUrl, &registry_}});
  http->fault_one_in(fault_one_in);
  return std::make_unique<Client>(std::make_unique<registry::RegistryClient>(
      registry::RegistrySettings{.urls = {kUrl}, .user = {}, .password = {}, .token = {}}, std::move(http), clock,
      Rng(rng.next())));
}

}  // namespace braid
