// How records of one Protobuf message type are read into the fields of a source: tables by field number. Made by the
// codec from the schema of a writer and the declared fields (runtime/codec/protobuf_plan.h), followed by its
// table-driven decoder, compiled by the code generator. Plain data that refers by index; immutable once made.
//
// Fields of a message come in any order, may be missing, and may come again: the last value of a scalar counts,
// messages are merged, elements of lists are added up. So the leaves of a row begin as what an empty record would give,
// and each field that comes changes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/data/type.h"

namespace braid {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, sized = 2, group = 3, end_group = 4, fixed32 = 5 };

/// What a field is in its schema.
enum class ProtobufKind : uint8_t {
  int32,
  int64,
  uint32,
  uint64,
  sint32,
  sint64,
  fixed32,
  fixed64,
  sfixed32,
  sfixed64,
  boolean,
  enumeration,
  float32,
  float64,
  string,
  bytes,
  message,
  group
};

/// A place that a value of the wire is read to.
struct ProtobufTarget {
  enum class Form : uint8_t {
    integer,        ///< of any integer, to int
    number,         ///< the same to float, decimal, date
    scaled_number,  ///< the same by `factor`: to time, timestamp, duration
    boolean,
    real,       ///< `float` and `double`, to float
    text,       ///< `string`, to what a JSON string may hold
    bytes,      ///< `bytes`, to bytes and string
    symbol,     ///< an enum, to enum and string
    timestamp,  ///< messages with a meaning of their own
    duration,
    date,
    time_of_day,
    decimal_text,
    confluent_decimal,
    list
  } form = Form::integer;
  ProtobufKind kind = ProtobufKind::int32;
  Type type = {};         ///< declared, without `?`
  bool optional = false;  ///< a presence leaf comes first
  uint32_t leaf = 0;      ///< the first one, among those of the table
  uint32_t cell = 0;      ///< of its fault
  uint32_t hidden = 0;    ///< of messages: the first of kHiddenSlots for their parts, behind the leaves
  int64_t factor = 1;     ///< microseconds of one; below 0: how many there are in a microsecond
  uint32_t list = 0;      ///< of ProtobufTable::lists
  struct Symbol {
    int32_t number;
    int32_t declared;  ///< in the declared enum; -1: it does not have it
    std::string name;
  };
  std::vector<Symbol> symbols = {};  ///< by number
};
inline constexpr uint32_t kHiddenSlots = 4;

/// What a message is read by as a whole: the record, or an element of a list.
struct ProtobufTable {
  /// A change of the state, before a value is read.
  struct Change {
    enum class Kind : uint8_t {
      zero,    ///< `count` leaves or hidden slots from `at` on
      mark,    ///< the presence leaf `at`
      fault,   ///< of the cell `at`; none: it has none
      empty,   ///< the list `at`
      leave,   ///< the node `at` has not been entered
      enter,   ///< the node `at` is entered, without a byte
      preset,  ///< the target `at` has the value of ProtobufTable::presets[count]
    } kind;
    uint32_t at = 0;
    uint32_t count = 0;
    ConversionFault fault = ConversionFault::none;
  };
  /// A field of a message of which something is read.
  struct Entry {
    uint32_t number = 0;
    WireType wire = WireType::varint;  ///< of one value
    bool repeated = false;
    std::vector<uint32_t> targets = {};
    int32_t node = -1;                ///< of a message in which more is read
    std::vector<Change> before = {};  ///< other members of its oneof are gone
  };
  /// A field that the schema has, read or not.
  struct Known {
    uint32_t number = 0;
    WireType wire = WireType::varint;
    bool repeated = false;
  };
  /// A message in which something is read.
  struct Node {
    std::vector<Entry> entries;         ///< by number
    std::vector<int16_t> by_number;     ///< of small field numbers: the entry; -1: none
    uint32_t largest = 0;               ///< number of an entry
    std::vector<Change> on_entry = {};  ///< when it comes for the first time
    std::vector<Known> fields = {};     ///< by number: in the order in which writers mostly have them
  };
  struct List {
    std::shared_ptr<const ProtobufTable> element;
    bool is_map = false;
    int32_t key_leaf = -1;  ///< of a map: of the element; -1: it is not read
    bool text_key = false;
  };
  /// A value of a schema, for fields that a record does not have.
  struct Preset {
    int64_t number = 0;
    double real = 0;
    std::string text = {};
  };

  std::vector<ProtobufTarget> targets;
  std::vector<Node> nodes;  ///< the first one is the message
  std::vector<List> lists;
  std::vector<Preset> presets;
  uint32_t leaves = 0, hidden = 0, cells = 0;
  /// Of the fields that are read: leaves and cells of each, and behind the last.
  std::vector<uint32_t> first_leaf, first_cell;
  uint64_t schema = 0;  ///< of a record: hash of the text of the writer's schema and of the message type

  /// Of the table and of the elements of its lists. Targets are numbered through all of them: first its own, then those
  /// of each list.
  uint32_t target_count() const {
    auto count = static_cast<uint32_t>(targets.size());
    for (const List& list : lists) count += list.element->target_count();
    return count;
  }
  const Entry* find(const Node& node, uint32_t number) const {
    if (number < node.by_number.size()) {
      const int16_t at = node.by_number[number];
      return at < 0 ? nullptr : &node.entries[static_cast<size_t>(at)];
    }
    return number > node.largest ? nullptr : find_large(node, number);
  }
  static const Entry* find_large(const Node& node, uint32_t number);
};

}  // namespace braid
