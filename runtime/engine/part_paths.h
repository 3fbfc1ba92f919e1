// Which file of a product with `{field}` in its path a row belongs to. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/data/block.h"
#include "runtime/declare/path_template.h"

namespace braid {

/// What a value is in a name.
struct PartSpelling {
  std::string (*text)(std::string_view) = path_part;
  std::string_view null = kNullPart;
};

class PartPaths {
 public:
  /// All fields of the template are in the row, and fit in a path.
  PartPaths(const PathTemplate& path, const std::vector<Field>& row, PartSpelling spelling = {});

  /// What comes before the first field: the folder in which all files are, and perhaps the beginning of their names.
  const std::string& prefix() const { return prefix_; }
  const std::string& text() const { return text_; }
  /// The rest of the path of the row's file. Valid until the next call.
  const std::string& of(const Block& block, uint32_t row);

 private:
  struct FieldPart {
    size_t first;                   ///< leaf
    std::vector<size_t> presences;  ///< leaves on the way that say whether there is a value
    Type type;                      ///< without optional
    std::string literal;            ///< behind it
  };
  std::string made_of(const Block& block, uint32_t row) const;

  PartSpelling spelling_;
  std::string prefix_, text_;
  std::vector<FieldPart> fields_;
  std::unordered_map<std::string, std::string> known_;  ///< by the bytes of the values; emptied when it has many
  std::string key_;
};

}  // namespace braid
