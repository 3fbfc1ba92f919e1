#include "runtime/connect/registry/registry_writer_schemas.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace braid::registry {
namespace {

constexpr int64_t kStepUs = 10'000;

SchemaAnswer answer_of(const Answer<SchemaPtr>& found) {
  SchemaAnswer made;
  if (!found.ok()) {
    made.state =
        found.error().fault == RegistryFault::unknown ? SchemaAnswer::State::unknown : SchemaAnswer::State::not_now;
    made.reason = found.error().message;
    return made;
  }
  const ResolvedSchema& resolved = **found;
  auto schema = std::make_shared<WriterSchema>();
  schema->language = language_of(resolved.schema.type);
  schema->text = resolved.schema.text;
  for (const ResolvedSchema::Named& each : resolved.referenced) schema->references.push_back({each.name, each.text});
  made.state = SchemaAnswer::State::found;
  made.schema = std::move(schema);
  return made;
}

}  // namespace

SchemaLanguage language_of(SchemaType type) {
  switch (type) {
    case SchemaType::avro:
      return SchemaLanguage::avro;
    case SchemaType::json:
      return SchemaLanguage::json_schema;
    case SchemaType::protobuf:
      return SchemaLanguage::protobuf;
  }
  BRAID_UNREACHABLE("type of schema");
}

Answer<SchemaPtr> RegistryWriterSchemas::ask(const SchemaId& id) {
  const std::lock_guard lock(mutex_);
  return client_->find(id.kind == SchemaId::Kind::number ? SchemaKey(static_cast<int64_t>(id.number))
                                                         : SchemaKey(id.guid));
}

SchemaAnswer RegistryWriterSchemas::find(const SchemaId& id) {
  return answer_of(ask(id));
}

SchemaAnswer RegistryWriterSchemas::find_within(const SchemaId& id, int64_t at_most_us, Clock& clock) {
  const int64_t end = clock.steady_us() + at_most_us;
  while (true) {
    const Answer<SchemaPtr> answer = ask(id);
    const int64_t left = end - clock.steady_us();
    if (answer.ok() || answer.error().fault != RegistryFault::not_now || left <= 0) return answer_of(answer);
    const std::lock_guard lock(mutex_);
    client_->http().wait(std::min(left, kStepUs));
  }
}

}  // namespace braid::registry
