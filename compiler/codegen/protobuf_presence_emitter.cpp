#include "compiler/codegen/protobuf_presence_emitter.h"

#include <algorithm>

namespace braid::codegen {
namespace {

uint64_t mask_of(const std::vector<uint32_t>& bits, size_t word) {
  uint64_t mask = 0;
  for (const uint32_t bit : bits)
    if (bit / 64 == word) mask |= uint64_t{1} << bit % 64;
  return mask;
}

}  // namespace

ProtobufValueEmitter::Part ProtobufPresenceEmitter::make_part(const ProtobufTable& table, std::vector<LeafKind> kinds,
                                                              uint32_t first_target) {
  Part part{.table = table, .layout = ProtobufLayout(table), .kinds = std::move(kinds), .first_target = first_target};
  for (uint32_t bit = 0; bit < part.layout.bits; bit += 64) part.seen.push_back(on_stack(m_.i64));
  return part;
}

void ProtobufPresenceEmitter::clear(const Part& part) {
  for (llvm::AllocaInst* word : part.seen) b_.CreateStore(number(0), word);
}

void ProtobufPresenceEmitter::change_bits(const Part& part, const std::vector<uint32_t>& bits, bool set) {
  for (size_t word = 0; word < part.seen.size(); ++word) {
    const uint64_t mask = mask_of(bits, word);
    if (mask == 0) continue;
    llvm::Value* seen = b_.CreateLoad(m_.i64, part.seen[word]);
    b_.CreateStore(set ? b_.CreateOr(seen, number(mask)) : b_.CreateAnd(seen, number(~mask)), part.seen[word]);
  }
}

llvm::Value* ProtobufPresenceEmitter::have_all(const Part& part, const std::vector<uint32_t>& bits) {
  llvm::Value* missing = number(0);
  for (size_t word = 0; word < part.seen.size(); ++word) {
    const uint64_t mask = mask_of(bits, word);
    if (mask == 0) continue;
    llvm::Value* seen = b_.CreateLoad(m_.i64, part.seen[word]);
    missing = b_.CreateOr(missing, b_.CreateXor(b_.CreateAnd(seen, number(mask)), number(mask)));
  }
  return b_.CreateICmpEQ(missing, number(0));
}

void ProtobufPresenceEmitter::enter(const Part& part, uint32_t node) {
  const ProtobufLayout::Node& layout = part.layout.nodes[node];
  for (const uint32_t leaf : layout.own)
    if (!store_content(part, leaf, layout.contents.at(leaf))) fail();
  for (const uint32_t child : layout.entered) {
    change_bits(part, {part.layout.bit_of(child)}, true);
    enter(part, child);
  }
}

void ProtobufPresenceEmitter::fail() {
  b_.CreateBr(failed_);
  b_.SetInsertPoint(block("unreachable"));
}

void ProtobufPresenceEmitter::finish(const Part& part, uint32_t index) {
  const ProtobufLayout::Node& node = part.layout.nodes[index];
  if (node.bits.empty()) return;
  llvm::BasicBlock *some = block("some"), *done = block("whole");
  branch_likely(have_all(part, node.bits), done, some);
  b_.SetInsertPoint(some);
  for (size_t i = 0; i < node.entries.size(); ++i) {
    const ProtobufLayout::Entry& entry = node.entries[i];
    if (entry.leaves.empty()) continue;
    llvm::BasicBlock *absent = block("absent"), *present = block("present"), *next = block("next");
    b_.CreateCondBr(have_all(part, {entry.bit}), present, absent);
    b_.SetInsertPoint(absent);
    leave_out(part, node, entry);
    b_.CreateBr(next);
    b_.SetInsertPoint(present);
    const int32_t child = part.table.nodes[index].entries[i].node;
    if (child >= 0) finish(part, static_cast<uint32_t>(child));
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
  }
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

void ProtobufPresenceEmitter::leave_out(const Part& part, const ProtobufLayout::Node& node,
                                        const ProtobufLayout::Entry& entry) {
  bool known = true;
  for (const uint32_t leaf : entry.leaves) known &= store_content(part, leaf, node.contents.at(leaf));
  for (const uint32_t cell : entry.cells) {
    const auto fault = node.faults.find(cell);
    if (fault == node.faults.end()) continue;
    const std::vector<uint32_t>& first = part.table.first_cell;
    const auto field = static_cast<size_t>(std::ranges::upper_bound(first, cell) - first.begin()) - 1;
    // Of several faults of a field the first one counts.
    if (part.slots != nullptr || first[field + 1] - first[field] > 1)
      known = false;
    else
      store_leaf(part, part.table.first_leaf[field],
                 {llvm::ConstantInt::get(m_.i8, static_cast<uint8_t>(fault->second))});
  }
  if (!known) fail();
}

}  // namespace braid::codegen
