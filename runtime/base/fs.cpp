#include "runtime/base/fs.h"

#include <algorithm>
#include <system_error>

namespace braid {
namespace {

bool has_wildcard(std::string_view component) {
  return component.find_first_of("*?[\\") != std::string_view::npos;
}

/// The bracket at `at` against `c`; sets `at` behind it. A bracket that never closes is an ordinary character.
bool match_bracket(std::string_view pattern, size_t& at, char c) {
  size_t i = at + 1;
  bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false, first = true;
  for (; i < pattern.size() && (first || pattern[i] != ']'); first = false) {
    char low = pattern[i], high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = pattern[i + 2];
      i += 2;
    }
    ++i;
    auto value = static_cast<unsigned char>(c);
    found = found || (value >= static_cast<unsigned char>(low) && value <= static_cast<unsigned char>(high));
  }
  if (i >= pattern.size()) {
    ++at;
    return c == '[';
  }
  at = i + 1;
  return found != negated;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, star_name = 0;  // where to go back to: the last `*` takes one more
  while (n < name.size()) {
    size_t next = p;
    bool matched = false;
    if (p < pattern.size()) {
      if (pattern[p] == '*') {
        star = p++;
        star_name = n;
        continue;
      }
      if (pattern[p] == '?') {
        matched = true;
        next = p + 1;
      } else if (pattern[p] == '[') {
        matched = match_bracket(pattern, next, name[n]);
      } else {
        if (pattern[p] == '\\' && p + 1 < pattern.size()) ++next;
        matched = pattern[next] == name[n];
        ++next;
      }
    }
    if (matched) {
      p = next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string parent_directory(std::string_view path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string normal_path(std::string_view path) {
  std::string out;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view component = path.substr(at, end - at);
    at = end + 1;
    if (component == "..") {
      out.erase(std::min(out.find_last_of('/'), out.size()));
    } else if (!component.empty() && component != ".") {
      out.append("/").append(component);
    }
  }
  return out.empty() ? "/" : out;
}

std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with('/')) return std::string(name);
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  return path += name;
}

Error file_error(ErrorKind kind, std::string_view action, const std::string& path, int system_error) {
  return {.kind = kind,
          .message = "cannot " + std::string(action) + " `" + path +
                     "`: " + std::error_code(system_error, std::generic_category()).message(),
          .system_error = system_error};
}

Result<std::unique_ptr<FileReader>> Fs::open_standard_input() {
  return open_reader("/dev/stdin");
}

Result<std::vector<std::string>> Fs::glob(const std::string& pattern) {
  std::vector<std::string> found = {pattern.starts_with('/') ? "/" : ""};
  size_t at = 0;
  while (at < pattern.size()) {
    size_t end = std::min(pattern.find('/', at), pattern.size());
    std::string component = pattern.substr(at, end - at);
    at = end + 1;
    if (component.empty()) continue;
    std::vector<std::string> next;
    for (const std::string& directory : found) {
      if (!has_wildcard(component)) {
        next.push_back(join_path(directory, component));
        continue;
      }
      std::string place = directory.empty() ? "." : directory;
      BRAID_ASSIGN(FileInfo info, stat(place));
      if (!info.directory) continue;
      BRAID_ASSIGN(std::vector<std::string> names, list_directory(place));
      for (const std::string& name : names)
        if (glob_matches(component, name)) next.push_back(join_path(directory, name));
    }
    found = std::move(next);
  }
  std::vector<std::string> files;
  for (std::string& path : found) {
    BRAID_ASSIGN(FileInfo info, stat(path));
    if (info.exists && !info.directory) files.push_back(std::move(path));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Status Fs::remove_tree(const std::string& path) {
  BRAID_ASSIGN(FileInfo info, stat(path));
  if (!info.exists) return {};
  if (info.directory) {
    BRAID_ASSIGN(std::vector<std::string> names, list_directory(path));
    for (const std::string& name : names) BRAID_TRY(remove_tree(join_path(path, name)));
  }
  return remove(path);
}

Result<std::string> Fs::read_file(const std::string& path) {
  BRAID_ASSIGN(std::unique_ptr<FileReader> reader, open_reader(path));
  BRAID_ASSIGN(uint64_t size, reader->size());
  std::string content(size, '\0');
  BRAID_ASSIGN(size_t count, reader->read_at(0, content.data(), content.size()));
  content.resize(count);
  return content;
}

Status Fs::write_file(const std::string& path, std::string_view content) {
  std::string temporary = path + ".tmp";
  {
    BRAID_ASSIGN(std::unique_ptr<FileWriter> writer, open_writer(temporary, OpenMode::replace));
    BRAID_TRY(writer->append(content));
    BRAID_TRY(writer->sync());
  }
  BRAID_TRY(rename(temporary, path));
  return sync_directory(parent_directory(path));
}

}  // namespace braid
