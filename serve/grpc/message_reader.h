// Messages of Protobuf field by field, for the few that services have themselves. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "runtime/codec/protobuf_wire.h"

namespace braid::serve {

/// Calls `field` for each field of a message. False: it is broken.
template <class Take>
bool read_message(std::string_view bytes, Take field) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  while (at < end) {
    WireValue value;
    std::string_view reason;
    const char* broken_at = nullptr;
    at = read_wire_field(at, end, value, reason, broken_at);
    if (at == nullptr) return false;
    field(value);
  }
  return true;
}

inline void append_sized(std::string& out, uint32_t number, std::string_view bytes) {
  append_wire_tag(out, number, WireType::sized);
  append_wire_varint(out, bytes.size());
  out += bytes;
}

/// Not if it is 0, which a reader takes where there is nothing.
inline void append_number(std::string& out, uint32_t number, uint64_t value) {
  if (value == 0) return;
  append_wire_tag(out, number, WireType::varint);
  append_wire_varint(out, value);
}

}  // namespace braid::serve
