#include "runtime/declare/signature.h"

#include "runtime/base/check.h"

namespace braid {

std::string parameter_text(const ParameterDeclaration& parameter) {
  switch (parameter.kind) {
    case ParameterKind::exact:
      return to_string(parameter.type);
    case ParameterKind::any_decimal:
      return "decimal";
    case ParameterKind::any_enum:
      return "enum";
    case ParameterKind::any:
      return "T";
    case ParameterKind::list_of_any:
      return "list<T>";
  }
  BRAID_UNREACHABLE("a kind of parameter");
}

std::string signature_text(const FunctionDeclaration& function) {
  std::string text = std::string(function.name) + "(";
  for (size_t i = 0; i < function.parameters.size(); ++i) {
    const ParameterDeclaration& parameter = function.parameters[i];
    text += (i > 0 ? ", " : "") + std::string(parameter.name) + ": " + parameter_text(parameter);
    if (parameter.fallback) text += " = " + std::string(*parameter.fallback);
  }
  return text + ")";
}

}  // namespace braid
