#include "compiler/codegen/codegen.h"

#include <cctype>

#include "compiler/codegen/bitcode.h"
#include "compiler/codegen/decoder_emitter.h"
#include "compiler/codegen/jit.h"
#include "compiler/codegen/kernel_emitter.h"
#include "compiler/codegen/module.h"
#include "compiler/codegen/resident.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "runtime/abi/protobuf_table.h"

namespace braid::codegen {
namespace {

/// Fields of all JSON sources up to which the readers of their values are inlined.
constexpr size_t kFewFields = 24;

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

using ReaderFunction = const char* (*)(ReadFrame*, const char*, uint64_t);

class NativeReader : public RecordReader {
 public:
  NativeReader(ReaderFunction function, uint64_t schema, std::shared_ptr<llvm::orc::LLJIT> code)
      : function_(function), schema_(schema), code_(std::move(code)) {}
  __attribute__((no_sanitize("function"))) const char* read(ReadFrame& frame, const char* at,
                                                            uint64_t row) const override {
    return function_(&frame, at, row);
  }
  uint64_t schema() const override { return schema_; }

 private:
  ReaderFunction function_;
  uint64_t schema_;
  std::shared_ptr<llvm::orc::LLJIT> code_;
};

std::string symbol_name(const char* what, const std::string& of, size_t index) {
  std::string name = what + std::to_string(index) + "_";
  for (char c : of) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
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

Result<NativeCode> compile(const std::vector<plan::RowProgram>& programs, const std::vector<SourceSpec>& sources,
                           typed::CallSites& sites, const CodegenOptions& options) {
  const MemoryRelease release;  // when all else here is gone
  auto now = [&] { return options.clock == nullptr ? 0 : options.clock->steady_us(); };
  NativeCode code;
  if (options.keep_text) {
    code.texts.resize(programs.size());
    code.reader_texts.resize(sources.size());
  }
  int64_t started = now();

  BRAID_ASSIGN(std::unique_ptr<llvm::TargetMachine> target, make_target(options));
  llvm::LLVMContext context;
  Module module(context, "braid");
  module.module->setTargetTriple(target->getTargetTriple().str());
  module.module->setDataLayout(target->createDataLayout());
  std::vector<std::string> names, reader_names;  // of sources that stay as they are: empty
  uint64_t instructions = 0;
  for (size_t i = 0; i < programs.size() && instructions <= options.max_instructions; ++i) {
    names.push_back(symbol_name("kernel_", programs[i].name, i));
    instructions += emit_kernel(module, programs[i], names[i], sites)->getInstructionCount();
  }
  size_t fields = 0;
  for (const SourceSpec& source : sources)
    if (source.binding.format == "json" || source.binding.format.empty()) fields += source.decode.size();
  for (size_t i = 0; i < sources.size() && instructions <= options.max_instructions; ++i) {
    reader_names.emplace_back();
    if (options.reads && !options.reads(sources[i])) continue;
    reader_names[i] = symbol_name("decode_", sources[i].name, i);
    llvm::Function* decoder = emit_decoder(module, sources[i], reader_names[i], fields <= kFewFields);
    if (decoder == nullptr)
      reader_names[i].clear();
    else
      instructions += decoder->getInstructionCount();
  }
  if (instructions > options.max_instructions)
    return internal("the program is too large for native code: more than " + std::to_string(options.max_instructions) +
                    " instructions");
  auto for_texts = [&](auto fill) {
    if (!options.keep_text) return;
    for (size_t i = 0; i < names.size(); ++i) fill(code.texts[i], names[i]);
    for (size_t i = 0; i < reader_names.size(); ++i)
      if (!reader_names[i].empty()) fill(code.reader_texts[i], reader_names[i]);
  };
  for_texts([&](KernelText& text, const std::string& name) { text.llvm = ir_text(*module.module, name); });
  std::map<std::string, void*> addresses(options.symbols.begin(), options.symbols.end());
  if (std::string failed = link_bitcode(module, addresses); !failed.empty()) return internal(failed);
  std::string broken;
  llvm::raw_string_ostream complaints(broken);
  if (llvm::verifyModule(*module.module, &complaints)) return internal("broken IR: " + broken);
  release_pages();
  int64_t built = now();

  optimise(*module.module, *target, options);
  release_pages();
  int64_t optimised = now();
  if (options.keep_text) {
    for_texts([&](KernelText& text, const std::string& name) { text.llvm_optimized = ir_text(*module.module, name); });
    std::string all = assembly(*llvm::CloneModule(*module.module), *target);
    for_texts([&](KernelText& text, const std::string& name) { text.assembly = assembly_of(all, name); });
    optimised = now();
  }

  BRAID_ASSIGN(std::shared_ptr<llvm::orc::LLJIT> jit, make_code(*module.module, *target, addresses));
  for (const std::string& name : names) {
    BRAID_ASSIGN(void* function, find_function(*jit, name));
    code.kernels.push_back(std::make_shared<NativeKernel>(reinterpret_cast<KernelFunction>(function), jit));
  }
  for (size_t i = 0; i < reader_names.size(); ++i) {
    const std::string& name = reader_names[i];
    code.readers.emplace_back();
    if (name.empty()) continue;
    const uint64_t schema = sources[i].avro != nullptr       ? sources[i].avro->schema
                            : sources[i].protobuf != nullptr ? sources[i].protobuf->schema
                                                             : 0;
    BRAID_ASSIGN(void* function, find_function(*jit, name));
    code.readers.back() = std::make_shared<NativeReader>(reinterpret_cast<ReaderFunction>(function), schema, jit);
  }
  code.timings = {built - started, optimised - built, now() - optimised};
  return code;
}

}  // namespace braid::codegen

extern "C" __attribute__((visibility("default"))) braid::codegen::CompileFunction braid_codegen_compile_function() {
  return &braid::codegen::compile;
}
