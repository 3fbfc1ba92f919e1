#include "cli/session/opa.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/session/session.h"
#include "mesh/contract/interface.h"
#include "mesh/definition/clause_text.h"
#include "mesh/registry/interface_script.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/data/script_text.h"
#include "runtime/report/identity_findings.h"

namespace braid::cli {
namespace {

using Json = nlohmann::ordered_json;

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = std::move(what)};
}

std::string input_of(const access::Subject& reader, Json action) {
  const Json identity{{"user", reader.user}, {"groups", reader.roles}};
  return Json{{"input", {{"context", {{"identity", identity}}}, {"action", std::move(action)}}}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

Json table_of(const std::string& tenant, const typed::Relation& product) {
  return {{"catalogName", tenant}, {"schemaName", product.domain}, {"tableName", product.name}};
}

Json column_of(const std::string& tenant, const typed::Relation& product, size_t column) {
  Json made = table_of(tenant, product);
  made["columnName"] = product.row[column].name;
  made["columnType"] = to_string(product.row[column].type);
  return {{"column", std::move(made)}};
}

/// Null if the answer has no `result`, which Trino takes as nothing to say.
Result<Json> result_of(const std::string& answer) {
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object()) return wrong("its answer is not a JSON object");
  return json.contains("result") ? json["result"] : Json();
}

Result<std::string> expression_of(const Json& json) {
  // Another identity than the reader's would evaluate it with other rights.
  if (!json.is_object() || !json.contains("expression") || !json["expression"].is_string())
    return wrong("its answer has a member without `expression`");
  if (json.contains("identity") && !json["identity"].is_null())
    return wrong("its answer has an expression for another `identity`");
  return json["expression"].get<std::string>();
}

Result<bool> decision_of(const std::string& answer) {
  BRAID_ASSIGN(const Json result, result_of(answer));
  if (!result.is_boolean()) return wrong("its answer has no `result` that is true or false");
  return result.get<bool>();
}

bool is_null_text(const std::string& text) {
  return text == "null" || text == "NULL";
}

}  // namespace

std::string opa_table_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product,
                            const std::string& operation) {
  Json table = table_of(tenant, product);
  if (operation == "SelectFromColumns") {
    table["columns"] = Json::array();
    for (const Field& field : product.row) table["columns"].push_back(field.name);
  }
  return input_of(reader, {{"operation", operation}, {"resource", {{"table", std::move(table)}}}});
}

std::string opa_masks_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product) {
  Json columns = Json::array();
  for (size_t i = 0; i < product.row.size(); ++i) columns.push_back(column_of(tenant, product, i));
  return input_of(reader, {{"operation", "GetColumnMask"}, {"filterResources", std::move(columns)}});
}

std::string opa_mask_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product,
                           size_t column) {
  return input_of(reader, {{"operation", "GetColumnMask"}, {"resource", column_of(tenant, product, column)}});
}

Result<std::vector<std::string>> opa_filters_of(const std::string& answer) {
  BRAID_ASSIGN(const Json result, result_of(answer));
  std::vector<std::string> made;
  if (result.is_null()) return made;
  if (!result.is_array()) return wrong("its answer has no list of row filters");
  for (const Json& one : result) {
    BRAID_ASSIGN(std::string text, expression_of(one));
    made.push_back(std::move(text));
  }
  return made;
}

Result<std::map<size_t, std::string>> opa_masks_of(const std::string& answer, size_t columns) {
  BRAID_ASSIGN(const Json result, result_of(answer));
  std::map<size_t, std::string> made;
  if (result.is_null()) return made;
  if (!result.is_array()) return wrong("its answer has no list of column masks");
  for (const Json& one : result) {
    const bool has = one.is_object() && one.contains("index") && one["index"].is_number_unsigned();
    if (!has || one["index"].get<uint64_t>() >= columns) return wrong("its answer has a mask of no column");
    if (!one.contains("viewExpression")) return wrong("its answer has a mask without `viewExpression`");
    BRAID_ASSIGN(std::string text, expression_of(one["viewExpression"]));
    if (!made.emplace(one["index"].get<size_t>(), std::move(text)).second)
      return wrong("its answer has two masks of one column");
  }
  return made;
}

Result<std::optional<std::string>> opa_mask_of(const std::string& answer) {
  BRAID_ASSIGN(const Json result, result_of(answer));
  std::optional<std::string> made;
  if (result.is_null()) return made;
  BRAID_ASSIGN(made, expression_of(result));
  return made;
}

Result<OpaPlan> opa_plan(const OpaRules& rules, const typed::Project& scripts, const typed::Relation& product,
                         SourceSet& sources) {
  OpaPlan made;
  if (rules.filters.empty() && rules.masks.empty()) return made;
  mesh::Interface interface = mesh::interface_of(scripts, product);
  interface.checks.clear();
  interface.promises = {};
  interface.uniques.clear();
  interface.deprecated.reset();
  interface.allows = {{.readers = {"anyone"}, .purposes = {}}};
  std::string all;
  for (const std::string& filter : rules.filters) {
    if (!mesh::is_condition(filter)) return wrong("the row filter `" + filter + "` is not an expression");
    all += (all.empty() ? "(" : " and (") + filter + ")";
  }
  if (!all.empty()) interface.access.rows = {{.readers = {"anyone"}, .purposes = {}, .where = all}};
  for (const auto& [column, text] : rules.masks) {
    const Field& field = product.row[column];
    const auto is_key = [&](const std::vector<int>& path) { return path.front() == static_cast<int>(column); };
    if (std::ranges::any_of(product.version_key.empty() ? product.key : product.version_key, is_key) ||
        product.time_field == static_cast<int>(column))
      return wrong("it masks `" + field.name + "`, which readers tell rows apart or order them by");
    // Of a field that cannot be null, as of masks in scripts, the empty value is shown.
    if (is_null_text(text)) {
      made.masks.push_back({{static_cast<int>(column)},
                            typed::make(field.type, product.span, typed::Constant{typed::zero_value(field.type)}),
                            {},
                            {},
                            product.span});
      continue;
    }
    const std::string lambda = script_name(field.name) + " => " + text;
    if (!mesh::is_mask_function(lambda))
      return wrong(fmt::format("the mask `{}` of `{}` is not an expression", text, field.name));
    interface.access.masks.push_back({.field = {field.name}, .with = lambda, .except = {}});
  }
  Reporter reporter;
  const uint32_t file =
      sources.add(fmt::format("policy server/{}.braid", product.qualified()), mesh::script_of({interface}));
  const auto parsed = driver::parse_scripts(sources, reporter, file);
  const typed::Project checked =
      driver::check_scripts(parsed, sources, language(), {}, {}, reporter, std::nullopt, file);
  if (reporter.has_errors() || checked.relations.empty()) {
    const std::vector<Diagnostic> findings = reporter.take_sorted();
    return wrong("an expression in its answer cannot be used: " +
                 (findings.empty() ? std::string("no relation") : findings.front().message));
  }
  const typed::Relation& relation = checked.relations.front();
  for (size_t i = 0; i < product.row.size(); ++i)
    if (i >= relation.row.size() || relation.row[i].name != product.row[i].name)
      return wrong("its expressions cannot be used for the row of the product");
  for (const typed::AllowRule& rule : relation.access.allows)
    if (rule.where != nullptr) made.filter = rule.where;
  for (const typed::MaskRule& mask : relation.access.masks) made.masks.push_back(mask);
  return made;
}

std::string opa_revision_of(const std::string& answer) {
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object() || !json.contains("provenance") || !json["provenance"].is_object()) return {};
  const Json& provenance = json["provenance"];
  // Of each bundle, or, in older servers and without bundles, of all.
  if (provenance.contains("bundles") && provenance["bundles"].is_object()) {
    std::map<std::string, std::string> revisions;
    for (const auto& [name, bundle] : provenance["bundles"].items())
      if (bundle.is_object() && bundle.contains("revision") && bundle["revision"].is_string())
        revisions[name] = bundle["revision"].get<std::string>();
    return revisions.empty() ? std::string() : Json(revisions).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return provenance.contains("revision") && provenance["revision"].is_string()
             ? provenance["revision"].get<std::string>()
             : std::string();
}

namespace {

/// Scheme, host and port.
std::string server_in(const std::string& url) {
  const size_t scheme = url.find("://");
  return url.substr(0, url.find_first_of("/?#", scheme == url.npos ? 0 : scheme + 3));
}

}  // namespace

const std::string* KeptAnswers::find(const std::string& url, const std::string& input, int64_t now_us) {
  std::erase_if(kept_, [&](const auto& each) { return now_us - each.second.at_us > kKeptUs; });
  const auto known = kept_.find({url, input});
  return known == kept_.end() ? nullptr : &known->second.answer;
}

void KeptAnswers::keep(const std::string& url, const std::string& input, const std::string& answer, int64_t now_us) {
  const std::string server = server_in(url);
  if (const std::string revision = opa_revision_of(answer); !revision.empty()) {
    std::string& known = revisions_[server];
    if (known != revision)
      std::erase_if(kept_, [&](const auto& each) { return server_in(each.first.first) == server; });
    known = revision;
  }
  kept_[{url, input}] = {now_us, answer};
}

Result<std::string> PolicyServer::ask(const std::string& url, const std::string& input) {
  const int64_t now = clock_.steady_us();
  if (const std::string* known = kept_.find(url, input, now)) return *known;
  BRAID_ASSIGN(const PostDocument post, load_post_document());
  BRAID_ASSIGN(std::string answer, post(url, input));
  kept_.keep(url, input, answer, now);
  return answer;
}

Result<OpaRules> PolicyServer::rules(const Project& project, const access::Subject& reader,
                                     const typed::Relation& product) {
  const IdentityConfig& config = project.mesh.identity;
  const std::string& tenant = project.mesh.tenant;
  OpaRules made;
  if (!config.opa_filters.empty()) {
    BRAID_ASSIGN(const std::string answer,
                 ask(config.opa_filters, opa_table_input(tenant, reader, product, "GetRowFilters")));
    BRAID_ASSIGN(made.filters, opa_filters_of(answer));
  }
  if (!config.opa_batch_masks.empty()) {
    BRAID_ASSIGN(const std::string answer, ask(config.opa_batch_masks, opa_masks_input(tenant, reader, product)));
    BRAID_ASSIGN(made.masks, opa_masks_of(answer, product.row.size()));
  } else if (!config.opa_masks.empty()) {
    for (size_t column = 0; column < product.row.size(); ++column) {
      BRAID_ASSIGN(const std::string answer, ask(config.opa_masks, opa_mask_input(tenant, reader, product, column)));
      BRAID_ASSIGN(std::optional<std::string> mask, opa_mask_of(answer));
      if (mask) made.masks.emplace(column, std::move(*mask));
    }
  }
  return made;
}

std::optional<std::vector<typed::Step>> PolicyServer::steps(const Project& project, const access::Subject& reader,
                                                            const typed::Project& scripts,
                                                            const typed::Relation& product,
                                                            const access::ReadPlan& plan, SourceSet& sources,
                                                            Reporter& reporter) {
  const std::string who = access::subject_text(reader);
  const auto silent = [&](const std::string& reason) {
    reporter.report(diag::PolicyServerSilent{.reader = who, .product = product.qualified(), .reason = reason});
    return std::nullopt;
  };
  if (const std::string& url = project.mesh.identity.opa; !url.empty()) {
    const std::string input = opa_table_input(project.mesh.tenant, reader, product, "SelectFromColumns");
    const Result<std::string> answer = ask(url, input);
    const Result<bool> allowed = answer.ok() ? decision_of(*answer) : Result<bool>(answer.error());
    // What is no answer is not kept.
    if (!allowed.ok()) kept_.drop(url, input);
    if (!allowed.ok()) return silent(allowed.error().message);
    if (!*allowed) {
      reporter.report(diag::PolicyServerRefuses{.reader = who, .product = product.qualified()}).at(product.span);
      return std::nullopt;
    }
  }
  const Result<OpaRules> said = rules(project, reader, product);
  const Result<OpaPlan> asked = said.ok() ? opa_plan(*said, scripts, product, sources) : Result<OpaPlan>(said.error());
  if (!asked.ok()) {
    kept_.clear();
    return silent(asked.error().message);
  }
  // Its conditions see rows as they are; its masks what the scripts have left of them.
  access::ReadPlan conditions, masks;
  conditions.filter = asked->filter;
  for (const typed::MaskRule& mask : asked->masks) masks.masks.push_back(&mask);
  std::vector<typed::Step> made;
  for (const access::ReadPlan* one : {&std::as_const(conditions), &plan, &std::as_const(masks)})
    for (typed::Step& step : access::read_steps(product, *one)) made.push_back(std::move(step));
  return made;
}

}  // namespace braid::cli
