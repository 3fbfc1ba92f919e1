#include <map>

#include "compiler/optimize/pass.h"
#include "compiler/plan/digest.h"

namespace braid::optimize {
namespace {

using plan::Node;

/// Only steps that neither fail nor write rows anywhere: a rejected row names its own product's step.
bool shareable(const Node& node) {
  if (const auto* keep = std::get_if<plan::KeepNode>(&node.content))
    return keep->port.empty() && keep->check.empty() && !keep->condition->can_fail;
  const auto* project = std::get_if<plan::ProjectNode>(&node.content);
  if (!project) return false;
  for (const auto& column : project->columns)
    if (column->can_fail) return false;
  return true;
}

std::string names(const std::vector<Field>& row) {
  std::string text;
  for (const Field& field : row) text += field.name + ";";
  return text;
}

}  // namespace

int share_subplans(plan::Plan& plan, const typed::Project& project) {
  std::map<std::string, int> known;
  std::vector<int> now(plan.nodes.size());
  std::vector<Node> nodes;
  int shared = 0;
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    Node node = plan.nodes[i];
    if (shareable(node)) {
      std::string key = plan::meaning(node, plan, project) + "|" + names(node.row);
      for (const int input : node.inputs) key += fmt::format("<{}>", now[input]);
      const auto [place, fresh] = known.emplace(key, static_cast<int>(nodes.size()));
      if (!fresh) {
        now[i] = place->second;
        ++shared;
        continue;
      }
    }
    for (int& input : node.inputs) input = now[input];
    now[i] = static_cast<int>(nodes.size());
    nodes.push_back(std::move(node));
  }
  plan.nodes = std::move(nodes);
  plan::annotate(plan);
  return shared;
}

}  // namespace braid::optimize
