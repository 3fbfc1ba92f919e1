// Contracts: what is enforced (check, unique, fields), and what is checked here and not yet watched. Who may read is
// said in access_rules.cpp.
#include <cstdlib>
#include <map>

#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "compiler/check/labels.h"
#include "compiler/check/relations.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/name_findings.h"
#include "runtime/report/promise_findings.h"

namespace braid::checking {
namespace {

std::string_view promise_name(const ast::Promise& promise) {
  return std::visit(
      Overloaded{[](const ast::Compatible&) { return "compatible"; }, [](const ast::Fresh&) { return "fresh"; },
                 [](const ast::Latency&) { return "latency"; }, [](const ast::Unique&) { return "unique"; },
                 [](const ast::Complete&) { return "complete"; }, [](const ast::Volume&) { return "volume"; },
                 [](const ast::StateLimit&) { return "state"; }, [](const ast::Keep&) { return "keep"; },
                 [](const ast::PinnedFields&) { return "fields"; }, [](const ast::Check&) { return "check"; },
                 [](const ast::Unchecked&) { return "unchecked"; }, [](const ast::ErrorClause&) { return ""; }},
      promise.node);
}

int64_t bytes_of(const ast::Size& size) {
  return size.count << (10 * (static_cast<int>(size.unit) + 1));
}

struct ContractChecker {
  Context& context;
  RelationInfo& info;
  typed::Relation& made;
  Row& row;
  Place place;
  bool enforced;  ///< of a product
  bool theirs;    ///< of another project, by its interface

  /// A promise's field; `column` -1 and silent where the row is not known.
  std::optional<FieldPath> field(const ast::Path& path, std::string_view promise) {
    if (path.parts.empty()) return std::nullopt;
    const ast::Name& first = path.parts.front();
    if (row.find(first.text) >= 0) return find_path(context, row, path);
    if (row.open) return std::nullopt;
    std::vector<std::string> names;
    for (const RowField& one : row.fields) names.push_back(one.name);
    auto report = context.reporter.report(
        diag::PromiseFieldMissing{.promise = std::string(promise), .field = path_text(path), .relation = row.relation});
    report.at(path.span, "not among the fields of the result");
    show_loss(report, row, first.text);
    if (const auto meant = closest(first.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{first.span, *meant}});
    return std::nullopt;
  }

  void compatible(const ast::Compatible& node, Span span) {
    if (node.how.text.empty()) return;
    const auto level = schema::compatibility_of(node.how.text);
    if (level && !enforced && !theirs) return context.not_watched(span);
    made.compatible = level;
    if (level) return;
    const std::vector<std::string> words = schema::compatibility_words();
    auto report = context.reporter.report(diag::UnknownCompatibility{.found = node.how.text});
    report.at(node.how.span, "not a level");
    if (const auto meant = closest(node.how.text, words))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{node.how.span, *meant}});
    report.note(fmt::format("levels: {}", fmt::join(words, ", ")));
  }

  static typed::Check::Otherwise otherwise(ast::CheckAction action) {
    switch (action) {
      case ast::CheckAction::reject:
        return typed::Check::Otherwise::reject;
      case ast::CheckAction::alert:
        return typed::Check::Otherwise::alert;
      case ast::CheckAction::stop:
        return typed::Check::Otherwise::stop;
    }
    BRAID_UNREACHABLE("what a check does");
  }

  /// Its condition may call functions of that project, and is a text here.
  void check_of_interface(const ast::Check& node, Span span) {
    const auto* literal = std::get_if<ast::Literal>(&node.condition->node);
    const auto* text = literal == nullptr ? nullptr : std::get_if<ast::TextLiteral>(&literal->value);
    if (text == nullptr) return;
    made.checks.push_back({.name = node.name.text,
                           .condition = nullptr,
                           .otherwise = otherwise(node.action),
                           .span = span,
                           .text = text->value});
  }

  void check(const ast::Check& node, Span span) {
    if (node.condition == nullptr) return;
    if (theirs) return check_of_interface(node, span);
    Expressions expressions(context, place, &row);
    const typed::ExpressionRef condition = expressions.check(*node.condition, bool_type());
    if (is_poison(condition)) return;
    if (!is(condition->type, TypeKind::boolean)) {
      auto report =
          context.reporter.report(diag::CheckType{.check = node.name.text, .found = type_text(condition->type)});
      report.at(node.condition->span, is_optional(condition->type) ? "may be null" : "neither true nor false");
      if (is_optional(condition->type) && is(condition->type->element, TypeKind::boolean))
        report.fix(Applicability::likely, "let null count as false",
                   {{{span.file, node.condition->span.end, node.condition->span.end}, " ?? false"}});
      return;
    }
    if (!enforced) return context.not_watched(span);
    made.checks.push_back({.name = node.name.text,
                           .condition = condition,
                           .otherwise = otherwise(node.action),
                           .span = span,
                           .text = std::string(context.text(node.condition->span))});
  }

  void unique(const ast::Unique& node, Span span) {
    typed::Unique one{.fields = {}, .within_us = typed::kForever, .span = span};
    if (node.within) one.within_us = context.length_of(*node.within, "`unique`").value_or(0);
    bool sound = true;
    for (const ast::Path& path : node.fields) {
      const std::optional<FieldPath> found = field(path, "unique");
      sound &= found.has_value();
      if (!found) continue;
      one.fields.push_back(found->column);
      one.below.push_back(found->below);
    }
    if (enforced && !node.within) {
      context.reporter.report(diag::UniqueNeedsBound{.relation = row.relation})
          .at(span, "for how long?")
          .note("`within 1d` keeps each key for a day of event time");
      return;
    }
    if (sound && node.within && !row.has_time && !row.open && !theirs) {
      context.no_event_time(row, row.relation, "unique").at(span, "decided by event time");
      sound = false;
    }
    if (sound) made.uniques.push_back(std::move(one));
  }

  void complete(const ast::Complete& node, Span span) {
    typed::CompletePromise promised{.fields = {}, .percent = node.share.text};
    for (const ast::Path& path : node.fields) {
      std::vector<std::string>& names = promised.fields.emplace_back();
      for (const ast::Name& part : path.parts) names.push_back(part.text);
    }
    made.promises.completes.push_back(std::move(promised));
    for (const ast::Path& path : node.fields) {
      const std::optional<FieldPath> found = field(path, "complete");
      if (found && !is_error(found->type) && !is_optional(found->type)) {
        const Span declared = row.fields[static_cast<size_t>(found->column)].declared;
        auto report = context.reporter.report(diag::CompleteNeverNull{.field = path_text(path)});
        report.at(path.span, "`" + type_text(found->type) + "` is always there");
        if (!declared.empty()) report.also(declared, "made here");
      }
    }
    if (std::strtod(node.share.text.c_str(), nullptr) > 100)
      context.reporter.report(diag::ShareBeyondAll{.share = node.share.text + "%"}).at(node.share.span, "at most 100%");
    // Of a stream: rows of tables go into the state of joins as they are read.
    if (!enforced && (made.kind == typed::RelationKind::table || node.fields.empty())) context.not_watched(span);
  }

  /// Reference data: it is there before the job watches anything.
  bool is_read_once() const { return made.kind == typed::RelationKind::table && !row.has_time; }

  /// Measured in event time, while the job runs that makes the product, or that reads the source.
  void watched_by_time(Span span, const char* promise) {
    if (!enforced && is_read_once()) return context.not_watched(span);
    if (!row.has_time && !row.open && !theirs)
      context.no_event_time(row, row.relation, promise).at(span, "measured in event time");
  }

  /// `fields { … }` states types: what fits them becomes them, losing digits only by a failure.
  void pinned(const ast::PinnedFields& node, Span span) {
    no_labels(context, node.fields);
    const std::vector<Field> promised = resolve_fields(context, place, node.fields, TypePlace::field);
    if (!enforced) return context.not_watched(span);
    std::vector<std::string> differing;
    typed::ProjectStep step{"fields", {}};
    for (size_t i = 0; i < row.fields.size(); ++i)
      step.columns.push_back(typed::make(row.fields[i].type, span, typed::ColumnRead{static_cast<int>(i)}));
    bool changed = false;
    for (const Field& pin : promised) {
      const int index = row.find(pin.name);
      const auto written = std::find_if(node.fields.list.begin(), node.fields.list.end(),
                                        [&](const ast::Field& one) { return one.name.text == pin.name; });
      if (index < 0) {
        if (!row.open) differing.push_back(pin.name);
        continue;
      }
      typed::ExpressionRef& column = step.columns[static_cast<size_t>(index)];
      if (written != node.fields.list.end()) column = typed::make(column->type, written->span, column->node);
      if (is_error(column->type) || is_error(pin.type) || same(column->type, pin.type)) continue;
      Expressions expressions(context, place, &row);
      const typed::ExpressionRef fitting = expressions.fit(column, pin.type, true);
      if (fitting == nullptr) {
        const Span declared = row.fields[static_cast<size_t>(index)].declared;
        auto report = context.reporter.report(
            diag::PinnedType{.field = pin.name, .promised = type_text(pin.type), .found = type_text(column->type)});
        report.at(written->span, "the flow gives `" + type_text(column->type) + "`");
        if (!declared.empty()) report.also(declared, "made here");
        continue;
      }
      column = fitting;
      row.fields[static_cast<size_t>(index)].type = pin.type;
      changed = true;
    }
    if (!node.fields.others && !row.open)
      for (const RowField& one : row.fields)
        if (find_field(promised, one.name) < 0) differing.push_back(one.name);
    if (!differing.empty())
      context.reporter.report(diag::PinnedFields{.relation = row.relation, .fields = differing})
          .at(span, "not the fields of the result")
          .note("`..` leaves the rest to the flow");
    if (changed) made.steps.push_back({.content = std::move(step), .row = row.types(), .span = span, .text = "fields"});
  }

  void promise(const ast::Promise& promise) {
    const Span span = promise.span;
    std::visit(Overloaded{
                   [&](const ast::Check& node) { check(node, span); },
                   [&](const ast::Unique& node) { unique(node, span); },
                   [&](const ast::Complete& node) { complete(node, span); },
                   [&](const ast::PinnedFields&) {},  // before the others: they look at the pinned types
                   [&](const ast::Compatible& node) { compatible(node, span); },
                   [&](const ast::Fresh& node) {
                     made.promises.fresh_us = context.length_of(node.within, "`fresh`");
                     watched_by_time(span, "fresh");
                   },
                   [&](const ast::Latency& node) {
                     if (!check_quantile(context, node)) return;
                     if (const auto below = context.length_of(node.below, "`latency`"))
                       made.promises.latencies.push_back({.quantile = node.quantile.text, .below_us = *below});
                     watched_by_time(span, "latency");
                   },
                   [&](const ast::Volume& node) {
                     if (const auto period = context.length_of(node.period, "`volume`"))
                       made.promises.volumes.push_back(
                           {.least = node.least.value, .most = node.most.value, .period_us = *period});
                     if (node.least.value > node.most.value)
                       context.reporter.report(diag::RangeUpsideDown{})
                           .at(cover(node.least.span, node.most.span), "nothing lies between");
                     watched_by_time(span, "volume");
                   },
                   [&](const ast::StateLimit& node) {
                     made.promises.state_bytes = bytes_of(node.limit);
                     if (!enforced) context.not_watched(span);
                   },
                   [&](const ast::Keep& node) {
                     made.promises.keep_us = context.length_of(node.duration, "`keep`");
                     context.not_watched(span);
                   },
                   [&](const ast::Unchecked& node) {
                     made.unchecked.push_back({.rule = node.rule.value, .reason = node.reason.value});
                   },
                   [](const ast::ErrorClause&) {},
               },
               promise.node);
  }

  void contract(const ast::Contract& node) {
    made.promised_by_others = theirs;
    std::vector<std::pair<std::string, Span>> seen;
    for (const ast::Promise& one : node.promises) {
      std::string name(promise_name(one));
      if (const auto* check = std::get_if<ast::Check>(&one.node)) name += " " + check->name.text;
      if (const auto* rule = std::get_if<ast::Unchecked>(&one.node)) name += " " + rule->rule.value;
      if (theirs || name == "unique" || name == "complete" || name.empty()) continue;
      const auto before =
          std::find_if(seen.begin(), seen.end(), [&](const auto& other) { return other.first == name; });
      if (before == seen.end()) {
        seen.emplace_back(name, one.span);
        continue;
      }
      context.reporter.report(diag::PromiseTwice{.promise = name})
          .at(one.span, "said again")
          .also(before->second, "said here");
    }
    for (const ast::Promise& one : node.promises)
      if (const auto* fields = std::get_if<ast::PinnedFields>(&one.node)) pinned(*fields, one.span);
    for (const ast::Promise& one : node.promises) promise(one);
  }

  /// What is written for each change of a table.
  void change_form(const ast::Name& word) {
    static const std::vector<std::string> words{"upsert", "append", "debezium"};
    const auto known = std::find(words.begin(), words.end(), word.text);
    if (known == words.end()) {
      auto report = context.reporter.report(diag::UnknownChangeForm{.form = word.text});
      report.at(word.span, "no such form");
      std::optional<std::string> meant = closest(word.text, words);
      if (word.text == "cdc" || word.text == "changelog") meant = "upsert";
      if (meant) report.fix(Applicability::likely, "use `" + *meant + "`", {{word.span, *meant}});
      report.note("`upsert`, `append` and `debezium` are known");
      return;
    }
    if (!made.changes) {
      if (!row.open)
        context.reporter.report(diag::ChangesOfStream{.form = word.text, .relation = made.name})
            .at(word.span, "each row of a stream is written once")
            .note("leave it out");
      return;
    }
    made.change_form = static_cast<ChangeForm>(known - words.begin());
    if (made.change_form != ChangeForm::upsert && made.to && made.to->format == "raw")
      context.reporter.report(diag::RawChanges{.form = word.text})
          .at(word.span, "a record in `raw` is one value")
          .note("`format json` has the row and what became of it");
  }

  void clause(const ast::Clause& clause) {
    std::visit(Overloaded{
                   [&](const ast::Contract& node) { contract(node); },
                   [&](const ast::Deprecated& node) {
                     made.deprecated.emplace().until = node.until.text;
                     if (node.successor) made.deprecated->successor = node.successor->value;
                   },
                   [&](const ast::Draft&) { made.draft = true; },
                   [&](const ast::ToConnector& node) {
                     if (made.to) return;  // of outputs.cpp
                     made.to = check_connector(context, place, node.connector, true);
                     check_output_path(context, node.connector, row, made.name);
                     context.outputs.push_back({node.connector.name.text, node.connector.address.value,
                                                node.connector.address.span, info.declaration});
                     if (node.changes) change_form(*node.changes);
                   },
                   [](const auto&) {},
               },
               clause.node);
  }
};

/// Clauses of which the last one would count.
void check_single(const Context& context, const std::vector<ast::Clause>& clauses, const std::string& relation) {
  std::map<std::string, Span> known;
  for (const ast::Clause& clause : clauses) {
    const bool may_repeat =
        std::holds_alternative<ast::Allow>(clause.node) || std::holds_alternative<ast::Mask>(clause.node) ||
        std::holds_alternative<ast::Contract>(clause.node) || std::holds_alternative<ast::ErrorClause>(clause.node);
    if (may_repeat) continue;
    const std::string_view text = context.text(clause.span);
    std::string word(text.substr(0, text.find_first_of(" \n")));
    // Each reader has a place of its own.
    if (const auto* to = std::get_if<ast::ToConnector>(&clause.node); to != nullptr && to->reader)
      word += " for " + std::string(context.text(to->reader->span));
    const auto [first, is_new] = known.emplace(word, clause.span);
    if (is_new) continue;
    auto report = context.reporter.report(diag::ClauseTwice{.clause = word, .relation = relation});
    report.at(clause.span, "one of them counts").also(first->second, "stated here first");
    if (word == "to")
      report.note(
          "a further `to` names its reader: `to file \"…\" for role crm`; another product that reads this one can "
          "be written to another place, too");
  }
}

}  // namespace

void check_output(Context& context, const RelationInfo& info, const ast::Clause& to, typed::Relation& made) {
  RelationInfo of_product = info;
  ContractChecker checker{context, of_product, made, of_product.row, place_of(*info.declaration), true, false};
  checker.clause(to);
}

bool check_quantile(Context& context, const ast::Latency& node) {
  const std::string& text = node.quantile.text;
  if (text.empty() || typed::share_of(text)) return !text.empty();
  context.reporter.report(diag::UnknownQuantile{.found = text})
      .at(node.quantile.span, "of how many rows?")
      .note("`p99`: of 99 rows in 100; `p50`, `p95` and `p999`, of 999 in 1000, are others");
  return false;
}

void check_contract(Context& context, RelationInfo& info, const std::vector<ast::Clause>& clauses,
                    typed::Relation& made) {
  ContractChecker checker{context,
                          info,
                          made,
                          info.row,
                          place_of(*info.declaration),
                          made.kind == typed::RelationKind::product,
                          context.is_interface(made.span.file)};
  check_single(context, clauses, made.name);
  for (const ast::Clause& clause : clauses) checker.clause(clause);
}

}  // namespace braid::checking
