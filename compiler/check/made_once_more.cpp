// Views that are made once more, with a field that some reader asks for: the event time of rows of a table
// (row_times.cpp), or how records came (arrival.cpp). A product that reads a view both ways would have what leaves it
// by a port twice. So such a view is made once, with all that is asked for, and its forms are what they show of that.
#include "compiler/check/flow.h"
#include "runtime/base/check.h"
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

/// The relations whose rows are computed for the flow: views and tables that are products, and what they read, up to
/// streams that are published, and sources.
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
    const bool inlined = relation.kind == typed::RelationKind::view || relation.changes;
    if (inlined && found.insert(read).second) find_inlined(project, relation, found);
  }
}

/// All that has been made of the view.
std::vector<RelationInfo*> forms_of(Context& context, typed::RelationId view) {
  std::vector<RelationInfo*> forms;
  const auto add = [&](RelationInfo& again) {
    if (again.id >= 0) forms.push_back(&again);
  };
  typed::RelationId with_time = -1;
  if (const auto timed = context.timed.find(view); timed != context.timed.end()) {
    with_time = timed->second.id;
    add(timed->second);
  }
  for (auto& [of, again] : context.came)
    if (std::get<0>(of) == view || (with_time >= 0 && std::get<0>(of) == with_time)) add(again);
  return forms;
}

}  // namespace

void FlowChecker::leaves_by_ports_once() {
  if (made_.kind != typed::RelationKind::product || keeps_time_ || (context_.timed.empty() && context_.came.empty()))
    return;
  std::set<typed::RelationId> views;
  for (const auto& [of, again] : context_.came) views.insert(std::get<0>(of));
  for (const auto& [view, again] : context_.timed) {
    views.erase(again.id);  // a form itself
    views.insert(view);
  }
  for (const typed::RelationId view : views) {
    // One form may read another by now.
    std::set<typed::RelationId> inlined, with_port;
    find_inlined(context_.project, made_, inlined);
    const auto note = [&](typed::RelationId form) {
      if (inlined.contains(form) && has_port(context_.project.relations[static_cast<size_t>(form)]))
        with_port.insert(form);
    };
    note(view);
    for (const RelationInfo* form : forms_of(context_, view)) note(form->id);
    if (const auto all = context_.whole_forms.find(view); all != context_.whole_forms.end())
      note(all->second.back().id);
    if (with_port.size() > 1) make_one_form(view);
  }
}

void FlowChecker::make_one_form(typed::RelationId view) {
  auto forms = forms_of(context_, view);
  RelationInfo& whole = context_.whole_forms[view].emplace_back();
  whole.declaration = forms.front()->declaration;
  const size_t findings = context_.reporter.size();
  FlowChecker checker(context_, whole);
  for (const RelationInfo* form : forms) {
    checker.keeps_time_ |= form->row.find(kRowTime) >= 0;
    checker.keeps_arrival_ |= form->row.find(kCameAt) >= 0;
    checker.keeps_headers_ |= form->row.find(kCameWith) >= 0;
  }
  checker.run_declared();
  context_.reporter.truncate(findings);  // what it has to say it has said
  whole.state = RelationInfo::State::done;
  // Its steps are those of the view, for whoever reads that. Each form judges the rows for itself.
  typed::Relation& made = context_.project.relations[static_cast<size_t>(whole.id)];
  made.name = context_.project.relations[static_cast<size_t>(view)].name;
  made.checks.clear();
  std::vector<typed::RelationId> read{view};
  for (const RelationInfo* form : forms) read.push_back(form->id);
  for (const typed::RelationId id : read) {
    const std::vector<Field> all = context_.project.relations[static_cast<size_t>(whole.id)].row;
    typed::Relation& form = context_.project.relations[static_cast<size_t>(id)];
    const std::string text = "from " + form.name;
    typed::ProjectStep shown{"drop", {}};
    for (const Field& field : form.row) {
      const int column = find_field(all, field.name);
      BRAID_CHECK(column >= 0, "a view without a field that it has");
      shown.columns.push_back(typed::make(field.type, form.span, typed::ColumnRead{column}));
    }
    form.retimed = false;  // its rows are
    form.steps.clear();
    form.steps.push_back({.content = typed::FromStep{whole.id}, .row = all, .span = form.span, .text = text});
    form.steps.push_back({.content = std::move(shown), .row = form.row, .span = form.span, .text = text});
  }
}

}  // namespace braid::checking
