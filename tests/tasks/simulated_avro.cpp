#include "tests/tasks/simulated_avro.h"

#include <fmt/format.h>

#include "runtime/base/check.h"
#include "runtime/codec/avro_bytes.h"
#include "runtime/codec/json_members.h"
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

/// A client with the seam that it uses.
class Client : public WriterSchemas {
 public:
  explicit Client(std::unique_ptr<registry::RegistryClient> client) : schemas_(std::move(client)) {}
  SchemaAnswer find(const SchemaId& id) override { return schemas_.find(id); }

 private:
  registry::RegistryWriterSchemas schemas_;
};

}  // namespace

SimulatedAvro::SimulatedAvro() {
  add(kFirst);
}

void SimulatedAvro::add(const std::string& schema) {
  std::string escaped;
  for (const char c : schema) escaped += c == '"' ? "\\\"" : std::string(1, c);
  const auto answer = registry_.answer(registry::HttpMethod::post, "/subjects/s-value/versions",
                                       "{\"schema\":\"" + escaped + "\"}", {});
  BRAID_CHECK(answer.status == 200, answer.body);
}

void SimulatedAvro::add_second() {
  add(kSecond);
}

std::string SimulatedAvro::encode(const std::string& line, bool second) {
  const auto k = json_member(line, "k"), v = json_member(line, "v"), at = json_member(line, "at");
  if (!k || !v || !at) return line;
  const std::string_view text = k->substr(1, k->size() - 2);
  std::string made;
  append_framing(made, {.id = {.number = second ? 2u : 1u}}, SchemaLanguage::avro);
  auto number = [](std::string_view digits) { return std::stoll(std::string(digits)); };
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

std::unique_ptr<WriterSchemas> SimulatedAvro::client(ManualClock& time, Clock& clock, uint64_t seed,
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
