// Views that are made once more, with a field that some reader asks for: the event time of rows of a table
// (row_times.cpp), or how records came (arrival.cpp). A product that reads a view both ways has what leaves it by a
// port twice, unless no port is there.
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"

namespace braid::checking {
namespace {

bool has_port(const typed::Relation& flow) {
  return std::any_of(flow.steps.begin(), flow.steps.end(), [](const typed::Step& step) {
    const auto* where = std::get_if<typed::WhereStep>(&step.content);
    const auto* join = std::get_if<typed::JoinStep>(&step.content);
    const auto* lookup = std::get_if<typed::LookupStep>(&step.content);
    return (where != nullptr && !where->port.empty()) || (join != nullptr && !join->port.empty()) ||
           (lookup != nullptr && !lookup->port.empty());
  });
}

/// The relations whose rows are computed for the flow: views, and what they read, up to products and sources.
void find_inlined(const typed::Project& project, const typed::Relation& flow, std::set<typed::RelationId>& found) {
  for (const typed::Step& step : flow.steps) {
    const typed::RelationId read = std::visit(
        Overloaded{[](const typed::FromStep& from) { return from.port.empty() ? from.relation : -1; },
                   [](const typed::UnionStep& other) { return other.relation; },
                   [](const typed::JoinStep& join) { return join.relation; },
                   [](const typed::TableJoinStep& join) { return join.relation; }, [](const auto&) { return -1; }},
        step.content);
    if (read < 0) continue;
    const typed::Relation& relation = project.relations[static_cast<size_t>(read)];
    if (relation.kind == typed::RelationKind::view && found.insert(read).second) find_inlined(project, relation, found);
  }
}

}  // namespace

void FlowChecker::leaves_by_ports_once() {
  if (made_.kind != typed::RelationKind::product || (context_.timed.empty() && context_.came.empty())) return;
  std::set<typed::RelationId> inlined;
  find_inlined(context_.project, made_, inlined);
  std::map<typed::RelationId, int> ways;
  const auto note = [&](typed::RelationId view, const RelationInfo& again) {
    if (again.id < 0 || !inlined.contains(again.id)) return;
    ++ways.try_emplace(view, inlined.contains(view) ? 1 : 0).first->second;
  };
  for (const auto& [view, again] : context_.timed) note(view, again);
  for (const auto& [view, again] : context_.came) note(std::get<0>(view), again);
  for (const auto& [view, count] : ways) {
    const typed::Relation& relation = context_.project.relations[static_cast<size_t>(view)];
    if (count < 2 || !has_port(relation)) continue;
    context_.not_yet(made_.span,
                     "`event_time()`, `arrival_time()` or `headers()` of rows of `" + relation.name +
                         "`, which has a port, beside its rows without that",
                     "a `let` in the view gives it a name that all its readers have");
    return;
  }
}

}  // namespace braid::checking
