#include "mesh/gate/wire.h"

#include <algorithm>

#include "runtime/codec/avro_compatibility.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/protobuf_compatibility.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/schema/json_schema.h"

namespace braid::mesh {
namespace {

std::vector<Field> row_of(const Interface& interface) {
  std::vector<Field> row;
  for (const InterfaceField& field : interface.fields) row.push_back({field.name, field.type});
  return row;
}

Result<std::string> json_schema(const Interface& interface, const std::string&) {
  schema::RowSchema rows{interface.qualified(), interface.version, {}, {}};
  for (const InterfaceField& field : interface.fields) rows.fields.push_back({{field.name}, field.type, false, {}});
  return schema::json_schema_of_rows(rows);
}

Result<std::string> avro_schema(const Interface& interface, const std::string&) {
  return avro_schema_of(interface.qualified(), row_of(interface));
}

Result<std::string> protobuf_schema(const Interface& interface, const std::string& earlier) {
  return protobuf_schema_of(interface.qualified(), row_of(interface), earlier);
}

}  // namespace

WireRules json_wire() {
  return {.name = "json", .schema_of = json_schema, .find_breaks = schema::find_json_breaks};
}

WireRules avro_wire() {
  return {.name = "avro", .schema_of = avro_schema, .find_breaks = find_avro_breaks};
}

WireRules protobuf_wire() {
  return {.name = "protobuf", .schema_of = protobuf_schema, .find_breaks = find_protobuf_breaks};
}

std::vector<WireRules> wires_of(const std::vector<InterfaceAddress>& addresses) {
  std::vector<WireRules> made;
  const auto add = [&](WireRules wire) {
    if (std::ranges::find(made, wire.name, &WireRules::name) == made.end()) made.push_back(std::move(wire));
  };
  for (const InterfaceAddress& address : addresses)
    add(address.format == "avro" ? avro_wire() : address.format == "protobuf" ? protobuf_wire() : json_wire());
  if (made.empty()) add(json_wire());
  return made;
}

Result<std::vector<schema::BrokenReader>> broken_on_wire(const Interface& before, const Interface& after,
                                                         const WireRules& wire) {
  const schema::Compatibility level = before.compatible.value_or(schema::Compatibility::none);
  if (level == schema::Compatibility::none) return std::vector<schema::BrokenReader>();
  BRAID_ASSIGN(const std::string old, wire.schema_of(before, {}));
  BRAID_ASSIGN(const std::string now, wire.schema_of(after, old));
  return schema::broken_readers(level, now, {old}, wire.find_breaks);
}

}  // namespace braid::mesh
