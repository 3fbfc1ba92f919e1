// `braid audit`: what is on record of the mesh, and whether somebody has changed the record.
#include <cstdio>
#include <map>
#include <set>

#include "cli/commands/registry_flags.h"
#include "cli/present/table.h"
#include "mesh/access/domain_keys.h"
#include "mesh/audit/audit_log.h"
#include "runtime/data/time_text.h"
#include "runtime/report/audit_findings.h"

namespace braid::cli {
namespace {

struct AuditFlags : RegistryFlags {
  std::string domain;
  std::vector<std::string> known;
  bool json = false, follow = false;
  int64_t after = 0;  ///< sequence of an event

  void add_to(CLI::App& command) {
    command.add_option("domain", domain, "Domain; without it all that have a log")->type_name("DOMAIN");
    RegistryFlags::add_to(command);
  }
};

std::string line_of(const mesh::ChainedEvent& chained) {
  std::string line = timestamp_text(chained.event.time_us);
  line += fmt::format("  {:<28}  {}", mesh::word_of(chained.event.type), chained.event.subject);
  for (const auto& [name, value] : chained.event.data)
    line += fmt::format("  {}={}", name, value.size() == 64 ? value.substr(0, 12) : value);
  return line;
}

/// As the newest publication of the domain has it; of a node that has published nothing, as its log says, else the
/// project's.
Result<std::string> tenant_of(mesh::ObjectStore& store, const std::string& node, const std::string& of_project) {
  mesh::Registry registry(store, system_clock());
  BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(node));
  if (head) return head->publication.tenant;
  BRAID_ASSIGN(const std::string of_log, mesh::AuditLog::tenant_in(store, node));
  return of_log.empty() ? of_project : of_log;
}

/// Of one node: what follows the events that were shown.
struct LogView {
  std::string head = {};  ///< as it was when all was shown
  int64_t shown = 0;      ///< sequence of the last event
};

Status show_log(mesh::ObjectStore& store, const std::string& of_project, const std::string& node, bool json,
                LogView& view) {
  BRAID_ASSIGN(const std::optional<mesh::StoredHead> head, store.read_head("audit/" + node + "/head"));
  if (head && head->content == view.head) return {};
  BRAID_ASSIGN(const std::string tenant, tenant_of(store, node, of_project));
  mesh::AuditLog log(store, system_clock(), tenant, node);
  BRAID_ASSIGN(const std::vector<mesh::ChainedEvent> events, log.read());
  for (const mesh::ChainedEvent& event : events) {
    if (event.sequence <= view.shown) continue;
    fmt::print("{}\n", json ? mesh::to_json(event) : line_of(event));
    view.shown = event.sequence;
  }
  std::fflush(stdout);
  if (head) view.head = head->content;
  return {};
}

/// The logs of the domain, or of all that have one: what there is, and with `follow` what comes, until it is stopped.
Status show_logs(const AuditFlags& flags, mesh::ObjectStore& store, const std::string& tenant) {
  constexpr int64_t kEveryUs = 1'000'000, kLookUs = 50'000;
  std::map<std::string, LogView> views;
  while (true) {
    std::vector<std::string> nodes{flags.domain};
    if (flags.domain.empty()) {
      BRAID_ASSIGN(nodes, mesh::AuditLog::nodes(store));
    }
    for (const std::string& node : nodes) {
      LogView& view = views.try_emplace(node, LogView{.shown = flags.after}).first->second;
      BRAID_TRY(show_log(store, tenant, node, flags.json, view));
    }
    if (!flags.follow) return {};
    for (int64_t slept = 0; slept < kEveryUs && !stop_requested(); slept += kLookUs) system_clock().sleep_us(kLookUs);
    if (stop_requested()) return {};
  }
}

Status verify_log(mesh::ObjectStore& store, const std::string& of_project, const std::string& node,
                  const std::vector<std::string>& known, Reporter& reporter) {
  BRAID_ASSIGN(const std::string tenant, tenant_of(store, node, of_project));
  mesh::AuditLog log(store, system_clock(), tenant, node);
  std::optional<int64_t> publications;
  BRAID_ASSIGN(const std::optional<mesh::StoredHead> stored, store.read_head("audit/" + node + "/head"));
  if (stored)
    if (const auto head = mesh::read_audit_head(stored->content, fmt::format("urn:braid:{}:{}", tenant, node));
        head.ok())
      publications = mesh::publications_known_to(*head);
  BRAID_ASSIGN(const std::set<std::string> keys, mesh::signers_of(store, system_clock(), node, {}, publications));
  BRAID_ASSIGN(const mesh::AuditCheck check, log.verify(keys, known));
  if (check.faults.empty()) {
    fmt::print("{}: {} from {} on; the last is {}\n", node, counted(static_cast<int64_t>(check.events.size()), "event"),
               check.events.empty() ? 0 : check.events.front().sequence, check.head ? check.head->hash : "none");
    return {};
  }
  auto report = reporter.report(diag::AuditLogChanged{.node = node});
  for (const mesh::AuditFault& fault : check.faults)
    report.note(fault.sequence == 0 ? fault.what : fmt::format("event {}: {}", fault.sequence, fault.what));
  return {};
}

/// Runs `work` on the log of the domain, or on each log there is.
template <class Work>
void with_logs(const AuditFlags& flags, CommandContext& context, const Work& work) {
  with_product_registry(flags, context,
                        [&](mesh::ObjectStore& store, const std::string& tenant, Reporter& reporter) -> Status {
                          std::vector<std::string> nodes{flags.domain};
                          if (flags.domain.empty()) {
                            BRAID_ASSIGN(nodes, mesh::AuditLog::nodes(store));
                          }
                          for (const std::string& node : nodes) BRAID_TRY(work(store, tenant, node, reporter));
                          return {};
                        });
}

}  // namespace

void add_audit(CLI::App& app, CommandContext& context) {
  CLI::App* audit = app.add_subcommand("audit", "Shows what is on record of the mesh, and whether it was changed");
  audit->require_subcommand(1);
  auto flags = std::make_shared<AuditFlags>();
  CLI::App* log = audit->add_subcommand("log", "Shows the events, oldest first");
  flags->add_to(*log);
  log->add_flag("--json", flags->json, "Each event as a CloudEvent, a line each");
  log->add_option_function<std::string>(
         "--format", [flags](const std::string& format) { flags->json = format == "ndjson"; },
         "text: for people; ndjson: as --json")
      ->check(CLI::IsMember({"text", "ndjson"}));
  log->add_flag("--follow", flags->follow, "Go on with events as they come; ends on SIGTERM or Ctrl-C");
  log->add_option("--after", flags->after, "Only events behind the one with that number (`id`), of one domain")
      ->check(CLI::NonNegativeNumber)
      ->type_name("NUMBER");
  log->callback([flags, &context] {
    if (flags->follow) catch_stop_signals();
    with_product_registry(*flags, context, [&](mesh::ObjectStore& store, const std::string& tenant, Reporter&) {
      return show_logs(*flags, store, tenant);
    });
  });
  CLI::App* verify = audit->add_subcommand(
      "verify", "Checks each event, the chain and the signature; shows the hash of the last event, to keep elsewhere");
  flags->add_to(*verify);
  verify->add_option("--known", flags->known, "Hash of an event that must be there; several may be given")
      ->type_name("HASH");
  verify->callback([flags, &context] {
    with_logs(*flags, context,
              [&](mesh::ObjectStore& store, const std::string& tenant, const std::string& node, Reporter& reporter) {
                return verify_log(store, tenant, node, flags->known, reporter);
              });
  });
}

}  // namespace braid::cli
