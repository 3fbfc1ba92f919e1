#include "runtime/report/short_text.h"

namespace braid {

std::string_view beginning_of(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::string shortened(std::string_view text, size_t most) {
  const std::string_view shown = beginning_of(text, most);
  return std::string(shown) + (shown.size() < text.size() ? "…" : "");
}

}  // namespace braid
