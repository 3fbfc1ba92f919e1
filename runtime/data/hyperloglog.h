// HyperLogLog: about how many different values there are, in at most 12 KiB. A sketch follows from the set of hashes
// alone: neither order nor repetition nor how sketches were merged affects it or its bytes. 2^14 registers: the
// standard error is 0.81 %.
//
// Few values are kept as 25 bits of their hash and a rank each, which counts them nearly exactly (the sparse form of
// Heule, Nunkesser, Hall: HyperLogLog in Practice, 2013). The estimate of the registers is Ertl's (New cardinality
// estimation algorithms for HyperLogLog sketches, 2017), which needs no tables of corrections.
// Owns its memory; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

class HyperLogLog {
 public:
  /// A hash of 64 good bits.
  void add(uint64_t hash);
  void merge(const HyperLogLog& other);
  /// Rounded to a whole number.
  int64_t estimate() const;

  /// Bytes that never change their meaning: form u8 (1), registers' bits u8 (14), 0 and sparse entries u32, or 1 and
  /// registers of 6 bits, the lowest first.
  void write(std::string& out) const;
  /// False: these are no such bytes, and the sketch is as it was.
  bool read(std::string_view bytes);

  uint64_t memory() const { return sparse_.capacity() * sizeof(uint32_t) + registers_.capacity(); }

 private:
  void add_sparse(uint32_t entry);
  void add_dense(uint32_t entry);
  void make_dense();

  std::vector<uint32_t> sparse_;    ///< ascending: 25 bits of hash, 6 bits of rank
  std::vector<uint8_t> registers_;  ///< empty while sparse
};

}  // namespace braid
