// What `braid check` says of a change to a product, offline, against what Apicurio Registry says of the same schemas.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "runtime/codec/avro_compatibility.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/protobuf_compatibility.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/connect/registry/curl_http.h"
#include "runtime/connect/registry/registry_client.h"
#include "runtime/schema/json_schema.h"

namespace braid::registry {
namespace {

struct Change {
  const char* what;
  std::vector<Field> before, now;
  bool only_avro = false;  ///< in other forms a registry knows more of it, or less
};

std::vector<Change> changes() {
  const auto one = [](Type type) { return std::vector<Field>{{"id", int_type()}, {"x", std::move(type)}}; };
  const std::vector<Field> plain{{"id", int_type()}};
  return {
      {"nothing", plain, plain},
      {"a new optional field", plain, one(optional_type(string_type()))},
      {"a new field", plain, one(string_type())},
      {"an optional field goes", one(optional_type(string_type())), plain},
      {"a field goes", one(string_type()), plain},
      {"a field becomes optional", one(int_type()), one(optional_type(int_type()))},
      {"a field is no longer optional", one(optional_type(int_type())), one(int_type())},
      {"int becomes float", one(int_type()), one(float_type())},
      {"float becomes int", one(float_type()), one(int_type())},
      {"int becomes text", one(int_type()), one(string_type())},
      {"bool becomes int", one(bool_type()), one(int_type())},
      {"a new symbol", one(enum_type({"a", "b"})), one(enum_type({"a", "b", "c"}))},
      {"a symbol goes", one(enum_type({"a", "b"})), one(enum_type({"a"}))},
      {"an optional part of a struct", one(struct_type({{"a", int_type()}})),
       one(struct_type({{"a", int_type()}, {"b", optional_type(int_type())}}))},
      {"a part of a struct", one(struct_type({{"a", int_type()}})),
       one(struct_type({{"a", int_type()}, {"b", int_type()}}))},
      {"a list of something else", one(list_type(int_type())), one(list_type(string_type()))},
      {"a map of something else", one(map_type(string_type(), int_type())),
       one(map_type(string_type(), string_type()))},
      {"a list of more", one(list_type(struct_type({{"a", int_type()}}))),
       one(list_type(struct_type({{"a", int_type()}, {"b", optional_type(int_type())}})))},
      {"two changes",
       {{"id", int_type()}, {"a", string_type()}},
       {{"id", optional_type(int_type())}, {"b", string_type()}}},
      // Shapes and symbols of the gate's matrix (mesh/gate/gate_test.cpp) that Avro has a rule for.
      {"a field is renamed", {{"id", int_type()}, {"a", int_type()}}, {{"id", int_type()}, {"b", int_type()}}, true},
      {"fields change places",
       {{"id", int_type()}, {"a", string_type()}, {"b", bool_type()}},
       {{"id", int_type()}, {"b", bool_type()}, {"a", string_type()}},
       true},
      {"a struct becomes optional", one(struct_type({{"a", int_type()}})),
       one(optional_type(struct_type({{"a", int_type()}}))), true},
      {"a struct becomes text", one(struct_type({{"a", int_type()}})), one(string_type()), true},
      {"a part of a struct goes", one(struct_type({{"a", int_type()}, {"b", int_type()}})),
       one(struct_type({{"a", int_type()}})), true},
      {"a part of a list's structs goes", one(list_type(struct_type({{"a", int_type()}, {"b", int_type()}}))),
       one(list_type(struct_type({{"a", int_type()}}))), true},
      {"a list becomes a value", one(list_type(string_type())), one(string_type()), true},
      {"a list becomes a map", one(list_type(string_type())), one(map_type(string_type(), string_type())), true},
      {"a list has elements that may be null", one(list_type(int_type())), one(list_type(optional_type(int_type()))),
       true},
      {"an optional int becomes an optional float", one(optional_type(int_type())), one(optional_type(float_type())),
       true},
      {"text becomes bytes", one(string_type()), one(bytes_type()), true},
      {"text becomes bool", one(string_type()), one(bool_type()), true},
      {"an enum becomes text", one(enum_type({"a", "b"})), one(string_type()), true},
      {"text becomes an enum", one(string_type()), one(enum_type({"a", "b"})), true},
      {"all symbols are others", one(enum_type({"a", "b"})), one(enum_type({"c"})), true},
      {"a symbol comes in front", one(enum_type({"b", "c"})), one(enum_type({"a", "b", "c"})), true},
      {"symbols change places", one(enum_type({"a", "b"})), one(enum_type({"b", "a"})), true},
  };
}

struct Form {
  const char* name;
  SchemaType type;
  std::string (*text)(const std::vector<Field>& row);
  schema::FindBreaks find_breaks;
  std::string (*after)(const std::vector<Field>& row, const std::string& before) = nullptr;  ///< null: as `text`
};

std::string avro_text(const std::vector<Field>& row) {
  return *avro_schema_of("shop.sold", row);
}
std::string protobuf_text(const std::vector<Field>& row) {
  return *protobuf_schema_of("shop.sold", row);
}
/// As a product writes it when another schema is there already.
std::string protobuf_after(const std::vector<Field>& row, const std::string& before) {
  return *protobuf_schema_of("shop.sold", row, before);
}
std::string json_text(const std::vector<Field>& row) {
  schema::RowSchema made{"shop.sold", 1, "", {}};
  for (const Field& field : row) made.fields.push_back({{field.name}, field.type, false, ""});
  return schema::json_schema_of_rows(made, schema::JsonDraft::draft_7);
}

class Compatibilities : public testing::TestWithParam<Form> {};

TEST_P(Compatibilities, AreTheRegistrysOrWider) {
  const char* url = std::getenv("BRAID_REGISTRY_URL");
  auto client = make_registry_client({.urls = {url ? url : "http://127.0.0.1:19081/apis/ccompat/v7"}}, {},
                                     system_clock(), Rng(1));
  ASSERT_TRUE(client.ok());
  const Form& form = GetParam();
  size_t asked = 0, compared = 0, breaking = 0;
  for (const Change& change : changes()) {
    if (change.only_avro && form.type != SchemaType::avro) continue;
    ++asked;
    for (const auto level :
         {schema::Compatibility::backward, schema::Compatibility::forward, schema::Compatibility::full}) {
      const std::string subject = fmt::format("change-{}-{}-{}", form.name, compared, schema::word_of(level));
      (void)(*client)->remove_subject(subject);
      const std::string before = form.text(change.before),
                        now = form.after ? form.after(change.now, before) : form.text(change.now);
      ASSERT_TRUE((*client)->register_schema(subject, {form.type, before, {}}).ok());
      ASSERT_TRUE((*client)->set_level(subject, schema::registry_word_of(level)).ok());
      const auto theirs = (*client)->check(subject, {form.type, now, {}}, CompareWith::latest);
      ASSERT_TRUE(theirs.ok()) << theirs.error().message;
      const auto ours = schema::broken_readers(level, now, {before}, form.find_breaks);
      ASSERT_TRUE(ours.ok()) << ours.error().message;
      // In JSON Schema a registry refuses more: see docs/decisions/0026.
      if (form.type == SchemaType::avro || !ours->empty())
        EXPECT_EQ(ours->empty(), theirs->compatible)
            << form.name << ", " << schema::word_of(level) << ": " << change.what;
      breaking += !ours->empty();
      ++compared;
    }
  }
  EXPECT_EQ(compared, asked * 3);
  EXPECT_GE(breaking, compared / 6);
}

std::string name_of(const testing::TestParamInfo<Form>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Each, Compatibilities,
                         testing::Values(Form{"avro", SchemaType::avro, avro_text, find_avro_breaks},
                                         Form{"protobuf", SchemaType::protobuf, protobuf_text, find_protobuf_breaks,
                                              protobuf_after},
                                         Form{"json", SchemaType::json, json_text, schema::find_json_breaks}),
                         name_of);

}  // namespace
}  // namespace braid::registry
