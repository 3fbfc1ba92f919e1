// Native code for row programs: LLVM makes one function `void kernel(KernelFrame*)` of each, with standard library and
// helpers linked as bitcode and inlined. Equal to compiler/interpret on every row. And for sources: one function that
// decodes a record, equal to the table-driven decoder of runtime/codec.
//
// Lives in libbraid_codegen.so, which is opened when first needed (compiler/codegen/load): loading LLVM costs more than
// the first rows of a dry run. The types here cross that boundary; library and executable come from one build.
//
// Ownership: each kernel keeps the code of its compilation alive. Threads: compilations are independent of each other,
// kernels are immutable. Fails for a program beyond `max_instructions`, and if LLVM reports an error (our bug); the
// caller then stays on the interpreter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/plan/physical.h"
#include "compiler/typed/call_sites.h"
#include "runtime/abi/program.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace braid::codegen {

struct CodegenOptions {
  int optimisation = 2;          ///< 0: none, 1: quick to compile, 2: what streams run on
  bool instrument_asan = false;  ///< checks of AddressSanitizer in generated code; the process must contain its runtime
  uint64_t max_instructions = 100'000;  ///< of unoptimised IR; more is an error
  bool keep_text = false;               ///< for `explain --stage llvm|llvm-optimized|asm`: fills NativeCode::texts
  /// Functions of the executable that the standard library's bitcode refers to: `native_symbols()` of
  /// stdlib/registry.h.
  std::vector<std::pair<std::string_view, void*>> symbols;
  Clock* clock = nullptr;                        ///< for the timings; none: they stay 0
  std::function<bool(const SourceSpec&)> reads;  ///< the sources that get a native reader; empty: all
};

struct CodegenTimings {
  int64_t ir_us = 0;      ///< LLVM set up, IR built, bitcode linked
  int64_t passes_us = 0;  ///< optimised
  int64_t link_us = 0;    ///< machine code made and linked
};

/// The text of one function at each stage.
struct KernelText {
  std::string llvm, llvm_optimized, assembly;
};

struct NativeCode {
  std::vector<std::shared_ptr<const Kernel>> kernels;  ///< one for each row program
  CodegenTimings timings;
  std::vector<KernelText> texts;                             ///< as kernels, if asked for
  std::vector<std::shared_ptr<const RecordReader>> readers;  ///< one for each source; null: no native reader
  std::vector<KernelText> reader_texts;                      ///< as readers, if asked for
};

/// `sites`: the numbering of call sites that the program's interpreted kernels were made with. `sources`: bound as they
/// will be when they are read.
Result<NativeCode> compile(const std::vector<plan::RowProgram>& programs, const std::vector<SourceSpec>& sources,
                           typed::CallSites& sites, const CodegenOptions& options);

/// The type of `compile` in the shared library.
using CompileFunction = Result<NativeCode> (*)(const std::vector<plan::RowProgram>&, const std::vector<SourceSpec>&,
                                               typed::CallSites&, const CodegenOptions&);

}  // namespace braid::codegen
