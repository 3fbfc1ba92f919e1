// The names of objects: SHA-256 of their bytes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace braid::mesh {

/// 64 hexadecimal digits, lower case.
std::string content_hash(std::string_view content);
bool is_content_hash(std::string_view text);
/// `objects/<2 hex>/<sha256>`.
std::string object_name(std::string_view hash);

}  // namespace braid::mesh
