// About which value lies at a share of many: a count for each bucket of values that are nearly alike. The relative
// error is at most 1/128 (0.79 %). A sketch follows from the values alone, values can be taken out again, and sketches
// merge by adding, so order and how it came about do not show (DDSketch: Masson, Rim, Lee 2019; its buckets are linear
// between powers of two, so that they follow from a float's bits).
//
// Zero has a bucket of its own, as have the infinities; NaN is the greatest. Values below 2^-1022 are known only to
// that. Of floats there are at most 2^18 buckets; data that spans ten powers of two fills 640.
// Owns its memory; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {

class QuantileSketch {
 public:
  /// `count`: negative takes values out that are there.
  void add(double value, int64_t count);
  void merge(const QuantileSketch& other);
  int64_t count() const { return count_; }
  /// The value of which `billionths` of the others lie below; count() is above 0.
  double at(uint64_t billionths) const;

  /// Bytes that never change their meaning: form u8 (1), bits of a bucket u8 (6), then for each bucket, ascending, its
  /// number i32 and its count i64.
  void write(std::string& out) const;
  /// False: these are no such bytes, and the sketch is as it was.
  bool read(std::string_view bytes);

  uint64_t memory() const { return buckets_.capacity() * sizeof(Bucket); }

 private:
  using Bucket = std::pair<int32_t, int64_t>;
  void change(int32_t number, int64_t count);

  std::vector<Bucket> buckets_;  ///< ascending, none is empty
  int64_t count_ = 0;
};

}  // namespace braid
