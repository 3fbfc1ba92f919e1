// An OpenAPI 3.1 document of the products that are served. Its schemas are those of the rows as JSON Schema has them.
#include <nlohmann/json.hpp>

#include "runtime/schema/json_schema.h"
#include "serve/rest/api.h"
#include "serve/rest/asked.h"

namespace braid::serve {
namespace {

using Json = nlohmann::ordered_json;

Json schema_of_row(const ApiProduct& product) {
  schema::RowSchema rows{
      .name = product.qualified(), .version = product.version, .documentation = product.doc, .fields = {}};
  for (size_t i = 0; i < product.row.size(); ++i)
    rows.fields.push_back({.path = {product.row[i].name},
                           .type = product.row[i].type,
                           .documentation = i < product.field_docs.size() ? product.field_docs[i] : std::string()});
  Json made = Json::parse(schema::json_schema_of_rows(rows));
  made.erase("$schema");
  made.erase("$id");
  return made;
}

Json parameter(const std::string& name, const char* in, const std::string& text, Json schema) {
  return {{"name", name},
          {"in", in},
          {"required", std::string_view(in) == "path"},
          {"description", text},
          {"schema", std::move(schema)}};
}

Json of_time() {
  return Json::array(
      {parameter("as_of", "query", "Rows as they were at that instant of event time.",
                 {{"type", "string"}, {"format", "date-time"}}),
       parameter("at_epoch", "query", "Rows as they were in that epoch.", {{"type", "integer"}, {"minimum", 0}}),
       parameter("min_epoch", "query", "That epoch or a later one; else 412.", {{"type", "integer"}, {"minimum", 0}}),
       parameter("wait", "query", "How long to wait for `min_epoch`, at most 10s.", {{"type", "string"}}),
       parameter("fields", "query", "Names of fields, with commas between them.", {{"type", "string"}})});
}

Json answer(const char* text, Json schema) {
  Json headers;
  for (const char* name : {"Braid-Epoch", "Braid-Version", "Braid-Status", "Braid-Watermark", "ETag"})
    headers[name] = {{"schema", {{"type", "string"}}}};
  return {{"description", text},
          {"headers", std::move(headers)},
          {"content", {{"application/json", {{"schema", std::move(schema)}}}}}};
}

Json problem(const char* text) {
  return {{"description", text},
          {"content", {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
}

Json envelope(const char* member, Json schema) {
  Json properties{{"product", {{"type", "string"}}},
                  {"version", {{"type", "integer"}}},
                  {"topic", {{"type", "string"}}},
                  {"offsets", {{"type", "array"}, {"items", {{"type", "integer"}}}}},
                  {"epoch", {{"type", "integer"}}},
                  {"watermark", {{"type", Json::array({"string", "null"})}, {"format", "date-time"}}},
                  {"status", {{"type", "string"}}}};
  properties[member] = std::move(schema);
  Json required = Json::array({"product", "version", "epoch", "watermark", "status", member});
  if (std::string_view(member) == "rows") {
    properties["next"] = {{"type", Json::array({"string", "null"})}};
    required.push_back("next");
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

Json changes_of(const ApiProduct& product, const std::string& name, const Json& row) {
  const Json text{{"type", "string"}}, number{{"type", "integer"}, {"minimum", 0}};
  Json parameters = Json::array(
      {parameter("from", "query", "`now`, `first`, `snapshot`, or behind the epoch of that number.",
                 {{"type", "string"}, {"default", "now"}}),
       parameter("since", "query", "`next` of the answer before, for the same query.", text),
       parameter("wait", "query", "How long an answer waits for changes, at most 10s.", text),
       parameter("limit", "query", "Changes of an answer at most.",
                 {{"type", "integer"}, {"minimum", 1}, {"maximum", Api::kMostRows}, {"default", 1000}}),
       parameter("fields", "query", "Names of fields, with commas between them.", text),
       parameter("Last-Event-ID", "header", "The id of the last event that was read: goes on behind it.", text)});
  const Json change{{"type", "object"},
                    {"properties",
                     {{"change", {{"enum", Json::array({"snapshot", "put", "delete", "commit", "end"})}}},
                      {"epoch", number},
                      {"key", {{"type", "object"}}},
                      {"row", row}}},
                    {"required", Json::array({"change"})}};
  Json schema = envelope("changes", {{"type", "array"}, {"items", change}});
  schema["properties"]["next"] = text;
  schema["properties"]["more"] = {{"type", "boolean"}};
  Json good = answer("Changes, as the epochs that made them were committed.", std::move(schema));
  good["content"]["application/x-ndjson"] = {{"schema", change}};
  good["content"]["text/event-stream"] = {{"schema", text}};
  return {{"operationId", "changes_of_" + product.domain + "_" + product.name + "_" + std::to_string(product.version)},
          {"summary", "Changes of " + name},
          {"description", product.doc},
          {"parameters", std::move(parameters)},
          {"responses",
           {{"200", std::move(good)},
            {"400", problem("The query is wrong, or no changes are kept.")},
            {"410", problem("Changes from there on are not kept: begin again with a snapshot.")},
            {"412", problem("The epoch is not there yet.")}}}};
}

}  // namespace

std::string openapi_of(const std::vector<ApiProduct>& products) {
  Json paths, schemas;
  schemas["Problem"] = {
      {"type", "object"},
      {"properties",
       {{"title", {{"type", "string"}}}, {"status", {{"type", "integer"}}}, {"detail", {{"type", "string"}}}}},
      {"required", Json::array({"title", "status", "detail"})}};
  for (const ApiProduct& product : products) {
    const std::string name = fmt::format("{}@{}", product.qualified(), product.version);
    const std::string schema = fmt::format("{}.v{}", product.qualified(), product.version);
    schemas[schema] = schema_of_row(product);
    const Json row{{"$ref", "#/components/schemas/" + schema}};
    Json parameters = Json::array(
        {parameter("limit", "query", "Rows of an answer at most.",
                   {{"type", "integer"}, {"minimum", 1}, {"maximum", Api::kMostRows}, {"default", 100}}),
         parameter("after", "query", "`next` of the answer before, for the same query.", {{"type", "string"}}),
         parameter("order", "query",
                   fmt::format("`{}`{}{}; with `-` in front backwards.", product.keyed ? "key" : "time",
                               product.indexes.empty() ? "" : ", or ", fmt::join(product.indexes, ", ")),
                   {{"type", "string"}})});
    for (const Json& each : of_time()) parameters.push_back(each);
    for (const Field& field : product.row)
      if (is_ordered(without_optional(field.type)) || is(without_optional(field.type), TypeKind::boolean))
        parameters.push_back(
            parameter(field.name, "query",
                      fmt::format("Rows whose `{0}` is that. Also `{0}.ne`, `{0}.lt`, `{0}.le`, `{0}.gt`, `{0}.ge`{1}.",
                                  field.name, is_optional(field.type) ? fmt::format(", `{}.null`", field.name) : ""),
                      {{"type", "string"}}));
    paths["/v1/products/" + name + "/rows"]["get"] = {
        {"operationId", "rows_of_" + product.domain + "_" + product.name + "_" + std::to_string(product.version)},
        {"summary", "Rows of " + name},
        {"description", product.doc},
        {"parameters", std::move(parameters)},
        {"responses",
         {{"200", answer("Rows of one epoch.", envelope("rows", {{"type", "array"}, {"items", row}}))},
          {"304", {{"description", "Nothing has changed since that ETag."}}},
          {"400", problem("The query is wrong.")},
          {"410", problem("A token, or an instant, that is not kept any more.")},
          {"412", problem("The epoch is not there yet.")}}}};
    paths["/v1/products/" + name + "/changes"]["get"] = changes_of(product, name, row);
    if (!product.keyed) continue;
    std::string path = "/v1/products/" + name + "/rows";
    Json of_key = Json::array();
    for (const std::string& part : product.key) {
      path += "/{" + part + "}";
      of_key.push_back(parameter(part, "path", "A part of the key.", {{"type", "string"}}));
    }
    for (const Json& each : of_time()) of_key.push_back(each);
    paths[path]["get"] = {
        {"operationId", "row_of_" + product.domain + "_" + product.name + "_" + std::to_string(product.version)},
        {"summary", "The row of a key of " + name},
        {"description", product.doc},
        {"parameters", std::move(of_key)},
        {"responses",
         {{"200", answer("The row.", envelope("row", row))},
          {"304", {{"description", "The row has not changed since that ETag."}}},
          {"404", problem("There is no row of that key.")},
          {"410", problem("An instant that is not kept any more.")},
          {"412", problem("The epoch is not there yet.")}}}};
  }
  const Json made{{"openapi", "3.1.0"},
                  {"info", {{"title", "Products served by Braid"}, {"version", "1"}}},
                  {"paths", paths.is_null() ? Json::object() : paths},
                  {"components", {{"schemas", std::move(schemas)}}}};
  return made.dump(2) + "\n";
}

}  // namespace braid::serve
