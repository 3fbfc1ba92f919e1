// Standard library and helpers as bitcode, embedded in this library, and the addresses of functions outside the
// bitcode.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "compiler/codegen/module.h"

namespace braid::codegen {

/// Functions of this process that generated code may call by name: wide decimals, the turn's memory, readers of fields
/// (`called_json_integer` is braid_json_integer), the compiler's own library. Not inlined.
const std::map<std::string_view, void*>& process_functions();

/// Links the helpers and library functions that the kernels of `module` need, as private functions. Drops the bodies of
/// library functions that refer to names this process does not export: generated code calls those by address. Returns
/// an address for every function outside the module; `addresses` has those of the executable on entry. An empty message
/// means success.
std::string link_bitcode(Module& module, std::map<std::string, void*>& addresses);

}  // namespace braid::codegen
