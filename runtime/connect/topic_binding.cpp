#include "runtime/connect/topic_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/base/check.h"
#include "runtime/connect/topic_template.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

template <class Number>
bool read_number(std::string_view text, Number* to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *to);
  return error == std::errc() && end == text.data() + text.size() && *to >= 0;
}

/// 0=12,1=40
std::optional<std::map<int32_t, int64_t>> read_offsets(std::string_view text) {
  std::map<int32_t, int64_t> offsets;
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, comma);
    const size_t equals = entry.find('=');
    int32_t partition = 0;
    int64_t offset = 0;
    if (equals == std::string_view::npos || !read_number(entry.substr(0, equals), &partition) ||
        !read_number(entry.substr(equals + 1), &offset) || !offsets.emplace(partition, offset).second)
      return std::nullopt;
    if (comma == text.size()) return offsets;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<StartAt> parse_start(std::string_view text) {
  if (text == "earliest") return StartAt{};
  if (text == "latest") return StartAt{.kind = StartAt::Kind::latest};
  StartAt start;
  if (parse_timestamp(text, &start.timestamp_us)) {
    start.kind = StartAt::Kind::timestamp;
    return start;
  }
  auto offsets = read_offsets(text);
  if (!offsets) return std::nullopt;
  return StartAt{.kind = StartAt::Kind::offsets, .offsets = std::move(*offsets)};
}

StartAt start_of(const Binding& binding) {
  for (const auto& [name, value] : binding.options) {
    if (name != "start") continue;
    std::optional<StartAt> start = parse_start(value);
    BRAID_CHECK(start.has_value(), "a start that was not checked: " + value);
    return *start;
  }
  return {};
}

std::string topic_of_product(const ProductSpec& product) {
  return product.qualified() + ".v" + std::to_string(product.version);
}

Result<size_t> raw_column_of(const ProductSpec& product) {
  std::vector<size_t> found;
  for (size_t i = 0; i < product.row.size(); ++i) {
    const bool in_key = std::ranges::any_of(product.key, [&](const std::vector<int>& path) {
      return path.size() == 1 && static_cast<size_t>(path.front()) == i;
    });
    if (!in_key || product.row.size() == 1) found.push_back(i);
  }
  auto refuse = [](std::string reason) { return Error{ErrorKind::output, std::move(reason)}; };
  if (found.size() != 1)
    return refuse(fmt::format("it has {} columns{}", found.size(), product.key.empty() ? "" : " beside its key"));
  const Field& column = product.row[found.front()];
  if (!is(column.type, TypeKind::string) && !is(column.type, TypeKind::bytes))
    return refuse(fmt::format("`{}` is `{}`, and not `string` or `bytes`", column.name, to_string(column.type)));
  return found.front();
}

std::string topic_of_port(const TopicBinding& product, std::string_view port) {
  return topic_for_all(product.topic) + "." + std::string(port);
}

bool is_topic_name(std::string_view name) {
  constexpr size_t kLongest = 249;
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kLongest && name != "." && name != ".." && std::ranges::all_of(name, allowed);
}

NewTopic new_topic(const TopicBinding& binding, int32_t partitions, int32_t replicas) {
  NewTopic made{binding.topic, binding.partitions.value_or(partitions), replicas, {}};
  if (binding.retention_us) {
    const int64_t us = *binding.retention_us;
    made.settings.emplace_back("retention.ms",
                               std::to_string(us == TopicBinding::kForever ? us : std::max<int64_t>(us / 1000, 1)));
  }
  if (binding.compaction) made.settings.emplace_back("cleanup.policy", *binding.compaction ? "compact" : "delete");
  return made;
}

}  // namespace braid
