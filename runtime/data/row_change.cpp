#include "runtime/data/row_change.h"

namespace braid {

std::vector<Field> change_marks(const std::vector<Field>& row, bool whole) {
  std::vector<Field> marks{{std::string(kChange), int_type()}};
  if (!whole) return marks;
  marks.push_back({std::string(kBefore), optional_type(struct_type(row))});
  marks.push_back({std::string(kChangedAt), optional_type(timestamp_type())});
  return marks;
}

}  // namespace braid
