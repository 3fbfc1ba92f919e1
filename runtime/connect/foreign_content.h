// What the first bytes of an input say when it does not hold the records that are read from it: compressed files, other
// encodings than UTF-8, whole JSON documents. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/codec/decoder.h"

namespace braid {

struct ForeignContent {
  std::string found;  ///< such as "compressed with gzip" or "a JSON array"
  std::string mend;   ///< how to make records of it
  /// It is text, and its lines are read and rejected as the records that they are not. Otherwise nothing in it is a
  /// line, and nothing is read.
  bool is_text = false;
};

/// `head`: the input's first bytes, a few hundred if it has as many. `path` stands in the mend.
std::optional<ForeignContent> recognise_foreign_content(std::string_view head, Format format, const std::string& path);

/// Bytes that begin an input which is no text; nothing if they may begin one.
std::optional<ForeignContent> recognise_no_text(std::string_view head, const std::string& path);

/// ForeignContent::found of files that `format avro` reads.
inline constexpr std::string_view kAvroFile = "an Avro container file";

/// "NDJSON records", "CSV records", "Avro records"
std::string records_of(Format format);

}  // namespace braid
