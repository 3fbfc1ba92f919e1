#include "cli/session/subject_search.h"

#include <algorithm>
#include <set>

namespace braid::cli {
namespace {

bool has_any(std::string_view bytes, const std::vector<std::string>& texts) {
  return std::ranges::any_of(texts,
                             [&](const std::string& text) { return bytes.find(text) != std::string_view::npos; });
}

Result<bool> file_has(Fs& fs, const std::string& path, const std::vector<std::string>& texts) {
  size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  BRAID_ASSIGN(const std::unique_ptr<FileReader> reader, fs.open_reader(path));
  std::string piece;
  constexpr size_t kPiece = 1 << 20;
  for (uint64_t at = 0;;) {
    // The end of the piece before stays: a text may lie across both.
    const size_t kept = std::min(piece.size(), longest - 1);
    piece.erase(0, piece.size() - kept);
    piece.resize(kept + kPiece);
    BRAID_ASSIGN(const size_t count, reader->read_at(at, piece.data() + kept, kPiece));
    if (count == 0) return false;
    piece.resize(kept + count);
    if (has_any(piece, texts)) return true;
    at += count;
  }
}

Status search(Fs& fs, const std::string& path, const std::vector<std::string>& texts, std::set<std::string>& found) {
  BRAID_ASSIGN(const FileInfo info, fs.stat(path));
  if (!info.exists) return {};
  if (has_any(path, texts)) found.insert(path);
  if (!info.directory) {
    BRAID_ASSIGN(const bool has, file_has(fs, path, texts));
    if (has) found.insert(path);
    return {};
  }
  BRAID_ASSIGN(const std::vector<std::string> names, fs.list_directory(path));
  for (const std::string& name : names) BRAID_TRY(search(fs, join_path(path, name), texts, found));
  return {};
}

}  // namespace

Result<std::vector<std::string>> find_texts(Fs& fs, const std::vector<std::string>& paths, StateStore* state,
                                            const std::vector<std::string>& texts) {
  std::vector<std::string> sought = texts;
  std::erase_if(sought, [](const std::string& text) { return text.size() < kShortestSought; });
  if (sought.empty()) return std::vector<std::string>();
  std::set<std::string> found;
  for (const std::string& path : paths) BRAID_TRY(search(fs, path, sought, found));
  for (const StateFamily family : {StateFamily::meta, StateFamily::point, StateFamily::timed}) {
    if (state == nullptr) break;
    BRAID_TRY(state->scan(family, "", [&](std::string_view key, std::string_view value) -> Status {
      if (has_any(key, sought) || has_any(value, sought)) found.insert("the state");
      return {};
    }));
  }
  return std::vector<std::string>(found.begin(), found.end());
}

}  // namespace braid::cli
