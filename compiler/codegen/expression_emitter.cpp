#include "compiler/codegen/expression_emitter.h"

#include "compiler/typed/failure.h"
#include "compiler/typed/loop_limit.h"
#include "llvm/IR/MDBuilder.h"
#include "runtime/abi/row_functions.h"
#include "runtime/base/check.h"
#include "runtime/declare/layout.h"

namespace braid::codegen {
namespace {

size_t leaves_before(const std::vector<Field>& row, int index) {
  return leaf_offset(row, static_cast<size_t>(index));
}

Leaves slice(const Leaves& leaves, size_t first, size_t count) {
  auto begin = leaves.begin() + static_cast<std::ptrdiff_t>(first);
  return Leaves(begin, begin + static_cast<std::ptrdiff_t>(count));
}

void append(Leaves& target, const Leaves& more) {
  target.insert(target.end(), more.begin(), more.end());
}

}  // namespace

void FailureTarget::add(llvm::BasicBlock* from, llvm::Value* site_value, llvm::Value* code_value,
                        LeafValue detail_value) const {
  if (!wants_reason()) return;
  site->addIncoming(site_value, from);
  code->addIncoming(code_value, from);
  detail->addIncoming(detail_value.first, from);
  detail_size->addIncoming(detail_value.second, from);
}

void ExpressionEmitter::begin_step(ReadColumn read_column, FailureTarget target, uint32_t failure_site,
                                   const std::vector<uint32_t>* field_sites) {
  read_column_ = std::move(read_column);
  target_ = row_target_ = target;
  failure_site_ = failure_site;
  field_sites_ = field_sites;
  locals_.clear();
}

llvm::BasicBlock* ExpressionEmitter::new_block(const char* name) {
  return llvm::BasicBlock::Create(m_.context(), name, b_.GetInsertBlock()->getParent());
}

void ExpressionEmitter::leave(llvm::Value* site, llvm::Value* code, LeafValue detail) {
  target_.add(b_.GetInsertBlock(), site, code, detail);
  b_.CreateBr(target_.block);
}

void ExpressionEmitter::fail_now(llvm::Value* site, llvm::Value* code, LeafValue detail) {
  leave(site, code, detail);
  b_.SetInsertPoint(new_block("unreached"));
}

void ExpressionEmitter::fail_if(llvm::Value* failed, uint32_t code) {
  llvm::BasicBlock* next = new_block("fine");
  target_.add(b_.GetInsertBlock(), number_32(failure_site_), number_32(code), m_.zero(LeafKind::bytes));
  b_.CreateCondBr(failed, target_.block, next, llvm::MDBuilder(m_.context()).createBranchWeights(1, 2000));
  b_.SetInsertPoint(next);
}

llvm::AllocaInst* ExpressionEmitter::on_stack(llvm::Type* type, uint64_t count) {
  llvm::BasicBlock& entry = b_.GetInsertBlock()->getParent()->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  auto* place = at_entry.CreateAlloca(type, number(count));
  place->setAlignment(llvm::Align(16));
  return place;
}

Leaves ExpressionEmitter::zeros(const Type& type) {
  Leaves leaves;
  for (const Leaf& leaf : flatten(type)) leaves.push_back(m_.zero(leaf.kind));
  return leaves;
}

Leaves ExpressionEmitter::merge(llvm::BasicBlock* a_block, const Leaves& a, llvm::BasicBlock* b_block,
                                const Leaves& b) {
  BRAID_CHECK(a.size() == b.size());
  auto join = [&](llvm::Value* one, llvm::Value* other) -> llvm::Value* {
    if (one == nullptr || one == other) return one;
    llvm::PHINode* phi = b_.CreatePHI(one->getType(), 2);
    phi->addIncoming(one, a_block);
    phi->addIncoming(other, b_block);
    return phi;
  };
  Leaves merged;
  for (size_t i = 0; i < a.size(); ++i)
    merged.push_back({join(a[i].first, b[i].first), join(a[i].second, b[i].second)});
  return merged;
}

Leaves ExpressionEmitter::load_slots(const Type& type, llvm::Value* address) {
  Leaves leaves;
  for (const Leaf& leaf : flatten(type))
    leaves.push_back(m_.load(b_, leaf.kind, Module::at(b_, address, leaves.size() * sizeof(Slot))));
  return leaves;
}

void ExpressionEmitter::store_slots(const Type& type, const Leaves& leaves, llvm::Value* address) {
  std::vector<Leaf> kinds = flatten(type);
  for (size_t i = 0; i < leaves.size(); ++i)
    m_.store_slot(b_, kinds[i].kind, Module::at(b_, address, i * sizeof(Slot)), leaves[i]);
}

LeafValue ExpressionEmitter::view_result(llvm::Value* returned) {
  return {b_.CreateExtractValue(returned, 0), b_.CreateExtractValue(returned, 1)};
}

Leaves ExpressionEmitter::emit(const typed::Expression& expression) {
  Leaves value = std::visit([&](const auto& node) { return emit_node(expression, node); }, expression.node);
  if (loops_around_ > 0 && typed::node_charges(expression)) charge(expression.type, value);
  return value;
}

llvm::Value* ExpressionEmitter::emit_condition(const typed::Expression& expression) {
  return is_set(emit(expression)[0]);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Constant& node) {
  return m_.constant(e.type, node.value);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::ColumnRead& node) {
  return read_column_(node.index);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::LocalRead& node) {
  return locals_.at(node.slot);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::Bind& node) {
  locals_[node.slot] = emit(*node.value);
  return emit(*node.body);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::FieldRead& node) {
  return slice(emit(*node.base), leaves_before(node.base->type->fields, node.index), leaf_count(e.type));
}

/// As runtime/declare/function.h lays the slots out: layout, arguments, scales, cache number.
Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::FunctionCall& node) {
  const FunctionDeclaration& function = *node.function;
  std::vector<Leaves> arguments;
  for (const typed::ExpressionRef& argument : node.arguments) arguments.push_back(emit(*argument));
  std::vector<std::pair<LeafKind, LeafValue>> slots;
  if (function.takes_layout) {
    std::string layout = typed::call_layout(e);
    slots.push_back({LeafKind::bytes, {m_.text(layout), number(layout.size())}});
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::vector<Leaf> kinds = flatten(node.arguments[i]->type);
    for (size_t leaf = 0; leaf < kinds.size(); ++leaf) {
      LeafValue value = arguments[i][leaf];
      LeafKind kind = kinds[leaf].kind;
      if (function.parameters[i].kind == ParameterKind::any_decimal && kind == LeafKind::i64) {
        value.first = b_.CreateSExt(value.first, m_.i128);
        kind = LeafKind::i128;
      }
      slots.push_back({kind, value});
    }
  }
  for (size_t i = 0; i < arguments.size(); ++i) charge(node.arguments[i]->type, arguments[i], typed::kReadShift);
  for (int64_t scale : typed::call_scales(e)) slots.push_back({LeafKind::i64, {number(static_cast<uint64_t>(scale))}});
  if (function.takes_cache) slots.push_back({LeafKind::i64, {number(sites_.index_of(e))}});

  llvm::Value* memory = on_stack(m_.i128, std::max<size_t>(slots.size(), 1));
  for (size_t i = 0; i < slots.size(); ++i)
    m_.store_slot(b_, slots[i].first, Module::at(b_, memory, i * sizeof(Slot)), slots[i].second);
  llvm::Value* result = on_stack(m_.i128, std::max<size_t>(leaf_count(e.type), 1));
  llvm::Value* failure = Module::at(b_, surroundings_.call, offsetof(CallContext, failure));
  if (function.fails) m_.store(b_, LeafKind::bytes, failure, m_.zero(LeafKind::bytes));
  llvm::Value* code = b_.CreateCall(m_.native(function), {surroundings_.call, memory, result});
  if (function.fails) {
    llvm::BasicBlock* failed = new_block("call_failed");
    llvm::BasicBlock* next = new_block("called");
    b_.CreateCondBr(b_.CreateICmpNE(code, number_32(0)), failed, next,
                    llvm::MDBuilder(m_.context()).createBranchWeights(1, 2000));
    b_.SetInsertPoint(failed);
    leave(number_32(failure_site_), code, target_.wants_reason() ? m_.load(b_, LeafKind::bytes, failure) : LeafValue{});
    b_.SetInsertPoint(next);
  }
  Leaves leaves = load_slots(e.type, result);
  if (!is_optional(e.type)) return leaves;
  // Leaves of an absent value are zero, whatever the function left there.
  std::vector<Leaf> kinds = flatten(e.type);
  llvm::Value* present = is_set(leaves[0]);
  for (size_t i = 1; i < leaves.size(); ++i) {
    LeafValue none = m_.zero(kinds[i].kind);
    leaves[i].first = b_.CreateSelect(present, leaves[i].first, none.first);
    if (none.second != nullptr) leaves[i].second = b_.CreateSelect(present, leaves[i].second, none.second);
  }
  return leaves;
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Operation& node) {
  const Type& left = node.operands[0]->type;
  Leaves a = emit(*node.operands[0]);
  Leaves b = node.operands.size() > 1 ? emit(*node.operands[1]) : Leaves{};
  llvm::Value* second = b.empty() ? nullptr : b[0].first;
  switch (e.type->kind) {
    case TypeKind::boolean:
      return from_bool(compare(node.op, left, a, node.operands[1]->type, b));
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return {{int_arithmetic(node.op, a[0].first, second)}};
    case TypeKind::floating:
      return {{float_arithmetic(node.op, a[0].first, second)}};
    case TypeKind::decimal:
      return {{decimal_arithmetic(e, node, a[0].first, second)}};
    case TypeKind::string:
    case TypeKind::bytes: {
      llvm::Value* parts = on_stack(m_.i128, 2);
      m_.store(b_, LeafKind::bytes, parts, a[0]);
      m_.store(b_, LeafKind::bytes, Module::at(b_, parts, sizeof(Bytes)), b[0]);
      return {concatenated(parts, 2)};
    }
    case TypeKind::list: {
      auto append = m_.helper("braid_row_append_lists", m_.view, {m_.ptr, m_.ptr, m_.i64, m_.ptr, m_.i64, m_.i64});
      const size_t width = leaf_count(e.type->element);
      LeafValue list = view_result(
          b_.CreateCall(append, {surroundings_.call, a[0].first, a[0].second, b[0].first, b[0].second, number(width)}));
      fail_if(b_.CreateICmpUGT(list.second, number(rows::longest_list(width))), typed::kTooLong);
      return {list};
    }
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no operation gives this type: " + to_string(e.type));
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Convert& node) {
  const Type& from = node.operand->type;
  Leaves value = emit(*node.operand);
  switch (node.conversion) {
    case typed::Conversion::integer_to_decimal:
    case typed::Conversion::widen_decimal:
    case typed::Conversion::narrow_decimal:
      return {{rescale(from, e.type, value[0].first)}};
    case typed::Conversion::to_optional:
      if (!is_optional(from)) value.insert(value.begin(), {llvm::ConstantInt::get(m_.i8, 1)});
      return value;
    case typed::Conversion::unwrap:
      if (is_optional(from)) value.erase(value.begin());
      return value;
    case typed::Conversion::map_entries:
    case typed::Conversion::entries_map:
      return value;
    case typed::Conversion::checked_read:
    case typed::Conversion::tried_read: {
      uint32_t site = failure_site_;
      if (auto* column = std::get_if<typed::ColumnRead>(&node.operand->node)) {
        auto index = static_cast<size_t>(column->index);
        if (index < field_sites_->size()) site = (*field_sites_)[index];
      }
      llvm::BasicBlock* failed = new_block("not_converted");
      llvm::BasicBlock* next = new_block("converted");
      b_.CreateCondBr(is_set(value[0]), failed, next, llvm::MDBuilder(m_.context()).createBranchWeights(1, 2000));
      b_.SetInsertPoint(failed);
      std::vector<uint32_t> codes;
      for (int fault = 0; fault <= static_cast<int>(ConversionFault::column_missing); ++fault)
        codes.push_back(typed::conversion_code(static_cast<ConversionFault>(fault), e.type));
      llvm::Value* last = number(codes.size() - 1);
      llvm::Value* fault = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, b_.CreateZExt(value[0].first, m_.i64), last);
      llvm::Value* entry = b_.CreateInBoundsGEP(m_.i32, m_.table(codes), fault);
      // A broken field ends the row, whatever `try` stands around it.
      const FailureTarget around = target_;
      if (node.conversion == typed::Conversion::checked_read) target_ = row_target_;
      leave(number_32(site), b_.CreateLoad(m_.i32, entry), m_.zero(LeafKind::bytes));
      target_ = around;
      b_.SetInsertPoint(next);
      value.erase(value.begin());
      return value;
    }
  }
  BRAID_UNREACHABLE("conversion");
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::Both& node) {
  llvm::Value* left = emit_condition(*node.left);
  llvm::BasicBlock* from = b_.GetInsertBlock();
  llvm::BasicBlock* more = new_block("and");
  llvm::BasicBlock* next = new_block("and_done");
  b_.CreateCondBr(left, more, next);
  b_.SetInsertPoint(more);
  Leaves right = from_bool(emit_condition(*node.right));
  llvm::BasicBlock* more_end = b_.GetInsertBlock();
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  return merge(from, {{llvm::ConstantInt::get(m_.i8, 0)}}, more_end, right);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::Either& node) {
  llvm::Value* left = emit_condition(*node.left);
  llvm::BasicBlock* from = b_.GetInsertBlock();
  llvm::BasicBlock* more = new_block("or");
  llvm::BasicBlock* next = new_block("or_done");
  b_.CreateCondBr(left, next, more);
  b_.SetInsertPoint(more);
  Leaves right = from_bool(emit_condition(*node.right));
  llvm::BasicBlock* more_end = b_.GetInsertBlock();
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  return merge(from, {{llvm::ConstantInt::get(m_.i8, 1)}}, more_end, right);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::Not& node) {
  return from_bool(b_.CreateNot(emit_condition(*node.operand)));
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::Choose& node) {
  llvm::Value* condition = emit_condition(*node.condition);
  llvm::BasicBlock* then_block = new_block("then");
  llvm::BasicBlock* else_block = new_block("else");
  llvm::BasicBlock* next = new_block("chosen");
  b_.CreateCondBr(condition, then_block, else_block);
  b_.SetInsertPoint(then_block);
  Leaves then_value = emit(*node.then);
  then_block = b_.GetInsertBlock();
  b_.CreateBr(next);
  b_.SetInsertPoint(else_block);
  Leaves else_value = emit(*node.otherwise);
  else_block = b_.GetInsertBlock();
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  return merge(then_block, then_value, else_block, else_value);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::IsNull& node) {
  return from_bool(b_.CreateNot(is_set(emit(*node.operand)[0])));
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Coalesce& node) {
  Leaves left = emit(*node.left);
  llvm::Value* present = is_set(left[0]);
  if (!is_optional(e.type)) left.erase(left.begin());
  llvm::BasicBlock* from = b_.GetInsertBlock();
  llvm::BasicBlock* other = new_block("is_null");
  llvm::BasicBlock* next = new_block("coalesced");
  b_.CreateCondBr(present, next, other);
  b_.SetInsertPoint(other);
  Leaves right = emit(*node.right);
  llvm::BasicBlock* other_end = b_.GetInsertBlock();
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  return merge(from, left, other_end, right);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Attempt& node) {
  FailureTarget outer = target_;
  target_ = {new_block("attempt_failed")};
  llvm::BasicBlock* failed = target_.block;
  Leaves value = emit(*node.operand);
  target_ = outer;
  if (!is_optional(node.operand->type)) value.insert(value.begin(), {llvm::ConstantInt::get(m_.i8, 1)});
  if (llvm::pred_empty(failed)) {
    failed->eraseFromParent();
    return value;
  }
  llvm::BasicBlock* next = new_block("attempted");
  llvm::BasicBlock* from = b_.GetInsertBlock();
  b_.CreateBr(next);
  b_.SetInsertPoint(failed);
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  return merge(from, value, failed, zeros(e.type));
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Fail& node) {
  Leaves message = emit(*node.message);
  fail_now(number_32(failure_site_), number_32(typed::kFailCalled), message[0]);
  return zeros(e.type);
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::MakeStruct& node) {
  Leaves leaves;
  for (const typed::ExpressionRef& field : node.fields) append(leaves, emit(*field));
  return leaves;
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::MakeList& node) {
  if (node.items.empty()) return zeros(e.type);
  std::vector<Leaves> items;
  for (const typed::ExpressionRef& item : node.items) items.push_back(emit(*item));
  uint64_t item_bytes = leaf_count(e.type->element) * sizeof(Slot);
  auto allocate = m_.helper("braid_allocate", m_.ptr, {m_.ptr, m_.i64});
  llvm::Value* memory = b_.CreateCall(allocate, {surroundings_.call, number(item_bytes * items.size())});
  for (size_t i = 0; i < items.size(); ++i)
    store_slots(e.type->element, items[i], Module::at(b_, memory, i * item_bytes));
  return {{memory, number(items.size())}};
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::ListField& node) {
  const Type& element = node.list->type->element;
  Leaves list = emit(*node.list);
  auto helper = m_.helper("braid_row_list_field", m_.view, {m_.ptr, m_.ptr, m_.i64, m_.i64, m_.i64, m_.i64});
  llvm::Value* width = number(leaf_count(element));
  llvm::Value* first = number(leaves_before(element->fields, node.index));
  llvm::Value* taken = number(leaf_count(element->fields[static_cast<size_t>(node.index)].type));
  return {view_result(b_.CreateCall(helper, {surroundings_.call, list[0].first, list[0].second, width, first, taken}))};
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::Index& node) {
  Leaves list = emit(*node.list);
  llvm::Value* index = emit(*node.index)[0].first;
  fail_if(b_.CreateICmpUGE(index, list[0].second), typed::kIndexOutOfRange);
  llvm::Value* offset = b_.CreateMul(index, number(leaf_count(e.type) * sizeof(Slot)));
  return load_slots(e.type, b_.CreateInBoundsGEP(m_.i8, list[0].first, offset));
}

Leaves ExpressionEmitter::emit_node(const typed::Expression&, const typed::Concatenate& node) {
  std::vector<LeafValue> parts;
  for (const typed::ExpressionRef& part : node.parts) parts.push_back(emit(*part)[0]);
  llvm::Value* memory = on_stack(m_.i128, std::max<size_t>(parts.size(), 1));
  for (size_t i = 0; i < parts.size(); ++i)
    m_.store(b_, LeafKind::bytes, Module::at(b_, memory, i * sizeof(Bytes)), parts[i]);
  return {concatenated(memory, parts.size())};
}

LeafValue ExpressionEmitter::concatenated(llvm::Value* parts, uint64_t count) {
  auto concatenate = m_.helper("braid_row_concatenate", m_.view, {m_.ptr, m_.ptr, m_.i64});
  LeafValue text = view_result(b_.CreateCall(concatenate, {surroundings_.call, parts, number(count)}));
  fail_if(b_.CreateICmpUGT(text.second, number(kLongestText)), typed::kTooLong);
  return text;
}

Leaves ExpressionEmitter::emit_node(const typed::Expression& e, const typed::AmbientRead& node) {
  switch (node.what) {
    case typed::Ambient::event_time:
      return {{surroundings_.event_time()}};
    case typed::Ambient::now:
      return {m_.load(b_, LeafKind::i64, Module::at(b_, surroundings_.call, offsetof(CallContext, now)))};
    case typed::Ambient::origin: {
      llvm::Value* memory = on_stack(m_.i128, leaf_count(e.type));
      auto origin = m_.helper("braid_row_origin", m_.void_type, {m_.ptr, m_.ptr, m_.ptr});
      b_.CreateCall(origin, {surroundings_.call, surroundings_.record(), memory});
      return load_slots(e.type, memory);
    }
    case typed::Ambient::random: {
      auto random = m_.helper("braid_row_random", m_.f64, {m_.ptr, m_.ptr, m_.i32});
      return {{b_.CreateCall(random, {surroundings_.call, surroundings_.record(), number_32(node.site)})}};
    }
    case typed::Ambient::random_uuid: {
      llvm::Value* memory = on_stack(m_.i128, 1);
      auto random = m_.helper("braid_row_random_uuid", m_.void_type, {m_.ptr, m_.ptr, m_.i32, m_.ptr});
      b_.CreateCall(random, {surroundings_.call, surroundings_.record(), number_32(node.site), memory});
      return load_slots(e.type, memory);
    }
  }
  BRAID_UNREACHABLE("ambient");
}

}  // namespace braid::codegen
