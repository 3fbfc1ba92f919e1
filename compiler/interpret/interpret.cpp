#include "compiler/interpret/interpret.h"

#include <algorithm>
#include <span>

#include "compiler/interpret/explain.h"
#include "runtime/base/check.h"

namespace braid::interpret {
namespace {

struct PreparedStep {
  const plan::RowStep* step;
  const Node* condition = nullptr;
  std::vector<const Node*> columns;
};

/// An input leaf that some expression reads, or that goes out as it is without being passed through.
struct LoadedLeaf {
  LeafKind kind;
  uint32_t leaf;
};

struct ComputedLeaf {
  LeafKind kind;
  uint32_t leaf;
};

/// One worker's memory for the rows of a kernel.
struct RowMemory {
  Prepared::Scratch scratch;
  std::vector<std::vector<Slot>> rows;  ///< of the input, then behind each projection
};

/// What became of a row: the row behind the last step, or the step that dropped it.
struct Passage {
  const std::vector<Slot>* row = nullptr;
  const PreparedStep* dropped_by = nullptr;
  const Slot* before = nullptr;  ///< the row that this step read
  Failure failure;               ///< code 0: its condition is false
};

class RowKernel : public InterpretedKernel {
 public:
  RowKernel(const plan::RowProgram& program, typed::CallSites& sites) : program_(program) {
    const std::vector<Field>* row = &program_.input;
    std::vector<bool> read(program_.input.size(), false);
    bool over_input = true;
    for (const plan::RowStep& step : program_.steps) {
      PreparedStep prepared{&step};
      auto add = [&](const typed::ExpressionRef& expression, size_t column) {
        if (over_input)
          for (int each : typed::columns_read(expression)) read[static_cast<size_t>(each)] = true;
        const auto& firsts = step.first_expressions;
        return prepared_.add(*expression, *row, sites,
                             column < firsts.size() ? firsts[column] : RowReason::kNoExpression);
      };
      if (step.kind == plan::RowStep::Kind::keep) {
        prepared.condition = add(step.condition, 0);
      } else {
        for (size_t i = 0; i < step.columns.size(); ++i) prepared.columns.push_back(add(step.columns[i], i));
        over_input = false;
        row = &step.row;
      }
      steps_.push_back(std::move(prepared));
    }
    std::vector<Leaf> output = flatten(program_.output);
    for (size_t leaf = 0; leaf < output.size(); ++leaf) {
      bool passed = leaf < program_.passthrough.size() && program_.passthrough[leaf] >= 0;
      if (!passed) computed_.push_back({output[leaf].kind, static_cast<uint32_t>(leaf)});
      if (!passed && over_input) read[field_of_leaf(program_.input, leaf)] = true;
    }
    std::vector<Leaf> input = flatten(program_.input);
    for (size_t leaf = 0; leaf < input.size(); ++leaf)
      if (read[field_of_leaf(program_.input, leaf)]) loaded_.push_back({input[leaf].kind, static_cast<uint32_t>(leaf)});
    input_leaves_ = input.size();
  }

  void run(KernelFrame& frame) const override {
    RowMemory memory = make_memory();
    frame.kept_count = 0;
    frame.drop_count = 0;
    for (uint32_t row = 0; row < frame.rows; ++row) {
      const Passage passage = pass(frame, row, *frame.call, memory);
      if (passage.row == nullptr) {
        frame.drops[frame.drop_count++] = {row, site_of(passage), passage.failure.code, passage.failure.detail};
        continue;
      }
      for (const ComputedLeaf& leaf : computed_)
        write_slot({leaf.kind, frame.out[leaf.leaf]}, frame.kept_count, (*passage.row)[leaf.leaf]);
      frame.kept[frame.kept_count++] = row;
    }
  }

  std::unique_ptr<BlockReasons> begin(const KernelFrame& frame) const override {
    return std::make_unique<Reasons>(*this, frame);
  }

 private:
  class Reasons : public BlockReasons {
   public:
    Reasons(const RowKernel& kernel, const KernelFrame& frame)
        : kernel_(kernel), frame_(frame), call_(*frame.call), memory_(kernel.make_memory()) {
      call_.arena = &arena_;
    }

    RowReason explain(const Drop& drop) override {
      arena_.reset();
      Passage passage = kernel_.pass(frame_, drop.row, call_, memory_);
      BRAID_CHECK(passage.row == nullptr && passage.failure.code == drop.code && kernel_.site_of(passage) == drop.site,
                  "a row fails another way when it is evaluated again");
      const Node& node = *passage.failure.node;
      RowReason reason{.code = drop.code, .expression = node.number};
      // A broken field is known by its site.
      if (node.code == Code::checked_read) return reason;
      std::vector<const Slot*> operands;
      const RowContext context = context_of(frame_, drop.row, call_);
      Failure none;
      // Of a loop only the list: its body stands for each element.
      const size_t shown = node.code == Code::loop ? 1 : node.parts.size();
      for (const Node* part : std::span(node.parts).first(shown)) {
        memory_.scratch.work = 0;  // what the row did before is no part of it
        operands.push_back(evaluate(*part, passage.before, memory_.scratch, context, none));
      }
      BRAID_CHECK(none.code == 0, "an operand fails only when it is evaluated again");
      reason.arguments = interpret::explain(passage.failure, operands);
      return reason;
    }

   private:
    const RowKernel& kernel_;
    const KernelFrame& frame_;
    Arena arena_;  ///< of one row: a text of 16 MiB that is too long must not be there for each
    CallContext call_;
    RowMemory memory_;
  };

  static size_t field_of_leaf(const std::vector<Field>& row, size_t leaf) {
    size_t field = 0;
    for (size_t first = leaf_count(row[0].type); leaf >= first; first += leaf_count(row[field].type)) ++field;
    return field;
  }
  static size_t leaf_total(const std::vector<const Node*>& columns) {
    size_t total = 0;
    for (const Node* column : columns) total += column->width;
    return total;
  }
  static RowContext context_of(const KernelFrame& frame, uint32_t row, CallContext& call) {
    return {&call, frame.time == nullptr ? 0 : frame.time[row],
            frame.record == nullptr ? nullptr : frame.records + frame.record[row]};
  }

  RowMemory make_memory() const {
    RowMemory memory{prepared_.make_scratch(), {std::vector<Slot>(input_leaves_, slot_i128(0))}};
    for (const PreparedStep& step : steps_)
      if (step.condition == nullptr) memory.rows.emplace_back(leaf_total(step.columns));
    return memory;
  }

  static uint32_t site_of(const Passage& passage) {
    const plan::RowStep& step = *passage.dropped_by->step;
    const Failure& failure = passage.failure;
    if (failure.code == 0) return step.site;
    const bool known = failure.column >= 0 && static_cast<size_t>(failure.column) < step.field_sites.size();
    return known ? step.field_sites[static_cast<size_t>(failure.column)] : step.failure_site;
  }

  Passage pass(const KernelFrame& frame, uint32_t row, CallContext& call, RowMemory& memory) const {
    for (const LoadedLeaf& leaf : loaded_)
      memory.rows[0][leaf.leaf] = read_slot({leaf.kind, const_cast<void*>(frame.in[leaf.leaf])}, row);
    const RowContext context = context_of(frame, row, call);
    size_t current = 0;
    Passage passage;
    for (const PreparedStep& step : steps_) {
      const Slot* slots = memory.rows[current].data();
      auto drop = [&] {
        passage.dropped_by = &step;
        passage.before = slots;
        return passage;
      };
      if (step.condition != nullptr) {
        const Slot* holds = evaluate(*step.condition, slots, memory.scratch, context, passage.failure);
        if (holds == nullptr || holds->u8 == 0) return drop();
        continue;
      }
      Slot* next = memory.rows[current + 1].data();
      for (const Node* column : step.columns) {
        const Slot* value = evaluate(*column, slots, memory.scratch, context, passage.failure);
        if (value == nullptr) return drop();
        next = std::copy_n(value, column->width, next);
      }
      ++current;
    }
    passage.row = &memory.rows[current];
    return passage;
  }

  plan::RowProgram program_;  ///< steps_ and the nodes point into it
  Prepared prepared_;
  std::vector<PreparedStep> steps_;
  std::vector<LoadedLeaf> loaded_;
  std::vector<ComputedLeaf> computed_;
  size_t input_leaves_ = 0;
};

/// Whether it depends on nothing but itself: no column, nothing beside the row, no local bound outside.
bool is_closed(const typed::Expression& expression, std::vector<int>& bound) {
  if (std::holds_alternative<typed::ColumnRead>(expression.node)) return false;
  if (std::holds_alternative<typed::AmbientRead>(expression.node)) return false;
  if (auto* local = std::get_if<typed::LocalRead>(&expression.node))
    return std::find(bound.begin(), bound.end(), local->slot) != bound.end();
  if (auto* bind = std::get_if<typed::Bind>(&expression.node)) {
    if (!is_closed(*bind->value, bound)) return false;
    bound.push_back(bind->slot);
    bool closed = is_closed(*bind->body, bound);
    bound.pop_back();
    return closed;
  }
  const auto* loop = std::get_if<typed::Loop>(&expression.node);
  const size_t outside = bound.size();
  for (const typed::ExpressionRef& part : typed::parts(expression)) {
    if (loop != nullptr && part == loop->body) bound.insert(bound.end(), {loop->element, loop->position, loop->state});
    if (!is_closed(*part, bound)) return false;
  }
  bound.resize(outside);
  return true;
}

/// Objects of the call sites of one evaluation.
class Caches {
 public:
  explicit Caches(const typed::CallSites& sites) : sites_(sites), objects_(sites.count(), nullptr) {}
  ~Caches() {
    for (size_t i = 0; i < objects_.size(); ++i)
      if (objects_[i] != nullptr && sites_.free_functions()[i] != nullptr) sites_.free_functions()[i](objects_[i]);
  }
  Caches(const Caches&) = delete;
  Caches& operator=(const Caches&) = delete;
  void** data() { return objects_.data(); }

 private:
  const typed::CallSites& sites_;
  std::vector<void*> objects_;
};

}  // namespace

std::shared_ptr<const InterpretedKernel> interpret(const plan::RowProgram& program, typed::CallSites& sites) {
  return std::make_shared<RowKernel>(program, sites);
}

Evaluator::Evaluator(const typed::Expression& expression, const std::vector<Field>& row, typed::CallSites& sites)
    : root_(prepared_.add(expression, row, sites)), scratch_(prepared_.make_scratch()) {}

Failure Evaluator::evaluate(const Slot* row, const RowContext& context, Slot* result) {
  Failure failure;
  const Slot* value = interpret::evaluate(*root_, row, scratch_, context, failure);
  if (value != nullptr) std::copy_n(value, root_->width, result);
  return failure;
}

Failure evaluate(const typed::Expression& expression, const std::vector<Field>& row, const Slot* slots,
                 const RowContext& context, Slot* result) {
  typed::CallSites sites;
  Evaluator evaluator(expression, row, sites);
  Caches caches(sites);
  CallContext call = *context.call;
  call.caches = caches.data();
  RowContext own{&call, context.time, context.record};
  Failure failure = evaluator.evaluate(slots, own, result);
  // Texts and lists of the result lie in the arena, in the row, or in constants that die with the evaluator.
  if (failure.code != 0) {
    failure.detail = call.arena->copy(failure.detail.view());
    return failure;
  }
  to_slots(expression.type, from_slots(expression.type, result), result, *call.arena);
  return failure;
}

std::optional<Value> evaluate_constant(const typed::Expression& expression) {
  std::vector<int> bound;
  if (!is_closed(expression, bound)) return std::nullopt;
  Arena arena;
  CallContext call;
  call.arena = &arena;
  std::vector<Slot> result(std::max<size_t>(leaf_count(expression.type), 1));
  if (evaluate(expression, {}, nullptr, {&call}, result.data()).code != 0) return std::nullopt;
  return from_slots(expression.type, result.data());
}

}  // namespace braid::interpret
