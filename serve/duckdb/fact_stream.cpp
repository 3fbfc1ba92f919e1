// What a server tells of itself, as Flight SQL has it: numbers, and a dense union of what they may be.
#include <cerrno>

#include "serve/duckdb/arrow_writer.h"
#include "serve/duckdb/column_source.h"

namespace braid::serve::duck {
namespace {

bool done(ArrowErrorCode code) {
  return code == NANOARROW_OK;
}

bool named(ArrowSchema* schema, ArrowType type, const char* name) {
  return done(ArrowSchemaSetType(schema, type)) && done(ArrowSchemaSetName(schema, name));
}

/// The columns that FlightSql.proto gives GetSqlInfo.
bool make_schema(ArrowSchema* schema) {
  ArrowSchemaInit(schema);
  if (!done(ArrowSchemaSetTypeStruct(schema, 2))) return false;
  if (!named(schema->children[0], NANOARROW_TYPE_UINT32, "info_name")) return false;
  ArrowSchema* const value = schema->children[1];
  if (!done(ArrowSchemaSetTypeUnion(value, NANOARROW_TYPE_DENSE_UNION, 6)) || !done(ArrowSchemaSetName(value, "value")))
    return false;
  for (int i = 0; i < 2; ++i) schema->children[i]->flags &= ~int64_t{ARROW_FLAG_NULLABLE};
  ArrowSchema* const* const kinds = value->children;
  if (!named(kinds[0], NANOARROW_TYPE_STRING, "string_value") || !named(kinds[1], NANOARROW_TYPE_BOOL, "bool_value") ||
      !named(kinds[2], NANOARROW_TYPE_INT64, "bigint_value") ||
      !named(kinds[3], NANOARROW_TYPE_INT32, "int32_bitmask") || !named(kinds[4], NANOARROW_TYPE_LIST, "string_list") ||
      !named(kinds[5], NANOARROW_TYPE_MAP, "int32_to_int32_list_map"))
    return false;
  ArrowSchema* const* const entry = kinds[5]->children[0]->children;
  return done(ArrowSchemaSetType(kinds[4]->children[0], NANOARROW_TYPE_STRING)) &&
         done(ArrowSchemaSetType(entry[0], NANOARROW_TYPE_INT32)) &&
         done(ArrowSchemaSetType(entry[1], NANOARROW_TYPE_LIST)) &&
         done(ArrowSchemaSetType(entry[1]->children[0], NANOARROW_TYPE_INT32));
}

bool append(ArrowArray* rows, const ServerFact& fact) {
  if (!done(ArrowArrayAppendUInt(rows->children[0], fact.number))) return false;
  ArrowArray* const value = rows->children[1];
  // The kinds of the variant are the first ones of the union.
  const auto kind = static_cast<int8_t>(fact.value.index());
  ArrowArray* const of_kind = value->children[kind];
  ArrowErrorCode code = EINVAL;
  if (const auto* text = std::get_if<std::string>(&fact.value))
    code = ArrowArrayAppendString(of_kind, {text->data(), static_cast<int64_t>(text->size())});
  else if (const auto* yes = std::get_if<bool>(&fact.value))
    code = ArrowArrayAppendInt(of_kind, *yes ? 1 : 0);
  else if (const auto* number = std::get_if<int64_t>(&fact.value))
    code = ArrowArrayAppendInt(of_kind, *number);
  else
    code = ArrowArrayAppendInt(of_kind, std::get<int32_t>(fact.value));
  return done(code) && done(ArrowArrayFinishUnionElement(value, kind)) && done(ArrowArrayFinishElement(rows));
}

}  // namespace

Result<std::string> fact_stream(const std::vector<ServerFact>& facts) {
  Released<ArrowSchema> schema;
  Released<ArrowArray> rows;
  ArrowError error = {};
  const auto failed = [&error] {
    return Error{ErrorKind::internal, fmt::format("no Arrow of facts: {}", ArrowErrorMessage(&error)), 0, 0};
  };
  if (!make_schema(&schema) || !done(ArrowArrayInitFromSchema(&rows, &schema, &error)) ||
      !done(ArrowArrayStartAppending(&rows)))
    return failed();
  for (const ServerFact& each : facts)
    if (!append(&rows, each)) return failed();
  if (!done(ArrowArrayFinishBuildingDefault(&rows, &error))) return failed();
  ArrowWriter writer;
  if (!writer.write(&schema, {}) || !writer.write(&rows) || !writer.end())
    return Error{ErrorKind::internal, writer.error().message, 0, 0};
  return std::string(writer.bytes());
}

}  // namespace braid::serve::duck
