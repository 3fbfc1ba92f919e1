// `braid publish`: what the project declares for others goes to the registry.
#include <cstdio>
#include <set>

#include "cli/commands/command.h"
#include "cli/present/json_object.h"
#include "cli/present/table.h"
#include "cli/present/verdict.h"
#include "cli/session/mesh_registry.h"
#include "cli/session/product_life.h"
#include "cli/session/publication_drafts.h"
#include "cli/session/publish_gate.h"
#include "cli/session/samples.h"
#include "mesh/access/access_events.h"
#include "mesh/audit/publications.h"
#include "mesh/registry/observed_store.h"
#include "runtime/report/life_findings.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {
namespace {

const std::string kCompiler = std::string("braid ") + kBraidVersion;

struct PublishFlags {
  std::string path = ".";
  std::vector<std::string> retired;
  bool json = false;
  bool check = false;   ///< judge, and write nothing
  int64_t samples = 0;  ///< rows of each product that are published with it
};

std::string json_of(const mesh::PublishResult& result, const std::string& place) {
  const mesh::Publication& head = result.head.publication;
  JsonObject made;
  made.text("domain", head.domain);
  made.text("registry", place);
  made.boolean("wrote", result.wrote);
  made.text("publication", result.head.hash);
  made.number("sequence", head.sequence);
  JsonArray products;
  for (const mesh::PublishedVersion& version : result.versions) {
    JsonObject one;
    one.text("product", version.name);
    one.number("version", version.version);
    one.number("minor", version.now.minor);
    one.text("change", mesh::word_of(version.change));
    one.text("interface", version.now.interface);
    one.text("urn",
             mesh::urn_of(head.tenant, head.domain, version.name.substr(head.domain.size() + 1), version.version));
    products.add(one.take());
  }
  made.raw("products", products.take());
  JsonArray definitions;
  for (const mesh::PublishedName& name : result.definitions) {
    JsonObject one;
    one.text("definition", name.name);
    one.text("kind", name.now.kind);
    one.number("minor", name.now.minor);
    one.text("change", mesh::word_of(name.change));
    one.text("hash", name.now.definition);
    definitions.add(one.take());
  }
  made.raw("definitions", definitions.take());
  return made.take();
}

std::string text_of(const mesh::PublishResult& result, const std::string& place) {
  const mesh::Publication& head = result.head.publication;
  if (!result.wrote)
    return fmt::format("{}: nothing changed since publication {} in {}\n", head.domain, head.sequence, place);
  std::string text = fmt::format("{}: publication {} in {}, {}\n", head.domain, head.sequence, place,
                                 counted(result.objects, "new object"));
  for (const mesh::PublishedVersion& version : result.versions)
    text += fmt::format("  {:<9}  {} version {}.{}\n", mesh::word_of(version.change), version.name, version.version,
                        version.now.minor);
  for (const mesh::PublishedName& name : result.definitions)
    text += fmt::format("  {:<9}  {} {}, change {}\n", mesh::word_of(name.change), name.now.kind, name.name,
                        name.now.minor);
  for (const auto& [reader, reads] : head.readers)
    for (const auto& [product, read] : reads)
      text += fmt::format("  {} reads {} of {}\n", reader, fmt::join(read.fields, ", "), product);
  for (const auto& [user, used] : head.uses)
    for (const auto& [name, use] : used) text += fmt::format("  {} uses {}\n", user, name);
  return text;
}

/// Each to the domain that it belongs to; reports those that belong to none of the project.
void assign_retired(const std::vector<std::string>& retired, Drafts& drafts, const MeshConfig& mesh,
                    Reporter& reporter) {
  for (const std::string& name : retired) {
    const auto parsed = mesh::parse_version_name(name);
    // Types, functions, aggregates and services have no version.
    const std::string qualified = parsed ? parsed->first : name;
    mesh::Draft* owner = nullptr;
    const std::string domain = qualified.substr(0, qualified.rfind('.'));
    for (mesh::Draft& draft : drafts.domains)
      if (domain == draft.domain) owner = &draft;
    if (owner == nullptr && drafts.withheld.contains(name))
      owner = &drafts.domains.emplace_back(
          mesh::Draft{.tenant = mesh.tenant, .domain = domain, .compiler = kCompiler, .recovery = mesh.recovery});
    if (owner != nullptr)
      owner->retired.insert(name);
    else if (!parsed)
      reporter.report(diag::NotRetirable{
          .product = name, .reason = "write a product as payments.payment@1, and a type as payments.state"});
    else
      reporter.report(diag::NotRetirable{.product = name, .reason = "the project has no domain that it belongs to"});
  }
}

/// What stays published while the project cannot publish it as it is now.
Status refuse_withheld(mesh::ObjectStore* store, const Drafts& drafts, const std::vector<std::string>& retired,
                       Reporter& reporter) {
  if (store == nullptr || drafts.withheld.empty()) return {};
  mesh::Registry registry(*store, system_clock());
  return report_withheld(registry, drafts, retired, reporter);
}

Status refuse_breaking(mesh::Registry& registry, mesh::AccessBook& book, const mesh::Draft& draft,
                       const std::optional<mesh::StoredPublication>& head,
                       std::vector<mesh::ProductVerdict>& breaking) {
  BRAID_ASSIGN(breaking, judge_draft(registry, book, draft, head));
  std::erase_if(breaking, [](const mesh::ProductVerdict& one) { return !one.verdict.breaks(); });
  if (breaking.empty()) return {};
  const Diagnostic finding = diag::ChangeBreaksReaders{.product = breaking.front().product}.make();
  return Error{ErrorKind::usage, finding.message, finding.code};
}

/// That changes were refused, and whom they would have broken.
Status record(const std::vector<mesh::ProductVerdict>& breaking, const mesh::Draft& draft, mesh::AuditLog& log,
              const mesh::DomainKey& key) {
  for (const mesh::ProductVerdict& one : breaking) {
    std::set<std::string> readers;
    for (const mesh::Effect& effect : one.verdict.effects)
      if (effect.weight == mesh::Weight::breaks)
        readers.insert(effect.reader.empty() ? "readers that are not registered" : effect.reader);
    BRAID_TRY(mesh::record_refusal(log, system_clock(), draft.tenant, draft.domain, one.product,
                                   fmt::format("{}", fmt::join(readers, ", ")), key));
  }
  return {};
}

/// What publishing would break. The exit code is 1 if something breaks, 2 if that cannot be told.
void judge_only(const PublishFlags& flags, mesh::Registry& registry, mesh::AccessBook& book, const Drafts& drafts,
                CommandContext& context) {
  const Result<std::vector<mesh::ProductVerdict>> verdicts = judge_drafts(registry, book, drafts.domains);
  if (!verdicts.ok()) {
    (void)show_error(verdicts.error(), context.console);
    context.exit_code = kUsage;
    return;
  }
  std::fputs(verdict_text(*verdicts, flags.json ? VerdictFormat::json : VerdictFormat::text).c_str(), stdout);
  if (!flags.json && verdicts->empty()) fmt::print("no published interface differs\n");
  context.exit_code = breaks(*verdicts) ? kScriptFailed : kDone;
}

void publish(const PublishFlags& flags, CommandContext& context) {
  Session session({.path = flags.path});
  const bool right = session.check_all();
  Drafts drafts;
  std::unique_ptr<mesh::ObjectStore> store;
  std::optional<mesh::DomainKey> key;
  if (right) {
    Reporter& reporter = session.reporter();
    Samples samples;
    if (flags.samples > 0 && !flags.check) (void)take_samples(session, flags.samples, samples);
    drafts = publication_drafts(session, kCompiler, samples.texts);
    drafts.left_out.insert(drafts.left_out.end(), samples.left_out.begin(), samples.left_out.end());
    store = open_product_registry(session.files(), reporter);
    if (store && !flags.check) key = read_domain_key(session.files(), reporter);
    if (const Status looked = refuse_withheld(store.get(), drafts, flags.retired, reporter); !looked.ok()) {
      context.exit_code = show_error(looked.error(), context.console);
      return;
    }
    assign_retired(flags.retired, drafts, session.files().mesh, reporter);
    if (drafts.domains.empty() && !reporter.has_errors()) {
      auto finding = reporter.report(diag::NothingToPublish{});
      for (const LeftOut& one : drafts.left_out) finding.note(one.name + ": " + one.reason);
    }
    for (const StandsOn& one : stands_on_drafts(session.project()))
      reporter.report(diag::StandsOnDraft{.product = one.product, .draft = one.draft})
          .at(one.at, "its own readers would rely on what is not promised")
          .note("say so with `draft` in its header, or wait until `" + one.draft + "` is no draft any more");
    for (const mesh::Draft& draft : drafts.domains)
      if (!mesh::is_domain_name(draft.domain)) reporter.report(diag::NameNotPublishable{.name = draft.domain});
  }
  context.exit_code = show_errors(session, context.console);
  if (context.exit_code != kDone) return;

  mesh::ObservedStore observed(*store, [hook = kill_point_of_environment()](std::string_view at) {
    if (hook) hook(at);
  });
  mesh::Registry registry(observed, system_clock());
  mesh::AccessBook book(observed, system_clock());
  if (flags.check) return judge_only(flags, registry, book, drafts, context);
  for (const mesh::Draft& draft : drafts.domains) {
    if (const Status first = book.check_first_key(draft.domain, *key); !first.ok()) {
      context.exit_code = show_error(first.error(), context.console);
      return;
    }
    std::vector<mesh::ProductVerdict> breaking;
    const Result<mesh::PublishResult> result = registry.publish(
        draft, *key, [&](const mesh::Draft& judged, const std::optional<mesh::StoredPublication>& head) {
          return refuse_breaking(registry, book, judged, head, breaking);
        });
    mesh::AuditLog log(observed, system_clock(), draft.tenant, draft.domain);
    if (!result.ok()) {
      if (!breaking.empty())
        if (const Status recorded = record(breaking, draft, log, *key); !recorded.ok())
          (void)show_error(recorded.error(), context.console);
      if (!breaking.empty())
        std::fputs(verdict_text(breaking, flags.json ? VerdictFormat::json : VerdictFormat::text).c_str(), stdout);
      context.exit_code = show_error(result.error(), context.console);
      return;
    }
    Status after = mesh::record_publications(registry, log, draft.domain, *key);
    if (after.ok()) after = book.name_approvers(draft.domain, session.files().mesh.approvers, draft.tenant, *key);
    if (after.ok()) after = mesh::record_access(book, log, system_clock(), draft.domain, *key);
    if (!after.ok()) {
      context.exit_code = show_error(after.error(), context.console);
      return;
    }
    std::fputs((flags.json ? json_of(*result, registry.place()) + "\n" : text_of(*result, registry.place())).c_str(),
               stdout);
    std::fflush(stdout);
  }
  if (!flags.json)
    for (const LeftOut& one : drafts.left_out) fmt::print("  left out   {}: {}\n", one.name, one.reason);
}

}  // namespace

void add_publish(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<PublishFlags>();
  CLI::App* command =
      app.add_subcommand("publish", "Publishes the products of a project in the registry that braid.toml names");
  command->add_option("path", flags->path, "Project folder")->type_name("PATH")->capture_default_str();
  command
      ->add_option("--retire", flags->retired,
                   "What to take out of the registry: payments.payment@1, or the type payments.state")
      ->type_name("PRODUCT@VERSION");
  command
      ->add_option("--samples", flags->samples,
                   "Publish so many rows of each product with it, as a reader without any grant sees them")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}))
      ->type_name("ROWS");
  command->add_flag("--json", flags->json, "Write what was done as JSON, a line for each domain");
  command->add_flag("--check", flags->check, "Say what would break, and write nothing; needs no key");
  command->callback([flags, &context] { publish(*flags, context); });
}

}  // namespace braid::cli
