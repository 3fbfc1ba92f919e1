// What all kernels of one compilation share: the LLVM module, types as LLVM has them, constants, declarations of
// helpers and of standard library functions. One compilation owns it; one thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "runtime/data/arena.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"
#include "runtime/data/value.h"
#include "runtime/declare/function.h"

namespace braid::codegen {

/// One leaf as generated code holds it. u8: i8; i32, i64, f64, i128 as they are; bytes and list: address and length.
struct LeafValue {
  llvm::Value* first = nullptr;
  llvm::Value* second = nullptr;
};
using Leaves = std::vector<LeafValue>;

class Module {
 public:
  Module(llvm::LLVMContext& context, const std::string& name);

  llvm::LLVMContext& context() { return module->getContext(); }
  llvm::Type* leaf_type(LeafKind kind);
  LeafValue zero(LeafKind kind);
  LeafValue load(llvm::IRBuilder<>& builder, LeafKind kind, llvm::Value* address);
  void store(llvm::IRBuilder<>& builder, LeafKind kind, llvm::Value* address, LeafValue value);
  /// A whole slot, upper bytes zero.
  void store_slot(llvm::IRBuilder<>& builder, LeafKind kind, llvm::Value* address, LeafValue value);
  static llvm::Value* at(llvm::IRBuilder<>& builder, llvm::Value* address, uint64_t bytes);

  /// The leaves of a value of the script; texts and lists become private constants.
  Leaves constant(const Type& type, const Value& value);
  llvm::Constant* text(std::string_view content);
  llvm::Constant* table(const std::vector<uint32_t>& entries);
  llvm::FunctionCallee helper(std::string_view name, llvm::Type* result, llvm::ArrayRef<llvm::Type*> parameters);
  /// A function that reads a record, as RecordReader::read(); its body is emitted later.
  llvm::Function* record_reader(const std::string& name);
  /// The native form of a standard library function, for bitcode or its address to fill.
  llvm::FunctionCallee native(const FunctionDeclaration& function);

  std::unique_ptr<llvm::Module> module;
  llvm::Type *i1, *i8, *i32, *i64, *i128, *f64, *ptr, *void_type;
  llvm::StructType* view;  ///< { ptr, i64 }: Bytes and List
  /// Addresses of the native forms that are called, by symbol.
  std::map<std::string, NativeFunction> natives;

 private:
  LeafValue constant_leaf(const Leaf& leaf, const Slot& slot);
  llvm::Constant* constant_slots(const Type& element, const List& list);

  std::map<std::string, llvm::Constant*, std::less<>> texts_;
  Arena arena_;
};

}  // namespace braid::codegen
