// From rows to the bytes of an output file. NDJSON: an object a line, values as append_json (runtime/data/value.h)
// writes them. CSV: a header line, then cells: structs as one column a part (`name.part`), lists as JSON, null as the
// marker without quotes, text quoted where necessary: commas, quotes, line ends, empty, or equal to the marker.
//
// Avro: the header of a container file, then rows as avro_encoder.h says.
//
// A CsvStyle may ask for another separator and quote, no header line, and a decimal comma in decimals and floats.
//
// An Encoder has no state except its layout: the same rows give the same bytes in blocks of any size. Line ends are LF.
// One thread. Nothing fails.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/codec/decoder.h"
#include "runtime/data/block.h"
#include "runtime/data/type.h"

namespace braid {

struct CsvStyle {
  std::string null_marker = {};
  char separator = ',';
  char quote = '"';
  bool decimal_comma = false;
  bool header = true;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  /// The header of a file; empty for NDJSON.
  virtual void append_header(std::string& out) const = 0;
  /// Not empty: each encoded row is a length, as a `long` of Avro, and a value of as many bytes; the file packs the
  /// values in blocks with this marker behind each (avro_container.h).
  virtual std::string_view block_marker() const { return {}; }
  /// `slots`: all leaves of a row.
  virtual void append_row(const Slot* slots, std::string& out) const = 0;

  void append_row(const Block& block, uint32_t row, std::string& out);
  /// All rows of the block, the same bytes as one by one; valid until the next call.
  virtual std::string_view encode(const Block& block);

 private:
  std::vector<Slot> slots_;
  std::string encoded_;
};

/// `style`: CSV only. `name`: Avro only, "domain.product".
std::unique_ptr<Encoder> make_encoder(Format format, std::vector<Field> row, CsvStyle style = {},
                                      const std::string& name = "product");

}  // namespace braid
