#include "compiler/codegen/jit.h"

#include "compiler/codegen/bitcode.h"
#include "compiler/codegen/resident.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Instrumentation/AddressSanitizer.h"

namespace braid::codegen {
namespace {

Error failed(const char* what, llvm::Error error) {
  return {ErrorKind::internal, std::string(what) + ": " + llvm::toString(std::move(error))};
}

/// Functions whose calls LLVM would replace by others (pow(x, 2) by x·x) or compute while compiling: close, but not
/// equal to what the interpreter gets from the same function.
constexpr llvm::LibFunc kInexact[] = {
    llvm::LibFunc_pow,   llvm::LibFunc_exp,   llvm::LibFunc_exp2,  llvm::LibFunc_exp10, llvm::LibFunc_expm1,
    llvm::LibFunc_log,   llvm::LibFunc_log2,  llvm::LibFunc_log10, llvm::LibFunc_log1p, llvm::LibFunc_sin,
    llvm::LibFunc_cos,   llvm::LibFunc_tan,   llvm::LibFunc_asin,  llvm::LibFunc_acos,  llvm::LibFunc_atan,
    llvm::LibFunc_atan2, llvm::LibFunc_sinh,  llvm::LibFunc_cosh,  llvm::LibFunc_tanh,  llvm::LibFunc_cbrt,
    llvm::LibFunc_fmod,  llvm::LibFunc_ldexp,
};

/// Enough to inline what was linked and to clean up behind it. The loops here are not worth vectorising: each row has
/// its branches and its place in the output.
constexpr const char* kPipeline =
    "inferattrs,cgscc(inline),globaldce,"
    "function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "jump-threading,correlated-propagation,simplifycfg,gvn<>,instcombine<no-verify-fixpoint>,"
    "simplifycfg<switch-to-lookup;sink-common-insts;hoist-common-insts>)";
constexpr const char* kQuickPipeline =
    "cgscc(inline),globaldce,function(sroa<modify-cfg>,early-cse<>,simplifycfg,instcombine<no-verify-fixpoint>)";

/// Instructions of a module beyond which only the quick passes run: those of hundreds of kernels.
constexpr unsigned kManyInstructions = 30'000;

/// Instructions of a function beyond which registers are given out quickly instead of well: the time of the good way
/// grows with the square. Rows of some two hundred computed columns.
constexpr unsigned kLargestFunction = 6000;

/// Once a process. What is left out took a fifth of the compile time and gave row loops nothing.
bool set_up() {
  const char* arguments[] = {"braid", "-disable-lsr", "-disable-post-ra", "-huge-size-for-split=500"};
  llvm::cl::ParseCommandLineOptions(static_cast<int>(std::size(arguments)), arguments, "", &llvm::nulls());
  return !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
}

}  // namespace

Result<std::unique_ptr<llvm::TargetMachine>> make_target(const CodegenOptions& options) {
  static const bool initialised = set_up();
  if (!initialised) return Error{ErrorKind::internal, "LLVM knows no code for this machine"};
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder) return failed("this machine is not known", builder.takeError());
  builder->setRelocationModel(llvm::Reloc::PIC_);
  builder->setCodeModel(llvm::CodeModel::Small);
  builder->getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  builder->setCodeGenOptLevel(options.optimisation >= 2   ? llvm::CodeGenOptLevel::Default
                              : options.optimisation == 1 ? llvm::CodeGenOptLevel::Less
                                                          : llvm::CodeGenOptLevel::None);
  auto target = builder->createTargetMachine();
  if (!target) return failed("no code for this machine", target.takeError());
  return std::move(*target);
}

void optimise(llvm::Module& module, llvm::TargetMachine& target, const CodegenOptions& options) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    // One CPU for kernels and linked bitcode, so that all of it may inline.
    function.removeFnAttr("tune-cpu");
    function.addFnAttr("target-cpu", target.getTargetCPU());
    function.addFnAttr("target-features", target.getTargetFeatureString());
    function.removeFnAttr(llvm::Attribute::OptimizeNone);
    if (options.instrument_asan) function.addFnAttr(llvm::Attribute::SanitizeAddress);
  }
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&target);
  llvm::TargetLibraryInfoImpl library(target.getTargetTriple());
  for (llvm::LibFunc function : kInexact) library.setUnavailable(function);
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager manager;
  if (options.optimisation > 0) {
    const bool quick = options.optimisation == 1 || module.getInstructionCount() > kManyInstructions;
    llvm::Error error = passes.parsePassPipeline(manager, quick ? kQuickPipeline : kPipeline);
    BRAID_CHECK(!error, "the pipeline is spelled as LLVM spells it");
  }
  if (options.instrument_asan) {
    llvm::AddressSanitizerOptions asan;
    manager.addPass(llvm::AddressSanitizerPass(asan, /*UseGlobalGC=*/false, /*UseOdrIndicator=*/false,
                                               llvm::AsanDtorKind::None, llvm::AsanCtorKind::None));
  }
  manager.run(module, modules);
}

std::string assembly(llvm::Module& module, llvm::TargetMachine& target) {
  llvm::SmallVector<char, 0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (target.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile)) return {};
  passes.run(module);
  return std::string(text.begin(), text.end());
}

Result<std::shared_ptr<llvm::orc::LLJIT>> make_code(llvm::Module& module, llvm::TargetMachine& target,
                                                    const std::map<std::string, void*>& addresses) {
  unsigned largest = 0;
  for (llvm::Function& function : module) largest = std::max(largest, function.getInstructionCount());
  if (largest > kLargestFunction) target.setOptLevel(llvm::CodeGenOptLevel::None);
  auto object = llvm::orc::SimpleCompiler(target)(module);
  if (!object) return failed("no machine code", object.takeError());
  release_pages();
  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(llvm::orc::JITTargetMachineBuilder(target.getTargetTriple()))
                 .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                 .create();
  if (!jit) return failed("no linker", jit.takeError());
  llvm::orc::JITDylib& library = (*jit)->getMainJITDylib();
  llvm::orc::SymbolMap symbols;
  auto define = [&](llvm::StringRef name, void* address) {
    symbols[(*jit)->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(address),
                                              llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  for (const auto& [name, address] : process_functions()) define(llvm::StringRef(name.data(), name.size()), address);
  for (const auto& [name, address] : addresses) define(name, address);
  if (llvm::Error error = library.define(llvm::orc::absoluteSymbols(std::move(symbols))))
    return failed("cannot name functions", std::move(error));
  // Calls that the code generator itself makes: memcpy, bcmp, fmod.
  auto process =
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process) return failed("cannot look into this process", process.takeError());
  library.addGenerator(std::move(*process));
  if (llvm::Error error = (*jit)->addObjectFile(std::move(*object))) return failed("cannot link", std::move(error));
  return std::shared_ptr<llvm::orc::LLJIT>(std::move(*jit));
}

Result<void*> find_function(llvm::orc::LLJIT& jit, const std::string& name) {
  auto address = jit.lookup(name);
  if (!address) return failed("cannot link", address.takeError());
  return address->toPtr<void*>();
}

}  // namespace braid::codegen
