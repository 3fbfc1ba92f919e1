// The text of the scripts of one compilation. Spans (runtime/report/span.h) index into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/span.h"

namespace braid {

struct SourceFile {
  std::string path;  ///< as shown to the user
  std::string text;  ///< UTF-8
};

/// 1-based; the column counts Unicode code points.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

/// All files of one compilation; a file's index is the `file` of its spans.
class SourceSet {
 public:
  uint32_t add(std::string path, std::string text);
  const SourceFile& file(uint32_t index) const { return files_[index]; }
  uint32_t size() const { return static_cast<uint32_t>(files_.size()); }
  std::string_view text(Span span) const;
  LineColumn position(uint32_t file, uint32_t offset) const;
  /// The whole line (without its end) that contains `offset`.
  std::string_view line(uint32_t file, uint32_t offset) const;

 private:
  std::vector<SourceFile> files_;
};

}  // namespace braid
