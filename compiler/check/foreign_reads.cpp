#include "compiler/check/foreign_reads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/check/constants.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/access_findings.h"

namespace braid::checking {

RelationInfo& seen_by(Context& context, RelationInfo& info, const access::Subject& subject) {
  if (info.id < 0 || info.row.open) return info;
  const typed::Relation relation = context.project.relations[static_cast<size_t>(info.id)];
  access::ReadPlan plan = access::read_plan(relation, subject);
  if (plan.whole()) return info;
  const std::string reader = access::subject_text(subject);
  const auto [at, fresh] = context.eyes.try_emplace({info.id, reader});
  RelationInfo& seen = at->second;
  if (!fresh) return seen;
  seen = info;
  if (!plan.masks.empty())
    seen.row.without_record = {WithoutRecord::Why::masked, relation.name, info.declaration->name.span};
  seen.ports.clear();
  seen.port_rows.clear();
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = relation.domain;
  made.name = relation.name + " as " + reader;
  made.version = relation.version;
  made.row = relation.row;
  made.key = relation.key;
  if (info.row.table && !relation.changes) made.version_key = relation.key;
  made.has_time = relation.has_time;
  made.time_field = info.row.time_field;
  made.changes = relation.changes;
  made.span = relation.span;
  made.eyes_of = info.id;
  made.row.resize(info.row.fields.size());  // a source's time inside a struct is no field of readers
  const std::string text = "from " + relation.name;
  made.steps.push_back({.content = typed::FromStep{info.id}, .row = made.row, .span = relation.span, .text = text});
  if (plan.refused) {
    plan = {};
    plan.filter = typed::make(bool_type(), relation.span, typed::Constant{Value{false}});
  }
  for (typed::Step& step : access::read_steps(relation, plan)) {
    step.row = made.row;
    if (auto* project = std::get_if<typed::ProjectStep>(&step.content)) project->columns.resize(made.row.size());
    made.steps.push_back(std::move(step));
  }
  seen.id = static_cast<int>(context.project.relations.size());
  context.project.relations.push_back(std::move(made));
  return seen;
}

RelationInfo& read_from_domain(Context& context, RelationInfo& info, const Domain& domain, const std::string& purpose,
                               Span place) {
  const Declaration& declaration = *info.declaration;
  if (declaration.domain == &domain || info.id < 0 || info.row.open) return info;
  const typed::Relation& relation = context.project.relations[static_cast<size_t>(info.id)];
  const access::Subject subject{.domain = domain.name, .roles = {}, .user = {}, .purpose = purpose};
  if (!access::read_plan(relation, subject).refused) {
    typed::StatedPurpose stated{domain.name, info.id, purpose};
    std::vector<typed::StatedPurpose>& all = context.project.purposes;
    if (!purpose.empty() && std::ranges::find(all, stated) == all.end()) all.push_back(std::move(stated));
    return seen_by(context, info, subject);
  }
  auto report = context.reporter.report(diag::ReadRefused{.reader = domain.name, .relation = relation.qualified()});
  report.at(place, "closed to other domains, until its owner allows them");
  report.also(declaration.name.span, "declared here");
  std::set<std::string> purposes;
  for (const typed::AllowRule& rule : relation.access.allows)
    for (const typed::Principal& reader : rule.readers)
      if (access::names(reader, subject)) purposes.insert(rule.purposes.begin(), rule.purposes.end());
  report.note("its owner writes `allow read to domain " + domain.name + "` in the header of `" + relation.name +
              "`; until then `braid access request " + relation.qualified() + " --purpose …` asks for it");
  if (!purposes.empty())
    report.note(fmt::format("it is allowed for purpose {}, and the flow {}: `use {} for purpose {}` states it",
                            fmt::join(purposes, ", "), purpose.empty() ? "states none" : "states " + purpose,
                            relation.qualified(), *purposes.begin()));
  return info;
}

bool may_read_port(Context& context, const Declaration& declaration, const ast::Name& port, const Domain& domain,
                   const std::string& purpose, Span place) {
  if (declaration.domain == &domain) return true;
  const RelationInfo& info = context.relations[static_cast<size_t>(declaration.index)];
  if (info.id < 0) return true;
  const typed::Relation& relation = context.project.relations[static_cast<size_t>(info.id)];
  if (port.text == "changes" &&
      access::read_plan(relation, {.domain = domain.name, .roles = {}, .user = {}, .purpose = purpose}).whole())
    return true;
  context.reporter
      .report(diag::PortRefused{.relation = relation.qualified(), .port = port.text, .owner = declaration.domain->name})
      .at(place, "its rows are not those that the product shows")
      .also(declaration.name.span, "declared here")
      .note("a product of `" + declaration.domain->name +
            "` that reads the port can show what others may see, with `allow read to domain " + domain.name + "`");
  return false;
}

bool reads_another_domain(const Context& context, const typed::Relation& relation) {
  const auto foreign = [&](typed::RelationId id) {
    if (id < 0) return false;
    const typed::Relation& read = context.project.relations[static_cast<size_t>(id)];
    if (read.hides_records) return true;
    // A source that is open to the domain shows its records; what its owner filters, masks or makes does not.
    return read.domain != relation.domain && (read.eyes_of >= 0 || read.kind == typed::RelationKind::product);
  };
  return std::any_of(relation.steps.begin(), relation.steps.end(), [&](const typed::Step& step) {
    return std::visit(Overloaded{[&](const typed::FromStep& from) { return foreign(from.relation); },
                                 [&](const typed::UnionStep& other) { return foreign(other.relation); },
                                 [&](const typed::JoinStep& join) { return foreign(join.relation); },
                                 [&](const typed::TableJoinStep& join) { return foreign(join.relation); },
                                 [](const auto&) { return false; }},
                      step.content);
  });
}

}  // namespace braid::checking
