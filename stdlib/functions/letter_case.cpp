#include "stdlib/functions/letter_case.h"

#include <algorithm>
#include <iterator>

namespace {

struct CaseRange {
  uint32_t first, last;
  uint32_t step;  ///< every step-th character from `first` on is mapped
  int32_t delta;
};
#include "stdlib/functions/letter_case.inc"

template <size_t count>
uint32_t map(const CaseRange (&ranges)[count], uint32_t point) {
  const CaseRange* after = std::upper_bound(std::begin(ranges), std::end(ranges), point,
                                            [](uint32_t value, const CaseRange& range) { return value < range.first; });
  if (after == std::begin(ranges)) return point;
  const CaseRange& range = after[-1];
  if (point > range.last || (point - range.first) % range.step != 0) return point;
  return point + static_cast<uint32_t>(range.delta);
}

}  // namespace

extern "C" uint32_t braid_lower_character(uint32_t point) {
  if (point < 0x80) return point >= 'A' && point <= 'Z' ? point + 32 : point;
  return map(kToLower, point);
}

extern "C" uint32_t braid_upper_character(uint32_t point) {
  if (point < 0x80) return point >= 'a' && point <= 'z' ? point - 32 : point;
  return map(kToUpper, point);
}
