#include "runtime/connect/registry/schema.h"

#include <fmt/format.h>

#include "runtime/base/check.h"

namespace braid::registry {

std::string_view word_of(SchemaType type) {
  switch (type) {
    case SchemaType::avro:
      return "AVRO";
    case SchemaType::json:
      return "JSON";
    case SchemaType::protobuf:
      return "PROTOBUF";
  }
  BRAID_UNREACHABLE("type of schema");
}

size_t ResolvedSchema::bytes() const {
  size_t sum = sizeof(*this) + schema.text.size();
  for (const SchemaReference& each : schema.references) sum += sizeof(each) + each.name.size() + each.subject.size();
  for (const Named& each : referenced) sum += sizeof(each) + each.name.size() + each.text.size();
  return sum;
}

std::string to_text(const Guid& guid) {
  std::string made;
  for (size_t i = 0; i < guid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) made += '-';
    made += fmt::format("{:02x}", guid[i]);
  }
  return made;
}

}  // namespace braid::registry
