// A product with a topic for each value of some fields: `orders.{country}`. Its TopicBinding::topic has the fields.
// Values have no dots in such names (topic_part), so a part of a name between two dots is of one part of the template.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/declare/path_template.h"

namespace braid {

/// So many topics a product may have.
inline constexpr size_t kMostTopics = 1000;

/// Nothing if the name has no fields, or is not well formed.
std::optional<PathTemplate> topic_template(std::string_view topic);
/// What stands for all of them where one name is wanted, in topics of ports and subjects of schemas: `orders.all`. Of
/// a name without fields the name.
std::string topic_for_all(std::string_view topic);
/// Whether both may mean one topic. Too much is harmless.
bool topics_meet(std::string_view a, std::string_view b);

}  // namespace braid
