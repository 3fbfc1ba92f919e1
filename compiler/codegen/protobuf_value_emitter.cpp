#include "compiler/codegen/protobuf_value_emitter.h"

#include <algorithm>
#include <cmath>

#include "llvm/IR/MDBuilder.h"
#include "runtime/abi/protobuf_numbers.h"
#include "runtime/abi/record_frame.h"

namespace braid::codegen {
namespace {

using Form = ProtobufTarget::Form;
using Kind = ProtobufKind;

/// Of an enum, from the lowest to the highest; others are read by the tables.
constexpr int64_t kMostSymbols = 4096;

bool is_large_unsigned(Kind kind) {
  return kind == Kind::uint64 || kind == Kind::fixed64;
}

bool is_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](char byte) { return byte >= 0; });
}

bool is_text(const Type& type) {
  return is(type, TypeKind::string) || is(type, TypeKind::bytes);
}

}  // namespace

ProtobufValueEmitter::ProtobufValueEmitter(Module& module, const std::string& name, bool inline_calls)
    : m_(module), b_(module.context()), inline_calls_(inline_calls) {
  function_ = m_.record_reader(name);
  frame_ = function_->getArg(0);
  row_ = function_->getArg(2);
  b_.SetInsertPoint(block("entry"));
  failed_ = block("failed");
  slot_ = on_stack(m_.i128);
  slot_->setAlignment(llvm::Align(16));
  micros_ = on_stack(m_.i64);
}

llvm::AllocaInst* ProtobufValueEmitter::on_stack(llvm::Type* type) {
  llvm::IRBuilder<> entry(&function_->getEntryBlock(), function_->getEntryBlock().begin());
  return entry.CreateAlloca(type);
}

llvm::CallInst* ProtobufValueEmitter::call(const char* name, llvm::Type* result,
                                           std::initializer_list<llvm::Value*> arguments) {
  std::vector<llvm::Type*> types;
  for (llvm::Value* argument : arguments) types.push_back(argument->getType());
  llvm::CallInst* made = b_.CreateCall(m_.helper(name, result, types), llvm::ArrayRef<llvm::Value*>(arguments));
  if (inline_calls_) made->addFnAttr(llvm::Attribute::AlwaysInline);
  return made;
}

void ProtobufValueEmitter::branch_likely(llvm::Value* condition, llvm::BasicBlock* likely, llvm::BasicBlock* other) {
  b_.CreateCondBr(condition, likely, other, llvm::MDBuilder(m_.context()).createBranchWeights(2000, 1));
}

void ProtobufValueEmitter::go_on_if(llvm::Value* condition) {
  llvm::BasicBlock* next = block("");
  branch_likely(condition, next, failed_);
  b_.SetInsertPoint(next);
}

llvm::Value* ProtobufValueEmitter::not_null(llvm::Value* pointer) {
  go_on_if(b_.CreateICmpNE(pointer, llvm::Constant::getNullValue(m_.ptr)));
  return pointer;
}

llvm::Value* ProtobufValueEmitter::leaf_address(const Part& part, uint32_t leaf) {
  if (part.slots != nullptr) return Module::at(b_, part.slots, leaf * sizeof(Slot));
  llvm::LoadInst* data = b_.CreateLoad(m_.ptr, Module::at(b_, columns_, leaf * sizeof(void*)));
  data->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(m_.context(), {}));
  return b_.CreateInBoundsGEP(m_.i8, data, b_.CreateMul(row_, number(leaf_width(part.kinds[leaf]))));
}

void ProtobufValueEmitter::store_leaf(const Part& part, uint32_t leaf, LeafValue value) {
  m_.store(b_, part.kinds[leaf], leaf_address(part, leaf), value);
}

bool ProtobufValueEmitter::store_content(const Part& part, uint32_t leaf, const ProtobufLayout::Content& content) {
  using Holds = ProtobufLayout::Content::Kind;
  if (content.kind == Holds::preset) {
    const auto value = preset_value(part.table.targets[content.target], part.table.presets[content.preset]);
    if (value) store_leaf(part, leaf, *value);
    return value.has_value();
  }
  store_leaf(part, leaf,
             content.kind == Holds::one ? LeafValue{llvm::ConstantInt::get(m_.i8, 1)} : m_.zero(part.kinds[leaf]));
  return true;
}

void ProtobufValueEmitter::store(const Given& given, LeafValue value) {
  uint32_t leaf = given.target.leaf;
  if (given.target.optional) store_leaf(given.part, leaf++, {llvm::ConstantInt::get(m_.i8, 1)});
  store_leaf(given.part, leaf, value);
}

void ProtobufValueEmitter::store_target(const Part& part, uint32_t index, const WireBits& value) {
  const ProtobufTarget& target = part.table.targets[index];
  const Given given{part, index, target, value};
  switch (target.form) {
    case Form::integer:
    case Form::number:
    case Form::scaled_number:
      return store_number(given);
    case Form::boolean:
      return store(given, {b_.CreateZExt(b_.CreateICmpNE(value.bits, number(0)), m_.i8)});
    case Form::real:
      if (target.kind == Kind::float32)
        return store(given, {call("braid_protobuf_float", m_.f64, {b_.CreateTrunc(value.bits, m_.i32)})});
      return store(given, {call("braid_protobuf_double", m_.f64, {value.bits})});
    case Form::text:
    case Form::bytes:
      return store_text(given);
    case Form::symbol:
      return store_symbol(given);
    case Form::timestamp:
    case Form::duration: {
      llvm::Value* end = b_.CreateInBoundsGEP(m_.i8, value.text, value.bits);
      go_on_if(
          call("braid_protobuf_instant", m_.i1, {value.text, end, number_32(target.form == Form::duration), micros_}));
      return store(given, {b_.CreateLoad(m_.i64, micros_)});
    }
    default:
      return convert(given);
  }
}

void ProtobufValueEmitter::store_number(const Given& given) {
  const ProtobufTarget& target = given.target;
  const TypeKind to = target.type->kind;
  if (target.form == Form::number && to != TypeKind::floating && to != TypeKind::date) return convert(given);
  llvm::Value* whole =
      call("braid_protobuf_integer", m_.i64, {number_32(static_cast<uint64_t>(target.kind)), given.wire.bits});
  if (to == TypeKind::floating)
    return store(given,
                 {is_large_unsigned(target.kind) ? b_.CreateUIToFP(whole, m_.f64) : b_.CreateSIToFP(whole, m_.f64)});
  if (is_large_unsigned(target.kind)) go_on_if(b_.CreateICmpSGE(whole, number(0)));
  if (target.form == Form::integer) return store(given, {whole});
  if (target.form == Form::number) {
    llvm::Value* day = b_.CreateTrunc(whole, m_.i32);
    go_on_if(b_.CreateICmpEQ(b_.CreateSExt(day, m_.i64), whole));
    return store(given, {day});
  }
  go_on_if(call("braid_protobuf_scale", m_.i1,
                {whole, number(static_cast<uint64_t>(target.factor)), number_32(to == TypeKind::time), micros_}));
  store(given, {b_.CreateLoad(m_.i64, micros_)});
}

void ProtobufValueEmitter::store_text(const Given& given) {
  if (!is_text(given.target.type)) return convert(given);
  if (given.target.form == Form::bytes) return store(given, {given.wire.text, given.wire.bits});
  llvm::BasicBlock *plain = block("ascii"), *other = block("not_ascii"), *done = block("text");
  branch_likely(call("braid_protobuf_is_ascii", m_.i1, {given.wire.text, given.wire.bits}), plain, other);
  b_.SetInsertPoint(other);
  convert(given);
  b_.CreateBr(done);
  b_.SetInsertPoint(plain);
  store(given, {given.wire.text, given.wire.bits});
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

void ProtobufValueEmitter::store_symbol(const Given& given) {
  const std::vector<ProtobufTarget::Symbol>& symbols = given.target.symbols;
  if (symbols.empty() || int64_t{symbols.back().number} - symbols.front().number >= kMostSymbols) return convert(given);
  const bool to_text = is(given.target.type, TypeKind::string);
  const int32_t first = symbols.front().number;
  const auto count = static_cast<size_t>(symbols.back().number - first) + 1;
  llvm::Type* type = to_text ? static_cast<llvm::Type*>(m_.view) : m_.i32;
  llvm::Constant* none = to_text ? llvm::Constant::getNullValue(m_.view) : number_32(~uint64_t{0});
  std::vector<llvm::Constant*> entries(count, none);
  for (const ProtobufTarget::Symbol& each : symbols) {
    llvm::Constant*& entry = entries[static_cast<size_t>(each.number - first)];
    if (to_text)
      entry = llvm::ConstantStruct::get(m_.view, {m_.text(each.name), number(each.name.size())});
    else
      entry = llvm::ConstantInt::getSigned(m_.i32, each.declared);
  }
  llvm::Constant* table = constant(llvm::ConstantArray::get(llvm::ArrayType::get(type, count), entries), "symbols");
  llvm::Value* place = b_.CreateZExt(
      b_.CreateSub(b_.CreateTrunc(given.wire.bits, m_.i32), llvm::ConstantInt::getSigned(m_.i32, first)), m_.i64);
  go_on_if(b_.CreateICmpULT(place, number(count)));
  llvm::Value* entry = b_.CreateInBoundsGEP(type, table, place);
  LeafValue value = m_.load(b_, to_text ? LeafKind::bytes : LeafKind::i32, entry);
  go_on_if(to_text ? b_.CreateICmpNE(value.first, llvm::Constant::getNullValue(m_.ptr))
                   : b_.CreateICmpSGE(value.first, number_32(0)));
  store(given, value);
}

/// As the table-driven decoder converts it.
void ProtobufValueEmitter::convert(const Given& given) {
  llvm::Value* function = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, convert)));
  auto* type = llvm::FunctionType::get(m_.i1, {m_.ptr, m_.i64, m_.i64, m_.ptr, m_.ptr}, false);
  llvm::Value* text = given.wire.text == nullptr ? llvm::Constant::getNullValue(m_.ptr) : given.wire.text;
  llvm::CallInst* made = b_.CreateCall(
      type, function, {frame_, number(given.part.first_target + given.index), given.wire.bits, text, slot_});
  made->addRetAttr(llvm::Attribute::ZExt);
  go_on_if(made);
  const LeafKind kind = given.part.kinds[given.target.leaf + (given.target.optional ? 1 : 0)];
  store(given, m_.load(b_, kind, slot_));
}

std::optional<LeafValue> ProtobufValueEmitter::preset_number(const ProtobufTarget& target,
                                                             const ProtobufTable::Preset& preset) {
  const bool zigzag = target.kind == Kind::sint32 || target.kind == Kind::sint64;
  const int64_t whole =
      number_of(target.kind, zigzag ? to_zigzag(preset.number) : static_cast<uint64_t>(preset.number));
  if (is_unsigned(target.kind) && whole < 0) return std::nullopt;
  const LeafKind kind = leaf_kind(target.type);
  if (whole == 0) return m_.zero(kind);
  if (target.form == Form::integer) return LeafValue{number(static_cast<uint64_t>(whole))};
  if (is(target.type, TypeKind::floating)) return LeafValue{llvm::ConstantFP::get(m_.f64, static_cast<double>(whole))};
  return std::nullopt;
}

/// None: only the tables know, or it has a fault.
std::optional<LeafValue> ProtobufValueEmitter::preset_value(const ProtobufTarget& target,
                                                            const ProtobufTable::Preset& preset) {
  switch (target.form) {
    case Form::integer:
    case Form::number:
    case Form::scaled_number:
      return preset_number(target, preset);
    case Form::boolean:
      return LeafValue{llvm::ConstantInt::get(m_.i8, preset.number != 0)};
    case Form::real: {
      const double real =
          target.kind == Kind::float32 ? static_cast<double>(static_cast<float>(preset.real)) : preset.real;
      if (std::isnan(real)) return std::nullopt;
      return LeafValue{llvm::ConstantFP::get(m_.f64, real)};
    }
    case Form::text:
    case Form::bytes:
      if (!is_text(target.type) || !is_ascii(preset.text)) return std::nullopt;
      if (preset.text.empty()) return m_.zero(LeafKind::bytes);
      return LeafValue{m_.text(preset.text), number(preset.text.size())};
    case Form::symbol: {
      const auto symbol = std::ranges::lower_bound(target.symbols, static_cast<int32_t>(preset.number), {},
                                                   &ProtobufTarget::Symbol::number);
      if (symbol == target.symbols.end() || symbol->number != static_cast<int32_t>(preset.number)) return std::nullopt;
      if (is(target.type, TypeKind::string)) return LeafValue{m_.text(symbol->name), number(symbol->name.size())};
      if (symbol->declared < 0) return std::nullopt;
      return LeafValue{number_32(static_cast<uint64_t>(symbol->declared))};
    }
    case Form::timestamp:
    case Form::duration:
      return m_.zero(LeafKind::i64);
    default:
      return std::nullopt;
  }
}

llvm::Constant* ProtobufValueEmitter::constant(llvm::Constant* content, const char* name) {
  return new llvm::GlobalVariable(*m_.module, content->getType(), /*isConstant=*/true,
                                  llvm::GlobalValue::PrivateLinkage, content, name);
}

}  // namespace braid::codegen
