#include "runtime/tasks/shortened_row.h"

#include <algorithm>

#include "runtime/data/text_forms.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

constexpr std::string_view kBytes = "bytes", kRow = "row";

/// How many bytes of the text can be kept, so that they are at most `most` as a JSON string without its quotes.
size_t kept(std::string_view text, size_t most) {
  size_t least = 0, high = text.size();
  std::string escaped;
  while (least < high) {
    const size_t middle = least + (high - least + 1) / 2;
    escaped.clear();
    append_json_string(escaped, text.substr(0, middle));
    if (escaped.size() - 2 <= most)
      least = middle;
    else
      high = middle - 1;
  }
  if (least == text.size()) return least;
  // Whole groups of base64, whole characters of other text.
  least -= least % 4;
  while (least > 0 && (static_cast<uint8_t>(text[least]) & 0xC0) == 0x80) --least;
  return least;
}

class Shortened {
 public:
  Shortened(const std::vector<Field>& fields, const Slot* slots) : fields_(fields), slots_(slots) {}

  std::string text(size_t most) {
    std::string shortened = with_bytes(most, true);
    if (shortened.size() > most && has(kRow)) shortened = with_bytes(most, false);
    return shortened;
  }

 private:
  bool has(std::string_view name) const {
    return std::ranges::any_of(fields_, [&](const Field& each) { return each.name == name; });
  }

  std::string with_bytes(size_t most, bool with_row) {
    std::string whole = encode(SIZE_MAX, with_row);
    if (whole.size() <= most) return whole;
    const size_t others = encode(0, with_row).size();
    return encode(others < most ? most - others : 0, with_row);
  }

  /// `most`: of `bytes` as JSON.
  std::string encode(size_t most, bool with_row) const {
    std::vector<Field> fields;
    std::vector<Slot> slots;
    const auto add_length = [&](std::string_view name, size_t length) {
      fields.push_back({std::string(name) + "_length", int_type()});
      slots.push_back(slot_i64(static_cast<int64_t>(length)));
    };
    const Slot* next = slots_;
    for (const Field& field : fields_) {
      const size_t leaves = leaf_count(field.type);
      if (field.name == kRow && !with_row) {
        std::string whole;
        append_json(field.type, next, whole);
        add_length(kRow, whole.size());
      } else {
        fields.push_back(field);
        slots.insert(slots.end(), next, next + leaves);
      }
      if (field.name == kBytes) {
        const std::string_view whole = next->bytes.view();
        const size_t size = kept(whole, most);
        if (size < whole.size()) {
          slots.back() = slot_bytes(whole.substr(0, size));
          add_length(kBytes, whole.size());
        }
      }
      next += leaves;
    }
    std::string text;
    append_json(struct_type(std::move(fields)), slots.data(), text);
    return text;
  }

  const std::vector<Field>& fields_;
  const Slot* slots_;
};

}  // namespace

bool is_standing_port(std::string_view port) {
  return port == "rejected" || port == "late" || port == "unmatched" || port == "alerts";
}

std::string shortened_row(const std::vector<Field>& fields, const Slot* slots, size_t most) {
  return Shortened(fields, slots).text(most);
}

}  // namespace braid
