#include "mesh/contract/access_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "mesh/contract/json_members.h"
#include "mesh/definition/clause_text.h"

namespace braid::mesh {
namespace {

using Json = nlohmann::ordered_json;
using Texts = std::vector<std::string>;

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = "the interface has " + std::move(what)};
}

}  // namespace

Json access_to_json(const InterfaceAccess& access) {
  Json made = Json::object();
  for (const InterfaceRows& rows : access.rows) {
    Json one{{"readers", rows.readers}};
    if (!rows.purposes.empty()) one["purposes"] = rows.purposes;
    one["where"] = rows.where;
    made["rows"].push_back(std::move(one));
  }
  for (const InterfaceMask& mask : access.masks) {
    Json one{{"field", mask.field}};
    if (!mask.with.empty()) one["with"] = mask.with;
    if (!mask.except.empty()) one["except"] = mask.except;
    made["masks"].push_back(std::move(one));
  }
  if (!access.rows_for.empty()) made["rows_for"] = access.rows_for;
  if (!access.functions.empty()) made["functions"] = Json::parse(items_to_json(access.functions));
  for (const DefinitionUse& use : access.uses) made["uses"].push_back({{"path", use.path}, {"as", use.as}});
  return made;
}

InterfaceAccess access_of_json(const Json& json) {
  InterfaceAccess made;
  for (const Json& one : list_of(json, "rows"))
    made.rows.push_back({.readers = one.at("readers").get<Texts>(),
                         .purposes = list_of(one, "purposes").get<Texts>(),
                         .where = one.at("where").get<std::string>()});
  for (const Json& one : list_of(json, "masks"))
    made.masks.push_back({.field = one.at("field").get<Texts>(),
                          .with = one.value("with", std::string()),
                          .except = list_of(one, "except").get<Texts>()});
  made.rows_for = json.value("rows_for", std::string());
  for (const Json& one : list_of(json, "functions")) made.functions.push_back(item_of_json(one));
  for (const Json& one : list_of(json, "uses"))
    made.uses.push_back({.path = one.at("path").get<std::string>(), .as = one.at("as").get<std::string>()});
  return made;
}

Status check(const InterfaceAccess& access) {
  for (const InterfaceRows& rows : access.rows) {
    if (rows.readers.empty()) return wrong("rows that nobody may read");
    if (!is_condition(rows.where)) return wrong("a condition that is not one: `" + rows.where + "`");
    if (!std::ranges::all_of(rows.readers, is_reader)) return wrong("a reader of rows that is not one");
    if (!std::ranges::all_of(rows.purposes, is_purpose)) return wrong("a purpose that is not one");
  }
  for (const InterfaceMask& mask : access.masks) {
    const std::string field = fmt::format("{}", fmt::join(mask.field, "."));
    if (mask.field.empty()) return wrong("a mask of no field");
    if (!mask.with.empty() && !is_mask_function(mask.with))
      return wrong(fmt::format("a mask of `{}` that is not one: `{}`", field, mask.with));
    if (!std::ranges::all_of(mask.except, is_reader))
      return wrong(fmt::format("a reader of `{}` that is not one", field));
  }
  if (!access.rows_for.empty() && !is_reader(access.rows_for)) return wrong("rows for a reader that is not one");
  for (const DefinitionItem& item : access.functions)
    if (item.kind == "param") return wrong("a condition or a mask that a param changes: `" + item.name + "`");
  return check(access.functions);
}

bool masked_by_readers(const InterfaceAccess& access) {
  return !access.rows_for.empty() ||
         std::ranges::any_of(access.masks, [](const InterfaceMask& mask) { return !mask.with.empty(); });
}

}  // namespace braid::mesh
