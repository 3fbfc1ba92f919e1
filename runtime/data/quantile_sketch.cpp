#include "runtime/data/quantile_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/data/slot.h"

namespace braid {
namespace {

constexpr int kMantissaBits = 52, kBucketBits = 6, kShift = kMantissaBits - kBucketBits;
constexpr char kForm = 1;
constexpr int32_t kNaN = std::numeric_limits<int32_t>::max();
constexpr int32_t kInfinity = (0x7FF << kBucketBits) + 1;
constexpr size_t kEntry = sizeof(int32_t) + sizeof(int64_t);

int32_t bucket_of(double value) {
  if (value != value) return kNaN;
  if (value == 0) return 0;
  const auto number = static_cast<int32_t>(std::bit_cast<uint64_t>(std::fabs(value)) >> kShift) + 1;
  return value < 0 ? -number : number;
}

/// As far from both ends, in proportion.
double middle_of(int32_t number) {
  if (number == kNaN) return std::numeric_limits<double>::quiet_NaN();
  if (number == 0) return 0;
  const int32_t size = std::abs(number);
  double middle = std::numeric_limits<double>::infinity();
  if (size < kInfinity) {
    const double low = std::bit_cast<double>(static_cast<uint64_t>(size - 1) << kShift);
    const double width = std::bit_cast<double>(static_cast<uint64_t>(size) << kShift) - low;
    middle = std::isfinite(width) ? low + width * (low / (2 * low + width)) : low;
  }
  return number < 0 ? -middle : middle;
}

}  // namespace

void QuantileSketch::change(int32_t number, int64_t count) {
  count_ += count;
  const auto place = std::lower_bound(buckets_.begin(), buckets_.end(), number,
                                      [](const Bucket& bucket, int32_t wanted) { return bucket.first < wanted; });
  if (place == buckets_.end() || place->first != number) {
    buckets_.insert(place, {number, count});
    return;
  }
  place->second += count;
  if (place->second == 0) buckets_.erase(place);
}

void QuantileSketch::add(double value, int64_t count) {
  change(bucket_of(value), count);
}

void QuantileSketch::merge(const QuantileSketch& other) {
  for (const auto& [number, count] : other.buckets_) change(number, count);
}

double QuantileSketch::at(uint64_t billionths) const {
  constexpr uint64_t kBillion = 1'000'000'000;
  auto place = static_cast<int64_t>(static_cast<uint128>(count_ - 1) * billionths / kBillion);
  for (const auto& [number, count] : buckets_) {
    if (place < count) return middle_of(number);
    place -= count;
  }
  return middle_of(buckets_.back().first);
}

void QuantileSketch::write(std::string& out) const {
  out += kForm;
  out += static_cast<char>(kBucketBits);
  for (const auto& [number, count] : buckets_) {
    out.append(reinterpret_cast<const char*>(&number), sizeof(number));
    out.append(reinterpret_cast<const char*>(&count), sizeof(count));
  }
}

bool QuantileSketch::read(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kForm || bytes[1] != kBucketBits || (bytes.size() - 2) % kEntry != 0)
    return false;
  std::vector<Bucket> buckets((bytes.size() - 2) / kEntry);
  int64_t total = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const char* at = bytes.data() + 2 + i * kEntry;
    std::memcpy(&buckets[i].first, at, sizeof(int32_t));
    std::memcpy(&buckets[i].second, at + sizeof(int32_t), sizeof(int64_t));
    const int32_t number = buckets[i].first;
    if ((number < -kInfinity || number > kInfinity) && number != kNaN) return false;
    if (buckets[i].second <= 0 || __builtin_add_overflow(total, buckets[i].second, &total)) return false;
    if (i > 0 && buckets[i - 1].first >= number) return false;
  }
  buckets_ = std::move(buckets);
  count_ = total;
  return true;
}

}  // namespace braid
