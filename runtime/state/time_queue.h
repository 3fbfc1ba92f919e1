// A queue in order of event time, for what is due when a watermark passes: a calendar queue (R. Brown, "Calendar
// queues", 1988) whose buckets are sorted when they come due. So an item costs an append and its share of one small
// sort, instead of log n steps through a heap that is larger than the caches.
//
// `Order` is a strict weak order of items that begins with their time: time(item) and before(a, b). Items are copied
// and moved at will. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/data/time_text.h"

namespace braid {

template <class Item, class Order>
class TimeQueue {
 public:
  explicit TimeQueue(Order order = {}) : order_(order) {}

  void push(Item item) {
    ++size_;
    const int64_t bucket = bucket_of(item);
    if (bucket <= opened_) {
      early_.push_back(std::move(item));
      std::push_heap(early_.begin(), early_.end(), later());
      return;
    }
    if (last_ == nullptr || bucket != last_bucket_) {
      last_ = &bucket_at(bucket);
      last_bucket_ = bucket;
    }
    last_->push_back(std::move(item));
  }
  const Order& order() const { return order_; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  uint64_t bytes() const { return size_ * sizeof(Item); }
  /// Of a queue that is not empty: no later than the time of any item.
  int64_t first_time() const {
    if (const Item* first = due()) return order_.time(*first);
    return buckets_.begin()->first * kWidth;
  }
  /// The first item, if its time is before `time`.
  bool take_before(int64_t time, Item* item) {
    while (due() == nullptr) {
      if (buckets_.empty() || buckets_.begin()->first * kWidth >= time) return false;
      open_first();
    }
    if (order_.time(*due()) >= time) return false;
    --size_;
    if (early_.empty() || (!open_.empty() && order_.before(open_.back(), early_.front()))) {
      *item = std::move(open_.back());
      open_.pop_back();
      return true;
    }
    std::pop_heap(early_.begin(), early_.end(), later());
    *item = std::move(early_.back());
    early_.pop_back();
    return true;
  }
  /// Offers items to `take`, the last one first, until it refuses one; those that it does not refuse are gone.
  template <class Take>
  void take_last(Take take) {
    put_back();
    while (!buckets_.empty()) {
      auto last = std::prev(buckets_.end());
      std::vector<Item>& items = last->second;
      std::sort(items.begin(), items.end(), [this](const Item& a, const Item& b) { return order_.before(a, b); });
      while (!items.empty() && take(items.back())) {
        items.pop_back();
        --size_;
      }
      if (!items.empty()) break;
      buckets_.erase(last);
    }
    last_ = nullptr;
  }
  template <class Gone>
  void erase_if(Gone gone) {
    put_back();
    for (auto bucket = buckets_.begin(); bucket != buckets_.end();) {
      size_ -= std::erase_if(bucket->second, gone);
      bucket->second.shrink_to_fit();
      bucket = bucket->second.empty() ? buckets_.erase(bucket) : std::next(bucket);
    }
    last_ = nullptr;
  }
  /// Items that are not due yet lie in buckets by time. visit_bucket visits those of one bucket, visit_due those that
  /// lie in none any more; in no order. `visit` may change all of an item but its place in the order, and returns false
  /// to stop in front of the item. The result is where to go on; nothing: all have been visited. The places of a bucket
  /// hold until it is due or take_last() or erase_if() is called, those of due items until due_bucket() changes: items
  /// that are gone since leave no gaps.
  static int64_t bucket_of(int64_t time) { return floor_divide(time, kWidth); }
  /// The first time behind the bucket of `time`.
  static int64_t bucket_end(int64_t time) {
    const int64_t bucket = bucket_of(time);
    return bucket >= INT64_MAX / kWidth ? INT64_MAX : (bucket + 1) * kWidth;
  }
  template <class Visit>
  std::optional<size_t> visit_bucket(int64_t bucket, size_t from, Visit visit) {
    auto found = buckets_.find(bucket);
    if (found == buckets_.end()) return {};
    std::vector<Item>& items = found->second;
    for (; from < items.size(); ++from)
      if (!visit(items[from])) return from;
    return {};
  }
  template <class Visit>
  std::optional<size_t> visit_due(size_t from, Visit visit) {
    for (; from < open_.size(); ++from)
      if (!visit(open_[from])) return from;
    for (Item& item : early_)
      if (!visit(item)) return from;
    return {};
  }
  int64_t due_bucket() const { return opened_; }
  /// Offers all items of a bucket to `take`, due or not, in no order; those for which it returns true are gone. Places
  /// for visit_bucket and visit_due become others.
  template <class Take>
  void take_from_bucket(int64_t bucket, Take take) {
    if (bucket > opened_) {
      auto found = buckets_.find(bucket);
      if (found == buckets_.end()) return;
      take_from(found->second, take);
      if (!found->second.empty()) return;
      buckets_.erase(found);
      last_ = nullptr;
      return;
    }
    auto take_own = [&](Item& item) { return bucket_of(item) == bucket && take(item); };
    take_from(open_, take_own);
    take_from(early_, take_own);
    std::make_heap(early_.begin(), early_.end(), later());
  }
  /// Those before `time`.
  template <class Visit>
  void for_each_before(int64_t time, Visit visit) {
    auto each = [&](Item& item) {
      if (order_.time(item) < time) visit(item);
      return true;
    };
    visit_due(0, each);
    for (auto& [bucket, items] : buckets_) {
      if (bucket * kWidth >= time) break;
      for (Item& item : items) each(item);
    }
  }

  static constexpr int64_t kWidth = int64_t{1} << 20;  ///< of a bucket: about a second

 private:
  template <class Take>
  void take_from(std::vector<Item>& items, Take& take) {
    auto kept = items.begin();
    for (auto item = items.begin(); item != items.end(); ++item) {
      if (take(*item)) continue;
      if (kept != item) *kept = std::move(*item);
      ++kept;
    }
    size_ -= static_cast<size_t>(items.end() - kept);
    items.erase(kept, items.end());
  }
  int64_t bucket_of(const Item& item) const { return bucket_of(order_.time(item)); }
  auto later() const {
    return [this](const Item& a, const Item& b) { return order_.before(b, a); };
  }
  /// The first of what lies in no bucket any more; all of it is before what does.
  const Item* due() const {
    if (open_.empty()) return early_.empty() ? nullptr : &early_.front();
    return early_.empty() || order_.before(open_.back(), early_.front()) ? &open_.back() : &early_.front();
  }
  void open_first() {
    auto first = buckets_.extract(buckets_.begin());
    opened_ = first.key();
    open_.swap(first.mapped());
    if (last_bucket_ == opened_) last_ = nullptr;
    std::sort(open_.begin(), open_.end(), later());
    if (spare_.size() < kSpares && first.mapped().capacity() <= kSpareItems) spare_.push_back(std::move(first));
  }
  /// The bucket, which may be new. Mostly it is behind all others, or the one before it is the last.
  std::vector<Item>& bucket_at(int64_t bucket) {
    auto behind = buckets_.end();
    if (!buckets_.empty() && bucket <= std::prev(behind)->first) behind = buckets_.lower_bound(bucket);
    if (behind != buckets_.end() && behind->first == bucket) return behind->second;
    if (spare_.empty()) return buckets_.emplace_hint(behind, bucket, std::vector<Item>())->second;
    auto made = std::move(spare_.back());
    spare_.pop_back();
    made.key() = bucket;
    return buckets_.insert(behind, std::move(made))->second;
  }
  void put_back() {
    opened_ = INT64_MIN;
    for (std::vector<Item>* part : {&open_, &early_}) {
      for (Item& item : *part) bucket_at(bucket_of(item)).push_back(std::move(item));
      part->clear();
    }
    last_ = nullptr;
  }

  Order order_;
  // Sparse in time, nearly each item has a bucket of its own: those that are empty again are used for others.
  static constexpr size_t kSpares = 1024, kSpareItems = 16;
  using Buckets = std::map<int64_t, std::vector<Item>>;
  Buckets buckets_;
  std::vector<typename Buckets::node_type> spare_;
  std::vector<Item>* last_ = nullptr;  ///< the bucket of the last push
  int64_t last_bucket_ = 0;
  int64_t opened_ = INT64_MIN;  ///< buckets up to there are due
  std::vector<Item> open_;      ///< of the bucket that was opened, the first one at the back
  std::vector<Item> early_;     ///< a heap of what came for buckets that were open already
  size_t size_ = 0;
};

}  // namespace braid
