// Comparisons of ExpressionEmitter: the total order of floats, texts by bytes, null equal to null only.
#include "compiler/codegen/expression_emitter.h"
#include "llvm/IR/Intrinsics.h"
#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/declare/layout.h"

namespace braid::codegen {

using typed::Operator;

llvm::Value* ExpressionEmitter::compare(Operator op, const Type& left, const Leaves& a, const Type& right,
                                        const Leaves& b) {
  switch (op) {
    case Operator::equal:
      return equal(left, a, right, b);
    case Operator::not_equal:
      return b_.CreateNot(equal(left, a, right, b));
    case Operator::less:
      return less(left, a, right, b);
    case Operator::less_equal:
      return b_.CreateNot(less(right, b, left, a));
    case Operator::greater:
      return less(right, b, left, a);
    case Operator::greater_equal:
      return b_.CreateNot(less(left, a, right, b));
    case Operator::add:
    case Operator::subtract:
    case Operator::multiply:
    case Operator::divide:
    case Operator::remainder:
    case Operator::negate:
      break;
  }
  BRAID_UNREACHABLE("no comparison");
}

llvm::Value* ExpressionEmitter::equal_bytes(const LeafValue& a, const LeafValue& b) {
  llvm::BasicBlock* start = b_.GetInsertBlock();
  llvm::BasicBlock* same_size = new_block("same_size");
  llvm::BasicBlock* next = new_block("texts_compared");
  b_.CreateCondBr(b_.CreateICmpEQ(a.second, b.second), same_size, next);
  b_.SetInsertPoint(same_size);
  // A constant length lets LLVM compare in registers.
  llvm::Value* size = llvm::isa<llvm::Constant>(b.second) ? b.second : a.second;
  auto memcmp = m_.helper("memcmp", m_.i32, {m_.ptr, m_.ptr, m_.i64});
  llvm::Value* same = b_.CreateICmpEQ(b_.CreateCall(memcmp, {a.first, b.first, size}), number_32(0));
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  llvm::PHINode* result = b_.CreatePHI(m_.i1, 2);
  result->addIncoming(llvm::ConstantInt::getFalse(m_.context()), start);
  result->addIncoming(same, same_size);
  return result;
}

llvm::Value* ExpressionEmitter::equal_leaf(const Leaf& leaf, const LeafValue& a, const LeafValue& b) {
  switch (leaf.kind) {
    case LeafKind::u8:
      return b_.CreateICmpEQ(is_set(a), is_set(b));
    case LeafKind::i32:
    case LeafKind::i64:
    case LeafKind::i128:
      return b_.CreateICmpEQ(a.first, b.first);
    case LeafKind::f64: {
      llvm::Value* both_nan = b_.CreateAnd(b_.CreateFCmpUNO(a.first, a.first), b_.CreateFCmpUNO(b.first, b.first));
      return b_.CreateOr(b_.CreateFCmpOEQ(a.first, b.first), both_nan);
    }
    case LeafKind::bytes:
      return equal_bytes(a, b);
    case LeafKind::list: {
      auto helper = m_.helper("braid_row_equal_lists", m_.i32, {m_.ptr, m_.ptr, m_.i64, m_.ptr, m_.i64});
      llvm::Value* layout = m_.text(layout_of(leaf.type));
      return b_.CreateICmpNE(b_.CreateCall(helper, {layout, a.first, a.second, b.first, b.second}), number_32(0));
    }
  }
  BRAID_UNREACHABLE("leaf kind");
}

llvm::Value* ExpressionEmitter::equal(const Type& left, const Leaves& a, const Type& right, const Leaves& b) {
  if (is(left, TypeKind::decimal)) return decimal_order(llvm::CmpInst::ICMP_EQ, left, a[0].first, right, b[0].first);
  // Leaves of absent values are zero, so that presence needs no case of its own.
  std::vector<Leaf> leaves = flatten(left);
  llvm::Value* all = llvm::ConstantInt::getTrue(m_.context());
  for (size_t i = 0; i < leaves.size(); ++i) all = b_.CreateAnd(all, equal_leaf(leaves[i], a[i], b[i]));
  return all;
}

llvm::Value* ExpressionEmitter::decimal_order(llvm::CmpInst::Predicate predicate, const Type& left, llvm::Value* a,
                                              const Type& right, llvm::Value* b) {
  int scale = std::max(left->scale, right->scale);
  int digits = scale + std::max(left->precision - left->scale, right->precision - right->scale);
  if (digits <= kDecimalDigits) {
    llvm::Type* type = digits <= 18 ? m_.i64 : m_.i128;
    return b_.CreateICmp(predicate, scaled_up(a, scale - left->scale, type), scaled_up(b, scale - right->scale, type));
  }
  auto helper = m_.helper("braid_row_decimal_compare", m_.i32, {m_.ptr, m_.i32, m_.ptr, m_.i32});
  llvm::Value* order = b_.CreateCall(helper, {in_memory_128(a), number_32(static_cast<uint32_t>(left->scale)),
                                              in_memory_128(b), number_32(static_cast<uint32_t>(right->scale))});
  return b_.CreateICmp(predicate, order, number_32(0));
}

llvm::Value* ExpressionEmitter::less(const Type& left, const Leaves& a, const Type& right, const Leaves& b) {
  llvm::Value* one = a[0].first;
  llvm::Value* other = b[0].first;
  switch (left->kind) {
    case TypeKind::boolean:
      return b_.CreateAnd(b_.CreateNot(is_set(a[0])), is_set(b[0]));
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
      return b_.CreateICmpSLT(one, other);
    case TypeKind::floating: {
      llvm::Value* nan_last = b_.CreateAnd(b_.CreateFCmpORD(one, one), b_.CreateFCmpUNO(other, other));
      return b_.CreateOr(b_.CreateFCmpOLT(one, other), nan_last);
    }
    case TypeKind::decimal:
      return decimal_order(llvm::CmpInst::ICMP_SLT, left, one, right, other);
    case TypeKind::uuid:  // its first byte is the highest of the number
      return b_.CreateICmpULT(one, other);
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json: {
      auto helper = m_.helper("braid_row_compare_bytes", m_.i32, {m_.ptr, m_.i64, m_.ptr, m_.i64});
      return b_.CreateICmpSLT(b_.CreateCall(helper, {one, a[0].second, other, b[0].second}), number_32(0));
    }
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no order of this type: " + to_string(left));
}

}  // namespace braid::codegen
