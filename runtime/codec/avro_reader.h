// Follows an AvroPlan over the bytes of a record: the table-driven reading, which defines what a record means. A value
// of another form than the declared type takes is a fault of its field; its bytes are passed all the same. Text that is
// not UTF-8 rejects the record, but only if it is read. Holds no state between records but memory. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/avro_plan.h"
#include "runtime/codec/value_reader.h"

namespace braid {

class AvroReader {
 public:
  /// `plan` for the fields of `decode`; `zone` outlives this.
  AvroReader(std::shared_ptr<const AvroPlan> plan, const DecodePlan& decode, const TimeZone* zone);

  /// Reads the record at `at` into the leaves of all fields. Returns the byte after it; null if it is broken before
  /// `end`, with reason() and broken_at(). Text and bytes refer to the record, all else to the arena.
  const char* read_record(const char* at, const char* end, Slot* row, Arena& arena);
  /// The value of the field that the step reads; `row` as above. Result as above.
  const char* read_step(uint32_t step, const char* at, const char* end, Slot* row, Arena& arena);
  /// Passes what a step passes.
  const char* pass(uint32_t step, const char* at, const char* end);

  const AvroPlan& plan() const { return *plan_; }
  std::string_view reason() const { return reason_; }
  const char* broken_at() const { return broken_at_; }
  /// Of the record read last, or the steps since then: a text that is not UTF-8. Null: there is none.
  const char* broken_text() const { return broken_text_; }
  void forget_broken_text() { broken_text_ = nullptr; }
  /// Leaves of a field in the row: the status leaf is the first.
  size_t first_leaf(size_t field) const { return first_leaf_[field]; }
  size_t leaves(size_t field) const { return first_leaf_[field + 1] - first_leaf_[field]; }

 private:
  const char* follow(uint32_t step, const char* at, int level);
  const char* follow_blocks(uint32_t item, const char* at, int level);
  void settle(size_t field, ConversionFault fault);
  /// Writes the leaves of a value; a fault leaves them without meaning. Null: broken.
  const char* read_value(uint32_t index, const char* at, Slot* slots, ConversionFault& fault);
  const char* read_array(const AvroValue& value, const char* at, Slot* slot, ConversionFault& fault);
  const char* read_parts(const AvroValue& value, const char* at, Slot* slots, ConversionFault& fault);
  ConversionFault convert_sized(const AvroValue& value, uint32_t index, std::string_view bytes, Slot* slot);
  ConversionFault convert_number(const AvroValue& value, uint32_t index, int64_t number, Slot* slot);
  const char* broken(const char* at, std::string_view reason) {
    broken_at_ = at;
    reason_ = reason;
    return nullptr;
  }

  std::shared_ptr<const AvroPlan> plan_;
  std::vector<Shape> shapes_;       ///< by value: of its declared type
  std::vector<size_t> first_leaf_;  ///< by field, and behind the last
  std::vector<Slot> items_;         ///< of lists that are being read
  // Of the record at hand:
  const char* end_ = nullptr;
  Slot* row_ = nullptr;
  Arena* arena_ = nullptr;
  std::string_view reason_;
  const char* broken_at_ = nullptr;
  const char* broken_text_ = nullptr;
};

/// The number that big-endian bytes in two's complement make; false if it has more than 127 bits.
bool read_big_endian(std::string_view bytes, int128* value);
/// From one scale to another, exactly, and within the precision.
ConversionFault fit_decimal(int128 value, int from_scale, int precision, int scale, int128* fitted);

}  // namespace braid
