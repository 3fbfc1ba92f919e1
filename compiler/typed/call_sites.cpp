#include "compiler/typed/call_sites.h"

namespace braid::typed {

uint32_t CallSites::index_of(const Expression& call) {
  const auto& node = std::get<FunctionCall>(call.node);
  const FunctionDeclaration& function = *node.function;
  // What the object depends on: the function and what is known when compiling. Text in front of its length cannot be
  // confused with its neighbour.
  std::string key(function.symbol);
  for (size_t i = 0; i < node.arguments.size() && i < function.parameters.size(); ++i) {
    if (!function.parameters[i].constant) continue;
    std::string constant = print(*node.arguments[i], {});
    key += "|" + std::to_string(i) + ":" + std::to_string(constant.size()) + ":" + constant;
  }
  auto [place, added] = indexes_.emplace(std::move(key), count());
  if (added) free_.push_back(function.free_cache);
  return place->second;
}

}  // namespace braid::typed
