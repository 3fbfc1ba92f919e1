// What came of a record in generated code for Protobuf: a bit for each field, and at the end the leaves of those that
// did not come (protobuf_layout.h).
#pragma once

#include "compiler/codegen/protobuf_value_emitter.h"

namespace braid::codegen {

class ProtobufPresenceEmitter : protected ProtobufValueEmitter {
 protected:
  using ProtobufValueEmitter::ProtobufValueEmitter;

  /// `kinds`: of the leaves of the table.
  Part make_part(const ProtobufTable& table, std::vector<LeafKind> kinds, uint32_t first_target);

  /// Before a record, or an element: nothing came.
  void clear(const Part& part);
  void change_bits(const Part& part, const std::vector<uint32_t>& bits, bool set);
  llvm::Value* have_all(const Part& part, const std::vector<uint32_t>& bits);

  /// A message comes: leaves that no field of it changes.
  void enter(const Part& part, uint32_t node);
  /// What has not come, of a message that came.
  void finish(const Part& part, uint32_t node);

 private:
  void leave_out(const Part& part, const ProtobufLayout::Node& node, const ProtobufLayout::Entry& entry);
  void fail();
};

}  // namespace braid::codegen
