// A declaration as text: what `braid functions` lists and what diagnostics show of a call.
#pragma once

#include <string>

#include "runtime/declare/function.h"

namespace braid {

/// The type of a parameter: `int`, `string?`, `decimal` and `enum` of any digits and symbols, `T` and `list<T>` where
/// all parameters with a `T` have the same type.
std::string parameter_text(const ParameterDeclaration& parameter);

/// `pad_start(text: string, length: int, with: string = " ")`
std::string signature_text(const FunctionDeclaration& function);

}  // namespace braid
