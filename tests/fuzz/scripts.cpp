// Scripts: through the parser alone, and through all of the compiler.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/ast/print.h"
#include "compiler/ast/visit.h"
#include "compiler/driver/compile.h"
#include "compiler/parse/parse.h"
#include "runtime/data/time_zone.h"
#include "stdlib/registry.h"
#include "tests/fuzz/findings.h"
#include "tests/fuzz/targets.h"

namespace braid::fuzz {
namespace {

const driver::Language& language() {
  static const driver::Language known{
      .functions = standard_library(),
      .knows_zone = [](std::string_view name) { return load_time_zone(name) != nullptr; },
      .zone_names = time_zone_names,
  };
  return known;
}

bool inside(Span span, Span around) {
  return span.begin <= span.end && span.begin >= around.begin && span.end <= around.end;
}

/// The first expression below `expr` that does not lie in the text of what holds it.
Verdict judge_places(const ast::Expr& expr, Span around) {
  if (!inside(expr.span, around))
    return fmt::format("an expression at {}..{} lies outside of {}..{}", expr.span.begin, expr.span.end, around.begin,
                       around.end);
  Verdict wrong;
  ast::for_each_child(expr, [&](const ast::Expr& child) {
    if (!wrong) wrong = judge_places(child, around);
  });
  return wrong;
}

Verdict judge_places(const ast::Flow& flow, Span around) {
  for (const ast::Step& step : flow.steps) {
    if (!inside(step.span, around)) return fmt::format("a step at {}..{}", step.span.begin, step.span.end);
    const ast::ExprPtr* expr = nullptr;
    if (const auto* where = std::get_if<ast::Where>(&step.node)) expr = &where->condition;
    if (const auto* let = std::get_if<ast::Let>(&step.node)) expr = &let->value;
    if (expr == nullptr) continue;
    if (!*expr) return "a step without its expression, not even a hole";
    if (auto wrong = judge_places(**expr, around)) return wrong;
  }
  return std::nullopt;
}

Verdict judge_places(const ast::Script& script, Span whole) {
  for (const ast::Item& item : script.items) {
    if (!inside(item.span, whole)) return fmt::format("an item at {}..{}", item.span.begin, item.span.end);
    Verdict wrong;
    if (const auto* view = std::get_if<ast::View>(&item.node)) wrong = judge_places(view->flow, whole);
    if (const auto* product = std::get_if<ast::Product>(&item.node)) wrong = judge_places(product->flow, whole);
    if (const auto* function = std::get_if<ast::Function>(&item.node); function && function->body)
      wrong = judge_places(*function->body, whole);
    if (wrong) return wrong;
  }
  return std::nullopt;
}

}  // namespace

Verdict parse_anything(std::string_view input) {
  SourceSet sources;
  sources.add("fuzz.braid", std::string(input));
  Reporter reporter;
  const ast::Script script = parse(sources, 0, reporter);
  if (ast::print(script).empty()) return "the tree prints as nothing";
  if (auto wrong = judge_places(script, {0, 0, static_cast<uint32_t>(input.size())})) return wrong;
  return judge_findings(reporter.take_sorted(), sources);
}

CheckedScripts check_project(const SourceSet& sources) {
  CheckedScripts made;
  Reporter reporter;
  const auto scripts = driver::parse_scripts(sources, reporter);
  const typed::Project project = driver::check_scripts(scripts, sources, language(), {}, {}, reporter);
  made.findings = reporter.take_sorted();
  made.errors = static_cast<size_t>(std::count_if(made.findings.begin(), made.findings.end(),
                                                  [](const auto& each) { return each.severity == Severity::error; }));
  made.wrong = judge_findings(made.findings, sources);
  if (made.wrong || made.errors > 0) return made;
  for (const typed::Relation& relation : project.relations)
    for (const Field& field : relation.row)
      if (field.type->kind == TypeKind::error) {
        made.wrong = relation.name + " has a field in error, and nothing was reported";
        return made;
      }
  if (typed::print(project).empty() && !project.relations.empty()) {
    made.wrong = "the checked project prints as nothing";
    return made;
  }
  // From here on nothing can be the script's mistake.
  const std::vector<typed::RelationId> products = driver::products_of(project, {});
  if (products.empty()) return made;
  driver::Compiled compiled = driver::compile(project, products, {}, system_clock());
  if (plan::print(compiled.physical).empty()) made.wrong = "the plan prints as nothing";
  return made;
}

Verdict check_anything(std::string_view input) {
  SourceSet sources;
  sources.add("fuzz.braid", std::string(input));
  return check_project(sources).wrong;
}

}  // namespace braid::fuzz
