// LLVM behind the module: target machine, optimiser, linker. One compilation, one thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "compiler/codegen/codegen.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace llvm::orc {
class LLJIT;
}

namespace braid::codegen {

/// For the CPU it runs on.
Result<std::unique_ptr<llvm::TargetMachine>> make_target(const CodegenOptions& options);
void optimise(llvm::Module& module, llvm::TargetMachine& target, const CodegenOptions& options);
/// Assembly of the whole module; may change the module.
std::string assembly(llvm::Module& module, llvm::TargetMachine& target);
/// Machine code in memory. `addresses`: of the functions that the module only declares.
Result<std::shared_ptr<llvm::orc::LLJIT>> make_code(llvm::Module& module, llvm::TargetMachine& target,
                                                    const std::map<std::string, void*>& addresses);
/// Address of a function in it.
Result<void*> find_function(llvm::orc::LLJIT& jit, const std::string& name);

}  // namespace braid::codegen
