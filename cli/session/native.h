// Native code for a compiled program. libbraid_codegen.so compiles it while interpreted kernels already run.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "compiler/codegen/codegen.h"
#include "compiler/driver/compile.h"
#include "runtime/base/result.h"

namespace braid::cli {

/// Compiles all kernels and decoders and puts them into the program's slots. An error leaves the program on the
/// interpreter.
Result<codegen::CodegenTimings> use_native_code(driver::Compiled& compiled, const codegen::CodegenOptions& options);

/// Compiles native code on a separate thread while the program already runs on interpreted kernels, which it replaces
/// between blocks. `compiled` outlives it.
class BackgroundCompiler {
 public:
  explicit BackgroundCompiler(driver::Compiled& compiled) : compiled_(compiled) {}
  ~BackgroundCompiler();
  void start();
  bool started() const { return thread_.joinable(); }
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  /// Valid once it has finished; an error leaves the program on the interpreter.
  const Result<codegen::CodegenTimings>& result() const { return result_; }

 private:
  driver::Compiled& compiled_;
  std::thread thread_;
  std::atomic<bool> finished_ = false;
  Result<codegen::CodegenTimings> result_ = codegen::CodegenTimings{};
};

/// The text of all kernels and decoders at a stage: "llvm" (optimised) or "asm".
Result<std::string> dump_native(driver::Compiled& compiled, const std::string& stage);

}  // namespace braid::cli
