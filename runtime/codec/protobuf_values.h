// Values of Protobuf's wire format as values of the declared types: one conversion for each group of
// ProtobufTarget::Form. Pure; a fault leaves the slot without meaning.
#pragma once

#include <bit>
#include <string_view>

#include "runtime/codec/protobuf_plan.h"
#include "runtime/codec/protobuf_wire.h"
#include "runtime/codec/value_reader.h"

namespace braid {

/// What the values of one target are converted with.
struct ProtobufConversion {
  const ProtobufTarget& target;
  const Shape& shape;  ///< of its type
  Arena& arena;        ///< of what is not a view of the record
  /// Of the record: the first text that is not UTF-8. Null: there is none yet.
  const char*& broken_text;

  /// Forms integer, number, scaled_number, boolean.
  ConversionFault number(uint64_t bits, Slot* slot) const;
  ConversionFault real(uint64_t bits, Slot* slot) const;
  /// Forms text, bytes. The slot may refer to `text`.
  ConversionFault text(std::string_view text, Slot* slot) const;
  /// The slot may refer to the target.
  ConversionFault symbol(int32_t number, Slot* slot) const;
  /// Messages with a meaning of their own. `parts`: their fields 1 to kHiddenSlots.
  ConversionFault message(const Slot* parts, Slot* slot) const;
  /// What a field has that a record does not have.
  ConversionFault preset(const ProtobufTable::Preset& preset, Slot* slot) const;
};

inline bool is_unsigned(ProtobufField::Kind kind) {
  using Kind = ProtobufField::Kind;
  return kind == Kind::uint32 || kind == Kind::uint64 || kind == Kind::fixed32 || kind == Kind::fixed64;
}

/// What the bits of a field of that kind mean; of an unsigned one the same bits.
inline int64_t number_of(ProtobufField::Kind kind, uint64_t bits) {
  using Kind = ProtobufField::Kind;
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
