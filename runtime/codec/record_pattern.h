// What the records of a stream have in common: all bytes but those of the values. A record whose bytes between the
// values equal those of the pattern has the same keys in the same objects, so it means the same with other values.
//
// Found from one record that is known to be well formed. Immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/codec/decoder.h"
#include "runtime/codec/record_scan.h"

namespace braid {

struct RecordPattern {
  struct Value {
    bool text = false;   ///< stands in quotes, which are part of the bytes around it
    int32_t field = -1;  ///< of the touched fields, the one that reads it; below 0: nothing does
    int depth = 0;       ///< objects around it
  };
  /// Before, between and behind the values: one more than these. The last one ends with the line end. The special bytes
  /// of a record are those of all these bytes, in order, and no others: values contain none.
  std::vector<ExpectedBytes> between;
  std::vector<Value> values;
  std::vector<uint32_t> missing;  ///< touched fields that no value is for
  size_t specials = 0;            ///< of a record
  size_t most_before = 0;         ///< the greatest ExpectedBytes::offset
  size_t line_end = 1;            ///< bytes behind what counts as the record: `\n` or `\r\n`
};

/// By number of the touched field, its place in a record.
using FieldPaths = std::vector<std::vector<std::string>>;
FieldPaths touched_paths(const DecodePlan& plan);

/// Whether patterns can serve these fields: none stands in another one or has the same path.
bool fits_patterns(FieldPaths paths);

/// `line`: a record that has been read without a fault in its structure, with its `\n`, followed by
/// kScanPadding readable bytes. None: it has no form that could be met again.
std::optional<RecordPattern> find_pattern(const FieldPaths& paths, std::string_view line);

}  // namespace braid
