#include <algorithm>

#include "compiler/plan/builder.h"

namespace braid::plan {

bool Builder::makes_table(const typed::Step& step) {
  const auto* group = std::get_if<typed::GroupStep>(&step.content);
  const auto* top = std::get_if<typed::TopStep>(&step.content);
  const auto* united = std::get_if<typed::UnionStep>(&step.content);
  return (group != nullptr && (!group->windowed || group->changes)) ||
         (top != nullptr && (!top->windowed || top->changes)) || (united != nullptr && united->of_tables) ||
         std::holds_alternative<typed::LatestStep>(step.content) ||
         std::holds_alternative<typed::TableJoinStep>(step.content);
}

Builder::Beginning Builder::beginning(typed::RelationId id) {
  if (const auto known = beginnings_.find(id); known != beginnings_.end()) return known->second;
  const typed::Relation& relation = project_.relations[id];
  const bool versions = reads_table(relation);
  Beginning made;
  for (; made.steps < relation.steps.size() && !makes_table(relation.steps[made.steps]); ++made.steps) {
    versions_ = versions;  // a relation read on the way has set it for itself
    made.at = step(made.at, relation.steps[made.steps], relation);
  }
  return beginnings_[id] = made;
}

int Builder::history(typed::RelationId id) {
  const typed::Relation& relation = project_.relations[id];
  if (!relation.changes) return this->relation(id);
  if (relation.kind == typed::RelationKind::product) this->relation(id);  // it goes out all the same
  if (const auto known = histories_.find(id); known != histories_.end()) return known->second;
  const auto* read = std::get_if<typed::FromStep>(&relation.steps.front().content);
  const typed::RelationId first = read != nullptr ? read->relation : -1;
  // Ports of a table are streams, its changes too.
  const bool of_changes = read != nullptr && read->port.empty() && project_.relations[first].changes;
  const Beginning begun = of_changes ? Beginning{history(first), 1} : beginning(id);
  int at = begun.at;
  bool versions = of_changes ? retracted_column(row(at)) < 0 : reads_table(relation);
  if (of_changes && versions && std::any_of(relation.steps.begin(), relation.steps.end(), makes_table)) {
    const typed::Step& from = relation.steps.front();
    at = newest_by_time(at, project_.relations[first], relation.name + ": " + from.text, from);
    versions = false;
  }
  for (size_t i = begun.steps; i < relation.steps.size(); ++i) {
    const typed::Step& step = relation.steps[i];
    // `emit every` says when changes go out, not what they are.
    if (std::holds_alternative<typed::EmitStep>(step.content)) continue;
    if (!makes_table(step)) {
      versions_ = versions;
      at = this->step(at, step, relation);
      continue;
    }
    const auto* join = std::get_if<typed::TableJoinStep>(&step.content);
    const auto* united = std::get_if<typed::UnionStep>(&step.content);
    if (join != nullptr)
      history(join->relation);
    else if (united != nullptr)
      history(united->relation);
    else
      at = instants(at, {versions, keys_of(step, row(at).size())}, relation.name + ": " + step.text, step);
    const size_t made = plan_.nodes.size();
    versions_ = versions;
    by_time_ = true;
    at = join != nullptr     ? join_tables(at, *join, step, relation, true)
         : united != nullptr ? unite_tables(at, *united, step, relation, true)
                             : this->step(at, step, relation);
    by_time_ = false;
    for (size_t node = made; node < plan_.nodes.size(); ++node)
      if (!plan_.nodes[node].state.label.empty()) plan_.nodes[node].state.label += ", by time";
    versions = false;
  }
  if (relation.kind == typed::RelationKind::product)
    at = read_all(at, "read", "product " + relation.name, relation.span);
  for (const typed::Check& check : relation.checks)
    if (check.otherwise != typed::Check::Otherwise::alert) at = keep_checked(at, check);
  return histories_[id] = at;
}

std::vector<ExpressionRef> Builder::keys_of(const typed::Step& step, size_t columns) {
  std::vector<ExpressionRef> keys;
  if (const auto* group = std::get_if<typed::GroupStep>(&step.content))
    keys = group->keys;
  else if (const auto* top = std::get_if<typed::TopStep>(&step.content))
    keys = top->keys;
  else
    keys = std::get<typed::LatestStep>(step.content).keys;
  // The window is no column yet.
  std::erase_if(keys, [&](const ExpressionRef& key) {
    const std::vector<int> read = typed::columns_read(key);
    return std::any_of(read.begin(), read.end(), [&](int column) { return column >= static_cast<int>(columns); });
  });
  return keys;
}

int Builder::instants(int at, InstantsNode made, std::string label, const typed::Step& step) {
  at = carry(at, step.text, step.span);
  for (ExpressionRef& key : made.keys) key = reading(key, row(at));
  Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  node.state.label = std::move(label) + ", rows by time";
  return add(std::move(node));
}

int Builder::newest_by_time(int at, const typed::Relation& table, const std::string& label, const typed::Step& step) {
  std::vector<ExpressionRef> keys = table_key(at, table, step.span);
  at = instants(at, {true, keys}, label, step);
  return latest(at, std::move(keys), true, label, step.text, step.span);
}

}  // namespace braid::plan
