// How far a partition of a product's topic has been read into a view, as the store of a replica has it, and by which
// the topic is known again: the last record that was read. A topic that was deleted and made anew has another one
// there. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/abi/program.h"
#include "runtime/connect/source.h"
#include "runtime/state/store.h"

namespace braid {

struct TopicMark {
  std::string topic;
  int64_t position = 0;        ///< of the next record
  int64_t newest = INT64_MIN;  ///< the largest event time that was read
  int64_t last = -1;           ///< offset of the last record; −1: none is known
  uint64_t hash = 0;           ///< of it

  std::string bytes() const;
  static Result<TopicMark> parse(std::string_view bytes);
};

/// Of a record as it came, with its timestamp.
uint64_t mark_hash(const GivenRecord& record);

/// In `meta`: what the keys of all marks begin with, and the key of one.
inline constexpr std::string_view kTopicMarks = "topics/";
std::string mark_key(const ProductSpec& product, int32_t partition);

}  // namespace braid
