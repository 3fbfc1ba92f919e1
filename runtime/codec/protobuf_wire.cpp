#include "runtime/codec/protobuf_wire.h"

#include <cstring>

namespace braid {
namespace {

constexpr std::string_view kTooShort = "it ends too early";
constexpr std::string_view kBadNumber = "a number has no end";
constexpr std::string_view kBadTag = "a field has a number that no field can have";
constexpr std::string_view kBadLength = "a length goes beyond its end";
constexpr std::string_view kBadType = "a field has a wire type that there is not";
constexpr std::string_view kBadGroup = "a group ends that has not begun";
constexpr std::string_view kTooDeep = "groups are nested too deep";
constexpr int kMostGroups = 100;
constexpr uint64_t kMostNumber = (uint64_t{1} << 29) - 1;

class FieldReader {
 public:
  FieldReader(const char* end, std::string_view& reason, const char*& broken_at)
      : end_(end), reason_(reason), broken_at_(broken_at) {}

  const char* read(const char* at, WireValue& value) {
    at = read_one(at, value);
    if (at == nullptr) return nullptr;
    if (value.type == WireType::end_group) return broken(begin_, kBadGroup);
    return value.type == WireType::group ? pass_group(at, value.number) : at;
  }

 private:
  const char* broken(const char* at, std::string_view reason) {
    broken_at_ = at;
    reason_ = reason;
    return nullptr;
  }

  /// Of a group only its tag.
  const char* read_one(const char* at, WireValue& value) {
    begin_ = at;
    uint64_t tag = 0;
    at = read_wire_varint(at, end_, &tag);
    if (at == nullptr) return broken(begin_, kBadNumber);
    if (tag >> 3 == 0 || tag >> 3 > kMostNumber) return broken(begin_, kBadTag);
    value.number = static_cast<uint32_t>(tag >> 3);
    value.type = static_cast<WireType>(tag & 7);
    const char* behind = at;
    switch (value.type) {
      case WireType::varint:
        at = read_wire_varint(at, end_, &value.bits);
        return at != nullptr ? at : broken(behind, kBadNumber);
      case WireType::fixed64:
        if (end_ - at < 8) return broken(at, kTooShort);
        std::memcpy(&value.bits, at, 8);
        return at + 8;
      case WireType::fixed32: {
        if (end_ - at < 4) return broken(at, kTooShort);
        uint32_t bits = 0;
        std::memcpy(&bits, at, 4);
        value.bits = bits;
        return at + 4;
      }
      case WireType::sized: {
        uint64_t size = 0;
        at = read_wire_varint(at, end_, &size);
        if (at == nullptr) return broken(behind, kBadNumber);
        if (size > static_cast<uint64_t>(end_ - at)) return broken(behind, kBadLength);
        value.bytes = {at, static_cast<size_t>(size)};
        return at + size;
      }
      case WireType::group:
      case WireType::end_group:
        return at;
    }
    return broken(begin_, kBadType);
  }

  const char* pass_group(const char* at, uint32_t number) {
    uint32_t open[kMostGroups];
    int depth = 0;
    open[depth++] = number;
    WireValue inner;
    while (depth > 0) {
      if (at == end_) return broken(at, kTooShort);
      at = read_one(at, inner);
      if (at == nullptr) return nullptr;
      if (inner.type == WireType::group) {
        if (depth == kMostGroups) return broken(begin_, kTooDeep);
        open[depth++] = inner.number;
      } else if (inner.type == WireType::end_group && open[--depth] != inner.number) {
        return broken(begin_, kBadGroup);
      }
    }
    return at;
  }

  const char* end_;
  std::string_view& reason_;
  const char*& broken_at_;
  const char* begin_ = nullptr;  ///< of the field at hand
};

}  // namespace

const char* read_any_wire_field(const char* at, const char* end, WireValue& value, std::string_view& reason,
                                const char*& broken_at) {
  return FieldReader(end, reason, broken_at).read(at, value);
}

}  // namespace braid
