// One line for each type. The tests check that no name is a type of Braid, and that a script with the fix compiles.
#include "runtime/declare/foreign_type.h"

#include <algorithm>
#include <string>

namespace braid {
namespace {

constexpr std::string_view kUtc = "a `timestamp` is an instant in UTC; the source converts local times";
constexpr std::string_view kSigned = "an `int` ends at 9,223,372,036,854,775,807; `decimal(20,0)` holds larger numbers";
constexpr std::string_view kMoney = "the currency is a field of its own";
constexpr std::string_view kList = "a list is written `list<int>`";
constexpr std::string_view kMap = "a map says what its keys and its values are: `map<string, int>`";
constexpr std::string_view kStruct = "a struct is written `{ a: int, b: string }`";
constexpr std::string_view kJson =
    "fields whose names are known are declared: `client: { name: string }`; `json` holds any shape";
constexpr std::string_view kOptional = "a value that may be null has a `?`: `int?`";
constexpr std::string_view kEnum = "a text with few values is an enum: `enum { placed, paid }`, or a `string`";
constexpr std::string_view kPlace = "a place is two numbers: `{ latitude: float, longitude: float }`";

constexpr ForeignType kTypes[] = {
    // ---- int
    {"integer", "SQL, Java and Avro schemas", "int", ""},
    {"bigint", "SQL and JavaScript", "int", ""},
    {"smallint", "SQL", "int", ""},
    {"tinyint", "SQL", "int", ""},
    {"mediumint", "MySQL", "int", ""},
    {"int2", "PostgreSQL", "int", ""},
    {"int4", "PostgreSQL", "int", ""},
    {"int8", "PostgreSQL and Arrow", "int", ""},
    {"int16", "Arrow and BigQuery", "int", ""},
    {"int32", "Arrow and Protobuf", "int", ""},
    {"int64", "Arrow, BigQuery and Protobuf", "int", ""},
    {"uint8", "Arrow", "int", ""},
    {"uint16", "Arrow", "int", ""},
    {"uint32", "Arrow and Protobuf", "int", ""},
    {"uint64", "Arrow and Protobuf", "int", kSigned},
    {"sint32", "Protobuf", "int", ""},
    {"sint64", "Protobuf", "int", ""},
    {"fixed32", "Protobuf", "int", ""},
    {"fixed64", "Protobuf", "int", kSigned},
    {"sfixed32", "Protobuf", "int", ""},
    {"sfixed64", "Protobuf", "int", ""},
    {"uint", "ClickHouse and Go", "int", ""},
    {"long", "Java and Avro", "int", ""},
    {"short", "Java and Spark", "int", ""},
    {"byte", "Java and Spark", "int", ""},
    {"signed", "MySQL", "int", ""},
    {"unsigned", "MySQL", "int", ""},
    {"serial", "PostgreSQL", "int", "Braid numbers no rows: the source has the value"},
    {"bigserial", "PostgreSQL", "int", "Braid numbers no rows: the source has the value"},
    {"i32", "Rust", "int", ""},
    {"i64", "Rust", "int", ""},
    {"u32", "Rust", "int", ""},
    {"u64", "Rust", "int", kSigned},
    // ---- float
    {"double", "SQL, Java and Avro", "float", ""},
    {"real", "SQL", "float", ""},
    {"float4", "PostgreSQL", "float", ""},
    {"float8", "PostgreSQL", "float", ""},
    {"float16", "Arrow", "float", ""},
    {"float32", "Arrow", "float", ""},
    {"float64", "Arrow and pandas", "float", ""},
    {"halffloat", "Arrow", "float", ""},
    {"binary_double", "Oracle", "float", ""},
    {"f32", "Rust", "float", ""},
    {"f64", "Rust", "float", ""},
    // ---- decimal
    {"numeric", "SQL", "decimal", ""},
    {"number", "Oracle and Snowflake", "decimal", "`float` is for measured values"},
    {"dec", "SQL", "decimal", ""},
    {"bignumeric", "BigQuery", "decimal", ""},
    {"bigdecimal", "Java", "decimal", ""},
    {"decimal128", "Arrow", "decimal", ""},
    {"decimal256", "Arrow", "decimal", ""},
    {"money", "PostgreSQL and T-SQL", "decimal", kMoney},
    {"smallmoney", "T-SQL", "decimal", kMoney},
    // ---- string
    {"text", "PostgreSQL and MySQL", "string", ""},
    {"varchar", "SQL", "string", ""},
    {"char", "SQL", "string", ""},
    {"character", "SQL", "string", ""},
    {"nvarchar", "T-SQL", "string", ""},
    {"nchar", "T-SQL", "string", ""},
    {"varchar2", "Oracle", "string", ""},
    {"nvarchar2", "Oracle", "string", ""},
    {"bpchar", "PostgreSQL", "string", ""},
    {"citext", "PostgreSQL", "string", ""},
    {"clob", "Oracle", "string", ""},
    {"ntext", "T-SQL", "string", ""},
    {"tinytext", "MySQL", "string", ""},
    {"mediumtext", "MySQL", "string", ""},
    {"longtext", "MySQL", "string", ""},
    {"str", "Python", "string", ""},
    {"utf8", "Arrow and Polars", "string", ""},
    {"large_utf8", "Arrow", "string", ""},
    {"large_string", "Arrow", "string", ""},
    {"fixedstring", "ClickHouse", "string", ""},
    // ---- bool
    {"boolean", "SQL, Java and JavaScript", "bool", ""},
    {"bit", "T-SQL", "bool", ""},
    // ---- bytes
    {"bytea", "PostgreSQL", "bytes", ""},
    {"binary", "SQL and Arrow", "bytes", ""},
    {"varbinary", "SQL", "bytes", ""},
    {"large_binary", "Arrow", "bytes", ""},
    {"blob", "MySQL and SQLite", "bytes", ""},
    {"longblob", "MySQL", "bytes", ""},
    {"bytearray", "Python", "bytes", ""},
    {"raw", "Oracle", "bytes", ""},
    // ---- uuid
    {"uniqueidentifier", "T-SQL", "uuid", ""},
    {"guid", ".NET", "uuid", ""},
    // ---- date
    {"date32", "Arrow", "date", ""},
    {"localdate", "Java", "date", ""},
    // ---- time
    {"time32", "Arrow", "time", ""},
    {"time64", "Arrow", "time", ""},
    {"timetz", "PostgreSQL", "time", ""},
    {"localtime", "Java", "time", ""},
    // ---- timestamp
    {"timestamptz", "PostgreSQL", "timestamp", ""},
    {"datetime", "MySQL, BigQuery and Python", "timestamp", kUtc},
    {"datetime2", "T-SQL", "timestamp", kUtc},
    {"datetimeoffset", "T-SQL", "timestamp", ""},
    {"smalldatetime", "T-SQL", "timestamp", kUtc},
    {"timestamp_ltz", "Flink SQL and Snowflake", "timestamp", ""},
    {"timestamp_ntz", "Snowflake and Spark", "timestamp", kUtc},
    {"timestamp_tz", "Snowflake", "timestamp", ""},
    {"datetime64", "pandas and ClickHouse", "timestamp", kUtc},
    {"date64", "Arrow", "timestamp", ""},
    {"instant", "Java", "timestamp", ""},
    {"localdatetime", "Java", "timestamp", kUtc},
    {"zoneddatetime", "Java", "timestamp", ""},
    {"offsetdatetime", "Java", "timestamp", ""},
    // ---- duration
    {"interval", "SQL", "duration", "`add_months` counts months and years, which differ in length"},
    {"timedelta", "Python and pandas", "duration", ""},
    {"timedelta64", "pandas", "duration", ""},
    {"timespan", ".NET", "duration", ""},
    // ---- no single word
    {"array", "SQL and Java", "", kList},
    {"vector", "C++ and Scala", "", kList},
    {"seq", "Scala", "", kList},
    {"arraylist", "Java", "", kList},
    {"repeated", "Protobuf", "", kList},
    {"tuple", "Python", "", kStruct},
    {"map", "Flink SQL, Java and Avro", "", kMap},
    {"dict", "Python", "", kMap},
    {"dictionary", ".NET and Arrow", "", kMap},
    {"hashmap", "Java and Rust", "", kMap},
    {"multiset", "Flink SQL", "", kMap},
    {"struct", "Spark, BigQuery and DuckDB", "", kStruct},
    {"row", "Flink SQL and Presto", "", kStruct},
    {"record", "Avro and BigQuery", "", kStruct},
    {"tuple2", "Scala and Flink", "", kStruct},
    {"jsonb", "PostgreSQL", "json", ""},
    {"variant", "Snowflake", "json", ""},
    {"object", "JavaScript and pandas", "json", kJson},
    {"any", "TypeScript", "json", kJson},
    {"super", "Redshift", "json", ""},
    {"union", "Avro", "", kOptional},
    {"oneof", "Protobuf", "", kOptional},
    {"optional", "Python and Java", "", kOptional},
    {"nullable", "ClickHouse", "", kOptional},
    {"option", "Scala and Rust", "", kOptional},
    {"category", "pandas", "", kEnum},
    {"categorical", "Polars", "", kEnum},
    {"lowcardinality", "ClickHouse", "", kEnum},
    {"symbol", "kdb+", "", kEnum},
    {"geography", "PostGIS and BigQuery", "", kPlace},
    {"geometry", "PostGIS", "", kPlace},
    {"point", "PostgreSQL", "", kPlace},
};

constexpr std::string_view kNames[] = {"bool", "int",  "float", "decimal",   "string",   "bytes",
                                       "uuid", "date", "time",  "timestamp", "duration", "json"};

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace

std::span<const ForeignType> foreign_types() {
  return kTypes;
}

const ForeignType* find_foreign_type(std::string_view name) {
  const std::string lower = lowered(name);
  const auto* known =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const ForeignType& each) { return each.name == lower; });
  return known == std::end(kTypes) ? nullptr : known;
}

std::span<const std::string_view> type_names() {
  return kNames;
}

std::string_view braid_type_name(std::string_view written) {
  const std::string lower = lowered(written);
  const auto* same = std::find(std::begin(kNames), std::end(kNames), lower);
  if (same != std::end(kNames)) return *same;
  const ForeignType* known = find_foreign_type(lower);
  return known == nullptr ? "" : known->braid;
}

}  // namespace braid
