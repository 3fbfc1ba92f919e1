// The codes of the catalogue that a row gets when an expression fails: one place for interpreter, code generator and
// the explanation of a rejected row.
#pragma once

#include <cstdint>

#include "runtime/data/type.h"
#include "runtime/report/diagnostic.h"

namespace braid::typed {

inline constexpr uint32_t kOverflow = diag::Overflow::kCode;
inline constexpr uint32_t kDivisionByZero = diag::DivisionByZero::kCode;
inline constexpr uint32_t kIndexOutOfRange = diag::IndexOutOfRange::kCode;
inline constexpr uint32_t kTooLong = diag::ResultTooLong::kCode;
inline constexpr uint32_t kFailCalled = diag::FailCalled::kCode;

/// Code of a field that could not be converted. `type` is the field's, without `checked`: the code for a text
/// that is not a time depends on the declared kind of time.
uint32_t conversion_code(ConversionFault fault, const Type& type);

}  // namespace braid::typed
