// Members of a JSON object that may be missing. The library throws on a value of another kind.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace braid::mesh {

inline std::optional<int64_t> number_of(const nlohmann::ordered_json& json, const char* key) {
  if (!json.contains(key)) return std::nullopt;
  return json[key].get<int64_t>();
}

/// Empty if it is missing.
inline const nlohmann::ordered_json& list_of(const nlohmann::ordered_json& json, const char* key) {
  static const nlohmann::ordered_json kNone = nlohmann::ordered_json::array();
  return json.contains(key) ? json[key] : kNone;
}

}  // namespace braid::mesh
