// Where a row stands among the rows that joins have made of one left row. All of them have the record of the left row;
// what tells them apart are the right rows that each has met, by time and place, in the order of the joins. Which right
// row came first does not show in it.
//
// `Record::pair` points to them: their size in bytes, u32, then for each right row its time, i64, source and partition,
// u32, position, i64, and the sequence number of the row, u64, which tells apart the rows of one record: big-endian, so
// that bytes are in the order of places. Of a right row that is such a row itself the right rows that it has met stand
// between its record and its sequence number, which has a place of its own then. They lie where the record lies: in the
// arena of the turn, or in the pool of what waits. Made only where a later step goes through rows of one instant in
// their order (runtime/operators/pair_order.h).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "runtime/data/arena.h"
#include "runtime/data/block.h"

namespace braid {

struct RightPlace {
  int64_t time = 0;
  uint32_t source = 0, partition = 0;
  int64_t position = 0;
  uint64_t sequence = 0;
};

inline constexpr size_t kRightPlaceBytes = 32;

inline void set_pair(Record& record, const char* pair) {
  record.pair = pair;
}

/// The places that `Record::pair` points to; null: none.
inline std::string_view pair_place(const char* pair) {
  if (pair == nullptr) return {};
  uint32_t size = 0;
  std::memcpy(&size, pair, sizeof(size));
  return {pair + sizeof(size), size};
}
/// The places, one after the other; empty: the row is of no such join, or has met no right row.
inline std::string_view pair_place(const Record& record) {
  return pair_place(record.pair);
}

/// With its size.
inline uint64_t pair_bytes(const char* pair) {
  return pair == nullptr ? 0 : sizeof(uint32_t) + pair_place(pair).size();
}

/// All that `Record::pair` points to; nothing: none.
inline Bytes pair_memory(const Record& record) {
  return {record.pair, pair_bytes(record.pair)};
}

inline uint64_t pair_bytes(const Record& record) {
  return pair_memory(record).size;
}

/// `memory` has room for the size and the places.
inline const char* write_pair(std::string_view places, char* memory) {
  const auto size = static_cast<uint32_t>(places.size());
  std::memcpy(memory, &size, sizeof(size));
  if (!places.empty()) std::memcpy(memory + sizeof(size), places.data(), places.size());
  return memory;
}

/// Writes kRightPlaceBytes and returns what is behind them.
inline char* write_right_place(const RightPlace& right, char* at) {
  constexpr uint64_t kSign = uint64_t{1} << 63;  // times and positions are ordered as signed numbers
  const auto put = [&at](auto swapped) {
    std::memcpy(at, &swapped, sizeof(swapped));
    at += sizeof(swapped);
  };
  put(__builtin_bswap64(static_cast<uint64_t>(right.time) ^ kSign));
  put(__builtin_bswap32(right.source));
  put(__builtin_bswap32(right.partition));
  put(__builtin_bswap64(static_cast<uint64_t>(right.position) ^ kSign));
  put(__builtin_bswap64(right.sequence));
  return at;
}

/// The row that `left` caused has met one more right row. `met`: the right rows that this one has met itself; they come
/// behind its record, and its number behind them.
inline const char* pair_behind(const Record& left, const RightPlace& right, std::string_view met, Arena& arena) {
  const std::string_view before = pair_place(left);
  const size_t added = met.empty() ? kRightPlaceBytes : 2 * kRightPlaceBytes + met.size();
  char* memory = arena.allocate_array<char>(sizeof(uint32_t) + before.size() + added);
  write_pair(before, memory);
  const auto size = static_cast<uint32_t>(before.size() + added);
  std::memcpy(memory, &size, sizeof(size));
  char* at = memory + sizeof(size) + before.size();
  if (!met.empty()) {
    at = write_right_place({right.time, right.source, right.partition, right.position, 0}, at);
    std::memcpy(at, met.data(), met.size());
    at += met.size();
  }
  write_right_place(right, at);
  return memory;
}

/// Relations have other numbers from here on.
template <class NumberOf>
void renumber_pair(char* places, size_t size, NumberOf number_of) {
  for (size_t at = 0; at + kRightPlaceBytes <= size; at += kRightPlaceBytes) {
    uint32_t source = 0;
    char* place = places + at + sizeof(RightPlace::time);
    std::memcpy(&source, place, sizeof(source));
    source = __builtin_bswap32(number_of(__builtin_bswap32(source)));
    std::memcpy(place, &source, sizeof(source));
  }
}

}  // namespace braid
