#include "stdlib/registry.h"

#include "runtime/declare/native.h"
#include "stdlib/functions/groups.h"
#include "stdlib/functions/letter_case.h"

namespace braid {

void add_aggregates(FunctionRegistry& registry);  // aggregates.cpp
void add_foreign(FunctionRegistry& registry);     // foreign.cpp

const FunctionRegistry& standard_library() {
  static const FunctionRegistry registry = [] {
    FunctionRegistry made;
    add_all(made);
    add_aggregates(made);
    add_foreign(made);
    return made;
  }();
  return registry;
}

const std::vector<std::pair<std::string_view, void*>>& native_symbols() {
  static const std::vector<std::pair<std::string_view, void*>> symbols = [] {
    std::vector<std::pair<std::string_view, void*>> made = {
        {"braid_allocate", reinterpret_cast<void*>(&braid_allocate)},
        {"braid_case_mapping", reinterpret_cast<void*>(&braid_case_mapping)},
        {"braid_sigma_is_final", reinterpret_cast<void*>(&braid_sigma_is_final)}};
    for (const FunctionDeclaration& function : standard_library().all())
      made.emplace_back(function.symbol, reinterpret_cast<void*>(function.native));
    return made;
  }();
  return symbols;
}

}  // namespace braid
