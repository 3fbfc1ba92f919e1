// `braid policy`: what the council of an organisation asks of all products.
#include <cstdio>
#include <filesystem>

#include "cli/commands/desk.h"
#include "cli/commands/registry_flags.h"
#include "cli/present/json_object.h"
#include "cli/project/policy_file.h"
#include "cli/session/policy_check.h"
#include "mesh/access/access_events.h"
#include "runtime/data/time_text.h"
#include "runtime/report/grant_findings.h"

namespace braid::cli {
namespace {

std::string policies_text(size_t count) {
  return count == 1 ? "1 policy" : fmt::format("{} policies", count);
}

struct StateFlags : DeskFlags {
  std::string file;
};

void state(Desk& desk, const StateFlags& flags) {
  const std::string domain = desk.domain(flags.domain);
  const std::string& root = desk.session().files().root;
  const std::string path = !flags.file.empty() ? flags.file
                           : root.empty()      ? "policies.toml"
                                               : (std::filesystem::path(root) / "policies.toml").string();
  const std::optional<PolicyFile> file = read_policy_file(path, desk.reporter());
  if (file) check_patterns(file->policies, path, desk.reporter());
  if (!file || !desk.right()) return;
  mesh::PolicyBook book(desk.store(), system_clock());
  const Result<bool> stated = book.state(domain, file->policies, file->council, desk.tenant(), desk.key());
  if (!stated.ok()) {
    report_error(stated.error(), desk.reporter());
    return;
  }
  mesh::AuditLog log = desk.audit_log(domain);
  const Status recorded = mesh::record_policies(book, log, domain, desk.key());
  const Result<std::vector<std::string>> council = book.council();
  if (!recorded.ok() || !council.ok())
    return report_error(recorded.ok() ? council.error() : recorded.error(), desk.reporter());
  fmt::print("{}: {}{}; the council is {}\n", domain, policies_text(file->policies.size()),
             *stated ? " stated" : ", nothing changed", fmt::join(*council, ", "));
  for (const mesh::Policy& policy : file->policies)
    fmt::print("  {}: {}\n", policy.name, mesh::requirement_text(policy));
}

struct ListFlags : RegistryFlags {
  bool json = false;
};

Status list(mesh::ObjectStore& store, bool json) {
  mesh::PolicyBook book(store, system_clock());
  BRAID_ASSIGN(const std::vector<mesh::StatedPolicy> policies, book.all());
  if (policies.empty() && !json) fmt::print("no policy is stated\n");
  for (const mesh::StatedPolicy& one : policies) {
    std::string time = timestamp_text(one.time_us);
    if (json) {
      JsonObject made;
      made.text("policy", one.policy.name);
      made.text("domain", one.domain);
      made.text("time", time);
      made.text("require", mesh::word_of(one.policy.rule));
      made.text("text", mesh::requirement_text(one.policy));
      if (!one.policy.says.empty()) made.text("says", one.policy.says);
      fmt::print("{}\n", made.take());
    } else {
      fmt::print("{} of {}, since {}: {}{}\n", one.policy.name, one.domain, time, mesh::requirement_text(one.policy),
                 one.policy.except.empty() ? "" : fmt::format(", except {}", fmt::join(one.policy.except, ", ")));
    }
  }
  return {};
}

}  // namespace

void add_policy(CLI::App& app, CommandContext& context) {
  CLI::App* policy = app.add_subcommand("policy", "What the organisation asks of all products");
  policy->require_subcommand(1);

  auto flags = std::make_shared<StateFlags>();
  CLI::App* publish =
      policy->add_subcommand("publish", "States the policies of a domain of the council, in place of those before");
  publish->add_option("file", flags->file, "File with the policies (default: policies.toml of the project)")
      ->type_name("FILE");
  flags->add_to(*publish, "");
  work_at_desk(*publish, flags, context, state);

  auto listed = std::make_shared<ListFlags>();
  CLI::App* list_command = policy->add_subcommand("list", "Lists the policies that hold, and who has stated them");
  listed->add_to(*list_command);
  list_command->add_flag("--json", listed->json, "Write JSON, one policy a line");
  list_command->callback([listed, &context] {
    with_product_registry(*listed, context, [&](mesh::ObjectStore& store, const std::string&, Reporter&) {
      return list(store, listed->json);
    });
  });
}

}  // namespace braid::cli
