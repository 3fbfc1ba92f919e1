#include "runtime/declare/path_template.h"

#include <fmt/format.h>

#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

constexpr size_t kLongest = 80;

bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::optional<PathTemplate> PathTemplate::parse(std::string_view text) {
  PathTemplate made{.text = std::string(text), .parts = {}};
  Part part;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      part.literal += c;
      ++at;
    } else if (c == '}') {
      return std::nullopt;
    } else if (c == '{') {
      const size_t end = text.find_first_of("{}", at + 1);
      if (end == std::string_view::npos || text[end] == '{' || end == at + 1) return std::nullopt;
      part.field = text.substr(at + 1, end - at - 1);
      part.begin = at;
      part.size = end + 1 - at;
      made.parts.push_back(std::move(part));
      part = {};
      at = end;
    } else {
      part.literal += c;
    }
  }
  if (!part.literal.empty()) made.parts.push_back(std::move(part));
  return made;
}

bool PathTemplate::has_fields() const {
  return !parts.empty() && !parts.front().field.empty();
}

std::vector<int> path_in_row(const std::vector<Field>& row, std::string_view path) {
  std::vector<int> found;
  const std::vector<Field>* fields = &row;
  while (true) {
    const size_t dot = path.find('.');
    const int field = fields == nullptr ? -1 : find_field(*fields, path.substr(0, dot));
    if (field < 0) return {};
    found.push_back(field);
    if (dot == std::string_view::npos) return found;
    path.remove_prefix(dot + 1);
    const Type& type = without_optional((*fields)[static_cast<size_t>(field)].type);
    fields = is(type, TypeKind::structure) ? &type->fields : nullptr;
  }
}

Type type_at(const std::vector<Field>& row, const std::vector<int>& path) {
  Type type = row[static_cast<size_t>(path.front())].type;
  for (size_t i = 1; i < path.size(); ++i) {
    const bool may_be_missing = is_optional(type);
    type = without_optional(type)->fields[static_cast<size_t>(path[i])].type;
    if (may_be_missing) type = optional_type(type);
  }
  return type;
}

bool fits_in_path(const Type& type) {
  switch (without_optional(type)->kind) {
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
      return true;
    default:
      return false;
  }
}

std::string path_part(std::string_view text) {
  if (text.empty()) return "%empty";
  std::string part;
  for (size_t i = 0; i < text.size() && part.size() <= kLongest; ++i) {
    const char c = text[i];
    if (stays(c) && !(c == '.' && i == 0))
      part += c;
    else
      part += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  if (part.size() <= kLongest) return part;
  // Up to whole characters: neither an escape nor one of several bytes is cut.
  size_t keep = kLongest - 17;
  while (keep > 0 && (static_cast<unsigned char>(part[keep]) & 0xC0) == 0x80) --keep;
  for (const size_t back : {size_t{1}, size_t{2}})
    if (keep >= back && part[keep - back] == '%') keep -= back;
  part.resize(keep);
  return part + fmt::format("%{:016x}", key_hash(text));
}

std::string topic_part(std::string_view text) {
  if (text.empty()) return "_empty";
  std::string part;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (part.size() > kLongest) break;
    part += plain ? std::string(1, c) : fmt::format("_{:02X}", static_cast<unsigned char>(c));
  }
  if (part.size() <= kLongest) return part;
  size_t keep = kLongest - 17;
  for (const size_t back : {size_t{1}, size_t{2}})
    if (part[keep - back] == '_') keep -= back;
  part.resize(keep);
  return part + fmt::format("_{:016x}", key_hash(text));
}

}  // namespace braid
