#include "runtime/report/source_set.h"

#include "runtime/base/check.h"

namespace braid {

uint32_t SourceSet::add(std::string path, std::string text) {
  files_.push_back({std::move(path), std::move(text)});
  return size() - 1;
}

std::string_view SourceSet::text(Span span) const {
  BRAID_CHECK(span.file < files_.size() && span.begin <= span.end && span.end <= files_[span.file].text.size());
  return std::string_view(files_[span.file].text).substr(span.begin, span.end - span.begin);
}

LineColumn SourceSet::position(uint32_t file, uint32_t offset) const {
  LineColumn at;
  const std::string_view text = std::string_view(files_[file].text).substr(0, offset);
  for (const char c : text) {
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++at.column;
    }
  }
  return at;
}

std::string_view SourceSet::line(uint32_t file, uint32_t offset) const {
  const std::string_view text = files_[file].text;
  size_t begin = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  size_t end = text.find('\n', offset);
  if (end == std::string_view::npos) end = text.size();
  if (end > begin && text[end - 1] == '\r') --end;
  return text.substr(begin, end - begin);
}

}  // namespace braid
