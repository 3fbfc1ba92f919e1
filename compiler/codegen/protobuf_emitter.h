// Writes the function that reads one Protobuf record, straight into the leaf columns of a block: the messages of a
// ProtobufTable one inside the other, without the tables.
//
// Writers mostly have the fields of a message in the order of their numbers. So behind each field the tag of the next
// one of the schema is expected, read or not; any other tag goes through a switch. Bits say what came. At the end of
// the record the leaves of all else get what they hold without a value (protobuf_layout.h).
//
// The table-driven decoder reads a whole record as soon as one of its values has a fault, or it has what is rare:
// groups, a list whose elements do not stand together, a timestamp or the like that comes twice, the same key of a map
// twice.
#pragma once

#include "compiler/codegen/module.h"
#include "runtime/abi/program.h"

namespace braid::codegen {

/// As emit_decoder, for the records of `source.protobuf`. Null where nobody knows their schema yet, or it is very
/// large.
llvm::Function* emit_protobuf_decoder(Module& module, const SourceSpec& source, const std::string& name);

}  // namespace braid::codegen
