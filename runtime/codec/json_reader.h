// Reads one JSON object after another into slots, only the fields that are wanted, all else skipped with its grammar
// checked.
//
// Records of one stream nearly always have their keys in the same order, so each object keeps the bytes that led from
// one value to the next in the last record (`,"key": `, blanks included) and compares those first; only on a miss is
// the key parsed and looked up (key_order.h).
//
// Native record readers (runtime/abi/record_reader.h) use the same predictions, and call this reader for keys that are
// not where they are expected and for unusual values.
//
// One thread. Text must follow the contract of record_functions.h.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/codec/json_scanner.h"
#include "runtime/codec/key_order.h"
#include "runtime/codec/value_reader.h"
#include "runtime/data/arena.h"

namespace braid {

struct ObjectNode;

/// What read_direct can read.
enum class DirectKind : uint8_t { none, text, integer, timestamp };

/// Where a value goes: a whole field (status leaf, then its leaves) or a part of a struct (leaves only, its fault goes
/// to the struct).
struct JsonTarget {
  const Shape* shape = nullptr;
  uint32_t offset = 0;  ///< into the slots of the row, or of the struct
  bool whole_field = false;
  ObjectNode* structure = nullptr;  ///< for shapes that are structs, or lists or maps of them: how to read the object
};

struct ObjectChild {
  std::string name;
  std::vector<JsonTarget> targets;
  std::unique_ptr<ObjectNode> below;  ///< fields whose path goes through this key
  uint64_t seen = 0;                  ///< the visit of the object in which it last occurred
  uint64_t repeated = 0;              ///< that in which it last occurred twice
  /// Where there is one target and nothing below, and its type allows it: the slots of the whole field.
  DirectKind direct = DirectKind::none;
  bool optional = false;
  uint32_t offset = 0;
};

struct ObjectNode {
  struct HashOfName {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  std::vector<ObjectChild> children;  ///< of objects on the way to fields: as record_frame.h numbers them
  std::unordered_map<std::string, int32_t, HashOfName, std::equal_to<>> child_of;  ///< by name
  std::vector<std::unique_ptr<ObjectNode>> structures;  ///< owned by this level; targets refer to them
  uint64_t visit = 0;
  KeyOrder keys;
};

class JsonReader {
 public:
  explicit JsonReader(const DecodePlan& plan, const TimeZone* zone);
  JsonReader(const JsonReader&) = delete;

  /// Leaves of all touched fields.
  size_t leaves() const { return leaves_; }
  /// A record from its `{` on into `row`. Returns the byte after its `}`, null if it is broken.
  const char* read_record(const char* at, Slot* row, Arena& arena, ScanError& error);

  /// The value at `at` of a touched field that is the only one of its path, into its leaves of `row`. Returns behind
  /// the value, null if it is broken. `field` counts the touched ones.
  const char* read_field(size_t field, const char* at, Slot* row, Arena& arena);
  /// The leaves of a field that is missing.
  void read_missing(size_t field, Slot* row) const;
  const Shape& shape(size_t field) const { return shapes_[field]; }
  /// Leaves [first, first + count) of that field in the row, its status leaf included.
  size_t first_leaf(size_t field) const { return places_[field].first_leaf; }
  size_t leaf_count(size_t field) const { return 1 + shapes_[field].leaves; }

  /// As ReadFrame::objects, of as many objects.
  const std::vector<PredictedKey*>& objects() const { return starts_; }
  /// As ReadFrame::find_key.
  PredictedKey* find_key(size_t object, PredictedKey* last, const char* at);
  /// How many keys of an object are remembered.
  size_t known_keys(size_t object) const { return objects_[object]->keys.size(); }

 private:
  struct FieldPlace {
    ObjectNode* node = nullptr;
    int32_t child = 0;
    int depth = 0;
    size_t first_leaf = 0;
  };

  const char* read_object(ObjectNode& node, const char* at, int depth, Slot* base, ConversionFault* fault);
  PredictedKey* find_key(ObjectNode& node, PredictedKey* last, const char** at);
  const char* read_direct(const ObjectChild& child, const char* at, Slot* base);
  const char* read_child(ObjectNode& node, int32_t index, const char* at, int depth, Slot* base, uint32_t* first_fault,
                         ConversionFault* fault);
  const char* read_value(const JsonTarget& target, const Shape& shape, const char* at, int depth, Slot* slots,
                         ConversionFault* fault);
  const char* read_list(const JsonTarget& target, const Shape& shape, const char* at, int depth, Slot* slot,
                        ConversionFault* fault);
  const char* read_map(const JsonTarget& target, const Shape& shape, const char* at, int depth, Slot* slot,
                       ConversionFault* fault);
  /// All targets at and below the child take that fault, or are absent if it is `missing` and they may be.
  void settle(ObjectChild& child, Slot* base, ConversionFault fault, uint32_t index, uint32_t* first_fault,
              ConversionFault* struct_fault);

  std::vector<Shape> shapes_;  ///< of the touched fields
  ObjectNode root_;
  std::vector<FieldPlace> places_;    ///< of the touched fields
  std::vector<ObjectNode*> objects_;  ///< by number, as record_frame.h counts them
  std::vector<PredictedKey*> starts_;
  PredictedKey end_, broken_;  ///< what find_key returns where there is no key
  size_t leaves_ = 0;
  LastDate last_date_;
  Arena* arena_ = nullptr;
  ScanError* error_ = nullptr;
};

}  // namespace braid
