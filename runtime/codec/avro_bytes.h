// Numbers and texts as Avro writes them, at the end of a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/abi/avro_functions.h"

namespace braid {

/// Zigzag, seven bits a byte, the lowest first.
inline void append_avro_long(std::string& out, int64_t number) {
  uint64_t bits = to_zigzag(number);
  for (; bits > 0x7F; bits >>= 7) out.push_back(static_cast<char>(bits | 0x80));
  out.push_back(static_cast<char>(bits));
}

/// Behind its length.
inline void append_avro_text(std::string& out, std::string_view text) {
  append_avro_long(out, static_cast<int64_t>(text.size()));
  out += text;
}

}  // namespace braid
