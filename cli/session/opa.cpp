#include "cli/session/opa.h"

#include <nlohmann/json.hpp>

#include "runtime/connect/service_load/load.h"
#include "runtime/report/identity_findings.h"

namespace braid::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<bool> decision(const std::string& url, const std::string& input) {
  BRAID_ASSIGN(const PostDocument post, load_post_document());
  BRAID_ASSIGN(const std::string answer, post(url, input));
  const Json json = Json::parse(answer, nullptr, false);
  const auto found = json.is_object() ? json.find("result") : json.end();
  if (!json.is_object() || found == json.end() || !found->is_boolean())
    return Error{.kind = ErrorKind::input, .message = "its answer has no `result` that is true or false"};
  return found->get<bool>();
}

}  // namespace

std::string opa_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product) {
  Json columns = Json::array();
  for (const Field& field : product.row) columns.push_back(field.name);
  const Json table{{"catalogName", tenant},
                   {"schemaName", product.domain},
                   {"tableName", product.name},
                   {"columns", std::move(columns)}};
  const Json identity{{"user", reader.user}, {"groups", reader.roles}};
  const Json action{{"operation", "SelectFromColumns"}, {"resource", {{"table", table}}}};
  return Json{{"input", {{"context", {{"identity", identity}}}, {"action", action}}}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

bool opa_allows(const Project& project, const access::Subject& reader, const typed::Relation& product,
                Reporter& reporter) {
  const std::string& url = project.mesh.identity.opa;
  if (url.empty()) return true;
  const Result<bool> allowed = decision(url, opa_input(project.mesh.tenant, reader, product));
  if (allowed.ok() && *allowed) return true;
  const std::string who = access::subject_text(reader);
  if (allowed.ok())
    reporter.report(diag::PolicyServerRefuses{.reader = who, .product = product.qualified()}).at(product.span);
  else
    reporter.report(
        diag::PolicyServerSilent{.reader = who, .product = product.qualified(), .reason = allowed.error().message});
  return false;
}

}  // namespace braid::cli
