#include "compiler/plan/verify.h"

#include "runtime/base/check.h"

namespace braid::plan {
namespace {

class Verifier {
 public:
  Verifier(const Plan& plan, std::string_view after) : plan_(plan), after_(after) {}

  void run() {
    for (size_t i = 0; i < plan_.nodes.size(); ++i) {
      const Node& node = plan_.nodes[i];
      for (const int input : node.inputs) holds(input >= 0 && input < static_cast<int>(i), "an input stands behind");
      std::visit([&](const auto& content) { check(node, content); }, node.content);
      if (stateful(node)) holds(node.state.identity != 0 || plan_.id == 0, "a stateful node without identity");
    }
  }

 private:
  void holds(bool condition, std::string_view what) const {
    BRAID_CHECK(condition, fmt::format("after {}: {}", after_, what));
  }
  const std::vector<Field>& row(const Node& node, int input) const { return plan_.nodes[node.inputs[input]].row; }

  void same_row(const Node& node) const {
    const auto& input = row(node, 0);
    holds(node.row.size() == input.size(), "a row that should pass changes");
    for (size_t i = 0; i < input.size(); ++i)
      holds(same(node.row[i].type, input[i].type), "a column that should pass changes its type");
  }
  void expression(const typed::ExpressionRef& expression, const std::vector<Field>& row) const {
    if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) {
      holds(column->index >= 0 && column->index < static_cast<int>(row.size()), "a column that is not there");
      holds(same(expression->type, row[column->index].type), "a column read with another type than it has");
    }
    for (const typed::ExpressionRef& part : typed::parts(*expression)) this->expression(part, row);
  }
  void condition(const typed::ExpressionRef& condition, const std::vector<Field>& row) const {
    holds(is(condition->type, TypeKind::boolean), "a condition that is no bool");
    expression(condition, row);
  }

  void check(const Node& node, const SourceNode& source) const {
    holds(node.inputs.empty() && source.fields.size() == node.row.size(), "a source whose row is not its fields");
  }
  void check(const Node& node, const TickNode& ticks) const {
    holds(ticks.every_us > 0 && node.row.size() == 1 && is(node.row[0].type, TypeKind::timestamp), "ticks of no time");
    for (const int input : node.inputs)
      holds(std::holds_alternative<SourceNode>(plan_.nodes[input].content), "ticks that something else moves");
  }
  void check(const Node& node, const KeepNode& keep) const {
    same_row(node);
    condition(keep.condition, row(node, 0));
  }
  void check(const Node& node, const ProjectNode& project) const {
    holds(project.columns.size() == node.row.size(), "a projection whose row is not its columns");
    for (size_t i = 0; i < project.columns.size(); ++i) {
      expression(project.columns[i], row(node, 0));
      holds(same(project.columns[i]->type, node.row[i].type), "a projected column with another type than its field");
    }
  }
  void check(const Node& node, const UnionNode&) const {
    for (size_t i = 0; i < node.inputs.size(); ++i)
      for (size_t c = 0; c < node.row.size(); ++c)
        holds(row(node, i).size() == node.row.size() && same(row(node, i)[c].type, node.row[c].type),
              "a union of unequal rows");
  }
  void check(const Node& node, const JoinNode& join) const {
    const auto& left = row(node, 0);
    const auto& right = row(node, 1);
    holds(node.row.size() == left.size() + 1, "a join that does not add one field");
    holds(same(without_optional(node.row.back().type), struct_type(joined_fields(right))),
          "a join whose struct is not the right row");
    holds(is_optional(node.row.back().type) == join.step.left, "a left join without optional side");
    for (size_t i = 0; join.step.right && i < left.size(); ++i)
      holds(is_optional(left[i].type), "a right join without optional side");
    if (join.step.upper) expression(join.step.upper, left);
    holds(join.step.left_keys.size() == join.step.right_keys.size(), "a join with unpaired keys");
    for (size_t i = 0; i < join.step.left_keys.size(); ++i) {
      expression(join.step.left_keys[i], left);
      expression(join.step.right_keys[i], right);
      holds(same(without_optional(join.step.left_keys[i]->type), without_optional(join.step.right_keys[i]->type)),
            "join keys of unequal types");
    }
    if (join.right_filter) condition(join.right_filter, right);
    holds(typed::by_index(join.step) != join.table_key.empty(), "a join by index without the table's key");
    for (const auto& key : join.table_key) expression(key, right);
    if (!join.step.residual) return;
    condition(join.step.residual, condition_row(left, right, join.step.alias));
  }
  void check(const Node& node, const GroupNode& group) const {
    holds(node.row.size() == group.keys.size() + group.aggregates.size() + (changes_sessions(group) ? 2 : 1),
          "a group whose row is not its results");
    holds(group.windowed != (retracted_column(node.row) >= 0), "a group without window whose rows are no changes");
    holds((!group.windowed && !changes_sessions(group)) || retracted_column(row(node, 0)) < 0, "a window over changes");
    holds(group.window_key < static_cast<int>(group.keys.size()) && (!group.windowed || group.window_key < 0),
          "a window that is no key");
    for (const auto& key : group.keys) expression(key, row(node, 0));
    for (const auto& aggregate : group.aggregates)
      for (const auto& part : {aggregate.argument, aggregate.by, aggregate.filter})
        if (part) expression(part, row(node, 0));
  }
  void check(const Node& node, const TopNode& top) const {
    const typed::TopStep& step = top.step;
    const auto& before = row(node, 0);
    const size_t carried = before.size() - (retracted_column(before) >= 0 ? 1 : 0);
    holds(step.windowed != (retracted_column(node.row) >= 0), "a `top` without window whose rows are no changes");
    holds((!step.windowed && !changes_sessions(top)) || retracted_column(before) < 0, "a window over changes");
    holds(node.row.size() == carried + (step.adds_window ? 1 : 0) + (step.numbered ? 1 : 0) + (step.windowed ? 0 : 1),
          "a `top` whose row is not that before it and what it adds");
    for (size_t i = 0; i < carried; ++i)
      holds(same(node.row[i].type, before[i].type), "a column that should pass changes its type");
    for (const auto& key : step.keys) expression(key, before);
    for (const auto& order : step.orders) expression(order.value, before);
  }
  void check(const Node& node, const RunningNode& running) const {
    const auto& before = row(node, 0);
    const typed::RunningStep& step = running.step;
    holds(node.row.size() == before.size() + step.aggregates.size(), "a `running` whose row is not its results");
    for (size_t i = 0; i < before.size(); ++i)
      holds(same(node.row[i].type, before[i].type), "a column that should pass changes its type");
    for (const auto& key : step.keys) expression(key, before);
    for (const auto& aggregate : step.aggregates)
      for (const auto& part : {aggregate.argument, aggregate.by, aggregate.filter})
        if (part) expression(part, before);
  }
  void check(const Node& node, const LatestNode& latest) const {
    holds(retracted_column(node.row) >= 0 && retracted_column(row(node, 0)) < 0, "newest rows that are no changes");
    for (const auto& key : latest.keys) expression(key, row(node, 0));
  }
  void check(const Node& node, const MovesNode& moves) const {
    same_row(node);
    const auto& before = row(node, 0);
    holds(deleted_column(before) >= 0 && before[before.size() - 2].name == kMove, "moves without their marks");
    holds(moves.first >= 0 && moves.first + moves.count + 2 == static_cast<int>(before.size()),
          "moves without columns");
    for (const auto& key : moves.keys) expression(key, before);
  }
  void check(const Node& node, const TableJoinNode& join) const {
    const auto &left = row(node, 0), &right = row(node, 1);
    holds(retracted_column(left) >= 0 && retracted_column(right) >= 0, "tables joined that are no changes");
    holds(node.row.size() == left.size() + 1 && retracted_column(node.row) >= 0, "tables joined to another row");
    const Type& joined = node.row[node.row.size() - 2].type;
    holds(is_optional(joined) == join.step.left && same(without_optional(joined), struct_type(joined_fields(right))),
          "tables joined whose struct is not the right row");
    holds(join.step.left_keys.size() == join.step.right_keys.size(), "a join with unpaired keys");
    for (const auto& key : join.step.left_keys) expression(key, left);
    for (const auto& key : join.step.right_keys) expression(key, right);
    for (size_t i = 0; join.step.right && i + 1 < left.size(); ++i)
      holds(is_optional(left[i].type), "a right join of tables without optional side");
    if (join.step.residual) condition(join.step.residual, condition_row(left, right, join.step.alias));
  }
  void check(const Node& node, const InstantsNode& instants) const {
    same_row(node);
    holds(!instants.versions || retracted_column(node.row) < 0, "versions that are changes");
    for (const auto& key : instants.keys) expression(key, row(node, 0));
  }
  void check(const Node& node, const EmitNode&) const {
    holds(retracted_column(node.row) >= 0, "rows that wait for `emit every` and are no changes");
  }
  void check(const Node& node, const InWindowsNode& in_windows) const {
    const auto& before = row(node, 0);
    const bool given = in_windows.given >= 0;
    holds(node.row.size() == before.size() + (given ? 0 : 1), "rows in windows that are not those before and a window");
    for (size_t i = 0; i < before.size(); ++i)
      holds(same(node.row[i].type, before[i].type), "a column that should pass changes its type");
    holds(given ? in_windows.given < static_cast<int>(before.size())
                : same(node.row.back().type, struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})),
          "rows in windows without a window");
    holds(retracted_column(before) < 0, "a window over changes");
  }
  void check(const Node& node, const InOrderNode& in_order) const {
    same_row(node);
    holds(in_order.by < 0 || is(node.row[in_order.by].type, TypeKind::timestamp), "an order by no timestamp");
    holds(retracted_column(node.row) < 0, "changes that are put in order");
  }
  void check(const Node& node, const NetNode& net) const {
    const size_t fields = row(node, 0).size() - 1, marks = net.whole ? 3 : 1;
    holds(retracted_column(row(node, 0)) >= 0, "rows netted that are no changes");
    holds(node.row.size() == fields + marks && node.row[fields].name == kChange, "netted rows without their change");
    for (const auto& key : net.keys) expression(key, row(node, 0));
  }
  void check(const Node& node, const UnnestNode& unnest) const {
    const auto& before = row(node, 0);
    const size_t marks = retracted_column(node.row) >= 0 ? 1 : 0;
    holds(before.back().name == kList && is(without_optional(before.back().type), TypeKind::list), "no list to unnest");
    holds(node.row.size() == before.size(), "an unnest that does not put one field for the list");
    for (size_t i = 0; i + 1 + marks < node.row.size(); ++i)
      holds(same(node.row[i].type, before[i].type), "an unnest that changes a field");
    holds(same(node.row[node.row.size() - 1 - marks].type, unnested_type(unnest, before.back().type)),
          "an unnest whose field is not of its elements");
    holds(marks == 0 || before[before.size() - 2].name == kRetracted, "an unnest that makes changes of rows");
  }
  void check(const Node& node, const LookupNode& lookup) const {
    const auto& before = row(node, 0);
    const size_t marks = retracted_column(before) >= 0 ? 1 : 0;
    holds(node.row.size() <= before.size() + 1 && node.row.size() > marks, "a look-up without its row");
    holds((retracted_column(node.row) >= 0) == (marks == 1), "a look-up that makes changes of rows");
    const size_t answer = node.row.size() - 1 - marks;
    for (size_t i = 0; i < answer; ++i) holds(same(node.row[i].type, before[i].type), "a look-up that changes a field");
    for (size_t i = answer; i + marks < before.size(); ++i)
      holds(before[i].name.starts_with(kArgument), "a look-up that drops a field");
    holds(is_optional(node.row[answer].type) == lookup.step.left, "a look-up whose answer is optional by itself");
  }
  void check(const Node& node, const RetimeNode& retime) const {
    same_row(node);
    holds(is(node.row[retime.time_column].type, TypeKind::timestamp), "a time that is no timestamp");
    if (retime.by_arrival)
      holds(node.row[retime.time_column].name.substr(1) == typed::kArrival.substr(1),
            "an arrival that is no column of it");
  }
  void check(const Node& node, const UniqueNode& unique) const {
    same_row(node);
    for (const int column : unique.columns)
      holds(column >= 0 && column < static_cast<int>(node.row.size()), "no column");
  }
  void check(const Node& node, const MatchNode& match) const {
    const std::vector<Field>& input = row(node, 0);
    const auto there = [&](int column) { return column >= 0 && column < static_cast<int>(input.size()); };
    for (const int field : match.fields) holds(there(field), "no column");
    for (size_t i = 0; i < match.keys.size(); ++i)
      holds(there(match.keys[i]) && same(input[match.keys[i]].type, node.row[i].type), "a key with another type");
    const std::vector<Field> asked = match_row(match, input);
    size_t outputs = match.keys.size();
    for (const MatchNode::Element& element : match.elements) {
      holds(element.fit < 0 || (there(element.fit) && is(input[element.fit].type, TypeKind::boolean)),
            "an element that asks no bool");
      if (element.rest) condition(element.rest, asked);
      if (element.output < 0) continue;
      ++outputs;
      holds(same(node.row[element.output].type, match_type(match, element, input)), "an element with another type");
    }
    holds(outputs == node.row.size(), "a pattern whose row is not its keys and elements");
  }
  void check(const Node& node, const AlertNode& alert) const {
    same_row(node);
    condition(alert.condition, row(node, 0));
  }
  void check(const Node& node, const PortNode&) const {
    holds(std::holds_alternative<PublishNode>(plan_.nodes[node.inputs[0]].content), "a port of no product");
  }
  void check(const Node& node, const PublishNode&) const {
    same_row(node);
    for (const Field& field : node.row) holds(!is(field.type, TypeKind::checked), "a product field not converted");
  }

  const Plan& plan_;
  std::string_view after_;
};

}  // namespace

void verify(const Plan& plan, std::string_view after) {
  Verifier(plan, after).run();
}

}  // namespace braid::plan
