#include "compiler/codegen/codegen.h"

#include <cctype>

#include "compiler/codegen/bitcode.h"
#include "compiler/codegen/jit.h"
#include "compiler/codegen/kernel_emitter.h"
#include "compiler/codegen/module.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"

namespace braid::codegen {
namespace {

using KernelFunction = void (*)(KernelFrame*);

class NativeKernel : public Kernel {
 public:
  NativeKernel(KernelFunction function, std::shared_ptr<llvm::orc::LLJIT> code)
      : function_(function), code_(std::move(code)) {}
  // Generated functions carry no type in front of them that -fsanitize=function could look at.
  __attribute__((no_sanitize("function"))) void run(KernelFrame& frame) const override { function_(&frame); }

 private:
  KernelFunction function_;
  std::shared_ptr<llvm::orc::LLJIT> code_;  ///< shared by all kernels of a compilation: the memory of their code
};

std::string symbol_name(const plan::RowProgram& program, size_t index) {
  std::string name = "kernel_" + std::to_string(index) + "_";
  for (char c : program.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

std::string ir_text(const llvm::Module& module, const std::string& name) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.getFunction(name)->print(stream);
  return text;
}

/// From the label of a function to its end.
std::string assembly_of(const std::string& all, const std::string& name) {
  size_t begin = all.find("\n" + name + ":");
  if (begin == std::string::npos) return {};
  size_t end = all.find(".Lfunc_end", begin);
  return all.substr(begin + 1, end == std::string::npos ? end : end - begin - 1);
}

Error internal(std::string message) {
  return {ErrorKind::internal, std::move(message)};
}

}  // namespace

Result<NativeCode> compile(const std::vector<plan::RowProgram>& programs, typed::CallSites& sites,
                           const CodegenOptions& options) {
  auto now = [&] { return options.clock == nullptr ? 0 : options.clock->steady_us(); };
  NativeCode code;
  code.texts.resize(options.keep_text ? programs.size() : 0);
  int64_t started = now();

  BRAID_ASSIGN(std::unique_ptr<llvm::TargetMachine> target, make_target(options));
  llvm::LLVMContext context;
  Module module(context, "braid");
  module.module->setTargetTriple(target->getTargetTriple().str());
  module.module->setDataLayout(target->createDataLayout());
  std::vector<std::string> names;
  uint64_t instructions = 0;
  for (size_t i = 0; i < programs.size(); ++i) {
    names.push_back(symbol_name(programs[i], i));
    instructions += emit_kernel(module, programs[i], names[i], sites)->getInstructionCount();
    if (instructions > options.max_instructions)
      return internal("the program is too large for native code: more than " +
                      std::to_string(options.max_instructions) + " instructions");
  }
  for (size_t i = 0; i < code.texts.size(); ++i) code.texts[i].llvm = ir_text(*module.module, names[i]);
  std::map<std::string, void*> addresses(options.symbols.begin(), options.symbols.end());
  if (std::string failed = link_bitcode(module, addresses); !failed.empty()) return internal(failed);
  std::string broken;
  llvm::raw_string_ostream complaints(broken);
  if (llvm::verifyModule(*module.module, &complaints)) return internal("broken IR: " + broken);
  int64_t built = now();

  optimise(*module.module, *target, options);
  int64_t optimised = now();
  if (options.keep_text) {
    for (size_t i = 0; i < names.size(); ++i) code.texts[i].llvm_optimized = ir_text(*module.module, names[i]);
    std::string all = assembly(*llvm::CloneModule(*module.module), *target);
    for (size_t i = 0; i < names.size(); ++i) code.texts[i].assembly = assembly_of(all, names[i]);
    optimised = now();
  }

  BRAID_ASSIGN(std::shared_ptr<llvm::orc::LLJIT> jit, make_code(*module.module, *target, addresses));
  for (const std::string& name : names) {
    BRAID_ASSIGN(void* function, find_function(*jit, name));
    code.kernels.push_back(std::make_shared<NativeKernel>(reinterpret_cast<KernelFunction>(function), jit));
  }
  code.timings = {built - started, optimised - built, now() - optimised};
  return code;
}

}  // namespace braid::codegen

extern "C" __attribute__((visibility("default"))) braid::codegen::CompileFunction braid_codegen_compile_function() {
  return &braid::codegen::compile;
}
