#include "runtime/state/group_table.h"

#include <algorithm>
#include <bit>

namespace braid {

GroupRows::GroupRows(BlobPool& pool, uint32_t key_size, uint64_t value_size, uint64_t alignment)
    : pool_(pool), fixed_key_size_(key_size) {
  uint64_t key = key_size == kAnySize ? sizeof(const char*) : (uint64_t{key_size} + 7) & ~uint64_t{7};
  auto aligned = [alignment](uint64_t size) { return (size + alignment - 1) & ~(alignment - 1); };
  value_offset_ = aligned(sizeof(RowHead) + key);
  row_size_ = aligned(value_offset_ + value_size);
  uint64_t rows = std::max<uint64_t>(std::bit_floor(kPage / row_size_), 1);
  page_bits_ = static_cast<uint32_t>(std::bit_width(rows)) - 1;
  page_mask_ = static_cast<uint32_t>(rows) - 1;
}

RowHandle GroupRows::add(uint64_t hash, std::string_view key) {
  RowHandle handle = next_;
  if (!free_.empty()) {
    handle = free_.back();
    free_.pop_back();
  } else {
    BRAID_CHECK(next_ != kNoRow, "an operator has four billion groups");
    if ((next_ & page_mask_) == 0) pages_.push_back(std::make_unique_for_overwrite<char[]>(row_size_ << page_bits_));
    ++next_;
  }
  char* at = row(handle);
  *reinterpret_cast<RowHead*>(at) = {hash, static_cast<uint32_t>(key.size()), ChangedIn::none, false, true, false};
  char* place = at + sizeof(RowHead);
  if (fixed_key_size_ != kAnySize) {
    if (!key.empty()) std::memcpy(place, key.data(), key.size());
  } else {
    Bytes kept = pool_.copy(key);
    std::memcpy(place, &kept.data, sizeof(kept.data));
  }
  std::memset(at + value_offset_, 0, row_size_ - value_offset_);
  ++live_;
  return handle;
}

void GroupRows::erase(RowHandle handle) {
  if (fixed_key_size_ == kAnySize) {
    std::string_view key = this->key(handle);
    pool_.release({key.data(), key.size()});
  }
  free_.push_back(handle);
  --live_;
}

RowHandle GroupTable::find(uint64_t hash, std::string_view key) const {
  if (segments_.empty()) return kNoRow;
  uint64_t spread = range_.spread(hash);
  const Segment& segment = segment_of(spread);
  auto tag = static_cast<uint32_t>(spread >> 32);
  for (uint64_t at = place(segment, tag);; at = (at + 1) & segment.last) {
    const Slot& slot = segment.slots[at];
    if (slot.row == kNoRow) return kNoRow;
    if (slot.tag == tag && rows_.holds(slot.row, hash, key)) {
      rows_.head(slot.row).found_lately = true;
      return slot.row;
    }
  }
}

RowHandle GroupTable::find_or_add(uint64_t hash, std::string_view key, bool* added) {
  RowHandle found = find(hash, key);
  *added = found == kNoRow;
  if (found != kNoRow) return found;
  if (segments_.empty()) {
    segments_.push_back(std::make_unique<Segment>());
    begin_slots(*segments_[0], kFirstSlots, 0);
    depth_ = 0;
    directory_.assign(1, segments_[0].get());
  }
  uint64_t spread = range_.spread(hash);
  while ((segment_of(spread).used + 1) * 4 > (segment_of(spread).last + 1) * 3) make_room(segment_of(spread));
  found = rows_.add(hash, key);
  put(segment_of(spread), {static_cast<uint32_t>(spread >> 32), found});
  ++size_;
  return found;
}

void GroupTable::take_out(RowHandle row) {
  uint64_t spread = range_.spread(rows_.head(row).hash);
  Segment& segment = segment_of(spread);
  uint64_t gap = home(segment, spread);
  while (segment.slots[gap].row != row) gap = (gap + 1) & segment.last;
  // Rows that were pushed behind this place move up, so that no gap cuts a chain.
  for (uint64_t next = (gap + 1) & segment.last; segment.slots[next].row != kNoRow; next = (next + 1) & segment.last) {
    uint64_t place_of_next = place(segment, segment.slots[next].tag);
    if (((next - place_of_next) & segment.last) < ((next - gap) & segment.last)) continue;
    segment.slots[gap] = segment.slots[next];
    gap = next;
  }
  segment.slots[gap].row = kNoRow;
  --segment.used;
  --size_;
}

std::vector<RowHandle> GroupTable::in_order() const {
  std::vector<RowHandle> all;
  all.reserve(size_);
  std::vector<Slot> slots, wrapped;
  auto before = [this](const Slot& a, const Slot& b) {
    return a.tag != b.tag ? a.tag < b.tag : rows_.before(a.row, b.row);
  };
  const Segment* last = nullptr;
  for (const Segment* segment : directory_) {
    if (segment == last) continue;
    last = segment;
    slots.clear();
    wrapped.clear();
    for (uint64_t at = 0; at <= segment->last; ++at) {
      const Slot& slot = segment->slots[at];
      if (slot.row != kNoRow) (place(*segment, slot.tag) > at ? wrapped : slots).push_back(slot);
    }
    slots.insert(slots.end(), wrapped.begin(), wrapped.end());
    // Each is near its place.
    for (size_t i = 1; i < slots.size(); ++i) {
      Slot slot = slots[i];
      size_t at = i;
      for (; at > 0 && before(slot, slots[at - 1]); --at) slots[at] = slots[at - 1];
      slots[at] = slot;
    }
    for (const Slot& slot : slots) all.push_back(slot.row);
  }
  return all;
}

void GroupTable::begin_slots(Segment& segment, uint32_t count, uint32_t depth) {
  segment.slots = reinterpret_cast<Slot*>(pool_.allocate(uint64_t{count} * sizeof(Slot)));
  std::memset(static_cast<void*>(segment.slots), 0xff, uint64_t{count} * sizeof(Slot));
  segment.last = count - 1;
  segment.used = 0;
  segment.depth = depth;
  segment.shift = 32 - static_cast<uint32_t>(std::bit_width(count) - 1);
}

void GroupTable::release_slots(Segment& segment) {
  pool_.release(reinterpret_cast<char*>(segment.slots), (uint64_t{segment.last} + 1) * sizeof(Slot));
}

void GroupTable::put(Segment& segment, Slot slot) {
  uint64_t at = place(segment, slot.tag);
  while (segment.slots[at].row != kNoRow) at = (at + 1) & segment.last;
  segment.slots[at] = slot;
  ++segment.used;
}

void GroupTable::make_room(Segment& segment) {
  uint32_t count = segment.last + 1;
  // Places are made of 32 bits: a range that is as narrow as this grows as one.
  if (count == kMostSlots && segment.depth + std::bit_width(count) < 32) return split(segment);
  Segment old = segment;
  begin_slots(segment, count * 2, old.depth);
  for (uint32_t at = 0; at < count; ++at)
    if (old.slots[at].row != kNoRow) put(segment, old.slots[at]);
  release_slots(old);
}

void GroupTable::split(Segment& segment) {
  if (segment.depth == depth_) {
    std::vector<Segment*> wider(directory_.size() * 2);
    for (size_t i = 0; i < wider.size(); ++i) wider[i] = directory_[i / 2];
    directory_ = std::move(wider);
    ++depth_;
  }
  Segment old = segment;
  auto second = std::make_unique<Segment>();
  uint64_t prefix = 0;  // the bits that its rows share
  begin_slots(segment, kMostSlots, old.depth + 1);
  begin_slots(*second, kMostSlots, old.depth + 1);
  for (uint32_t at = 0; at < kMostSlots; ++at) {
    if (old.slots[at].row == kNoRow) continue;
    prefix = old.depth == 0 ? 0 : old.slots[at].tag >> (32 - old.depth);
    bool upper = (static_cast<uint32_t>(old.slots[at].tag << old.depth) >> 31) != 0;
    put(upper ? *second : segment, old.slots[at]);
  }
  release_slots(old);
  auto first = directory_.begin() + static_cast<std::ptrdiff_t>(prefix << (depth_ - old.depth));
  auto count = std::ptrdiff_t{1} << (depth_ - old.depth);
  std::fill(first + count / 2, first + count, second.get());
  segments_.push_back(std::move(second));
}

void GroupTable::clear() {
  for (const auto& segment : segments_) release_slots(*segment);
  segments_.clear();
  directory_.clear();
  depth_ = 0;
  size_ = 0;
}

}  // namespace braid
