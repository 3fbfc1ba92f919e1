#include "mesh/standards/reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "mesh/standards/script_text.h"
#include "runtime/report/short_text.h"

namespace braid::mesh {

const Node* Reading::custom(const Node& map, std::string_view property) {
  for (const Node& each : elements(map, "customProperties"))
    if (each.text_of("property") == property) {
      mark(each);
      return each.find("value");
    }
  return nullptr;
}

void Reading::mark(const Node& node) {
  read_.insert(&node);
  for (const Node& element : node.elements) mark(element);
  for (const Entry& entry : node.entries) mark(entry.value);
}

bool Reading::any_read(const Node& node) const {
  return read_.contains(&node) ||
         std::any_of(node.elements.begin(), node.elements.end(), [&](const Node& each) { return any_read(each); }) ||
         std::any_of(node.entries.begin(), node.entries.end(), [&](const Entry& each) { return any_read(each.value); });
}

void Reading::collect(const Node& node, const std::string& path, std::vector<std::string>& paths) const {
  if (node.empty()) return;
  constexpr size_t kShown = 60;
  if (node.is_scalar()) {
    if (!read_.contains(&node)) paths.push_back(fmt::format("{}: {}", path, shortened(one_line(node.scalar), kShown)));
    return;
  }
  // A list of scalars is read as a whole.
  if (read_.contains(&node) && node.entries.empty() &&
      std::all_of(node.elements.begin(), node.elements.end(), [](const Node& each) { return each.is_scalar(); }))
    return;
  if (!any_read(node)) {
    paths.push_back(path);
    return;
  }
  for (const Entry& entry : node.entries) {
    // Ids only name a part within its document.
    if (entry.key == "id") continue;
    // Keys that only hold the parts of a thing say nothing in its path.
    const bool frame = entry.key == "properties" || entry.key == "members";
    collect(entry.value, frame ? path : path.empty() ? entry.key : path + "." + entry.key, paths);
  }
  for (size_t i = 0; i < node.elements.size(); ++i) {
    const Node& element = node.elements[i];
    std::string name;
    for (const char* key : {"name", "property", "server", "role", "channel", "username", "id"})
      if (name.empty()) name = element.text_of(key);
    collect(element, name.empty() ? fmt::format("{}[{}]", path, i) : fmt::format("{}.{}", path, one_line(name)), paths);
  }
}

std::vector<std::string> Reading::left() const {
  std::vector<std::string> paths;
  collect(document_, "", paths);
  return paths;
}

}  // namespace braid::mesh
