// Rows of a product as Protobuf: the schema that follows from their type, and each row as a message of it.
//
// The schema is a proto3 file with the domain as its package and a message with the product's name. int is `int64`,
// float `double`, bool, string and bytes are what they are, timestamp and duration the messages of google.protobuf,
// decimal, uuid, date and time a `string`, an enum an `enum`, or a `string` if its symbols cannot stand in one; a list
// is `repeated`, a struct a message, `T?` is `optional`. Decoders read all of that back.
//
// A column gets the number of its place, and keeps it: with an earlier schema at hand, columns that it has keep their
// numbers, others get the next free ones, and numbers and names of those that are gone are reserved. Symbols of enums
// likewise; those that are gone stay.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// The schema's text; the error says what Protobuf cannot have. `name`: "domain.product". `earlier`: the text of an
/// earlier schema of the product, or nothing; the same text comes out if the row is the same.
Result<std::string> protobuf_schema_of(const std::string& name, const std::vector<Field>& row,
                                       std::string_view earlier = {});

/// How a column is written.
struct ProtobufColumn {
  Type type;
  uint32_t number = 0;
  std::vector<int32_t> symbols = {};        ///< of an enum that is one: the number of each symbol
  std::vector<ProtobufColumn> fields = {};  ///< of a struct, or a list of structs; of a map: key and value
};
/// `schema`: the text of protobuf_schema_of for that row.
Result<std::vector<ProtobufColumn>> protobuf_columns_of(const std::vector<Field>& row, std::string_view schema);

/// Appends the values of these columns of a row, which stand side by side in it. `slots`: their leaves.
void append_protobuf(std::span<const ProtobufColumn> columns, const Slot* slots, std::string& out);

}  // namespace braid
