#include "serve/flight/sql_catalogue.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "serve/grpc/message_reader.h"

namespace braid::serve::flight {
namespace {

using Row = std::vector<std::string>;  // of expressions
struct Column {
  const char* name;
  const char* type;
};

std::string quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text)
    if (c != '\0') made += c == '\'' ? "''" : std::string(1, c);
  return made + '\'';
}

std::string hex(std::string_view bytes) {
  std::string made = "from_hex('";
  for (const char c : bytes) made += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return made + "')";
}

/// A table of constants. `rest`: behind `from`.
std::string constants(const std::vector<Column>& columns, std::vector<Row> rows, const std::string& rest = "") {
  const bool is_empty = rows.empty();
  if (is_empty) rows.emplace_back(columns.size(), "null");
  std::vector<std::string> values, names, shown;
  for (const Row& row : rows) values.push_back(fmt::format("({})", fmt::join(row, ", ")));
  for (const Column& each : columns) {
    names.emplace_back(each.name);
    shown.push_back(fmt::format("{0}::{1} as {0}", each.name, each.type));
  }
  return fmt::format("select {} from (values {}) t({}){}{}", fmt::join(shown, ", "), fmt::join(values, ", "),
                     fmt::join(names, ", "), is_empty ? " where false" : "", is_empty ? "" : rest);
}

/// What a command asks for, by the numbers of its fields.
struct Asked {
  std::optional<std::string> text(uint32_t number) const {
    for (const auto& [each, value] : texts)
      if (each == number) return value;
    return std::nullopt;
  }
  std::vector<std::pair<uint32_t, std::string>> texts;
  std::optional<uint64_t> number;  ///< the last one
};

std::optional<Asked> read(const SqlMessage& command) {
  Asked made;
  const bool whole = read_message(command.value, [&](const WireValue& value) {
    if (value.type == WireType::sized) made.texts.emplace_back(value.number, value.bytes);
    if (value.type == WireType::varint) made.number = value.bits;
  });
  return whole ? std::optional(std::move(made)) : std::nullopt;
}

/// ` where …`, of those that are asked for.
std::string where(const std::vector<std::pair<std::string, std::optional<std::string>>>& conditions) {
  std::string made;
  for (const auto& [condition, value] : conditions)
    if (value) made += fmt::format("{}{} {}", made.empty() ? " where " : " and ", condition, quoted(*value));
  return made;
}

std::string types(const Asked& asked) {
  static constexpr struct {
    const char* name;
    int number;
    int size;
    const char* quote;
    int searchable;
  } kTypes[] = {{"boolean", -7, 1, nullptr, 2},
                {"bigint", -5, 19, nullptr, 2},
                {"double", 8, 15, nullptr, 2},
                {"decimal", 3, 38, nullptr, 2},
                {"varchar", 12, 2147483647, "''''", 3},
                {"blob", -3, 2147483647, nullptr, 2},
                {"date", 91, 10, "''''", 2},
                {"time", 92, 15, "''''", 2},
                {"timestamp with time zone", 93, 32, "''''", 2}};
  std::vector<Row> rows;
  for (const auto& each : kTypes) {
    if (asked.number && static_cast<int32_t>(*asked.number) != each.number) continue;
    const std::string quote = each.quote == nullptr ? "null" : each.quote;
    const bool is_number = each.number == -5 || each.number == 8 || each.number == 3;
    const char* const scale = each.number == 3 ? "38" : "null";
    const std::string number = std::to_string(each.number);
    rows.push_back({quoted(each.name), number, std::to_string(each.size), quote, quote,
                    each.number == 3 ? "['precision', 'scale']" : "null", "1", each.number == 12 ? "true" : "false",
                    std::to_string(each.searchable), is_number ? "false" : "null", "false", "false", quoted(each.name),
                    each.number == 3 ? "0" : "null", scale, number, "null", is_number ? "10" : "null", "null"});
  }
  return constants({{"type_name", "VARCHAR"},
                    {"data_type", "INTEGER"},
                    {"column_size", "INTEGER"},
                    {"literal_prefix", "VARCHAR"},
                    {"literal_suffix", "VARCHAR"},
                    {"create_params", "VARCHAR[]"},
                    {"nullable", "INTEGER"},
                    {"case_sensitive", "BOOLEAN"},
                    {"searchable", "INTEGER"},
                    {"unsigned_attribute", "BOOLEAN"},
                    {"fixed_prec_scale", "BOOLEAN"},
                    {"auto_increment", "BOOLEAN"},
                    {"local_type_name", "VARCHAR"},
                    {"minimum_scale", "INTEGER"},
                    {"maximum_scale", "INTEGER"},
                    {"sql_data_type", "INTEGER"},
                    {"datetime_subcode", "INTEGER"},
                    {"num_prec_radix", "INTEGER"},
                    {"interval_precision", "INTEGER"}},
                   std::move(rows), " order by data_type");
}

std::string tables_of(const Asked& asked, const std::vector<CatalogueTable>& tables) {
  bool any = true;
  for (const auto& [number, value] : asked.texts)
    if (number == 4) any = false;
  for (const auto& [number, value] : asked.texts)
    if (number == 4 && value == "TABLE") any = true;
  std::vector<Column> columns{
      {"catalog_name", "VARCHAR"}, {"db_schema_name", "VARCHAR"}, {"table_name", "VARCHAR"}, {"table_type", "VARCHAR"}};
  const bool schemas = asked.number && *asked.number != 0;
  if (schemas) columns.push_back({"table_schema", "BLOB"});
  std::vector<Row> rows;
  for (const CatalogueTable& each : tables) {
    if (!any) break;
    rows.push_back({quoted(kCatalogue), quoted(each.domain), quoted(each.name), "'TABLE'"});
    if (schemas) rows.back().push_back(hex(each.schema));
  }
  return constants(columns, std::move(rows),
                   where({{"t.catalog_name =", asked.text(1)},
                          {"t.db_schema_name like", asked.text(2)},
                          {"t.table_name like", asked.text(3)}}) +
                       " order by 1, 2, 3, 4");
}

std::string keys_of(const Asked& asked, const std::vector<CatalogueTable>& tables) {
  std::vector<Row> rows;
  for (const CatalogueTable& each : tables)
    for (size_t i = 0; i < each.key.size(); ++i)
      rows.push_back({quoted(kCatalogue), quoted(each.domain), quoted(each.name), quoted(each.key[i]),
                      std::to_string(i + 1), "null"});
  return constants({{"catalog_name", "VARCHAR"},
                    {"db_schema_name", "VARCHAR"},
                    {"table_name", "VARCHAR"},
                    {"column_name", "VARCHAR"},
                    {"key_sequence", "INTEGER"},
                    {"key_name", "VARCHAR"}},
                   std::move(rows),
                   where({{"t.catalog_name =", asked.text(1)},
                          {"t.db_schema_name =", asked.text(2)},
                          {"t.table_name =", asked.text(3)}}) +
                       " order by 1, 2, 3, 5");
}

}  // namespace

bool wants_schemas(const SqlMessage& command) {
  const std::optional<Asked> asked = command.name == "CommandGetTables" ? read(command) : std::nullopt;
  return asked && asked->number && *asked->number != 0;
}

std::vector<std::string> columns_never_null(std::string_view command) {
  if (command == "CommandGetCatalogs") return {"catalog_name"};
  if (command == "CommandGetDbSchemas") return {"db_schema_name"};
  if (command == "CommandGetTables") return {"table_name", "table_type", "table_schema"};
  if (command == "CommandGetTableTypes") return {"table_type"};
  if (command == "CommandGetPrimaryKeys") return {"table_name", "column_name", "key_sequence"};
  if (command == "CommandGetXdbcTypeInfo")
    return {"type_name", "data_type", "nullable", "case_sensitive", "searchable", "fixed_prec_scale", "sql_data_type"};
  return {"pk_table_name", "pk_column_name", "fk_table_name", "fk_column_name",
          "key_sequence",  "update_rule",    "delete_rule"};
}

std::optional<std::string> catalogue_statement(const SqlMessage& command, const std::vector<CatalogueTable>& tables) {
  const std::optional<Asked> asked = read(command);
  if (!asked) return std::nullopt;
  if (command.name == "CommandGetCatalogs") return constants({{"catalog_name", "VARCHAR"}}, {{quoted(kCatalogue)}});
  if (command.name == "CommandGetTableTypes") return constants({{"table_type", "VARCHAR"}}, {{"'TABLE'"}});
  if (command.name == "CommandGetDbSchemas") {
    std::vector<Row> rows;
    for (const CatalogueTable& each : tables)
      if (const Row row{quoted(kCatalogue), quoted(each.domain)}; std::ranges::find(rows, row) == rows.end())
        rows.push_back(row);
    return constants(
        {{"catalog_name", "VARCHAR"}, {"db_schema_name", "VARCHAR"}}, std::move(rows),
        where({{"t.catalog_name =", asked->text(1)}, {"t.db_schema_name like", asked->text(2)}}) + " order by 1, 2");
  }
  if (command.name == "CommandGetTables") return tables_of(*asked, tables);
  if (command.name == "CommandGetPrimaryKeys") return keys_of(*asked, tables);
  if (command.name == "CommandGetXdbcTypeInfo") return types(*asked);
  const bool is_foreign = command.name == "CommandGetExportedKeys" || command.name == "CommandGetImportedKeys" ||
                          command.name == "CommandGetCrossReference";
  if (!is_foreign) return std::nullopt;
  // Products have no foreign keys.
  return constants({{"pk_catalog_name", "VARCHAR"},
                    {"pk_db_schema_name", "VARCHAR"},
                    {"pk_table_name", "VARCHAR"},
                    {"pk_column_name", "VARCHAR"},
                    {"fk_catalog_name", "VARCHAR"},
                    {"fk_db_schema_name", "VARCHAR"},
                    {"fk_table_name", "VARCHAR"},
                    {"fk_column_name", "VARCHAR"},
                    {"key_sequence", "INTEGER"},
                    {"fk_key_name", "VARCHAR"},
                    {"pk_key_name", "VARCHAR"},
                    {"update_rule", "UTINYINT"},
                    {"delete_rule", "UTINYINT"}},
                   {});
}

std::optional<std::vector<ServerFact>> server_facts(const SqlMessage& command) {
  std::vector<uint64_t> asked;
  bool packed_whole = true;
  const bool whole = read_message(command.value, [&](const WireValue& value) {
    if (value.number != 1) return;
    if (value.type == WireType::varint) asked.push_back(value.bits);
    if (value.type != WireType::sized) return;
    const char* at = value.bytes.data();
    for (const char* const end = at + value.bytes.size(); at < end && packed_whole;) {
      uint64_t number = 0;
      at = read_wire_varint(at, end, &number);
      packed_whole = at != nullptr;
      asked.push_back(number);
    }
  });
  if (!whole || !packed_whole) return std::nullopt;
  // Numbers of SqlInfo in FlightSql.proto.
  const std::vector<ServerFact> known{
      {0, "Braid"},            // name of the server
      {3, true},               // it is read only
      {4, true},               // SQL
      {5, false},              // Substrait
      {8, int32_t{0}},         // transactions: none
      {9, false},              // a statement can be cancelled by an action
      {100, int32_t{10'000}},  // ms for which a statement may run
      {500, false},            // catalogues, schemas, tables can be made
      {501, false},
      {502, false},
      {503, int32_t{1}},  // names have no case
      {504, "\""},        // and stand in quotes
      {505, int32_t{1}},  // then, too
  };
  if (asked.empty()) return known;
  std::vector<ServerFact> made;
  for (const ServerFact& each : known)
    if (std::ranges::find(asked, each.number) != asked.end()) made.push_back(each);
  return made;
}

}  // namespace braid::serve::flight
