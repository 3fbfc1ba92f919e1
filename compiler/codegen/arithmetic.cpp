// Arithmetic of ExpressionEmitter. Decimals whose digits provably suffice are plain integer instructions in the width
// of their type; all others go through a checked helper.
#include "compiler/codegen/expression_emitter.h"
#include "compiler/typed/failure.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"
#include "runtime/base/check.h"
#include "runtime/data/decimal.h"

namespace braid::codegen {

using typed::Operator;

namespace {

llvm::Intrinsic::ID overflow_intrinsic(Operator op) {
  switch (op) {
    case Operator::add:
      return llvm::Intrinsic::sadd_with_overflow;
    case Operator::subtract:
    case Operator::negate:
      return llvm::Intrinsic::ssub_with_overflow;
    case Operator::multiply:
      return llvm::Intrinsic::smul_with_overflow;
    case Operator::divide:
    case Operator::remainder:
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      break;
  }
  BRAID_UNREACHABLE("no checked integer operation");
}

const char* decimal_helper(Operator op) {
  switch (op) {
    case Operator::add:
      return "braid_row_decimal_add";
    case Operator::subtract:
      return "braid_row_decimal_subtract";
    case Operator::multiply:
      return "braid_row_decimal_multiply";
    case Operator::divide:
      return "braid_row_decimal_divide";
    case Operator::remainder:
      return "braid_row_decimal_remainder";
    case Operator::negate:
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      break;
  }
  BRAID_UNREACHABLE("no decimal operation");
}

}  // namespace

llvm::Value* ExpressionEmitter::int_arithmetic(Operator op, llvm::Value* a, llvm::Value* b) {
  if (op == Operator::remainder) {
    fail_if(b_.CreateICmpEQ(b, number(0)), typed::kDivisionByZero);
    // The least integer divided by -1 traps; any remainder by -1 is that by 1: zero.
    llvm::Value* minus_one = b_.CreateICmpEQ(b, llvm::ConstantInt::getSigned(m_.i64, -1));
    return b_.CreateSRem(a, b_.CreateSelect(minus_one, number(1), b));
  }
  if (op == Operator::negate) {
    b = a;
    a = number(0);
  }
  llvm::Value* both = b_.CreateBinaryIntrinsic(overflow_intrinsic(op), a, b);
  llvm::Value* value = b_.CreateExtractValue(both, 0);
  fail_if(b_.CreateExtractValue(both, 1), typed::kOverflow);
  return value;
}

llvm::Value* ExpressionEmitter::one_nan(llvm::Value* value) {
  llvm::Value* nan = llvm::ConstantFP::getQNaN(m_.f64);
  return b_.CreateSelect(b_.CreateFCmpUNO(value, value), nan, value);
}

llvm::Value* ExpressionEmitter::float_arithmetic(Operator op, llvm::Value* a, llvm::Value* b) {
  switch (op) {
    case Operator::add:
      return one_nan(b_.CreateFAdd(a, b));
    case Operator::subtract:
      return one_nan(b_.CreateFSub(a, b));
    case Operator::multiply:
      return one_nan(b_.CreateFMul(a, b));
    case Operator::divide:
      fail_if(b_.CreateFCmpOEQ(b, llvm::ConstantFP::get(m_.f64, 0.0)), typed::kDivisionByZero);
      return one_nan(b_.CreateFDiv(a, b));
    case Operator::negate:
      return one_nan(b_.CreateFNeg(a));
    case Operator::remainder:
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      break;
  }
  BRAID_UNREACHABLE("no float operation");
}

llvm::Value* ExpressionEmitter::widened(llvm::Value* value, llvm::Type* type) {
  return b_.CreateSExtOrTrunc(value, type);
}

llvm::Value* ExpressionEmitter::in_memory_128(llvm::Value* value) {
  llvm::Value* memory = on_stack(m_.i128, 1);
  b_.CreateStore(widened(value, m_.i128), memory);
  return memory;
}

/// value · 10^digits in `type`, which is known to hold it.
llvm::Value* ExpressionEmitter::scaled_up(llvm::Value* value, int digits, llvm::Type* type) {
  llvm::Value* wide = widened(value, type);
  if (digits == 0) return wide;
  auto power = static_cast<uint128>(power_of_ten(digits));
  uint64_t words[2] = {static_cast<uint64_t>(power), static_cast<uint64_t>(power >> 64)};
  llvm::APInt factor(128, words);
  return b_.CreateMul(wide, llvm::ConstantInt::get(m_.context(), factor.trunc(type->getIntegerBitWidth())));
}

llvm::Value* ExpressionEmitter::checked_decimal(const char* name, llvm::ArrayRef<llvm::Value*> arguments,
                                                const Type& type) {
  std::vector<llvm::Value*> all(arguments.begin(), arguments.end());
  llvm::Value* result = on_stack(m_.i128, 1);
  all.push_back(result);
  std::vector<llvm::Type*> types;
  for (llvm::Value* argument : all) types.push_back(argument->getType());
  llvm::Value* outcome = b_.CreateCall(m_.helper(name, m_.i32, types), all);
  llvm::BasicBlock* failed = new_block("does_not_fit");
  llvm::BasicBlock* next = new_block("fits");
  b_.CreateCondBr(b_.CreateICmpNE(outcome, number_32(0)), failed, next,
                  llvm::MDBuilder(m_.context()).createBranchWeights(1, 2000));
  b_.SetInsertPoint(failed);
  llvm::Value* code = b_.CreateSelect(b_.CreateICmpEQ(outcome, number_32(1)), number_32(typed::kOverflow),
                                      number_32(typed::kDivisionByZero));
  leave(number_32(failure_site_), code, m_.zero(LeafKind::bytes));
  b_.SetInsertPoint(next);
  return widened(b_.CreateLoad(m_.i128, result), m_.leaf_type(leaf_kind(type)));
}

llvm::Value* ExpressionEmitter::rescale(const Type& from, const Type& to, llvm::Value* value) {
  bool from_integer = is(from, TypeKind::integer);
  int from_scale = from_integer ? 0 : from->scale;
  int whole = from_integer ? 19 : from->precision - from->scale;
  llvm::Type* type = m_.leaf_type(leaf_kind(to));
  if (to->scale >= from_scale && to->precision - to->scale >= whole)
    return scaled_up(value, to->scale - from_scale, type);
  return checked_decimal("braid_row_decimal_rescale",
                         {in_memory_128(value), number_32(static_cast<uint32_t>(from_scale)),
                          number_32(static_cast<uint32_t>(to->scale)), number_32(static_cast<uint32_t>(to->precision))},
                         to);
}

llvm::Value* ExpressionEmitter::decimal_arithmetic(const typed::Expression& e, const typed::Operation& node,
                                                   llvm::Value* a, llvm::Value* b) {
  const Type& left = node.operands[0]->type;
  llvm::Type* type = m_.leaf_type(leaf_kind(e.type));
  if (node.op == Operator::negate) return b_.CreateNeg(widened(a, type));
  const Type& right = node.operands[1]->type;
  if (typed::always_fits(e)) {
    if (node.op == Operator::multiply) return b_.CreateMul(widened(a, type), widened(b, type));
    llvm::Value* one = scaled_up(a, e.type->scale - left->scale, type);
    llvm::Value* other = scaled_up(b, e.type->scale - right->scale, type);
    return node.op == Operator::add ? b_.CreateAdd(one, other) : b_.CreateSub(one, other);
  }
  return checked_decimal(
      decimal_helper(node.op),
      {in_memory_128(a), number_32(static_cast<uint32_t>(left->scale)), in_memory_128(b),
       number_32(static_cast<uint32_t>(right->scale)), number_32(static_cast<uint32_t>(e.type->scale)),
       number_32(static_cast<uint32_t>(e.type->precision))},
      e.type);
}

}  // namespace braid::codegen
