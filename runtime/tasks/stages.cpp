#include "runtime/tasks/stages.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/tasks/placing.h"

namespace braid {
namespace {

/// Kernels stay with the whole program, where native code replaces them.
void follow_kernels(Operator& op, const Operator& whole) {
  auto join = [](JoinShape& shape, const JoinShape& other) { shape.residual.follow(other.residual); };
  if (auto* rows = std::get_if<RowsOperator>(&op.content))
    rows->kernel.follow(std::get<RowsOperator>(whole.content).kernel);
  if (auto* match = std::get_if<MatchOperator>(&op.content))
    match->condition.follow(std::get<MatchOperator>(whole.content).condition);
  if (auto* alert = std::get_if<AlertOperator>(&op.content))
    alert->kernel.follow(std::get<AlertOperator>(whole.content).kernel);
  if (auto* reference = std::get_if<ReferenceJoinOperator>(&op.content))
    join(reference->shape, std::get<ReferenceJoinOperator>(whole.content).shape);
  if (auto* as_of = std::get_if<AsOfJoinOperator>(&op.content))
    join(as_of->shape, std::get<AsOfJoinOperator>(whole.content).shape);
  if (auto* interval = std::get_if<IntervalJoinOperator>(&op.content)) {
    const auto& other = std::get<IntervalJoinOperator>(whole.content);
    join(interval->shape, other.shape);
    interval->right_filter.follow(other.right_filter);
  }
  if (auto* tables = std::get_if<TableJoinOperator>(&op.content))
    tables->residual.follow(std::get<TableJoinOperator>(whole.content).residual);
}

class Splitter {
 public:
  Splitter(const Program& whole, const std::map<int, int32_t>& partitions, const std::string& group)
      : whole_(whole), partitions_(partitions), group_(group), placed_(trace_placing(whole, partitions)) {
    for (const auto& [source, count] : partitions) most_ = std::max(most_, count);
  }

  Stages split() {
    Stages result;
    result.reason = placed_.reason;
    if (!result.reason.empty()) return result;
    const int last = std::max(0, *std::ranges::max_element(placed_.levels));
    if (last == 0) {
      result.stages.push_back({whole_stage(whole_), most_, 0});
      return result;
    }
    for (int level = 0; level <= last; ++level)
      result.stages.push_back({std::make_shared<const Program>(stage(level)), most_, level * most_});
    return result;
  }

 private:
  int level_of(int op) const { return placed_.levels[static_cast<size_t>(op)]; }
  bool is_cut(int op, size_t which) const {
    const int before = level_of(whole_.operators[static_cast<size_t>(op)].inputs[which]);
    return before != kEverywhere && before < level_of(op);
  }

  Program stage(int level) {
    Program made;
    made.name = whole_.name;
    made.id = whole_.id;
    made.whole = &whole_;
    made.products = whole_.products;
    made.sites = whole_.sites;
    made.services = whole_.services;
    made.domains = whole_.domains;
    made.expressions = whole_.expressions;
    made.cache_count = whole_.cache_count;
    made.free_caches = whole_.free_caches;
    made.sources = whole_.sources;
    for (size_t source = 0; source < made.sources.size(); ++source) {
      made.sources[source].from_kernel.follow(whole_.sources[source].from_kernel);
      made.sources[source].reader.follow(whole_.sources[source].reader);
    }
    std::vector<int> place(whole_.operators.size(), -1);
    const std::vector<bool> needed = needed_at(level);
    std::vector<bool> read(whole_.sources.size());
    for (int op = 0; op < static_cast<int>(whole_.operators.size()); ++op) {
      if (!needed[static_cast<size_t>(op)]) continue;
      const Operator& original = whole_.operators[static_cast<size_t>(op)];
      Operator copy = original;
      follow_kernels(copy, original);
      for (size_t which = 0; which < original.inputs.size(); ++which)
        copy.inputs[which] =
            is_cut(op, which) ? receive(made, op, which) : place[static_cast<size_t>(original.inputs[which])];
      if (auto* net = std::get_if<NetOperator>(&copy.content)) net->keeps = is_cut(op, 0);
      if (auto* instants = std::get_if<InstantsOperator>(&copy.content); instants != nullptr && instants->leader >= 0)
        instants->leader = place[static_cast<size_t>(instants->leader)];
      if (const auto* source = std::get_if<SourceOperator>(&original.content))
        read[static_cast<size_t>(source->source)] = true;
      place[static_cast<size_t>(op)] = static_cast<int>(made.operators.size());
      made.operators.push_back(std::move(copy));
      if (placed_.port_levels.contains(op)) gather(made, op, place[static_cast<size_t>(op)]);
    }
    for (const auto& [port, levels] : placed_.port_levels)
      if (levels.contains(level)) give(made, port, level, place);
    for (int op = 0; op < static_cast<int>(whole_.operators.size()); ++op)
      for (size_t which = 0; which < whole_.operators[static_cast<size_t>(op)].inputs.size(); ++which) {
        const int input = whole_.operators[static_cast<size_t>(op)].inputs[which];
        if (is_cut(op, which) && level_of(input) == level) send(made, op, which, place[static_cast<size_t>(input)]);
      }
    for (size_t source = 0; source < read.size(); ++source)
      if (!read[source]) made.sources[source].binding.kind = "elsewhere";
    return made;
  }

  std::vector<bool> needed_at(int level) const {
    std::vector<bool> needed(whole_.operators.size());
    for (size_t op = needed.size(); op-- > 0;) {
      needed[op] = needed[op] || level_of(static_cast<int>(op)) == level;
      if (!needed[op]) continue;
      for (const int input : whole_.operators[op].inputs)
        if (level_of(input) == kEverywhere) needed[static_cast<size_t>(input)] = true;
    }
    return needed;
  }

  std::string name_of(int op, size_t which) const {
    const Operator& step = whole_.operators[static_cast<size_t>(op)];
    // Rows of another form never follow those that are in the topic.
    uint64_t form = hash_mix(step.state.identity, step.state.schema);
    for (const Field& field : whole_.operators[static_cast<size_t>(step.inputs[which])].row)
      form = hash_mix(form, key_hash(to_string(field.type)));
    std::string name = fmt::format("repartition.{:016x}", form);
    if (step.inputs.size() > 1) name += which == 0 ? ".left" : ".right";
    return name;
  }
  std::string topic_of(int op, size_t which) const { return group_ + "." + name_of(op, which); }

  /// The step's place in the stage behind: a source of its rows.
  int receive(Program& made, int op, size_t which) {
    const Operator& step = whole_.operators[static_cast<size_t>(op)];
    const Operator& input = whole_.operators[static_cast<size_t>(step.inputs[which])];
    SourceSpec source;
    source.name = name_of(op, which);
    source.has_time = true;
    source.row = input.row;
    source.binding = {"exchange", topic_of(op, which), "", {}};
    source.fronts = static_cast<uint32_t>(fronts_of(step.inputs[which]));
    source.span = step.span;
    made.sources.push_back(std::move(source));
    Operator receiver;
    receiver.content = SourceOperator{static_cast<int>(made.sources.size()) - 1};
    receiver.row = input.row;
    receiver.products = step.products;
    receiver.derived = input.derived && !std::holds_alternative<PublishOperator>(input.content);
    receiver.text = step.text;
    receiver.span = step.span;
    made.operators.push_back(std::move(receiver));
    return static_cast<int>(made.operators.size()) - 1;
  }

  void send(Program& made, int op, size_t which, int from) {
    const Operator& step = whole_.operators[static_cast<size_t>(op)];
    const StepKey key = *key_of_step(step, which);
    made.exchanges.push_back({topic_of(op, which), most_, key.fields, key.nulls_match, step.text});
    const Operator& input = made.operators[static_cast<size_t>(from)];
    Operator sender;
    sender.content = SendOperator{static_cast<int>(made.exchanges.size()) - 1};
    sender.inputs = {from};
    sender.row = input.row;
    sender.products = step.products;
    sender.derived = input.derived;
    sender.text = step.text;
    sender.span = step.span;
    made.operators.push_back(std::move(sender));
  }

  std::string topic_of_port(int port, int level) const {
    const Operator& step = whole_.operators[static_cast<size_t>(port)];
    const auto& content = std::get<PortOperator>(step.content);
    const ProductSpec& product = whole_.products[static_cast<size_t>(content.product)];
    uint64_t form = key_hash(fmt::format("{} {} {}", product.qualified(), product.version, content.port));
    for (const Field& field : step.row) form = hash_mix(form, key_hash(to_string(field.type)));
    return fmt::format("{}.repartition.{:016x}.port{}", group_, form, level);
  }

  /// In a stage before that of who reads a port: rows that leave by it here are sent there. They have no key, so they
  /// go to one task.
  void give(Program& made, int port, int level, const std::vector<int>& place) {
    const Operator& original = whole_.operators[static_cast<size_t>(port)];
    const int product = std::get<PortOperator>(original.content).product;
    Operator leaving = original;
    leaving.inputs.clear();
    // Behind all steps of the product, whose time these rows have.
    for (size_t op = 0; op < whole_.operators.size(); ++op)
      if (level_of(static_cast<int>(op)) == level && place[op] >= 0 &&
          std::ranges::count(whole_.operators[op].products, product) > 0)
        leaving.inputs.push_back(place[op]);
    made.operators.push_back(std::move(leaving));
    made.exchanges.push_back({topic_of_port(port, level), most_, {}, true, original.text});
    Operator sender = original;
    sender.content = SendOperator{static_cast<int>(made.exchanges.size()) - 1};
    sender.inputs = {static_cast<int>(made.operators.size()) - 1};
    made.operators.push_back(std::move(sender));
  }

  /// Where the port is read: its rows of this stage, and of those before. `at` is moved to where all are.
  void gather(Program& made, int port, int& at) {
    const Operator& original = whole_.operators[static_cast<size_t>(port)];
    Operator all = original;
    all.content = UnionOperator{};
    all.inputs = {at};
    for (const int level : placed_.port_levels.at(port)) {
      SourceSpec source;
      source.name = topic_of_port(port, level).substr(group_.size() + 1);
      source.has_time = true;
      source.row = original.row;
      source.binding = {"exchange", topic_of_port(port, level), "", {}};
      source.fronts = static_cast<uint32_t>(most_);
      source.span = original.span;
      made.sources.push_back(std::move(source));
      Operator receiver = original;
      receiver.content = SourceOperator{static_cast<int>(made.sources.size()) - 1};
      receiver.inputs.clear();
      all.inputs.push_back(static_cast<int>(made.operators.size()));
      made.operators.push_back(std::move(receiver));
    }
    at = static_cast<int>(made.operators.size());
    made.operators.push_back(std::move(all));
  }

  /// How many tasks have rows of that step: all of a later stage, and in the first those with a partition of a source.
  int32_t fronts_of(int op) const {
    if (level_of(op) > 0) return most_;
    const Operator& step = whole_.operators[static_cast<size_t>(op)];
    if (const auto* source = std::get_if<SourceOperator>(&step.content)) {
      const auto count = partitions_.find(source->source);
      return count == partitions_.end() ? 0 : count->second;
    }
    int32_t fronts = 0;
    for (const int input : step.inputs) fronts = std::max(fronts, fronts_of(input));
    return fronts;
  }

  const Program& whole_;
  const std::map<int, int32_t>& partitions_;
  const std::string& group_;
  Placed placed_;
  int32_t most_ = 1;
};

}  // namespace

std::shared_ptr<const Program> whole_stage(const Program& program) {
  return {std::shared_ptr<const Program>(), &program};
}

Stages split(const Program& program, const std::map<int, int32_t>& partitions, const std::string& group) {
  return Splitter(program, partitions, group).split();
}

std::string describe(const Stages& stages) {
  if (stages.stages.empty()) return fmt::format("one task: {}\n", stages.reason);
  if (stages.stages.size() == 1) return {};
  std::string text = "stages, each with a task for each partition number\n";
  for (size_t stage = 0; stage < stages.stages.size(); ++stage) {
    const Program& program = *stages.stages[stage].program;
    for (const SourceSpec& source : program.sources)
      if (!source.is_static() && source.binding.kind != "elsewhere")
        text += fmt::format("  {} reads {}\n", stage, source.binding.address);
    for (const Exchange& exchange : program.exchanges)
      text += fmt::format("  {} sends to {} for `{}`\n", stage, exchange.topic, exchange.step);
  }
  return text;
}

}  // namespace braid
