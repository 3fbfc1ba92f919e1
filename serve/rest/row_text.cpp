#include "serve/rest/row_text.h"

#include <algorithm>

#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"

namespace braid::serve {

std::string json_text(std::string_view text) {
  std::string made;
  append_json_string(made, text);
  return made;
}

std::string instant(int64_t time) {
  if (time == INT64_MIN || time == INT64_MAX) return "null";
  std::string made = "\"";
  append_timestamp(made, time);
  return made + '"';
}

RowText::RowText(const std::vector<Field>& row, std::vector<int> fields) : row_(row), fields_(std::move(fields)) {
  if (fields_.empty())
    for (size_t i = 0; i < row.size(); ++i) fields_.push_back(static_cast<int>(i));
  for (const int field : fields_) {
    names_.push_back(json_text(row[static_cast<size_t>(field)].name) + ':');
    leaves_.push_back(leaf_offset(row, static_cast<size_t>(field)));
  }
}

void RowText::append(const Slot* slots, std::string& out) const {
  out += '{';
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (i > 0) out += ',';
    out += names_[i];
    append_json(row_[static_cast<size_t>(fields_[i])].type, slots + leaves_[i], out);
  }
  out += '}';
}

KeyText::KeyText(const std::vector<Field>& row, const std::vector<std::string>& key) {
  for (const std::string& part : key)
    if (std::optional<NamedPath> path = named_path(row, part)) parts_.push_back(*std::move(path));
}

void KeyText::append(const Slot* slots, std::string& out) const {
  out += '{';
  for (size_t i = 0; i < parts_.size(); ++i) {
    const FieldPlace& place = parts_[i].place;
    if (i > 0) out += ',';
    out += json_text(parts_[i].text) + ':';
    const bool is_there = std::ranges::all_of(place.presences, [&](size_t leaf) { return slots[leaf].u8 != 0; });
    if (is_there)
      append_json(place.own, slots + place.leaf, out);
    else
      out += "null";
  }
  out += '}';
}

}  // namespace braid::serve
