#include "serve/access/use_book.h"

namespace braid::serve {

class UseBook::Counter : public ReadCount {
 public:
  Counter(UseBook& book, Place place) : book_(book), place_(std::move(place)) {}
  void count(const std::set<int>& columns, uint64_t rows) override { book_.count(place_, columns, rows); }

 private:
  UseBook& book_;
  Place place_;
};

std::shared_ptr<ReadCount> UseBook::counter(size_t view, const Consumer& consumer) {
  return std::make_shared<Counter>(*this, Place(view, consumer.name, consumer.purpose));
}

void UseBook::count(const Place& place, const std::set<int>& columns, uint64_t rows) {
  const std::lock_guard lock(mutex_);
  const bool full = uses_.size() >= kMostUses && !uses_.contains(place);
  const auto& [view, consumer, purpose] = place;
  ConsumerUse& use = uses_[full ? Place(view, "others", "") : place];
  use.view = view;
  use.consumer = full ? "others" : consumer;
  use.purpose = full ? "" : purpose;
  use.columns.insert(columns.begin(), columns.end());
  use.reads += 1;
  use.rows += static_cast<int64_t>(rows);
}

std::vector<ConsumerUse> UseBook::take() {
  std::map<Place, ConsumerUse> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(uses_);
  }
  std::vector<ConsumerUse> made;
  for (auto& [place, use] : taken) made.push_back(std::move(use));
  return made;
}

}  // namespace braid::serve
