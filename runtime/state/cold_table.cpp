#include "runtime/state/cold_table.h"

#include <algorithm>

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
}

void ColdTable::remove(uint64_t count) {
  BRAID_CHECK(count <= entries_, "more entries came back than had gone cold");
  entries_ -= count;
  if (entries_ == 0) filter_.clear();
}

void ColdTable::gone(uint64_t hash, std::string_view key, int64_t bucket) {
  // While nothing is cold nobody asks, and what goes cold does so right after a commit.
  if (entries_ == 0) return;
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

Status ColdTable::renew() {
  constexpr uint64_t kWorthwhile = 1 << 16;
  if (filter_.added() < kWorthwhile || filter_.added() < 4 * entries_) return {};
  filter_.clear();
  for (uint32_t table : tables_) {
    BRAID_TRY(store_->scan(family_, table_prefix(table), [this](std::string_view key, std::string_view) -> Status {
      if (family_ == StateFamily::timed) {
        TimedKey place = parse_timed_key(key);
        filter_.add(mix(place.hash, place.bucket));
      } else {
        filter_.add(mix(parse_point_key(key).hash, 0));
      }
      return {};
    }));
  }
  return {};
}

}  // namespace braid
