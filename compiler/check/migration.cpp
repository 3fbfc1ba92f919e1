// `migrate from version 1 { … }` in the header of a product: steps over the rows of an earlier version, which make rows
// of this one. They are checked as a view is and leave nothing but their text, which readers of that version are shown.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/context.h"
#include "compiler/check/flow.h"
#include "runtime/data/row_change.h"
#include "runtime/report/life_findings.h"

namespace braid::checking {
namespace {

/// The lines between the braces, without what indents all of them.
std::string lines_of(std::string_view block) {
  if (block.size() < 2) return "";
  block.remove_prefix(1);
  block.remove_suffix(1);
  std::vector<std::string_view> lines;
  for (size_t at = 0; at <= block.size();) {
    const size_t end = std::min(block.find('\n', at), block.size());
    std::string_view line = block.substr(at, end - at);
    line.remove_suffix(line.size() - (line.find_last_not_of(" \t\r") + 1));
    if (!line.empty()) lines.push_back(line);
    at = end + 1;
  }
  size_t indent = std::string_view::npos;
  for (const std::string_view line : lines) indent = std::min(indent, line.find_first_not_of(" \t"));
  std::string text;
  for (const std::string_view line : lines) text += (text.empty() ? "" : "\n") + std::string(line.substr(indent));
  return text;
}

bool is_of_one_row(const ast::Step& step) {
  return std::holds_alternative<ast::Where>(step.node) || std::holds_alternative<ast::Let>(step.node) ||
         std::holds_alternative<ast::Select>(step.node) || std::holds_alternative<ast::Drop>(step.node) ||
         std::holds_alternative<ast::Rename>(step.node) || std::holds_alternative<ast::ErrorStep>(step.node);
}

/// The steps are all of one row; false: one is not, which is reported.
bool check_steps(Context& context, const ast::Flow& flow) {
  bool right = true;
  for (const ast::Step& step : flow.steps) {
    if (is_of_one_row(step)) continue;
    const std::string_view text = context.text(step.span);
    context.reporter.report(diag::MigrationStep{.step = std::string(text.substr(0, text.find_first_of(" \n\t{(")))})
        .at(step.span, "needs more than the row")
        .note("`where`, `let`, `select`, `drop` and `rename` are such steps");
    right = false;
  }
  return right;
}

bool readers_have(const Field& field) {
  return field.name.empty() || (field.name.front() != kHiddenMark && field.name.front() != kOriginalMark);
}

const Field* find_field(const std::vector<Field>& row, const std::string& name) {
  const auto found = std::ranges::find(row, name, &Field::name);
  return found == row.end() ? nullptr : &*found;
}

std::vector<std::string> differences(const std::vector<Field>& made, const std::vector<Field>& wanted) {
  std::vector<std::string> problems;
  for (const Field& field : wanted) {
    if (!readers_have(field)) continue;
    const Field* found = find_field(made, field.name);
    if (found == nullptr)
      problems.push_back(fmt::format("`{}` is missing", field.name));
    else if (!holds_error(found->type) && !same(found->type, field.type) &&
             !same(found->type, without_optional(field.type)))
      problems.push_back(
          fmt::format("`{}` is `{}` and must be `{}`", field.name, to_string(found->type), to_string(field.type)));
  }
  for (const Field& field : made)
    if (readers_have(field) && find_field(wanted, field.name) == nullptr)
      problems.push_back(fmt::format("it has no field `{}`", field.name));
  return problems;
}

void check_migration(Context& context, const Declaration& declaration, const ast::Migrate& migrate, Span clause) {
  const RelationInfo& target = context.relations[static_cast<size_t>(declaration.index)];
  if (migrate.version.value >= declaration.version) {
    context.reporter
        .report(diag::MigrationVersion{
            .from = migrate.version.value, .version = declaration.version, .relation = declaration.name.text})
        .at(migrate.version.span, "an earlier version is needed")
        .note("it says what becomes of the rows of an earlier version");
    return;
  }
  if (!check_steps(context, migrate.flow)) return;
  // A view of that version, which nothing reads: it goes once its row is known.
  const ast::Item item{.doc = {}, .is_public = false, .span = clause, .node = ast::View{}};
  Declaration made = declaration;
  made.item = &item;
  made.name.text = fmt::format("{} from version {}", declaration.name.text, migrate.version.value);
  RelationInfo info;
  info.declaration = &made;
  const size_t findings = context.reporter.size();
  check_flow(context, info, {}, migrate.flow);
  if (info.id < 0) return;
  const std::vector<Field> row = context.project.relations[static_cast<size_t>(info.id)].row;
  context.project.relations.pop_back();
  context.marks.erase(info.id);
  if (info.row.open || target.id < 0 || target.row.open || context.reporter.size() != findings) return;
  typed::Relation& relation = context.project.relations[static_cast<size_t>(target.id)];
  const std::vector<std::string> problems = differences(row, relation.row);
  if (problems.empty()) {
    relation.migration =
        typed::Migration{.from = migrate.version.value, .steps = lines_of(context.text(migrate.flow.span))};
    return;
  }
  auto report = context.reporter.report(
      diag::MigrationDiffers{.from = migrate.version.value,
                             .relation = fmt::format("{} version {}", declaration.name.text, declaration.version),
                             .problem = problems.front()});
  report.at(migrate.flow.span, "makes other rows").also(declaration.name.span, "declared here");
  for (size_t i = 1; i < problems.size(); ++i) report.note("and " + problems[i]);
}

}  // namespace

void check_migrations(Context& context, const Declaration& declaration) {
  const auto* product = std::get_if<ast::Product>(&declaration.item->node);
  if (product == nullptr) return;
  for (const ast::Clause& clause : product->clauses)
    if (const auto* migrate = std::get_if<ast::Migrate>(&clause.node))
      check_migration(context, declaration, *migrate, clause.span);
}

}  // namespace braid::checking
