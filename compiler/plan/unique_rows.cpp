#include "compiler/plan/unique_rows.h"

#include <algorithm>

namespace braid::plan {
namespace {

/// The column that the expression is, read as it is or converted from what was still checked: equal values stay equal,
/// and different ones different. −1: another expression.
int column_of(const typed::ExpressionRef& expression) {
  if (const auto* convert = std::get_if<typed::Convert>(&expression->node))
    return convert->conversion == typed::Conversion::checked_read ? column_of(convert->operand) : -1;
  const auto* column = std::get_if<typed::ColumnRead>(&expression->node);
  return column != nullptr ? column->index : -1;
}

/// `unique … within d` allows rows that are d apart.
int64_t apart_us(int64_t within_us) {
  return within_us == typed::kForever ? within_us : within_us - 1;
}

/// Where each column of the input stands in the row of the projection; sets that lose a column are lost.
std::vector<UniqueColumns> through(const ProjectNode& project, const std::vector<UniqueColumns>& sets) {
  std::vector<UniqueColumns> kept;
  for (const UniqueColumns& set : sets) {
    UniqueColumns moved{{}, set.apart_us};
    for (const int column : set.columns) {
      const auto place = std::find_if(project.columns.begin(), project.columns.end(),
                                      [&](const typed::ExpressionRef& each) { return column_of(each) == column; });
      if (place == project.columns.end()) break;
      moved.columns.push_back(static_cast<int>(place - project.columns.begin()));
    }
    if (moved.columns.size() == set.columns.size()) kept.push_back(std::move(moved));
  }
  return kept;
}

/// The window is a struct column behind keys and aggregates; it is never the key of a join as a whole, so what a window
/// makes is unique for those alone that join by the key within less than a window. Ends of a key's sessions are no less
/// than the gap apart.
std::vector<UniqueColumns> of_group(const GroupNode& group) {
  const int64_t apart = group.window.kind == typed::WindowKind::session ? group.window.gap_us : group.window.slide_us;
  if (!group.windowed || group.window.unit != typed::CalendarUnit::none || apart <= 1) return {};
  UniqueColumns keys{{}, apart - 1};
  for (size_t i = 0; i < group.keys.size(); ++i) keys.columns.push_back(static_cast<int>(i));
  return {std::move(keys)};
}

std::vector<UniqueColumns> of_source(const SourceNode& source, const typed::Project& project) {
  std::vector<UniqueColumns> sets;
  for (const typed::Unique& promise : project.relations[source.relation].uniques) {
    UniqueColumns set{{}, apart_us(promise.within_us)};
    for (const int field : promise.fields) {
      const auto place = std::find(source.fields.begin(), source.fields.end(), field);
      if (place == source.fields.end()) break;
      set.columns.push_back(static_cast<int>(place - source.fields.begin()));
    }
    if (set.columns.size() == promise.fields.size()) sets.push_back(std::move(set));
  }
  return sets;
}

/// How far the times of two right rows that meet one left row may lie apart; kForever: any distance.
int64_t reach_us(const typed::JoinStep& step) {
  int64_t reach = typed::kForever;
  if (step.lower_us && !step.upper_us) return reach;
  if (step.lower_us) return __builtin_sub_overflow(*step.upper_us, *step.lower_us, &reach) ? typed::kForever : reach;
  return __builtin_mul_overflow(step.retain_us.value_or(0), 2, &reach) ? typed::kForever : reach;
}

}  // namespace

std::vector<UniqueColumns> unique_columns(const Plan& plan, int index, const typed::Project& project) {
  const Node& node = plan.nodes[index];
  if (const auto* source = std::get_if<SourceNode>(&node.content)) return of_source(*source, project);
  if (const auto* group = std::get_if<GroupNode>(&node.content)) return of_group(*group);
  if (std::holds_alternative<TopNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
      std::holds_alternative<TableJoinNode>(node.content) || std::holds_alternative<NetNode>(node.content) ||
      std::holds_alternative<MatchNode>(node.content) || std::holds_alternative<UnnestNode>(node.content) ||
      std::holds_alternative<InWindowsNode>(node.content))
    return {};
  // Rows of two flows repeat one another; a re-timed flow and a join have times of their own.
  if (std::holds_alternative<UnionNode>(node.content)) return {};
  if (std::holds_alternative<PortNode>(node.content) || std::holds_alternative<TickNode>(node.content)) return {};
  std::vector<UniqueColumns> sets = unique_columns(plan, node.inputs[0], project);
  auto only_forever = [&] {
    std::erase_if(sets, [](const UniqueColumns& set) { return set.apart_us != typed::kForever; });
  };
  if (const auto* columns = std::get_if<ProjectNode>(&node.content)) return through(*columns, sets);
  if (std::holds_alternative<RetimeNode>(node.content)) only_forever();
  if (const auto* join = std::get_if<JoinNode>(&node.content)) {
    if (typed::by_index(join->step) && join->step.yield == typed::JoinYield::matches) return {};
    if (join->step.kind == typed::JoinKind::interval && join->step.yield == typed::JoinYield::matches) {
      if (!join->step.nearest && !join->meets_one) return {};
      only_forever();
    }
  }
  if (const auto* unique = std::get_if<UniqueNode>(&node.content))
    sets.push_back({unique->columns, apart_us(unique->within_us)});
  return sets;
}

void find_single_matches(Plan& plan, const typed::Project& project) {
  for (Node& node : plan.nodes) {
    auto* join = std::get_if<JoinNode>(&node.content);
    if (join == nullptr || join->step.kind != typed::JoinKind::interval || !typed::makes_pairs(join->step) ||
        join->step.right || join->step.upper)
      continue;
    const int64_t reach = reach_us(join->step);
    std::vector<int> keys;
    for (const typed::ExpressionRef& key : join->step.right_keys) keys.push_back(column_of(key));
    for (const UniqueColumns& set : unique_columns(plan, node.inputs[1], project))
      join->meets_one |= set.apart_us >= reach && std::all_of(set.columns.begin(), set.columns.end(), [&](int column) {
                           return std::find(keys.begin(), keys.end(), column) != keys.end();
                         });
  }
}

}  // namespace braid::plan
