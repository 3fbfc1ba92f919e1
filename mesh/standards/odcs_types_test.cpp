#include "mesh/standards/odcs_types.h"

#include <gtest/gtest.h>

#include "mesh/standards/script_text.h"

namespace braid::mesh {
namespace {

std::string back(const Type& type) {
  Node property = Node::map();
  put_type(property, type);
  std::string text = script_type(property, "").text + (property.text_of("required") == "true" ? "" : "?");
  // Structs take lines; their text is the same without them.
  std::string flat;
  for (const char c : text) {
    if (c != '\n' && c != ' ') flat += c;
  }
  return flat;
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

TEST(OdcsTypes, ComeBack) {
  for (const Type& type : {bool_type(), int_type(), float_type(), decimal_type(12, 2), decimal_type(38, 0),
                           string_type(), bytes_type(), uuid_type(), date_type(), time_type(), timestamp_type(),
                           duration_type(), json_type(), enum_type({"a", "in store"}), list_type(int_type()),
                           list_type(optional_type(decimal_type(5, 1))), map_type(string_type(), list_type(int_type())),
                           list_type(list_type(uuid_type())), optional_type(timestamp_type())})
    EXPECT_EQ(back(type), without_blanks(to_string(type)));
  const Type nested = struct_type({{"id", int_type()}, {"part", optional_type(struct_type({{"x", float_type()}}))}});
  EXPECT_EQ(back(nested), "{id:int,part:{x:float,}?,}");
}

TEST(OdcsTypes, TypesOfDatabasesAreKnown) {
  const auto of = [](const char* logical, const char* physical, const char* format = "") {
    Node property = Node::map();
    property.set_if("logicalType", std::string(logical)).set_if("physicalType", std::string(physical));
    if (*format) property.set("logicalTypeOptions", Node::map().set("format", format));
    return script_type(property, "").text;
  };
  EXPECT_EQ(of("", "VARCHAR(20)"), "string");
  EXPECT_EQ(of("", "NUMBER(38,0)"), "decimal(38,0)");
  EXPECT_EQ(of("", "number(10)"), "int");
  EXPECT_EQ(of("number", "numeric(12, 3)"), "decimal(12,3)");
  EXPECT_EQ(of("number", "number(10)"), "decimal(10,0)");
  EXPECT_EQ(of("number", "decimal(18,2)", "f64"), "decimal(18,2)");
  EXPECT_EQ(of("number", ""), "float");
  EXPECT_EQ(of("integer", "", "u64"), "decimal(20,0)");
  EXPECT_EQ(of("string", "varchar(36)", "uuid"), "uuid");
  EXPECT_EQ(of("string", "timestamp"), "string");
  EXPECT_EQ(of("date", "timestamptz"), "timestamp");
  EXPECT_EQ(of("", "timestamp with time zone"), "timestamp");
  EXPECT_EQ(of("", "geometry"), "");
  EXPECT_EQ(of("number", "decimal(99,2)"), "float");
}

TEST(ScriptText, KnowsTypes) {
  for (const char* text :
       {"int", "decimal(12,2)", "enum { a, \"in store\" }", "list<{ a: int?, b: map<string, json> }>"})
    EXPECT_TRUE(is_type_text(text)) << text;
  for (const char* text :
       {"", "varchar", "int }", "list<int", "decimal(12)", "{ a int }", "int, b: int", "enum { \"a\\\" }"})
    EXPECT_FALSE(is_type_text(text)) << text;
}

}  // namespace
}  // namespace braid::mesh
