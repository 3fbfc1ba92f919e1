// A stream joined with a table that a step makes: a row meets what the table was at the row's time. And with the newest
// version of a table, which is the exception.
#include <algorithm>

#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/derived_findings.h"

namespace braid::checking {
namespace {

/// Whether a table without `time` is among what makes the table.
bool of_timeless(const typed::Project& project, typed::RelationId id) {
  const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
  if (relation.source) return relation.kind == typed::RelationKind::table && !relation.has_time;
  return std::any_of(relation.steps.begin(), relation.steps.end(), [&](const typed::Step& step) {
    const auto* from = std::get_if<typed::FromStep>(&step.content);
    const auto* other = std::get_if<typed::UnionStep>(&step.content);
    const auto* join = std::get_if<typed::TableJoinStep>(&step.content);
    if (from != nullptr && from->by_arrival) return false;  // its records have a time, whatever they say
    const typed::RelationId read = from != nullptr    ? from->relation
                                   : other != nullptr ? other->relation
                                   : join != nullptr  ? join->relation
                                                      : -1;
    return read >= 0 && of_timeless(project, read);
  });
}

}  // namespace

bool FlowChecker::has_history(const ast::Join& node, const RelationInfo& right, const JoinOptions& options) {
  const std::string name = path_text(node.relation.path);
  bool sound = right.id >= 0 && !right.row.open;
  if (sound && node.pick != ast::JoinPick::latest && (!right.row.has_time || of_timeless(context_.project, right.id))) {
    auto report = context_.reporter.report(diag::NoHistory{.relation = name});
    report.at(node.relation.span, "what it was at a row's time nobody can tell");
    if (!right.row.relation_span.empty()) report.also(right.row.relation_span, "made of rows without `time`");
    report.note("`join latest` meets what it is when the row comes")
        .note("`time … within …` in the header of the table that it is made of gives its rows a history");
    return false;
  }
  for (const KeyPart& part : right.row.key) {
    if (part.column >= 0) continue;
    auto report = context_.reporter.report(diag::TableKeyLost{.relation = name, .key = part.text});
    report.at(node.relation.span, "is met by its key");
    if (!right.row.relation_span.empty()) report.also(right.row.relation_span, "a table without its key");
    report.note("keep `" + part.text + "` in its row");
    return false;
  }
  if (options.max_age_span) {
    context_.reporter.report(diag::AgeOfMadeTable{.relation = name})
        .at(*options.max_age_span, "a version is as old as the last change of what is read of it")
        .also(right.row.relation_span, "a table that a step makes")
        .note("keep a time in its row, as in `newest: max(at)`, and compare it in `on`");
    sound = false;
  }
  return sound;
}

bool FlowChecker::joins_latest(const ast::Join& node, const RelationInfo& right, const JoinOptions& options,
                               typed::JoinStep& made, Span span) {
  if (right.row.open || right.id < 0) return false;
  const std::string name = path_text(node.relation.path);
  if (made.kind == typed::JoinKind::interval) {
    context_.reporter.report(diag::LatestOfStream{.relation = name})
        .at(cover(context_.word(span, "join"), context_.word(span, "latest")), "the newest row of which key?")
        .also(right.row.relation_span, "a stream")
        .note("`join nearest` meets one row of a range in time; `last per k retain forever` in a view makes a table")
        .note("a table has one row of each key");
    return false;
  }
  for (const auto& clause : {options.max_age_span, options.wait_span}) {
    if (!clause) continue;
    context_.reporter.report(diag::ClauseOfLatest{.clause = std::string(context_.text(*clause))})
        .at(*clause, "the row meets what is there when it comes")
        .note("a `join` without `latest` meets the version of the row's time, and waits for it");
    return false;
  }
  // Its changes come as they come, with a time or without.
  if (right.row.changes) made.kind = typed::JoinKind::as_of;
  made.latest = made.kind == typed::JoinKind::as_of;
  return true;
}

}  // namespace braid::checking
