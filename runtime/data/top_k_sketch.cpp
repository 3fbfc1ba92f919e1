#include "runtime/data/top_k_sketch.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include "runtime/data/key_bytes.h"
#include "runtime/data/varint.h"

namespace braid {
namespace {

constexpr char kForm = 1;

}  // namespace

uint64_t draw_of(std::string_view value, std::string_view apart) {
  std::string both;
  append_varint(value.size(), both);
  both += value;
  both += apart;
  return key_hash(both);
}

void TopKSketch::take(std::string_view value, uint64_t draw, int64_t count) {
  if (counting_ && draw > most_) return;
  const auto known = values_.find(value);
  if (known != values_.end()) {
    known->second.draw = std::min(known->second.draw, draw);
    int64_t& known_count = known->second.count;
    if (!counting_ && __builtin_add_overflow(known_count, count, &known_count))
      known_count = std::numeric_limits<int64_t>::max();
    return;
  }
  values_.emplace(std::string(value), Kept{draw, counting_ ? 0 : count});
  text_bytes_ += value.size();
  if (!counting_ && values_.size() > kKept) count_all();
  if (counting_ && values_.size() >= 2 * kKept) trim();
}

void TopKSketch::count_all() {
  counting_ = true;
  for (auto& [value, kept] : values_) {
    counters_.add(key_hash(value), kept.count);
    kept.count = 0;
  }
}

void TopKSketch::add(std::string_view value, uint64_t draw) {
  if (counting_) counters_.add(key_hash(value), 1);
  take(value, draw, 1);
}

void TopKSketch::merge(const TopKSketch& other) {
  if (other.counting_ && !counting_) count_all();
  // With counters those of the other count, too: what it knows exactly, or its own.
  if (other.counting_) counters_.merge(other.counters_);
  for (const auto& [value, kept] : other.values_) {
    if (counting_ && !other.counting_) counters_.add(key_hash(value), kept.count);
    take(value, kept.draw, kept.count);
  }
}

std::vector<TopKSketch::Values::const_iterator> TopKSketch::kept() const {
  std::vector<Values::const_iterator> all;
  for (auto each = values_.begin(); each != values_.end(); ++each) all.push_back(each);
  if (all.size() <= kKept) return all;
  const auto last = all.begin() + kKept;
  std::nth_element(all.begin(), last, all.end(), [](const auto& a, const auto& b) {
    return std::tie(a->second.draw, a->first) < std::tie(b->second.draw, b->first);
  });
  all.erase(last, all.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->first < b->first; });
  return all;
}

void TopKSketch::trim() {
  const std::vector<Values::const_iterator> stay = kept();
  Values values;
  text_bytes_ = most_ = 0;
  for (const auto& each : stay) {
    most_ = std::max(most_, each->second.draw);
    text_bytes_ += each->first.size();
    values.emplace_hint(values.end(), *each);
  }
  values_ = std::move(values);
}

std::vector<std::pair<std::string_view, int64_t>> TopKSketch::top(size_t count) const {
  std::vector<std::pair<std::string_view, int64_t>> all;
  for (const auto& each : kept())
    all.emplace_back(each->first, counting_ ? counters_.count(key_hash(each->first)) : each->second.count);
  const size_t most = std::min(count, all.size());
  std::partial_sort(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), all.end(),
      [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  all.resize(most);
  return all;
}

void TopKSketch::write(std::string& out) const {
  const std::vector<Values::const_iterator> values = kept();
  out += kForm;
  out += static_cast<char>(counting_);
  append_varint(values.size(), out);
  for (const auto& each : values) {
    append_varint(each->first.size(), out);
    out += each->first;
    out.append(reinterpret_cast<const char*>(&each->second.draw), sizeof(uint64_t));
    if (!counting_) append_varint(static_cast<uint64_t>(each->second.count), out);
  }
  if (counting_) counters_.write(out);
}

bool TopKSketch::read(std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != kForm || (bytes[1] != 0 && bytes[1] != 1)) return false;
  TopKSketch made;
  made.counting_ = bytes[1] == 1;
  bytes.remove_prefix(2);
  uint64_t values = 0;
  if (!take_varint(bytes, values) || values > kKept || (made.counting_ && values < kKept)) return false;
  int64_t total = 0;
  for (uint64_t i = 0; i < values; ++i) {
    uint64_t size = 0, count = 0;
    Kept kept{0, 0};
    if (!take_varint(bytes, size) || bytes.size() < sizeof(uint64_t) || size > bytes.size() - sizeof(uint64_t))
      return false;
    const std::string_view value = bytes.substr(0, size);
    std::memcpy(&kept.draw, bytes.data() + size, sizeof(uint64_t));
    bytes.remove_prefix(size + sizeof(uint64_t));
    if (!made.counting_ && !take_varint(bytes, count)) return false;
    if (!made.counting_ && (count == 0 || count > std::numeric_limits<int64_t>::max())) return false;
    kept.count = static_cast<int64_t>(count);
    if (__builtin_add_overflow(total, kept.count, &total)) return false;
    if (!made.values_.empty() && made.values_.rbegin()->first >= value) return false;
    made.values_.emplace_hint(made.values_.end(), std::string(value), kept);
    made.text_bytes_ += size;
  }
  if (made.counting_ ? !made.counters_.read(bytes) : !bytes.empty()) return false;
  *this = std::move(made);
  return true;
}

}  // namespace braid
