#include "runtime/codec/key_order.h"

#include <algorithm>

namespace braid {
namespace {

/// How many keys behind the expected one are compared before one is looked up. A look-up takes as long as a few.
constexpr int kNear = 4;
/// So often in a row in vain, and only now and then they are: the keys have no order.
constexpr uint32_t kOftenInVain = 16, kNowAndThen = 32;
/// Places of the table that are tried for a key: names that are made to meet in one place cost no more than that.
constexpr uint64_t kMostTried = 24;
constexpr uint32_t kFewPlaces = 7;         // as a power of two
constexpr size_t kMostPlacesForAKey = 16;  // where there are more, it is the names that meet

uint64_t mix(uint64_t hash, uint64_t word) {
  const auto product = static_cast<unsigned __int128>(hash ^ word) * 0x9E37'79B9'7F4A'7C15;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// Of 1 to kMostBytes bytes; the seven behind them may be read.
uint64_t hash_bytes(const char* at, size_t length) {
  uint64_t hash = length * 0xD6E8'FEB8'6659'FD93, word = 0;
  for (; length > 8; length -= 8, at += 8) {
    std::memcpy(&word, at, 8);
    hash = mix(hash, word);
  }
  std::memcpy(&word, at, 8);
  return mix(hash, word << (64 - 8 * length)) * 0xD6E8'FEB8'6659'FD93;
}

}  // namespace

KeyOrder::KeyOrder() {
  none_.next = &none_;
  start_.next = &none_;
  make_places(kFewPlaces);
}

PredictedKey* KeyOrder::find_near(const PredictedKey* last, const char* at) {
  // What is expected in front holds the `{`, which must not stand behind a value, and nothing is behind it.
  if (last == &start_) return nullptr;
  if (in_vain_ > kOftenInVain && in_vain_ % kNowAndThen != 0) {
    ++in_vain_;
    return nullptr;
  }
  PredictedKey* key = last->next->next;
  for (int i = 0; i < kNear && key != &none_; ++i, key = key->next) {
    if (!stands_at(*key, at)) continue;
    in_vain_ = 0;
    return key;
  }
  ++in_vain_;
  return nullptr;
}

PredictedKey* KeyOrder::find(PredictedKey* last, const char* at, size_t length) {
  const uint64_t hash = hash_bytes(at, length), mask = places_.size() - 1;
  uint64_t index = first_place(hash);
  for (uint64_t tried = 0; tried < kMostTried; ++tried, index = (index + 1) & mask) {
    const Place& place = places_[index];
    if (place.key == 0) return nullptr;
    if (place.hash != static_cast<uint32_t>(hash)) continue;
    PredictedKey& key = keys_[place.key - 1];
    if (key.length != length || !stands_at(key, at)) continue;
    last->next = &key;
    return &key;
  }
  return nullptr;
}

PredictedKey* KeyOrder::add(PredictedKey* last, const char* at, size_t length, int32_t child) {
  if (keys_.size() == kMostKeys) {
    keys_.clear();
    rests_.clear();
    start_.next = &none_;
    make_places(kFewPlaces);
    if (last != &start_) {
      passed_.next = &none_;
      last = &passed_;
    }
  }
  const size_t count = keys_.size() + 1;
  const uint64_t hash = hash_bytes(at, length);
  if (2 * count > places_.size()) make_places(64 - shift_ + 1);
  while (!place(hash, static_cast<uint32_t>(count))) {
    if (places_.size() >= kMostPlacesForAKey * count) return pass(last, length, child);
    make_places(64 - shift_ + 1);
  }
  PredictedKey& key = keys_.emplace_back();
  std::memcpy(key.begin, at, std::min(length, sizeof key.begin));
  key.mask = length >= 32 ? ~uint32_t{0} : (uint32_t{1} << length) - 1;
  key.length = static_cast<uint32_t>(length);
  key.child = child;
  if (length > 32) key.rest = rests_.emplace_back(at + 32, length - 32).data();
  // Between the two that it stood between. Behind the first key comes what came behind the first one before.
  key.next = last == &start_ ? last->next->next : last->next;
  last->next = &key;
  return &key;
}

PredictedKey* KeyOrder::pass(const PredictedKey* last, size_t length, int32_t child) {
  passed_.next = last == &start_ ? last->next->next : last->next;
  passed_.length = static_cast<uint32_t>(length);
  passed_.child = child;
  passed_.value_length = 0;
  passed_.steady = 0;
  return &passed_;
}

bool KeyOrder::place(uint64_t hash, uint32_t key) {
  uint64_t index = first_place(hash);
  for (uint64_t tried = 0; tried < kMostTried; ++tried, index = (index + 1) & (places_.size() - 1)) {
    if (places_[index].key != 0) continue;
    places_[index] = {static_cast<uint32_t>(hash), key};
    return true;
  }
  return false;
}

void KeyOrder::make_places(uint32_t bits) {
  shift_ = 64 - bits;
  places_.assign(size_t{1} << bits, {});
  for (size_t i = 0; i < keys_.size(); ++i) {
    char text[kMostBytes + 8];
    const PredictedKey& key = keys_[i];
    std::memcpy(text, key.begin, sizeof key.begin);
    if (key.rest != nullptr) std::memcpy(text + 32, key.rest, key.length - size_t{32});
    place(hash_bytes(text, key.length), static_cast<uint32_t>(i + 1));
  }
}

}  // namespace braid
