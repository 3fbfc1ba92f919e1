// Writes the function that reads one Avro record, straight into the leaf columns of a block: the steps of an AvroPlan
// one after the other, without the tables. What it calls for single values is in linked/avro_operations.cpp.
#pragma once

#include "compiler/codegen/module.h"
#include "runtime/abi/program.h"

namespace braid::codegen {

/// As emit_decoder, for the records of `source.avro`. Null where nobody knows their schema yet, or it is very large.
llvm::Function* emit_avro_decoder(Module& module, const SourceSpec& source, const std::string& name);

}  // namespace braid::codegen
