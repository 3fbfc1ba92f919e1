#include "runtime/connect/topic_template.h"

#include <vector>

namespace braid {
namespace {

/// Parts between dots, of which those in fields count for nothing.
std::vector<std::string_view> segments(std::string_view topic) {
  std::vector<std::string_view> made;
  size_t begin = 0;
  bool in_field = false;
  for (size_t i = 0; i <= topic.size(); ++i) {
    if (i < topic.size() && topic[i] == '{') in_field = true;
    if (i < topic.size() && topic[i] == '}') in_field = false;
    if (i < topic.size() && (topic[i] != '.' || in_field)) continue;
    made.push_back(topic.substr(begin, i - begin));
    begin = i + 1;
  }
  return made;
}

bool segments_meet(std::string_view a, std::string_view b) {
  if (a.find('{') == std::string_view::npos && b.find('{') == std::string_view::npos) return a == b;
  auto agree = [](std::string_view one, std::string_view other) {
    return one.starts_with(other) || other.starts_with(one);
  };
  auto agree_at_end = [](std::string_view one, std::string_view other) {
    return one.ends_with(other) || other.ends_with(one);
  };
  auto before = [](std::string_view of) { return of.substr(0, of.find('{')); };
  auto behind = [](std::string_view of) {
    const size_t end = of.rfind('}');
    return end == std::string_view::npos ? of : of.substr(end + 1);
  };
  return agree(before(a), before(b)) && agree_at_end(behind(a), behind(b));
}

}  // namespace

std::optional<PathTemplate> topic_template(std::string_view topic) {
  if (topic.find_first_of("{}") == std::string_view::npos) return std::nullopt;
  std::optional<PathTemplate> read = PathTemplate::parse(topic);
  return read && read->has_fields() ? read : std::nullopt;
}

std::string topic_for_all(std::string_view topic) {
  const auto read = topic_template(topic);
  if (!read) return std::string(topic);
  std::string name;
  for (const PathTemplate::Part& part : read->parts) name += part.literal + (part.field.empty() ? "" : "all");
  return name;
}

bool topics_meet(std::string_view a, std::string_view b) {
  const std::vector<std::string_view> one = segments(a), other = segments(b);
  if (one.size() != other.size()) return false;
  for (size_t i = 0; i < one.size(); ++i)
    if (!segments_meet(one[i], other[i])) return false;
  return true;
}

}  // namespace braid
