// Standard library and helpers as bitcode, embedded in this library, and the addresses of what stays outside of it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "compiler/codegen/module.h"

namespace braid::codegen {

/// Functions of this process that generated code may call by name: wide decimals, the turn's memory, readers of fields
/// (`called_json_integer` is braid_json_integer), the compiler's own library. Not inlined.
const std::map<std::string_view, void*>& process_functions();

/// Links what the kernels of `module` need of helpers and standard library, as private functions, and drops the bodies
/// of library functions that refer to what this process does not offer by name: those are called by address. Gives
/// an address for every function that stays outside; `addresses` comes with those of the executable that it may use.
/// Empty message: fine.
std::string link_bitcode(Module& module, std::map<std::string, void*>& addresses);

}  // namespace braid::codegen
