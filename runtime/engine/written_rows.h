// Rows of a product as a job has written them, read again: of an output file, or of the product's topic.
//
// Rows of a changelog come back as they were written, in that order, with a RowChange behind; whether one came or took
// the place of another is not in upserts, and `becomes` stands for both. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/encoder.h"
#include "runtime/view/view_layout.h"

namespace braid {

/// How they were written.
struct WrittenForm {
  std::string format;  ///< as OutputBinding and TopicBinding have it
  CsvStyle style = {};
  /// To a topic: a row of upserts that goes is a record without a value, and no row says that of itself.
  bool topic = false;
};

/// A source whose records are these rows; of kind "file", or "topic" without an address. It has no kernel: its rows are
/// those of the decoder.
SourceSpec written_source(const ProductSpec& product, const WrittenForm& form);

class WrittenRows {
 public:
  /// All outlive this. `source`: written_source() of the product.
  WrittenRows(const ProductSpec& product, const ViewSpec& view, const SourceSpec& source);

  const DecodePlan& plan() const { return plan_; }
  /// Of the rows that are made: those of the product, and of a table the RowChange.
  const std::vector<Leaf>& leaves() const { return leaves_; }

  /// Row `from` of a block of the decoder becomes row `to` of `made`, with the event time that a field has
  /// (ViewSpec::time), else kNoTime. A text: why it cannot be one.
  std::optional<std::string> convert(const Block& decoded, uint32_t from, std::string_view header, const Block& made,
                                     uint32_t to);

 private:
  int64_t time_of(const Block& made, uint32_t row) const;

  const ProductSpec& product_;
  const ViewSpec& view_;
  const DecodePlan plan_;
  std::vector<Leaf> leaves_;
  bool has_mark_;  ///< upserts say of themselves that they go
  std::vector<Slot> slots_;
};

}  // namespace braid
