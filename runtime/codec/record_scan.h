// The loops of the pattern reader that touch every byte, every key or most values of its input. They use the widest
// registers of the processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// Readable bytes that the loops require behind every place they look at.
inline constexpr size_t kScanBytes = 64;

/// Bytes that stand in each record of a pattern, at a place that depends on the record.
struct ExpectedBytes {
  alignas(64) char begin[64] = {};  ///< the first of them
  uint64_t mask = 0;                ///< a bit for each of them
  std::string rest;                 ///< those behind the first 64
  size_t length = 0;                ///< of all of them
  uint32_t special = 0;             ///< where they stand: by this special byte of the record …
  uint32_t offset = 0;              ///< … which is that far behind their first
};

/// The values between two of them in `count` records, with `stride` special bytes each.
struct ValuePlaces {
  const char *begin, *end;          ///< text, moved by what lies between value and special byte
  const uint32_t *before, *behind;  ///< special bytes of the first record
  size_t stride, count;

  const char* begin_of(size_t i) const { return begin + before[i * stride]; }
  const char* end_of(size_t i) const { return end + behind[i * stride]; }
};

struct RecordScan {
  /// Writes the positions of all special bytes of text[begin, end): quotes, backslashes and control characters, line
  /// ends among them. Returns how many. `to` has room for `end - begin + 64`. `end` has kScanBytes behind it.
  size_t (*find_specials)(const char* text, uint32_t begin, uint32_t end, uint32_t* to);
  /// For `count` records with `stride` special bytes each, the first at `specials`: sets bits of differing[i] where
  /// other bytes stand in record i.
  void (*compare)(const ExpectedBytes& expected, const char* text, const uint32_t* specials, size_t stride,
                  size_t count, uint64_t* differing);
  /// Reads whole numbers; `to` null: only looks at them. Returns a bit for each of up to 64 values that it did not
  /// read: all that are no whole numbers of up to fifteen digits, and some that are. Places may be wrong, but
  /// kScanBytes can be read there.
  uint64_t (*read_integers)(const ValuePlaces& places, int64_t* to);
};

const RecordScan& best_record_scan();

/// The same for each kind of registers that this processor has, the best one first.
std::vector<RecordScan> record_scans();

}  // namespace braid
