// A name that the row does not have, and where it is: a step further down gives it, one above left it out, it is an
// entry beside the one that reads it, or a function without its parentheses.
#include "compiler/check/expressions.h"
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/name_findings.h"

namespace braid::checking {
namespace {

using Kind = NameOfStep::Kind;

void add_entries(std::vector<NameOfStep>& names, const std::vector<ast::Entry>& entries, Span span, const char* word) {
  for (const ast::Entry& entry : entries)
    if (const auto* named = std::get_if<ast::NamedEntry>(&entry.node))
      names.push_back({Kind::field, named->name.text, span, word});
}

/// A step is shown by its first line.
Span first_line(const Context& context, Span span) {
  const size_t line = context.text(span).find('\n');
  return line == std::string_view::npos ? span : Span{span.file, span.begin, span.begin + static_cast<uint32_t>(line)};
}

const GoneField* find_gone(const Row& row, const std::string& name) {
  for (auto gone = row.gone.rbegin(); gone != row.gone.rend(); ++gone)
    if (gone->name == name) return &*gone;
  return nullptr;
}

std::string loss_text(const GoneField& gone) {
  if (!gone.now.empty()) return "is called `" + gone.now + "` from here on";
  if (gone.word == "group") return "leaves its keys, its entries and `window`";
  if (gone.word == "match") return "leaves its keys and its elements";
  if (gone.word == "drop") return "drops it";
  return "leaves only what it names";
}

/// Names it in the step that leaves it out.
void keep_it(DiagnosticBuilder& report, const GoneField& gone) {
  if (gone.last.empty()) return;
  const Span behind{gone.last.file, gone.last.end, gone.last.end};
  const std::string& name = gone.name;
  if (gone.folds)
    report.fix(Applicability::likely, "take the newest of each group",
               {{behind, ", " + name + ": last(" + name + ")"}});
  else
    report.fix(Applicability::likely, "keep it", {{behind, ", " + name}});
}

}  // namespace

std::vector<NameOfStep> names_of_steps(const ast::Flow& flow) {
  std::vector<NameOfStep> names;
  for (const ast::Step& step : flow.steps) {
    const Span span = step.span;
    auto add = [&](const ast::Name& name, const char* word, Kind kind = Kind::field) {
      names.push_back({kind, name.text, span, word});
    };
    std::visit(Overloaded{
                   [&](const ast::Let& node) { add(node.name, "let"); },
                   [&](const ast::Select& node) { add_entries(names, node.row.entries, span, "select"); },
                   [&](const ast::Rename& node) {
                     for (const ast::Renaming& one : node.list) add(one.to, "rename");
                   },
                   [&](const ast::Join& node) {
                     if (node.relation.path.parts.empty()) return;
                     const bool adds = node.kind != ast::JoinKind::semi && node.kind != ast::JoinKind::anti;
                     add(node.as ? *node.as : node.relation.path.parts.back(),
                         node.kind == ast::JoinKind::semi   ? "semi join"
                         : node.kind == ast::JoinKind::anti ? "anti join"
                                                            : "join",
                         adds ? Kind::join : Kind::no_field);
                   },
                   [&](const ast::Lookup& node) { add(node.as, "lookup", Kind::join); },
                   [&](const ast::Unnest& node) { add(node.as, "unnest"); },
                   [&](const ast::Group& node) {
                     add_entries(names, node.keys, span, "group");
                     add_entries(names, node.aggregates.entries, span, "group");
                   },
                   [&](const ast::Running& node) { add_entries(names, node.aggregates.entries, span, "running"); },
                   [&](const ast::Top& node) {
                     if (node.numbered) add(*node.numbered, "top");
                   },
                   [&](const ast::Match& node) {
                     for (const ast::Element& element : node.elements)
                       if (element.kind != ast::ElementKind::absent) add(element.name, "match");
                   },
                   [](const auto&) {},
               },
               step.node);
  }
  return names;
}

bool report_lost_name(Context& context, const Row& row, const std::string& name, Span span, std::string instead) {
  if (const GoneField* gone = find_gone(row, name)) {
    auto report = context.reporter.report(diag::FieldGone{.field = name, .step = gone->word});
    report.at(span, "no such field any more").also(gone->step, loss_text(*gone));
    if (instead.empty()) instead = gone->now;
    if (!instead.empty())
      report.fix(Applicability::likely, "use `" + instead + "`", {{span, instead}});
    else
      keep_it(report, *gone);
    return true;
  }
  for (const NameOfStep& known : row.names_of_steps) {
    if (known.name != name || known.span == row.step) continue;
    const bool below = row.step.empty() || known.span.begin > row.step.begin;
    if (!below && known.kind != Kind::no_field) continue;
    auto report = context.reporter.report(diag::UnknownField{.relation = row.relation, .field = name});
    report.at(span, "no such field");
    const Span place = first_line(context, known.span);
    if (known.kind == Kind::no_field)
      report.also(place, (known.word == "anti join" ? "an `" : "a `") + known.word + "` adds no field")
          .note(known.word == "semi join"
                    ? "it keeps the rows that meet one; `join` brings in the fields of the other side"
                    : "it keeps the rows that meet none; there is no other row whose fields could be read");
    else if (known.kind == Kind::join)
      report.also(place, "`" + name + "` comes in here").note("a step reads the result of the steps above it");
    else
      report.also(place, "made here, below")
          .note(known.word == "group" ? "a step reads the result of the steps above it; a `where` behind the `group` "
                                        "keeps groups"
                                      : "a step reads the result of the steps above it");
    return true;
  }
  return false;
}

void show_loss(DiagnosticBuilder& report, const Row& row, const std::string& name) {
  const GoneField* gone = find_gone(row, name);
  if (gone == nullptr || row.find(name) >= 0) return;
  report.also(gone->step, loss_text(*gone));
  if (gone->now.empty() && !gone->folds) keep_it(report, *gone);
}

/// `select { net: amount / 1.2, tax: amount - net }`.
bool Expressions::entry_of_the_same(const std::string& text, Span span) {
  if (entries_ == nullptr || row_ == nullptr) return false;
  const std::vector<ast::Entry>& all = entries_->entries;
  for (const ast::Entry& entry : all) {
    const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
    if (named == nullptr || named->name.text != text) continue;
    if (entry.span.begin <= span.begin && span.end <= entry.span.end) {
      if (group_ == nullptr) return false;
      context_.reporter.report(diag::UnknownField{.relation = row_->relation, .field = text})
          .at(span, "an entry does not see itself")
          .note(group_->running ? "`sum(x)` is the total of the rows up to this one, and `previous(x)` what `x` was in "
                                  "the row before"
                                : "an aggregate goes through the rows by itself: `sum(x)`, `max(x)`");
      return true;
    }
    auto report = context_.reporter.report(diag::UnknownField{.relation = row_->relation, .field = text});
    report.at(span, "entries do not see each other").also(named->name.span, "named here, for what comes below");
    if (group_ != nullptr) {
      report.note("a `let` below the step reads its entries: `let x = " + text + " …`");
      return true;
    }
    const Span step = row_->step;
    if (step.empty() || named->value == nullptr || !context_.text(step).starts_with("select")) return true;
    const std::string let = "let " + text + " = " + context_.fixed_text(named->value->span) + "\n  ";
    report.fix(Applicability::likely, "make it a step above",
               {{{step.file, step.begin, step.begin}, let}, {entry.span, text}});
    return true;
  }
  return false;
}

/// `c.segment` behind `group c.segment { … }`, where it is called `segment`.
bool Expressions::lost_part(const ast::Expr& expression) {
  if (row_ == nullptr || row_->open || in_group() || row_->gone.empty()) return false;
  const std::string path = path_of(expression), root = path.substr(0, path.find('.'));
  if (path.empty() || knows_name(root)) return false;
  const GoneField* gone = find_gone(*row_, root);
  if (gone == nullptr) return false;
  for (const auto& [kept, name] : gone->kept) {
    if (kept != path) continue;
    context_.reporter.report(diag::FieldGone{.field = root, .step = gone->word})
        .at(expression.span, "no such field any more")
        .also(gone->step, "keeps `" + path + "` as `" + name + "`")
        .fix(Applicability::likely, "use `" + name + "`", {{expression.span, name}});
    return true;
  }
  return false;
}

/// `window_start` of other languages, for `window.start`.
bool Expressions::part_of_window(const std::string& text, Span span) {
  std::string plain;
  for (const char c : text)
    if (c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool end = plain.ends_with("end");
  if (plain != "windowstart" && plain != "windowend" && plain != "wstart" && plain != "wend") return false;
  if (row_->find("window") < 0 && (group_ == nullptr || group_->window == nullptr)) return false;
  const std::string wanted = end ? "window.end" : "window.start";
  context_.reporter.report(diag::UnknownField{.relation = row_->relation, .field = text})
      .at(span, "the window is one field, with a start and an end")
      .fix(Applicability::certain, "use `" + wanted + "`", {{span, wanted}});
  return true;
}

/// `views: count` for `count()`.
bool Expressions::uncalled_function(const std::string& text, Span span) {
  const FunctionRegistry& functions = context_.input.functions;
  if (text == "previous" && group_ != nullptr && group_->running) {
    context_.reporter.report(diag::UnknownField{.relation = row_->relation, .field = text})
        .at(span, "a function, which is called")
        .note("`previous(x)` is what `x` was in the row before");
    return true;
  }
  const AggregateDeclaration* aggregate = group_ != nullptr ? functions.aggregate(text) : nullptr;
  const auto overloads = functions.overloads(text);
  if (aggregate == nullptr && overloads.empty()) return false;
  const bool bare = aggregate != nullptr
                        ? aggregate->parameters.empty()
                        : std::any_of(overloads.begin(), overloads.end(),
                                      [](const FunctionDeclaration* one) { return one->parameters.empty(); });
  auto report = context_.reporter.report(diag::UnknownField{.relation = row_->relation, .field = text});
  report.at(span, aggregate != nullptr ? "an aggregate, which is called" : "a function, which is called");
  if (bare)
    report.fix(Applicability::likely, "call it", {{span, text + "()"}});
  else
    report.note("`" + text + "(…)` takes what it works on in parentheses");
  return true;
}

}  // namespace braid::checking
