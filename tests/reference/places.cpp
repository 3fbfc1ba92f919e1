// What settles ties of rows that come together: in a union those that steps have made go by the way that they come, and
// behind a product rows go by their partition, then by the relation that the product has them from.
#include <algorithm>

#include "tests/reference/run.h"

namespace braid::reference {

/// In how many ways rows that steps make come to a node.
int64_t Run::made_ways(int at) const {
  const plan::Node& node = plan_.nodes[static_cast<size_t>(at)];
  if (std::holds_alternative<plan::GroupNode>(node.content) || std::holds_alternative<plan::TopNode>(node.content) ||
      std::holds_alternative<plan::MatchNode>(node.content) || std::holds_alternative<plan::TickNode>(node.content) ||
      std::holds_alternative<plan::LatestNode>(node.content) ||
      std::holds_alternative<plan::TableJoinNode>(node.content))
    return 1;
  if (std::holds_alternative<plan::PublishNode>(node.content) || std::holds_alternative<plan::PortNode>(node.content))
    return 0;
  int64_t ways = 0;
  for (const int input : node.inputs)
    ways = std::holds_alternative<plan::UnionNode>(node.content) ? ways + made_ways(input)
                                                                 : std::max(ways, made_ways(input));
  return ways;
}

/// The relations of the records that come into the flow which ends at `at`, in the order in which it reads them.
void Run::note_relations(int at, std::vector<int64_t>& found) const {
  const plan::Node& node = plan_.nodes[static_cast<size_t>(at)];
  const auto products = static_cast<int64_t>(relation_names_.size() - plan_.products.size());
  int64_t relation = -1;
  if (source_ordinal_[static_cast<size_t>(at)] >= 0) relation = source_ordinal_[static_cast<size_t>(at)];
  if (const auto* publish = std::get_if<plan::PublishNode>(&node.content)) relation = products + publish->product;
  if (const auto* port = std::get_if<plan::PortNode>(&node.content)) relation = products + port->product;
  if (relation >= 0) {
    if (std::find(found.begin(), found.end(), relation) == found.end()) found.push_back(relation);
    return;
  }
  for (const int input : node.inputs) note_relations(input, found);
}

void Run::place_behind(int product, Row& row) {
  std::vector<int64_t>& relations = read_by_[product];
  if (relations.empty()) {
    for (size_t at = 0; at < plan_.nodes.size(); ++at)
      if (const auto* publish = std::get_if<plan::PublishNode>(&plan_.nodes[at].content);
          publish != nullptr && publish->product == product)
        note_relations(plan_.nodes[at].inputs[0], relations);
    relations.push_back(made_rows());  // behind the others
  }
  const int64_t relation = row.cause.has_origin ? row.place[0] : made_rows();
  const int64_t way = std::find(relations.begin(), relations.end(), relation) - relations.begin();
  row.place[0] = static_cast<int64_t>(relation_names_.size() - plan_.products.size()) + product;
  if (row.cause.has_origin) {
    row.place.insert(row.place.begin() + 2, way);
    ++row.of_record;
  } else {
    row.place.insert(row.place.begin() + 1, {0, way});
    row.of_record += 2;
  }
}

}  // namespace braid::reference
