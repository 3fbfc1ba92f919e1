// What expressions need beyond plain arithmetic: the order of floats and texts, concatenation of texts and lists, and
// the values beside a row. The interpreter calls these; the code generator links them as bitcode
// (compiler/codegen/linked/row_operations.cpp). So they are C-shaped, throw nothing and touch only their arguments and
// the turn's memory. A result that would be longer than kLongestText has no memory; the caller then fails.
#pragma once

#include <cstdint>
#include <cstring>

#include "runtime/data/block.h"
#include "runtime/declare/function.h"
#include "runtime/declare/layout.h"

/// Memory of the turn, aligned to 16 bytes (runtime/declare/native.cpp).
extern "C" char* braid_allocate(braid::CallContext* context, uint64_t bytes);

namespace braid::rows {

inline Slot* allocate_slots(CallContext* call, uint64_t count) {
  return reinterpret_cast<Slot*>(braid_allocate(call, count * sizeof(Slot)));
}

/// The processor chooses sign and payload of a NaN that arithmetic makes; rows have a single NaN.
inline double one_nan(double value) {
  return value == value ? value : __builtin_nan("");
}

/// Whether values of the type that `type_layout` describes are equal; both have that layout.
inline bool equal_values(const char* type_layout, const Slot* a, const Slot* b) {
  return layout::compare(type_layout, a, b) == 0;
}

/// The longest list of elements of `width` slots.
constexpr uint64_t longest_list(uint64_t width) {
  return kLongestText / ((width == 0 ? 1 : width) * sizeof(Slot));
}

/// Texts one after the other, in the turn's memory; none if they are longer than kLongestText.
inline Bytes concatenate(CallContext* call, const Bytes* parts, uint64_t count) {
  uint64_t size = 0;
  for (uint64_t i = 0; i < count; ++i) size += parts[i].size;
  if (size == 0 || size > kLongestText) return {nullptr, size};
  char* text = braid_allocate(call, size);
  char* end = text;
  for (uint64_t i = 0; i < count; ++i) {
    if (parts[i].size == 0) continue;
    std::memcpy(end, parts[i].data, parts[i].size);
    end += parts[i].size;
  }
  return {text, size};
}

/// `width` slots an element; no elements if there are more than longest_list(width).
inline List append_lists(CallContext* call, List a, List b, uint64_t width) {
  if (a.count + b.count > longest_list(width)) return {nullptr, a.count + b.count};
  if (b.count == 0) return a;
  if (a.count == 0) return b;
  Slot* items = allocate_slots(call, (a.count + b.count) * width);
  std::memcpy(items, a.items, a.count * width * sizeof(Slot));
  std::memcpy(items + a.count * width, b.items, b.count * width * sizeof(Slot));
  return {items, a.count + b.count};
}

inline List copy_list(CallContext* call, const Slot* items, uint64_t count, uint64_t width) {
  if (count == 0) return {nullptr, 0};
  Slot* copied = allocate_slots(call, count * width);
  std::memcpy(copied, items, count * width * sizeof(Slot));
  return {copied, count};
}

/// `xs.f`: slots [first, first + taken) of each element of `width` slots.
inline List list_field(CallContext* call, List list, uint64_t width, uint64_t first, uint64_t taken) {
  if (list.count == 0) return {nullptr, 0};
  Slot* items = allocate_slots(call, list.count * taken);
  for (uint64_t i = 0; i < list.count; ++i)
    std::memcpy(items + i * taken, list.items + i * width + first, taken * sizeof(Slot));
  return {items, list.count};
}

/// The lists in `lists` one after the other, `width` slots an element; no elements if there are more than
/// longest_list(width).
inline List join_lists(CallContext* call, const Slot* lists, uint64_t count, uint64_t width) {
  uint64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) total += lists[i].list.count;
  if (total == 0 || total > longest_list(width)) return {nullptr, total};
  Slot* items = allocate_slots(call, total * width);
  Slot* end = items;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t slots = lists[i].list.count * width;
    if (slots > 0) std::memcpy(end, lists[i].list.items, slots * sizeof(Slot));
    end += slots;
  }
  return {items, total};
}

inline uint64_t mix(uint64_t state, uint64_t value) {
  // The finaliser of SplitMix64 over a running state: it never changes, since replay must repeat it.
  uint64_t z = (state ^ value) + 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/// hash (job, source, partition, position, site).
inline uint64_t random_bits(const CallContext* call, const Record* record, uint32_t site) {
  uint64_t state = mix(0, call->job_seed);
  state = mix(state, (static_cast<uint64_t>(record->source) << 32) | record->partition);
  state = mix(state, static_cast<uint64_t>(record->position));
  return mix(state, site);
}

/// In [0, 1): 53 bits.
inline double random_float(const CallContext* call, const Record* record, uint32_t site) {
  return static_cast<double>(random_bits(call, record, site) >> 11) * 0x1p-53;
}

/// Version 4, variant 1; the bytes in memory are the UUID's.
inline int128 random_uuid(const CallContext* call, const Record* record, uint32_t site) {
  uint64_t first = random_bits(call, record, site);
  uint64_t bits[2] = {first, mix(first, ~static_cast<uint64_t>(site))};
  unsigned char bytes[16];
  std::memcpy(bytes, bits, 16);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  int128 value;
  std::memcpy(&value, bytes, 16);
  return value;
}

/// The leaves of { source: string, partition: string, position: int, line: int }.
inline void origin(const CallContext* call, const Record* record, Slot* result) {
  result[0] = slot_bytes({});
  result[1] = slot_bytes({});
  if (call->source_names != nullptr) result[0].bytes = call->source_names[record->source];
  if (call->partition_names != nullptr) result[1].bytes = call->partition_names[record->source][record->partition];
  result[2] = slot_i64(record->position);
  result[3] = slot_i64(record->line == kMadeByWindow ? 0 : record->line);
}

}  // namespace braid::rows
