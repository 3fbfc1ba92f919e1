#include "compiler/typed/call_sites.h"

#include "runtime/base/check.h"
#include "runtime/declare/layout.h"

namespace braid::typed {

std::string call_layout(const Expression& call) {
  const auto& node = std::get<FunctionCall>(call.node);
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    const Type& type = node.arguments[i]->type;
    switch (node.function->parameters[i].kind) {
      case ParameterKind::any:
      case ParameterKind::any_enum:
        return layout_of(type);
      case ParameterKind::list_of_any:
        return layout_of(type->element);
      case ParameterKind::exact:
      case ParameterKind::any_decimal:
        break;
    }
  }
  BRAID_UNREACHABLE("no parameter has the type variable");
}

std::vector<int64_t> call_scales(const Expression& call) {
  const auto& node = std::get<FunctionCall>(call.node);
  std::vector<int64_t> scales;
  if (!node.function->takes_scales) return scales;
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    const Type& type = node.arguments[i]->type;
    const ParameterKind kind = node.function->parameters[i].kind;
    if (kind == ParameterKind::any_decimal) scales.push_back(type->scale);  // 0 of an int
    if (kind == ParameterKind::list_of_any && is(type->element, TypeKind::decimal))
      scales.push_back(type->element->scale);
  }
  const Type& result = without_optional(call.type);
  if (is(result, TypeKind::decimal)) scales.push_back(result->scale);
  return scales;
}

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
