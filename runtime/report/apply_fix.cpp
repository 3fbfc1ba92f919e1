#include "runtime/report/apply_fix.h"

#include <algorithm>

namespace braid {

std::optional<std::string> apply_edits(std::string_view text, uint32_t file, const std::vector<Edit>& edits) {
  std::vector<const Edit*> sorted;
  for (const Edit& edit : edits)
    if (edit.span.file == file) sorted.push_back(&edit);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Edit* a, const Edit* b) {
    return a->span.begin != b->span.begin ? a->span.begin < b->span.begin : a->span.end < b->span.end;
  });
  std::string result;
  size_t copied = 0;
  for (const Edit* edit : sorted) {
    if (edit->span.begin < copied || edit->span.end < edit->span.begin || edit->span.end > text.size())
      return std::nullopt;
    result += text.substr(copied, edit->span.begin - copied);
    result += edit->text;
    copied = edit->span.end;
  }
  result += text.substr(copied);
  return result;
}

}  // namespace braid
