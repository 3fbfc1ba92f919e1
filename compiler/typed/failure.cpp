#include "compiler/typed/failure.h"

#include "runtime/data/time_within.h"

namespace braid::typed {
namespace {

uint32_t bad_time_code(const Type& type) {
  const Type time = time_within(type);
  if (time != nullptr && is(time, TypeKind::date)) return diag::BadDate::kCode;
  if (time != nullptr && is(time, TypeKind::time)) return diag::BadTimeOfDay::kCode;
  if (time != nullptr && is(time, TypeKind::duration)) return diag::BadDurationRead::kCode;
  return diag::BadTimestamp::kCode;
}

}  // namespace

uint32_t conversion_code(ConversionFault fault, const Type& type) {
  switch (fault) {
    case ConversionFault::none:
      return 0;
    case ConversionFault::missing:
      return diag::MissingField::kCode;
    case ConversionFault::null:
      return diag::NullField::kCode;
    case ConversionFault::wrong_type:
      return diag::WrongType::kCode;
    case ConversionFault::not_a_number:
      return diag::NotANumber::kCode;
    case ConversionFault::out_of_range:
      return diag::NumberOutOfRange::kCode;
    case ConversionFault::unknown_symbol:
      return diag::UnknownSymbolRead::kCode;
    case ConversionFault::bad_time:
      return bad_time_code(type);
    case ConversionFault::bad_uuid:
      return diag::BadUuid::kCode;
    case ConversionFault::duplicate:
      return diag::FieldTwice::kCode;
    case ConversionFault::too_deep:
      return diag::NestedTooDeep::kCode;
    case ConversionFault::column_missing:
      return diag::ColumnMissing::kCode;
  }
  return diag::WrongType::kCode;
}

}  // namespace braid::typed
