// Rows, and parts of them, as JSON. Internal to the folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"
#include "serve/rest/asked.h"

namespace braid::serve {

std::string json_text(std::string_view text);
/// `null` where there is none.
std::string instant(int64_t time);

/// Fields of a row as an object.
class RowText {
 public:
  /// `fields`: empty: all. `row` outlives this.
  RowText(const std::vector<Field>& row, std::vector<int> fields);
  void append(const Slot* slots, std::string& out) const;

 private:
  const std::vector<Field>& row_;
  std::vector<int> fields_;
  std::vector<std::string> names_;
  std::vector<size_t> leaves_;
};

/// The key of a row as an object: its fields by their paths, `window.start`.
class KeyText {
 public:
  KeyText(const std::vector<Field>& row, const std::vector<std::string>& key);
  void append(const Slot* slots, std::string& out) const;

 private:
  std::vector<NamedPath> parts_;
};

}  // namespace braid::serve
