// Where turns end: the next 256 KB or less of whole records, a longer record alone. Depends on the bytes only, so every
// run cuts in the same way.
//
// NDJSON records end with a line end; CSV records with a line end outside of quotes. A CSV quote without a closing
// quote within kMaxRecordBytes has no effect: the record ends with its first line, and is rejected.
//
// Avro: whoever unpacks the blocks of a file cuts its turns (runtime/connect); here a text is one turn.
//
// Line ends: LF or CRLF in NDJSON. In CSV also a CR alone, as old spreadsheets write it, and CRCRLF, a CRLF that was
// converted twice. A CR at the end of the available bytes may be the first byte of a longer line end.
// Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/codec/decoder.h"

namespace braid {

inline constexpr size_t kTurnBytes = 256 * 1024;
inline constexpr size_t kLongestLineEnd = 3;
/// This many bytes from a turn's beginning are always enough to cut it.
inline constexpr size_t kCutLookahead = kTurnBytes + kMaxRecordBytes + kLongestLineEnd + 1;

/// How the records of a partition are told apart.
struct RecordForm {
  // NOLINTNEXTLINE(google-explicit-constructor): a format is a form
  RecordForm(Format which = Format::ndjson, char separates = ',', char quotes = '"')
      : format(which), separator(separates), quote(quotes) {}

  Format format;
  char separator;  ///< CSV: between cells
  char quote;      ///< CSV: around cells; 0: there are no quotes
  /// Avro: what the records must have. Null: anything.
  std::shared_ptr<const DecodePlan> fields = {};
};

inline RecordForm record_form(const DecodePlan& plan) {
  RecordForm form(plan.format, plan.separator, plan.quote);
  if (plan.format == Format::avro) form.fields = std::make_shared<const DecodePlan>(plan);
  return form;
}

struct TurnCut {
  size_t bytes = 0;  ///< of the turn, line ends included; 0: more of the input is needed
  bool long_record =
      false;  ///< one record that is longer than kMaxRecordBytes; if `bytes` is 0 its end is not known yet
};

/// What follows the bytes at hand.
enum class Follows : uint8_t {
  more,    ///< more of the input
  later,   ///< nothing yet: a last record without line end is not part of the turn
  nothing  ///< nothing: what is there is the last record
};

TurnCut cut_turn(const RecordForm& form, std::string_view available, Follows follows);

/// Length of the first record with its line end; 0 if it does not end in `available` and not `at_end`. CSV records that
/// take more than kMaxRecordBytes because of an open quote end with their first line.
size_t first_record_bytes(const RecordForm& form, std::string_view available, bool at_end);

/// What a text of a format with has_header() begins with: the header line of CSV, which blank lines and a byte order
/// mark may precede, or the header of an Avro container; empty if its end is not there and not `at_end`.
std::string_view find_header(const RecordForm& form, std::string_view text, bool at_end);

/// The first byte of the next line end in a CSV text, at `at` or after it; npos if there is none.
size_t find_csv_line_end(std::string_view text, size_t at);
/// The byte after the CSV line end that begins at `at`; 0 if that depends on bytes after `text`, and not `at_end`.
size_t behind_csv_line_end(std::string_view text, size_t at, bool at_end);

/// Line ends in the text, which does not begin or end within one. `ascii`: whether no byte is above 127. Avro: the
/// records of its blocks.
size_t count_line_ends(Format format, std::string_view text, bool* ascii = nullptr);

}  // namespace braid
