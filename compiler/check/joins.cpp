// Joins: what the right side is decides how it is met; conditions are split into equal keys and the rest.
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/join_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {
namespace {

std::string_view kind_word(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::inner:
      return "";
    case ast::JoinKind::left:
      return "left";
    case ast::JoinKind::right:
      return "right";
    case ast::JoinKind::full:
      return "full";
    case ast::JoinKind::semi:
      return "semi";
    case ast::JoinKind::anti:
      return "anti";
  }
  return "";
}

/// FieldRead{the joined struct, i} becomes column i of the other relation's row; null if it is read otherwise.
typed::ExpressionRef over_other_row(const typed::ExpressionRef& expression, int other) {
  if (const auto* field = std::get_if<typed::FieldRead>(&expression->node)) {
    const auto* base = std::get_if<typed::ColumnRead>(&field->base->node);
    if (base != nullptr && base->index == other)
      return typed::make(expression->type, expression->span, typed::ColumnRead{field->index});
  }
  if (std::holds_alternative<typed::ColumnRead>(expression->node)) return nullptr;
  std::vector<typed::ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (typed::ExpressionRef& part : parts) {
    part = over_other_row(part, other);
    if (part == nullptr) return nullptr;
  }
  return typed::with_parts(*expression, std::move(parts));
}

void conjuncts(const typed::ExpressionRef& condition, std::vector<typed::ExpressionRef>& parts) {
  if (const auto* both = std::get_if<typed::Both>(&condition->node)) {
    conjuncts(both->left, parts);
    conjuncts(both->right, parts);
    return;
  }
  parts.push_back(condition);
}

bool reads_only(const typed::ExpressionRef& expression, int column) {
  const std::vector<int> columns = typed::columns_read(expression);
  return columns.size() == 1 && columns.front() == column;
}

bool reads(const typed::ExpressionRef& expression, int column) {
  const std::vector<int> columns = typed::columns_read(expression);
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

void FlowChecker::join_open(const std::string& alias, Span span) {
  RowField field{alias, error_type(), true, span, -1};
  if (const int before = row_.find(alias); before >= 0)
    row_.fields[static_cast<size_t>(before)] = field;
  else
    row_.fields.push_back(field);
}

void FlowChecker::join(const ast::Join& node, Span span) {
  if (node.relation.path.parts.empty()) {
    row_.open = true;
    return;
  }
  const ast::Name alias = node.as ? *node.as : node.relation.path.parts.back();
  const Span head = cover({span.file, span.begin, span.begin}, node.as ? node.as->span : node.relation.span);
  const bool adds = node.kind != ast::JoinKind::semi && node.kind != ast::JoinKind::anti;
  const Resolved resolved = resolve_relation(context_, place_, node.relation);
  RelationInfo* read = nullptr;
  if (resolved.declaration != nullptr) read = other_relation(resolved, node.relation.span, span);
  if (read == nullptr) {
    for (const ast::JoinClause& clause : node.clauses)
      if (const auto* otherwise = std::get_if<ast::ElsePort>(&clause.node);
          otherwise != nullptr && port(otherwise->port, true))
        info_.open_ports.insert(otherwise->port.text);
    if (adds) join_open(alias.text, head);
    return;
  }
  // In front of what counts the columns.
  if (row_.table && reads_row_time(true)) add_row_time(span);
  const bool timed_tables = row_.table && adds && row_.find(kRowTime) >= 0;
  if (timed_tables)
    if (RelationInfo* timed = with_row_time(*read)) read = timed;
  const bool known_there = row_.table && node.on != nullptr &&
                           (node.kind == ast::JoinKind::right || node.kind == ast::JoinKind::full) &&
                           add_presence(span);
  read = stand_in_windows(node, read);
  RelationInfo& right = *read;
  const int of_relation = resolved.port ? -1 : resolved.declaration->index;
  const std::string right_name = path_text(node.relation.path);
  const bool left_join = node.kind == ast::JoinKind::left;
  const bool keeps_right = node.kind == ast::JoinKind::right || node.kind == ast::JoinKind::full;

  // The row with the other side as a field, as `on` sees it.
  const int hidden = row_.find(alias.text);
  if (hidden >= 0) {
    auto report = context_.reporter.report(diag::HidesField{.name = alias.text, .relation = row_.relation});
    report.at(alias.span, "hides a field");
    if (const Span declared = row_.fields[static_cast<size_t>(hidden)].declared; !declared.empty())
      report.also(declared, "declared here");
    report.note("`as` gives it another name");
    if (adds) {
      if (!replaceable(alias.text, hidden, alias.span)) return;
      std::vector<Column> columns = unchanged();
      columns.erase(columns.begin() + hidden);
      project("drop", std::move(columns), head);
    }
  }
  std::vector<Field> fields = right.row.types();
  // Of a side in error not even the fields are known that it lacks.
  const Type struct_of_right = right.row.open ? error_type() : struct_type(fields);
  const int other = static_cast<int>(row_.fields.size());
  Row both = row_;
  if (hidden >= 0 && !adds) both.fields[static_cast<size_t>(hidden)].name.clear();
  both.fields.push_back({alias.text, struct_of_right, true, head, of_relation});
  typed::JoinStep made{};
  made.left = left_join || node.kind == ast::JoinKind::full || !adds;
  made.right = keeps_right;
  if (!adds) made.yield = node.kind == ast::JoinKind::semi ? typed::JoinYield::semi : typed::JoinYield::anti;
  // Of `semi` and `anti` the field goes as soon as the step is made.
  auto finish = [&] {
    RowField field{alias.text, made.left && !right.row.open ? optional_type(struct_of_right) : struct_of_right, true,
                   head, of_relation};
    if (keeps_right) forget_presence();
    row_.fields.push_back(std::move(field));
  };
  auto finish_unsound = [&] {
    if (adds) finish();
  };
  made.nearest = node.pick == ast::JoinPick::nearest;
  made.relation = right.id;
  made.alias = alias.text;
  made.kind = !right.row.table     ? typed::JoinKind::interval
              : right.row.has_time ? typed::JoinKind::as_of
                                   : typed::JoinKind::reference;

  // The condition, whatever else is wrong.
  std::vector<typed::ExpressionRef> equalities;  // of `on`, as many as the keys that it gives
  bool sound = true;
  if (node.on != nullptr && !field_as_condition(*node.on, right, alias)) {
    sound = false;
  } else if (node.on != nullptr) {
    Expressions expressions(context_, place_, &both);
    const typed::ExpressionRef condition = expressions.condition(*node.on);
    sound = !is_poison(condition);
    if (sound) {
      const auto* constant = std::get_if<typed::Constant>(&condition->node);
      if (constant == nullptr && !reads(condition, other) && !right.row.open) {
        context_.reporter.report(diag::OnWithoutOther{.name = alias.text})
            .at(node.on->span, "bare names are this row's")
            .note("fields of the other side are written `" + alias.text + ".…`; `on true` matches every row")
            .also(head, "the other side");
        sound = false;
      }
      split_condition(condition, other, made, equalities);
    }
  }
  for (const ast::Name& name : node.using_) {
    const ast::Path path{{name}, name.span};
    const std::optional<FieldPath> ours = find_path(context_, row_, path);
    const std::optional<FieldPath> theirs = find_path(context_, right.row, path);
    if (!ours || !theirs || is_error(ours->type) || is_error(theirs->type)) {
      sound = false;
      continue;
    }
    const typed::ExpressionRef left = typed::make(ours->type, name.span, typed::ColumnRead{ours->column});
    const typed::ExpressionRef same_field = typed::make(theirs->type, name.span, typed::ColumnRead{theirs->column});
    Expressions expressions(context_, place_, &row_);
    const Type common = expressions.common_type(left, same_field);
    const typed::ExpressionRef a = common ? expressions.fit(left, common) : nullptr,
                               b = common ? expressions.fit(same_field, common) : nullptr;
    if (a == nullptr || b == nullptr) {
      context_.reporter.report(diag::NotComparable{.left = type_text(ours->type), .right = type_text(theirs->type)})
          .at(name.span, "two types on the two sides");
      sound = false;
      continue;
    }
    made.left_keys.push_back(a);
    made.right_keys.push_back(b);
  }

  // Clauses.
  JoinOptions options;
  const ast::Name* split_off = nullptr;  // of a left join: where rows without a match go behind it
  for (const ast::JoinClause& clause : node.clauses) {
    std::visit(Overloaded{
                   [&](const ast::WithinWindow&) { options.within_span = clause.span, options.window = true; },
                   [&](const ast::WithinAny&) { options.within_span = clause.span, options.any = true; },
                   [&](const ast::WithinRange& range) {
                     options.within_span = clause.span, options.range = &range, options.any = range.last == nullptr;
                   },
                   [&](const ast::MaxAge& age) {
                     options.max_age_span = clause.span;
                     made.max_age_us = context_.length_of(age.age, "`max age`").value_or(0);
                   },
                   [&](const ast::WaitAtMost& wait) {
                     options.wait_span = clause.span;
                     made.wait_us = context_.length_of(wait.wait, "`wait at most`");
                     if (made.wait_us != 0) return;
                     context_.reporter.report(diag::WaitOfNothing{.length = wait.wait.text})
                         .at(wait.wait.span, "no time at all")
                         .note("`wait at most 1s` joins a row a second after its arrival, if the table is behind");
                     sound = false;
                   },
                   [&](const ast::ElsePort& otherwise) {
                     if (node.kind == ast::JoinKind::full) {
                       context_.reporter.report(diag::ElseOfFullJoin{.port = otherwise.port.text})
                           .at(clause.span, "both sides keep what met nothing")
                           .note("`where " + alias.text + " is not null else " + otherwise.port.text +
                                 "` behind it splits off the rows of this side");
                       sound = false;
                       return;
                     }
                     if (left_join) {
                       split_off = &otherwise.port;
                       return;
                     }
                     if (!port(otherwise.port, true)) return;
                     made.port = otherwise.port.text;
                     // There the fields of this side may be null, though they are not.
                     if (keeps_right) info_.mixed_ports.insert(made.port);
                   },
                   [&](const ast::Retain& retain) {
                     options.retain = &retain;
                     options.retain_span = clause.span;
                     made.retain_us = retain.duration ? context_.length_of(*retain.duration, "`retain`").value_or(0)
                                                      : typed::kForever;
                   },
                   [&](const ast::ErrorClause&) { sound = false; },
               },
               clause.node);
  }
  if (node.on == nullptr && node.using_.empty() && sound) {
    if (!cut_off_ && !right.row.open) without_on(right, alias, right_name, head);
    sound = false;
  }
  if (row_.table) {
    // Of a condition that is in error nobody knows what it compares.
    const bool known = sound || !made.left_keys.empty();
    const bool joined = known && join_tables(node, span, right, made) && sound && right.id >= 0;
    const std::vector<Field> left = row_.types();
    if (adds || joined) finish();
    if (joined) add_table_join(node, right, left, std::move(made), span);
    if (joined && timed_tables) join_row_times(alias.text, span);
    if (known_there) drop_presence(span);
    return;
  }
  if (node.pick == ast::JoinPick::latest && !joins_latest(node, right, options, made, span)) return finish_unsound();
  if (right.row.changes && !has_history(node, right, options)) return finish_unsound();
  const Span kind_place = node.kind == ast::JoinKind::inner
                              ? context_.word(span, "join")
                              : cover(context_.word(span, kind_word(node.kind)), context_.word(span, "join"));
  if (made.nearest && (!adds || keeps_right)) {
    context_.reporter.report(diag::NearestOfKind{.kind = std::string(kind_word(node.kind))})
        .at(cover(context_.word(span, "join"), context_.word(span, "nearest")), "picks one of several matches")
        .note(adds ? "`left join nearest` keeps this side's rows that have none"
                   : "a row goes on once, however many matches it has");
    sound = false;
  }
  if (keeps_right && made.kind != typed::JoinKind::interval) {
    context_.reporter.report(diag::OuterOfTable{.kind = std::string(kind_word(node.kind)), .relation = right_name})
        .at(kind_place, "would keep rows of a table that no row of the stream meets")
        .also(right.row.relation_span, "a table")
        .note("`left join` keeps the rows of the stream");
    sound = false;
  }
  if (made.kind == typed::JoinKind::reference && right.id >= 0 && node.pick != ast::JoinPick::latest)
    sound &= use_untimed(right.id, true, node.relation.span);
  const std::string table_kind = right.is_static ? "static table" : "table";
  if (made.kind != typed::JoinKind::interval) {
    if (options.within_span && !made.nearest) {
      context_.reporter.report(diag::WithinOnTable{.relation = right_name})
          .at(*options.within_span, "no range in time here")
          .also(right.row.relation_span, "a table")
          .note("`max age 2h` bounds how old the table's version may be");
      sound = false;
    }
    if (made.nearest) {
      context_.reporter.report(diag::NearestOnTable{.relation = right_name})
          .at(cover(context_.word(span, "join"), context_.word(span, "nearest")), "there is one version at each time")
          .also(right.row.relation_span, "a table");
      sound = false;
    }
    if (options.retain != nullptr)
      nothing_to_retain(options.retain_span, "of a join with a table", "the table keeps the rows that it has");
  }
  if (options.max_age_span && made.kind != typed::JoinKind::as_of) {
    context_.reporter
        .report(diag::MaxAgeNeedsHistory{.relation = right_name,
                                         .kind = made.kind == typed::JoinKind::interval ? "stream" : table_kind})
        .at(*options.max_age_span, "a version has no age here")
        .also(right.row.relation_span,
              made.kind == typed::JoinKind::interval ? "a stream" : "declared here without `time`");
    sound = false;
  }
  if (options.wait_span && made.kind != typed::JoinKind::as_of) {
    const bool streams = made.kind == typed::JoinKind::interval;
    context_.reporter.report(diag::WaitNeedsHistory{.relation = right_name, .kind = streams ? "stream" : table_kind})
        .at(*options.wait_span, streams ? "a range in time ends this wait" : "no row waits here")
        .also(right.row.relation_span, streams ? "a stream" : "declared here without `time`");
    sound = false;
  }
  if (made.kind == typed::JoinKind::interval) {
    if (!options.within_span && cut_off_) {
      sound = false;
    } else if (!options.within_span) {
      auto report = context_.reporter.report(diag::JoinNeedsBound{.left = row_.relation, .right = right_name});
      report.at(node.relation.span, "a stream");
      if (!from_relation_span_.empty()) report.also(from_relation_span_, "another stream");
      report.note("`within -5m..2h` says how far the other row's time may lie from this row's");
      sound = false;
    } else if (options.window) {
      sound &= within_window(right, *options.within_span, made);
    } else if (options.range != nullptr && options.range->first != nullptr) {
      Expressions expressions(context_, place_, &row_);
      made.lower_us = expressions.constant_duration(*options.range->first, "the lower end of a range");
      sound &= made.lower_us.has_value();
      if (options.range->last != nullptr) {
        Expressions upper(context_, place_, &row_);
        const typed::ExpressionRef end = upper.check_as(*options.range->last, duration_type());
        if (is_poison(end)) {
          sound = false;
        } else if (evaluate(end)) {
          made.upper_us = upper.constant_duration(*options.range->last, "the upper end of a range");
          sound &= made.upper_us.has_value();
        } else {
          made.upper = end;
        }
      }
      if (made.lower_us && made.upper_us && *made.lower_us > *made.upper_us) {
        context_.reporter.report(diag::RangeUpsideDown{})
            .at(cover(options.range->first->span, options.range->last->span), "nothing lies between")
            .note("a range is written from its lower to its upper end");
        sound = false;
      }
    }
    if (options.any && options.retain == nullptr) {
      context_.reporter.report(diag::WithinAnyNeedsRetain{.relation = right_name})
          .at(*options.within_span, "no bound in time")
          .note("`retain 30d` forgets a row 30 days of event time after it, `retain forever` never does");
      sound = false;
    }
    // `a..any retain d`: what lies further away would match as long as it is there, which depends on arrival.
    if (options.any && made.lower_us && made.retain_us && *made.retain_us != typed::kForever)
      made.upper_us = made.retain_us;
    if (!options.any && options.retain != nullptr)
      nothing_to_retain(options.retain_span, "beside a range", "rows go when the range has passed them");
  }
  const bool timed = made.kind != typed::JoinKind::reference && !made.latest;
  const Span time_place = options.within_span ? *options.within_span : context_.word(span, "join");
  if (timed && !row_.has_time && !row_.open) {
    context_.no_event_time(row_, row_.relation, "join")
        .at(time_place, "decided by event time")
        .also(row_.relation_span, "declared here without `time`");
    sound = false;
  }
  if (made.kind == typed::JoinKind::interval && !right.row.has_time && !right.row.open && options.within_span) {
    context_.no_event_time(right.row, right_name, "within")
        .at(time_place, "decided by event time")
        .also(right.row.relation_span, "declared here without `time`");
    sound = false;
  }
  if (made.kind != typed::JoinKind::interval) meet_table_key(right, equalities, made);
  if (right.row.changes && right.row.key.empty()) meet_one_row(equalities, made);
  // Met by anything else than its key, the rows of several keys may match: the key tells which takes which one's place.
  if (sound && typed::by_index(made) && !right.key_unknown && !right.row.open && right.row.key.empty()) {
    context_.reporter.report(diag::JoinOfOneRow{.relation = right_name})
        .at(node.on != nullptr ? node.on->span : node.relation.span, "what is compared may be null")
        .also(right.row.relation_span, "one row, without a key")
        .note("`on true` meets that row, and a `where` behind the join compares it");
    sound = false;
  }
  if (!adds) {
    if (!sound || right.id < 0) return close_window(options, span);
    finish();
    add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
    std::vector<Column> columns = unchanged();
    columns.pop_back();
    project("drop", std::move(columns), span);
    return close_window(options, span);
  }
  finish();
  if (made.kind == typed::JoinKind::interval) {
    if (!made.upper_us || *made.upper_us > 0 || keeps_right) row_.time_field = -1;
    row_.time_of_window &= options.window || (made.upper_us && *made.upper_us <= 0 && !keeps_right);
    if (window_ && window_->joined && !options.window) {
      // The time of a pair is that of the later row, which the window of this side may not have.
      const bool bounded = made.upper_us && *made.upper_us < kLongestUs && !keeps_right;
      if (bounded)
        window_->moved_us += std::max<int64_t>(*made.upper_us, 0);
      else
        window_->lost = keeps_right ? std::string(kind_word(node.kind)) + " join" : "join",
        window_->lost_span = kind_place;
    }
  }
  if (typed::makes_pairs(made) || made.nearest) {
    row_.key.clear();
    row_.key_stated = true;
  }
  std::vector<SameField> single;
  for (const ast::Name& name : node.using_) single.push_back({name.text, name.text});
  const bool their_window = right.row.find(kTheirWindow) >= 0;
  if (their_window)
    single.push_back({"window", std::string(kTheirWindow)});
  else if (options.window && (!window_ || window_->joined))
    single.push_back({"window", "window"});
  if (sound && right.id >= 0) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (keeps_right && !single.empty()) merge_using(single, right.row, span);
  if (options.window && window_ && window_->joined) drop_their_window(alias.text, span);
  if (split_off != nullptr) split_unmatched(*split_off, alias.text, span);
  close_window(options, span);
}

/// `on customer_id`: a field where a condition is needed. False: it is that, and reported.
bool FlowChecker::field_as_condition(const ast::Expr& on, const RelationInfo& right, const ast::Name& alias) {
  const auto* name = std::get_if<ast::NameExpr>(&on.node);
  const int column = name == nullptr ? -1 : row_.find(name->text);
  if (column < 0) return true;
  const Type& type = row_.fields[static_cast<size_t>(column)].type;
  if (is_error(type) || is(without_optional(type), TypeKind::boolean)) return true;
  auto report = context_.reporter.report(diag::ConditionType{.found = type_text(type)});
  report.at(on.span, "a field of this row, and no condition");
  if (right.row.find(name->text) >= 0) {
    const Span gap{on.span.file, context_.word({on.span.file, on.span.begin - 3, on.span.end}, "on").begin,
                   on.span.end};
    report.note("`using` compares fields of one name");
    if (context_.text(gap).starts_with("on "))
      report.fix(Applicability::likely, "use `using`", {{gap, "using " + name->text}});
  } else if (right.key_columns.size() == 1) {
    const RowField& key = right.row.fields[static_cast<size_t>(right.key_columns[0])];
    const std::string wanted = alias.text + "." + key.name + " == " + name->text;
    report.note("`on` compares fields of both sides");
    report.fix(Applicability::likely, "compare the key", {{on.span, wanted}});
  } else {
    report.note("`on` compares fields of both sides: `on " + alias.text + ".id == " + name->text + "`");
  }
  return false;
}

/// A join that says nothing about which rows meet: shows how it is said, by the key of a table.
void FlowChecker::without_on(const RelationInfo& right, const ast::Name& alias, const std::string& name, Span head) {
  std::vector<std::string> equal;
  bool known = true;
  for (const int column : right.key_columns) {
    const RowField& key = right.row.fields[static_cast<size_t>(column)];
    // By its name first, `id` as `customer_id` too; else the only field of that type.
    std::string ours;
    for (const std::string& wanted : {name + "_" + key.name, alias.text + "_" + key.name, key.name})
      if (const int found = row_.find(wanted);
          ours.empty() && found >= 0 &&
          same(without_optional(row_.fields[static_cast<size_t>(found)].type), without_optional(key.type)))
        ours = wanted;
    known &= !ours.empty();
    equal.push_back(alias.text + "." + key.name + " == " + (ours.empty() ? "…" : ours));
  }
  auto report = context_.reporter.report(diag::JoinWithoutOn{.relation = name});
  report.at(head, "`on` is missing");
  if (equal.empty()) {
    const std::string field = right.row.fields.empty() ? "id" : right.row.fields.front().name;
    report.note("`on " + alias.text + "." + field + " == …` says which rows meet; bare names are this row's");
    return;
  }
  const std::string condition = fmt::format("on {}", fmt::join(equal, " and "));
  report.note("`" + condition + "` says which rows meet; bare names are this row's");
  // `join c where c.id == …` of SQL.
  const ast::Step* next = flow_ != nullptr && step_ + 1 < flow_->steps.size() ? &flow_->steps[step_ + 1] : nullptr;
  const auto* where = next == nullptr ? nullptr : std::get_if<ast::Where>(&next->node);
  if (where != nullptr && where->condition != nullptr && !where->otherwise &&
      context_.text(where->condition->span).find(alias.text + ".") != std::string_view::npos) {
    const Span word = context_.word(next->span, "where");
    report.fix(Applicability::likely, "make `where` the condition", {{word, "on"}});
  } else if (known)
    report.fix(Applicability::likely, "compare its key", {{{head.file, head.end, head.end}, " " + condition}});
}

/// On the table's key: each part of it is met by an equality on just that column. Others beside them are conditions
/// then, unless a side may be null: nulls are equal there, and match nothing as keys.
void FlowChecker::meet_table_key(const RelationInfo& right, const std::vector<typed::ExpressionRef>& equalities,
                                 typed::JoinStep& made) {
  std::set<std::vector<int>> missing;
  for (const int column : right.key_columns) missing.insert({column});
  // A part of the key may stand inside a struct, as the window of a group does.
  const bool beside_plain = !missing.empty();
  for (const KeyPart& part : right.row.key) {
    std::vector<int> path{part.column};
    path.insert(path.end(), part.path.begin(), part.path.end());
    if (right.row.changes || beside_plain) missing.insert(std::move(path));
  }
  if (missing.empty()) return;
  std::vector<size_t> others;
  for (size_t i = 0; i < made.right_keys.size(); ++i) {
    // A key that may be null on this side is made optional on the other, and is still the same column.
    const auto* convert = std::get_if<typed::Convert>(&made.right_keys[i]->node);
    const bool wrapped = convert != nullptr && convert->conversion == typed::Conversion::to_optional;
    const auto path = path_of_value(wrapped ? convert->operand : made.right_keys[i]);
    if (!path || missing.erase(*path) == 0) others.push_back(i);
  }
  const auto may_be_condition = [&](size_t i) {
    return i < equalities.size() && !is_optional(made.left_keys[i]->type) && !is_optional(made.right_keys[i]->type);
  };
  if (!missing.empty() || !std::all_of(others.begin(), others.end(), may_be_condition)) return;
  made.on_table_key = true;
  for (const size_t i : others)
    made.residual = made.residual == nullptr
                        ? equalities[i]
                        : typed::make(bool_type(), equalities[i]->span, typed::Both{made.residual, equalities[i]});
  for (auto i = others.rbegin(); i != others.rend(); ++i) {
    made.left_keys.erase(made.left_keys.begin() + static_cast<std::ptrdiff_t>(*i));
    made.right_keys.erase(made.right_keys.begin() + static_cast<std::ptrdiff_t>(*i));
  }
}

/// A group without keys is one row, which every row meets: equalities are conditions there.
void FlowChecker::meet_one_row(const std::vector<typed::ExpressionRef>& equalities, typed::JoinStep& made) {
  for (size_t i = 0; i < made.left_keys.size(); ++i)
    if (i >= equalities.size() || is_optional(made.left_keys[i]->type) || is_optional(made.right_keys[i]->type)) return;
  for (size_t i = 0; i < made.left_keys.size(); ++i)
    made.residual = made.residual == nullptr
                        ? equalities[i]
                        : typed::make(bool_type(), equalities[i]->span, typed::Both{made.residual, equalities[i]});
  made.left_keys.clear();
  made.right_keys.clear();
  made.on_table_key = true;
}

/// Behind a join of rows that share a window they have it as a field.
void FlowChecker::close_window(const JoinOptions& options, Span span) {
  if (!options.window || !window_) return;
  const typed::Window window = window_->window;
  const bool sound = window_->sound;
  window_.reset();
  row_.in_window = row_.in_session = false;
  if (!sound || row_.find("window") >= 0) return;
  if (window.size_us > 0)
    add_window(window, span);
  else
    join_open("window", span);  // an error, of which all is said
}

/// Of a join that keeps right rows: this side may be missing from here on.
void FlowChecker::forget_presence() {
  for (RowField& field : row_.fields)
    if (!is_error(field.type) && !is_optional(field.type)) field.type = optional_type(field.type);
  row_.present.clear();
}

/// The fields of `using` are there whichever side is.
void FlowChecker::merge_using(const std::vector<SameField>& names, const Row& right, Span span) {
  std::vector<Column> columns = unchanged();
  const Type joined_type = row_.fields.back().type;
  const typed::ExpressionRef joined =
      typed::make(joined_type, span, typed::ColumnRead{static_cast<int>(row_.fields.size()) - 1});
  auto convert = [&](Type type, typed::Conversion conversion, typed::ExpressionRef operand) {
    return typed::make(std::move(type), span, typed::Convert{conversion, std::move(operand)});
  };
  for (const SameField& name : names) {
    const int ours = row_.find(name.ours), theirs = right.find(name.theirs);
    if (ours < 0 || theirs < 0 || is_error(row_.fields[static_cast<size_t>(ours)].type) || is_error(joined_type))
      continue;
    Column& column = columns[static_cast<size_t>(ours)];
    const Type type = right.fields[static_cast<size_t>(theirs)].type;
    auto field_of = [&](typed::ExpressionRef base) {
      return typed::make(type, span, typed::FieldRead{std::move(base), theirs});
    };
    if (!is_optional(joined_type)) {
      column.value = field_of(joined);
    } else {
      // Where the other side is missing, this one is not.
      Expressions expressions(context_, place_, &row_);
      typed::ExpressionRef of_right =
          field_of(convert(without_optional(joined_type), typed::Conversion::unwrap, joined));
      typed::ExpressionRef of_left = column.value;
      if (!is_optional(type))
        of_left = convert(without_optional(of_left->type), typed::Conversion::unwrap, std::move(of_left));
      const Type common = expressions.common_type(of_right, of_left);
      if (!common) continue;
      const Type maybe = is_optional(common) ? common : optional_type(common);
      const typed::ExpressionRef missing = typed::make(bool_type(), span, typed::IsNull{joined});
      const typed::ExpressionRef none = typed::make(maybe, span, typed::Constant{Value{Null{}}});
      of_right = typed::make(maybe, span, typed::Choose{missing, none, expressions.fit(of_right, maybe)});
      column.value = typed::make(common, span, typed::Coalesce{std::move(of_right), expressions.fit(of_left, common)});
    }
    column.field.type = column.value->type;
  }
  project("let", std::move(columns), span);
}

/// `left join … else p` is the join and `where x is not null else p`.
void FlowChecker::split_unmatched(const ast::Name& name, const std::string& alias, Span span) {
  put_originals_last(span);
  if (!port(name, true)) return;
  const int other = row_.find(alias);
  const RowField& joined = row_.fields[static_cast<size_t>(other)];
  if (!is_optional(joined.type)) return;
  const typed::ExpressionRef missing =
      typed::make(bool_type(), span, typed::IsNull{typed::make(joined.type, span, typed::ColumnRead{other})});
  typed::WhereStep made{typed::make(bool_type(), span, typed::Not{missing}), name.text};
  const std::string field = joined.name;
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  narrow({field}, span);
}

/// `x.a == b and x.c > d`: equal keys, and what is left.
void FlowChecker::split_condition(const typed::ExpressionRef& condition, int other, typed::JoinStep& made,
                                  std::vector<typed::ExpressionRef>& equalities) {
  std::vector<typed::ExpressionRef> parts;
  conjuncts(condition, parts);
  for (const typed::ExpressionRef& part : parts) {
    if (const auto* constant = std::get_if<typed::Constant>(&part->node);
        constant != nullptr && constant->value.boolean())
      continue;
    const auto* operation = std::get_if<typed::Operation>(&part->node);
    if (operation != nullptr && operation->op == typed::Operator::equal) {
      typed::ExpressionRef ours = operation->operands[0], theirs = operation->operands[1];
      if (reads_only(ours, other)) std::swap(ours, theirs);
      const typed::ExpressionRef key =
          reads_only(theirs, other) && !reads(ours, other) ? over_other_row(theirs, other) : nullptr;
      if (key != nullptr) {
        made.left_keys.push_back(ours);
        made.right_keys.push_back(key);
        equalities.push_back(part);
        continue;
      }
    }
    made.residual =
        made.residual == nullptr ? part : typed::make(bool_type(), condition->span, typed::Both{made.residual, part});
  }
}

}  // namespace braid::checking
