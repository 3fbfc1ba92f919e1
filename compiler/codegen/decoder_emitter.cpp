#include "compiler/codegen/decoder_emitter.h"

#include "runtime/abi/record_frame.h"
#include "runtime/base/check.h"

namespace braid::codegen {
namespace {

/// Fields and objects, each of which is a bit of what has been seen of a record.
constexpr size_t kMostBits = 256;
constexpr size_t kLongestPath = 32;

struct FieldCode {
  const SourceRead* read;
  Type type;  ///< T, without optional
  bool optional;
  size_t first_leaf;
  size_t object = 0;  ///< JSON: in which it stands
};

/// An object of a JSON record on the way to fields: a loop over its keys.
struct ObjectCode {
  std::vector<std::string> path;
  size_t parent = 0;
  std::vector<size_t> fields, objects;   ///< that stand in it
  llvm::AllocaInst* expected = nullptr;  ///< the key that is expected next
  llvm::BasicBlock* open = nullptr;      ///< at the value that should be the object
  llvm::BasicBlock* next = nullptr;      ///< behind a value in it
  llvm::BasicBlock* slow = nullptr;      ///< at a value that is left to ReadFrame::read_value
  llvm::PHINode* slow_field = nullptr;
};

/// What both formats have in common: the function, its arguments, columns.
class DecoderEmitter {
 public:
  DecoderEmitter(Module& module, const SourceSpec& source, const std::string& name)
      : m_(module), b_(module.context()), source_(source) {
    size_t leaf = 0;
    for (const SourceRead& read : source.decode) {
      Type type = read.has_fallback ? optional_type(read.type) : read.type;
      fields_.push_back({&read, without_optional(type), is_optional(type), leaf});
      leaf += 1 + leaf_count(type);
    }
    for (const auto& [option, value] : source.binding.options) {
      if (option == "null") null_marker_ = value;
      if (option == "unit") unit_ = value == "s" ? 1'000'000 : value == "ms" ? 1000 : value == "us" ? 1 : 0;
    }
    function_ = llvm::Function::Create(llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.ptr, m_.i64}, false),
                                       llvm::Function::ExternalLinkage, name, *m_.module);
    function_->setDoesNotThrow();
    function_->addParamAttr(0, llvm::Attribute::NoAlias);
    frame_ = function_->getArg(0);
    row_ = function_->getArg(2);
    b_.SetInsertPoint(block("entry"));
    columns_ = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, columns)));
    dates_ = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, dates)));
  }

 protected:
  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(m_.context(), name, function_); }
  llvm::Value* number(uint64_t value) { return llvm::ConstantInt::get(m_.i64, value); }
  llvm::Value* number_32(int64_t value) { return llvm::ConstantInt::get(m_.i32, static_cast<uint64_t>(value)); }
  llvm::Value* null() { return llvm::Constant::getNullValue(m_.ptr); }
  llvm::Value* load_frame(uint64_t offset) { return b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offset)); }

  llvm::Value* call(const char* name, llvm::Type* result, std::initializer_list<llvm::Value*> arguments) {
    std::vector<llvm::Type*> types;
    for (llvm::Value* argument : arguments) types.push_back(argument->getType());
    return b_.CreateCall(m_.helper(name, result, types), llvm::ArrayRef<llvm::Value*>(arguments));
  }

  /// Goes on in a new block where `condition` holds, in `otherwise` where not.
  void go_on_if(llvm::Value* condition, llvm::BasicBlock* otherwise) {
    llvm::BasicBlock* next = block("");
    b_.CreateCondBr(condition, next, otherwise);
    b_.SetInsertPoint(next);
  }

  llvm::Value* cell_address(size_t leaf, LeafKind kind) {
    llvm::Value* data = b_.CreateLoad(m_.ptr, Module::at(b_, columns_, leaf * sizeof(void*)));
    return b_.CreateInBoundsGEP(m_.i8, data, b_.CreateMul(row_, number(leaf_width(kind))));
  }

  void store_byte(size_t leaf, uint64_t value) {
    b_.CreateStore(llvm::ConstantInt::get(m_.i8, value), cell_address(leaf, LeafKind::u8));
  }

  size_t value_leaf(const FieldCode& field) const { return field.first_leaf + 1 + (field.optional ? 1 : 0); }

  /// Status and presence of a field that has its value.
  void store_present(const FieldCode& field) {
    store_byte(field.first_leaf, 0);
    if (field.optional) store_byte(field.first_leaf + 1, 1);
  }

  /// All leaves of a field that has none.
  void store_absent(const FieldCode& field, ConversionFault fault) {
    store_byte(field.first_leaf, static_cast<uint64_t>(fault));
    std::vector<Leaf> leaves = flatten(field.optional ? optional_type(field.type) : field.type);
    for (size_t i = 0; i < leaves.size(); ++i) {
      llvm::Value* address = cell_address(field.first_leaf + 1 + i, leaves[i].kind);
      m_.store(b_, leaves[i].kind, address, m_.zero(leaves[i].kind));
    }
  }

  llvm::Value* date_of(const FieldCode& field) {
    return Module::at(b_, dates_, static_cast<size_t>(&field - fields_.data()) * sizeof(LastDate));
  }

  /// Address and count of the symbols of an enumeration, as Bytes.
  std::pair<llvm::Value*, llvm::Value*> symbols_of(const Type& type) {
    std::vector<llvm::Constant*> texts;
    for (const std::string& symbol : type->symbols)
      texts.push_back(
          llvm::ConstantStruct::get(m_.view, {m_.text(symbol), llvm::ConstantInt::get(m_.i64, symbol.size())}));
    auto* content = llvm::ConstantArray::get(llvm::ArrayType::get(m_.view, texts.size()), texts);
    auto* table = new llvm::GlobalVariable(*m_.module, content->getType(), /*isConstant=*/true,
                                           llvm::GlobalValue::PrivateLinkage, content, "symbols");
    return {table, number(texts.size())};
  }

  /// A decimal that was read into memory, into its column.
  void store_decimal(const FieldCode& field, llvm::Value* address, llvm::Value* memory) {
    llvm::Value* value = b_.CreateLoad(m_.i128, memory);
    if (leaf_kind(field.type) == LeafKind::i64) value = b_.CreateTrunc(value, m_.i64);
    b_.CreateStore(value, address);
  }

  llvm::AllocaInst* on_stack(llvm::Type* type) {
    llvm::IRBuilder<> entry(&function_->getEntryBlock(), function_->getEntryBlock().begin());
    return entry.CreateAlloca(type);
  }

  Module& m_;
  llvm::IRBuilder<> b_;
  const SourceSpec& source_;
  std::vector<FieldCode> fields_;
  std::optional<std::string> null_marker_;
  int64_t unit_ = 0;  ///< microseconds of one in timestamps that are numbers; 0: there are none, or in nanoseconds
  llvm::Function* function_;
  llvm::Value *frame_, *row_, *columns_, *dates_;
};

class JsonEmitter : DecoderEmitter {
 public:
  using DecoderEmitter::DecoderEmitter;

  llvm::Function* emit(std::vector<ObjectCode> objects) {
    objects_ = std::move(objects);
    at_ = on_stack(m_.ptr);
    seen_type_ = llvm::IntegerType::get(m_.context(), (fields_.size() + objects_.size() + 63) / 64 * 64);
    seen_ = on_stack(seen_type_);
    b_.CreateStore(function_->getArg(1), at_);
    b_.CreateStore(llvm::ConstantInt::get(seen_type_, 0), seen_);
    predictions_ = load_frame(offsetof(ReadFrame, objects));
    failed_ = block("failed");
    for (ObjectCode& object : objects_) {
      object.expected = on_stack(m_.ptr);
      object.open = block("open");
      object.next = block("next");
      object.slow = block("slow");
      for (size_t field : object.fields) fields_[field].object = static_cast<size_t>(&object - objects_.data());
    }
    b_.CreateBr(objects_[0].open);
    for (size_t i = 0; i < objects_.size(); ++i) emit_object(i);
    b_.SetInsertPoint(failed_);
    b_.CreateRet(null());
    return function_;
  }

 private:
  llvm::Value* at() { return b_.CreateLoad(m_.ptr, at_); }
  llvm::Value* byte_is(char c) {
    return b_.CreateICmpEQ(b_.CreateLoad(m_.i8, at()), llvm::ConstantInt::get(m_.i8, static_cast<uint8_t>(c)));
  }
  llvm::Value* is_null() {
    uint32_t letters = 0;
    std::memcpy(&letters, "null", 4);
    return b_.CreateICmpEQ(b_.CreateLoad(m_.i32, at()), number_32(letters));
  }
  void move(uint64_t bytes) { b_.CreateStore(Module::at(b_, at(), bytes), at_); }
  /// A value ends at `end`; on to what is next in the object.
  void go_on_at(llvm::Value* end, const ObjectCode& object) {
    b_.CreateStore(end, at_);
    b_.CreateBr(object.next);
  }

  /// The same for values whose lengths are worth remembering.
  void go_on_behind(llvm::Value* end, const ObjectCode& object) {
    go_on_at(call("braid_read_behind", m_.ptr, {key_, at(), end}), object);
  }

  llvm::Value* bit(size_t index) {
    return llvm::ConstantInt::get(seen_type_, llvm::APInt::getOneBitSet(seen_type_->getBitWidth(), index));
  }
  /// Leaves the record if the bit was set before.
  void see_once(size_t index) {
    llvm::Value* seen = b_.CreateLoad(seen_type_, seen_);
    llvm::Value* before = b_.CreateAnd(seen, bit(index));
    go_on_if(b_.CreateICmpEQ(before, llvm::ConstantInt::get(seen_type_, 0)), failed_);
    b_.CreateStore(b_.CreateOr(seen, bit(index)), seen_);
  }

  void emit_object(size_t index) {
    ObjectCode& object = objects_[index];
    b_.SetInsertPoint(object.open);
    if (index > 0) {
      see_once(fields_.size() + index);
      llvm::BasicBlock* other = block("no_object");
      llvm::BasicBlock* present = block("object");
      b_.CreateCondBr(byte_is('{'), present, other);
      // Null: as if nothing stood in it.
      b_.SetInsertPoint(other);
      go_on_if(is_null(), failed_);
      move(4);
      b_.CreateBr(objects_[object.parent].next);
      b_.SetInsertPoint(present);
    }
    llvm::BasicBlock* found = block("found");
    llvm::Value* lists = Module::at(b_, predictions_, index * sizeof(PredictedObject));
    llvm::Value* first = b_.CreateLoad(m_.ptr, Module::at(b_, lists, offsetof(PredictedObject, first)));
    llvm::Value* later = b_.CreateLoad(m_.ptr, Module::at(b_, lists, offsetof(PredictedObject, later)));
    llvm::Value* first_key = call("braid_read_find_key", m_.ptr, {first, at()});
    llvm::Value* next =
        b_.CreateLoad(llvm::Type::getInt16Ty(m_.context()), Module::at(b_, first_key, offsetof(PredictedKey, next)));
    llvm::Value* second_key = key_behind(later, b_.CreateZExt(next, m_.i64));
    llvm::BasicBlock* opened = b_.GetInsertBlock();
    b_.CreateBr(found);

    // As expected, at the end, or one of the later keys.
    b_.SetInsertPoint(object.next);
    llvm::BasicBlock* other = block("unexpected");
    llvm::BasicBlock* close = block("close");
    llvm::Value* expected = b_.CreateLoad(m_.ptr, object.expected);
    llvm::Value* expected_next = key_behind(expected, number(1));
    b_.CreateCondBr(call("braid_read_key", m_.i1, {expected, at()}), found, other);
    b_.SetInsertPoint(other);
    llvm::BasicBlock* search = block("search");
    b_.CreateCondBr(byte_is('}'), close, search);
    b_.SetInsertPoint(search);
    llvm::Value* later_key = call("braid_read_find_key", m_.ptr, {expected, at()});
    llvm::Value* later_next = key_behind(later_key, number(1));
    b_.CreateBr(found);

    b_.SetInsertPoint(found);
    llvm::PHINode* key = b_.CreatePHI(m_.ptr, 3, "key");
    llvm::PHINode* behind = b_.CreatePHI(m_.ptr, 3);
    key->addIncoming(first_key, opened);
    behind->addIncoming(second_key, opened);
    key->addIncoming(expected, object.next);
    behind->addIncoming(expected_next, object.next);
    key->addIncoming(later_key, search);
    behind->addIncoming(later_next, search);
    b_.CreateStore(behind, object.expected);
    llvm::Value* length = b_.CreateLoad(m_.i32, Module::at(b_, key, offsetof(PredictedKey, length)));
    b_.CreateStore(b_.CreateInBoundsGEP(m_.i8, at(), b_.CreateZExt(length, m_.i64)), at_);
    llvm::Value* meaning = b_.CreateLoad(m_.i32, Module::at(b_, key, offsetof(PredictedKey, meaning)));
    auto* choice = b_.CreateSwitch(meaning, failed_, static_cast<unsigned>(1 + object.fields.size()));
    auto add_case = [&](int64_t value, llvm::BasicBlock* target) {
      choice->addCase(llvm::cast<llvm::ConstantInt>(number_32(value)), target);
    };

    llvm::BasicBlock* skip = block("skip");
    add_case(kSkipValue, skip);
    b_.SetInsertPoint(skip);
    key_ = key;
    emit_skip(object);
    for (size_t below : object.objects) add_case(kFirstObject + static_cast<int64_t>(below), objects_[below].open);

    b_.SetInsertPoint(object.slow);
    object.slow_field = b_.CreatePHI(m_.i64, 4);
    for (size_t field : object.fields) {
      llvm::BasicBlock* value = block("field");
      add_case(static_cast<int64_t>(field), value);
      b_.SetInsertPoint(value);
      emit_field(field, object);
    }
    emit_slow(object);

    b_.SetInsertPoint(close);
    move(1);
    if (index > 0) {
      b_.CreateBr(objects_[object.parent].next);
    } else {
      emit_end();
    }
  }

  llvm::Value* key_behind(llvm::Value* key, llvm::Value* count) {
    return b_.CreateInBoundsGEP(m_.i8, key, b_.CreateMul(count, number(sizeof(PredictedKey))));
  }

  uint64_t depth_of(const ObjectCode& object) { return 1 + object.path.size(); }

  void emit_skip(const ObjectCode& object) {
    llvm::Value* end = call("braid_read_skip", m_.ptr, {at()});
    llvm::BasicBlock* unusual = block("skip_unusual");
    go_on_if(b_.CreateICmpNE(end, null()), unusual);
    go_on_behind(end, object);
    b_.SetInsertPoint(unusual);
    llvm::Value* skip = load_frame(offsetof(ReadFrame, skip_value));
    auto* type = llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.i64}, false);
    end = b_.CreateCall(type, skip, {at(), number(depth_of(object))});
    go_on_if(b_.CreateICmpNE(end, null()), failed_);
    go_on_at(end, object);
  }

  void emit_slow(const ObjectCode& object) {
    if (object.fields.empty()) {
      object.slow->eraseFromParent();
      return;
    }
    b_.SetInsertPoint(object.slow);
    llvm::Value* read = load_frame(offsetof(ReadFrame, read_value));
    auto* type = llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.i64, m_.ptr, m_.i64}, false);
    llvm::Value* end = b_.CreateCall(type, read, {frame_, object.slow_field, at(), row_});
    go_on_if(b_.CreateICmpNE(end, null()), failed_);
    go_on_at(end, object);
  }

  void emit_field(size_t index, const ObjectCode& object) {
    const FieldCode& field = fields_[index];
    see_once(index);
    if (field.optional) {
      llvm::BasicBlock* value = block("no_null");
      go_on_if(is_null(), value);
      store_absent(field, ConversionFault::none);
      go_on_at(Module::at(b_, at(), 4), object);
      b_.SetInsertPoint(value);
    }
    llvm::Value* end = emit_value(field);
    if (end != nullptr) {
      llvm::BasicBlock* done = block("read");
      object.slow_field->addIncoming(number(index), b_.GetInsertBlock());
      b_.CreateCondBr(b_.CreateICmpNE(end, null()), done, object.slow);
      b_.SetInsertPoint(done);
      if (decimal_ != nullptr) {
        store_decimal(field, cell_address(value_leaf(field), leaf_kind(field.type)), decimal_);
        decimal_ = nullptr;
      }
      store_present(field);
      go_on_behind(end, object);
      return;
    }
    object.slow_field->addIncoming(number(index), b_.GetInsertBlock());
    b_.CreateBr(object.slow);
  }

  /// Behind the value, which is stored; null at run time if it is unusual, null here if it always is.
  llvm::Value* emit_value(const FieldCode& field) {
    const LeafKind kind = field.type->kind == TypeKind::structure ? LeafKind::u8 : leaf_kind(field.type);
    auto address = [&] { return cell_address(value_leaf(field), kind); };
    switch (field.type->kind) {
      case TypeKind::string:
        return call("braid_read_text", m_.ptr, {at(), address()});
      case TypeKind::integer:
        return call("braid_read_integer", m_.ptr, {at(), address()});
      case TypeKind::floating:
        return call("braid_read_float", m_.ptr, {at(), address()});
      case TypeKind::decimal:
        decimal_ = on_stack(m_.i128);
        return call("braid_read_decimal", m_.ptr,
                    {at(), number_32(field.type->precision), number_32(field.type->scale), decimal_});
      case TypeKind::boolean:
        return call("braid_read_boolean", m_.ptr, {at(), address()});
      case TypeKind::timestamp:
        if (unit_ != 0)
          return call("braid_read_instant_number", m_.ptr, {at(), number(static_cast<uint64_t>(unit_)), address()});
        return call("braid_read_timestamp", m_.ptr, {at(), date_of(field), address()});
      case TypeKind::date:
        return call("braid_read_date", m_.ptr, {at(), date_of(field), address()});
      case TypeKind::enumeration: {
        auto [symbols, count] = symbols_of(field.type);
        return call("braid_read_symbol", m_.ptr, {at(), symbols, count, address()});
      }
      case TypeKind::bytes:
      case TypeKind::uuid:
      case TypeKind::time:
      case TypeKind::duration:
      case TypeKind::list:
      case TypeKind::structure:
      case TypeKind::optional:
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        return nullptr;
    }
    BRAID_UNREACHABLE("type kind");
  }

  /// Behind the last `}`: what has not been seen is missing.
  void emit_end() {
    llvm::BasicBlock* done = block("done");
    llvm::BasicBlock* missing = block("missing");
    llvm::Value* seen = b_.CreateLoad(seen_type_, seen_);
    auto all =
        llvm::ConstantInt::get(seen_type_, llvm::APInt::getLowBitsSet(seen_type_->getBitWidth(), fields_.size()));
    b_.CreateCondBr(b_.CreateICmpEQ(b_.CreateAnd(seen, all), all), done, missing);
    b_.SetInsertPoint(missing);
    for (size_t i = 0; i < fields_.size(); ++i) {
      llvm::BasicBlock* next = block("next_missing");
      go_on_if(b_.CreateICmpEQ(b_.CreateAnd(seen, bit(i)), llvm::ConstantInt::get(seen_type_, 0)), next);
      store_absent(fields_[i], fields_[i].optional ? ConversionFault::none : ConversionFault::missing);
      b_.CreateBr(next);
      b_.SetInsertPoint(next);
    }
    b_.CreateBr(done);
    b_.SetInsertPoint(done);
    b_.CreateRet(at());
  }

  std::vector<ObjectCode> objects_;
  llvm::AllocaInst *at_ = nullptr, *seen_ = nullptr;
  llvm::IntegerType* seen_type_ = nullptr;
  llvm::Value* predictions_ = nullptr;
  llvm::Value* key_ = nullptr;  ///< the PredictedKey of the value
  llvm::BasicBlock* failed_ = nullptr;
  llvm::AllocaInst* decimal_ = nullptr;  ///< where emit_value has left a decimal
};

class CsvEmitter : DecoderEmitter {
 public:
  using DecoderEmitter::DecoderEmitter;

  llvm::Function* emit() {
    for (size_t i = 0; i < fields_.size(); ++i) emit_field(i);
    b_.CreateRet(function_->getArg(1));
    return function_;
  }

 private:
  void emit_field(size_t index) {
    const FieldCode& field = fields_[index];
    llvm::BasicBlock* slow = block("slow");
    llvm::BasicBlock* next = block("next");
    const bool direct = field.type->kind != TypeKind::structure && field.type->kind != TypeKind::list;
    if (direct) {
      llvm::Value* cell = call("braid_cell", m_.ptr, {frame_, number(index)});
      go_on_if(b_.CreateICmpNE(cell, null()), slow);
      emit_nulls(field, cell, slow, next);
      llvm::Value* read = emit_value(field, cell, slow);
      if (read != nullptr) {
        go_on_if(read, slow);
        if (decimal_ != nullptr) {
          store_decimal(field, cell_address(value_leaf(field), leaf_kind(field.type)), decimal_);
          decimal_ = nullptr;
        }
        store_present(field);
        b_.CreateBr(next);
      } else {
        b_.CreateBr(slow);
      }
    } else {
      b_.CreateBr(slow);
    }
    b_.SetInsertPoint(slow);
    llvm::Value* function = load_frame(offsetof(ReadFrame, read_value));
    auto* type = llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.i64, m_.ptr, m_.i64}, false);
    b_.CreateCall(type, function, {frame_, number(index), null(), row_});
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
  }

  /// Cells that are null go to `next`, or to `slow` where there must be a value.
  void emit_nulls(const FieldCode& field, llvm::Value* cell, llvm::BasicBlock* slow, llvm::BasicBlock* next) {
    llvm::BasicBlock* absent = field.optional ? block("absent") : slow;
    auto absent_if = [&](llvm::Value* condition) {
      llvm::BasicBlock* other = block("");
      b_.CreateCondBr(condition, absent, other);
      b_.SetInsertPoint(other);
    };
    if (null_marker_) {
      llvm::BasicBlock* no_marker = block("no_marker");
      llvm::Value* is_marker =
          call("braid_cell_is", m_.i1, {cell, m_.text(*null_marker_), number(null_marker_->size())});
      go_on_if(is_marker, no_marker);
      llvm::Value* quoted = b_.CreateLoad(m_.i64, Module::at(b_, cell, offsetof(CsvCell, quoted)));
      b_.CreateCondBr(b_.CreateICmpEQ(quoted, number(0)), absent, no_marker);
      b_.SetInsertPoint(no_marker);
    }
    if (field.type->kind != TypeKind::string && field.type->kind != TypeKind::bytes)
      absent_if(b_.CreateICmpEQ(b_.CreateLoad(m_.i64, Module::at(b_, cell, offsetof(CsvCell, size))), number(0)));
    if (!field.optional) return;
    llvm::BasicBlock* here = b_.GetInsertBlock();
    b_.SetInsertPoint(absent);
    store_absent(field, ConversionFault::none);
    b_.CreateBr(next);
    b_.SetInsertPoint(here);
  }

  /// Whether the value was stored (i1); null here for kinds that always go the slow way.
  llvm::Value* emit_value(const FieldCode& field, llvm::Value* cell, llvm::BasicBlock* slow) {
    const TypeKind kind = field.type->kind;
    llvm::Value* address = cell_address(value_leaf(field), leaf_kind(field.type));
    auto readable = [&] { go_on_if(call("braid_cell_readable", m_.i1, {frame_, cell}), slow); };
    switch (kind) {
      case TypeKind::string: {
        llvm::Value* text = b_.CreateLoad(m_.ptr, Module::at(b_, cell, offsetof(CsvCell, text)));
        llvm::Value* size = b_.CreateLoad(m_.i64, Module::at(b_, cell, offsetof(CsvCell, size)));
        m_.store(b_, LeafKind::bytes, address, {text, size});
        return b_.getTrue();
      }
      case TypeKind::integer:
        readable();
        return call("braid_cell_integer", m_.i1, {cell, address});
      case TypeKind::floating:
        readable();
        return call("braid_cell_float", m_.i1, {cell, address});
      case TypeKind::decimal:
        readable();
        decimal_ = on_stack(m_.i128);
        return call("braid_cell_decimal", m_.i1,
                    {cell, number_32(field.type->precision), number_32(field.type->scale), decimal_});
      case TypeKind::boolean:
        return call("braid_cell_boolean", m_.i1, {cell, address});
      case TypeKind::timestamp:
        readable();
        if (unit_ != 0)
          return call("braid_cell_instant_number", m_.i1, {cell, number(static_cast<uint64_t>(unit_)), address});
        return call("braid_cell_timestamp", m_.i1, {cell, date_of(field), address});
      case TypeKind::date:
        readable();
        return call("braid_cell_date", m_.i1, {cell, date_of(field), address});
      case TypeKind::enumeration: {
        auto [symbols, count] = symbols_of(field.type);
        return call("braid_cell_symbol", m_.i1, {cell, symbols, count, address});
      }
      case TypeKind::bytes:
      case TypeKind::uuid:
      case TypeKind::time:
      case TypeKind::duration:
      case TypeKind::list:
      case TypeKind::structure:
      case TypeKind::optional:
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        return nullptr;
    }
    BRAID_UNREACHABLE("type kind");
  }

  llvm::AllocaInst* decimal_ = nullptr;  ///< where emit_value has left a decimal
};

/// The objects of the record, numbered as record_frame.h says; empty if fields share a path or lie in one another.
std::vector<ObjectCode> find_objects(const SourceSpec& source) {
  std::vector<ObjectCode> objects(1);
  auto find = [&](const std::vector<std::string>& path) {
    size_t i = 0;
    while (i < objects.size() && objects[i].path != path) ++i;
    return i;
  };
  for (size_t field = 0; field < source.decode.size(); ++field) {
    const std::vector<std::string>& path = source.decode[field].path;
    if (path.empty() || path.size() > kLongestPath) return {};
    size_t object = 0;
    for (size_t length = 1; length < path.size(); ++length) {
      std::vector<std::string> inner(path.begin(), path.begin() + static_cast<ptrdiff_t>(length));
      const size_t found = find(inner);
      if (found == objects.size()) {
        objects.push_back({.path = std::move(inner), .parent = object});
        objects[object].objects.push_back(found);
      }
      object = found;
    }
    objects[object].fields.push_back(field);
  }
  for (size_t field = 0; field < source.decode.size(); ++field) {
    const std::vector<std::string>& path = source.decode[field].path;
    if (find(path) < objects.size()) return {};
    for (size_t other = 0; other < field; ++other)
      if (source.decode[other].path == path) return {};
  }
  return objects;
}

}  // namespace

llvm::Function* emit_decoder(Module& module, const SourceSpec& source, const std::string& name) {
  if (source.decode.empty() || source.decode.size() > kMostBits) return nullptr;
  if (source.binding.format == "csv") return CsvEmitter(module, source, name).emit();
  std::vector<ObjectCode> objects = find_objects(source);
  if (objects.empty() || objects.size() + source.decode.size() > kMostBits) return nullptr;
  return JsonEmitter(module, source, name).emit(std::move(objects));
}

}  // namespace braid::codegen
