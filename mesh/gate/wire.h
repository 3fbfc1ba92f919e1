// How rows of a product look on the wire, and which changes of that its level of compatibility allows: the rules of
// JSON Schema, Avro and Protobuf, each over the schema that the product's rows have in it. Plain values; pure; any
// thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/contract/interface.h"
#include "runtime/schema/compatibility.h"

namespace braid::mesh {

struct WireRules {
  std::string name;  ///< "json", "avro", "protobuf"
  /// The schema of the rows. `earlier`: that of the interface before, which numbers of fields are taken from; or
  /// nothing. The error says what the form cannot have.
  std::function<Result<std::string>(const Interface& interface, const std::string& earlier)> schema_of;
  schema::FindBreaks find_breaks;
};

WireRules json_wire();
WireRules avro_wire();
WireRules protobuf_wire();

/// Of the places where the rows are, each form once. What has no schema of its own (CSV), or is nowhere, is judged as
/// JSON: by names and types.
std::vector<WireRules> wires_of(const std::vector<InterfaceAddress>& addresses);

/// What the change breaks of the level that `before` promises, in one form.
Result<std::vector<schema::BrokenReader>> broken_on_wire(const Interface& before, const Interface& after,
                                                         const WireRules& wire);

}  // namespace braid::mesh
