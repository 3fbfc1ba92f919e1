// Writes the IR of one row's expressions at the builder's insertion point. A failure is a branch to the current
// FailureTarget: the kernel's drop block, which wants to know why, or the null branch of an `attempt`.
//
// Arithmetic never makes poison: overflow by intrinsics, divisors guarded, no nsw, no fast-math.
#pragma once

#include <functional>
#include <unordered_map>

#include "compiler/codegen/module.h"
#include "compiler/typed/call_sites.h"
#include "compiler/typed/expression.h"

namespace braid::codegen {

/// The target for a row that leaves. The kernel's block has a phi for each reason; an attempt's has none.
struct FailureTarget {
  llvm::BasicBlock* block = nullptr;
  llvm::PHINode* site = nullptr;
  llvm::PHINode* code = nullptr;
  llvm::PHINode* detail = nullptr;
  llvm::PHINode* detail_size = nullptr;

  bool wants_reason() const { return site != nullptr; }
  void add(llvm::BasicBlock* from, llvm::Value* site_value, llvm::Value* code_value, LeafValue detail_value) const;
};

/// The values beside the row, as code that the kernel writes when it is needed.
struct RowSurroundings {
  llvm::Value* call = nullptr;  ///< CallContext*
  std::function<llvm::Value*()> event_time;
  std::function<llvm::Value*()> record;  ///< const Record*
};

class ExpressionEmitter {
 public:
  ExpressionEmitter(Module& module, llvm::IRBuilder<>& builder, typed::CallSites& sites, RowSurroundings surroundings)
      : m_(module), b_(builder), sites_(sites), surroundings_(std::move(surroundings)) {}

  /// Leaves of a column of the row that expressions read now.
  using ReadColumn = std::function<Leaves(int column)>;

  /// `field_sites` as plan::RowStep has them.
  void begin_step(ReadColumn read_column, FailureTarget target, uint32_t failure_site,
                  const std::vector<uint32_t>* field_sites);
  Leaves emit(const typed::Expression& expression);
  /// The value of a bool as i1.
  llvm::Value* emit_condition(const typed::Expression& expression);

 private:
  Leaves emit_node(const typed::Expression& e, const typed::Constant& node);
  Leaves emit_node(const typed::Expression& e, const typed::ColumnRead& node);
  Leaves emit_node(const typed::Expression& e, const typed::LocalRead& node);
  Leaves emit_node(const typed::Expression& e, const typed::Bind& node);
  Leaves emit_node(const typed::Expression& e, const typed::FieldRead& node);
  Leaves emit_node(const typed::Expression& e, const typed::FunctionCall& node);
  Leaves emit_node(const typed::Expression& e, const typed::Operation& node);
  Leaves emit_node(const typed::Expression& e, const typed::Convert& node);
  Leaves emit_node(const typed::Expression& e, const typed::Both& node);
  Leaves emit_node(const typed::Expression& e, const typed::Either& node);
  Leaves emit_node(const typed::Expression& e, const typed::Not& node);
  Leaves emit_node(const typed::Expression& e, const typed::Choose& node);
  Leaves emit_node(const typed::Expression& e, const typed::IsNull& node);
  Leaves emit_node(const typed::Expression& e, const typed::Coalesce& node);
  Leaves emit_node(const typed::Expression& e, const typed::Attempt& node);
  Leaves emit_node(const typed::Expression& e, const typed::Fail& node);
  Leaves emit_node(const typed::Expression& e, const typed::MakeStruct& node);
  Leaves emit_node(const typed::Expression& e, const typed::MakeList& node);
  Leaves emit_node(const typed::Expression& e, const typed::ListField& node);
  Leaves emit_node(const typed::Expression& e, const typed::Index& node);
  Leaves emit_node(const typed::Expression& e, const typed::Concatenate& node);
  Leaves emit_node(const typed::Expression& e, const typed::AmbientRead& node);

  // loops.cpp
  Leaves emit_node(const typed::Expression& e, const typed::Loop& node);
  /// One round: the blocks of a loop while its body is written.
  struct Rounds;
  Leaves emit_list(const typed::Expression& e, const typed::Loop& node, const LeafValue& list);
  Leaves emit_fold(const typed::Loop& node, const LeafValue& list, const Leaves& initial);
  Leaves emit_count(const typed::Loop& node, const LeafValue& list);
  Leaves emit_search(const typed::Expression& e, const typed::Loop& node, const LeafValue& list);
  Leaves element_at(const typed::Loop& node, const LeafValue& list, llvm::Value* number);
  llvm::Value* item_address(llvm::Value* items, llvm::Value* number, uint64_t width);
  /// Adds to the work of the row what texts and lists of a value are, shifted by `shift`; nothing outside of loops.
  void charge(const Type& type, const Leaves& value, unsigned shift = 0);
  void add_work(llvm::Value* bytes);

  // arithmetic.cpp
  llvm::Value* int_arithmetic(typed::Operator op, llvm::Value* a, llvm::Value* b);
  llvm::Value* float_arithmetic(typed::Operator op, llvm::Value* a, llvm::Value* b);
  llvm::Value* decimal_arithmetic(const typed::Expression& e, const typed::Operation& node, llvm::Value* a,
                                  llvm::Value* b);
  llvm::Value* rescale(const Type& from, const Type& to, llvm::Value* value);
  llvm::Value* scaled_up(llvm::Value* value, int digits, llvm::Type* type);
  llvm::Value* checked_decimal(const char* helper, llvm::ArrayRef<llvm::Value*> arguments, const Type& type);
  llvm::Value* in_memory_128(llvm::Value* value);
  llvm::Value* one_nan(llvm::Value* value);

  // comparison.cpp
  llvm::Value* compare(typed::Operator op, const Type& left, const Leaves& a, const Type& right, const Leaves& b);
  llvm::Value* equal(const Type& left, const Leaves& a, const Type& right, const Leaves& b);
  llvm::Value* less(const Type& left, const Leaves& a, const Type& right, const Leaves& b);
  llvm::Value* equal_leaf(const Leaf& leaf, const LeafValue& a, const LeafValue& b);
  llvm::Value* equal_bytes(const LeafValue& a, const LeafValue& b);
  llvm::Value* decimal_order(llvm::CmpInst::Predicate predicate, const Type& left, llvm::Value* a, const Type& right,
                             llvm::Value* b);
  llvm::Value* widened(llvm::Value* value, llvm::Type* type);

  llvm::BasicBlock* new_block(const char* name);
  /// Fails if `failed` (i1) is true; continues in a new block.
  void fail_if(llvm::Value* failed, uint32_t code);
  /// The row always leaves; continues in an unreachable block.
  void fail_now(llvm::Value* site, llvm::Value* code, LeafValue detail);
  void leave(llvm::Value* site, llvm::Value* code, LeafValue detail);
  llvm::Value* is_set(const LeafValue& leaf) { return b_.CreateICmpNE(leaf.first, llvm::ConstantInt::get(m_.i8, 0)); }
  Leaves from_bool(llvm::Value* value) { return {{b_.CreateZExt(value, m_.i8)}}; }
  Leaves merge(llvm::BasicBlock* a_block, const Leaves& a, llvm::BasicBlock* b_block, const Leaves& b);
  Leaves zeros(const Type& type);
  llvm::Value* number(uint64_t value) { return llvm::ConstantInt::get(m_.i64, value); }
  llvm::Value* number_32(uint32_t value) { return llvm::ConstantInt::get(m_.i32, value); }
  /// Stack memory for the whole kernel.
  llvm::AllocaInst* on_stack(llvm::Type* type, uint64_t count);
  Leaves load_slots(const Type& type, llvm::Value* address);
  void store_slots(const Type& type, const Leaves& leaves, llvm::Value* address);
  LeafValue view_result(llvm::Value* returned);
  /// Of `count` texts that lie in memory.
  LeafValue concatenated(llvm::Value* parts, uint64_t count);

  Module& m_;
  llvm::IRBuilder<>& b_;
  typed::CallSites& sites_;
  RowSurroundings surroundings_;
  ReadColumn read_column_;
  FailureTarget target_;      ///< of what fails here: the row's, or that of the innermost `try`
  FailureTarget row_target_;  ///< where the row leaves
  uint32_t failure_site_ = 0;
  const std::vector<uint32_t>* field_sites_ = nullptr;
  std::unordered_map<int, Leaves> locals_;
  int loops_around_ = 0;
  llvm::AllocaInst* work_ = nullptr;  ///< of the row, inside its outermost loop
};

}  // namespace braid::codegen
