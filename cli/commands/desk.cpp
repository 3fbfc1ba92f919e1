#include "cli/commands/desk.h"

#include "cli/session/mesh_registry.h"
#include "compiler/check/declarations.h"
#include "mesh/registry/observed_store.h"
#include "runtime/report/grant_findings.h"

namespace braid::cli {

Desk::Desk(const std::string& path) : session_({.path = path}) {
  if (!session_.read_scripts()) return;
  store_ = open_product_registry(session_.files(), reporter());
  key_ = read_domain_key(session_.files(), reporter());
  for (const auto& script : session_.scripts())
    if (!script->domain.path.parts.empty()) domains_.insert(checking::domain_name(*script));
  if (store_ == nullptr) return;
  observed_ = std::make_unique<mesh::ObservedStore>(*store_, [hook = kill_point_of_environment()](std::string_view at) {
    if (hook) hook(at);
  });
}

std::string Desk::domain(const std::string& chosen) {
  if (!chosen.empty() && domains_.contains(chosen)) return chosen;
  if (chosen.empty() && domains_.size() == 1) return *domains_.begin();
  std::string problem = "the project has several domains";
  if (domains_.empty()) problem = "the project has no domain";
  if (!chosen.empty()) problem = "the project has no domain `" + chosen + "`";
  auto finding = reporter().report(diag::DomainNotChosen{.problem = problem});
  if (!domains_.empty()) finding.note(fmt::format("it has: {}", fmt::join(domains_, ", ")));
  return {};
}

void DeskFlags::add_to(CLI::App& command, const std::string& who) {
  command.add_option("--project", path, "Project folder of the domain" + who)->type_name("PATH")->capture_default_str();
  command.add_option("--domain", domain, "Which domain of the project it is, if it has several")->type_name("DOMAIN");
}

}  // namespace braid::cli
