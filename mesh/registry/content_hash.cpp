#include "mesh/registry/content_hash.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/sha256.h"

namespace braid::mesh {

std::string content_hash(std::string_view content) {
  return sha256_hex(content);
}

bool is_content_hash(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string object_name(std::string_view hash) {
  return fmt::format("objects/{}/{}", hash.substr(0, 2), hash);
}

}  // namespace braid::mesh
