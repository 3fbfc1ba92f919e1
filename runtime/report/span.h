// A place in a script: byte offsets into one source file.
#pragma once

#include <cstdint>

namespace braid {

/// Half open: [begin, end). `file` is an index into the compilation's source files (source_set.h).
struct Span {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool empty() const { return begin == end; }
  friend bool operator==(const Span&, const Span&) = default;
};

/// From the start of `first` to the end of `last`, both in one file.
inline Span cover(Span first, Span last) {
  return {first.file, first.begin < last.begin ? first.begin : last.begin, first.end > last.end ? first.end : last.end};
}

}  // namespace braid
