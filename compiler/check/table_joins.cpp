// A table joined with a table: rows of both that have equal keys, as they are now, kept up by changes.
#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/derived_findings.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/join_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {
namespace {

/// True in each row of this side of a join; no script can name it.
constexpr std::string_view kPresence = "`there";

/// The column that a key is, maybe made optional for the other side; −1: it is computed.
int plain_column(const typed::ExpressionRef& key) {
  const auto* convert = std::get_if<typed::Convert>(&key->node);
  const bool wrapped = convert != nullptr && convert->conversion == typed::Conversion::to_optional;
  const auto* column = std::get_if<typed::ColumnRead>(wrapped ? &convert->operand->node : &key->node);
  return column == nullptr ? -1 : column->index;
}

/// Whether all parts of the key of a row may be null; also where there is none.
bool key_may_be_null(const Row& row) {
  return std::all_of(row.key.begin(), row.key.end(), [&](const KeyPart& part) {
    if (part.column < 0) return true;
    Type type = row.fields[static_cast<size_t>(part.column)].type;
    bool optional = is_optional(type);
    for (const int step : part.path) {
      type = without_optional(type)->fields[static_cast<size_t>(step)].type;
      optional |= is_optional(type);
    }
    return optional;
  });
}

}  // namespace

bool FlowChecker::join_tables(const ast::Join& node, Span span, const RelationInfo& right,
                              const typed::JoinStep& made) {
  const Span word = context_.word(span, "join");
  if (row_.open || right.row.open) return false;
  if (has_elements(word)) return false;
  if (!right.row.table) {
    context_.reporter.report(diag::TableWithStream{.left = row_.relation, .right = path_text(node.relation.path)})
        .at(node.relation.span, "a stream: its rows come and stay")
        .also(row_.relation_span, "a table: a change of it would meet all of them, for ever")
        .note("begin with the stream and join the table; `last per k retain forever` makes a table of the stream");
    return false;
  }
  if (node.pick != ast::JoinPick::all) {
    const bool latest = node.pick == ast::JoinPick::latest;
    context_.reporter
        .report(diag::JoinOfStandingRows{.clause = latest ? "latest" : "nearest",
                                         .relation = path_text(node.relation.path)})
        .at(context_.word(span, latest ? "latest" : "nearest"), "rows of both tables meet as they stand")
        .also(row_.relation_span, "a table")
        .note(latest ? "leave it out: when a row of either side changes, so do the rows that it is in"
                     : "rows that stand have no distance in time; `top 1 by … per …` behind the join takes one row of "
                       "several");
    return false;
  }
  for (const ast::JoinClause& clause : node.clauses) {
    if (std::holds_alternative<ast::ErrorClause>(clause.node)) return false;
    context_.reporter
        .report(diag::JoinOfStandingRows{.clause = std::string(context_.text(clause.span)),
                                         .relation = path_text(node.relation.path)})
        .at(clause.span, "rows of both tables meet as they stand")
        .also(row_.relation_span, "a table")
        .note("leave it out; a condition of `on` may compare times that both rows have as fields");
    return false;
  }
  if (!right.row.changes && !use_untimed(right.id, false, node.relation.span)) return false;
  for (const KeyPart& part : right.row.key) {
    if (part.column >= 0 || right.row.changes) continue;
    context_.reporter.report(diag::TableKeyLost{.relation = right.row.relation, .key = part.text})
        .at(node.relation.span, "tells the rows of a table apart by their key")
        .also(right.row.relation_span, "declared here")
        .note("keep `" + part.text + "` in its rows");
    return false;
  }
  if (!right.row.changes && right.row.key.empty()) return false;  // reported where it is declared
  // Rows of both sides that met nothing have null for the other side's key.
  if (node.kind == ast::JoinKind::full && key_may_be_null(row_) && key_may_be_null(right.row)) {
    auto report =
        context_.reporter.report(diag::JoinOfNullKeys{.left = row_.relation, .right = path_text(node.relation.path)});
    report.at(word, "a row of either side that meets nothing would have the key null");
    if (!row_.key_clause.empty()) report.also(row_.key_clause, "the key of the rows before");
    if (!right.row.relation_span.empty()) report.also(right.row.relation_span, "the other side");
    report.note(
        row_.key.empty() || right.row.key.empty()
            ? "a row of a table without a key has no field that tells it from those of the other side"
            : "`where k is not null` in a view of one side leaves one such row; a view can state a wider key, as "
              "`key kind, k`");
    return false;
  }
  return table_as_changes("join", word, span);
}

bool FlowChecker::add_presence(Span span) {
  const bool known = std::any_of(row_.fields.begin(), row_.fields.end(),
                                 [](const RowField& field) { return !is_optional(field.type); });
  if (known || row_.open) return false;
  std::vector<Column> columns = unchanged();
  columns.push_back({{std::string(kPresence), bool_type(), true, span, -1},
                     typed::make(bool_type(), span, typed::Constant{Value{true}})});
  project("let", std::move(columns), span);
  return true;
}

void FlowChecker::drop_presence(Span span) {
  std::vector<Column> columns = unchanged();
  std::erase_if(columns, [](const Column& column) { return column.field.name == kPresence; });
  project("drop", std::move(columns), span);
}

typed::ExpressionRef FlowChecker::of_pairs(const typed::JoinStep& made, const std::vector<Field>& left, Span span) {
  const auto joined = static_cast<int>(left.size());
  const auto field = [&](int column) {
    return typed::make(row_.fields[static_cast<size_t>(column)].type, span, typed::ColumnRead{column});
  };
  std::vector<typed::ExpressionRef> present;
  for (int column = 0; column <= joined; ++column) {
    const Type type = column < joined ? left[static_cast<size_t>(column)].type
                                      : without_optional(row_.fields[static_cast<size_t>(column)].type);
    const typed::ExpressionRef read = field(column);
    present.push_back(
        same(read->type, type) ? read : typed::make(type, span, typed::Convert{typed::Conversion::unwrap, read}));
  }
  typed::ExpressionRef condition = typed::substitute_columns(made.residual, present);
  const auto or_missing = [&](int column) {
    const typed::ExpressionRef missing = typed::make(bool_type(), span, typed::IsNull{field(column)});
    condition = typed::make(bool_type(), span, typed::Either{missing, condition});
  };
  if (made.left) or_missing(joined);
  if (!made.right) return condition;
  // What is equal in a pair is not null; else a field that is never null in a row of this side.
  int sign = -1;
  for (const typed::ExpressionRef& key : made.left_keys) sign = std::max(sign, plain_column(key));
  for (int column = 0; sign < 0 && column < joined; ++column)
    if (!is_optional(left[static_cast<size_t>(column)].type)) sign = column;
  or_missing(sign);
  return condition;
}

/// `right`, `full`: where `using` names the whole key of both sides, its fields are the key; else each side's is a
/// part.
void FlowChecker::add_table_join(const ast::Join& node, const RelationInfo& right, const std::vector<Field>& left,
                                 typed::JoinStep made, Span span) {
  const bool adds = made.yield == typed::JoinYield::matches;
  // Whether a row of one side meets one of the other at most: where `on` has the other side's key.
  auto meets_one = [](const std::vector<typed::ExpressionRef>& keys, const std::vector<KeyPart>& key) {
    std::set<int> met;
    for (const typed::ExpressionRef& each : keys) met.insert(plain_column(each));
    return std::all_of(key.begin(), key.end(), [&](const KeyPart& part) {
      return part.column >= 0 && part.path.empty() && met.contains(part.column);
    });
  };
  const bool one_right = meets_one(made.right_keys, right.row.key), one_left = meets_one(made.left_keys, row_.key);
  std::vector<KeyPart> of_right;
  const int joined = static_cast<int>(row_.fields.size()) - 1;
  for (const KeyPart& part : right.row.key) {
    KeyPart theirs{made.alias + "." + part.text, joined, {part.column}, false, {}};
    theirs.path.insert(theirs.path.end(), part.path.begin(), part.path.end());
    if (part.column < 0) theirs = {theirs.text, -1, {}, false, {}};
    of_right.push_back(std::move(theirs));
  }
  if (made.right && !made.left && one_left) row_.key.clear();
  if (adds && (made.right || !one_right)) row_.key.insert(row_.key.end(), of_right.begin(), of_right.end());
  row_.time_field = -1;
  row_.key_clause = span;
  const bool keeps_right = made.right;
  // Without an equality each row meets all of the other side, which have one key then.
  if (made.left_keys.empty())
    for (auto* keys : {&made.left_keys, &made.right_keys})
      keys->push_back(typed::make(bool_type(), span, typed::Constant{Value{true}}));
  // A pair for which the condition fails is rejected as rows are: behind the join, which lets such pairs pass.
  typed::ExpressionRef behind;
  if (made.residual && made.residual->can_fail) {
    behind = of_pairs(made, left, span);
    if (node.kind == ast::JoinKind::inner) made.residual = nullptr;
  }
  add({.content = typed::TableJoinStep{made.left, made.right, made.yield, made.relation, made.alias,
                                       std::move(made.left_keys), std::move(made.right_keys), made.residual},
       .row = {},
       .span = span,
       .text = step_text(span)});
  if (behind) add({.content = typed::WhereStep{behind, ""}, .row = {}, .span = span, .text = step_text(span)});
  if (!adds) {
    std::vector<Column> columns = unchanged();
    columns.pop_back();
    project("drop", std::move(columns), span);
  } else if (keeps_right && !node.using_.empty()) {
    std::vector<SameField> single;
    for (const ast::Name& name : node.using_) single.push_back({name.text, name.text});
    merge_using(single, right.row, span);
    // What `using` names is there whichever side is: as a part of the key, too.
    for (KeyPart& part : row_.key)
      for (const ast::Name& name : node.using_)
        if (part.text == name.text) part = {name.text, row_.find(name.text), {}, false, {}};
    if (!one_left || !one_right) return;
    row_.key.clear();
    for (const ast::Name& name : node.using_) row_.key.push_back({name.text, row_.find(name.text), {}, false, {}});
  }
}

}  // namespace braid::checking
