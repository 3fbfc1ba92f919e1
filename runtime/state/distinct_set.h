// A set of values, each with a mask of up to 32 bits: bit i says that the i-th of its owner's counts has it. Flat open
// addressing in memory of the pool: a slot holds the value or where its bytes are, so that a probe reads one cache line
// and a new value allocates nothing. Nothing leaves a set but all of it.
//
// Zeroed memory is an empty set. The order of visits is never meaningful. One thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/chunked_bytes.h"

namespace braid {

/// Both halves of the product: every bit of the value reaches every bit of the hash.
inline uint64_t hash_bits(uint64_t value) {
  uint128 product = static_cast<uint128>(value ^ 0x9E37'79B9'7F4A'7C15) * 0xD6E8'FEB8'6659'FD93;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// Bytes of values, one behind the other: a size u32 in front of each.
class ValueBytes {
 public:
  const char* add(std::string_view value, BlobPool& pool) {
    char* at = bytes_.add(sizeof(uint32_t) + value.size(), pool);
    auto length = static_cast<uint32_t>(value.size());
    std::memcpy(at, &length, sizeof(length));
    if (length > 0) std::memcpy(at + sizeof(length), value.data(), length);
    return at;
  }
  static std::string_view view(const char* at) {
    uint32_t length = 0;
    std::memcpy(&length, at, sizeof(length));
    return {at + sizeof(length), length};
  }
  void end(BlobPool& pool) { bytes_.end(pool); }

 private:
  ChunkedBytes<96, 2, 256 * 1024> bytes_;  ///< a set of few values stays small
};

/// Values of at most 8 bytes, as one integer.
struct NarrowValues {
  using Value = uint64_t;
  struct Slot {
    uint64_t value;
    uint32_t mask;  ///< 0: an empty slot
    bool holds(Value other, uint64_t) const { return value == other; }
    uint64_t hash() const { return hash_bits(value); }
    Value content() const { return value; }
  };
  static uint64_t hash(Value value) { return hash_bits(value); }
  static void fill(Slot& slot, Value value, uint64_t, ValueBytes&, BlobPool&) { slot.value = value; }
};

/// Values of at most 16 bytes.
struct WideValues {
  struct Value {
    uint64_t low, high;
    bool operator==(const Value&) const = default;
  };
  struct Slot {
    Value value;
    uint32_t mask;
    bool holds(const Value& other, uint64_t) const { return value == other; }
    uint64_t hash() const { return WideValues::hash(value); }
    Value content() const { return value; }
  };
  static uint64_t hash(const Value& value) { return hash_bits(hash_bits(value.low) ^ value.high); }
  static void fill(Slot& slot, const Value& value, uint64_t, ValueBytes&, BlobPool&) { slot.value = value; }
};

/// Any other values, as bytes.
struct ByteValues {
  using Value = std::string_view;
  struct Slot {
    uint64_t value_hash;
    const char* bytes;
    uint32_t mask;
    bool holds(Value other, uint64_t other_hash) const {
      return value_hash == other_hash && ValueBytes::view(bytes) == other;
    }
    uint64_t hash() const { return value_hash; }
    Value content() const { return ValueBytes::view(bytes); }
  };
  static uint64_t hash(Value value) { return key_hash(value); }
  static void fill(Slot& slot, Value value, uint64_t hash, ValueBytes& bytes, BlobPool& pool) {
    slot.value_hash = hash;
    slot.bytes = bytes.add(value, pool);
  }
};

template <class Values>
class DistinctSet {
 public:
  using Value = typename Values::Value;

  uint32_t size() const { return size_; }
  void prefetch(uint64_t hash) const {
    if (slots_ != nullptr) __builtin_prefetch(&slots_[home(hash)], 1);
  }
  /// Returns the bits of `mask` that the value did not have. `mask` is not 0; `hash` is Values::hash(value).
  uint32_t add(const Value& value, uint64_t hash, uint32_t mask, BlobPool& pool) {
    if (slots_ == nullptr) resize(kFirstLog, pool);
    uint64_t at = home(hash);
    while (slots_[at].mask != 0 && !slots_[at].holds(value, hash)) at = (at + 1) & last();
    if (slots_[at].mask == 0) {
      if (uint64_t{size_ + 1} * 4 > capacity() * 3) {
        resize(log_ + 1, pool);
        at = gap(hash);
      }
      Values::fill(slots_[at], value, hash, bytes_, pool);
      ++size_;
    }
    const uint32_t bits = mask & ~slots_[at].mask;
    slots_[at].mask |= bits;
    return bits;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    if (slots_ == nullptr) return;
    for (uint64_t at = 0; at < capacity(); ++at)
      if (slots_[at].mask != 0) visit(slots_[at].content(), slots_[at].mask);
  }
  /// Gives its memory back; what is left is an empty set.
  void end(BlobPool& pool) {
    bytes_.end(pool);
    if (slots_ != nullptr) pool.release(reinterpret_cast<char*>(slots_), capacity() * sizeof(Slot));
    std::memset(static_cast<void*>(this), 0, sizeof(*this));
  }

 private:
  using Slot = typename Values::Slot;
  static constexpr uint32_t kFirstLog = 2, kLargestLog = 31;

  uint64_t capacity() const { return uint64_t{1} << log_; }
  uint64_t last() const { return capacity() - 1; }
  /// By the top bits: to grow keeps the order, so it walks through both tables.
  uint64_t home(uint64_t hash) const { return hash >> (64 - log_); }
  uint64_t gap(uint64_t hash) const {
    uint64_t at = home(hash);
    while (slots_[at].mask != 0) at = (at + 1) & last();
    return at;
  }
  void resize(uint32_t log, BlobPool& pool) {
    BRAID_CHECK(log <= kLargestLog, "a set of more than 1.6 billion different values");
    Slot* old = slots_;
    uint64_t old_capacity = old == nullptr ? 0 : capacity();
    log_ = log;
    uint64_t bytes = capacity() * sizeof(Slot);
    slots_ = reinterpret_cast<Slot*>(pool.allocate(bytes));
    std::memset(static_cast<void*>(slots_), 0, bytes);
    for (uint64_t from = 0; from < old_capacity; ++from) {
      if (old[from].mask == 0) continue;
      slots_[gap(old[from].hash())] = old[from];
    }
    if (old != nullptr) pool.release(reinterpret_cast<char*>(old), old_capacity * sizeof(Slot));
  }

  Slot* slots_;
  ValueBytes bytes_;
  uint32_t size_;
  uint32_t log_;  ///< of the number of slots
};

}  // namespace braid
