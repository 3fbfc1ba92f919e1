#include "tests/generated/script_tree.h"

#include <algorithm>

namespace braid::generated {
namespace {

Part made(Part::Kind kind, std::string text, std::vector<Part> parts) {
  Part part;
  part.kind = kind;
  part.text = std::move(text);
  part.parts = std::move(parts);
  return part;
}

/// The nearest expressions below a part.
void expressions_below(const Part& part, std::vector<size_t>& path, std::vector<std::vector<size_t>>& found) {
  for (size_t i = 0; i < part.parts.size(); ++i) {
    path.push_back(i);
    if (part.parts[i].kind == Part::Kind::expression)
      found.push_back(path);
    else
      expressions_below(part.parts[i], path, found);
    path.pop_back();
  }
}

void collect(const Part& part, std::vector<size_t>& path, std::vector<Cut>& cuts) {
  if (part.kind == Part::Kind::list)
    for (size_t count = part.parts.size(); count > 0; count /= 2)
      for (size_t first = 0; first + count <= part.parts.size(); first += count)
        cuts.push_back({.path = path, .first = first, .count = count, .becomes = {}});
  if (part.kind == Part::Kind::expression) {
    std::vector<std::vector<size_t>> below;
    std::vector<size_t> from;
    expressions_below(part, from, below);
    for (std::vector<size_t>& one : below)
      cuts.push_back({.path = path, .first = 0, .count = 0, .becomes = std::move(one)});
  }
  for (size_t i = 0; i < part.parts.size(); ++i) {
    path.push_back(i);
    collect(part.parts[i], path, cuts);
    path.pop_back();
  }
}

const Part& at(const Part& tree, const std::vector<size_t>& path) {
  const Part* part = &tree;
  for (const size_t step : path) part = &part->parts[step];
  return *part;
}

}  // namespace

Part whole(std::vector<Part> parts) {
  return made(Part::Kind::whole, "", std::move(parts));
}
Part expression(std::vector<Part> parts) {
  return made(Part::Kind::expression, "", std::move(parts));
}
Part list(std::string between, std::vector<Part> parts) {
  return made(Part::Kind::list, std::move(between), std::move(parts));
}

std::string render(const Part& part) {
  if (part.kind == Part::Kind::text) return part.text;
  std::string text;
  for (size_t i = 0; i < part.parts.size(); ++i) {
    if (i > 0 && part.kind == Part::Kind::list) text += part.text;
    text += render(part.parts[i]);
  }
  return text;
}

std::vector<Cut> cuts_of(const Part& tree) {
  std::vector<Cut> cuts;
  std::vector<size_t> path;
  collect(tree, path, cuts);
  std::stable_sort(cuts.begin(), cuts.end(), [&](const Cut& a, const Cut& b) {
    return a.path.size() == b.path.size() ? a.count > b.count : a.path.size() < b.path.size();
  });
  return cuts;
}

Part cut(const Part& tree, const Cut& how) {
  Part smaller = tree;
  Part* part = &smaller;
  for (const size_t step : how.path) part = &part->parts[step];
  if (how.count > 0) {
    const auto first = part->parts.begin() + static_cast<std::ptrdiff_t>(how.first);
    part->parts.erase(first, first + static_cast<std::ptrdiff_t>(how.count));
  } else {
    *part = Part(at(*part, how.becomes));
  }
  return smaller;
}

}  // namespace braid::generated
