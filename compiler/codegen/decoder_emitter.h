// Writes the function that decodes one record of a source: its fields, typed, straight into the leaf columns of a
// block. What it calls for single values is in linked/record_operations.cpp.
#pragma once

#include "compiler/codegen/module.h"
#include "runtime/abi/program.h"

namespace braid::codegen {

/// `const char* name(ReadFrame*, const char* at, uint64_t row)` in the module, as RecordReader::read. Null for a source
/// that stays with the table-driven decoder: no fields, or very many; two fields of one path, or one within another.
/// `inline_values`: the readers of short values of JSON are inlined, which pays off only in small programs.
llvm::Function* emit_decoder(Module& module, const SourceSpec& source, const std::string& name, bool inline_values);

}  // namespace braid::codegen
