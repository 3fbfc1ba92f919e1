#include "runtime/state/stored_rows.h"

#include "runtime/base/check.h"

namespace braid {

std::vector<Field> first_fields(const std::vector<Field>& row, int count) {
  BRAID_CHECK(count <= static_cast<int>(row.size()));
  return {row.begin(), row.begin() + count};
}

Bytes StoredRows::store(const Block& block, uint32_t row, BlobPool& pool) {
  scratch_.clear();
  layout_.encode(block, row, scratch_);
  return pool.copy(scratch_);
}

Block StoredRows::target(const Block& block, size_t first) const {
  Block part;
  part.rows = block.rows;
  part.columns.assign(block.columns.begin() + first, block.columns.begin() + first + layout_.leaves());
  return part;
}

}  // namespace braid
