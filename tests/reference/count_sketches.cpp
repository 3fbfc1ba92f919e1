#include "tests/reference/count_sketches.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"

namespace braid::reference {

namespace {

template <class T>
void append_high_first(T bits, std::string& out) {
  for (size_t i = sizeof(T); i-- > 0;) out += static_cast<char>(bits >> (8 * i));
}

}  // namespace

std::string order_bytes(const Type& type, const Slot& slot) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  std::string out;
  switch (leaf_kind(type)) {
    case LeafKind::u8:
      out += static_cast<char>(slot.u8);
      break;
    case LeafKind::i32:
      append_high_first(static_cast<uint32_t>(slot.i32) + (uint32_t{1} << 31), out);
      break;
    case LeafKind::i64:
      append_high_first(static_cast<uint64_t>(slot.i64) + kSign, out);
      break;
    case LeafKind::f64: {
      double value = slot.f64;
      if (value == 0) value = 0;
      if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
      const auto bits = std::bit_cast<uint64_t>(value);
      append_high_first(std::signbit(value) ? ~bits : bits + kSign, out);
      break;
    }
    case LeafKind::i128: {
      const auto bits = static_cast<uint128>(slot.i128);
      append_high_first(static_cast<uint64_t>(bits >> 64) + (is(type, TypeKind::uuid) ? 0 : kSign), out);
      append_high_first(static_cast<uint64_t>(bits), out);
      break;
    }
    case LeafKind::bytes:
      out = slot.bytes.view();
      break;
    case LeafKind::list:
      BRAID_UNREACHABLE("lists have no order");
  }
  return out;
}

std::vector<std::pair<Value, int64_t>> most_frequent(const std::vector<DrawnValue>& rows, size_t count) {
  constexpr size_t kExact = 1024, kColumns = 2048, kCounters = 4;
  std::map<std::string, std::vector<uint64_t>> draws;
  std::map<std::string, Value> values;
  for (const DrawnValue& row : rows) {
    draws[row.bytes].push_back(row.draw);
    values.emplace(row.bytes, row.value);
  }
  std::vector<std::pair<std::string, int64_t>> made;
  if (draws.size() <= kExact) {
    for (const auto& [value, all] : draws) made.emplace_back(value, static_cast<int64_t>(all.size()));
  } else {
    auto counter = [](const std::string& value, size_t which) { return (key_hash(value) >> (11 * which)) % kColumns; };
    std::vector<std::pair<uint64_t, std::string>> by_draw;
    for (const auto& [value, all] : draws) by_draw.emplace_back(*std::min_element(all.begin(), all.end()), value);
    std::sort(by_draw.begin(), by_draw.end());
    by_draw.resize(kExact);
    std::vector<std::vector<int64_t>> counters(kCounters, std::vector<int64_t>(kColumns));
    for (const DrawnValue& row : rows)
      for (size_t which = 0; which < kCounters; ++which) ++counters[which][counter(row.bytes, which)];
    for (const auto& [draw, value] : by_draw) {
      int64_t least = counters[0][counter(value, 0)];
      for (size_t which = 1; which < kCounters; ++which)
        least = std::min(least, counters[which][counter(value, which)]);
      made.emplace_back(value, least);
    }
  }
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::vector<std::pair<Value, int64_t>> top;
  for (const auto& [bytes, times] : made)
    if (top.size() < count) top.emplace_back(values.at(bytes), times);
  return top;
}

}  // namespace braid::reference
