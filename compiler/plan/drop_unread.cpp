// Liveness backwards over the plan, then a rewrite forwards. A column that is a joined struct is live field by field:
// `c.email` keeps `email` alone, `c is null` keeps none of its fields.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/plan/plan.h"
#include "compiler/plan/watched_promises.h"
#include "runtime/base/check.h"

namespace braid::plan {

using typed::Expression;
using typed::ExpressionRef;

namespace {

/// What later steps read of one column.
struct Use {
  bool any = false;    ///< the column must stand, be it for its presence alone
  bool whole = false;  ///< all of it
  std::set<int> fields;

  void add(const Use& other) {
    any |= other.any;
    whole |= other.whole;
    fields.insert(other.fields.begin(), other.fields.end());
  }
  bool has(int field) const { return whole || fields.count(field) > 0; }
};
using Uses = std::vector<Use>;

const Use kWhole{true, true, {}};

/// The column that `expression` is, maybe unwrapped; −1 if it is none.
int bare_column(const ExpressionRef& expression) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) return column->index;
  const auto* convert = std::get_if<typed::Convert>(&expression->node);
  if (convert && convert->conversion == typed::Conversion::unwrap) return bare_column(convert->operand);
  return -1;
}

const Type& struct_of(const Type& type) {
  return without_optional(type);
}

void collect(const ExpressionRef& expression, Uses& uses) {
  if (!expression) return;
  if (const auto* read = std::get_if<typed::FieldRead>(&expression->node)) {
    if (const int column = bare_column(read->base); column >= 0) {
      uses[column].any = true;
      uses[column].fields.insert(read->index);
      return;
    }
    // A field of one row of a list, and below one of all its rows.
    if (const auto* row = std::get_if<typed::Index>(&read->base->node))
      if (const int column = bare_column(row->list); column >= 0) {
        uses[column].any = true;
        uses[column].fields.insert(read->index);
        return collect(row->index, uses);
      }
  }
  if (const auto* read = std::get_if<typed::ListField>(&expression->node)) {
    if (const int column = bare_column(read->list); column >= 0) {
      uses[column].any = true;
      uses[column].fields.insert(read->index);
      return;
    }
  }
  if (const auto* test = std::get_if<typed::IsNull>(&expression->node)) {
    if (const int column = bare_column(test->operand); column >= 0) {
      const bool joined = is(struct_of(test->operand->type), TypeKind::structure);
      uses[column].any = true;
      uses[column].whole |= !joined;
      return;
    }
  }
  if (const int column = bare_column(expression); column >= 0) {
    uses[column].add(kWhole);
    return;
  }
  for (const ExpressionRef& part : typed::parts(*expression)) collect(part, uses);
}

/// Where a node's old columns are now.
struct Moved {
  std::vector<int> column;               ///< −1: gone
  std::vector<std::vector<int>> fields;  ///< of a narrowed struct: where its fields are; empty: as they were
  std::vector<Field> row;

  /// Narrowed struct type in the new row, with the optionality that `old` has.
  Type type(int old_column, const Type& old) const {
    const Type& now = row[column[old_column]].type;
    return is_optional(old) || !is_optional(now) ? now : without_optional(now);
  }
};

ExpressionRef rewrite(const ExpressionRef& expression, const Moved& moved) {
  if (!expression) return nullptr;
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) {
    BRAID_CHECK(moved.column[column->index] >= 0, "a column that is read was dropped");
    const bool narrowed = !moved.fields[column->index].empty() || is(struct_of(expression->type), TypeKind::structure);
    return typed::make(narrowed ? moved.type(column->index, expression->type) : expression->type, expression->span,
                       typed::ColumnRead{moved.column[column->index]});
  }
  if (const auto* convert = std::get_if<typed::Convert>(&expression->node);
      convert && convert->conversion == typed::Conversion::unwrap && bare_column(convert->operand) >= 0) {
    ExpressionRef operand = rewrite(convert->operand, moved);
    Type type = without_optional(operand->type);
    return typed::make(type, expression->span, typed::Convert{typed::Conversion::unwrap, std::move(operand)});
  }
  if (const auto* read = std::get_if<typed::FieldRead>(&expression->node)) {
    const auto* row = std::get_if<typed::Index>(&read->base->node);
    const int column = bare_column(row != nullptr ? row->list : read->base);
    if (column >= 0 && !moved.fields[column].empty()) {
      const int index = moved.fields[column][read->index];
      BRAID_CHECK(index >= 0, "a struct field that is read was dropped");
      ExpressionRef base;
      if (row != nullptr) {
        ExpressionRef list = rewrite(row->list, moved);
        const Type element = list->type->element;
        base = typed::make(element, read->base->span, typed::Index{std::move(list), rewrite(row->index, moved)});
      } else {
        base = rewrite(read->base, moved);
      }
      return typed::make(expression->type, expression->span, typed::FieldRead{std::move(base), index});
    }
  }
  if (const auto* read = std::get_if<typed::ListField>(&expression->node)) {
    const int column = bare_column(read->list);
    if (column >= 0 && !moved.fields[column].empty()) {
      const int index = moved.fields[column][read->index];
      BRAID_CHECK(index >= 0, "a field of a list's rows that is read was dropped");
      return typed::make(expression->type, expression->span, typed::ListField{rewrite(read->list, moved), index});
    }
  }
  std::vector<ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (ExpressionRef& part : parts) part = rewrite(part, moved);
  return typed::with_parts(*expression, std::move(parts));
}

class Pruner {
 public:
  Pruner(Plan& plan, const typed::Project& project) : plan_(plan), project_(project) {}

  void run() {
    uses_.resize(plan_.nodes.size());
    for (size_t i = 0; i < plan_.nodes.size(); ++i) uses_[i].resize(plan_.nodes[i].row.size());
    for (size_t i = plan_.nodes.size(); i-- > 0;) backwards(static_cast<int>(i));
    moved_.resize(plan_.nodes.size());
    for (size_t i = 0; i < plan_.nodes.size(); ++i) forwards(static_cast<int>(i));
  }

 private:
  void backwards(int index) {
    const Node& node = plan_.nodes[index];
    Uses& own = uses_[index];
    auto input = [&](int which) -> Uses& { return uses_[node.inputs[which]]; };
    auto pass_on = [&](int which, size_t columns) {
      for (size_t i = 0; i < columns; ++i) input(which)[i].add(own[i]);
    };
    if (const auto* keep = std::get_if<KeepNode>(&node.content)) {
      // Rows for a port or a check are written as they are at this step.
      if (!keep->port.empty() || !keep->check.empty())
        for (Use& use : own) use.add(kWhole);
      pass_on(0, own.size());
      collect(keep->condition, input(0));
    } else if (const auto* project = std::get_if<ProjectNode>(&node.content)) {
      for (size_t i = 0; i < own.size(); ++i) {
        if (!own[i].any) continue;
        const int column = bare_column(project->columns[i]);
        if (column >= 0 && !own[i].whole)
          input(0)[column].add(own[i]);
        else
          collect(project->columns[i], input(0));
      }
      // A dead entry of the script that can fail still rejects: it stays. What the planner would read, it need not.
      const bool written = project->word != "read" && project->word != "publish";
      for (size_t i = 0; i < own.size(); ++i)
        if (written && !own[i].any && project->columns[i]->can_fail) {
          own[i].add(kWhole);
          collect(project->columns[i], input(0));
        }
    } else if (std::holds_alternative<UnionNode>(node.content)) {
      // Both sides must keep the same fields of a joined struct: all of them.
      for (Use& use : own)
        if (use.any) use.add(kWhole);
      for (size_t which = 0; which < node.inputs.size(); ++which) pass_on(static_cast<int>(which), own.size());
    } else if (const auto* join = std::get_if<JoinNode>(&node.content)) {
      // Rows for a port are written as they are at this step; the standing `unmatched` holds what lives anyway.
      if (!join->step.port.empty())
        for (size_t i = 0; i + 1 < own.size(); ++i) own[i].add(kWhole);
      own.back().any = true;
      pass_on(0, own.size() - 1);
      Uses residual(own.size());
      collect(join->step.residual, residual);
      for (size_t i = 0; i + 1 < own.size(); ++i) input(0)[i].add(residual[i]);
      own.back().add(residual.back());
      for (size_t i = 0; i < input(1).size(); ++i)
        if (own.back().has(static_cast<int>(i))) input(1)[i].add(kWhole);
      if (const int ends = ending_column(plan_.nodes[node.inputs[1]].row); ends >= 0) input(1)[ends].add(kWhole);
      for (const ExpressionRef& key : join->step.left_keys) collect(key, input(0));
      for (const ExpressionRef& key : join->step.right_keys) collect(key, input(1));
      for (const ExpressionRef& key : join->table_key) collect(key, input(1));
      collect(join->step.upper, input(0));
      collect(join->right_filter, input(1));
    } else if (const auto* group = std::get_if<GroupNode>(&node.content)) {
      for (Use& use : own) use.add(kWhole);
      for (const ExpressionRef& key : group->keys) collect(key, input(0));
      for (const typed::Aggregate& aggregate : group->aggregates)
        for (const ExpressionRef& part : {aggregate.argument, aggregate.by, aggregate.filter}) collect(part, input(0));
      if (const int retracted = retracted_column(plan_.nodes[node.inputs[0]].row); retracted >= 0)
        input(0)[retracted].add(kWhole);
    } else if (const auto* top = std::get_if<TopNode>(&node.content)) {
      const int mark = retracted_column(plan_.nodes[node.inputs[0]].row);
      const size_t carried = input(0).size() - (mark >= 0 ? 1 : 0);
      for (size_t i = 0; i < own.size(); ++i)
        if (i >= carried || own[i].any) own[i].add(kWhole);
      pass_on(0, carried);
      if (mark >= 0) input(0)[mark].add(kWhole);
      for (const ExpressionRef& key : top->step.keys) collect(key, input(0));
      for (const typed::Ordering& order : top->step.orders) collect(order.value, input(0));
    } else if (const auto* running = std::get_if<RunningNode>(&node.content)) {
      for (size_t i = 0; i < own.size(); ++i)
        if (i >= input(0).size() || own[i].any) own[i].add(kWhole);
      pass_on(0, input(0).size());
      for (const ExpressionRef& key : running->step.keys) collect(key, input(0));
      for (const typed::Aggregate& aggregate : running->step.aggregates)
        for (const ExpressionRef& part : {aggregate.argument, aggregate.by, aggregate.filter}) collect(part, input(0));
    } else if (const auto* latest = std::get_if<LatestNode>(&node.content)) {
      own.back().add(kWhole);
      for (size_t i = 0; i + 1 < own.size(); ++i)
        if (own[i].any) own[i].add(kWhole);
      pass_on(0, own.size() - 1);
      if (const int deleted = deleted_column(plan_.nodes[node.inputs[0]].row); deleted >= 0)
        input(0)[deleted].add(kWhole);
      for (const ExpressionRef& key : latest->keys) collect(key, input(0));
    } else if (const auto* moves = std::get_if<MovesNode>(&node.content)) {
      for (size_t i = static_cast<size_t>(moves->first); i < own.size(); ++i) own[i].add(kWhole);
      pass_on(0, own.size());
      for (const ExpressionRef& key : moves->keys) collect(key, input(0));
    } else if (const auto* tables = std::get_if<TableJoinNode>(&node.content)) {
      const size_t joined = own.size() - 2;
      own[joined].any = true;
      own.back().add(kWhole);
      pass_on(0, joined);
      Uses residual(joined + 1);
      collect(tables->step.residual, residual);
      for (size_t i = 0; i < joined; ++i) input(0)[i].add(residual[i]);
      own[joined].add(residual[joined]);
      input(0)[joined].add(kWhole);  // whether the row goes
      for (size_t i = 0; i + 1 < input(1).size(); ++i)
        if (own[joined].has(static_cast<int>(i))) input(1)[i].add(kWhole);
      input(1).back().add(kWhole);
      for (const ExpressionRef& key : tables->step.left_keys) collect(key, input(0));
      for (const ExpressionRef& key : tables->step.right_keys) collect(key, input(1));
    } else if (std::holds_alternative<NetNode>(node.content)) {
      for (Use& use : own) use.add(kWhole);
      pass_on(0, input(0).size());
    } else if (const auto* instants = std::get_if<InstantsNode>(&node.content)) {
      if (const int ends = ending_column(node.row); ends >= 0) own[ends].add(kWhole);
      for (Use& use : own)
        if (use.any) use.add(kWhole);
      pass_on(0, own.size());
      for (const ExpressionRef& key : instants->keys) collect(key, input(0));
    } else if (std::holds_alternative<EmitNode>(node.content)) {
      own.back().add(kWhole);
      for (Use& use : own)
        if (use.any) use.add(kWhole);
      pass_on(0, own.size());
    } else if (const auto* in_order = std::get_if<InOrderNode>(&node.content)) {
      if (in_order->by >= 0) own[in_order->by].add(kWhole);
      for (Use& use : own)
        if (use.any) use.add(kWhole);
      pass_on(0, own.size());
    } else if (const auto* in_windows = std::get_if<InWindowsNode>(&node.content)) {
      own.back().add(kWhole);
      if (in_windows->given >= 0) own[in_windows->given].add(kWhole);
      keep_shown(node, own);
      pass_on(0, input(0).size());
    } else if (std::holds_alternative<UnnestNode>(node.content)) {
      const size_t element = element_of(node);
      own[element].any = true;
      pass_on(0, element);
      for (size_t i = element; i < input(0).size(); ++i) input(0)[i].add(kWhole);  // the mark, the list
      if (element + 1 < own.size()) own.back().add(kWhole);
    } else if (const auto* lookup = std::get_if<LookupNode>(&node.content)) {
      // Rows for a port are written as they are at this step.
      if (!lookup->step.port.empty())
        for (Use& use : own) use.add(kWhole);
      const size_t answer = own.size() - (retracted_column(node.row) >= 0 ? 2 : 1);
      for (size_t i = answer; i < own.size(); ++i) own[i].add(kWhole);
      pass_on(0, answer);
      for (size_t i = answer; i < input(0).size(); ++i) input(0)[i].add(kWhole);  // the arguments, the mark
    } else if (const auto* retime = std::get_if<RetimeNode>(&node.content)) {
      own[retime->time_column].add(kWhole);
      pass_on(0, own.size());
    } else if (const auto* unique = std::get_if<UniqueNode>(&node.content)) {
      // What is rejected is written as it is at this step.
      for (Use& use : own)
        if (use.any || !unique->drops) use.add(kWhole);
      for (const int column : unique->columns) own[column].add(kWhole);
      pass_on(0, own.size());
    } else if (const auto* match = std::get_if<MatchNode>(&node.content)) {
      match_backwards(index, *match, input(0));
    } else if (const auto* alert = std::get_if<AlertNode>(&node.content)) {
      pass_on(0, own.size());
      for (Use& use : input(0)) use.add(kWhole);  // alerts carry the row
      collect(alert->condition, input(0));
    } else if (std::holds_alternative<TickNode>(node.content)) {
      for (Use& use : own) use.add(kWhole);
    } else if (std::holds_alternative<PortNode>(node.content)) {
      for (Use& use : own) use.add(kWhole);  // as the port has them
    } else if (std::holds_alternative<PublishNode>(node.content)) {
      for (Use& use : own) use.add(kWhole);
      pass_on(0, own.size());
    } else {
      const auto& source = std::get<SourceNode>(node.content);
      const typed::Relation& relation = project_.relations[source.relation];
      const std::vector<int> watched = watched_fields(project_, source.relation);
      for (size_t i = 0; i < source.fields.size(); ++i) {
        bool needed = source.fields[i] == relation.time_field;
        for (const auto& path : relation.key) needed |= path.front() == source.fields[i];
        needed |= std::ranges::find(watched, source.fields[i]) != watched.end();
        if (needed) own[i].add(kWhole);
      }
    }
  }

  /// Rows of all elements have the same fields: those that are read of any.
  void match_backwards(int index, const MatchNode& match, Uses& input) {
    Uses& own = uses_[index];
    const size_t columns = input.size();
    Uses asked(columns + match.elements.size());
    for (const MatchNode::Element& element : match.elements) collect(element.rest, asked);
    for (size_t i = 0; i < columns; ++i) input[i].add(asked[i]);
    Use& of_rows = of_rows_[index];
    for (size_t i = columns; i < asked.size(); ++i) of_rows.add(asked[i]);
    for (size_t i = 0; i < match.keys.size(); ++i) {
      own[i].add(kWhole);
      input[match.keys[i]].add(kWhole);
    }
    for (size_t i = match.keys.size(); i < own.size(); ++i) of_rows.add(own[i]);
    for (size_t i = 0; i < match.fields.size(); ++i)
      if (of_rows.has(static_cast<int>(i))) input[match.fields[i]].add(kWhole);
    for (const MatchNode::Element& element : match.elements)
      if (element.fit >= 0) input[element.fit].add(kWhole);
  }

  void match_forwards(int index, MatchNode& match, const Moved& input, Moved& moved) {
    const Node& node = plan_.nodes[index];
    const Uses& own = uses_[index];
    std::vector<int> now(match.fields.size(), -1), fields;
    for (size_t i = 0; i < match.fields.size(); ++i) {
      if (!of_rows_[index].has(static_cast<int>(i))) continue;
      now[i] = static_cast<int>(fields.size());
      fields.push_back(input.column[match.fields[i]]);
    }
    match.fields = std::move(fields);
    for (int& key : match.keys) key = input.column[key];
    moved.column.assign(own.size(), -1);
    moved.fields.resize(own.size());
    for (size_t i = 0; i < match.keys.size(); ++i) {
      moved.column[i] = static_cast<int>(i);
      moved.row.push_back({node.row[i].name, input.row[match.keys[i]].type});
    }
    Moved asked = input;
    for (MatchNode::Element& element : match.elements) {
      if (element.fit >= 0) element.fit = input.column[element.fit];
      if (element.kind == typed::ElementKind::absent) continue;
      const Type type = match_type(match, element, input.row);
      asked.column.push_back(static_cast<int>(asked.row.size()));
      asked.fields.push_back(now);
      asked.row.push_back({element.name, type});
      const int output = element.output;
      if (output < 0) continue;
      moved.fields[output] = now;
      element.output = -1;
      if (!own[output].any) continue;
      element.output = moved.column[output] = static_cast<int>(moved.row.size());
      moved.row.push_back({node.row[output].name, type});
    }
    for (MatchNode::Element& element : match.elements) element.rest = rewrite(element.rest, asked);
  }

  /// Columns of `node` that live, as they come from its first input (or are its own).
  void keep_live(int index, Moved& moved) const {
    const Node& node = plan_.nodes[index];
    const Uses& own = uses_[index];
    moved.column.assign(own.size(), -1);
    moved.fields.resize(own.size());
    for (size_t i = 0; i < own.size(); ++i) {
      if (!own[i].any) continue;
      moved.column[i] = static_cast<int>(moved.row.size());
      moved.row.push_back(node.row[i]);
    }
  }

  /// A row that is late for its windows shows the fields of the script from which its step computes what it reads.
  void keep_shown(const Node& node, Uses& own) const {
    const Node& before = plan_.nodes[node.inputs[0]];
    const auto* project = std::get_if<ProjectNode>(&before.content);
    if (project == nullptr) return;
    Uses read(plan_.nodes[before.inputs[0]].row.size());
    for (size_t i = 0; i < before.row.size(); ++i)
      if (own[i].any && is_hidden(before.row[i])) collect(project->columns[i], read);
    for (size_t i = 0; i < before.row.size(); ++i)
      if (const auto* field = std::get_if<typed::ColumnRead>(&project->columns[i]->node); !is_hidden(before.row[i]))
        if (field != nullptr) own[i].add(read[field->index]);
  }

  void forwards(int index) {
    Node& node = plan_.nodes[index];
    Moved& moved = moved_[index];
    auto input = [&](int which) -> const Moved& { return moved_[node.inputs[which]]; };

    if (auto* source = std::get_if<SourceNode>(&node.content)) {
      keep_live(index, moved);
      std::vector<int> fields;
      for (size_t i = 0; i < source->fields.size(); ++i)
        if (moved.column[i] >= 0) fields.push_back(source->fields[i]);
      source->fields = std::move(fields);
    } else if (auto* project = std::get_if<ProjectNode>(&node.content)) {
      keep_live(index, moved);
      std::vector<ExpressionRef> columns;
      for (size_t i = 0; i < project->columns.size(); ++i) {
        if (moved.column[i] < 0) continue;
        const int column = bare_column(project->columns[i]);
        columns.push_back(rewrite(project->columns[i], input(0)));
        moved.row[columns.size() - 1].type = columns.back()->type;
        if (column >= 0) moved.fields[i] = input(0).fields[column];
      }
      project->columns = std::move(columns);
    } else if (auto* join = std::get_if<JoinNode>(&node.content)) {
      join_forwards(node, *join, moved);
    } else if (auto* group = std::get_if<GroupNode>(&node.content)) {
      keep_live(index, moved);
      for (ExpressionRef& key : group->keys) key = rewrite(key, input(0));
      for (typed::Aggregate& aggregate : group->aggregates)
        for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
          *part = rewrite(*part, input(0));
    } else if (auto* running = std::get_if<RunningNode>(&node.content)) {
      for (ExpressionRef& key : running->step.keys) key = rewrite(key, input(0));
      for (typed::Aggregate& aggregate : running->step.aggregates)
        for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
          *part = rewrite(*part, input(0));
      moved = input(0);
      add_columns(node.row, node.row.size() - running->step.aggregates.size(), moved);
    } else if (auto* top = std::get_if<TopNode>(&node.content)) {
      for (ExpressionRef& key : top->step.keys) key = rewrite(key, input(0));
      for (typed::Ordering& order : top->step.orders) order.value = rewrite(order.value, input(0));
      // As of the newest rows below.
      moved = input(0);
      const size_t carried = node.row.size() - (top->step.adds_window ? 1 : 0) - (top->step.numbered ? 1 : 0) -
                             (top->step.windowed ? 0 : 1);
      if (moved.column.size() > carried) {
        moved.row.pop_back();
        moved.column.pop_back();
        moved.fields.pop_back();
      }
      add_columns(node.row, carried, moved);
    } else if (auto* latest = std::get_if<LatestNode>(&node.content)) {
      // What of the input lives for its keys alone goes on, too: a row is kept as it came.
      moved = input(0);
      for (ExpressionRef& key : latest->keys) key = rewrite(key, input(0));
      if (deleted_column(plan_.nodes[node.inputs[0]].row) >= 0) {
        moved.row.pop_back();
        moved.column.pop_back();
        moved.fields.pop_back();
      }
      moved.column.push_back(static_cast<int>(moved.row.size()));
      moved.fields.emplace_back();
      moved.row.push_back(node.row.back());
    } else if (auto* tables = std::get_if<TableJoinNode>(&node.content)) {
      tables_forwards(node, *tables, moved);
    } else if (auto* match = std::get_if<MatchNode>(&node.content)) {
      match_forwards(index, *match, input(0), moved);
    } else if (std::holds_alternative<PortNode>(node.content) || std::holds_alternative<TickNode>(node.content)) {
      keep_live(index, moved);
    } else if (auto* unnest = std::get_if<UnnestNode>(&node.content)) {
      unnest_forwards(index, *unnest, moved);
    } else if (std::holds_alternative<LookupNode>(node.content)) {
      moved = input(0);
      const size_t carried = node.row.size() - (retracted_column(node.row) >= 0 ? 2 : 1);
      if (moved.column.size() > carried)
        moved.row.resize(static_cast<size_t>(moved.column[carried]));  // the arguments and the mark go
      moved.column.resize(carried);
      moved.fields.resize(carried);
      add_columns(node.row, carried, moved);
    } else if (auto* net = std::get_if<NetNode>(&node.content)) {
      moved = input(0);
      moved.row.pop_back();
      const std::vector<Field> marks = change_marks(moved.row, net->whole);
      moved.column.back() = static_cast<int>(moved.row.size());
      for (size_t i = 1; i < marks.size(); ++i) moved.column.push_back(moved.column.back() + 1);
      moved.fields.resize(moved.column.size());
      moved.row.insert(moved.row.end(), marks.begin(), marks.end());
      for (ExpressionRef& key : net->keys) key = rewrite(key, input(0));
    } else {
      // Rows go through as they are: the live columns are those of the input.
      moved = input(0);
      if (auto* keep = std::get_if<KeepNode>(&node.content)) keep->condition = rewrite(keep->condition, moved);
      if (auto* alert = std::get_if<AlertNode>(&node.content)) alert->condition = rewrite(alert->condition, moved);
      if (auto* in_windows = std::get_if<InWindowsNode>(&node.content)) {
        if (in_windows->given >= 0) {
          in_windows->given = moved.column[in_windows->given];
        } else {
          add_columns(node.row, node.row.size() - 1, moved);
        }
      }
      if (auto* instants = std::get_if<InstantsNode>(&node.content))
        for (ExpressionRef& key : instants->keys) key = rewrite(key, moved);
      if (auto* in_order = std::get_if<InOrderNode>(&node.content); in_order != nullptr && in_order->by >= 0)
        in_order->by = moved.column[in_order->by];
      if (auto* retime = std::get_if<RetimeNode>(&node.content))
        retime->time_column = moved.column[retime->time_column];
      if (auto* unique = std::get_if<UniqueNode>(&node.content))
        for (int& column : unique->columns) column = moved.column[column];
      if (auto* moves = std::get_if<MovesNode>(&node.content)) {
        for (ExpressionRef& key : moves->keys) key = rewrite(key, moved);
        moves->first = moved.column[moves->first];
      }
    }
    node.row = moved.row;
  }

  /// Where the element is in the row.
  static size_t element_of(const Node& node) { return node.row.size() - (retracted_column(node.row) >= 0 ? 2 : 1); }

  void unnest_forwards(int index, UnnestNode& unnest, Moved& moved) {
    const Node& node = plan_.nodes[index];
    const Moved& before = moved_[node.inputs[0]];
    const size_t element = element_of(node);
    const Type list = before.row.back().type;
    moved = before;
    moved.row.resize(static_cast<size_t>(before.column[element]));  // up to the mark or the list
    moved.column.resize(element);
    moved.fields.resize(element);
    moved.column.push_back(static_cast<int>(moved.row.size()));
    moved.fields.emplace_back();
    const Use& use = uses_[index][element];
    const Type& whole = struct_of(without_optional(list)->element);
    if (!use.whole && is(whole, TypeKind::structure) && !unnest.fields) {
      std::vector<int> places(whole->fields.size(), -1);
      unnest.fields.emplace(use.fields.begin(), use.fields.end());
      for (size_t i = 0; i < unnest.fields->size(); ++i) places[(*unnest.fields)[i]] = static_cast<int>(i);
      moved.fields.back() = std::move(places);
    }
    moved.row.push_back({node.row[element].name, unnested_type(unnest, list)});
    if (element + 1 == node.row.size()) return;
    moved.column.push_back(static_cast<int>(moved.row.size()));
    moved.fields.emplace_back();
    moved.row.push_back(node.row.back());
  }

  /// Those of the row from `first` on, which the node makes.
  static void add_columns(const std::vector<Field>& row, size_t first, Moved& moved) {
    for (size_t added = first; added < row.size(); ++added) {
      moved.column.push_back(static_cast<int>(moved.row.size()));
      moved.fields.emplace_back();
      moved.row.push_back(row[added]);
    }
  }

  void tables_forwards(Node& node, TableJoinNode& join, Moved& moved) {
    const Moved& left = moved_[node.inputs[0]];
    const Moved& right = moved_[node.inputs[1]];
    for (ExpressionRef& key : join.step.left_keys) key = rewrite(key, left);
    for (ExpressionRef& key : join.step.right_keys) key = rewrite(key, right);
    moved = left;
    const Field mark = moved.row.back();
    moved.row.pop_back();
    moved.column.pop_back();
    moved.fields.pop_back();
    std::vector<int> fields(right.column.begin(), right.column.end() - 1);
    moved.column.push_back(static_cast<int>(moved.row.size()));
    moved.fields.push_back(std::move(fields));
    const Type type = struct_type(joined_fields(right.row));
    const Field& joined = node.row[node.row.size() - 2];
    moved.row.push_back({joined.name, is_optional(joined.type) ? optional_type(type) : type});
    if (join.step.residual) {
      Moved both = moved;
      both.row.back().type = type;
      join.step.residual = rewrite(join.step.residual, both);
    }
    moved.column.push_back(static_cast<int>(moved.row.size()));
    moved.fields.emplace_back();
    moved.row.push_back(mark);
  }

  void join_forwards(Node& node, JoinNode& join, Moved& moved) {
    const Moved& left = moved_[node.inputs[0]];
    const Moved& right = moved_[node.inputs[1]];
    const size_t left_columns = node.row.size() - 1;
    moved = left;
    // The struct is the right row: what of it lives, and what only its keys need.
    std::vector<int> fields(right.column.size(), -1);
    for (size_t i = 0; i < right.column.size(); ++i)
      if (right.column[i] >= 0) fields[i] = right.column[i];
    moved.column.resize(left_columns);
    moved.fields.resize(left_columns);
    moved.column.push_back(static_cast<int>(moved.row.size()));
    moved.fields.push_back(fields);
    Type type = struct_type(joined_fields(right.row));
    moved.row.push_back({node.row.back().name, is_optional(node.row.back().type) ? optional_type(type) : type});

    for (ExpressionRef& key : join.step.left_keys) key = rewrite(key, left);
    for (ExpressionRef& key : join.step.right_keys) key = rewrite(key, right);
    for (ExpressionRef& key : join.table_key) key = rewrite(key, right);
    join.step.upper = rewrite(join.step.upper, left);
    join.right_filter = rewrite(join.right_filter, right);
    if (join.step.residual) {
      Moved both = moved;
      both.row.back().type = type;
      join.step.residual = rewrite(join.step.residual, both);
    }
  }

  Plan& plan_;
  const typed::Project& project_;
  std::vector<Uses> uses_;
  std::map<int, Use> of_rows_;  ///< of patterns: what is read of the rows of any element
  std::vector<Moved> moved_;
};

}  // namespace

void drop_unread(Plan& plan, const typed::Project& project) {
  Pruner(plan, project).run();
}

}  // namespace braid::plan
