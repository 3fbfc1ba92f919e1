#include "runtime/view/view_layout.h"

#include <cstring>

#include "runtime/base/check.h"
#include "runtime/data/ordered_bytes.h"
#include "runtime/state/store.h"

namespace braid {
namespace {

template <class T>
void append_big_endian(T value, std::string& out) {
  for (size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}

template <class T>
T read_big_endian(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T) && i < bytes.size(); ++i)
    value = static_cast<T>(value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

FieldPlace place_of(const std::vector<Field>& row, const std::vector<int>& path) {
  BRAID_CHECK(!path.empty(), "a path without fields");
  FieldPlace place;
  const std::vector<Field>* fields = &row;
  for (size_t i = 0; i < path.size(); ++i) {
    const Field& field = fields->at(static_cast<size_t>(path[i]));
    place.leaf += leaf_offset(*fields, static_cast<size_t>(path[i]));
    place.own = field.type;
    if (i + 1 == path.size()) break;
    if (is_optional(field.type)) place.presences.push_back(place.leaf++);
    fields = &without_optional(field.type)->fields;
  }
  place.type = place.presences.empty() ? place.own : optional_type(place.own);
  return place;
}

void append_field(const FieldPlace& place, const Slot* slots, std::string& out) {
  for (const size_t presence : place.presences)
    if (slots[presence].u8 == 0) return out.push_back('\x01');
  if (!place.presences.empty() && !is_optional(place.own)) out.push_back('\0');
  append_ordered_bytes(place.own, slots + place.leaf, out);
}

void ViewStamp::append(std::string& out) const {
  char bytes[kSize];
  std::memcpy(bytes, &epoch, sizeof(epoch));
  std::memcpy(bytes + sizeof(epoch), &time, sizeof(time));
  bytes[kSize - 1] = static_cast<char>(kind);
  out.append(bytes, kSize);
}

std::optional<ViewStamp> ViewStamp::read(std::string_view bytes) {
  if (bytes.size() < kSize || static_cast<uint8_t>(bytes[kSize - 1]) > static_cast<uint8_t>(Kind::gone)) return {};
  ViewStamp stamp;
  std::memcpy(&stamp.epoch, bytes.data(), sizeof(stamp.epoch));
  std::memcpy(&stamp.time, bytes.data() + sizeof(stamp.epoch), sizeof(stamp.time));
  stamp.kind = static_cast<Kind>(bytes[kSize - 1]);
  return stamp;
}

ViewLayout::ViewLayout(const ProductSpec& product, ViewSpec spec, uint32_t number)
    : spec_(std::move(spec)),
      row_(product.row),
      rows_(product.row, kRowLayout),
      first_table_(kFirstTable + number * kTablesOfView),
      is_keyed_(product.changes) {
  BRAID_CHECK(!is_keyed_ || !product.key.empty(), "changes of a table without a key");
  BRAID_CHECK(spec_.indexes.size() <= kMostIndexes, "more indexes than a view has tables for");
  for (const std::vector<int>& path : product.key) key_.push_back(place_of(row_, path));
  key_paths_ = product.key;
  if (!is_keyed_ && !key_.empty()) {
    indexes_.push_back(key_);
    index_paths_.push_back(key_paths_);
  }
  for (const std::vector<int>& path : spec_.indexes) {
    indexes_.push_back({place_of(row_, path)});
    index_paths_.push_back({path});
  }
}

std::string ViewLayout::in_table(uint32_t table, std::string_view key) const {
  std::string bytes = table_prefix(first_table_ + table);
  bytes.append(key);
  return bytes;
}

std::string ViewLayout::history_key(std::string_view key, uint64_t epoch, uint32_t number) const {
  std::string bytes = in_table(kHistory, key);
  append_big_endian(~epoch, bytes);
  append_big_endian(~number, bytes);
  return bytes;
}

std::string ViewLayout::outdated_before(int64_t time) const {
  std::string bytes = in_table(kOutdated, {});
  append_time_key(bytes, time);
  return bytes;
}

std::string ViewLayout::outdated_key(int64_t time, std::string_view key) const {
  return outdated_before(time).append(key);
}

std::string ViewLayout::events_from(int64_t time) const {
  std::string bytes = in_table(kCurrent, {});
  append_time_key(bytes, time);
  return bytes;
}

std::string ViewLayout::event_key(int64_t time, uint64_t number) const {
  std::string bytes = events_from(time);
  append_big_endian(number, bytes);
  return bytes;
}

std::string ViewLayout::logged_epoch_key(uint64_t epoch) const {
  std::string bytes = in_table(kLoggedEpochs, {});
  append_big_endian(epoch, bytes);
  return bytes;
}

std::string ViewLayout::logged_change_key(uint64_t epoch, uint32_t number) const {
  std::string bytes = in_table(kLoggedChanges, {});
  append_big_endian(epoch, bytes);
  append_big_endian(number, bytes);
  return bytes;
}

uint64_t ViewLayout::epoch_of_logged(std::string_view stored_key) {
  return read_big_endian<uint64_t>(behind_table(stored_key));
}

uint32_t ViewLayout::number_of_logged(std::string_view stored_key) {
  return read_big_endian<uint32_t>(behind_table(stored_key).substr(sizeof(uint64_t)));
}

std::string_view ViewLayout::key_of_history(std::string_view stored_key) {
  return stored_key.substr(kTableSize, stored_key.size() - kTableSize - kVersionSize);
}

std::string_view ViewLayout::key_of_outdated(std::string_view stored_key) {
  return stored_key.substr(kTableSize + sizeof(int64_t));
}

std::string ViewLayout::first_of_view(uint32_t number) {
  return table_prefix(kFirstTable + number * kTablesOfView);
}

}  // namespace braid
