#include "tests/reference/ways.h"

#include <algorithm>
#include <optional>

namespace braid::reference {

Ways::Ways(const plan::Plan& plan, size_t sources) : plan_(plan), sources_(sources) {
  for (size_t end = 0; end < plan.nodes.size(); ++end) {
    const auto* publish = std::get_if<plan::PublishNode>(&plan.nodes[end].content);
    if (publish == nullptr) continue;
    std::vector<Edge> way;
    std::set<int> seen;
    std::map<uint32_t, std::set<Edge>> ways;
    find(static_cast<int>(end), way, seen, ways);
    for (const auto& [relation, first] : ways) {
      std::set<int> passed;
      for (const auto& [node, which] : first)
        passed.insert(plan.nodes[static_cast<size_t>(node)].inputs[static_cast<size_t>(which)]);
      for (size_t node = 0; node < plan.nodes.size(); ++node) {
        const plan::Node& reader = plan.nodes[node];
        if (std::ranges::count(reader.products, publish->product) == 0) continue;
        if (std::holds_alternative<plan::PortNode>(reader.content)) continue;  // it has rows of its own
        for (size_t which = 0; which < reader.inputs.size(); ++which) {
          const Edge edge{static_cast<int>(node), static_cast<int>(which)};
          if (passed.contains(reader.inputs[which]) && !first.contains(edge))
            others_[edge][relation].insert(publish->product);
        }
      }
    }
  }
}

void Ways::find(int node, std::vector<Edge>& way, std::set<int>& seen, std::map<uint32_t, std::set<Edge>>& ways) const {
  const std::vector<int>& inputs = plan_.nodes[static_cast<size_t>(node)].inputs;
  for (size_t which = 0; which < inputs.size(); ++which) {
    if (!seen.insert(inputs[which]).second) continue;
    way.emplace_back(node, static_cast<int>(which));
    const auto& content = plan_.nodes[static_cast<size_t>(inputs[which])].content;
    std::optional<size_t> begins;
    if (std::holds_alternative<plan::SourceNode>(content)) {
      begins = 0;
      for (int before = 0; before < inputs[which]; ++before)
        if (std::holds_alternative<plan::SourceNode>(plan_.nodes[static_cast<size_t>(before)].content)) ++*begins;
    } else if (const auto* publish = std::get_if<plan::PublishNode>(&content)) {
      begins = sources_ + static_cast<size_t>(publish->product);
    } else if (const auto* port = std::get_if<plan::PortNode>(&content)) {
      begins = sources_ + static_cast<size_t>(port->product);
    }
    if (begins)
      ways[static_cast<uint32_t>(*begins)].insert(way.begin(), way.end());
    else if (!std::holds_alternative<plan::TickNode>(content))  // it looks at the time of records alone
      find(inputs[which], way, seen, ways);
    way.pop_back();
  }
}

const std::set<int>& Ways::others(int node, int which, uint32_t relation) const {
  static const std::set<int> kNone;
  const auto edge = others_.find({node, which});
  if (edge == others_.end()) return kNone;
  const auto found = edge->second.find(relation);
  return found == edge->second.end() ? kNone : found->second;
}

}  // namespace braid::reference
