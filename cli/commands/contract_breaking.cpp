// `braid contract breaking`: what publishing the project now would break.
#include <algorithm>
#include <cstdio>

#include "cli/commands/contract_diff.h"
#include "cli/session/mesh_registry.h"
#include "cli/session/publication_drafts.h"
#include "cli/session/publish_gate.h"

namespace braid::cli {
namespace {

struct BreakingFlags {
  std::string path = ".";
  std::string against;
  std::string registry;
  VerdictFormat format = VerdictFormat::text;
};

/// Domains of which nothing differs have no verdict.
Status say_what_is_the_same(mesh::Registry& registry, const std::vector<mesh::Draft>& drafts,
                            const std::vector<mesh::ProductVerdict>& verdicts) {
  for (const mesh::Draft& draft : drafts) {
    BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(draft.domain));
    const bool differs = std::ranges::any_of(
        verdicts, [&](const mesh::ProductVerdict& one) { return one.product.starts_with(draft.domain + "."); });
    if (!head)
      fmt::print("{}: not in the registry yet\n", draft.domain);
    else if (!differs)
      fmt::print("{}: no interface differs from publication {}\n", draft.domain, head->publication.sequence);
  }
  return {};
}

Status judge_project(mesh::ObjectStore& store, const std::vector<mesh::Draft>& drafts, VerdictFormat format,
                     bool& breaking) {
  mesh::Registry registry(store, system_clock());
  mesh::AccessBook book(store, system_clock());
  BRAID_ASSIGN(const std::vector<mesh::ProductVerdict> verdicts, judge_drafts(registry, book, drafts));
  std::fputs(verdict_text(verdicts, format).c_str(), stdout);
  breaking = breaks(verdicts);
  return format == VerdictFormat::text ? say_what_is_the_same(registry, drafts, verdicts) : Status();
}

void show_breaking(const BreakingFlags& flags, CommandContext& context) {
  if (!flags.against.empty())
    return show_contract_diff({.before = flags.against, .after = flags.path, .product = {}, .format = flags.format},
                              context);
  context.exit_code = kUsage;
  Session session({.path = flags.path});
  std::unique_ptr<mesh::ObjectStore> store;
  Drafts drafts;
  if (session.check_all()) {
    Project project = session.files();
    if (!flags.registry.empty()) project.mesh.registry = flags.registry;
    store = open_product_registry(project, session.reporter());
    drafts = publication_drafts(session, std::string("braid ") + kBraidVersion);
  }
  if (store) {
    mesh::Registry registry(*store, system_clock());
    if (const Status looked = report_withheld(registry, drafts, {}, session.reporter()); !looked.ok()) {
      (void)show_error(looked.error(), context.console);
      return;
    }
  }
  if (show_errors(session, context.console) != kDone || store == nullptr) return;
  bool breaking = false;
  if (const Status done = judge_project(*store, drafts.domains, flags.format, breaking); !done.ok())
    (void)show_error(done.error(), context.console);
  else
    context.exit_code = breaking ? kScriptFailed : kDone;
}

}  // namespace

void add_contract_breaking(CLI::App& contract, CommandContext& context) {
  auto flags = std::make_shared<BreakingFlags>();
  CLI::App* command = contract.add_subcommand("breaking",
                                              "Shows what differs from the last publication, and which readers of the "
                                              "registry that breaks; exit code 1 if something breaks, 2 if that cannot "
                                              "be told");
  command->add_option("path", flags->path, "Project folder")->type_name("PATH")->capture_default_str();
  command
      ->add_option("--against", flags->against,
                   "Project folder or script to compare with instead; judged for a reader that uses all")
      ->type_name("PATH");
  command->add_option("--registry", flags->registry, "Registry, instead of that of braid.toml")->type_name("PLACE");
  add_verdict_format(*command, flags->format);
  command->callback([flags, &context] { show_breaking(*flags, context); });
}

}  // namespace braid::cli
