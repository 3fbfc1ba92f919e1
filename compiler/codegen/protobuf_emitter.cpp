#include "compiler/codegen/protobuf_emitter.h"

#include <algorithm>

#include "compiler/codegen/protobuf_presence_emitter.h"
#include "runtime/abi/record_frame.h"

namespace braid::codegen {
namespace {

/// Fields of all messages in a record; more are not worth the time.
constexpr size_t kMostFields = 2000;
/// Of IR: a share of what a program may have.
constexpr size_t kMostInstructions = 40'000;
/// Fields of all messages in a record, up to which what they call is inlined.
constexpr size_t kFewFields = 100;
/// Of a message: fields whose tags are expected, though nobody reads them.
constexpr size_t kMostExpected = 64;

using Entry = ProtobufTable::Entry;
using Known = ProtobufTable::Known;

/// A tag as writers have it: its bytes, the first one lowest.
struct Tag {
  Tag(uint32_t number, WireType wire) : value(uint64_t{number} << 3 | static_cast<uint64_t>(wire)) {
    uint64_t rest = value;
    for (; rest >= 0x80; rest >>= 7) bytes |= (0x80 | (rest & 0x7F)) << (8 * size++);
    bytes |= rest << (8 * size++);
  }
  uint64_t value;
  uint64_t bytes = 0;
  uint32_t size = 0;
};

bool is_plain(WireType wire) {
  return wire == WireType::varint || wire == WireType::fixed32 || wire == WireType::fixed64;
}

size_t count_fields(const ProtobufTable& table) {
  size_t count = 0;
  for (const ProtobufTable::Node& node : table.nodes) count += node.fields.size();
  for (const ProtobufTable::List& list : table.lists) count += count_fields(*list.element) + 1;
  return count;
}

class ProtobufEmitter : ProtobufPresenceEmitter {
 public:
  ProtobufEmitter(Module& module, const SourceSpec& source, const std::string& name)
      : ProtobufPresenceEmitter(module, name, count_fields(*source.protobuf) <= kFewFields), source_(source) {}

  llvm::Function* emit() {
    at_ = on_stack(m_.ptr);
    value_ = on_stack(m_.i64);
    text_ = on_stack(m_.ptr);
    columns_ = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, columns)));
    llvm::Value* end = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, end)));
    b_.CreateStore(function_->getArg(1), at_);
    std::vector<LeafKind> kinds;
    for (const SourceRead& read : source_.decode) {
      kinds.push_back(LeafKind::u8);
      add_kinds(read.has_fallback ? optional_type(read.type) : read.type, kinds);
    }
    Part record = make_part(*source_.protobuf, std::move(kinds), 0);
    clear(record);
    enter(record, 0);
    emit_message(record, 0, end);
    finish(record, 0);
    b_.CreateRet(end);
    b_.SetInsertPoint(failed_);
    b_.CreateRet(llvm::Constant::getNullValue(m_.ptr));
    if (function_->getInstructionCount() <= kMostInstructions) return function_;
    function_->eraseFromParent();
    return nullptr;
  }

 private:
  /// A field of a message on the way through it.
  struct Expected {
    Known field;
    int entry = -1;  ///< none: it is passed
    Tag tag;         ///< that comes for it
    llvm::BasicBlock* expect;
    llvm::BasicBlock* body;  ///< behind that tag
    llvm::BasicBlock* have;  ///< behind its value: value_ and text_
  };

  /// The first value of a list.
  struct First {
    llvm::Value *behind, *value, *text;
  };

  static void add_kinds(const Type& type, std::vector<LeafKind>& kinds) {
    for (const Leaf& leaf : flatten(type)) kinds.push_back(leaf.kind);
  }

  llvm::Value* at() { return b_.CreateLoad(m_.ptr, at_); }
  void move_to(llvm::Value* place) { b_.CreateStore(place, at_); }
  void move(uint64_t bytes) { move_to(Module::at(b_, at(), bytes)); }

  /// `first`: the first four bytes.
  llvm::Value* stands_here(const Tag& tag, llvm::Value* first) {
    if (tag.size <= 2) {
      llvm::Type* type = tag.size == 1 ? m_.i8 : llvm::Type::getInt16Ty(m_.context());
      return b_.CreateICmpEQ(b_.CreateTrunc(first, type), llvm::ConstantInt::get(type, tag.bytes));
    }
    if (tag.size == 3) return b_.CreateICmpEQ(b_.CreateAnd(first, number_32(0xFFFFFF)), number_32(tag.bytes));
    if (tag.size == 4) return b_.CreateICmpEQ(first, number_32(tag.bytes));
    llvm::LoadInst* all = b_.CreateLoad(m_.i64, at());
    all->setAlignment(llvm::Align(1));
    return b_.CreateICmpEQ(b_.CreateAnd(all, number(0xFFFFFFFFFF)), number(tag.bytes));
  }
  llvm::Value* stands_here(const Tag& tag) {
    llvm::LoadInst* first = b_.CreateLoad(m_.i32, at());
    first->setAlignment(llvm::Align(1));
    return stands_here(tag, first);
  }

  /// Where tag and value, or tag and length, are among the four bytes: goes on with the value read. Else in a new
  /// block.
  void emit_short_value(const Expected& field, WireType wire, llvm::Value* bytes, llvm::Value* stop) {
    const uint32_t size = field.tag.size;
    if (size > 2 || (wire != WireType::varint && wire != WireType::sized)) return;
    auto ends_at = [&](uint32_t byte) {
      llvm::Value* bit = b_.CreateAnd(bytes, number_32(uint64_t{0x80} << (8 * byte)));
      return b_.CreateICmpEQ(bit, number_32(0));
    };
    auto seven_bits = [&](uint32_t byte) {
      return b_.CreateAnd(b_.CreateLShr(bytes, number_32(8 * byte)), number_32(0x7F));
    };
    llvm::BasicBlock *one = block("one_byte"), *more = block("more_bytes");
    b_.CreateCondBr(ends_at(size), one, more);
    b_.SetInsertPoint(one);
    llvm::Value* first = b_.CreateZExt(seven_bits(size), m_.i64);
    llvm::Value* behind = Module::at(b_, at(), size + 1);
    if (wire == WireType::sized) {
      llvm::Value* room = b_.CreateSub(b_.CreatePtrToInt(stop, m_.i64), b_.CreatePtrToInt(behind, m_.i64));
      llvm::BasicBlock* fits = block("fits");
      branch_likely(b_.CreateICmpSGE(room, first), fits, more);
      b_.SetInsertPoint(fits);
      b_.CreateStore(behind, text_);
      behind = b_.CreateInBoundsGEP(m_.i8, behind, first);
    }
    b_.CreateStore(first, value_);
    move_to(behind);
    b_.CreateBr(field.have);
    b_.SetInsertPoint(more);
    if (wire == WireType::sized) return;
    llvm::BasicBlock *two = block("two_bytes"), *many = block("many_bytes");
    branch_likely(ends_at(size + 1), two, many);
    b_.SetInsertPoint(two);
    llvm::Value* both = b_.CreateOr(seven_bits(size), b_.CreateShl(seven_bits(size + 1), number_32(7)));
    b_.CreateStore(b_.CreateZExt(both, m_.i64), value_);
    move_to(Module::at(b_, at(), size + 2));
    b_.CreateBr(field.have);
    b_.SetInsertPoint(many);
  }

  std::vector<Expected> expected_fields(const ProtobufTable::Node& node) {
    std::vector<Expected> fields;
    size_t passed = 0;
    for (const Known& field : node.fields) {
      const auto entry = std::ranges::find(node.entries, field.number, &Entry::number);
      const bool is_read = entry != node.entries.end();
      if (field.wire == WireType::group || (!is_read && ++passed > kMostExpected)) continue;
      const bool packed = field.repeated && is_plain(field.wire);
      fields.push_back({.field = field,
                        .entry = is_read ? static_cast<int>(entry - node.entries.begin()) : -1,
                        .tag = Tag(field.number, packed ? WireType::sized : field.wire),
                        .expect = block("expect"),
                        .body = block("field"),
                        .have = block("have")});
    }
    return fields;
  }

  /// Reads the fields from `at` to `stop`, and goes on there.
  void emit_message(Part& part, uint32_t index, llvm::Value* stop) {
    const std::vector<Expected> fields = expected_fields(part.table.nodes[index]);
    llvm::BasicBlock *other = block("other"), *dispatch = block("dispatch"), *close = block("close");
    auto expect_behind = [&](size_t i) { return i + 1 < fields.size() ? fields[i + 1].expect : other; };
    b_.CreateBr(fields.empty() ? other : fields[0].expect);

    b_.SetInsertPoint(other);
    b_.CreateCondBr(b_.CreateICmpULT(at(), stop), dispatch, close);
    b_.SetInsertPoint(dispatch);
    llvm::Value* found = call("braid_protobuf_number", m_.view, {at()});
    move_to(not_null(b_.CreateExtractValue(found, 0)));
    llvm::Value* tag = b_.CreateExtractValue(found, 1);
    llvm::BasicBlock* unknown = block("unknown");
    auto* choice = b_.CreateSwitch(tag, unknown, static_cast<unsigned>(fields.size()));
    b_.SetInsertPoint(unknown);
    move_to(not_null(call_far("braid_protobuf_pass_field", m_.ptr, {at(), stop, tag})));
    b_.CreateBr(other);

    for (size_t i = 0; i < fields.size(); ++i) {
      const Expected& each = fields[i];
      choice->addCase(number(each.tag.value), each.body);
      b_.SetInsertPoint(each.expect);
      llvm::BasicBlock *compare = block("compare"), *here = block("here"), *elsewhere = block("elsewhere");
      branch_likely(b_.CreateICmpULT(at(), stop), compare, close);
      b_.SetInsertPoint(compare);
      llvm::LoadInst* bytes = b_.CreateLoad(m_.i32, at());
      bytes->setAlignment(llvm::Align(1));
      branch_likely(stands_here(each.tag, bytes), here, elsewhere);
      b_.SetInsertPoint(here);
      const bool packed = each.field.repeated && is_plain(each.field.wire);
      emit_short_value(each, packed ? WireType::sized : each.field.wire, bytes, stop);
      move(each.tag.size);
      b_.CreateBr(each.body);
      // One field is often left out.
      b_.SetInsertPoint(elsewhere);
      if (i + 1 < fields.size()) {
        const Expected& second = fields[i + 1];
        llvm::BasicBlock* after = block("after");
        branch_likely(stands_here(second.tag, bytes), after, dispatch);
        b_.SetInsertPoint(after);
        move(second.tag.size);
        b_.CreateBr(second.body);
      } else {
        b_.CreateBr(dispatch);
      }
      emit_field(part, index, each, packed, stop, expect_behind(i), choice);
    }
    b_.SetInsertPoint(close);
    go_on_if(b_.CreateICmpEQ(at(), stop));
  }

  /// A field, in its body and where its value is there. `packed`: its values side by side.
  void emit_field(Part& part, uint32_t node, const Expected& field, bool packed, llvm::Value* stop,
                  llvm::BasicBlock* next, llvm::SwitchInst* others) {
    b_.SetInsertPoint(field.body);
    read_wire(packed ? WireType::sized : field.field.wire, stop);
    b_.CreateBr(field.have);
    b_.SetInsertPoint(field.have);
    emit_value(part, node, field, packed, stop, next);
    if (!packed) return;
    // Each with a tag.
    llvm::BasicBlock* single = block("single");
    others->addCase(number(Tag(field.field.number, field.field.wire).value), single);
    b_.SetInsertPoint(single);
    read_wire(field.field.wire, stop);
    emit_value(part, node, field, false, stop, next);
  }

  void emit_value(Part& part, uint32_t node, const Expected& field, bool packed, llvm::Value* stop,
                  llvm::BasicBlock* next) {
    if (field.entry >= 0) {
      const auto entry = static_cast<uint32_t>(field.entry);
      if (field.field.repeated)
        read_lists(part, node, entry, packed, stop);
      else
        use_entry(part, node, entry);
      b_.CreateBr(next);
      return;
    }
    if (!field.field.repeated || packed) {
      b_.CreateBr(next);
      return;
    }
    // And those of its tag that follow.
    llvm::BasicBlock *compare = block("compare"), *again = block("again"), *loop = block("loop");
    b_.CreateBr(loop);
    b_.SetInsertPoint(loop);
    b_.CreateCondBr(b_.CreateICmpULT(at(), stop), compare, next);
    b_.SetInsertPoint(compare);
    const Tag tag(field.field.number, field.field.wire);
    b_.CreateCondBr(stands_here(tag), again, next);
    b_.SetInsertPoint(again);
    move(tag.size);
    read_wire(field.field.wire, stop);
    b_.CreateBr(loop);
  }

  llvm::CallInst* call_far(const char* name, llvm::Type* result, std::initializer_list<llvm::Value*> arguments) {
    std::vector<llvm::Type*> types;
    for (llvm::Value* argument : arguments) types.push_back(argument->getType());
    return b_.CreateCall(m_.helper(name, result, types), llvm::ArrayRef<llvm::Value*>(arguments));
  }

  /// The value at `at` into value_ and text_, and on behind it.
  void read_wire(WireType wire, llvm::Value* stop) {
    if (wire == WireType::varint) {
      llvm::Value* found = call("braid_protobuf_number", m_.view, {at()});
      move_to(not_null(b_.CreateExtractValue(found, 0)));
      b_.CreateStore(b_.CreateExtractValue(found, 1), value_);
      return;
    }
    if (wire == WireType::sized) {
      llvm::Value* found = call("braid_protobuf_length", m_.view, {at(), stop});
      llvm::Value* begin = not_null(b_.CreateExtractValue(found, 0));
      llvm::Value* size = b_.CreateExtractValue(found, 1);
      b_.CreateStore(begin, text_);
      b_.CreateStore(size, value_);
      return move_to(b_.CreateInBoundsGEP(m_.i8, begin, size));
    }
    const bool wide = wire == WireType::fixed64;
    llvm::LoadInst* load = b_.CreateLoad(wide ? m_.i64 : m_.i32, at());
    load->setAlignment(llvm::Align(1));
    b_.CreateStore(b_.CreateZExt(load, m_.i64), value_);
    move(wide ? 8 : 4);
  }

  /// What is read of a field that is no list, whose value is there.
  void use_entry(Part& part, uint32_t node, uint32_t index) {
    const Entry& entry = part.table.nodes[node].entries[index];
    const ProtobufLayout::Entry& layout = part.layout.nodes[node].entries[index];
    change_bits(part, layout.gone, false);
    // Its parts would be merged.
    for (const uint32_t target : entry.targets)
      if (part.table.targets[target].kind == ProtobufKind::message) {
        go_on_unless(have_all(part, {layout.bit}));
        break;
      }
    change_bits(part, {layout.bit}, true);
    WireBits value{.bits = b_.CreateLoad(m_.i64, value_)};
    if (entry.wire == WireType::sized) value.text = b_.CreateLoad(m_.ptr, text_);
    for (const uint32_t target : entry.targets) store_target(part, target, value);
    if (entry.node < 0) return;
    const auto child = static_cast<uint32_t>(entry.node);
    enter(part, child);
    llvm::Value* behind = at();
    move_to(value.text);
    emit_message(part, child, behind);
  }

  /// Behind the first element, or behind all of them if they are packed.
  void read_lists(Part& part, uint32_t node, uint32_t index, bool packed, llvm::Value* stop) {
    const Entry& entry = part.table.nodes[node].entries[index];
    const uint32_t bit = part.layout.nodes[node].entries[index].bit;
    const First first{at(), b_.CreateLoad(m_.i64, value_), b_.CreateLoad(m_.ptr, text_)};
    for (const uint32_t target : entry.targets) {
      move_to(first.behind);
      b_.CreateStore(first.value, value_);
      b_.CreateStore(first.text, text_);
      read_list(part, entry, bit, target, packed, stop);
    }
  }

  /// All its elements, which stand together.
  void read_list(Part& part, const Entry& entry, uint32_t bit, uint32_t target_index, bool packed, llvm::Value* stop) {
    const ProtobufTarget& target = part.table.targets[target_index];
    const ProtobufTable::List& list = part.table.lists[target.list];
    const ProtobufTable& table = *list.element;
    const Tag tag(entry.number, entry.wire);
    llvm::BasicBlock* done = block("list");
    llvm::Value *count = nullptr, *end = stop;
    if (packed) {
      end = at();
      llvm::Value *size = b_.CreateLoad(m_.i64, value_), *begin = b_.CreateLoad(m_.ptr, text_);
      llvm::BasicBlock* elements = block("elements");
      b_.CreateCondBr(b_.CreateICmpEQ(size, number(0)), done, elements);
      b_.SetInsertPoint(elements);
      count = count_packed(entry.wire, begin, end, size);
      move_to(begin);
    } else {
      count =
          call_far("braid_protobuf_count", m_.i64,
                   {at(), stop, number_32(tag.bytes), number(tag.size), number_32(static_cast<uint64_t>(entry.wire))});
      go_on_unless(b_.CreateICmpEQ(count, number(0)));
    }
    // Those that come later are added up. Several lists of the same elements have one bit.
    if (target_index == entry.targets.front()) go_on_unless(have_all(part, {bit}));
    change_bits(part, {bit}, true);
    llvm::Value* slots = allocate(b_.CreateMul(count, number(table.leaves)));
    if (packed) read_wire(entry.wire, end);

    std::vector<LeafKind> kinds;
    add_kinds(target.type->element, kinds);
    Part element = make_part(table, std::move(kinds), first_target(part, target.list));
    llvm::BasicBlock *loop = block("element"), *next = block("next"), *behind = block("behind");
    llvm::BasicBlock* before = b_.GetInsertBlock();
    b_.CreateBr(loop);
    b_.SetInsertPoint(loop);
    llvm::PHINode* number_of = b_.CreatePHI(m_.i64, 2);
    number_of->addIncoming(number(0), before);
    element.slots = b_.CreateInBoundsGEP(m_.i8, slots, b_.CreateMul(number_of, number(table.leaves * sizeof(Slot))));
    clear(element);
    enter(element, 0);
    use_entry(element, 0, 0);
    finish(element, 0);
    llvm::Value* read = b_.CreateAdd(number_of, number(1));
    b_.CreateCondBr(b_.CreateICmpULT(read, count), next, behind);
    b_.SetInsertPoint(next);
    if (!packed) move(tag.size);
    read_wire(entry.wire, end);
    number_of->addIncoming(read, b_.GetInsertBlock());
    b_.CreateBr(loop);

    b_.SetInsertPoint(behind);
    if (packed) go_on_if(b_.CreateICmpEQ(at(), end));
    if (is(target.type, TypeKind::map))
      go_on_unless(call_far("braid_protobuf_unordered", m_.i1,
                            {slots, count, number(table.leaves),
                             number_32(static_cast<uint64_t>(leaf_kind(key_of(target.type))))}));
    else if (list.key_leaf >= 0)
      go_on_unless(call_far("braid_protobuf_repeats", m_.i1,
                            {slots, count, number(table.leaves), number(static_cast<uint64_t>(list.key_leaf)),
                             number_32(list.text_key)}));
    uint32_t leaf = target.leaf;
    if (target.optional) store_leaf(part, leaf++, {llvm::ConstantInt::get(m_.i8, 1)});
    store_leaf(part, leaf, {slots, count});
    b_.CreateBr(done);
    b_.SetInsertPoint(done);
  }

  /// Values side by side in bytes that are not empty.
  llvm::Value* count_packed(WireType wire, llvm::Value* begin, llvm::Value* end, llvm::Value* size) {
    if (wire == WireType::varint) {
      llvm::Value* count = call_far("braid_protobuf_count_packed", m_.i64, {begin, end});
      go_on_unless(b_.CreateICmpEQ(count, number(0)));
      return count;
    }
    const uint64_t width = wire == WireType::fixed64 ? 8 : 4;
    go_on_if(b_.CreateICmpEQ(b_.CreateAnd(size, number(width - 1)), number(0)));
    return b_.CreateUDiv(size, number(width));
  }

  static uint32_t first_target(const Part& part, uint32_t list) {
    uint32_t first = part.first_target + static_cast<uint32_t>(part.table.targets.size());
    for (uint32_t i = 0; i < list; ++i) first += part.table.lists[i].element->target_count();
    return first;
  }

  llvm::Value* allocate(llvm::Value* slots) {
    llvm::Value* function = b_.CreateLoad(m_.ptr, Module::at(b_, frame_, offsetof(ReadFrame, allocate)));
    auto* type = llvm::FunctionType::get(m_.ptr, {m_.ptr, m_.i64}, false);
    return not_null(b_.CreateCall(type, function, {frame_, slots}));
  }

  const SourceSpec& source_;
  llvm::AllocaInst* at_ = nullptr;
  llvm::AllocaInst *value_ = nullptr, *text_ = nullptr;  ///< of the wire: a number, or a length and where its bytes are
};

}  // namespace

llvm::Function* emit_protobuf_decoder(Module& module, const SourceSpec& source, const std::string& name) {
  if (source.protobuf == nullptr || count_fields(*source.protobuf) > kMostFields) return nullptr;
  return ProtobufEmitter(module, source, name).emit();
}

}  // namespace braid::codegen
