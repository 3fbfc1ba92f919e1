// A stream joined with a table that a step makes: a row meets what the table was at the row's time. And with the newest
// version of a table, which is the exception.
#include <algorithm>

#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/derived_findings.h"

namespace braid::checking {
namespace {

/// Whether such a step is among what makes the table.
bool makes(const typed::Project& project, typed::RelationId id, bool (*is_one)(const typed::Step&)) {
  const auto is_or_reads_one = [&](const typed::Step& step) {
    const auto* from = std::get_if<typed::FromStep>(&step.content);
    const auto* join = std::get_if<typed::TableJoinStep>(&step.content);
    const typed::RelationId read = from != nullptr ? from->relation : join != nullptr ? join->relation : -1;
    return is_one(step) || (read >= 0 && project.relations[read].changes && makes(project, read, is_one));
  };
  const std::vector<typed::Step>& steps = project.relations[id].steps;
  return std::any_of(steps.begin(), steps.end(), is_or_reads_one);
}

bool joins_tables(const typed::Step& step) {
  return std::holds_alternative<typed::TableJoinStep>(step.content);
}

bool forgets_keys(const typed::Step& step) {
  const auto* group = std::get_if<typed::GroupStep>(&step.content);
  const auto* top = std::get_if<typed::TopStep>(&step.content);
  const auto* latest = std::get_if<typed::LatestStep>(&step.content);
  return (group != nullptr && group->retain_us != typed::kForever) ||
         (top != nullptr && top->retain_us != typed::kForever) ||
         (latest != nullptr && latest->retain_us != typed::kForever);
}

bool changes_windows(const typed::Step& step) {
  const auto* group = std::get_if<typed::GroupStep>(&step.content);
  const auto* top = std::get_if<typed::TopStep>(&step.content);
  return (group != nullptr && group->windowed && group->changes) || (top != nullptr && top->windowed && top->changes);
}

}  // namespace

bool FlowChecker::has_history(const ast::Join& node, const RelationInfo& right, const JoinOptions& options) {
  const std::string name = path_text(node.relation.path);
  bool sound = right.id >= 0 && !right.row.open;
  if (sound && !right.row.has_time) {
    context_.not_yet(node.relation.span, "a stream joined with a table that is made of one without `time`",
                     "`time … within …` in the header of that table gives its rows a history");
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
  if (options.wait_span) {
    context_.not_yet(*options.wait_span, "`wait at most` with a table that a step makes",
                     "leave it out: the row waits for the time of what makes the table");
    sound = false;
  }
  if (sound && makes(context_.project, right.id, forgets_keys)) {
    context_.not_yet(node.relation.span, "a stream joined with a table that a step with `retain` and a length makes",
                     "`retain forever`; `on` may compare a time of the table's row");
    sound = false;
  }
  if (sound && makes(context_.project, right.id, changes_windows)) {
    context_.not_yet(node.relation.span, "a stream joined with windows that emit changes",
                     "`last per` over the final rows of the windows makes a table");
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
  if (right.row.changes && makes(context_.project, right.id, joins_tables)) {
    context_.not_yet(node.relation.span, "`join latest` with a join of tables",
                     "`join` meets what it was at the row's time");
    return false;
  }
  made.latest = made.kind == typed::JoinKind::as_of;
  return true;
}

}  // namespace braid::checking
