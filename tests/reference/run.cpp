#include "tests/reference/run.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/kept_fields.h"

namespace braid::reference {

int64_t TimeLine::watermark() const {
  int64_t watermark = kBeforeAll;
  if (!max_ || __builtin_sub_overflow(*max_, within_, &watermark)) return kBeforeAll;
  return watermark;
}

void TimeLine::observe(int64_t time) {
  // Above max + ahead, which the first record always is: believed once the next record is above that line too.
  const bool leaps = !max_ || static_cast<int128>(time) > static_cast<int128>(*max_) + ahead_;
  if (leaps && candidate_) {
    max_ = std::min(*candidate_, time);
    candidate_.reset();
  } else if (leaps) {
    candidate_ = time;
  } else {
    candidate_.reset();
    max_ = std::max(*max_, time);
  }
}

void TimeLine::move_to(int64_t time) {
  if (max_ && time <= *max_) return;
  max_ = time;
  candidate_.reset();
}

std::string OutputRow::json() const {
  std::string text = "{";
  for (size_t i = 0; i < fields.size(); ++i)
    text += (i ? "," : "") + to_json(string_type(), {fields[i].name}) + ":" + to_json(fields[i].type, values[i]);
  return text + "}";
}

Run::Run(const plan::Plan& plan, const typed::Project& project, const Input& input)
    : plan_(plan), project_(project), input_(input), source_ordinal_(plan.nodes.size(), -1) {
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const auto* source = std::get_if<plan::SourceNode>(&plan.nodes[i].content);
    if (!source) continue;
    source_ordinal_[i] = static_cast<int>(relation_names_.size());
    relation_names_.push_back(project.relations[source->relation].qualified());
  }
  for (const typed::RelationId product : plan.products)
    relation_names_.push_back(project.relations[product].qualified());
  outcome_.begin(plan, project, relation_names_);
  ways_.emplace(plan, relation_names_.size() - plan.products.size());
  call_.arena = &arena_;
  call_.now = input.clock_us;
  call_.job_seed = input.job_seed;
}

Run::~Run() {
  for (size_t i = 0; i < caches_.size(); ++i)
    if (caches_[i] && sites_.free_functions()[i]) sites_.free_functions()[i](caches_[i]);
}

std::vector<ProductOutcome> Run::evaluate() {
  for (size_t i = 0; i < plan_.nodes.size(); ++i) {
    const int index = static_cast<int>(i);
    rows_.push_back(rows_of_node(index));
    make_for_further_ways(index);
  }
  return outcome_.finish();
}

Run::Rows Run::rows_of_node(int index) {
  return std::visit(
      [&](const auto& node) -> Rows {
        using Node = std::decay_t<decltype(node)>;
        if constexpr (std::is_same_v<Node, plan::SourceNode>)
          return source(index, node);
        else if constexpr (std::is_same_v<Node, plan::TickNode>)
          return ticks(index, node);
        else if constexpr (std::is_same_v<Node, plan::KeepNode>)
          return keep(index, node);
        else if constexpr (std::is_same_v<Node, plan::ProjectNode>)
          return project(index, node);
        else if constexpr (std::is_same_v<Node, plan::UnionNode>)
          return unite(index);
        else if constexpr (std::is_same_v<Node, plan::JoinNode>)
          return join(index, node);
        else if constexpr (std::is_same_v<Node, plan::GroupNode>)
          return group(index, node);
        else if constexpr (std::is_same_v<Node, plan::TopNode>)
          return top(index, node);
        else if constexpr (std::is_same_v<Node, plan::RunningNode>)
          return running(index, node);
        else if constexpr (std::is_same_v<Node, plan::LatestNode>)
          return latest(index, node);
        else if constexpr (std::is_same_v<Node, plan::TableJoinNode>)
          return join_tables(index, node);
        else if constexpr (std::is_same_v<Node, plan::EmitNode>)
          return rows_into(index);  // in the end all have gone on
        else if constexpr (std::is_same_v<Node, plan::MovesNode>)
          return rows_into(index);  // joins here look at all keys
        else if constexpr (std::is_same_v<Node, plan::InstantsNode>)
          return instants(index, node);
        else if constexpr (std::is_same_v<Node, plan::InWindowsNode>)
          return in_windows(index, node);
        else if constexpr (std::is_same_v<Node, plan::InOrderNode>)
          return in_order(index);
        else if constexpr (std::is_same_v<Node, plan::NetNode>)
          return net(index);
        else if constexpr (std::is_same_v<Node, plan::UnnestNode>)
          return unnest(index, node);
        else if constexpr (std::is_same_v<Node, plan::LookupNode>)
          return lookup(index, node);
        else if constexpr (std::is_same_v<Node, plan::RetimeNode>)
          return retime(index, node);
        else if constexpr (std::is_same_v<Node, plan::UniqueNode>)
          return unique(index, node);
        else if constexpr (std::is_same_v<Node, plan::MatchNode>)
          return match(index, node);
        else if constexpr (std::is_same_v<Node, plan::AlertNode>)
          return alert(index, node);
        else if constexpr (std::is_same_v<Node, plan::PortNode>)
          return port(index, node);
        else
          return publish(index, node);
      },
      plan_.nodes[static_cast<size_t>(index)].content);
}

const Run::Rows& Run::rows_into(int index, int which) {
  const Rows& rows = rows_[static_cast<size_t>(input_of(index, which))];
  if (!ways_->part(index, which)) return rows;
  for (Row& row : parted_.emplace_back(rows))
    if (!row.cause.made) {
      const std::set<int>& others = ways_->others(index, which, row.cause.relation);
      row.cause.elsewhere.insert(others.begin(), others.end());
    }
  return parted_.back();
}

void Run::make_for_further_ways(int index) {
  const plan::Node& node = plan_.nodes[static_cast<size_t>(index)];
  if (!node.derived || std::holds_alternative<plan::PublishNode>(node.content)) return;
  for (const int product : node.products) {
    int64_t ways = 0;
    for (const plan::Node& reader : plan_.nodes)
      if (std::find(reader.products.begin(), reader.products.end(), product) != reader.products.end())
        ways += std::count(reader.inputs.begin(), reader.inputs.end(), index);
    for (; ways > 1; --ways)
      for (size_t row = 0; row < rows_.back().size(); ++row) outcome_.make({product});
  }
}

interpret::Failure Run::compute(const typed::ExpressionRef& expression, const std::vector<Field>& fields,
                                const std::vector<Slot>& slots, const Row& row, Slot* result) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) {
    std::copy_n(slots.data() + leaf_offset(fields, column->index), leaf_count(expression->type), result);
    return {};
  }
  auto& evaluator = evaluators_[expression.get()];
  if (!evaluator) {
    evaluator = std::make_unique<interpret::Evaluator>(*expression, fields, sites_);
    kept_expressions_.push_back(expression);
    caches_.resize(sites_.count(), nullptr);
  }
  call_.caches = caches_.data();
  Record record;
  record.source = row.cause.relation;
  record.partition = row.cause.partition;
  record.position = row.cause.position;
  record.line = row.cause.line;
  interpret::Failure failure = evaluator->evaluate(slots.data(), {&call_, row.time, &record}, result);
  // Lists may lie in the evaluator's own memory: the result is copied as a whole.
  if (failure.code == 0) to_slots(expression->type, from_slots(expression->type, result), result, arena_);
  return failure;
}

interpret::Failure Run::compute_all(const std::vector<typed::ExpressionRef>& expressions,
                                    const std::vector<Field>& fields, const Row& row, std::vector<Slot>& results) {
  for (const typed::ExpressionRef& expression : expressions) {
    const size_t leaves = leaf_count(expression->type);
    std::vector<Slot> result(leaves + 1);
    const interpret::Failure failure = compute(expression, fields, row.slots, row, result.data());
    if (failure.code != 0) return failure;
    results.insert(results.end(), result.begin(), result.begin() + static_cast<long>(leaves));
  }
  return {};
}

OutputRow Run::output_row(const std::vector<Field>& fields, const Row& row) const {
  OutputRow made;
  size_t leaf = 0;
  for (const Field& field : fields) {
    if (!is_shown(field)) {
      leaf += leaf_count(field.type);
      continue;
    }
    made.values.push_back(from_slots(field.type, row.slots.data() + leaf));
    made.fields.push_back(
        {field.name, is(field.type, TypeKind::checked) ? optional_type(field.type->element) : field.type});
    leaf += leaf_count(field.type);
  }
  made.time = row.time;
  made.derived = !row.cause.has_origin;
  made.partition = row.cause.partition;
  made.position = row.cause.position;
  if (row.cause.has_origin) made.source = relation_names_[row.cause.relation];
  return made;
}

bool Run::hides(int product) const {
  return project_.relations[plan_.products[product]].hides_records;
}

bool Run::shows(int product, Span step) const {
  if (!hides(product)) return true;
  std::string domain;  // in whose script the step stands
  for (const typed::Relation& relation : project_.relations)
    if (relation.span.file == step.file) domain = relation.domain;
  return project_.relations[plan_.products[product]].domain == domain;
}

void Run::leave(int index, int input, const Row& row, Kind kind, const std::string& port, uint32_t code) {
  const plan::Node& node = plan_.nodes[index];
  outcome_.settle(node.products, index, input, row.cause, kind);
  if (port.empty()) return;
  const std::vector<Field>& fields =
      row_of(node.inputs.empty() ? index : node.inputs[input == 0 ? node.inputs.size() - 1 : 0]);
  OutputRow made = output_row(fields, row);
  made.code = code;
  made.step = node.text;
  // Which changes of a table there are on the way is a matter of turns: a flow that reads the port does not get them.
  const bool is_change = code != 0 && plan::retracted_column(fields) >= 0;
  if (code == 0) {
    Row shown = row;
    shown.slots.resize(flatten(shown_fields(fields)).size());
    give(node.products, port, shown);
  } else if (!is_change) {
    give_standing(node.products, port, {"", fmt::format("E{:04}", code), node.text}, row, true);
  }
  for (const int product : node.products) {
    OutputRow written = made;
    if (code != 0 && hides(product) && row.cause.line > 0) written.position = 0;
    written.hidden = code != 0 && !shows(product, node.span);
    outcome_.write({product}, port, written);
  }
}

std::vector<ProductOutcome> evaluate(const plan::Plan& plan, const typed::Project& project, const Input& input) {
  return Run(plan, project, input).evaluate();
}

}  // namespace braid::reference
