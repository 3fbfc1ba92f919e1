// Single values of Protobuf in generated code: from the wire to the leaves of a target, and what leaves hold without a
// value. protobuf_emitter.cpp puts them together. What they call is in linked/protobuf_operations.cpp.
#pragma once

#include <optional>

#include "compiler/codegen/module.h"
#include "compiler/codegen/protobuf_layout.h"
#include "runtime/abi/program.h"

namespace braid::codegen {

class ProtobufValueEmitter {
 protected:
  /// A table that is being emitted: of the record, whose leaves are columns, or of the elements of a list.
  struct Part {
    const ProtobufTable& table;
    ProtobufLayout layout;
    std::vector<LeafKind> kinds;               ///< of leaves
    uint32_t first_target = 0;                 ///< ProtobufTable::target_count
    llvm::Value* slots = nullptr;              ///< of an element; null: columns
    std::vector<llvm::AllocaInst*> seen = {};  ///< words of bits
  };
  /// A value on the wire: a number, or bytes.
  struct WireBits {
    llvm::Value* bits = nullptr;  ///< of bytes: how many there are
    llvm::Value* text = nullptr;
  };

  ProtobufValueEmitter(Module& module, const std::string& name, bool inline_calls);

  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(m_.context(), name, function_); }
  llvm::ConstantInt* number(uint64_t value) {
    return llvm::cast<llvm::ConstantInt>(llvm::ConstantInt::get(m_.i64, value));
  }
  llvm::Constant* number_32(uint64_t value) { return llvm::ConstantInt::get(m_.i32, value); }
  llvm::AllocaInst* on_stack(llvm::Type* type);
  llvm::CallInst* call(const char* name, llvm::Type* result, std::initializer_list<llvm::Value*> arguments);
  /// A branch that is mostly taken.
  void branch_likely(llvm::Value* condition, llvm::BasicBlock* likely, llvm::BasicBlock* other);
  /// Goes on in a new block where `condition` holds; the record is left to the tables where not.
  void go_on_if(llvm::Value* condition);
  void go_on_unless(llvm::Value* condition) { go_on_if(b_.CreateNot(condition)); }
  llvm::Value* not_null(llvm::Value* pointer);

  llvm::Value* leaf_address(const Part& part, uint32_t leaf);
  void store_leaf(const Part& part, uint32_t leaf, LeafValue value);
  /// What the leaf holds without a value; false: only the tables know.
  bool store_content(const Part& part, uint32_t leaf, const ProtobufLayout::Content& content);
  /// The value of one of part.table.targets, which is no list.
  void store_target(const Part& part, uint32_t target, const WireBits& value);

  Module& m_;
  llvm::IRBuilder<> b_;
  llvm::Function* function_;
  llvm::Value *frame_, *row_;
  llvm::Value* columns_ = nullptr;
  llvm::BasicBlock* failed_ = nullptr;

 private:
  /// A value as store_target gets it.
  struct Given {
    const Part& part;
    uint32_t index;
    const ProtobufTarget& target;
    const WireBits& wire;
  };
  void store(const Given& given, LeafValue value);
  void store_number(const Given& given);
  void store_text(const Given& given);
  void store_symbol(const Given& given);
  void convert(const Given& given);
  std::optional<LeafValue> preset_value(const ProtobufTarget& target, const ProtobufTable::Preset& preset);
  std::optional<LeafValue> preset_number(const ProtobufTarget& target, const ProtobufTable::Preset& preset);
  llvm::Constant* constant(llvm::Constant* content, const char* name);

  const bool inline_calls_;
  llvm::AllocaInst *slot_ = nullptr, *micros_ = nullptr;
};

}  // namespace braid::codegen
