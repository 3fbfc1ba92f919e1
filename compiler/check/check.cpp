#include "compiler/check/check.h"

#include "compiler/check/context.h"
#include "compiler/check/relations.h"
#include "compiler/check/repeats.h"
#include "compiler/check/types.h"
#include "runtime/data/time_zone.h"

namespace braid {
namespace checking {
namespace {

/// Items and clauses that later versions bring, beside those that flows and functions meet.
void check_the_rest(Context& context) {
  for (const ast::Script* script : context.input.scripts)
    for (const ast::Use& use : script->uses)
      for (const ast::Promise& promise : use.expects) context.not_watched(promise.span);
  for (const Declaration* declaration : context.declarations.all()) {
    if (std::holds_alternative<ast::Policy>(declaration->item->node))
      context.not_yet(context.word(declaration->item->span, "policy"), "a `policy`",
                      "a field that not everybody may see can be left out of the `select`, or hashed in it");
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

bool is_needed(const CheckInput& input, const Declaration& declaration) {
  if (input.needed.empty()) return true;
  const std::string name = declaration.domain->name + "." + declaration.name.text;
  return std::find(input.needed.begin(), input.needed.end(), name) != input.needed.end();
}

}  // namespace
}  // namespace checking

typed::Project check(const CheckInput& given, Reporter& reporter) {
  CheckInput input = given;
  if (!input.knows_zone) input.knows_zone = [](std::string_view name) { return load_time_zone(name) != nullptr; };
  if (!input.zone_names) input.zone_names = time_zone_names;
  const size_t parsed = reporter.size();
  checking::Context context(input, reporter);
  checking::check_params(context);
  if (input.needed.empty()) checking::check_functions(context);
  if (input.needed.empty()) checking::check_the_rest(context);
  for (const bool needed : {true, false}) {
    context.lenient = !needed;
    for (const checking::Declaration* declaration : context.declarations.relations())
      if (checking::is_needed(input, *declaration) == needed) checking::need_relation(context, *declaration, {});
  }
  context.lenient = !input.needed.empty();
  if (context.lenient) checking::check_functions(context);
  if (context.lenient) checking::check_the_rest(context);
  checking::check_tests(context);
  checking::join_repeats(reporter, parsed);
  return std::move(context.project);
}

}  // namespace braid
