// Native code for a compiled program. libbraid_codegen.so compiles it while interpreted kernels already run.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "cli/session/expected_schemas.h"
#include "compiler/codegen/codegen.h"
#include "compiler/driver/compile.h"
#include "runtime/abi/record_reader.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace braid::cli {

/// Compiles all kernels and decoders and puts them into the program's slots. An error leaves the program on the
/// interpreter.
Result<codegen::CodegenTimings> use_native_code(driver::Compiled& compiled, const codegen::CodegenOptions& options);

/// Stands where a native reader will be, as long as few records would be read by it: most NDJSON is read by pattern,
/// and the reader takes longer to compile than it would save. Reads nothing. Asks for the reader when decoders come so
/// often that reading by table takes a few percent of the time. Any thread.
class ReaderOnDemand : public RecordReader {
 public:
  explicit ReaderOnDemand(Clock& clock) : clock_(clock) {}
  const char* read(ReadFrame& frame, const char* at, uint64_t row) const override;
  void ask() const;
  bool asked() const { return asked_.load(std::memory_order_acquire); }
  void wait_until_asked() const { asked_.wait(false, std::memory_order_acquire); }

 private:
  Clock& clock_;
  /// By when calls at the rate that is just worth it would have come to as many as there were.
  mutable std::atomic<int64_t> worth_until_ = 0;
  mutable std::atomic<bool> asked_ = false;
};

/// Compiles native code on a separate thread while the program already runs on interpreted kernels, which it replaces
/// between blocks; readers of NDJSON only once they are asked for. `compiled` outlives it, and the program is not run
/// any more when it goes.
class BackgroundCompiler {
 public:
  explicit BackgroundCompiler(driver::Compiled& compiled) : compiled_(compiled) {}
  /// Before start(): how the records of topics will probably be read, by source; with several schemas, the reader of a
  /// source has one part for each.
  void expect(ExpectedSchemas schemas) { expected_ = std::move(schemas); }
  ~BackgroundCompiler();
  void start();
  bool started() const { return thread_.joinable(); }
  /// Nothing is being compiled.
  bool finished() const { return finished_.load(std::memory_order_acquire); }

 private:
  void compile();

  driver::Compiled& compiled_;
  ExpectedSchemas expected_;
  std::thread thread_;
  std::atomic<bool> finished_ = false, stopping_ = false;
  ReaderOnDemand on_demand_{system_clock()};
};

/// The text of all kernels and decoders at a stage: "llvm" (optimised) or "asm".
Result<std::string> dump_native(driver::Compiled& compiled, const std::string& stage);

}  // namespace braid::cli
