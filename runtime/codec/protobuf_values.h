// Values of Protobuf's wire format as values of the declared types: one conversion for each group of
// ProtobufTarget::Form. Pure; a fault leaves the slot without meaning.
#pragma once

#include <string_view>

#include "runtime/abi/protobuf_numbers.h"
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

}  // namespace braid
