// Loops over the elements of lists: `xs.map(x => …)`. The body is written once, in a loop of the kernel; what it reads
// of the row stays in registers.
#include "compiler/codegen/expression_emitter.h"
#include "compiler/typed/failure.h"
#include "compiler/typed/loop_limit.h"
#include "runtime/abi/row_functions.h"
#include "runtime/base/check.h"

namespace braid::codegen {

using typed::LoopKind;

/// The frame of a loop:
///
///   head: number := 0, or the next one; done if it is the number of elements
///   body: whatever the caller writes, with the element and its number as locals; ends with `go_on`
///   done
struct ExpressionEmitter::Rounds {
  Rounds(ExpressionEmitter& emitter, const typed::Loop& loop, const LeafValue& list) : e(emitter), node(loop) {
    head = e.new_block("elements");
    body = e.new_block("element");
    done = e.new_block("elements_done");
    before = e.b_.GetInsertBlock();
    e.b_.CreateBr(head);
    e.b_.SetInsertPoint(head);
    number = e.b_.CreatePHI(e.m_.i64, 2, "number");
    number->addIncoming(e.number(0), before);
    e.b_.SetInsertPoint(body);
    e.locals_[node.element] = e.element_at(node, list, number);
    e.locals_[node.position] = {{number}};
    ++e.loops_around_;
    count = list.second;
  }

  /// The value of the body.
  Leaves emit_body() {
    Leaves value = e.emit(*node.body);
    if (typed::counts_work(node)) {
      llvm::Value* work = e.b_.CreateLoad(e.m_.i64, e.work_);
      e.fail_if(e.b_.CreateICmpUGT(work, e.number(typed::kMostWork)), typed::kTooLong);
    }
    return value;
  }
  /// Ends the round; the next one follows. Its block is where the values of phis at `head` come from.
  llvm::BasicBlock* go_on() {
    llvm::BasicBlock* end = e.b_.GetInsertBlock();
    number->addIncoming(e.b_.CreateAdd(number, e.number(1)), end);
    e.b_.CreateBr(head);
    return end;
  }
  /// Writes the end of `head`, and goes on behind the loop.
  void finish() {
    --e.loops_around_;
    e.b_.SetInsertPoint(head);
    e.b_.CreateCondBr(e.b_.CreateICmpEQ(number, count), done, body);
    e.b_.SetInsertPoint(done);
  }

  ExpressionEmitter& e;
  const typed::Loop& node;
  llvm::BasicBlock *head, *body, *done, *before;
  llvm::PHINode* number;
  llvm::Value* count;
};

void ExpressionEmitter::add_work(llvm::Value* bytes) {
  b_.CreateStore(b_.CreateAdd(b_.CreateLoad(m_.i64, work_), bytes), work_);
}

void ExpressionEmitter::charge(const Type& type, const Leaves& value, unsigned shift) {
  if (loops_around_ == 0) return;
  const std::vector<Leaf> kinds = flatten(type);
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].kind != LeafKind::bytes && kinds[i].kind != LeafKind::list) continue;
    llvm::Value* bytes = value[i].second;
    if (kinds[i].kind == LeafKind::list) {
      const size_t width = std::max<size_t>(leaf_count(kinds[i].type->element), 1);
      bytes = b_.CreateMul(bytes, number(width * sizeof(Slot)));
    }
    add_work(shift == 0 ? bytes : b_.CreateLShr(bytes, number(shift)));
  }
}

llvm::Value* ExpressionEmitter::item_address(llvm::Value* items, llvm::Value* number_of_item, uint64_t width) {
  return b_.CreateInBoundsGEP(m_.i8, items, b_.CreateMul(number_of_item, number(width * sizeof(Slot))));
}

Leaves ExpressionEmitter::element_at(const typed::Loop& node, const LeafValue& list, llvm::Value* number_of_item) {
  const Type& element = node.list->type->element;
  return load_slots(element, item_address(list.first, number_of_item, leaf_count(element)));
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Loop& node) {
  const LeafValue list = emit(*node.list)[0];
  Leaves initial;
  if (node.initial != nullptr) initial = emit(*node.initial);
  if (work_ == nullptr) work_ = on_stack(m_.i64, 1);
  if (loops_around_ == 0)
    b_.CreateStore(number(0), work_);
  else
    add_work(b_.CreateMul(list.second, number(typed::kWorkOfRound)));
  switch (node.kind) {
    case LoopKind::map:
    case LoopKind::flat_map:
    case LoopKind::filter:
      return emit_list(e, node, list);
    case LoopKind::fold:
      return emit_fold(node, list, initial);
    case LoopKind::count:
      return emit_count(node, list);
    case LoopKind::take_while:
    case LoopKind::skip_while:
    case LoopKind::any:
    case LoopKind::all:
    case LoopKind::find:
    case LoopKind::position:
      return emit_search(e, node, list);
  }
  BRAID_UNREACHABLE("kind of loop");
}

/// map, filter and flat_map: memory for as many elements as there may be, before the first round.
Leaves ExpressionEmitter::emit_list(const typed::Expression& e, const typed::Loop& node, const LeafValue& list) {
  const bool joins = node.kind == LoopKind::flat_map;
  const Type& made = joins ? node.body->type : e.type->element;
  const uint64_t width = leaf_count(made), given_width = leaf_count(node.list->type->element);
  if (node.kind == LoopKind::map && width > given_width)
    fail_if(b_.CreateICmpUGT(list.second, number(rows::longest_list(width))), typed::kTooLong);
  auto allocate = m_.helper("braid_allocate", m_.ptr, {m_.ptr, m_.i64});
  llvm::Value* items =
      b_.CreateCall(allocate, {surroundings_.call, b_.CreateMul(list.second, number(width * sizeof(Slot)))});

  Rounds rounds(*this, node, list);
  b_.SetInsertPoint(rounds.head);
  llvm::PHINode* count = b_.CreatePHI(m_.i64, 2, "made");
  count->addIncoming(number(0), rounds.before);
  b_.SetInsertPoint(rounds.body);
  const Leaves element = locals_[node.element];
  Leaves value = rounds.emit_body();
  if (node.kind == LoopKind::filter) {
    llvm::BasicBlock* keep = new_block("keep_element");
    llvm::BasicBlock* next = new_block("next_element");
    llvm::BasicBlock* from = b_.GetInsertBlock();
    b_.CreateCondBr(is_set(value[0]), keep, next);
    b_.SetInsertPoint(keep);
    store_slots(made, element, item_address(items, count, width));
    llvm::Value* more = b_.CreateAdd(count, number(1));
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
    llvm::PHINode* now = b_.CreatePHI(m_.i64, 2);
    now->addIncoming(count, from);
    now->addIncoming(more, keep);
    count->addIncoming(now, rounds.go_on());
  } else {
    store_slots(made, value, item_address(items, count, width));
    llvm::Value* more = b_.CreateAdd(count, number(1));
    count->addIncoming(more, rounds.go_on());
  }
  rounds.finish();
  if (!joins) {
    llvm::Value* none = b_.CreateICmpEQ(count, number(0));
    return {{b_.CreateSelect(none, llvm::Constant::getNullValue(m_.ptr), items), count}};
  }
  const uint64_t joined_width = leaf_count(e.type->element);
  auto join = m_.helper("braid_row_join_lists", m_.view, {m_.ptr, m_.ptr, m_.i64, m_.i64});
  LeafValue joined = view_result(b_.CreateCall(join, {surroundings_.call, items, count, number(joined_width)}));
  fail_if(b_.CreateICmpUGT(joined.second, number(rows::longest_list(joined_width))), typed::kTooLong);
  return {joined};
}

Leaves ExpressionEmitter::emit_fold(const typed::Loop& node, const LeafValue& list, const Leaves& initial) {
  Rounds rounds(*this, node, list);
  b_.SetInsertPoint(rounds.head);
  std::vector<llvm::PHINode*> phis;
  auto carried = [&](llvm::Value* first) -> llvm::Value* {
    if (first == nullptr) return nullptr;
    phis.push_back(b_.CreatePHI(first->getType(), 2));
    phis.back()->addIncoming(first, rounds.before);
    return phis.back();
  };
  Leaves state;
  for (const LeafValue& leaf : initial) {
    llvm::Value* first = carried(leaf.first);
    state.push_back({first, carried(leaf.second)});
  }
  b_.SetInsertPoint(rounds.body);
  locals_[node.state] = state;
  const Leaves next = rounds.emit_body();
  llvm::BasicBlock* end = rounds.go_on();
  size_t at = 0;
  for (const LeafValue& leaf : next) {
    phis[at++]->addIncoming(leaf.first, end);
    if (leaf.second != nullptr) phis[at++]->addIncoming(leaf.second, end);
  }
  rounds.finish();
  return state;
}

Leaves ExpressionEmitter::emit_count(const typed::Loop& node, const LeafValue& list) {
  Rounds rounds(*this, node, list);
  b_.SetInsertPoint(rounds.head);
  llvm::PHINode* count = b_.CreatePHI(m_.i64, 2, "count");
  count->addIncoming(number(0), rounds.before);
  b_.SetInsertPoint(rounds.body);
  llvm::Value* holds = is_set(rounds.emit_body()[0]);
  llvm::Value* more = b_.CreateAdd(count, b_.CreateZExt(holds, m_.i64));
  count->addIncoming(more, rounds.go_on());
  rounds.finish();
  return {{count}};
}

/// Loops that end at the first element for which the body holds, or does not hold.
Leaves ExpressionEmitter::emit_search(const typed::Expression& e, const typed::Loop& node, const LeafValue& list) {
  const bool wanted = node.kind == LoopKind::any || node.kind == LoopKind::find || node.kind == LoopKind::position;
  Rounds rounds(*this, node, list);
  b_.SetInsertPoint(rounds.body);
  llvm::Value* holds = is_set(rounds.emit_body()[0]);
  llvm::BasicBlock* next = new_block("next_element");
  llvm::BasicBlock* met = b_.GetInsertBlock();
  if (wanted)
    b_.CreateCondBr(holds, rounds.done, next);
  else
    b_.CreateCondBr(holds, next, rounds.done);
  b_.SetInsertPoint(next);
  rounds.go_on();
  rounds.finish();
  // The number of elements where none was met.
  llvm::PHINode* at = b_.CreatePHI(m_.i64, 2, "at");
  at->addIncoming(rounds.number, rounds.head);
  at->addIncoming(rounds.number, met);
  llvm::Value* found = b_.CreateICmpNE(at, list.second);
  switch (node.kind) {
    case LoopKind::any:
      return from_bool(found);
    case LoopKind::all:
      return from_bool(b_.CreateNot(found));
    case LoopKind::position:
      return {{b_.CreateZExt(found, m_.i8)}, {b_.CreateSelect(found, at, number(0))}};
    case LoopKind::find: {
      llvm::BasicBlock* from = b_.GetInsertBlock();
      llvm::BasicBlock* read = new_block("found");
      llvm::BasicBlock* done = new_block("searched");
      b_.CreateCondBr(found, read, done);
      b_.SetInsertPoint(read);
      Leaves element = element_at(node, list, at);
      if (!is_optional(node.list->type->element)) element.insert(element.begin(), {llvm::ConstantInt::get(m_.i8, 1)});
      b_.CreateBr(done);
      b_.SetInsertPoint(done);
      return merge(read, element, from, zeros(e.type));
    }
    case LoopKind::take_while:
    case LoopKind::skip_while: {
      const bool takes = node.kind == LoopKind::take_while;
      const uint64_t width = leaf_count(e.type->element);
      llvm::Value* count = takes ? at : b_.CreateSub(list.second, at);
      llvm::Value* items = takes ? list.first : item_address(list.first, at, width);
      llvm::Value* none = b_.CreateICmpEQ(count, number(0));
      return {{b_.CreateSelect(none, llvm::Constant::getNullValue(m_.ptr), items), count}};
    }
    case LoopKind::map:
    case LoopKind::flat_map:
    case LoopKind::filter:
    case LoopKind::count:
    case LoopKind::fold:
      break;
  }
  BRAID_UNREACHABLE("no search");
}

}  // namespace braid::codegen
