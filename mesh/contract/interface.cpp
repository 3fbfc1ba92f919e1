#include "mesh/contract/interface.h"

#include <fmt/format.h>

#include <algorithm>

#include "mesh/contract/access_json.h"
#include "mesh/contract/json_members.h"
#include "mesh/contract/promise_json.h"
#include "mesh/contract/type_json.h"
#include "runtime/base/check.h"
#include "runtime/data/row_change.h"

namespace braid::mesh {
namespace {

/// Of the JSON form. A change that old readers would misread raises it: one without masks would show what is masked.
constexpr int64_t kFormat = 1, kMaskedByReaders = 2;

constexpr const char* kKinds[] = {"stream", "versions", "changes", "reference"};

InterfaceKind kind_of(const typed::Relation& relation) {
  if (relation.changes || (relation.kind == typed::RelationKind::product && !relation.version_key.empty()))
    return InterfaceKind::changes;
  if (relation.kind != typed::RelationKind::table) return InterfaceKind::stream;
  return relation.has_time ? InterfaceKind::versions : InterfaceKind::reference;
}

std::string_view word_of(typed::Check::Otherwise otherwise) {
  switch (otherwise) {
    case typed::Check::Otherwise::reject:
      return "reject";
    case typed::Check::Otherwise::alert:
      return "alert";
    case typed::Check::Otherwise::stop:
      return "stop";
  }
  BRAID_UNREACHABLE("what a check does");
}

/// How late rows may be: as declared, else as late as those of the sources. The rows of a flow come in their order, and
/// those that time releases in that of time.
int64_t disorder_of(const typed::Project& project, const typed::Relation& relation) {
  if (relation.source || relation.retimed) return relation.within_us;
  int64_t most = 0;
  auto look_at = [&](typed::RelationId id) {
    most = std::max(most, disorder_of(project, project.relations[static_cast<size_t>(id)]));
  };
  for (const typed::Step& step : relation.steps) {
    if (const auto* from = std::get_if<typed::FromStep>(&step.content)) look_at(from->relation);
    if (const auto* with = std::get_if<typed::UnionStep>(&step.content)) look_at(with->relation);
  }
  return most;
}

void add_fields(const typed::Relation& relation, Interface& made) {
  for (size_t i = 0; i < relation.row.size(); ++i) {
    const Field& field = relation.row[i];
    // An event time inside a struct is a field once more, which readers do not have.
    if (!relation.time_path.empty() && static_cast<int>(i) == relation.time_field) continue;
    if (!field.name.empty() && field.name.front() == kHiddenMark) continue;
    InterfaceField& one = made.fields.emplace_back();
    one.name = field.name;
    one.type = field.type;
    if (i < relation.field_labels.size()) one.labels = relation.field_labels[i];
    if (!relation.source) continue;
    for (const typed::SourceField& declared : relation.source->fields)
      if (declared.name == field.name) {
        one.documentation = declared.documentation;
        if (relation.field_labels.empty()) one.labels = declared.labels;
      }
  }
}

void add_promises(const typed::Relation& relation, Interface& made) {
  made.uniques = typed::unique_promises(relation);
  for (const typed::Check& check : relation.checks)
    made.checks.push_back(
        {.name = check.name, .condition = check.text, .otherwise = std::string(word_of(check.otherwise))});
  made.compatible = relation.compatible;
  made.promises = relation.promises;
  made.deprecated = relation.deprecated;
  made.draft = relation.draft;
  made.migration = relation.migration;
}

/// Of clauses that show all rows.
void add_access(const typed::Relation& relation, Interface& made) {
  for (const typed::AllowRule& rule : relation.access.allows) {
    if (rule.where != nullptr) continue;
    InterfaceAllow& one = made.allows.emplace_back();
    for (const typed::Principal& reader : rule.readers) one.readers.push_back(typed::principal_text(reader));
    one.purposes = rule.purposes;
  }
  const bool open = relation.source && relation.is_public && relation.access.allows.empty();
  if (made.allows.empty() && !open) made.allows.push_back({.readers = {"domain " + relation.domain}, .purposes = {}});
}

// ---- writing

Json fields_to_json(const std::vector<InterfaceField>& fields) {
  Json made = Json::array();
  for (const InterfaceField& field : fields) {
    Json one{{"name", field.name}, {"type", type_to_json(field.type)}};
    if (!field.documentation.empty()) one["doc"] = field.documentation;
    if (!field.labels.empty()) one["labels"] = field.labels;
    made.push_back(std::move(one));
  }
  return made;
}

void rest_to_json(const Interface& interface, Json& made) {
  if (!interface.uniques.empty()) made["unique"] = uniques_to_json(interface.uniques);
  for (const InterfaceCheck& check : interface.checks)
    made["checks"].push_back({{"name", check.name}, {"condition", check.condition}, {"else", check.otherwise}});
  if (Json promises = promises_to_json(interface.promises); !promises.empty()) made["promises"] = std::move(promises);
  if (interface.deprecated) {
    made["deprecated"] = {{"until", interface.deprecated->until}};
    if (interface.deprecated->successor) made["deprecated"]["successor"] = *interface.deprecated->successor;
  }
  if (interface.draft) made["draft"] = true;
  if (interface.migration)
    made["migration"] = {{"from", interface.migration->from}, {"steps", interface.migration->steps}};
  for (const InterfaceAllow& allow : interface.allows) {
    Json one{{"readers", allow.readers}};
    if (!allow.purposes.empty()) one["purposes"] = allow.purposes;
    made["allows"].push_back(std::move(one));
  }
  if (Json access = access_to_json(interface.access); !access.empty()) made["access"] = std::move(access);
  for (const InterfaceAddress& address : interface.addresses) {
    Json one = Json::object();
    if (!address.environment.empty()) one["environment"] = address.environment;
    one["connector"] = address.connector;
    one["address"] = address.address;
    if (!address.format.empty()) one["format"] = address.format;
    made["addresses"].push_back(std::move(one));
  }
}

// ---- reading. The library throws on a value of another kind; interface_of_json is the only place that catches.

std::string text_or(const Json& json, const char* key, std::string otherwise = {}) {
  return json.contains(key) ? json[key].get<std::string>() : std::move(otherwise);
}

void rest_of_json(const Json& json, Interface& made) {
  made.uniques = uniques_of_json(list_of(json, "unique"));
  for (const Json& one : list_of(json, "checks"))
    made.checks.push_back({.name = one.at("name").get<std::string>(),
                           .condition = one.at("condition").get<std::string>(),
                           .otherwise = one.at("else").get<std::string>()});
  if (json.contains("promises")) made.promises = promises_of_json(json["promises"]);
  if (json.contains("deprecated"))
    made.deprecated = typed::Deprecation{.until = json["deprecated"].at("until").get<std::string>(),
                                         .successor = number_of(json["deprecated"], "successor")};
  if (json.contains("draft")) made.draft = json["draft"].get<bool>();
  if (json.contains("migration"))
    made.migration = typed::Migration{.from = json["migration"].at("from").get<int64_t>(),
                                      .steps = json["migration"].at("steps").get<std::string>()};
  for (const Json& one : list_of(json, "allows"))
    made.allows.push_back({.readers = one.at("readers").get<std::vector<std::string>>(),
                           .purposes = list_of(one, "purposes").get<std::vector<std::string>>()});
  if (json.contains("access")) made.access = access_of_json(json["access"]);
  for (const Json& one : list_of(json, "addresses"))
    made.addresses.push_back({.environment = text_or(one, "environment"),
                              .connector = one.at("connector").get<std::string>(),
                              .address = one.at("address").get<std::string>(),
                              .format = text_or(one, "format")});
}

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = "the interface " + std::move(what)};
}

Result<Interface> read(const Json& json) {
  if (!json.is_object()) return wrong("is no JSON object");
  if (const auto format = number_of(json, "interface"); format != kFormat && format != kMaskedByReaders)
    return wrong(fmt::format("has format {}; this version reads formats {} and {}", format.value_or(0), kFormat,
                             kMaskedByReaders));
  Interface made;
  made.domain = json.at("domain").get<std::string>();
  made.name = json.at("name").get<std::string>();
  made.version = json.at("version").get<int64_t>();
  const std::string kind = json.at("kind").get<std::string>();
  const auto known = std::find(std::begin(kKinds), std::end(kKinds), kind);
  if (known == std::end(kKinds)) return wrong("has the unknown kind `" + kind + "`");
  made.kind = static_cast<InterfaceKind>(known - std::begin(kKinds));
  made.documentation = text_or(json, "doc");
  made.owner = text_or(json, "owner");
  for (const Json& field : json.at("fields")) {
    Result<Type> type = type_of_json(field.at("type"));
    if (!type) return type.error();
    made.fields.push_back({.name = field.at("name").get<std::string>(),
                           .type = std::move(*type),
                           .documentation = text_or(field, "doc"),
                           .labels = list_of(field, "labels").get<std::vector<std::string>>()});
  }
  made.key = paths_of_json(list_of(json, "key"));
  if (json.contains("time"))
    made.time = InterfaceTime{.field = text_or(json["time"], "field"),
                              .within_us = number_of(json["time"], "within_us").value_or(0)};
  if (json.contains("compatible")) {
    made.compatible = schema::compatibility_of(json["compatible"].get<std::string>());
    if (!made.compatible) return wrong("has an unknown level of compatibility");
  }
  rest_of_json(json, made);
  BRAID_TRY(check(made.access));
  return made;
}

}  // namespace

std::string_view word_of(InterfaceKind kind) {
  return kKinds[static_cast<size_t>(kind)];
}

LifeState state_of(const Interface& interface) {
  return interface.draft ? LifeState::draft : interface.deprecated ? LifeState::deprecated : LifeState::active;
}

std::string_view word_of(LifeState state) {
  switch (state) {
    case LifeState::draft:
      return "draft";
    case LifeState::active:
      return "active";
    case LifeState::deprecated:
      return "deprecated";
  }
  BRAID_UNREACHABLE("state of a product");
}

std::optional<int64_t> end_of(const Interface& interface) {
  return interface.deprecated ? typed::end_of(*interface.deprecated) : std::nullopt;
}

Interface interface_of(const typed::Project& project, const typed::Relation& relation) {
  Interface made{
      .domain = relation.domain, .name = relation.name, .version = relation.version, .kind = kind_of(relation)};
  made.documentation = relation.documentation;
  for (const typed::Domain& domain : project.domains)
    if (domain.name == relation.domain) made.owner = domain.owner;
  add_fields(relation, made);
  for (const std::vector<int>& path : relation.version_key.empty() ? relation.key : relation.version_key)
    made.key.push_back(typed::path_names(relation.row, path));
  if (relation.has_time) {
    made.time.emplace().within_us = disorder_of(project, relation);
    if (!relation.time_path.empty())
      made.time->field = fmt::format("{}", fmt::join(typed::path_names(relation.row, relation.time_path), "."));
    else if (relation.time_field >= 0)
      made.time->field = relation.row[static_cast<size_t>(relation.time_field)].name;
  }
  add_promises(relation, made);
  add_access(relation, made);
  const std::optional<typed::Connector>& at = relation.source ? relation.source->from : relation.to;
  if (at)
    made.addresses.push_back({.environment = {}, .connector = at->kind, .address = at->address, .format = at->format});
  return made;
}

std::vector<std::string> columns_always(const Interface& interface) {
  std::vector<std::string> made;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(made, name) == made.end()) made.push_back(name);
  };
  for (const std::vector<std::string>& path : interface.key) add(path.front());
  if (interface.time && !interface.time->field.empty()) {
    // A name may have a point in it.
    const std::string& time = interface.time->field;
    const bool whole = std::ranges::find(interface.fields, time, &InterfaceField::name) != interface.fields.end();
    add(whole ? time : time.substr(0, time.find('.')));
  }
  return made;
}

Interface only_columns(const Interface& interface, const std::vector<std::string>& columns) {
  Interface made = interface;
  const std::vector<std::string> always = columns_always(interface);
  const auto has = [&](const std::string& name) {
    return std::ranges::find(columns, name) != columns.end() || std::ranges::find(always, name) != always.end();
  };
  const auto misses = [&](const std::vector<std::vector<std::string>>& paths) {
    return !std::ranges::all_of(paths, [&](const auto& path) { return has(path.front()); });
  };
  std::erase_if(made.fields, [&](const InterfaceField& field) { return !has(field.name); });
  std::erase_if(made.uniques, [&](const typed::UniquePromise& one) { return misses(one.fields); });
  std::erase_if(made.promises.completes, [&](const typed::CompletePromise& one) { return misses(one.fields); });
  std::erase_if(made.access.masks, [&](const InterfaceMask& mask) { return !has(mask.field.front()); });
  made.allows.clear();
  made.access.rows.clear();
  return made;
}

std::string to_json(const Interface& interface) {
  Json made{{"interface", masked_by_readers(interface.access) ? kMaskedByReaders : kFormat},
            {"domain", interface.domain},
            {"name", interface.name},
            {"version", interface.version},
            {"kind", std::string(word_of(interface.kind))}};
  if (!interface.documentation.empty()) made["doc"] = interface.documentation;
  if (!interface.owner.empty()) made["owner"] = interface.owner;
  made["fields"] = fields_to_json(interface.fields);
  if (!interface.key.empty()) made["key"] = paths_to_json(interface.key);
  if (interface.time) {
    Json& time = made["time"] = Json::object();
    if (!interface.time->field.empty()) time["field"] = interface.time->field;
    time["within_us"] = interface.time->within_us;
  }
  if (interface.compatible) made["compatible"] = std::string(schema::word_of(*interface.compatible));
  rest_to_json(interface, made);
  return made.dump();
}

Result<Interface> interface_of_json(std::string_view text) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& problem) {
    return wrong(fmt::format("is not as it must be: {}", problem.what()));
  }
}

std::string urn_of(std::string_view tenant, std::string_view domain, std::string_view product, int64_t major) {
  return fmt::format("urn:braid:{}:{}:{}:{}", tenant, domain, product, major);
}

}  // namespace braid::mesh
