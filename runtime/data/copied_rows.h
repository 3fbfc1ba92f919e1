// Rows copied out of blocks, with their texts and lists: a block that depends on no turn and no state. Of the cause and
// the times of a row nothing is kept. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/data/type.h"

namespace braid {

class CopiedRows {
 public:
  explicit CopiedRows(const std::vector<Field>& row);

  /// Copies rows of a block of that row type from row `first` on, as many as there is room for; their number.
  uint32_t add(const Block& from, uint32_t first);
  /// kBlockRows rows, or fewer with many bytes.
  bool full() const { return block_.rows == kBlockRows || text_bytes_ >= kManyBytes; }
  /// Valid until the next call of add or clear.
  const Block& block() const { return block_; }
  void clear();

 private:
  static constexpr uint64_t kManyBytes = 1 << 20;
  static constexpr uint32_t kRowsAtOnce = 64;  ///< between two looks at the bytes

  void copy_texts(const Bytes* from, uint32_t rows, Bytes* to);
  List copy_list(const List& list, std::span<const Leaf> element);

  std::vector<Leaf> leaves_;
  std::vector<std::vector<Leaf>> elements_;  ///< by leaf: of a list's element
  Arena columns_, texts_;
  Block block_;
  uint64_t text_bytes_ = 0;
};

}  // namespace braid
