// Values of the type `json` as text: one canonical form, so that equal values are equal bytes.
//
// No blanks. Members of an object by the bytes of their keys, each once. Strings with as few escapes as JSON allows, as
// outputs write them. Numbers exactly, without superfluous zeros: 1.50 is 1.5, 1e2 is 100, -0 is 0; beyond 40 digits
// before the point or zeros behind it, 1.5e+50. Numbers are never rounded.
//
// Everything but `canonical_json` takes text in that form. C-shaped results, no exceptions, no static state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid {

enum class JsonFault : uint8_t {
  none,
  malformed,
  too_deep,      ///< more than kJsonNesting objects and lists in one another
  out_of_range,  ///< an exponent beyond 10^9
  duplicate      ///< an object has a key twice
};
inline constexpr int kJsonNesting = 128;

/// Appends the canonical form of one JSON value with blanks around it. After a fault `out` is as it was.
JsonFault canonical_json(std::string_view text, std::string& out);

enum class JsonKind : uint8_t { null, boolean, number, string, list, object };
JsonKind json_kind(std::string_view json);

/// The member of an object, nothing if it has none, or if `json` is no object. The key as it is meant, not as JSON
/// writes it.
std::optional<std::string_view> member_of_json(std::string_view json, std::string_view key);
/// The element of a list, counted from 0; nothing if there is none, or if `json` is no list.
std::optional<std::string_view> element_of_json(std::string_view json, int64_t index);

/// The content of a JSON string: appended to `out`.
void append_json_content(std::string_view json, std::string& out);

/// Goes through the elements of a list, or the members of an object.
class JsonParts {
 public:
  explicit JsonParts(std::string_view json);
  /// False at the end.
  bool next();
  std::string_view key() const { return key_; }  ///< of a member: in quotes, as JSON writes it
  std::string_view value() const { return value_; }

 private:
  std::string_view json_, key_, value_;
  size_t at_;
  bool object_;
};

}  // namespace braid
