// The exact sum of whole numbers and decimals: what is added is judged only when it is read. Trivially copyable.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// Two's complement in 192 bits: no number of 128-bit values that a job can read overflows it.
struct WideSum {
  uint64_t words[3];
  uint64_t count;

  /// −2^127 has no opposite; no value is that low.
  void take_out(int128 value) {
    add(-value);
    count -= 2;
  }
  void add(int128 value) {
    auto low = static_cast<uint128>(value);
    uint128 sum = static_cast<uint128>(words[0]) + static_cast<uint64_t>(low);
    words[0] = static_cast<uint64_t>(sum);
    sum = (sum >> 64) + words[1] + static_cast<uint64_t>(low >> 64);
    words[1] = static_cast<uint64_t>(sum);
    words[2] += static_cast<uint64_t>(sum >> 64) + (value < 0 ? UINT64_MAX : 0);
    ++count;
  }
  /// value · factor, which counts as no row.
  void add_times(int128 value, uint64_t factor) {
    const bool below = value < 0;
    const uint128 magnitude = below ? -static_cast<uint128>(value) : static_cast<uint128>(value);
    const uint128 low = static_cast<uint128>(static_cast<uint64_t>(magnitude)) * factor;
    const uint128 high = (magnitude >> 64) * factor + (low >> 64);
    WideSum product{{static_cast<uint64_t>(low), static_cast<uint64_t>(high), static_cast<uint64_t>(high >> 64)}, 0};
    if (below) product.negate();
    merge(product);
  }
  void merge(const WideSum& other) {
    uint64_t carry = 0;
    for (int i = 0; i < 3; ++i) {
      uint128 word = static_cast<uint128>(words[i]) + other.words[i] + carry;
      words[i] = static_cast<uint64_t>(word);
      carry = static_cast<uint64_t>(word >> 64);
    }
    count += other.count;
  }
  void negate() {
    uint64_t carry = 1;
    for (uint64_t& word : words) {
      word = ~word + carry;
      carry = carry != 0 && word == 0 ? 1 : 0;
    }
  }
  /// In decimal digits, `scale` of them behind the point.
  std::string text(int scale) const {
    uint64_t magnitude[3] = {words[0], words[1], words[2]};
    if (negative()) {
      uint64_t carry = 1;
      for (uint64_t& word : magnitude) {
        word = ~word + carry;
        carry = carry != 0 && word == 0 ? 1 : 0;
      }
    }
    std::string digits;
    const size_t fewest = scale == 0 ? 1 : static_cast<size_t>(scale) + 2;  // 0.00
    while (magnitude[0] != 0 || magnitude[1] != 0 || magnitude[2] != 0 || digits.size() < fewest) {
      uint64_t remainder = 0;
      for (int i = 2; i >= 0; --i) {
        uint128 part = (static_cast<uint128>(remainder) << 64) | magnitude[i];
        magnitude[i] = static_cast<uint64_t>(part / 10);
        remainder = static_cast<uint64_t>(part % 10);
      }
      digits.push_back(static_cast<char>('0' + remainder));
      if (digits.size() == static_cast<size_t>(scale)) digits.push_back('.');
    }
    if (negative()) digits.push_back('-');
    return {digits.rbegin(), digits.rend()};
  }
  bool negative() const { return words[2] >> 63 != 0; }
  bool value(int128* result) const {
    uint64_t sign = words[1] >> 63 != 0 ? UINT64_MAX : 0;
    *result = static_cast<int128>((static_cast<uint128>(words[1]) << 64) | words[0]);
    return words[2] == sign;
  }
  /// sum · 10^shift ÷ count, half-even; shift ≥ 0 and at most 38.
  bool mean(int shift, int128* result) const {
    uint64_t magnitude[5] = {words[0], words[1], words[2], 0, 0};
    if (negative()) {
      uint64_t carry = 1;
      for (int i = 0; i < 3; ++i) {
        magnitude[i] = ~magnitude[i] + carry;
        carry = carry != 0 && magnitude[i] == 0 ? 1 : 0;
      }
    }
    for (; shift > 0; --shift) {
      uint64_t carry = 0;
      for (uint64_t& word : magnitude) {
        uint128 product = static_cast<uint128>(word) * 10 + carry;
        word = static_cast<uint64_t>(product);
        carry = static_cast<uint64_t>(product >> 64);
      }
      if (carry != 0) return false;
    }
    uint64_t remainder = 0;
    for (int i = 4; i >= 0; --i) {
      uint128 part = (static_cast<uint128>(remainder) << 64) | magnitude[i];
      magnitude[i] = static_cast<uint64_t>(part / count);
      remainder = static_cast<uint64_t>(part % count);
    }
    uint64_t other_half = count - remainder;
    if (remainder > other_half || (remainder == other_half && (magnitude[0] & 1) != 0))
      for (uint64_t& word : magnitude)
        if (++word != 0) break;
    if (magnitude[2] != 0 || magnitude[3] != 0 || magnitude[4] != 0 || magnitude[1] >> 63 != 0) return false;
    auto quotient = static_cast<int128>((static_cast<uint128>(magnitude[1]) << 64) | magnitude[0]);
    *result = negative() ? -quotient : quotient;
    return true;
  }
};

inline int scale_of(const Type& type) {
  return is(type, TypeKind::decimal) ? type->scale : 0;
}

}  // namespace braid
