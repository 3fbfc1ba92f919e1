#include "compiler/codegen/kernel_emitter.h"

#include <unordered_map>

#include "compiler/codegen/expression_emitter.h"
#include "llvm/IR/MDBuilder.h"
#include "runtime/abi/kernel.h"

namespace braid::codegen {
namespace {

constexpr size_t kColumnsInRegisters = 64;

class KernelEmitter {
 public:
  KernelEmitter(Module& module, const plan::RowProgram& program, const std::string& name, typed::CallSites& sites)
      : m_(module), program_(program), b_(module.context()), entry_(module.context()), sites_(sites) {
    auto* type = llvm::FunctionType::get(m_.void_type, {m_.ptr}, /*isVarArg=*/false);
    function_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, *m_.module);
    function_->setDoesNotThrow();
    function_->addParamAttr(0, llvm::Attribute::NoAlias);
    frame_ = function_->getArg(0);
    output_ = flatten(program.output);
    wide_ = flatten(program.input).size() + output_.size() > kColumnsInRegisters;
    llvm::MDBuilder metadata(m_.context());
    llvm::MDNode* domain = metadata.createAnonymousAliasScopeDomain("kernel");
    input_scope_ = llvm::MDNode::get(m_.context(), {metadata.createAnonymousAliasScope(domain, "input")});
    output_scope_ = llvm::MDNode::get(m_.context(), {metadata.createAnonymousAliasScope(domain, "output")});
  }

  llvm::Function* emit() {
    llvm::BasicBlock* entry = block("entry");
    loop_ = block("row");
    drop_ = block("drop");
    kept_ = block("kept");
    latch_ = block("next_row");
    llvm::BasicBlock* done = block("done");

    entry_.SetInsertPoint(entry);
    llvm::Value* rows = entry_.CreateZExt(load_frame(m_.i32, offsetof(KernelFrame, rows)), m_.i64);
    llvm::Value* kept_rows = load_frame(m_.ptr, offsetof(KernelFrame, kept));
    drops_ = load_frame(m_.ptr, offsetof(KernelFrame, drops));
    call_ = load_frame(m_.ptr, offsetof(KernelFrame, call));
    columns_in_ = load_frame(m_.ptr, offsetof(KernelFrame, in));
    columns_out_ = load_frame(m_.ptr, offsetof(KernelFrame, out));
    llvm::Instruction* enter = entry_.CreateCondBr(entry_.CreateICmpEQ(rows, zero()), done, loop_);
    entry_.SetInsertPoint(enter);  // what the loop needs from the frame is loaded before it

    b_.SetInsertPoint(loop_);
    row_ = b_.CreatePHI(m_.i64, 2, "row");
    kept_count_ = b_.CreatePHI(m_.i64, 2, "kept_count");
    drop_count_ = b_.CreatePHI(m_.i64, 2, "drop_count");
    begin_drop();
    b_.SetInsertPoint(loop_);
    std::vector<LeafValue> last = emit_steps();
    b_.CreateBr(kept_);

    b_.SetInsertPoint(kept_);
    emit_output(last);
    store_out(b_.CreateTrunc(row_, m_.i32), b_.CreateInBoundsGEP(m_.i32, kept_rows, kept_count_));
    llvm::Value* more_kept = b_.CreateAdd(kept_count_, number(1));
    b_.CreateBr(latch_);
    llvm::BasicBlock* kept_end = b_.GetInsertBlock();

    llvm::Value* more_dropped = emit_drop();
    b_.SetInsertPoint(latch_);
    llvm::PHINode* kept_now = b_.CreatePHI(m_.i64, 2);
    llvm::PHINode* dropped_now = b_.CreatePHI(m_.i64, 2);
    kept_now->addIncoming(more_kept, kept_end);
    dropped_now->addIncoming(drop_count_, kept_end);
    if (more_dropped != nullptr) {
      kept_now->addIncoming(kept_count_, drop_);
      dropped_now->addIncoming(more_dropped, drop_);
    }
    llvm::Value* next_row = b_.CreateAdd(row_, number(1));
    b_.CreateCondBr(b_.CreateICmpEQ(next_row, rows), done, loop_);
    for (auto [phi, value] : {std::pair{row_, next_row},
                              {kept_count_, static_cast<llvm::Value*>(kept_now)},
                              {drop_count_, static_cast<llvm::Value*>(dropped_now)}}) {
      phi->addIncoming(zero(), entry);
      phi->addIncoming(value, latch_);
    }

    b_.SetInsertPoint(done);
    llvm::PHINode* kept_total = b_.CreatePHI(m_.i64, 2);
    llvm::PHINode* drop_total = b_.CreatePHI(m_.i64, 2);
    kept_total->addIncoming(zero(), entry);
    kept_total->addIncoming(kept_now, latch_);
    drop_total->addIncoming(zero(), entry);
    drop_total->addIncoming(dropped_now, latch_);
    b_.CreateStore(b_.CreateTrunc(kept_total, m_.i32), Module::at(b_, frame_, offsetof(KernelFrame, kept_count)));
    b_.CreateStore(b_.CreateTrunc(drop_total, m_.i32), Module::at(b_, frame_, offsetof(KernelFrame, drop_count)));
    b_.CreateRetVoid();
    return function_;
  }

 private:
  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(m_.context(), name, function_); }
  llvm::Value* number(uint64_t value) { return llvm::ConstantInt::get(m_.i64, value); }
  llvm::Value* zero() { return number(0); }

  llvm::Value* load_frame(llvm::Type* type, uint64_t offset) {
    return entry_.CreateLoad(type, Module::at(entry_, frame_, offset));
  }

  /// Data of a column, loaded once before the loop; of a wide row, where it is used: hundreds of addresses that live
  /// throughout the loop would keep the register allocator busy for seconds.
  llvm::Value* column_data(llvm::Value* columns, size_t leaf, std::unordered_map<size_t, llvm::Value*>& known) {
    if (wide_) return b_.CreateLoad(m_.ptr, Module::at(b_, columns, leaf * sizeof(void*)));
    llvm::Value*& data = known[leaf];
    if (data == nullptr) data = entry_.CreateLoad(m_.ptr, Module::at(entry_, columns, leaf * sizeof(void*)));
    return data;
  }

  void mark(LeafValue loaded, llvm::MDNode* scope, llvm::MDNode* apart) {
    for (llvm::Value* value : {loaded.first, loaded.second}) {
      auto* load = llvm::dyn_cast_or_null<llvm::Instruction>(value);
      if (load == nullptr) continue;
      load->setMetadata(llvm::LLVMContext::MD_alias_scope, scope);
      load->setMetadata(llvm::LLVMContext::MD_noalias, apart);
    }
  }
  void store_out(llvm::Value* value, llvm::Value* address) {
    mark({b_.CreateStore(value, address)}, output_scope_, input_scope_);
  }
  void store_out(LeafValue value, llvm::Value* address) {
    store_out(value.first, address);
    if (value.second != nullptr) store_out(value.second, Module::at(b_, address, 8));
  }

  LeafValue load_input(size_t leaf, LeafKind kind) {
    llvm::Value* data = column_data(columns_in_, leaf, input_data_);
    llvm::Value* offset = b_.CreateMul(row_, number(leaf_width(kind)));
    LeafValue value = m_.load(b_, kind, b_.CreateInBoundsGEP(m_.i8, data, offset));
    mark(value, input_scope_, output_scope_);
    return value;
  }

  std::vector<LeafValue> emit_steps() {
    RowSurroundings surroundings{call_, [this] { return event_time(); }, [this] { return record(); }};
    ExpressionEmitter expressions(m_, b_, sites_, std::move(surroundings));
    std::vector<Leaf> input = flatten(program_.input);
    const std::vector<Field>* row = &program_.input;
    std::vector<LeafValue> current;  // empty: the input row, loaded where it is read
    bool over_input = true;
    auto read_column = [&](int column) {
      size_t first = leaf_offset(*row, static_cast<size_t>(column));
      size_t count = leaf_count((*row)[static_cast<size_t>(column)].type);
      Leaves leaves;
      for (size_t leaf = first; leaf < first + count; ++leaf)
        leaves.push_back(over_input ? load_input(leaf, input[leaf].kind) : current[leaf]);
      return leaves;
    };
    for (const plan::RowStep& step : program_.steps) {
      expressions.begin_step(read_column, target_, step.failure_site, &step.field_sites);
      if (step.kind == plan::RowStep::Kind::keep) {
        llvm::Value* holds = expressions.emit_condition(*step.condition);
        llvm::BasicBlock* next = block("holds");
        target_.add(b_.GetInsertBlock(), llvm::ConstantInt::get(m_.i32, step.site), llvm::ConstantInt::get(m_.i32, 0),
                    m_.zero(LeafKind::bytes));
        b_.CreateCondBr(holds, next, drop_);
        b_.SetInsertPoint(next);
        continue;
      }
      // Columns of the last step go out as soon as they are made, so that few values wait at a time. If a later one
      // fails, the next row that is kept writes over them.
      const bool last = &step == &program_.steps.back();
      std::vector<LeafValue> made;
      for (const typed::ExpressionRef& column : step.columns) {
        for (const LeafValue& leaf : expressions.emit(*column)) {
          if (last && computed(made.size())) emit_output(made.size(), leaf);
          made.push_back(leaf);
        }
      }
      stored_ = last;
      current = std::move(made);
      over_input = false;
      row = &step.row;
    }
    if (!over_input) return current;
    for (size_t leaf = 0; leaf < input.size(); ++leaf)
      current.push_back(computed(leaf) ? load_input(leaf, input[leaf].kind) : LeafValue{});
    return current;
  }

  bool computed(size_t leaf) const { return leaf >= program_.passthrough.size() || program_.passthrough[leaf] < 0; }

  void emit_output(size_t leaf, const LeafValue& value) {
    llvm::Value* data = column_data(columns_out_, leaf, output_data_);
    llvm::Value* offset = b_.CreateMul(kept_count_, number(leaf_width(output_[leaf].kind)));
    store_out(value, b_.CreateInBoundsGEP(m_.i8, data, offset));
  }

  void emit_output(const std::vector<LeafValue>& row) {
    for (size_t leaf = 0; leaf < output_.size() && !stored_; ++leaf)
      if (computed(leaf)) emit_output(leaf, row[leaf]);
  }

  void begin_drop() {
    b_.SetInsertPoint(drop_);
    target_.block = drop_;
    target_.site = b_.CreatePHI(m_.i32, 8, "site");
    target_.code = b_.CreatePHI(m_.i32, 8, "code");
    target_.detail = b_.CreatePHI(m_.ptr, 8, "detail");
    target_.detail_size = b_.CreatePHI(m_.i64, 8, "detail_size");
  }

  /// The drop count behind it; null where no row can be dropped.
  llvm::Value* emit_drop() {
    if (llvm::pred_empty(drop_)) {
      drop_->eraseFromParent();
      return nullptr;
    }
    b_.SetInsertPoint(drop_);
    llvm::Value* drop = b_.CreateInBoundsGEP(m_.i8, drops_, b_.CreateMul(drop_count_, number(sizeof(Drop))));
    store_out(b_.CreateTrunc(row_, m_.i32), Module::at(b_, drop, offsetof(Drop, row)));
    store_out(target_.site, Module::at(b_, drop, offsetof(Drop, site)));
    store_out(target_.code, Module::at(b_, drop, offsetof(Drop, code)));
    store_out(LeafValue{target_.detail, target_.detail_size}, Module::at(b_, drop, offsetof(Drop, detail)));
    llvm::Value* more = b_.CreateAdd(drop_count_, number(1));
    b_.CreateBr(latch_);
    return more;
  }

  /// `present` of what a frame may leave out, else `absent`.
  llvm::Value* if_present(llvm::Value* array, llvm::Value* absent, const std::function<llvm::Value*()>& present) {
    llvm::BasicBlock* from = b_.GetInsertBlock();
    llvm::BasicBlock* there = block("there");
    llvm::BasicBlock* next = block("looked_up");
    b_.CreateCondBr(b_.CreateICmpEQ(array, llvm::Constant::getNullValue(m_.ptr)), next, there);
    b_.SetInsertPoint(there);
    llvm::Value* value = present();
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
    llvm::PHINode* result = b_.CreatePHI(value->getType(), 2);
    result->addIncoming(absent, from);
    result->addIncoming(value, there);
    return result;
  }

  llvm::Value* event_time() {
    llvm::Value* times = load_frame(m_.ptr, offsetof(KernelFrame, time));
    return if_present(times, zero(), [&] { return b_.CreateLoad(m_.i64, b_.CreateInBoundsGEP(m_.i64, times, row_)); });
  }

  llvm::Value* record() {
    llvm::Value* indexes = load_frame(m_.ptr, offsetof(KernelFrame, record));
    llvm::Value* records = load_frame(m_.ptr, offsetof(KernelFrame, records));
    return if_present(indexes, llvm::Constant::getNullValue(m_.ptr), [&]() -> llvm::Value* {
      llvm::Value* index = b_.CreateLoad(m_.i32, b_.CreateInBoundsGEP(m_.i32, indexes, row_));
      llvm::Value* offset = b_.CreateMul(b_.CreateZExt(index, m_.i64), number(sizeof(Record)));
      return b_.CreateInBoundsGEP(m_.i8, records, offset);
    });
  }

  Module& m_;
  const plan::RowProgram& program_;
  llvm::IRBuilder<> b_;
  llvm::IRBuilder<> entry_;  ///< just before the loop is entered
  typed::CallSites& sites_;
  llvm::Function* function_;
  llvm::Value* frame_;
  bool wide_;  ///< has more columns than are worth an address each
  llvm::MDNode *input_scope_, *output_scope_;
  llvm::BasicBlock *loop_ = nullptr, *drop_ = nullptr, *kept_ = nullptr, *latch_ = nullptr;
  llvm::Value *drops_ = nullptr, *call_ = nullptr, *columns_in_ = nullptr, *columns_out_ = nullptr;
  llvm::PHINode *row_ = nullptr, *kept_count_ = nullptr, *drop_count_ = nullptr;
  std::unordered_map<size_t, llvm::Value*> input_data_, output_data_;
  std::vector<Leaf> output_;
  bool stored_ = false;  ///< the last step has stored the output
  FailureTarget target_;
};

}  // namespace

llvm::Function* emit_kernel(Module& module, const plan::RowProgram& program, const std::string& name,
                            typed::CallSites& sites) {
  return KernelEmitter(module, program, name, sites).emit();
}

}  // namespace braid::codegen
