// Files that schemas import and that registries do not give as references: the well-known types of Protobuf, common
// types of Google, and those of Confluent. Constant text.
#pragma once

#include <string_view>

namespace braid {

/// The text of a file by its path, as `google/protobuf/timestamp.proto`; empty: it is not among them.
std::string_view known_protobuf_file(std::string_view path);

}  // namespace braid
