#include "compiler/codegen/decoder_emitter.h"

#include "compiler/codegen/avro_emitter.h"
#include "compiler/codegen/protobuf_emitter.h"
#include "runtime/abi/record_frame.h"
#include "runtime/base/check.h"

namespace braid::codegen {
namespace {

/// Fields and objects, each of which is a bit of what has been seen of a record.
constexpr size_t kMostBits = 16 * 1024;
constexpr size_t kLongestPath = 32;

/// An object of a JSON record on the way to fields: a loop over its keys.
struct ObjectCode {
  std::vector<std::string> path;
  size_t parent = 0;
  /// A field or an object that stands in it.
  struct Child {
    bool is_object;
    size_t number;
  };
  std::vector<Child> children;       ///< by number
  llvm::AllocaInst* last = nullptr;  ///< the key that was found last
  llvm::BasicBlock* open = nullptr;  ///< at the value that should be the object
  llvm::BasicBlock* next = nullptr;  ///< behind a value in it
};

/// What linked/record_operations.cpp calls the reader of fields of that type, and whether it is worth inlining: short,
/// and often met.
struct ReaderName {
  const char* name;
  bool is_short;
};
ReaderName reader_of(TypeKind kind, bool numeric_time) {
  switch (kind) {
    case TypeKind::string:
      return {"text", true};
    case TypeKind::integer:
      return {"integer", true};
    case TypeKind::floating:
      return {"float", false};
    case TypeKind::decimal:
      return {"decimal", false};
    case TypeKind::boolean:
      return {"boolean", false};
    case TypeKind::timestamp:
      return numeric_time ? ReaderName{"instant", true} : ReaderName{"timestamp", false};
    case TypeKind::date:
      return {"date", false};
    case TypeKind::enumeration:
      return {"symbol", false};
    case TypeKind::bytes:
    case TypeKind::json:
    case TypeKind::uuid:
    case TypeKind::time:
    case TypeKind::duration:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      return {"other", false};
  }
  BRAID_UNREACHABLE("type kind");
}

/// What both formats have in common: the function, its arguments, its fields.
class DecoderEmitter {
 public:
  DecoderEmitter(Module& module, const SourceSpec& source, const std::string& name, bool inline_values)
      : m_(module), b_(module.context()), inline_values_(inline_values) {
    for (const auto& [option, value] : source.binding.options)
      if (option == "unit") unit_ = value == "s" ? 1'000'000 : value == "ms" ? 1000 : value == "us" ? 1 : 0;
    size_t leaf = 0;
    for (const SourceRead& read : source.decode) {
      Type type = read.has_fallback ? optional_type(read.type) : read.type;
      fields_.push_back(describe(fields_.size(), leaf, type));
      const bool numeric_time = unit_ != 0 && source.binding.format != "csv";
      readers_.push_back(reader_of(without_optional(type)->kind, numeric_time));
      leaf += 1 + leaf_count(type);
    }
    function_ = m_.record_reader(name);
    frame_ = function_->getArg(0);
    row_ = function_->getArg(2);
    b_.SetInsertPoint(block("entry"));
  }

 protected:
  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(m_.context(), name, function_); }
  llvm::Constant* number(uint64_t value) { return llvm::ConstantInt::get(m_.i64, value); }
  llvm::Constant* number_32(int64_t value) { return llvm::ConstantInt::get(m_.i32, static_cast<uint64_t>(value)); }

  llvm::CallInst* call(const std::string& name, llvm::Type* result, std::initializer_list<llvm::Value*> arguments) {
    std::vector<llvm::Type*> types;
    for (llvm::Value* argument : arguments) types.push_back(argument->getType());
    return b_.CreateCall(m_.helper(name, result, types), llvm::ArrayRef<llvm::Value*>(arguments));
  }
  /// Of the reader of a field.
  llvm::Value* call_reader(const char* format, size_t field, llvm::Type* result,
                           std::initializer_list<llvm::Value*> arguments) {
    const ReaderName reader = readers_[field];
    const char* place = inline_values_ && reader.is_short ? "braid_" : "called_";
    llvm::CallInst* made = call(std::string(place) + format + reader.name, result, arguments);
    if (inline_values_ && reader.is_short) made->addFnAttr(llvm::Attribute::AlwaysInline);
    return made;
  }

  /// A RecordField.
  llvm::Constant* describe(size_t index, size_t leaf, const Type& declared) {
    const Type& type = without_optional(declared);
    llvm::Constant* symbols = llvm::Constant::getNullValue(m_.ptr);
    if (!type->symbols.empty()) {
      std::vector<llvm::Constant*> texts;
      for (const std::string& symbol : type->symbols)
        texts.push_back(llvm::ConstantStruct::get(m_.view, {m_.text(symbol), number(symbol.size())}));
      symbols = constant(llvm::ConstantArray::get(llvm::ArrayType::get(m_.view, texts.size()), texts), "symbols");
    }
    const bool scalar = type->kind != TypeKind::structure;
    const bool is_text = type->kind == TypeKind::string || type->kind == TypeKind::bytes;
    llvm::Constant* parts[] = {number_32(static_cast<int64_t>(index)),
                               number_32(static_cast<int64_t>(leaf)),
                               number_32(is_optional(declared)),
                               number_32(scalar ? static_cast<int64_t>(leaf_width(leaf_kind(type))) : 0),
                               number_32(is_text),
                               number_32(type->precision),
                               number_32(type->scale),
                               number_32(0),
                               number(static_cast<uint64_t>(unit_)),
                               symbols,
                               number(type->symbols.size())};
    static_assert(offsetof(RecordField, unit) == 32 && sizeof(RecordField) == 56, "as above");
    return constant(llvm::ConstantStruct::getAnon(parts), "field");
  }

  llvm::Constant* constant(llvm::Constant* content, const char* name) {
    return new llvm::GlobalVariable(*m_.module, content->getType(), /*isConstant=*/true,
                                    llvm::GlobalValue::PrivateLinkage, content, name);
  }

  Module& m_;
  llvm::IRBuilder<> b_;
  bool inline_values_;
  int64_t unit_ = 0;  ///< microseconds of one in timestamps that are numbers; 0: there are none, or in nanoseconds
  std::vector<llvm::Constant*> fields_;  ///< RecordField of each
  std::vector<ReaderName> readers_;
  llvm::Function* function_;
  llvm::Value *frame_, *row_;
};

class JsonEmitter : DecoderEmitter {
 public:
  using DecoderEmitter::DecoderEmitter;

  llvm::Function* emit(std::vector<ObjectCode> objects) {
    objects_ = std::move(objects);
    at_ = on_stack(m_.ptr);
    const size_t words = (fields_.size() + objects_.size() + 63) / 64;
    seen_ = on_stack(llvm::ArrayType::get(m_.i64, words));
    b_.CreateStore(function_->getArg(1), at_);
    b_.CreateMemSet(seen_, llvm::ConstantInt::get(m_.i8, 0), words * 8, llvm::Align(8));
    starts_ = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, objects)));
    if (!inline_values_) make_field_table();
    failed_ = block("failed");
    for (ObjectCode& object : objects_) {
      object.last = on_stack(m_.ptr);
      object.open = block("open");
      object.next = block("next");
    }
    b_.CreateBr(objects_[0].open);
    for (size_t i = 0; i < objects_.size(); ++i) emit_object(i);
    b_.SetInsertPoint(failed_);
    b_.CreateRet(llvm::Constant::getNullValue(m_.ptr));
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
  /// Goes on in a new block where `condition` holds; the record is left where not.
  void go_on_if(llvm::Value* condition) {
    llvm::BasicBlock* next = block("");
    b_.CreateCondBr(condition, next, failed_);
    b_.SetInsertPoint(next);
  }
  void move(uint64_t bytes) { b_.CreateStore(Module::at(b_, at(), bytes), at_); }
  /// A value ends at `end`, or is broken if that is null; on to what is next in the object.
  void go_on_behind(llvm::Value* end, const ObjectCode& object) {
    go_on_if(b_.CreateICmpNE(end, llvm::Constant::getNullValue(m_.ptr)));
    b_.CreateStore(end, at_);
    b_.CreateBr(object.next);
  }

  /// Leaves the record if the bit was set before.
  void see_once(llvm::Value* index) {
    llvm::Value* word = b_.CreateInBoundsGEP(m_.i64, seen_, b_.CreateLShr(index, number(6)));
    llvm::Value* bit = b_.CreateShl(number(1), b_.CreateAnd(index, number(63)));
    llvm::Value* seen = b_.CreateLoad(m_.i64, word);
    go_on_if(b_.CreateICmpEQ(b_.CreateAnd(seen, bit), number(0)));
    b_.CreateStore(b_.CreateOr(seen, bit), word);
  }

  /// By number: a RecordField and the function that reads it.
  void make_field_table() {
    std::vector<llvm::Constant*> entries;
    for (size_t i = 0; i < fields_.size(); ++i) {
      auto function =
          m_.helper(std::string("called_json_") + readers_[i].name, m_.ptr, {m_.ptr, m_.ptr, m_.ptr, m_.ptr, m_.i64});
      entries.push_back(llvm::ConstantStruct::getAnon({fields_[i], llvm::cast<llvm::Constant>(function.getCallee())}));
    }
    auto* type = llvm::StructType::get(m_.ptr, m_.ptr);
    field_table_ = constant(llvm::ConstantArray::get(llvm::ArrayType::get(type, entries.size()), entries), "readers");
  }

  void emit_object(size_t index) {
    ObjectCode& object = objects_[index];
    b_.SetInsertPoint(object.open);
    if (index > 0) {
      see_once(number(fields_.size() + index));
      llvm::BasicBlock* other = block("no_object");
      llvm::BasicBlock* present = block("object");
      b_.CreateCondBr(byte_is('{'), present, other);
      // Null: as if nothing stood in it.
      b_.SetInsertPoint(other);
      go_on_if(is_null());
      move(4);
      b_.CreateBr(objects_[object.parent].next);
      b_.SetInsertPoint(present);
    }
    b_.CreateStore(b_.CreateLoad(m_.ptr, Module::at(b_, starts_, index * sizeof(PredictedKey*))), object.last);
    b_.CreateBr(object.next);

    // As expected, at the end, or elsewhere.
    b_.SetInsertPoint(object.next);
    llvm::BasicBlock* found = block("found");
    llvm::BasicBlock* other = block("unexpected");
    llvm::BasicBlock* close = block("close");
    llvm::Value* last = b_.CreateLoad(m_.ptr, object.last);
    llvm::Value* expected = b_.CreateLoad(m_.ptr, Module::at(b_, last, offsetof(PredictedKey, next)));
    b_.CreateCondBr(call("braid_json_key", m_.i1, {expected, at()}), found, other);
    b_.SetInsertPoint(other);
    llvm::BasicBlock* search = block("search");
    b_.CreateCondBr(byte_is('}'), close, search);
    b_.SetInsertPoint(search);
    llvm::Value* find = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, find_key)));
    auto* find_type = llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.i64, m_.ptr, m_.ptr}, false);
    llvm::Value* searched = b_.CreateCall(find_type, find, {frame_, number(index), last, at()});
    b_.CreateBr(found);

    b_.SetInsertPoint(found);
    llvm::PHINode* key = b_.CreatePHI(m_.ptr, 2, "key");
    key->addIncoming(expected, object.next);
    key->addIncoming(searched, search);
    b_.CreateStore(key, object.last);
    llvm::Value* length = b_.CreateLoad(m_.i32, Module::at(b_, key, offsetof(PredictedKey, length)));
    b_.CreateStore(b_.CreateInBoundsGEP(m_.i8, at(), b_.CreateZExt(length, m_.i64)), at_);
    llvm::Value* child = b_.CreateLoad(m_.i32, Module::at(b_, key, offsetof(PredictedKey, child)));
    emit_children(object, key, child, close);

    b_.SetInsertPoint(close);
    move(1);
    if (index > 0) {
      b_.CreateBr(objects_[object.parent].next);
    } else {
      emit_end();
    }
  }

  /// At the value of `key`: reads the child that it leads to.
  void emit_children(ObjectCode& object, llvm::Value* key, llvm::Value* child, llvm::BasicBlock* close) {
    llvm::BasicBlock* others = inline_values_ ? failed_ : block("by_table");
    auto* choice = b_.CreateSwitch(child, others, static_cast<unsigned>(3 + object.children.size()));
    auto add_case = [&](int64_t value, llvm::BasicBlock* target) {
      choice->addCase(llvm::cast<llvm::ConstantInt>(number_32(value)), target);
    };
    add_case(kEndOfObject, close);
    if (!inline_values_) add_case(kNoKey, failed_);
    llvm::BasicBlock* skip = block("skip");
    add_case(kSkipValue, skip);
    b_.SetInsertPoint(skip);
    go_on_behind(call("braid_json_skip", m_.ptr, {frame_, key, at(), number(1 + object.path.size())}), object);
    std::vector<llvm::Constant*> field_of;
    for (size_t i = 0; i < object.children.size(); ++i) {
      const auto [is_object, index] = object.children[i];
      field_of.push_back(number_32(static_cast<int64_t>(index)));
      if (is_object) add_case(static_cast<int64_t>(i), objects_[index].open);
      if (is_object || !inline_values_) continue;
      llvm::BasicBlock* value = block("field");
      add_case(static_cast<int64_t>(i), value);
      b_.SetInsertPoint(value);
      see_once(number(index));
      go_on_behind(call_reader("json_", index, m_.ptr, {frame_, fields_[index], key, at(), row_}), object);
    }
    if (inline_values_) return;
    // Many fields: the code of each would cost more to make than it saves.
    b_.SetInsertPoint(others);
    llvm::Constant* fields =
        constant(llvm::ConstantArray::get(llvm::ArrayType::get(m_.i32, field_of.size()), field_of), "children");
    llvm::Value* place = b_.CreateInBoundsGEP(m_.i32, fields, b_.CreateZExt(child, m_.i64));
    llvm::Value* field = b_.CreateZExt(b_.CreateLoad(m_.i32, place), m_.i64);
    see_once(field);
    llvm::Value* entry = b_.CreateInBoundsGEP(llvm::StructType::get(m_.ptr, m_.ptr), field_table_, field);
    llvm::Value* described = b_.CreateLoad(m_.ptr, entry);
    llvm::Value* reader = b_.CreateLoad(m_.ptr, Module::at(b_, entry, 8));
    auto* type = llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.ptr, m_.ptr, m_.ptr, m_.i64}, false);
    go_on_behind(b_.CreateCall(type, reader, {frame_, described, key, at(), row_}), object);
  }

  /// Behind the last `}`: what has not been seen is missing.
  void emit_end() {
    llvm::BasicBlock* done = block("done");
    llvm::BasicBlock* missing = block("missing");
    // All fields, or which not.
    llvm::Value* all = nullptr;
    for (size_t word = 0; word * 64 < fields_.size(); ++word) {
      const uint64_t bits = word * 64 + 64 <= fields_.size() ? ~uint64_t{0} : (uint64_t{1} << fields_.size() % 64) - 1;
      llvm::Value* seen = b_.CreateLoad(m_.i64, Module::at(b_, seen_, word * 8));
      llvm::Value* differing = b_.CreateXor(b_.CreateAnd(seen, number(bits)), number(bits));
      all = all == nullptr ? differing : b_.CreateOr(all, differing);
    }
    b_.CreateCondBr(b_.CreateICmpEQ(all, number(0)), done, missing);
    b_.SetInsertPoint(missing);
    auto* fields = constant(llvm::ConstantArray::get(llvm::ArrayType::get(m_.ptr, fields_.size()), fields_), "fields");
    // A copy, so that the bits themselves may be in registers.
    llvm::AllocaInst* words = on_stack(seen_->getAllocatedType());
    b_.CreateMemCpy(words, llvm::Align(8), seen_, llvm::Align(8), (fields_.size() + objects_.size() + 63) / 64 * 8);
    call("called_json_missing", m_.void_type, {frame_, fields, number(fields_.size()), words, row_});
    b_.CreateBr(done);
    b_.SetInsertPoint(done);
    b_.CreateRet(at());
  }

  llvm::AllocaInst* on_stack(llvm::Type* type) {
    llvm::IRBuilder<> entry(&function_->getEntryBlock(), function_->getEntryBlock().begin());
    return entry.CreateAlloca(type);
  }

  std::vector<ObjectCode> objects_;
  llvm::AllocaInst *at_ = nullptr, *seen_ = nullptr;  ///< seen: words, a bit for each field, then each object
  llvm::Value* starts_ = nullptr;
  llvm::Constant* field_table_ = nullptr;
  llvm::BasicBlock* failed_ = nullptr;
};

class CsvEmitter : DecoderEmitter {
 public:
  using DecoderEmitter::DecoderEmitter;

  llvm::Function* emit() {
    for (size_t i = 0; i < fields_.size(); ++i) call_reader("csv_", i, m_.void_type, {frame_, fields_[i], row_});
    b_.CreateRet(function_->getArg(1));
    return function_;
  }
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
        objects[object].children.push_back({true, found});
      }
      object = found;
    }
    objects[object].children.push_back({false, field});
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

llvm::Function* emit_decoder(Module& module, const SourceSpec& source, const std::string& name, bool inline_values) {
  if (source.decode.empty() || source.decode.size() > kMostBits) return nullptr;
  if (source.binding.is_avro()) return emit_avro_decoder(module, source, name);
  if (source.binding.format == "protobuf") return emit_protobuf_decoder(module, source, name);
  if (source.binding.format == "raw") return nullptr;
  if (source.binding.format == "csv") return CsvEmitter(module, source, name, false).emit();
  std::vector<ObjectCode> objects = find_objects(source);
  if (objects.empty() || objects.size() + source.decode.size() > kMostBits) return nullptr;
  return JsonEmitter(module, source, name, inline_values).emit(std::move(objects));
}

}  // namespace braid::codegen
