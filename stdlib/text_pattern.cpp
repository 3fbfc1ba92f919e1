#include "stdlib/text_pattern.h"

#include <re2/re2.h>

namespace braid {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

std::string text_pattern_fault(std::string_view pattern) {
  const RE2 compiled(piece(pattern), quiet());
  return compiled.ok() ? "" : "`" + compiled.pattern() + "` is not a regular expression: " + compiled.error();
}

bool fits_pattern(std::string_view text, std::string_view pattern) {
  const RE2 compiled(piece(pattern), quiet());
  return compiled.ok() && RE2::FullMatch(piece(text), compiled);
}

}  // namespace braid
