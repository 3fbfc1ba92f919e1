#include "compiler/plan/lower.h"

#include <algorithm>
#include <map>

#include "compiler/plan/computed_columns.h"
#include "compiler/plan/lower_source.h"
#include "compiler/plan/passthrough.h"
#include "compiler/plan/watched_promises.h"
#include "compiler/typed/pattern_limits.h"
#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"

namespace braid::plan {

using typed::ExpressionRef;

KernelSlot& kernel_slot(Program& program, KernelPlace place) {
  if (place.kind == KernelPlace::Kind::source) return program.sources[place.index].from_kernel;
  auto& content = program.operators[place.index].content;
  if (place.kind == KernelPlace::Kind::rows) return std::get<RowsOperator>(content).kernel;
  if (place.kind == KernelPlace::Kind::alert) return std::get<AlertOperator>(content).kernel;
  if (place.kind == KernelPlace::Kind::match) return std::get<MatchOperator>(content).condition;
  if (place.kind == KernelPlace::Kind::right_filter) return std::get<IntervalJoinOperator>(content).right_filter;
  if (auto* join = std::get_if<ReferenceJoinOperator>(&content)) return join->shape.residual;
  if (auto* join = std::get_if<AsOfJoinOperator>(&content)) return join->shape.residual;
  if (auto* join = std::get_if<TableJoinOperator>(&content)) return join->residual;
  return std::get<IntervalJoinOperator>(content).shape.residual;
}

namespace {

class Lowering {
 public:
  Lowering(const Plan& plan, const typed::Project& project, const LowerOptions& options)
      : plan_(plan), project_(project), options_(options) {}

  PhysicalPlan run() {
    program().id = plan_.id;
    readers_.assign(plan_.nodes.size(), 0);
    for (const Node& node : plan_.nodes)
      for (const int input : node.inputs) ++readers_[input];
    for (size_t i = 0; i < plan_.nodes.size(); ++i) operator_of_.push_back(node(static_cast<int>(i)));
    products();
    for (size_t i = 0; i < physical_.kernels.size(); ++i) {
      RowProgram& kernel = physical_.kernels[i];
      settle_output(kernel);
      const KernelPlace place = physical_.places[i];
      if (place.kind == KernelPlace::Kind::rows) {
        auto& made = program().operators[place.index];
        std::get<RowsOperator>(made.content).passthrough = kernel.passthrough;
        made.row = kernel.output;
      }
      if (place.kind == KernelPlace::Kind::source) program().sources[place.index].passthrough = kernel.passthrough;
      if (place.kind == KernelPlace::Kind::match)
        std::get<MatchOperator>(program().operators[place.index].content).passthrough = kernel.passthrough;
      for (RowStep& step : kernel.steps) number_expressions(step);
    }
    return std::move(physical_);
  }

 private:
  Program& program() { return physical_.program; }

  uint32_t site(Site site) {
    program().sites.push_back(std::move(site));
    return static_cast<uint32_t>(program().sites.size()) - 1;
  }
  uint32_t site(const Node& node, Site::Kind kind, std::string port = {}) {
    return site(Site{.kind = kind, .port = std::move(port), .step = node.text, .span = node.span});
  }

  uint32_t expression(const typed::Place& place, std::string output) {
    FallibleExpression made{.span = place, .output = std::move(output)};
    for (const typed::CallPlace* call = place.call.get(); call != nullptr; call = call->within.get())
      made.calls.push_back(call->span);
    program().expressions.push_back(std::move(made));
    return static_cast<uint32_t>(program().expressions.size()) - 1;
  }

  /// What may fail in a column, in the order of typed::fallible_nodes. A struct that is made here names its fields.
  void add_expressions(const typed::Expression& column, const std::string& output) {
    if (const auto* made = std::get_if<typed::MakeStruct>(&column.node)) {
      for (size_t i = 0; i < made->fields.size(); ++i)
        add_expressions(*made->fields[i], output.empty() ? "" : output + "." + column.type->fields[i].name);
      return;
    }
    for (const typed::Expression* node : typed::fallible_nodes(column)) expression(node->span, output);
  }

  void number_expressions(RowStep& step) {
    const bool keeps = step.kind == RowStep::Kind::keep;
    for (size_t i = 0; i < (keeps ? 1 : step.columns.size()); ++i) {
      step.first_expressions.push_back(static_cast<uint32_t>(program().expressions.size()));
      if (keeps)
        add_expressions(*step.condition, "");
      else
        add_expressions(*step.columns[i], i < step.outputs.size() ? step.outputs[i] : "");
    }
  }

  int add(const Node& node, decltype(Operator::content) content, std::vector<int> inputs) {
    for (const int input : inputs) open_.erase(input);  // its row is settled: another operator reads it
    program().operators.push_back({.content = std::move(content),
                                   .inputs = std::move(inputs),
                                   .row = node.row,
                                   .state = node.state,
                                   .products = node.products,
                                   .derived = node.derived,
                                   .text = node.text,
                                   .span = node.span});
    return static_cast<int>(program().operators.size()) - 1;
  }

  void add_kernel(RowProgram kernel, KernelPlace place) {
    physical_.kernels.push_back(std::move(kernel));
    physical_.places.push_back(place);
  }

  /// Site of a failing read of each column of `row`, for the columns that `expressions` read.
  std::vector<uint32_t> field_sites(const Node& node, const std::vector<ExpressionRef>& expressions,
                                    const std::vector<Field>& row) {
    std::vector<uint32_t> sites;
    for (const ExpressionRef& expression : expressions) {
      for (const int column : typed::columns_read(expression)) {
        if (!is(row[column].type, TypeKind::checked)) continue;
        sites.resize(row.size(), 0);
        if (sites[column] == 0)
          sites[column] = site(Site{.kind = Site::Kind::rejected,
                                    .step = node.text,
                                    .span = node.span,
                                    .field = row[column].name,
                                    .expected = to_string(row[column].type->element)});
      }
    }
    return sites;
  }

  /// `outputs` names what the columns make.
  RowStep project_step(const Node& node, std::vector<ExpressionRef> columns, std::vector<Field> row,
                       const std::vector<Field>& input, std::vector<std::string> outputs) {
    RowStep step{.kind = RowStep::Kind::project,
                 .columns = std::move(columns),
                 .row = std::move(row),
                 .outputs = std::move(outputs)};
    bool fails = false;
    for (const ExpressionRef& column : step.columns) fails |= column->can_fail;
    if (fails) {
      step.failure_site = site(node, Site::Kind::rejected);
      step.field_sites = field_sites(node, step.columns, input);
    }
    return step;
  }

  RowStep keep_step(const Node& node, const ExpressionRef& condition, uint32_t site, const std::vector<Field>& input) {
    RowStep step{.kind = RowStep::Kind::keep, .condition = condition, .row = input, .site = site};
    if (condition->can_fail) {
      const auto* keep = std::get_if<KeepNode>(&node.content);
      step.failure_site = this->site(Site{.kind = Site::Kind::rejected,
                                          .step = node.text,
                                          .span = node.span,
                                          .check = keep != nullptr ? keep->check : std::string(),
                                          .stops = keep != nullptr && keep->stops});
      step.field_sites = field_sites(node, {condition}, input);
    }
    return step;
  }

  /// Whether rows that come from there have the derived ledger. Behind a product a ledger begins anew.
  bool is_derived(int op) {
    return program().operators[op].derived && !std::holds_alternative<PublishOperator>(program().operators[op].content);
  }

  /// Appends a step to the row program that ends at operator `input`, or begins a new one behind it.
  int append(const Node& node, int input, bool alone, RowStep step) {
    Operator& before = program().operators[input];
    const auto open = open_.find(input);
    if (options_.fuse_stateless && !alone && open != open_.end()) {
      RowProgram& kernel = physical_.kernels[open->second];
      kernel.steps.push_back(std::move(step));
      before.row = kernel.steps.back().row;
      if (!before.text.ends_with(node.text)) before.text += " · " + node.text;
      return input;
    }
    RowProgram kernel{.name = fmt::format("rows_{}", program().operators.size()), .input = before.row};
    kernel.steps.push_back(std::move(step));
    const int made = add(node, RowsOperator{}, {input});
    program().operators[made].row = kernel.steps.back().row;
    open_[made] = static_cast<int>(physical_.kernels.size());
    add_kernel(std::move(kernel), {KernelPlace::Kind::rows, made});
    return made;
  }

  int node(int index) {
    const Node& node = plan_.nodes[index];
    // A row program stays open only for the one reader of the node it ends at.
    for (const int input : node.inputs)
      if (readers_[input] != 1) open_.erase(operator_of_[input]);
    auto input = [&](int which) { return operator_of_[node.inputs[which]]; };
    auto input_row = [&](int which) -> const std::vector<Field>& { return plan_.nodes[node.inputs[which]].row; };

    if (const auto* source = std::get_if<SourceNode>(&node.content)) {
      FromKernel from = lower_source(node, *source, project_, options_.prune_decoder, program().sites);
      program().sources.push_back(std::move(from.spec));
      const int ordinal = static_cast<int>(program().sources.size()) - 1;
      add_kernel(std::move(from.kernel), {KernelPlace::Kind::source, ordinal});
      return add(node, SourceOperator{ordinal}, {});
    }
    if (const auto* ticks = std::get_if<TickNode>(&node.content)) {
      std::vector<int> inputs;
      for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(input(static_cast<int>(i)));
      return add(node, TickOperator{ticks->every_us}, std::move(inputs));
    }
    if (const auto* keep = std::get_if<KeepNode>(&node.content)) {
      const bool alone = !keep->port.empty() || !keep->check.empty();
      uint32_t out = 0;
      if (!keep->check.empty())
        out = site(Site{.kind = Site::Kind::rejected,
                        .step = node.text,
                        .span = node.span,
                        .check = keep->check,
                        .stops = keep->stops});
      else
        out = site(node, keep->port.empty() ? Site::Kind::filtered : Site::Kind::port, keep->port);
      const int made = append(node, input(0), alone, keep_step(node, keep->condition, out, input_row(0)));
      return made;
    }
    if (const auto* project = std::get_if<ProjectNode>(&node.content))
      return append(node, input(0), false,
                    project_step(node, project->columns, node.row, input_row(0), names_of(node.row)));
    if (std::holds_alternative<UnionNode>(node.content)) return add(node, UnionOperator{}, {input(0), input(1)});
    if (const auto* join = std::get_if<JoinNode>(&node.content)) return lower_join(node, *join);
    if (const auto* group = std::get_if<GroupNode>(&node.content)) return lower_group(index, node, *group);
    if (const auto* top = std::get_if<TopNode>(&node.content)) return lower_top(node, *top);
    if (const auto* running = std::get_if<RunningNode>(&node.content)) return lower_running(index, node, running->step);
    if (const auto* latest = std::get_if<LatestNode>(&node.content)) {
      LatestOperator made{.versions = latest->versions,
                          .fields = static_cast<int>(node.row.size()) - 1,
                          .deleted = deleted_column(input_row(0))};
      const auto [before, keys] = key_fields(node, input(0), latest->keys);
      made.keys = keys;
      made.retain_us = latest->retain_us;
      return add(node, made, {before});
    }
    if (const auto* moves = std::get_if<MovesNode>(&node.content)) {
      const auto [before, keys] = key_fields(node, input(0), moves->keys);
      MovesOperator made{.keys = keys, .columns = {}};
      for (int column = moves->first; column < moves->first + moves->count; ++column) made.columns.push_back(column);
      return add(node, made, {before});
    }
    if (const auto* join = std::get_if<TableJoinNode>(&node.content)) {
      TableJoinOperator made{.left = join->step.left,
                             .right = join->step.right,
                             .yield = yield_of(join->step.yield),
                             .residual = {},
                             .sides = {}};
      const auto side = [&](int which, const std::vector<ExpressionRef>& keys) {
        const int fields = static_cast<int>(input_row(which).size()) - 1;
        const auto [before, columns] = key_fields(node, input(which), keys);
        made.sides[which] = {.fields = fields, .retracted = fields, .keys = columns};
        return before;
      };
      const int left = side(0, join->step.left_keys), right = side(1, join->step.right_keys);
      const int joined = add(node, made, {left, right});
      add_condition(node, join->step, input_row(0), input_row(1), joined);
      return joined;
    }
    if (const auto* net = std::get_if<NetNode>(&node.content)) {
      const int mark = retracted_column(input_row(0));
      NetOperator made{.fields = mark, .retracted = mark, .whole = net->whole};
      const auto [before, keys] = key_fields(node, input(0), net->keys);
      made.keys = keys;
      return add(node, made, {before});
    }
    if (const auto* instants = std::get_if<InstantsNode>(&node.content)) {
      InstantsOperator made{.versions = instants->versions, .fields = static_cast<int>(node.row.size())};
      made.late_site = site(node, Site::Kind::late);
      const auto [before, keys] = key_fields(node, input(0), instants->keys);
      made.keys = keys;
      made.pair = instants->pair >= 0;
      if (const auto first = pairs_.find(instants->pair); first != pairs_.end()) made.leader = first->second;
      const int op = add(node, made, {before});
      if (instants->pair >= 0) pairs_.emplace(instants->pair, op);
      return op;
    }
    if (const auto* emit = std::get_if<EmitNode>(&node.content))
      return add(node, EmitOperator{emit->every_us, emit->wall}, {input(0)});
    if (const auto* in_windows = std::get_if<InWindowsNode>(&node.content))
      return add(node,
                 InWindowsOperator{window_of(in_windows->window), in_windows->given, site(node, Site::Kind::late),
                                   in_windows->joined},
                 {input(0)});
    if (const auto* in_order = std::get_if<InOrderNode>(&node.content))
      return add(node, InOrderOperator{site(node, Site::Kind::late), in_order->by}, {input(0)});
    if (const auto* unnest = std::get_if<UnnestNode>(&node.content))
      return add(node, lower_unnest(node, *unnest, input_row(0)), {input(0)});
    if (const auto* lookup = std::get_if<LookupNode>(&node.content)) return lower_lookup(node, lookup->step);
    if (const auto* retime = std::get_if<RetimeNode>(&node.content))
      return add(
          node,
          RetimeOperator{retime->time_column, retime->within_us, site(node, Site::Kind::late), retime->by_arrival},
          {input(0)});
    if (const auto* unique = std::get_if<UniqueNode>(&node.content))
      return add(node,
                 UniqueOperator{unique->columns, unique->within_us,
                                site(node, unique->drops ? Site::Kind::repeated : Site::Kind::duplicate),
                                site(node, Site::Kind::late)},
                 {input(0)});
    if (const auto* match = std::get_if<MatchNode>(&node.content)) return lower_match(node, *match);
    if (const auto* alert = std::get_if<AlertNode>(&node.content)) {
      const int made = add(node, AlertOperator{.check = alert->check}, {input(0)});
      RowProgram kernel{.name = fmt::format("alert_{}", made), .input = input_row(0)};
      kernel.steps.push_back(keep_step(node, alert->condition, site(node, Site::Kind::filtered), input_row(0)));
      add_kernel(std::move(kernel), {KernelPlace::Kind::alert, made});
      return made;
    }
    if (const auto* port = std::get_if<PortNode>(&node.content))
      return add(node, PortOperator{port->product, port->port}, {input(0)});
    return add(node, PublishOperator{std::get<PublishNode>(node.content).product}, {input(0)});
  }

  /// A column that is the planner's.
  static std::string hidden(std::string_view what, size_t number) {
    return fmt::format("{}{}{}", kHiddenMark, what, number);
  }

  /// The fields of a row that people know.
  static std::vector<std::string> names_of(const std::vector<Field>& row) {
    std::vector<std::string> names;
    for (const Field& field : row) names.push_back(is_hidden(field) ? "" : field.name);
    return names;
  }

  /// The field that an aggregate, or a key, of the group at `index` becomes a part of.
  std::string group_output(int index, int column) const {
    for (const Node& finish : plan_.nodes) {
      const auto* project = std::get_if<ProjectNode>(&finish.content);
      if (project == nullptr) continue;
      int of = finish.inputs[0];
      while (std::holds_alternative<KeepNode>(plan_.nodes[of].content)) of = plan_.nodes[of].inputs[0];  // pushed here
      if (of != index) continue;
      for (size_t i = 0; i < project->columns.size(); ++i)
        for (const int read : typed::columns_read(project->columns[i]))
          if (read == column) return finish.row[i].name;
    }
    return {};
  }

  /// The fields of `keys` in the row at operator `at`: those that are columns already, else computed behind its row.
  std::pair<int, std::vector<int>> key_fields(const Node& node, int at, const std::vector<ExpressionRef>& keys) {
    std::vector<int> fields;
    const std::vector<Field> row = program().operators[at].row;
    std::vector<Field> extended = row;
    std::vector<ExpressionRef> columns;
    for (size_t i = 0; i < row.size(); ++i)
      columns.push_back(typed::make(row[i].type, node.span, typed::ColumnRead{static_cast<int>(i)}));
    for (const ExpressionRef& key : keys) {
      if (const auto* column = std::get_if<typed::ColumnRead>(&key->node)) {
        fields.push_back(column->index);
        continue;
      }
      fields.push_back(static_cast<int>(columns.size()));
      extended.push_back({hidden("key", fields.size()), key->type});
      columns.push_back(key);
    }
    if (columns.size() == row.size()) return {at, fields};
    const bool derived = is_derived(at);  // of the rows before the join, whatever the join makes
    const int made = append(node, at, false, project_step(node, columns, extended, row, names_of(row)));
    program().operators[made].derived = derived;
    return {made, fields};
  }

  static JoinYield yield_of(typed::JoinYield yield) {
    switch (yield) {
      case typed::JoinYield::matches:
        return JoinYield::matches;
      case typed::JoinYield::semi:
        return JoinYield::semi;
      case typed::JoinYield::anti:
        return JoinYield::anti;
    }
    BRAID_UNREACHABLE("what a join yields");
  }

  void add_condition(const Node& node, const auto& join, const std::vector<Field>& left,
                     const std::vector<Field>& right, int made) {
    if (!join.residual) return;
    RowProgram kernel{.name = fmt::format("residual_{}", made), .input = condition_row(left, right, join.alias)};
    kernel.steps.push_back(keep_step(node, join.residual, site(node, Site::Kind::filtered), kernel.input));
    add_kernel(std::move(kernel), {KernelPlace::Kind::residual, made});
  }

  int lower_join(const Node& node, const JoinNode& join) {
    const typed::JoinStep& step = join.step;
    const std::vector<Field>& left_row = plan_.nodes[node.inputs[0]].row;
    const std::vector<Field>& right_row = plan_.nodes[node.inputs[1]].row;
    JoinShape shape{.left = step.left,
                    .right = step.right,
                    .yield = yield_of(step.yield),
                    .left_fields = static_cast<int>(left_row.size()),
                    .right_fields = static_cast<int>(joined_fields(right_row).size()),
                    .right_delete = ending_column(right_row)};
    std::vector<typed::ExpressionRef> of_right = step.right_keys;
    of_right.insert(of_right.end(), join.table_key.begin(), join.table_key.end());
    auto [right, right_keys] = key_fields(node, operator_of_[node.inputs[1]], of_right);
    const auto table_key = right_keys.begin() + static_cast<std::ptrdiff_t>(step.right_keys.size());
    shape.table_key.assign(table_key, right_keys.end());
    right_keys.erase(table_key, right_keys.end());
    std::vector<typed::ExpressionRef> of_left = step.left_keys;
    if (step.upper) of_left.push_back(step.upper);
    auto [left, left_keys] = key_fields(node, operator_of_[node.inputs[0]], of_left);
    int upper_field = -1;
    if (step.upper) {
      upper_field = left_keys.back();
      left_keys.pop_back();
    }
    shape.left_keys = left_keys;
    shape.right_keys = right_keys;
    shape.unmatched_site = site(node, Site::Kind::unmatched, shape.yield == JoinYield::anti ? "" : step.port);
    if (shape.yield == JoinYield::anti)
      shape.met_site = site(node, step.port.empty() ? Site::Kind::filtered : Site::Kind::port, step.port);
    shape.late_site = site(node, Site::Kind::late);
    int made = -1;
    switch (step.kind) {
      case typed::JoinKind::reference:
        made = add(node, ReferenceJoinOperator{shape}, {left, right});
        break;
      case typed::JoinKind::as_of:
        made = add(node, AsOfJoinOperator{shape, step.max_age_us, step.wait_us, step.latest}, {left, right});
        break;
      case typed::JoinKind::interval: {
        IntervalJoinOperator interval{shape, step.nearest, step.lower_us, step.upper_us, step.retain_us.value_or(0)};
        if (!step.lower_us && interval.retain_us != typed::kForever) {
          // `within any retain d` matches what lies at most d apart: what else still lay there would depend on arrival.
          interval.lower_us = -interval.retain_us;
          interval.upper_us = interval.retain_us;
        }
        if (step.right) {
          // `retain forever`: when a right row has met nothing, only the end of the left side tells.
          constexpr int64_t kFarthest = int64_t{1} << 62;
          if (!interval.lower_us) interval.lower_us = -kFarthest;
          if (!interval.upper_us) interval.upper_us = kFarthest;
        }
        // Of a condition that may fail, all matches decide: the first failure by time rejects the row.
        interval.nearest |= shape.yield != JoinYield::matches && step.residual && step.residual->can_fail;
        interval.upper_field = upper_field;
        interval.meets_one = join.meets_one;
        if (join.meets_one) interval.duplicate_site = site(node, Site::Kind::duplicate);
        made = add(node, interval, {left, right});
        break;
      }
    }
    add_condition(node, step, left_row, right_row, made);
    if (join.right_filter) {
      RowProgram kernel{.name = fmt::format("right_filter_{}", made), .input = right_row};
      kernel.steps.push_back(keep_step(node, join.right_filter, site(node, Site::Kind::filtered), kernel.input));
      add_kernel(std::move(kernel), {KernelPlace::Kind::right_filter, made});
    }
    return made;
  }

  static_assert(typed::kMostRowsOfElement == kMostRowsOfElement);
  /// One kernel asks the conditions of all elements, each only where it is told to.
  int lower_match(const Node& node, const MatchNode& match) {
    const std::vector<Field>& input_row = plan_.nodes[node.inputs[0]].row;
    MatchOperator made{.within_us = match.within_us, .keys = match.keys, .fields = match.fields};
    std::vector<Field> asked_over = match_row(match, input_row);
    std::vector<int> read;
    for (const MatchNode::Element& element : match.elements)
      if (element.rest)
        for (const int column : typed::columns_read(element.rest)) read.push_back(column);
    const int first_flag = static_cast<int>(asked_over.size());
    int column = static_cast<int>(input_row.size());
    std::vector<ExpressionRef> columns;
    std::vector<Field> row;
    using Made = MatchOperator::Element;
    for (const MatchNode::Element& element : match.elements) {
      const bool absent = element.kind == typed::ElementKind::absent;
      Made& to = made.elements.emplace_back(Made{.least = static_cast<uint32_t>(element.least),
                                                 .most = static_cast<uint32_t>(element.most),
                                                 .fit = element.fit,
                                                 .output = element.output});
      if (absent) to.kind = Made::Kind::absent;
      if (element.kind == typed::ElementKind::next) to.kind = Made::Kind::next;
      if (element.least == 0) to.shape = Made::Shape::optional;
      if (element.list) to.shape = Made::Shape::list;
      if (!absent) to.is_read = std::find(read.begin(), read.end(), column++) != read.end();
      if (!element.rest) continue;
      to.holds = static_cast<int>(columns.size());
      ExpressionRef flag = typed::make(bool_type(), node.span, typed::ColumnRead{first_flag + to.holds});
      ExpressionRef no = typed::make(bool_type(), node.span, typed::Constant{Value{false}});
      columns.push_back(typed::make(bool_type(), element.rest->span, typed::Choose{flag, element.rest, no}));
      row.push_back({element.name, bool_type()});
    }
    for (const Field& field : row) asked_over.push_back({"asked " + field.name, bool_type()});
    made.late_site = site(node, Site::Kind::late);
    made.rejected_site = site(node, Site::Kind::rejected);
    const int op = add(node, made, {operator_of_[node.inputs[0]]});
    if (columns.empty()) return op;
    RowProgram kernel{.name = fmt::format("match_{}", op), .input = asked_over};
    std::vector<std::string> outputs(columns.size());
    kernel.steps.push_back(project_step(node, std::move(columns), std::move(row), asked_over, std::move(outputs)));
    add_kernel(std::move(kernel), {KernelPlace::Kind::match, op});
    return op;
  }

  int lower_lookup(const Node& node, const typed::LookupStep& step) {
    const typed::Service& service = project_.services[static_cast<size_t>(step.service)];
    const std::vector<Field>& before = plan_.nodes[node.inputs[0]].row;
    const auto arguments = static_cast<int>(service.parameters.size());
    // Behind the row that goes on; both rows have the mark of changes.
    const auto asked = static_cast<int>(before.size()) - static_cast<int>(node.row.size()) + 1;
    LookupOperator made{.service = service_of(step.service),
                        .arguments = arguments,
                        .keys = asked - arguments,
                        .retracted = retracted_column(before) >= 0,
                        .left = step.left,
                        .unmatched_site = site(node, Site::Kind::unmatched, step.port)};
    made.failed_site = site(Site{.kind = Site::Kind::rejected,
                                 .step = node.text,
                                 .span = node.span,
                                 .check = service.stops ? service.name : std::string(),
                                 .stops = service.stops});
    return add(node, made, {operator_of_[node.inputs[0]]});
  }

  /// Of the program, where it has those alone that are asked.
  int service_of(int id) {
    const auto known = service_of_.find(id);
    if (known != service_of_.end()) return known->second;
    const typed::Service& service = project_.services[static_cast<size_t>(id)];
    std::string meaning = service.qualified();
    for (const auto* fields : {&service.parameters, &service.result})
      for (const Field& field : *fields) meaning += ";" + field.name + ":" + to_string(field.type);
    program().services.push_back(
        {.name = service.qualified(),
         .parameters = service.parameters,
         .result = service.result,
         .binding = {.kind = service.from.kind, .address = service.from.address, .format = service.from.format},
         .cache_us = service.cache_us,
         .cache_rows = static_cast<uint64_t>(service.cache_rows),
         .timeout_us = service.timeout_us,
         .retries = static_cast<uint32_t>(service.retries),
         .parallel = static_cast<uint32_t>(service.parallel),
         .stops = service.stops,
         .identity = key_hash(meaning),
         .span = service.span});
    return service_of_[id] = static_cast<int>(program().services.size()) - 1;
  }

  UnnestOperator lower_unnest(const Node& node, const UnnestNode& unnest, const std::vector<Field>& before) {
    UnnestOperator made{.left = unnest.left, .empty_site = site(node, Site::Kind::filtered)};
    made.retracted = retracted_column(node.row) >= 0;
    const Type& element = without_optional(before.back().type)->element;
    made.width = leaf_count(element);
    made.adds_presence = unnest.left && !is_optional(element);
    if (!unnest.fields) {
      for (size_t leaf = 0; leaf < made.width; ++leaf) made.leaves.push_back(static_cast<int>(leaf));
      return made;
    }
    const int presence = is_optional(element) ? 1 : 0;
    const std::vector<Field>& fields = without_optional(element)->fields;
    if (presence == 1) made.leaves.push_back(0);
    for (const int field : *unnest.fields) {
      const auto first = static_cast<int>(leaf_offset(fields, static_cast<size_t>(field))) + presence;
      const auto count = static_cast<int>(leaf_count(fields[static_cast<size_t>(field)].type));
      for (int leaf = first; leaf < first + count; ++leaf) made.leaves.push_back(leaf);
    }
    return made;
  }

  /// The row that ends a span may have the time of its end: it closes when that has passed, an instant later than
  /// others.
  static WindowSpec window_of(const typed::Window& window) {
    const bool span = window.kind == typed::WindowKind::span;
    return {.hopping = window.kind == typed::WindowKind::hopping,
            .cumulative = window.kind == typed::WindowKind::cumulative,
            .size_us = window.size_us,
            .slide_us = window.slide_us,
            .calendar = static_cast<WindowSpec::Calendar>(window.unit),
            .slide_calendar = static_cast<WindowSpec::Calendar>(window.slide_unit),
            .size_units = window.size_units,
            .slide_units = window.slide_units,
            .zone = window.zone,
            .gap_us = window.gap_us,
            .max_us = window.max_us,
            .span = span,
            .late_us = window.late_us + (span ? 1 : 0)};
  }

  int lower_top(const Node& node, const TopNode& top) {
    const typed::TopStep& step = top.step;
    const std::vector<Field>& input_row = plan_.nodes[node.inputs[0]].row;
    const int mark = retracted_column(input_row);
    TopOperator made{.count = step.count,
                     .with_ties = step.with_ties,
                     .fields = static_cast<int>(input_row.size()) - (mark >= 0 ? 1 : 0),
                     .adds_window = step.adds_window,
                     .numbered = step.numbered};
    std::vector<ExpressionRef> computed = step.keys;
    for (const typed::Ordering& order : step.orders) computed.push_back(order.value);
    const auto [before, fields] = key_fields(node, operator_of_[node.inputs[0]], computed);
    made.group.windowed = step.windowed;
    made.group.window = window_of(step.window);
    made.group.retracted = mark;
    made.group.window_key = top.window_key;
    made.group.retain_us = step.retain_us;
    made.group.keys.assign(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(step.keys.size()));
    for (size_t i = 0; i < step.orders.size(); ++i)
      made.orders.push_back({fields[step.keys.size() + i], step.orders[i].descending});
    made.group.late_site = site(node, Site::Kind::late);
    return add(node, made, {before});
  }

  AggregateSpec lower_aggregate(const std::vector<typed::Aggregate>& aggregates, size_t index,
                                ComputedColumns& computed, const std::string& output) {
    const typed::Aggregate& aggregate = aggregates[index];
    const auto of_same_argument = [&](const typed::Aggregate& other) {
      return aggregate.argument && other.kind == aggregate.kind &&
             computed.text_of(other.argument) == computed.text_of(aggregate.argument);
    };
    const auto end = aggregates.begin() + static_cast<std::ptrdiff_t>(index);
    const auto known = std::find_if(aggregates.begin(), end, of_same_argument);
    auto column = [&](const ExpressionRef& expression, std::string_view name) {
      return computed.column(expression, hidden(name, index), output);
    };
    return {.kind = aggregate.kind,
            .argument = column(computed.guarded(aggregate.argument, aggregate.filter), "argument"),
            .by = column(computed.guarded(aggregate.by, aggregate.filter), "by"),
            .filter = column(aggregate.filter, "filter"),
            .type = aggregate.type,
            .constant = aggregate.constant,
            .same_argument = known == end ? -1 : static_cast<int>(known - aggregates.begin()),
            .expression = expression(aggregate.span, output)};
  }

  int lower_running(int index, const Node& node, const typed::RunningStep& step) {
    const std::vector<Field>& before = plan_.nodes[node.inputs[0]].row;
    RunningOperator made{.fields = static_cast<int>(before.size()),
                         .rows = step.rows,
                         .within_us = step.within_us,
                         .retain_us = step.retain_us};
    ComputedColumns computed(before);
    for (size_t i = 0; i < before.size(); ++i)
      computed.column(typed::make(before[i].type, node.span, typed::ColumnRead{static_cast<int>(i)}), before[i].name,
                      is_hidden(before[i]) ? "" : before[i].name);
    for (const ExpressionRef& key : step.keys)
      made.keys.push_back(computed.column(key, hidden("key", made.keys.size()), ""));
    for (size_t i = 0; i < step.aggregates.size(); ++i) {
      made.before += step.aggregates[i].before ? 1 : 0;
      made.aggregates.push_back(
          lower_aggregate(step.aggregates, i, computed, group_output(index, static_cast<int>(before.size() + i))));
    }
    int input = operator_of_[node.inputs[0]];
    if (computed.columns().size() > before.size()) input = compute(node, input, computed);
    made.late_site = site(node, Site::Kind::late);
    made.overflow_site = site(node, Site::Kind::rejected);
    return add(node, made, {input});
  }

  /// Rows come with their windows, and those that were late have left.
  bool brings_windows(int input) const {
    while (std::holds_alternative<ProjectNode>(plan_.nodes[input].content)) input = plan_.nodes[input].inputs[0];
    return std::holds_alternative<InWindowsNode>(plan_.nodes[input].content);
  }

  int lower_group(int index, const Node& node, const GroupNode& group) {
    GroupOperator made;
    made.windowed = group.windowed;
    made.window = window_of(group.window);
    made.window_key = group.window_key;
    made.retain_us = group.retain_us;
    const std::vector<Field>& before = plan_.nodes[node.inputs[0]].row;
    ComputedColumns computed(before);
    for (const ExpressionRef& key : group.keys) {
      const std::string output = group_output(index, static_cast<int>(made.keys.size()));
      made.keys.push_back(computed.column(key, hidden("key", made.keys.size()), output));
    }
    for (size_t i = 0; i < group.aggregates.size(); ++i)
      made.aggregates.push_back(
          lower_aggregate(group.aggregates, i, computed, group_output(index, static_cast<int>(group.keys.size() + i))));
    // Rows that are late for their windows leave as they were before the group.
    const bool shows = (group.windowed || changes_sessions(group)) && !brings_windows(node.inputs[0]);
    const std::vector<int> shown = shows ? computed.add_row() : std::vector<int>();
    if (const int mark = retracted_column(before); mark >= 0)
      made.retracted =
          computed.column(typed::make(bool_type(), node.span, typed::ColumnRead{mark}), std::string(kRetracted), "");
    int input = compute(node, operator_of_[node.inputs[0]], computed);
    if (shows) {
      const bool derived = program().operators[input].derived;
      const ComputedColumns::Arranged arranged = computed.arranged(shown, node.span);
      input = append(node, input, false,
                     project_step(node, arranged.columns, arranged.row, computed.row(), names_of(arranged.row)));
      program().operators[input].derived = derived;
      move_fields(made, arranged.places);
    }
    made.late_site = site(node, Site::Kind::late);
    made.overflow_site = site(node, Site::Kind::rejected);
    return add(node, made, {input});
  }

  /// Behind the row at operator `at`, or in its place, what the step reads.
  int compute(const Node& node, int at, const ComputedColumns& computed) {
    const bool derived = is_derived(at);  // of the rows before the step, not of what it makes
    const int made = append(
        node, at, false, project_step(node, computed.columns(), computed.row(), computed.before(), computed.outputs()));
    program().operators[made].derived = derived;
    return made;
  }

  static void move_fields(GroupOperator& group, const std::vector<int>& places) {
    const auto move = [&](int& field) {
      if (field >= 0) field = places[static_cast<size_t>(field)];
    };
    for (int& key : group.keys) move(key);
    for (AggregateSpec& aggregate : group.aggregates)
      for (int* field : {&aggregate.argument, &aggregate.by, &aggregate.filter}) move(*field);
    move(group.retracted);
  }

  void products() {
    for (const typed::RelationId id : plan_.products) {
      const typed::Relation& relation = project_.relations[id];
      program().products.push_back({.domain = relation.domain,
                                    .name = relation.name,
                                    .version = relation.version,
                                    .key = relation.key,
                                    .span = relation.span});
      program().products.back().change_form = relation.change_form;
      program().products.back().promises = watched_promises(project_, id);
      program().products.back().hides_records = relation.hides_records;
      if (relation.to && !relation.to->format.empty()) program().products.back().format = relation.to->format;
    }
    for (const typed::Relation& relation : project_.relations) program().domains[relation.span.file] = relation.domain;
    auto note = [](std::vector<int>& list, int value) {
      if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
    };
    for (const Operator& each : program().operators) {
      if (const auto* publish = std::get_if<PublishOperator>(&each.content))
        set_row(program().products[publish->product], each.row);
      if (const auto* source = std::get_if<SourceOperator>(&each.content))
        for (const int product : each.products) note(program().products[product].sources, source->source);
      for (const int input : each.inputs)
        if (const auto* publish = std::get_if<PublishOperator>(&program().operators[input].content))
          for (const int product : each.products) note(program().products[product].products, publish->product);
    }
  }

  static void set_row(ProductSpec& product, const std::vector<Field>& row) {
    const auto mark = std::find_if(row.begin(), row.end(), [](const Field& field) { return field.name == kChange; });
    product.row.assign(row.begin(), mark);
    product.marks.assign(mark, row.end());
    product.changes = mark != row.end();
  }

  const Plan& plan_;
  const typed::Project& project_;
  const LowerOptions& options_;
  PhysicalPlan physical_;
  std::vector<int> readers_;
  std::map<int, int> pairs_;       ///< of each InstantsNode::pair, the first operator
  std::map<int, int> service_of_;  ///< services of the program, by those of the project
  std::vector<int> operator_of_;   ///< for each node, the operator whose row is the node's
  std::map<int, int> open_;        ///< operators whose row program further steps may join, and which that is
};

}  // namespace

PhysicalPlan lower(const Plan& plan, const typed::Project& project, const LowerOptions& options) {
  return Lowering(plan, project, options).run();
}

}  // namespace braid::plan
