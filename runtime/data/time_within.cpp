#include "runtime/data/time_within.h"

namespace braid {

Type time_within(const Type& type) {
  switch (type->kind) {
    case TypeKind::timestamp:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::duration:
      return type;
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::list:
      return time_within(type->element);
    case TypeKind::map: {
      const Type in_value = time_within(value_of(type));
      return in_value != nullptr ? in_value : time_within(key_of(type));
    }
    case TypeKind::structure:
      for (const Field& field : type->fields)
        if (const Type found = time_within(field.type)) return found;
      return nullptr;
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::uuid:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::null:
    case TypeKind::error:
      return nullptr;
  }
  return nullptr;
}

}  // namespace braid
