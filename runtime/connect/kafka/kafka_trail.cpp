#include "runtime/connect/kafka/kafka_trail.h"

#include <algorithm>
#include <utility>

namespace braid::kafka {

void Trail::begins() {
  if (is_known_) {
    // That the last one was aborted has been answered, not done.
    for (const auto& [place, part] : open_)
      if (part.is_written) aborted_[place].is_written = true;
    open_.clear();
  } else {
    committed_ = std::exchange(open_, {});  // it may have been
  }
  written_ = told_ = nullptr;
  is_known_ = true;
  was_told_ = false;
  offsets_.reset();
}

void Trail::acknowledged(std::string_view topic, int32_t partition, int64_t offset) {
  was_told_ = true;
  if (told_ == nullptr || told_->first.partition != partition || told_->first.topic != topic)
    told_ = &*open_.try_emplace({std::string(topic), partition}).first;
  told_->second.end = std::max(told_->second.end, offset);
}

void Trail::sends_offsets(const std::string& group, std::span<const OffsetToCommit> offsets) {
  if (!offsets.empty()) offsets_ = Offsets{group, offsets.front()};
}

void Trail::committed() {
  committed_ = std::exchange(open_, {});
  written_ = told_ = nullptr;
  aborted_.clear();
  offsets_.reset();
  is_known_ = true;
}

void Trail::is_taken() {
  if (!was_told_) return;
  aborted_.clear();
  committed_.clear();
}

std::vector<Trail::Left> Trail::left() const {
  Parts all = aborted_;
  if (is_known_) all.insert(open_.begin(), open_.end());
  std::vector<Left> found;
  for (const auto& [place, part] : all) {
    if (!part.is_written) continue;
    const auto before = committed_.find(place);
    // One that was taken came behind the end of the one before.
    const bool may_be_open = !was_told_ && before != committed_.end() && before->second.end >= 0;
    found.push_back({place, may_be_open ? std::optional(before->second.end) : std::nullopt});
  }
  return found;
}

void Trail::clear() {
  aborted_.clear();
  if (!is_known_) return;
  open_.clear();
  written_ = told_ = nullptr;
  offsets_.reset();
}

}  // namespace braid::kafka
