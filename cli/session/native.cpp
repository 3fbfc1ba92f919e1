#include "cli/session/native.h"

#include "cli/session/expected_schemas.h"
#include "compiler/codegen/load/load.h"
#include "runtime/base/fs.h"
#include "stdlib/registry.h"

namespace braid::cli {

Result<codegen::CodegenTimings> use_native_code(driver::Compiled& compiled, const codegen::CodegenOptions& options) {
  BRAID_ASSIGN(const codegen::CompileFunction compile, codegen::load_compiler());
  codegen::CodegenOptions complete = options;
  complete.symbols = native_symbols();
  complete.clock = &system_clock();
  std::vector<SourceSpec> sources = compiled.program().sources;
  expect_avro_schemas(sources, real_fs());
  BRAID_ASSIGN(codegen::NativeCode code, compile(compiled.physical.kernels, sources, *compiled.call_sites, complete));
  Program& program = compiled.program();
  for (size_t i = 0; i < code.kernels.size(); ++i) {
    plan::kernel_slot(program, compiled.physical.places[i]).set(code.kernels[i].get());
    program.kernels.push_back(code.kernels[i]);
  }
  for (size_t i = 0; i < code.readers.size(); ++i) {
    program.sources[i].reader.set(code.readers[i].get());
    program.readers.push_back(code.readers[i]);
  }
  return code.timings;
}

void BackgroundCompiler::start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    result_ = use_native_code(compiled_, {});
    finished_.store(true, std::memory_order_release);
  });
}

BackgroundCompiler::~BackgroundCompiler() {
  if (thread_.joinable()) thread_.join();
}

Result<std::string> dump_native(driver::Compiled& compiled, const std::string& stage) {
  BRAID_ASSIGN(const codegen::CompileFunction compile, codegen::load_compiler());
  std::vector<SourceSpec> sources = compiled.program().sources;
  expect_avro_schemas(sources, real_fs());
  BRAID_ASSIGN(const codegen::NativeCode code, compile(compiled.physical.kernels, sources, *compiled.call_sites,
                                                       {.keep_text = true, .symbols = native_symbols()}));
  std::string text;
  auto add = [&](const std::string& name, const codegen::KernelText& of) {
    text += fmt::format("; ---- {}\n", name);
    text += stage == "asm" ? of.assembly : of.llvm_optimized;
  };
  for (size_t i = 0; i < code.texts.size(); ++i) add(compiled.physical.kernels[i].name, code.texts[i]);
  for (size_t i = 0; i < code.reader_texts.size(); ++i)
    if (code.readers[i]) add("decoder of " + sources[i].name, code.reader_texts[i]);
  return text;
}

}  // namespace braid::cli
