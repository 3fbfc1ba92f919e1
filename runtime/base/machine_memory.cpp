#include "runtime/base/machine_memory.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace braid {
namespace {

/// Files of /proc and /sys have no size until they are read.
std::string content_of(Fs& fs, const std::string& path) {
  constexpr size_t kMost = 64 * 1024;
  Result<std::unique_ptr<FileReader>> reader = fs.open_reader(path);
  if (!reader.ok()) return {};
  std::string content(kMost, '\0');
  const Result<size_t> length = (*reader)->read_at(0, content.data(), content.size());
  content.resize(length.ok() ? *length : 0);
  return content;
}

/// The number at the beginning, behind spaces.
std::optional<int64_t> number_of(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

void limit(std::optional<int64_t>& memory, std::optional<int64_t> bound) {
  if (bound && *bound > 0) memory = memory ? std::min(*memory, *bound) : *bound;
}

/// The limits of a group and of all groups above it.
void limit_by_groups(Fs& fs, std::optional<int64_t>& memory, const std::string& root, std::string group,
                     const std::string& file) {
  while (true) {
    limit(memory, number_of(content_of(fs, root + (group == "/" ? "" : group) + "/" + file)));
    if (group.size() <= 1) return;
    group = parent_directory(group);
  }
}

}  // namespace

std::optional<int64_t> machine_memory(Fs& fs) {
  std::optional<int64_t> memory;
  constexpr std::string_view kTotal = "MemTotal:";
  const std::string info = content_of(fs, "/proc/meminfo");
  if (const size_t at = info.find(kTotal); at != std::string::npos)
    if (const auto kilobytes = number_of(std::string_view(info).substr(at + kTotal.size()))) memory = *kilobytes * 1024;

  // Lines of the form NUMBER:CONTROLLERS:/GROUP; version 2 has no controllers there.
  const std::string groups = content_of(fs, "/proc/self/cgroup");
  for (size_t at = 0; at < groups.size();) {
    const size_t end = std::min(groups.find('\n', at), groups.size());
    const std::string_view line = std::string_view(groups).substr(at, end - at);
    at = end + 1;
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string group(line.substr(second + 1));
    if (!group.starts_with("/")) continue;
    if (controllers.empty()) limit_by_groups(fs, memory, "/sys/fs/cgroup", group, "memory.max");
    if (controllers == "memory") limit_by_groups(fs, memory, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
  }
  return memory;
}

}  // namespace braid
