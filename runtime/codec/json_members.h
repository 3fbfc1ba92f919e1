// Members of JSON objects as they are written, for what is around a record. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace braid {

/// The text of the value of the first member of that name, directly in the object; nothing if there is none, or if the
/// text before it is broken.
std::optional<std::string_view> json_member(std::string_view object, std::string_view name);

/// What Kafka Connect's JsonConverter writes beside a schema: the member `payload` of an object with `schema` and
/// `payload`; any other text as it is.
std::string_view payload_of(std::string_view text);

}  // namespace braid
