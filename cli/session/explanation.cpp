#include "cli/session/explanation.h"

#include <map>

#include "cli/session/native.h"
#include "cli/session/topics.h"
#include "compiler/ast/print.h"
#include "compiler/plan/state_bound.h"
#include "mesh/lineage/graph.h"
#include "runtime/tasks/stages.h"

namespace braid::cli {
namespace {

/// How a job over a broker is cut. Its topics are not asked for: they are taken to have equally many partitions.
std::string stages_text(const Program& program) {
  std::map<int, int32_t> partitions;
  for (size_t source = 0; source < program.sources.size(); ++source) {
    if (program.sources[source].is_static()) continue;
    if (program.sources[source].binding.kind != "topic") return {};
    partitions[static_cast<int>(source)] = 1;
  }
  const std::string text = describe(split(program, partitions, "GROUP"));
  return text.empty() ? text : "\n" + text;
}

std::string time_text(int64_t us) {
  return us < 10'000 ? fmt::format("{} µs", us) : fmt::format("{:.1f} ms", us / 1e3);
}

std::string key_text(const typed::Relation& relation) {
  std::string text;
  for (const auto& path : relation.key) {
    text += text.empty() ? "" : ", ";
    const std::vector<Field>* row = &relation.row;
    for (size_t i = 0; i < path.size(); ++i) {
      text += (i ? "." : "") + (*row)[path[i]].name;
      row = &without_optional((*row)[path[i]].type)->fields;
    }
  }
  return text.empty() ? "none" : text;
}

/// Each product: what it is, then its steps with the bound on the state of each.
std::string summary(const Session& session, const driver::Compiled& compiled) {
  const typed::Project& project = session.project();
  const plan::Plan& plan = compiled.checked;
  std::string text;
  const bool labels = std::any_of(project.relations.begin(), project.relations.end(),
                                  [](const typed::Relation& each) { return !each.field_labels.empty(); });
  std::optional<mesh::Graph> graph;
  if (labels) graph.emplace(project);
  for (size_t product = 0; product < plan.products.size(); ++product) {
    const typed::Relation& relation = project.relations[plan.products[product]];
    if (product) text += "\n";
    text += fmt::format("product {} version {}\n", relation.qualified(), relation.version);
    text += fmt::format("  key    {}\n", key_text(relation));
    text += "  row    ";
    for (size_t i = 0; i < relation.row.size(); ++i)
      text += fmt::format("{}{}: {}", i ? ", " : "", relation.row[i].name, to_string(relation.row[i].type));
    text += "\n";
    if (graph)
      for (const typed::Declassification& one : graph->declassified(plan.products[product]))
        text += fmt::format("  declassified #{}: {}\n", one.label, one.because);
    for (size_t i = 0; i < plan.nodes.size(); ++i) {
      const plan::Node& node = plan.nodes[i];
      const auto& products = node.products;
      if (std::find(products.begin(), products.end(), static_cast<int>(product)) == products.end()) continue;
      const auto* project_node = std::get_if<plan::ProjectNode>(&node.content);
      static const std::set<std::string> kPlanned{"carry", "read", "align", "publish", "narrow", "finish"};
      if (project_node && kPlanned.count(project_node->word)) continue;
      if (std::holds_alternative<plan::PublishNode>(node.content)) continue;
      text += fmt::format("  {:>4}   {}\n", i, node.text);
      if (const std::string bound = plan::state_bound(plan, static_cast<int>(i), project); !bound.empty())
        text += "           state: " + bound + "\n";
      if (const auto* lookup = std::get_if<plan::LookupNode>(&node.content)) {
        const typed::Service& service = project.services[static_cast<size_t>(lookup->step.service)];
        text += fmt::format("           asks: {} {}, whose answers are recorded; {} at once, {} attempts of {}\n",
                            service.from.kind, service.qualified(), service.parallel, service.retries + 1,
                            to_literal(duration_type(), Value{service.timeout_us}));
      }
      if (const auto* source = std::get_if<plan::SourceNode>(&node.content)) {
        const typed::Relation& declared = project.relations[source->relation];
        if (declared.has_time)
          text += fmt::format("           watermark: {} behind the latest time of each partition\n",
                              to_literal(duration_type(), Value{declared.within_us}));
        if (declared.source->idle_advances)
          text += fmt::format("           idle: after {} its time goes on by the clock, which is recorded\n",
                              to_literal(duration_type(), Value{*declared.source->idle_us}));
        std::string fields;
        for (const Field& field : node.row) {
          const bool arrival = field.name == typed::kArrival;
          if (arrival) text += "           arrival: by the clock, which is recorded\n";
          fields += (fields.empty() ? "" : ", ") + (arrival                         ? "arrival_time()"
                                                    : field.name == typed::kHeaders ? "headers()"
                                                                                    : field.name);
        }
        text += "           reads: " + fields + "\n";
      }
    }
  }
  return text;
}

std::string timing_lines(const Session& session, const driver::Compiled& compiled) {
  std::string text = "\ntimes\n";
  for (const auto* times : {&session.times(), &compiled.times})
    for (const driver::StageTime& time : *times)
      text += fmt::format("  {:<18}{:>12}\n", time.stage, time_text(time.duration_us));
  for (const optimize::PassReport& pass : compiled.optimized.reports)
    text += fmt::format("  pass {:<13}{:>12}  {}\n", pass.name, time_text(pass.duration_us),
                        !pass.enabled  ? "off"
                        : pass.changes ? fmt::format("{} changes", pass.changes)
                                       : "");
  return text;
}

}  // namespace

Result<std::string> explain(Session& session, const std::string& stage, bool timings) {
  if (stage == "ast") {
    std::string text;
    for (const auto& script : session.scripts()) text += ast::print(*script);
    return text;
  }
  if (stage == "typed") return typed::print(session.project());
  driver::Compiled compiled = session.compile(session.chosen_products());
  std::string text;
  if (stage.empty()) {
    text = summary(session, compiled);
    if (session.environment().kafka && session.bind(compiled.program()))
      text += "\n" + topics_text(compiled.program(), session.output_topics(), session.environment()) +
              stages_text(compiled.program());
  } else if (stage == "plan")
    text = plan::print(compiled.checked, session.project());
  else if (stage == "optimized")
    text = plan::print(compiled.optimized.plan, session.project());
  else if (stage == "physical")
    text = plan::print(compiled.physical);
  else {
    const Result<std::string> dumped = dump_native(compiled, stage);
    if (!dumped.ok()) return dumped.error();
    text = *dumped;
  }
  if (timings) text += timing_lines(session, compiled);
  return text;
}

}  // namespace braid::cli
