#include "compiler/codegen/avro_emitter.h"

#include <algorithm>

#include "runtime/abi/record_frame.h"
#include "runtime/base/check.h"

namespace braid::codegen {
namespace {

/// Steps of a record, those of all branches and of types that are met again; more are not worth the time.
constexpr size_t kMostSteps = 4000;
/// Of a plan, up to which what they call is inlined.
constexpr size_t kFewSteps = 100;

using Form = AvroValue::Form;
using Step = AvroStep::Kind;

class AvroEmitter {
 public:
  AvroEmitter(Module& module, const SourceSpec& source, const std::string& name)
      : m_(module), b_(module.context()), plan_(*source.avro) {
    size_t leaf = 0;
    for (const SourceRead& read : source.decode) {
      Type type = read.has_fallback ? optional_type(read.type) : read.type;
      leaf_of_.push_back(leaf);
      types_.push_back(type);
      leaf += 1 + leaf_count(type);
    }
    function_ = m_.record_reader(name);
    frame_ = function_->getArg(0);
    row_ = function_->getArg(2);
  }

  llvm::Function* emit() {
    b_.SetInsertPoint(block("entry"));
    failed_ = block("failed");
    branch_ = b_.CreateAlloca(m_.i64);
    llvm::Value* end = emit_step(plan_.root, function_->getArg(1));
    b_.CreateRet(end);
    b_.SetInsertPoint(failed_);
    b_.CreateRet(llvm::Constant::getNullValue(m_.ptr));
    if (emitted_ <= kMostSteps) return function_;
    function_->eraseFromParent();
    return nullptr;
  }

 private:
  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(m_.context(), name, function_); }
  llvm::Constant* number(uint64_t value) { return llvm::ConstantInt::get(m_.i64, value); }
  llvm::Constant* number_32(int64_t value) { return llvm::ConstantInt::get(m_.i32, static_cast<uint64_t>(value)); }

  llvm::CallInst* call(const std::string& name, llvm::Type* result, std::initializer_list<llvm::Value*> arguments) {
    std::vector<llvm::Type*> types;
    for (llvm::Value* argument : arguments) types.push_back(argument->getType());
    llvm::CallInst* made = b_.CreateCall(m_.helper(name, result, types), llvm::ArrayRef<llvm::Value*>(arguments));
    // In records of many steps that would take longer to compile than it saves.
    if (plan_.steps.size() <= kFewSteps) made->addFnAttr(llvm::Attribute::AlwaysInline);
    return made;
  }
  /// Goes on in a new block unless `end` is null; then the record is left.
  llvm::Value* whole(llvm::Value* end) {
    llvm::BasicBlock* next = block("");
    b_.CreateCondBr(b_.CreateICmpNE(end, llvm::Constant::getNullValue(m_.ptr)), next, failed_);
    b_.SetInsertPoint(next);
    return end;
  }

  /// Emits the step for a value at `at`; returns where the value ends.
  llvm::Value* emit_step(uint32_t index, llvm::Value* at) {
    const AvroStep& step = plan_.steps[index];
    if (++emitted_ > kMostSteps) return at;
    // A type that contains itself is read by the table.
    if (std::find(open_.begin(), open_.end(), index) != open_.end()) return pass_by_table(index, at);
    switch (step.kind) {
      case Step::nothing:
        return at;
      case Step::varint:
        return pass_numbers(at, 1);
      case Step::fixed:
        return whole(call("braid_avro_pass_fixed", m_.ptr, {frame_, at, number(step.size)}));
      case Step::sized:
        return whole(call("braid_avro_pass_sized", m_.ptr, {frame_, at}));
      case Step::blocks:
        return pass_by_table(index, at);
      case Step::record:
        open_.push_back(index);
        for (size_t i = 0; i < step.children.size();) {
          size_t numbers = 0;
          while (i + numbers < step.children.size() && plan_.steps[step.children[i + numbers]].kind == Step::varint)
            ++numbers;
          at = numbers > 0 ? pass_numbers(at, numbers) : emit_step(step.children[i], at);
          i += std::max<size_t>(numbers, 1);
        }
        open_.pop_back();
        return at;
      case Step::again: {
        llvm::Value* end = at;
        for (const uint32_t child : step.children) end = emit_step(child, at);
        return end;
      }
      case Step::choice:
        return emit_choice(index, at);
      case Step::settle:
        if (without_optional(types_[step.field])->kind == TypeKind::structure) return pass_by_table(index, at);
        call("braid_avro_settle", m_.void_type,
             {frame_, describe(index, nullptr), number(static_cast<uint64_t>(step.fault)), row_});
        return at;
      case Step::read: {
        const AvroValue& value = plan_.values[step.value];
        return whole(
            call(std::string("braid_avro_") + reader_of(value), m_.ptr, {frame_, describe(index, &value), at, row_}));
      }
    }
    BRAID_UNREACHABLE("kind of a step");
  }

  llvm::Value* pass_numbers(llvm::Value* at, size_t count) {
    return whole(call("braid_avro_pass_numbers", m_.ptr, {frame_, at, number(count)}));
  }

  llvm::Value* pass_by_table(uint32_t index, llvm::Value* at) {
    return whole(call("braid_avro_pass_other", m_.ptr, {frame_, at, number(index), row_}));
  }

  llvm::Value* emit_choice(uint32_t index, llvm::Value* at) {
    const AvroStep& step = plan_.steps[index];
    llvm::Value* begin = whole(call("braid_avro_branch", m_.ptr, {frame_, at, branch_}));
    llvm::BasicBlock* done = block("chosen");
    auto* choice =
        b_.CreateSwitch(b_.CreateLoad(m_.i64, branch_), failed_, static_cast<unsigned>(step.children.size()));
    std::vector<std::pair<llvm::Value*, llvm::BasicBlock*>> ends;
    open_.push_back(index);
    for (size_t i = 0; i < step.children.size(); ++i) {
      llvm::BasicBlock* branch = block("branch");
      choice->addCase(llvm::cast<llvm::ConstantInt>(number(i)), branch);
      b_.SetInsertPoint(branch);
      llvm::Value* end = emit_step(step.children[i], begin);
      ends.emplace_back(end, b_.GetInsertBlock());
      b_.CreateBr(done);
    }
    open_.pop_back();
    b_.SetInsertPoint(done);
    llvm::PHINode* end = b_.CreatePHI(m_.ptr, static_cast<unsigned>(ends.size()));
    for (const auto& [value, from] : ends) end->addIncoming(value, from);
    return end;
  }

  /// What linked/avro_operations.cpp calls the reader of the value.
  static const char* reader_of(const AvroValue& value) {
    const TypeKind to = value.type->kind;
    switch (value.form) {
      case Form::number:
        return to == TypeKind::integer ? "integer" : to == TypeKind::date ? "date" : "other";
      case Form::scaled_number:
        return to == TypeKind::timestamp && !value.local ? "scaled" : "other";
      case Form::float64:
        return "float";
      case Form::boolean:
        return "boolean";
      case Form::sized:
        return to == TypeKind::string ? "text" : to == TypeKind::bytes ? "bytes" : "other";
      case Form::sized_decimal:
        return to == TypeKind::decimal && value.scale <= value.type->scale && value.type->scale - value.scale <= 18
                   ? "decimal"
                   : "other";
      case Form::symbol:
        return to == TypeKind::enumeration ? "symbol" : "other";
      default:
        return "other";
    }
  }

  /// An AvroFieldCode. `value` null: of a `settle` step.
  llvm::Constant* describe(uint32_t index, const AvroValue* value) {
    const AvroStep& step = plan_.steps[index];
    const Type& declared = types_[step.field];
    const Type& type = without_optional(declared);
    llvm::Constant* symbols = llvm::Constant::getNullValue(m_.ptr);
    size_t count = 0;
    if (value != nullptr && value->form == Form::symbol) {
      std::vector<llvm::Constant*> numbers;
      for (const int32_t symbol : value->to_symbol) numbers.push_back(number_32(symbol));
      count = numbers.size();
      symbols = constant(llvm::ConstantArray::get(llvm::ArrayType::get(m_.i32, count), numbers), "symbols");
    }
    const bool scalar = type->kind != TypeKind::structure;
    llvm::Constant* parts[] = {number_32(static_cast<int64_t>(index)),
                               number_32(static_cast<int64_t>(leaf_of_[step.field])),
                               number_32(is_optional(declared)),
                               number_32(scalar ? static_cast<int64_t>(leaf_width(leaf_kind(type))) : 0),
                               number_32(type->precision),
                               number_32(value == nullptr ? 0 : type->scale - value->scale),
                               number(static_cast<uint64_t>(value == nullptr ? 1 : value->factor)),
                               symbols,
                               number(count)};
    static_assert(offsetof(AvroFieldCode, factor) == 24 && sizeof(AvroFieldCode) == 48, "as above");
    return constant(llvm::ConstantStruct::getAnon(parts), "field");
  }

  llvm::Constant* constant(llvm::Constant* content, const char* name) {
    return new llvm::GlobalVariable(*m_.module, content->getType(), /*isConstant=*/true,
                                    llvm::GlobalValue::PrivateLinkage, content, name);
  }

  Module& m_;
  llvm::IRBuilder<> b_;
  const AvroPlan& plan_;
  std::vector<size_t> leaf_of_;  ///< by field: its status leaf
  std::vector<Type> types_;      ///< by field
  std::vector<uint32_t> open_;   ///< steps that are being emitted
  size_t emitted_ = 0;
  llvm::Function* function_;
  llvm::Value *frame_, *row_;
  llvm::Value* branch_ = nullptr;
  llvm::BasicBlock* failed_ = nullptr;
};

}  // namespace

llvm::Function* emit_avro_decoder(Module& module, const SourceSpec& source, const std::string& name) {
  return source.avro == nullptr ? nullptr : AvroEmitter(module, source, name).emit();
}

}  // namespace braid::codegen
