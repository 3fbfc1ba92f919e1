#include "runtime/declare/layout.h"

#include "runtime/base/check.h"

namespace braid {

std::string layout_of(const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return "b";
    case TypeKind::date:
      return "d";
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return "i";
    case TypeKind::floating:
      return "f";
    case TypeKind::decimal:
      return leaf_kind(type) == LeafKind::i64 ? "i" : "w";
    case TypeKind::uuid:
      return "u";
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      return "s";
    case TypeKind::enumeration: {
      std::string text = "e";
      for (const std::string& symbol : type->symbols) text += symbol + "\n";
      return text + ";";
    }
    case TypeKind::list:
    case TypeKind::map:
      return "[" + layout_of(type->element) + "]";
    case TypeKind::optional:
      return "?" + layout_of(type->element);
    case TypeKind::structure: {
      std::string text = "(";
      for (const Field& field : type->fields) text += layout_of(field.type);
      return text + ")";
    }
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no value has this type");
}

}  // namespace braid
