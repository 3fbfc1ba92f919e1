// The rows of one key that `running … over` is of now, oldest first, as the arguments of its aggregates. In the store
// they lie in parts, each with what one commit added; a part goes when all of its rows have gone.
//
// Memory of the rows is the pool's. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/data/slot.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/wire.h"

namespace braid {

class RunningRows {
 public:
  struct Kept {
    int64_t time;
    Bytes row;
  };

  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  const Kept& front() const { return rows_.front(); }
  const std::deque<Kept>& rows() const { return rows_; }
  void push(const Kept& kept, BlobPool& pool) {
    pool.charge(sizeof(Kept));
    rows_.push_back(kept);
    ++news_;
  }
  void pop(BlobPool& pool);
  void clear(BlobPool& pool);

  /// No bytes: the part is erased.
  using PutPart = std::function<void(uint32_t part, std::optional<std::string_view> bytes)>;
  /// Where the parts are; puts what is new.
  void store(WireWriter& out, const PutPart& put);
  bool load(WireReader& in);
  uint32_t first_part() const { return stored_from_; }
  uint32_t end_part() const { return end_part_; }
  /// In any order; false: the bytes are no part.
  bool load_part(std::string_view bytes);
  /// All parts are there, and their rows have become those of the key; `fits` judges the bytes of each.
  bool loaded() const { return parts_.size() == end_part_ - first_part_; }
  bool finish_load(const std::function<bool(std::string_view)>& fits, BlobPool& pool);

 private:
  std::deque<Kept> rows_;
  std::deque<uint32_t> rows_of_part_;  ///< of each part from first_part_ on, those that are kept
  uint32_t stored_from_ = 0;           ///< parts from here on are in the store
  uint32_t first_part_ = 0, end_part_ = 0;
  uint32_t gone_ = 0;                      ///< rows of the first part that have gone
  uint32_t news_ = 0;                      ///< rows at the end that are in no part
  std::map<uint32_t, std::string> parts_;  ///< while they come back
};

}  // namespace braid
