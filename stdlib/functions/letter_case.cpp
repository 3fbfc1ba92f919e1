#include "stdlib/functions/letter_case.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "stdlib/functions/utf8.h"

namespace {

struct CaseRange {
  uint32_t first, last;
  uint32_t step;  ///< every step-th character from `first` on is mapped
  int32_t delta;
};
struct LongCase {
  uint32_t first;      ///< the character
  uint32_t mapped[3];  ///< two or three; 0 is none
};
struct Span {
  uint32_t first, last;
};
#include "stdlib/functions/letter_case.inc"

/// The last entry that begins at the character or before it; null if there is none.
template <class Entry, size_t count>
const Entry* entry_of(const Entry (&entries)[count], uint32_t point) {
  const Entry* after = std::upper_bound(std::begin(entries), std::end(entries), point,
                                        [](uint32_t value, const Entry& entry) { return value < entry.first; });
  return after == std::begin(entries) ? nullptr : after - 1;
}

template <size_t count>
bool holds(const Span (&spans)[count], uint32_t point) {
  const Span* span = entry_of(spans, point);
  return span != nullptr && point <= span->last;
}

template <size_t longs, size_t singles>
uint32_t map(const LongCase (&long_cases)[longs], const CaseRange (&ranges)[singles], uint32_t point,
             uint32_t* mapped) {
  if (const LongCase* one = entry_of(long_cases, point); one != nullptr && one->first == point) {
    std::copy(std::begin(one->mapped), std::end(one->mapped), mapped);
    return mapped[2] == 0 ? 2 : 3;
  }
  mapped[0] = point;
  const CaseRange* range = entry_of(ranges, point);
  if (range != nullptr && point <= range->last && (point - range->first) % range->step == 0)
    mapped[0] = point + static_cast<uint32_t>(range->delta);
  return 1;
}

uint32_t title(uint32_t point, uint32_t* mapped) {
  const uint32_t count = map(kToLongTitle, kToTitle, point, mapped);
  if (count > 1 || mapped[0] != point || holds(kTitleItself, point)) return count;
  return map(kToLongUpper, kToUpper, point, mapped);
}

}  // namespace

extern "C" uint32_t braid_case_mapping(uint32_t point, braid::Case wanted, uint32_t* mapped) {
  if (point < 0x80) {
    const uint32_t first = wanted == braid::Case::lower ? 'A' : 'a';
    mapped[0] = point - first < 26 ? point ^ 0x20 : point;
    return 1;
  }
  switch (wanted) {
    case braid::Case::lower:
      return map(kToLongLower, kToLower, point, mapped);
    case braid::Case::upper:
      return map(kToLongUpper, kToUpper, point, mapped);
    case braid::Case::title:
      break;
  }
  return title(point, mapped);
}

extern "C" bool braid_sigma_is_final(const char* text, uint64_t size, uint64_t at) {
  namespace utf8 = braid::utf8;
  std::string_view before(text, at);
  bool follows_letter = false;
  while (!before.empty() && !follows_letter) {
    const uint64_t last = utf8::back_size(before);
    const uint32_t point = utf8::decode(before.data() + before.size() - last, last);
    before.remove_suffix(last);
    if (holds(kIgnorable, point)) continue;
    if (!holds(kCased, point)) return false;
    follows_letter = true;
  }
  if (!follows_letter) return false;
  std::string_view behind(text + at, size - at);
  behind.remove_prefix(utf8::front_size(behind));
  while (!behind.empty()) {
    const uint64_t first = utf8::front_size(behind);
    const uint32_t point = utf8::decode(behind.data(), first);
    if (!holds(kIgnorable, point)) return !holds(kCased, point);
    behind.remove_prefix(first);
  }
  return true;
}
