// How the rows of a product lie in a store, so that they can be read beside the job that writes them: a view.
//
// A product whose rows are changes has a keyed view: the row of each key, and with `keep` what stood there before. All
// other products have a view of events: their rows by event time, and within one time in the order in which they were
// written.
//
// Keys of rows in the family `point`: table u32, and behind it
//   current  (keyed)   the key                                    → stamp, row
//   history  (keyed)   the key | ~epoch u64 | ~number u32          → stamp, row; newest first
//   outdated (keyed)   time i64 | the key                          → ~epoch | ~number of the last version of that
//                                                                     time that replaced another one
//   known              nothing                                     → epoch u64: of earlier ones rows are missing
//   events             time i64 | number u64                       → stamp, row
//   index i            the value | the key, or time and number     → nothing
// Numbers are big-endian and sort (append_time_key), values and keys are ordered bytes (runtime/data/ordered_bytes.h).
// A stamp: epoch u64 | event time i64 | kind u8, little-endian. Tables of views begin at kFirstTable, behind all of
// steps.
//
// A ViewLayout is immutable; threads may share it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/row_codec.h"

namespace braid {

/// What is kept of a product for its readers.
struct ViewSpec {
  int product = 0;  ///< index into Program::products
  /// Paths of field indexes into the product's row, like ProductSpec::key: rows are found by these values, too.
  std::vector<std::vector<int>> indexes = {};
  /// Keyed: how long what was replaced can be read. Events: how long rows are kept. Behind the watermark, in event
  /// time.
  std::optional<int64_t> keep_us = {};
  /// Path of the timestamp that is the row's event time, less `time_offset_us`; empty: no field has it. For rows of
  /// which nothing else is known any more.
  std::vector<int> time = {};
  int64_t time_offset_us = 0;
  /// The product is an output of another one's rows as they are. What the job put out before it had that is in no file.
  bool whole = false;
};

/// A field of a row, or a part of one, by its path.
struct FieldPlace {
  Type type;                      ///< optional if a struct around it is
  size_t leaf = 0;                ///< its first leaf in the row, of the type without what is around it
  std::vector<size_t> presences;  ///< leaves of the optional structs around it
  Type own;                       ///< its type where it stands
};
FieldPlace place_of(const std::vector<Field>& row, const std::vector<int>& path);
/// Ordered bytes of the value, as of `type`.
void append_field(const FieldPlace& place, const Slot* slots, std::string& out);

/// What is known of a stored row besides itself.
struct ViewStamp {
  static constexpr size_t kSize = 17;
  enum class Kind : uint8_t { row, gone };
  uint64_t epoch = 0;  ///< that wrote it
  int64_t time = 0;    ///< its event time, kNoTime without
  Kind kind = Kind::row;

  void append(std::string& out) const;
  /// Nothing: the bytes are no stamp.
  static std::optional<ViewStamp> read(std::string_view bytes);
};

class ViewLayout {
 public:
  static constexpr uint32_t kFirstTable = uint32_t{1} << 31;
  static constexpr uint32_t kTablesOfView = 256;
  static constexpr size_t kMostIndexes = 64;
  static constexpr uint16_t kRowLayout = 1;

  /// `number`: of the view in its store.
  ViewLayout(const ProductSpec& product, ViewSpec spec, uint32_t number);

  const ViewSpec& spec() const { return spec_; }
  bool is_keyed() const { return is_keyed_; }
  bool has_history() const { return is_keyed_ && spec_.keep_us.has_value(); }
  /// What lies before it is not kept; INT64_MIN: all is.
  int64_t horizon(int64_t watermark) const {
    const bool moves = spec_.keep_us && watermark != INT64_MAX && watermark > INT64_MIN + *spec_.keep_us;
    return moves ? watermark - *spec_.keep_us : INT64_MIN;
  }
  const std::vector<Field>& row() const { return row_; }
  const RowLayout& rows() const { return rows_; }
  /// The fields of the product's key, in its order; of events those of a declared key, which finds several rows.
  const std::vector<FieldPlace>& key() const { return key_; }
  /// The first of events with a key is of this key; the others are those of the spec.
  const std::vector<std::vector<FieldPlace>>& indexes() const { return indexes_; }

  /// Their paths into the row.
  const std::vector<std::vector<int>>& key_paths() const { return key_paths_; }
  const std::vector<std::vector<int>>& index_paths(size_t index) const { return index_paths_[index]; }

  /// Ordered bytes of the key of a row.
  void append_key(const Slot* slots, std::string& out) const { append_fields(key_, slots, out); }
  void append_index(size_t index, const Slot* slots, std::string& out) const {
    append_fields(indexes_[index], slots, out);
  }

  // Keys of stored rows. `key`: ordered bytes, or a part of them from the beginning, where it is the end of a range.
  std::string current_key(std::string_view key) const { return in_table(kCurrent, key); }
  std::string history_prefix(std::string_view key) const { return in_table(kHistory, key); }
  std::string history_key(std::string_view key, uint64_t epoch, uint32_t number) const;
  std::string outdated_key(int64_t time, std::string_view key) const;
  std::string known_key() const { return in_table(kKnown, {}); }
  /// All that was replaced before that time lies in front.
  std::string outdated_before(int64_t time) const;
  std::string event_key(int64_t time, uint64_t number) const;
  std::string events_from(int64_t time) const;
  std::string index_key(size_t index, std::string_view value, std::string_view key) const {
    return in_table(kFirstIndex + static_cast<uint32_t>(index), std::string(value).append(key));
  }
  /// What is behind the table in a key: of a row of `current` the key, of events time and number.
  static std::string_view behind_table(std::string_view stored_key) { return stored_key.substr(kTableSize); }
  /// The key in a row of the history, and of what is outdated.
  static std::string_view key_of_history(std::string_view stored_key);
  static std::string_view key_of_outdated(std::string_view stored_key);
  /// What is behind the key in a row of the history: which version it is.
  static std::string_view version_of_history(std::string_view stored_key) {
    return stored_key.substr(stored_key.size() - kVersionSize);
  }
  /// All tables of a view with that number.
  static std::string first_of_view(uint32_t number);

  static constexpr size_t kTableSize = 4;
  static constexpr size_t kVersionSize = 12;  ///< epoch and number

 private:
  enum Table : uint32_t { kCurrent = 0, kHistory = 1, kOutdated = 2, kKnown = 3, kFirstIndex = 16 };

  static void append_fields(const std::vector<FieldPlace>& fields, const Slot* slots, std::string& out) {
    for (const FieldPlace& field : fields) append_field(field, slots, out);
  }
  std::string in_table(uint32_t table, std::string_view key) const;

  ViewSpec spec_;
  std::vector<Field> row_;
  RowLayout rows_;
  std::vector<FieldPlace> key_;
  std::vector<std::vector<FieldPlace>> indexes_;
  std::vector<std::vector<int>> key_paths_;
  std::vector<std::vector<std::vector<int>>> index_paths_;
  uint32_t first_table_;
  bool is_keyed_;
};

}  // namespace braid
