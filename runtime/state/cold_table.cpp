#include "runtime/state/cold_table.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/state/wire.h"

namespace braid {

void ColdFilter::add(uint64_t hash) {
  constexpr uint64_t kFirstBlocks = 128;
  constexpr uint64_t kEntriesOfBlock = 40;  // 12.8 bits each
  if (layers_.empty() || layers_.back().room == 0) {
    uint64_t blocks = layers_.empty() ? kFirstBlocks : layers_.back().blocks.size() * 4;
    if (layers_.empty() || bytes() + blocks * sizeof(Block) <= kMostFilterBytes)
      layers_.push_back({std::vector<Block>(blocks, Block{}), blocks * kEntriesOfBlock});
  }
  Layer& layer = layers_.back();
  Block& block = layer.blocks[hash & (layer.blocks.size() - 1)];
  for (int i = 0; i < 8; ++i) block.words[i] |= uint64_t{1} << Layer::bit(hash, i);
  if (layer.room > 0) --layer.room;
  ++added_;
}

uint64_t ColdFilter::bytes() const {
  uint64_t total = 0;
  for (const Layer& layer : layers_) total += layer.blocks.size() * sizeof(Block);
  return total;
}

std::string ColdTable::exact(uint64_t hash, std::string_view key, int64_t bucket) {
  WireWriter bytes;
  bytes.fixed(hash);
  bytes.fixed(bucket);
  bytes.bytes().append(key);
  return bytes.take();
}

bool ColdTable::is_gone(uint64_t hash, std::string_view key, int64_t bucket) const {
  if (gone_.empty() && going_.empty()) return false;
  std::string place = exact(hash, key, bucket);
  return gone_.contains(place) || going_.contains(place);
}

void ColdTable::add(uint64_t hash, int64_t bucket) {
  ++entries_;
  filter_.add(mix(hash, bucket));
  if (next_) renewed_.add(mix(hash, bucket));
}

void ColdTable::remove(uint64_t count) {
  BRAID_CHECK(count <= entries_, "more entries came back than had gone cold");
  entries_ -= count;
  if (entries_ > 0) return;
  filter_.clear();
  renewed_.clear();
  renewed_with_ = 0;
  next_.reset();
}

void ColdTable::gone(uint64_t hash, std::string_view key, int64_t bucket) {
  // While nothing is cold nobody asks; what goes cold does so right after a commit, or when it is read for the first
  // time.
  if (entries_ == 0 && unread_.empty()) return;
  gone_.insert(exact(hash, key, bucket));
}

void ColdTable::collected() {
  if (going_.empty()) {
    going_.swap(gone_);
  } else {
    going_.merge(gone_);
    gone_.clear();
  }
}

Status ColdTable::renew(uint64_t rows) {
  constexpr uint64_t kWorthwhile = 1 << 16;
  if (!next_) {
    // The keys in the store are more than those of what is cold: the second time it has to be worth reading them.
    if (filter_.added() < std::max({kWorthwhile, 4 * entries_, 2 * renewed_with_})) return {};
    next_table_ = 0;
    next_ = slice_prefix(tables_[0], first_slice_);
  }
  // An entry that is cold when this is done has lain in the store since its range was read; or it has been added since.
  const std::string begin = *std::exchange(next_, std::nullopt);
  const std::string end = StateStore::behind_prefix(slice_prefix(tables_[next_table_], end_slice_ - 1));
  BRAID_TRY(store_->leap(family_, begin, end, [&](std::string_view key, std::string_view) -> Result<std::string> {
    if (rows-- == 0) {
      next_ = std::string(key);
      return end;
    }
    if (family_ == StateFamily::timed) {
      const TimedKey place = parse_timed_key(key);
      renewed_.add(mix(place.hash, place.bucket));
    } else {
      renewed_.add(mix(parse_point_key(key).hash, 0));
    }
    return std::string();
  }));
  if (next_) return {};
  if (++next_table_ < tables_.size()) {
    next_ = slice_prefix(tables_[next_table_], first_slice_);
    return {};
  }
  filter_ = std::exchange(renewed_, {});
  renewed_with_ = filter_.added();
  return {};
}

}  // namespace braid
