#include "compiler/lineage/step_flow.h"

#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/kept_fields.h"

namespace braid::lineage {

using typed::ExpressionRef;

Shape shape_of_origin(Origin origin, const Type& type, const Shape* labels) {
  Shape made;
  if (labels != nullptr) made.labels = labels->labels;
  const std::vector<Field>* fields = parts_of(type);
  if (fields == nullptr || fields->empty()) {
    made.values.emplace(std::move(origin), Kind::identity);
    return made;
  }
  const bool told = labels != nullptr && labels->parts.size() == fields->size();
  for (size_t i = 0; i < fields->size(); ++i) {
    Origin part = origin;
    part.path.push_back(static_cast<int>(i));
    made.parts.push_back(shape_of_origin(std::move(part), (*fields)[i].type, told ? &labels->parts[i] : nullptr));
  }
  return made;
}

std::vector<Shape> fields_read(const std::vector<RelationFlow>& known, const typed::Project& project,
                               const Reading& reading) {
  const auto id = static_cast<size_t>(reading.relation);
  const RelationFlow& flow = known.at(id);
  std::vector<Shape> made;
  auto of_rows = [&](const Rows& rows, const std::string& port) {
    for (size_t i = 0; i < rows.fields.size(); ++i)
      made.push_back(
          shape_of_origin({reading.relation, port, {static_cast<int>(i)}}, rows.row.at(i).type, &rows.fields[i]));
  };
  if (reading.port == "changes") {
    // { op, before, after }: both are rows of the table.
    of_rows(flow.result, "");
    Shape side;
    side.parts = std::move(made);
    return {Shape{}, side, side};
  }
  if (!reading.port.empty()) {
    if (const auto port = flow.ports.find(reading.port); port != flow.ports.end()) of_rows(port->second, reading.port);
    return made;
  }
  of_rows(flow.result, "");
  if (!project.relations[id].source) return made;
  // What stands in for a missing field is the source's own matter.
  for (size_t i = 0; i < made.size(); ++i) merge(made[i], flow.result.fields[i]);
  return made;
}

/// A sum may have too many digits, a list too many elements: the row of the result is rejected then.
static bool may_fail(typed::AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count:
    case AggregateKind::count_distinct:
    case AggregateKind::approx_distinct:
    case AggregateKind::minimum:
    case AggregateKind::maximum:
    case AggregateKind::first:
    case AggregateKind::last:
    case AggregateKind::arg_min:
    case AggregateKind::arg_max:
    case AggregateKind::any:
    case AggregateKind::every:
      return false;
    default:
      return true;
  }
}

/// Expressions of a step, over the row before it. What may fail decides which rows there are.
class StepFlow::Expressions {
 public:
  explicit Expressions(StepFlow& steps) : Expressions(steps, steps.rows_.fields) {}
  Expressions(StepFlow& steps, std::vector<Shape> row)
      : steps_(steps), row_(std::move(row)), time_(steps.rows_.time), flow_(row_, time_) {}
  ~Expressions() {
    for (const Origin& origin : flow_.failures()) steps_.rows_.decide.insert({origin, Influence::conditional});
    steps_.flow_.whole_cases.insert(flow_.whole_cases().begin(), flow_.whole_cases().end());
    steps_.declassified_.insert(steps_.declassified_.end(), flow_.declassified().begin(), flow_.declassified().end());
  }
  Expressions(const Expressions&) = delete;
  Expressions& operator=(const Expressions&) = delete;

  Shape of(const ExpressionRef& expression) { return expression == nullptr ? Shape{} : flow_.of(expression); }
  void decide(const std::vector<ExpressionRef>& expressions, Influence influence) {
    for (const ExpressionRef& each : expressions) steps_.decided_by(of(each), influence);
  }
  void decide(const ExpressionRef& expression, Influence influence) { steps_.decided_by(of(expression), influence); }

 private:
  StepFlow& steps_;
  const std::vector<Shape> row_;
  const Shape time_;
  ExpressionFlow flow_;
};

struct StepFlow::Right {
  std::vector<Shape> fields;
  Shape time;
  Shape row;  ///< the fields as a struct
};

StepFlow::Right StepFlow::right(typed::RelationId id) {
  const typed::Relation& relation = project_.relations[static_cast<size_t>(id)];
  const Reading reading{id, ""};
  flow_.reads.insert(reading);
  Right made{.fields = fields_read(known_, project_, reading), .time = {}, .row = {}};
  if (relation.has_time)
    made.time = relation.time_field >= 0 ? flat(made.fields.at(static_cast<size_t>(relation.time_field)))
                                         : shape_of_origin({id, "", {kEventTime}}, timestamp_type(), nullptr);
  made.row.parts = made.fields;
  if (relation.source) {
    // Its own defaults may fail.
    const Influences& own = known_[static_cast<size_t>(id)].result.decide;
    rows_.decide.insert(own.begin(), own.end());
    Expressions expressions(*this, made.fields);
    expressions.decide(relation.source->delete_when, Influence::filter);
  }
  const bool table = relation.kind == typed::RelationKind::table || relation.changes || !relation.version_key.empty();
  if (!table) return made;
  // One version of a key takes the place of another.
  const auto& key = relation.version_key.empty() ? relation.key : relation.version_key;
  for (const std::vector<int>& path : key) {
    Shape at = made.fields.at(static_cast<size_t>(path.front()));
    for (size_t i = 1; i < path.size() && static_cast<size_t>(path[i]) < at.parts.size(); ++i)
      at = Shape(at.parts[static_cast<size_t>(path[i])]);
    decided_by(at, Influence::group_by);
  }
  decided_by(made.time, Influence::sort);
  since_.merge(influences_of(made.row, Influence::sort));
  return made;
}

void StepFlow::add(const typed::Step& step) {
  std::visit(Overloaded{
                 [&](const typed::FromStep& node) { from(node); },
                 [&](const typed::TickStep& node) { tick(node); },
                 [&](const typed::UnionStep& node) { unite(node); },
                 [&](const typed::WhereStep& node) { where(node); },
                 [&](const typed::ProjectStep& node) { project(node); },
                 [&](const typed::JoinStep& node) { join(node); },
                 [&](const typed::GroupStep& node) { group(node); },
                 [&](const typed::TopStep& node) { top(node); },
                 [&](const typed::RunningStep& node) { running(node); },
                 [&](const typed::LatestStep& node) { latest(node); },
                 [&](const typed::DistinctStep& node) { distinct(node); },
                 [&](const typed::TableJoinStep& node) { join_table(node); },
                 [&](const typed::EmitStep&) { decided_by(rows_.time, Influence::window); },
                 [&](const typed::MatchStep& node) { match(node, step.row); },
                 [&](const typed::UnnestStep& node) { unnest(node); },
                 [&](const typed::LookupStep& node) { lookup(node); },
                 [&](const typed::InWindowsStep& node) { windows(node); },
             },
             step.content);
  rows_.row = step.row;
  // Hidden fields that the row has beside those are of no value of a record.
  rows_.fields.resize(step.row.size());
}

void StepFlow::from(const typed::FromStep& step) {
  if (step.port.empty()) {
    Right read = right(step.relation);
    rows_.fields = std::move(read.fields);
    if (!step.by_arrival) rows_.time = std::move(read.time);
    return;
  }
  const Reading reading{step.relation, step.port};
  flow_.reads.insert(reading);
  rows_.fields = fields_read(known_, project_, reading);
  const RelationFlow& product = known_[static_cast<size_t>(step.relation)];
  // A row of it is there because some field of the table's row is another one than before.
  if (step.port == "changes")
    for (const Shape& field : rows_.fields) decided_by(field, Influence::conditional);
  if (step.port == "changes")
    rows_.time = shape_of_origin({step.relation, "", {kEventTime}}, timestamp_type(), nullptr);
  else if (const auto port = product.ports.find(step.port);
           port != product.ports.end() && !port->second.time.values.empty())
    rows_.time = shape_of_origin({step.relation, step.port, {kEventTime}}, timestamp_type(), nullptr);
}

void StepFlow::tick(const typed::TickStep& step) {
  Shape time;
  for (const typed::RelationId relation : step.moved_by) merge(time, right(relation).time);
  rows_.time = raised(std::move(time), Kind::transformation);
  rows_.fields = {rows_.time};
  decided_by(rows_.time, Influence::window);
}

void StepFlow::unite(const typed::UnionStep& step) {
  const Right other = right(step.relation);
  for (size_t i = 0; i < step.columns.size() && i < rows_.fields.size(); ++i)
    if (step.columns[i] >= 0) lineage::merge(rows_.fields[i], other.fields.at(static_cast<size_t>(step.columns[i])));
  lineage::merge(rows_.time, other.time);
  Expressions(*this).decide(step.keys, Influence::group_by);
}

void StepFlow::where(const typed::WhereStep& step) {
  Expressions(*this).decide(step.condition, Influence::filter);
  if (!step.port.empty()) port(step.port, rows_.row);
}

void StepFlow::project(const typed::ProjectStep& step) {
  std::vector<Shape> made;
  {
    Expressions expressions(*this);
    for (const ExpressionRef& column : step.columns) made.push_back(expressions.of(column));
  }
  rows_.fields = std::move(made);
}

void StepFlow::keyed(const Right& right, const std::vector<ExpressionRef>& keys) {
  Expressions(*this, right.fields).decide(keys, Influence::join);
}

void StepFlow::join(const typed::JoinStep& step) {
  const Right other = right(step.relation);
  {
    Expressions expressions(*this);
    expressions.decide(step.left_keys, Influence::join);
    expressions.decide(step.upper, Influence::join);
  }
  keyed(other, step.right_keys);
  if (step.residual != nullptr) {
    std::vector<Shape> both = rows_.fields;
    both.push_back(other.row);
    Expressions(*this, std::move(both)).decide(step.residual, Influence::join);
  }
  if (step.kind != typed::JoinKind::reference) {
    if (!step.latest) decided_by(rows_.time, Influence::join);
    decided_by(other.time, Influence::join);
  }
  if (!step.port.empty()) port(step.port, rows_.row);
  if (step.kind == typed::JoinKind::interval && step.yield == typed::JoinYield::matches) {
    lineage::merge(rows_.time, other.time);
    rows_.time = raised(std::move(rows_.time), Kind::transformation);
  }
  rows_.fields.push_back(step.yield == typed::JoinYield::matches ? other.row : Shape{});
}

void StepFlow::join_table(const typed::TableJoinStep& step) {
  const Right other = right(step.relation);
  Expressions(*this).decide(step.left_keys, Influence::join);
  keyed(other, step.right_keys);
  if (step.residual != nullptr) {
    std::vector<Shape> both = rows_.fields;
    both.push_back(other.row);
    Expressions(*this, std::move(both)).decide(step.residual, Influence::join);
  }
  lineage::merge(rows_.time, other.time);
  rows_.fields.push_back(step.yield == typed::JoinYield::matches ? other.row : Shape{});
}

Shape StepFlow::window_shape() const {
  Shape made;
  made.parts = {raised(rows_.time, Kind::transformation), raised(rows_.time, Kind::transformation)};
  return made;
}

Shape StepFlow::aggregate(const typed::Aggregate& aggregate, Expressions& expressions) {
  Shape made = raised(expressions.of(aggregate.argument), Kind::aggregation);
  const Shape by = expressions.of(aggregate.by);
  switch (aggregate.kind) {
    case AggregateKind::first:
    case AggregateKind::last:
    case AggregateKind::arg_min:
    case AggregateKind::arg_max:
    case AggregateKind::collect:
    case AggregateKind::string_agg:
      made.conditions.merge(influences_of(by, Influence::sort));
      break;
    default:
      if (aggregate.by != nullptr) lineage::merge(made, raised(flat(by), Kind::aggregation));
  }
  if (typed::goes_by_time(aggregate)) made.conditions.merge(influences_of(rows_.time, Influence::sort));
  if (typed::goes_by_time(aggregate) || aggregate.kind == AggregateKind::arg_min ||
      aggregate.kind == AggregateKind::arg_max)
    made.conditions.insert(since_.begin(), since_.end());
  if (aggregate.filter != nullptr) {
    const Shape filter = expressions.of(aggregate.filter);
    made.conditions.merge(influences_of(filter, Influence::conditional));
    // Of rows that it leaves out nothing is computed, and nothing fails.
    const bool fails = (aggregate.argument != nullptr && aggregate.argument->can_fail) ||
                       (aggregate.by != nullptr && aggregate.by->can_fail);
    if (fails) decided_by(filter, Influence::conditional);
  }
  if (may_fail(aggregate.kind)) decided_by(made, Influence::conditional);
  // How many there are says nothing of a single one.
  if (aggregate.kind == AggregateKind::count || aggregate.kind == AggregateKind::count_distinct ||
      aggregate.kind == AggregateKind::approx_distinct) {
    made = flat(made);
    made.labels.clear();
  }
  const std::vector<Field>* fields = parts_of(aggregate.type);
  if (!made.parts.empty() && (fields == nullptr || fields->size() != made.parts.size())) made = flat(made);
  return made;
}

void StepFlow::group(const typed::GroupStep& step) {
  std::vector<Shape> results;
  {
    std::vector<Shape> row = rows_.fields;
    if (step.reads_window) row.push_back(window_shape());
    Expressions expressions(*this, std::move(row));
    for (const ExpressionRef& key : step.keys) {
      results.push_back(expressions.of(key));
      decided_by(results.back(), Influence::group_by);
    }
    for (const typed::Aggregate& each : step.aggregates) results.push_back(aggregate(each, expressions));
  }
  if (step.windowed) {
    decided_by(rows_.time, Influence::window);
    results.push_back(window_shape());
  }
  if (!step.windowed || step.changes)
    for (const Shape& result : results) since_.merge(influences_of(result, Influence::sort));
  std::vector<Shape> made;
  {
    Expressions finish(*this, std::move(results));
    for (const ExpressionRef& each : step.finish) made.push_back(finish.of(each));
  }
  rows_.fields = std::move(made);
  rows_.time = raised(flat(rows_.time), step.windowed ? Kind::transformation : Kind::aggregation);
}

void StepFlow::top(const typed::TopStep& step) {
  {
    Expressions expressions(*this);
    expressions.decide(step.keys, Influence::group_by);
    for (const typed::Ordering& order : step.orders) expressions.decide(order.value, Influence::sort);
  }
  decided_by(rows_.time, step.windowed ? Influence::window : Influence::sort);
  rows_.decide.insert(since_.begin(), since_.end());
  if (step.adds_window) rows_.fields.push_back(window_shape());
  if (step.numbered) rows_.fields.push_back({});  // which rows there are decides it
  if (!step.windowed || step.changes)
    for (const Shape& field : rows_.fields) since_.merge(influences_of(field, Influence::sort));
  if (step.windowed) rows_.time = raised(flat(rows_.time), Kind::transformation);
}

void StepFlow::running(const typed::RunningStep& step) {
  std::vector<Shape> made = rows_.fields;
  {
    Expressions expressions(*this);
    Influences keys;
    for (const ExpressionRef& key : step.keys) keys.merge(influences_of(expressions.of(key), Influence::group_by));
    for (const typed::Aggregate& each : step.aggregates) {
      Shape result = aggregate(each, expressions);
      result.conditions.insert(keys.begin(), keys.end());
      result.conditions.merge(influences_of(rows_.time, Influence::sort));
      // Among which rows it is computed decides whether it fails, and with it the row.
      if (may_fail(each.kind)) rows_.decide.insert(keys.begin(), keys.end());
      made.push_back(std::move(result));
    }
  }
  rows_.fields = std::move(made);
  decided_by(rows_.time, Influence::sort);
}

void StepFlow::latest(const typed::LatestStep& step) {
  Expressions(*this).decide(step.keys, Influence::group_by);
  decided_by(rows_.time, Influence::sort);
  // A row that is the one before it in each field changes nothing, and stands where that stood.
  for (const Shape& field : rows_.fields) since_.merge(influences_of(field, Influence::sort));
}

void StepFlow::distinct(const typed::DistinctStep& step) {
  Expressions(*this).decide(step.keys, Influence::filter);
  decided_by(rows_.time, Influence::sort);
}

void StepFlow::match(const typed::MatchStep& step, const std::vector<Field>& after) {
  std::vector<Shape> made;
  {
    Expressions expressions(*this);
    for (const ExpressionRef& key : step.keys) {
      made.push_back(expressions.of(key));
      decided_by(made.back(), Influence::group_by);
    }
  }
  Shape row;
  row.parts = rows_.fields;
  row.parts.resize(typed::fields_of_elements(step, after));  // what is kept for conditions stands behind them
  std::vector<Shape> with_elements = rows_.fields;
  for (const typed::PatternElement& element : step.elements) {
    if (element.kind == typed::ElementKind::absent) continue;
    with_elements.push_back(row);
    made.push_back(row);
  }
  {
    Expressions expressions(*this, std::move(with_elements));
    for (const typed::PatternElement& element : step.elements) expressions.decide(element.condition, Influence::filter);
  }
  decided_by(rows_.time, Influence::sort);
  rows_.fields = std::move(made);
  rows_.time = raised(flat(rows_.time), Kind::transformation);
}

void StepFlow::unnest(const typed::UnnestStep& step) {
  Shape list;
  {
    Expressions expressions(*this);
    list = expressions.of(step.list);
  }
  if (step.list != nullptr && is(without_optional(without_optional(step.list->type)->element), TypeKind::list))
    list = flat(list);
  decided_by(list, Influence::conditional);
  rows_.fields.push_back(std::move(list));
}

void StepFlow::lookup(const typed::LookupStep& step) {
  const typed::Service& service = project_.services[static_cast<size_t>(step.service)];
  Shape asked;
  {
    Expressions expressions(*this);
    for (const ExpressionRef& argument : step.arguments) lineage::merge(asked, flat(expressions.of(argument)));
    expressions.decide(step.keys, Influence::group_by);
  }
  asked = raised(std::move(asked), Kind::transformation);
  decided_by(asked, Influence::join);
  if (!step.port.empty()) port(step.port, rows_.row);
  Shape answer;
  for (size_t i = 0; i < service.result.size(); ++i) {
    answer.parts.push_back(asked);
    if (i < service.result_labels.size())
      answer.parts.back().labels.insert(service.result_labels[i].begin(), service.result_labels[i].end());
  }
  rows_.fields.push_back(std::move(answer));
}

void StepFlow::windows(const typed::InWindowsStep&) {
  decided_by(rows_.time, Influence::window);
  rows_.fields.push_back(window_shape());
}

void StepFlow::port(const std::string& name, const std::vector<Field>& row) {
  Rows at = rows_;
  at.row = shown_fields(row);
  at.fields.resize(at.row.size());
  const auto [known, fresh] = flow_.ports.try_emplace(name, at);
  if (fresh) return;
  for (size_t i = 0; i < known->second.fields.size() && i < at.fields.size(); ++i)
    lineage::merge(known->second.fields[i], at.fields[i]);
  lineage::merge(known->second.time, at.time);
  known->second.decide.merge(at.decide);
}

}  // namespace braid::lineage
