// A table joined with a table: rows of both that have equal keys, as they are now, kept up by changes.
#include "compiler/check/flow.h"

namespace braid::checking {
namespace {

/// The column that a key is, maybe made optional for the other side; −1: it is computed.
int plain_column(const typed::ExpressionRef& key) {
  const auto* convert = std::get_if<typed::Convert>(&key->node);
  const bool wrapped = convert != nullptr && convert->conversion == typed::Conversion::to_optional;
  const auto* column = std::get_if<typed::ColumnRead>(wrapped ? &convert->operand->node : &key->node);
  return column == nullptr ? -1 : column->index;
}

}  // namespace

bool FlowChecker::join_tables(const ast::Join& node, Span span, const RelationInfo& right,
                              const typed::JoinStep& made) {
  const Span word = context_.word(span, "join");
  if (row_.open || right.row.open) return false;
  if (has_elements(word)) return false;
  if (!right.row.table) {
    context_.not_yet(node.relation.span, "a table joined with a stream",
                     "a flow that begins with the stream can be joined with the table");
    return false;
  }
  if (node.kind != ast::JoinKind::inner && node.kind != ast::JoinKind::left) {
    context_.not_yet(word, "`right`, `full`, `semi` and `anti join` of two tables",
                     "`left join` keeps the rows of this side; the other may begin the flow");
    return false;
  }
  if (node.pick != ast::JoinPick::all) {
    context_.not_yet(word, "`nearest` of two tables", "the rows that stand now have no distance in time");
    return false;
  }
  for (const ast::JoinClause& clause : node.clauses) {
    if (std::holds_alternative<ast::ErrorClause>(clause.node)) return false;
    context_.not_yet(clause.span, "`" + std::string(context_.text(clause.span)) + "` in a join of two tables",
                     "rows of both sides meet as they are now: leave it out");
    return false;
  }
  if (made.left_keys.empty()) {
    context_.not_yet(word, "a join of two tables without an equality", "`on` compares a field of each side");
    return false;
  }
  if (made.residual != nullptr) {
    context_.not_yet(made.residual->span, "a condition beside the equalities of a join of two tables",
                     node.kind == ast::JoinKind::inner ? "a `where` after the join"
                                                       : "a `view` of the other side with that `where`");
    return false;
  }
  if (!right.row.changes && !right.row.has_time) {
    context_.not_yet(node.relation.span, "a join of two tables, one without `time`",
                     "`time … within …` in the header of the table gives its rows a history");
    return false;
  }
  if (!right.row.changes && right.row.key.empty()) {
    context_.not_yet(node.relation.span, "a join with a table without a key", "give it a `key`");
    return false;
  }
  return table_as_changes("join", word, span);
}

void FlowChecker::add_table_join(const RelationInfo& right, typed::JoinStep made, Span span) {
  // A row of this side meets one at most where the other side's key is given.
  std::set<int> met;
  for (const typed::ExpressionRef& key : made.right_keys) met.insert(plain_column(key));
  const bool one = std::all_of(right.row.key.begin(), right.row.key.end(),
                               [&](const KeyPart& part) { return part.path.empty() && met.contains(part.column); });
  const int joined = static_cast<int>(row_.fields.size()) - 1;
  if (!one)
    for (const KeyPart& part : right.row.key) {
      KeyPart theirs{made.alias + "." + part.text, joined, {part.column}, false, {}};
      theirs.path.insert(theirs.path.end(), part.path.begin(), part.path.end());
      row_.key.push_back(std::move(theirs));
    }
  row_.time_field = -1;
  row_.key_clause = span;
  add({.content = typed::TableJoinStep{made.left, made.relation, made.alias, std::move(made.left_keys),
                                       std::move(made.right_keys)},
       .row = {},
       .span = span,
       .text = step_text(span)});
}

}  // namespace braid::checking
