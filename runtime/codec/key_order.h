// The keys of one JSON object as the records before had them, and which is expected behind which.
//
// A reader compares the text with the key that is expected; only where that fails it asks here. Then the next few keys
// are compared, which finds what stands behind fields that were left out. All else is found by its bytes, in a hash
// table. So a key costs the same in records of any width, and in any order.
//
// One thread. Keys stay where they are until add() starts afresh.
#pragma once

#include <emmintrin.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "runtime/abi/record_frame.h"

namespace braid {

class KeyOrder {
 public:
  /// The most bytes of a key, from behind the last value to the value: comparing more could read beyond the padding.
  static constexpr size_t kMostBytes = kScanPadding - 32;
  /// More keys than that, and prediction starts afresh: records bring new names again and again.
  static constexpr size_t kMostKeys = 16 * 1024;

  KeyOrder();
  KeyOrder(const KeyOrder&) = delete;

  /// Stands before the first key of an object.
  PredictedKey* start() { return &start_; }
  /// One of the next few keys behind `last` if it stands at `at`, else null.
  PredictedKey* find_near(const PredictedKey* last, const char* at);
  /// The key that consists of the `length` bytes at `at`, which is expected behind `last` from now on. Null: it is new.
  PredictedKey* find(PredictedKey* last, const char* at, size_t length);
  /// A key that find() does not know. `child` as in PredictedKey.
  PredictedKey* add(PredictedKey* last, const char* at, size_t length, int32_t child);
  /// A key of `length` bytes that is not remembered: valid until the next call.
  PredictedKey* pass(const PredictedKey* last, size_t length, int32_t child);

  size_t size() const { return keys_.size(); }

 private:
  struct Place {
    uint32_t hash = 0;
    uint32_t key = 0;  ///< 1 + its index; 0: free
  };

  uint64_t first_place(uint64_t hash) const { return hash >> shift_; }
  bool place(uint64_t hash, uint32_t key);
  void make_places(uint32_t bits);

  PredictedKey start_, none_, passed_;
  std::deque<PredictedKey> keys_;
  std::deque<std::string> rests_;
  std::vector<Place> places_;
  uint32_t shift_ = 0;
  uint32_t in_vain_ = 0;  ///< calls of find_near in a row
};

/// Never for what ends the keys, unless the text is broken.
inline bool stands_at(const PredictedKey& key, const char* at) {
  const __m128i* expected = reinterpret_cast<const __m128i*>(key.begin);
  const __m128i* found = reinterpret_cast<const __m128i*>(at);
  auto low = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(found), expected[0])));
  auto high = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(found + 1), expected[1])));
  if ((~(low | high << 16) & key.mask) != 0) return false;
  return key.rest == nullptr || std::memcmp(at + 32, key.rest, key.length - size_t{32}) == 0;
}

}  // namespace braid
