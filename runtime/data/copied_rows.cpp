#include "runtime/data/copied_rows.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"

namespace braid {
namespace {

template <class Word>
void copy_word(char* to, const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
}

/// Most texts are short: no call for them.
inline void copy_text(char* to, const char* from, uint64_t size) {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    copy_word<uint64_t>(to, from);
    copy_word<uint64_t>(to + size - 8, from + size - 8);
  } else if (size >= 4) {
    copy_word<uint32_t>(to, from);
    copy_word<uint32_t>(to + size - 4, from + size - 4);
  } else if (size > 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

}  // namespace

CopiedRows::CopiedRows(const std::vector<Field>& row) : leaves_(flatten(row)) {
  for (const Leaf& leaf : leaves_)
    elements_.push_back(leaf.kind == LeafKind::list ? flatten(leaf.type->element) : std::vector<Leaf>());
  block_ = allocate_block(leaves_, kBlockRows, columns_);
}

void CopiedRows::clear() {
  texts_.reset();
  text_bytes_ = 0;
  block_.rows = 0;
}

uint32_t CopiedRows::add(const Block& from, uint32_t first) {
  BRAID_CHECK(from.columns.size() == leaves_.size());
  uint32_t added = 0;
  while (first + added < from.rows && !full()) {
    const uint32_t begin = first + added, at = block_.rows;
    const uint32_t rows = std::min({from.rows - begin, kBlockRows - at, kRowsAtOnce});
    for (size_t i = 0; i < leaves_.size(); ++i) {
      const Column &source = from.columns[i], &target = block_.columns[i];
      if (leaves_[i].kind == LeafKind::bytes) {
        copy_texts(source.as<Bytes>() + begin, rows, target.as<Bytes>() + at);
      } else if (leaves_[i].kind == LeafKind::list) {
        for (uint32_t row = 0; row < rows; ++row)
          target.as<List>()[at + row] = copy_list(source.as<List>()[begin + row], elements_[i]);
      } else {
        const size_t width = leaf_width(leaves_[i].kind);
        std::memcpy(target.as<char>() + at * width, source.as<char>() + begin * width, rows * width);
      }
    }
    block_.rows += rows;
    added += rows;
  }
  return added;
}

void CopiedRows::copy_texts(const Bytes* from, uint32_t rows, Bytes* to) {
  uint64_t bytes = 0;
  for (uint32_t row = 0; row < rows; ++row) bytes += from[row].size;
  text_bytes_ += bytes;
  char* place = texts_.allocate(bytes);
  for (uint32_t row = 0; row < rows; ++row) {
    const uint64_t size = from[row].size;
    copy_text(place, from[row].data, size);
    to[row] = {place, size};
    place += size;
  }
}

List CopiedRows::copy_list(const List& list, std::span<const Leaf> element) {
  const uint64_t slots = list.count * element.size();
  if (slots == 0) return {nullptr, list.count};
  Slot* items = texts_.allocate_array<Slot>(slots);
  std::copy_n(list.items, slots, items);
  text_bytes_ += slots * sizeof(Slot);
  for (uint64_t i = 0; i < slots; ++i) {
    const Leaf& leaf = element[i % element.size()];
    if (leaf.kind == LeafKind::bytes) {
      text_bytes_ += items[i].bytes.size;
      items[i].bytes = texts_.copy(items[i].bytes.view());
    } else if (leaf.kind == LeafKind::list) {
      items[i].list = copy_list(items[i].list, flatten(leaf.type->element));
    }
  }
  return {items, list.count};
}

}  // namespace braid
