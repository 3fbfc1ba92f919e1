// The elements of a list in order. Compiled to bitcode with the functions that use it.
#pragma once

#include <utility>

#include "runtime/declare/native.h"

namespace braid {

/// Positions of a list's elements in order, equal ones as they stood: merge sort, so that n is bounded by n log n.
static const Slot** sorted(CallContext& context, const AnyList& list) {
  const uint64_t count = list.count;
  auto** from = reinterpret_cast<const Slot**>(allocate(context, count * sizeof(Slot*)));
  auto** to = reinterpret_cast<const Slot**>(allocate(context, count * sizeof(Slot*)));
  for (uint64_t i = 0; i < count; ++i) from[i] = list.at(i);
  for (uint64_t width = 1; width < count; width *= 2) {
    for (uint64_t start = 0; start < count; start += 2 * width) {
      uint64_t left = start, right = start + width < count ? start + width : count;
      const uint64_t middle = right, end = start + 2 * width < count ? start + 2 * width : count;
      for (uint64_t out = start; out < end; ++out) {
        const bool take_left = left < middle && (right >= end || list.layout.compare(from[left], from[right]) <= 0);
        to[out] = take_left ? from[left++] : from[right++];
      }
    }
    std::swap(from, to);
  }
  return from;
}

}  // namespace braid
