// Follows a ProtobufTable over the bytes of a message. A value of another form than the declared type takes is a fault
// of its field. Fields that nobody reads are passed, and so are those whose wire type is not that of the schema, as
// other readers of Protobuf do. Text that is not UTF-8 rejects the record, but only if it is read. Holds no state
// between records but memory. One thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/codec/protobuf_plan.h"
#include "runtime/codec/protobuf_values.h"
#include "runtime/codec/protobuf_wire.h"

namespace braid {

class ProtobufReader {
 public:
  /// `zone` outlives this, and this the rows: default values and symbols are texts of the table.
  ProtobufReader(std::shared_ptr<const ProtobufTable> table, const TimeZone* zone, TimestampUnit unit);
  ~ProtobufReader();
  ProtobufReader(ProtobufReader&&) noexcept;

  /// Reads a whole record. False if it is broken, with reason() and broken_at(). Text and bytes refer to the record,
  /// all else to the arena.
  bool read_record(std::string_view record, Arena& arena);
  /// For native code: a value of the target of that number (ProtobufTable::target_count), of `bits` or of `bytes`, as
  /// it is where nothing was there before. False: it has a fault, or is broken.
  bool convert(uint32_t target, uint64_t bits, std::string_view bytes, Arena& arena, Slot* slot);
  uint64_t schema() const { return table_->schema; }
  size_t fields() const { return table_->first_leaf.size() - 1; }
  /// The status leaf of a field.
  size_t first_leaf(size_t field) const { return table_->first_leaf[field]; }
  /// Slots that the elements of all lists of a record may take.
  static constexpr size_t kMostListSlots = size_t{1} << 22;
  /// The leaves of [checked<field 0>, …], valid until the next record.
  const Slot* row() const { return row_.data(); }
  std::string_view reason() const { return run_.reason; }
  const char* broken_at() const { return run_.broken_at; }
  /// Of the record read last: a text that is not UTF-8. Null: there is none.
  const char* broken_text() const { return run_.broken_text; }

 private:
  using Change = ProtobufTable::Change;
  using Entry = ProtobufTable::Entry;
  /// Of the record at hand, for the readers of all elements in it.
  struct Run {
    Arena* arena = nullptr;
    const char* begin = nullptr;
    std::string_view reason = {};
    const char* broken_at = nullptr;
    const char* broken_text = nullptr;
    size_t list_slots = 0;
  };
  struct Items {
    std::vector<Slot> slots;
    uint64_t count = 0;
  };

  void begin();
  bool read_message(uint32_t node, std::string_view bytes, Run& run);
  bool read_value(const Entry& entry, const WireValue& value, Run& run);
  bool read_packed(const Entry& entry, std::string_view bytes, Run& run);
  bool read_target(const ProtobufTarget& target, uint32_t index, const WireValue& value, Run& run);
  bool read_element(const ProtobufTarget& target, const WireValue& value, Run& run);
  /// The part of a message with a meaning of its own. False: broken.
  bool read_known(const ProtobufTarget& target, std::string_view bytes, Run& run);
  void enter(uint32_t node);
  void apply(const Change& change);
  /// The leaf of a value that is there, behind its presence.
  Slot* present(const ProtobufTarget& target);
  void set(const ProtobufTarget& target, const Slot& value, ConversionFault fault);
  ProtobufConversion conversion(uint32_t target, Run& run) const;
  void make_presets();
  void finish_lists(Run& run);
  void drop_repeated_keys(const ProtobufTable::List& list, Items& items, size_t width) const;
  ConversionFault first_fault(size_t field) const;

  std::shared_ptr<const ProtobufTable> table_;
  std::vector<Shape> shapes_;  ///< by target: of its declared type
  struct Preset {
    Slot value;
    ConversionFault fault;
  };
  std::vector<Preset> presets_;
  std::vector<ProtobufReader> elements_;  ///< by list
  std::vector<bool> entered_;             ///< by node
  // Of an empty message, and of the message at hand:
  std::vector<Slot> empty_row_, row_;
  std::vector<uint8_t> empty_cells_, cells_;
  std::vector<Items> items_;  ///< by list
  Run run_;
};

}  // namespace braid
