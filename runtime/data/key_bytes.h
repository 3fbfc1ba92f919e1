// Keys as bytes: two keys are equal exactly if their bytes are, and the bytes never change, so they may be stored,
// hashed and compared everywhere.
//
// Per leaf, in order; little-endian. u8: 1 byte. i32: 4. i64: 8. f64: 8, with -0 written as 0 and every NaN as one NaN.
// i128: 16. bytes: length u32, then the bytes. list: count u32, then the leaves of each element. Absent values (a
// presence or status leaf says so) end with that leaf. Numbers do not sort by these bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

inline constexpr uint32_t kSlices = 64;

/// Never changes: state rows, slices and the order of output depend on it.
inline constexpr uint64_t kHashSeed = 0x4272'6169'6431'0001;

/// Appends the canonical bytes of one value of that type.
void append_key_bytes(const Type& type, const Slot* slots, std::string& out);

/// XXH3-64 with kHashSeed.
uint64_t key_hash(std::string_view key_bytes);
/// One of 64 fixed ranges of the hash.
constexpr uint32_t slice_of(uint64_t hash) {
  return static_cast<uint32_t>(hash >> 58);
}

}  // namespace braid
