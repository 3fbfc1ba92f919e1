#include "compiler/codegen/module.h"

#include "runtime/base/check.h"

namespace braid::codegen {
namespace {

llvm::Constant* integer_128(llvm::LLVMContext& context, int128 value) {
  auto bits = static_cast<uint128>(value);
  uint64_t words[2] = {static_cast<uint64_t>(bits), static_cast<uint64_t>(bits >> 64)};
  return llvm::ConstantInt::get(context, llvm::APInt(128, words));
}

}  // namespace

Module::Module(llvm::LLVMContext& context, const std::string& name)
    : module(std::make_unique<llvm::Module>(name, context)),
      i1(llvm::Type::getInt1Ty(context)),
      i8(llvm::Type::getInt8Ty(context)),
      i32(llvm::Type::getInt32Ty(context)),
      i64(llvm::Type::getInt64Ty(context)),
      i128(llvm::Type::getInt128Ty(context)),
      f64(llvm::Type::getDoubleTy(context)),
      ptr(llvm::PointerType::get(context, 0)),
      void_type(llvm::Type::getVoidTy(context)),
      view(llvm::StructType::get(context, {ptr, i64})) {}

llvm::Type* Module::leaf_type(LeafKind kind) {
  switch (kind) {
    case LeafKind::u8:
      return i8;
    case LeafKind::i32:
      return i32;
    case LeafKind::i64:
      return i64;
    case LeafKind::f64:
      return f64;
    case LeafKind::i128:
      return i128;
    case LeafKind::bytes:
    case LeafKind::list:
      return ptr;
  }
  BRAID_UNREACHABLE("leaf kind");
}

LeafValue Module::zero(LeafKind kind) {
  llvm::Constant* second =
      kind == LeafKind::bytes || kind == LeafKind::list ? llvm::Constant::getNullValue(i64) : nullptr;
  return {llvm::Constant::getNullValue(leaf_type(kind)), second};
}

llvm::Value* Module::at(llvm::IRBuilder<>& builder, llvm::Value* address, uint64_t bytes) {
  return bytes == 0 ? address : builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), address, bytes);
}

LeafValue Module::load(llvm::IRBuilder<>& builder, LeafKind kind, llvm::Value* address) {
  LeafValue value{builder.CreateLoad(leaf_type(kind), address)};
  if (kind == LeafKind::bytes || kind == LeafKind::list)
    value.second = builder.CreateLoad(i64, at(builder, address, 8));
  return value;
}

void Module::store(llvm::IRBuilder<>& builder, LeafKind, llvm::Value* address, LeafValue value) {
  builder.CreateStore(value.first, address);
  if (value.second != nullptr) builder.CreateStore(value.second, at(builder, address, 8));
}

void Module::store_slot(llvm::IRBuilder<>& builder, LeafKind kind, llvm::Value* address, LeafValue value) {
  llvm::Value* first = value.first;
  if (kind == LeafKind::u8 || kind == LeafKind::i32) first = builder.CreateZExt(first, i64);
  store(builder, kind, address, {first, value.second});
  if (kind == LeafKind::u8 || kind == LeafKind::i32 || kind == LeafKind::i64 || kind == LeafKind::f64)
    builder.CreateStore(llvm::ConstantInt::get(i64, 0), at(builder, address, 8));
}

llvm::Constant* Module::text(std::string_view content) {
  if (auto known = texts_.find(content); known != texts_.end()) return known->second;
  auto* bytes =
      llvm::ConstantDataArray::getString(context(), llvm::StringRef(content.data(), content.size()), /*AddNull=*/true);
  auto* global = new llvm::GlobalVariable(*module, bytes->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, bytes, "text");
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  texts_.emplace(content, global);
  return global;
}

llvm::Constant* Module::table(const std::vector<uint32_t>& entries) {
  auto* content = llvm::ConstantDataArray::get(context(), entries);
  auto* global = new llvm::GlobalVariable(*module, content->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, content, "codes");
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  return global;
}

LeafValue Module::constant_leaf(const Leaf& leaf, const Slot& slot) {
  switch (leaf.kind) {
    case LeafKind::u8:
      return {llvm::ConstantInt::get(i8, slot.u8)};
    case LeafKind::i32:
      return {llvm::ConstantInt::get(i32, static_cast<uint32_t>(slot.i32))};
    case LeafKind::i64:
      return {llvm::ConstantInt::get(i64, static_cast<uint64_t>(slot.i64))};
    case LeafKind::f64:
      return {llvm::ConstantFP::get(f64, llvm::APFloat(slot.f64))};
    case LeafKind::i128:
      return {integer_128(context(), slot.i128)};
    case LeafKind::bytes:
      if (slot.bytes.size == 0) return zero(leaf.kind);
      return {text(slot.bytes.view()), llvm::ConstantInt::get(i64, slot.bytes.size)};
    case LeafKind::list:
      if (slot.list.count == 0) return zero(leaf.kind);
      return {constant_slots(leaf.type->element, slot.list), llvm::ConstantInt::get(i64, slot.list.count)};
  }
  BRAID_UNREACHABLE("leaf kind");
}

llvm::Constant* Module::constant_slots(const Type& element, const List& list) {
  std::vector<Leaf> leaves = flatten(element);
  std::vector<llvm::Constant*> slots;
  for (uint64_t i = 0; i < list.count * leaves.size(); ++i) {
    const Leaf& leaf = leaves[i % leaves.size()];
    LeafValue value = constant_leaf(leaf, list.items[i]);
    if (value.second != nullptr) {
      slots.push_back(llvm::ConstantStruct::get(
          view, {llvm::cast<llvm::Constant>(value.first), llvm::cast<llvm::Constant>(value.second)}));
    } else {
      slots.push_back(integer_128(context(), list.items[i].i128));  // upper bytes are zero: to_slots
    }
  }
  auto* content = llvm::ConstantStruct::getAnon(context(), slots);
  auto* global = new llvm::GlobalVariable(*module, content->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, content, "items");
  global->setAlignment(llvm::Align(16));
  return global;
}

Leaves Module::constant(const Type& type, const Value& value) {
  std::vector<Leaf> leaves = flatten(type);
  auto* slots = arena_.allocate_array<Slot>(leaves.size() + 1);
  to_slots(type, value, slots, arena_);
  Leaves constants;
  for (size_t i = 0; i < leaves.size(); ++i) constants.push_back(constant_leaf(leaves[i], slots[i]));
  return constants;
}

llvm::FunctionCallee Module::helper(std::string_view name, llvm::Type* result, llvm::ArrayRef<llvm::Type*> parameters) {
  auto* type = llvm::FunctionType::get(result, parameters, /*isVarArg=*/false);
  llvm::FunctionCallee callee = module->getOrInsertFunction(llvm::StringRef(name.data(), name.size()), type);
  llvm::cast<llvm::Function>(callee.getCallee())->setDoesNotThrow();
  return callee;
}

llvm::Function* Module::record_reader(const std::string& name) {
  llvm::Function* function = llvm::Function::Create(llvm::FunctionType::get(ptr, {ptr, ptr, i64}, /*isVarArg=*/false),
                                                    llvm::Function::ExternalLinkage, name, *module);
  function->setDoesNotThrow();
  return function;
}

llvm::FunctionCallee Module::native(const FunctionDeclaration& function) {
  natives.emplace(std::string(function.symbol), function.native);
  return helper(function.symbol, i32, {ptr, ptr, ptr});
}

}  // namespace braid::codegen
