#include "runtime/declare/native.h"

extern "C" char* braid_allocate(braid::CallContext* context, uint64_t bytes) {
  return context->arena->allocate(bytes);
}

namespace braid::native {

Type type_variable(const std::vector<ParameterDeclaration>& parameters, const CallShape& shape) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].kind == ParameterKind::any) return shape.arguments[i];
    if (parameters[i].kind == ParameterKind::list_of_any) return shape.arguments[i]->element;
  }
  BRAID_UNREACHABLE("no parameter has the type variable");
}

}  // namespace braid::native
