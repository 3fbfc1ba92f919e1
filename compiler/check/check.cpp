#include "compiler/check/check.h"

#include "compiler/check/context.h"
#include "compiler/check/labels.h"
#include "compiler/check/reach.h"
#include "compiler/check/relations.h"
#include "compiler/check/repeats.h"
#include "compiler/check/types.h"
#include "runtime/data/time_zone.h"

namespace braid {
namespace checking {
namespace {

/// Items and clauses that later versions bring, beside those that flows and functions meet.
void check_the_rest(Context& context, bool of_run) {
  for (const Declaration* declaration : context.declarations.all()) {
    if (is_of_run(context, *declaration) != of_run) continue;
    if (const auto* alias = std::get_if<ast::TypeAlias>(&declaration->item->node)) {
      // A name in use is resolved already; this finds mistakes in the others.
      if (!context.aliases.contains(declaration) && alias->type != nullptr) {
        context.aliases_working.insert(declaration);
        const Type type = resolve_type(context, place_of(*declaration), *alias->type, TypePlace::field);
        context.aliases_working.erase(declaration);
        context.aliases[declaration] = type;
      }
    }
  }
}

void check_all(Context& context, bool of_run) {
  check_functions(context, of_run);
  check_the_rest(context, of_run);
  for (const Declaration* declaration : context.declarations.relations())
    if (is_of_run(context, *declaration) == of_run) need_relation(context, *declaration, {});
  for (const Declaration* declaration : context.declarations.relations())
    if (is_of_run(context, *declaration) == of_run) check_migrations(context, *declaration);
  check_label_names(context, of_run);
  check_shared_outputs(context, of_run);
  check_tests(context, of_run);
  check_promises(context, of_run);
}

/// Owner and description may stand in any script of the domain.
std::vector<typed::Domain> domains_of(const CheckInput& input) {
  std::map<std::string, typed::Domain> domains;
  for (const ast::Script* script : input.scripts) {
    if (script->domain.path.parts.empty()) continue;
    typed::Domain& domain = domains[path_text(script->domain.path)];
    domain.name = path_text(script->domain.path);
    if (script->domain.owner) domain.owner = script->domain.owner->value;
    if (script->domain.description) domain.description = script->domain.description->value;
  }
  std::vector<typed::Domain> list;
  for (auto& [name, domain] : domains) list.push_back(std::move(domain));
  return list;
}

/// What was looked up, and what the params among it are made of.
std::set<const Declaration*> reached(Context& context) {
  std::set<const Declaration*> all = context.declarations.take_met();
  for (const auto& [param, info] : context.params)
    if (all.contains(param)) all.insert(info.reads.begin(), info.reads.end());
  return all;
}

}  // namespace
}  // namespace checking

typed::Project check(const CheckInput& given, Reporter& reporter) {
  CheckInput input = given;
  if (!input.knows_zone) input.knows_zone = [](std::string_view name) { return load_time_zone(name) != nullptr; };
  if (!input.zone_names) input.zone_names = time_zone_names;
  checking::Context context(input, reporter);
  checking::check_params(context);
  const size_t before = reporter.size();
  checking::check_all(context, true);
  if (!input.run_files.empty()) {
    const std::set<const checking::Declaration*> reached = checking::reached(context);
    const size_t after = reporter.size();
    typed::Project of_run = context.project;
    checking::check_all(context, false);
    // Nothing in it reads what stands elsewhere.
    if (checking::set_errors_apart(context, reached, before, after)) context.project = std::move(of_run);
  }
  context.project.domains = checking::domains_of(input);
  checking::follow_labels(context);
  context.quotes.remove_answered(reporter);
  checking::join_repeats(reporter);
  return std::move(context.project);
}

}  // namespace braid
