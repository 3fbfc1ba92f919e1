// Documents as YAML 1.2, which JSON is a part of. Comments are not kept. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "mesh/standards/document.h"
#include "runtime/base/result.h"

namespace braid::mesh {

inline constexpr size_t kMaxYamlBytes = 16 << 20;
inline constexpr int kMaxYamlDepth = 100;
/// With what aliases stand for: a short file can name a very large tree.
inline constexpr size_t kMaxYamlNodes = 1'000'000;

struct YamlFault {
  std::string message;
  uint32_t begin = 0, end = 0;  ///< where, in bytes
};

/// Plain scalars have the kinds of the core schema: `1.10` is a number, `"1.10"` and `1.10.0` are texts. `<<` takes
/// over the keys of other maps. A key that stands twice, a second document and a file beyond the limits are faults.
Result<Node, YamlFault> read_yaml(std::string_view text);

/// In block style, keys in their order. A text that some reader of YAML would take for something else is quoted.
std::string write_yaml(const Node& document);

}  // namespace braid::mesh
