// What the bits of a whole number on Protobuf's wire mean. The codec calls this; the code generator links it as bitcode
// (compiler/codegen/linked/protobuf_operations.cpp). So it refers to nothing outside.
#pragma once

#include "runtime/abi/avro_functions.h"
#include "runtime/abi/protobuf_table.h"

namespace braid {

inline bool is_unsigned(ProtobufKind kind) {
  using Kind = ProtobufKind;
  return kind == Kind::uint32 || kind == Kind::uint64 || kind == Kind::fixed32 || kind == Kind::fixed64;
}

/// What the bits of a field of that kind mean; of an unsigned one the same bits.
inline int64_t number_of(ProtobufKind kind, uint64_t bits) {
  using Kind = ProtobufKind;
  switch (kind) {
    case Kind::int32:
    case Kind::enumeration:
    case Kind::sfixed32:
      return static_cast<int32_t>(static_cast<uint32_t>(bits));
    case Kind::uint32:
    case Kind::fixed32:
      return static_cast<uint32_t>(bits);
    case Kind::sint32:
      return static_cast<int32_t>(from_zigzag(static_cast<uint32_t>(bits)));
    case Kind::sint64:
      return from_zigzag(bits);
    default:
      return static_cast<int64_t>(bits);
  }
}

}  // namespace braid
