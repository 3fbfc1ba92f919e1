#include "cli/commands/contract_diff.h"

#include <algorithm>
#include <cstdio>

#include "cli/session/definition_drafts.h"
#include "cli/session/product_schemas.h"
#include "cli/session/publish_gate.h"
#include "mesh/gate/definition_change.h"

namespace braid::cli {
namespace {

bool is_published(const typed::Relation& relation) {
  return (relation.kind == typed::RelationKind::product && relation.output_of < 0) || relation.is_public;
}

bool is_definition(const std::vector<mesh::Definition>& definitions, const std::string& name) {
  return std::ranges::any_of(definitions,
                             [&](const mesh::Definition& one) { return one.qualified() == name || one.name == name; });
}

/// The interfaces of a project's products and public sources, or of all versions of one. Nothing after mistakes have
/// been shown.
std::optional<std::vector<mesh::Interface>> interfaces_of(Session& session, std::string product,
                                                          CommandContext& context) {
  if (!session.check()) {
    (void)show(session, context.console);
    return std::nullopt;
  }
  if (!product.empty() && is_definition(own_definitions(session), product)) return std::vector<mesh::Interface>();
  if (!product.empty()) {
    const typed::Relation* meant = find_relation(session, product);
    if (meant == nullptr) {
      (void)show(session, context.console);
      return std::nullopt;
    }
    product = meant->qualified();
  }
  std::vector<mesh::Interface> made;
  for (const typed::Relation& relation : session.project().relations)
    if (is_published(relation) && !session.foreign_products().is_foreign(relation.span.file) &&
        (product.empty() || relation.qualified() == product))
      made.push_back(mesh::interface_of(session.project(), relation));
  return made;
}

std::string title_of(const mesh::Interface& interface) {
  return fmt::format("{} version {}", interface.qualified(), interface.version);
}

/// Every product of `before`, judged for a reader that uses all of it.
Result<std::vector<mesh::ProductVerdict>> judge_all(const std::vector<mesh::Interface>& before,
                                                    const std::vector<mesh::Interface>& after) {
  std::vector<mesh::ProductVerdict> made;
  for (const mesh::Interface& old : before) {
    const auto now = std::ranges::find(after, title_of(old), title_of);
    if (now == after.end()) {
      made.push_back({.product = title_of(old), .verdict = mesh::judge_removal(old, {mesh::reader_of_all(old)})});
      continue;
    }
    BRAID_ASSIGN(mesh::Verdict verdict,
                 mesh::judge(old, *now, {mesh::reader_of_all(old)}, mesh::wires_of(old.addresses)));
    made.push_back({.product = title_of(old), .verdict = std::move(verdict)});
  }
  return made;
}

/// The same for what others use beside products. `name`: only that one, or empty.
void judge_definitions(const std::vector<mesh::Definition>& before, const std::vector<mesh::Definition>& after,
                       const std::string& name, std::vector<mesh::ProductVerdict>& made) {
  for (const mesh::Definition& old : before) {
    if (!name.empty() && name != old.qualified() && name != old.name) continue;
    const std::vector<mesh::KnownReader> users{mesh::user_of_all(old)};
    const auto now = std::ranges::find(after, old.qualified(), &mesh::Definition::qualified);
    if (now != after.end() && *now == old && name.empty()) continue;
    made.push_back({.product = old.qualified(),
                    .verdict = now == after.end() ? mesh::judge_removal(old, users) : mesh::judge(old, *now, users)});
  }
}

}  // namespace

void show_contract_diff(const ContractDiff& diff, CommandContext& context) {
  context.exit_code = kUsage;
  SessionOptions options;
  options.path = diff.before;
  Session before(options);
  const auto old = interfaces_of(before, diff.product, context);
  if (!old) return;
  options.path = diff.after;
  Session after(options);
  const auto now = interfaces_of(after, {}, context);
  if (!now) return;
  Result<std::vector<mesh::ProductVerdict>> verdicts = judge_all(*old, *now);
  if (verdicts) judge_definitions(own_definitions(before), own_definitions(after), diff.product, *verdicts);
  if (!verdicts) {
    (void)show_error(verdicts.error(), context.console);
    return;
  }
  std::fputs(verdict_text(*verdicts, diff.format).c_str(), stdout);
  context.exit_code = breaks(*verdicts) ? kScriptFailed : kDone;
}

void add_verdict_format(CLI::App& command, VerdictFormat& format) {
  command
      .add_option_function<std::string>(
          "--format",
          [&format](const std::string& word) {
            format = word == "json"          ? VerdictFormat::json
                     : word == "annotations" ? VerdictFormat::annotations
                                             : VerdictFormat::text;
          },
          "text: for people; json: one object; annotations: for a CI run")
      ->check(CLI::IsMember({"text", "json", "annotations"}))
      ->default_str("text");
}

void add_contract_diff(CLI::App& contract, CommandContext& context) {
  auto flags = std::make_shared<ContractDiff>();
  CLI::App* command = contract.add_subcommand("diff",
                                              "Shows what differs between the products of two projects, and what of it "
                                              "breaks a reader that uses all; exit code "
                                              "1 if something breaks, 2 if that cannot be told");
  command->add_option("old", flags->before, "Project folder or script as it was")->type_name("OLD")->required();
  command->add_option("new", flags->after, "Project folder or script as it is now")->type_name("NEW")->required();
  command
      ->add_option("--product", flags->product,
                   "Only this product, public source, type, function, aggregate or service")
      ->type_name("NAME");
  add_verdict_format(*command, flags->format);
  command->callback([flags, &context] { show_contract_diff(*flags, context); });
}

}  // namespace braid::cli
