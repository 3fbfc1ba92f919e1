#include "runtime/view/view_host.h"

#include "runtime/base/check.h"
#include "runtime/state/wire.h"

namespace braid {

std::string ViewsAt::bytes() const {
  WireWriter out;
  out.fixed(epoch);
  out.fixed(watermark);
  out.fixed(newest);
  if (positions.empty()) return out.take();
  out.fixed(static_cast<uint32_t>(positions.size()));
  for (const TopicPositions& each : positions) {
    out.text(each.product);
    out.fixed(each.version);
    out.text(each.topic);
    out.fixed(static_cast<uint32_t>(each.offsets.size()));
    for (const int64_t offset : each.offsets) out.fixed(offset);
  }
  return out.take();
}

Result<ViewsAt> ViewsAt::parse(std::string_view bytes) {
  WireReader in(bytes);
  ViewsAt at;
  at.epoch = in.fixed<uint64_t>();
  at.watermark = in.fixed<int64_t>();
  at.newest = in.fixed<int64_t>();
  if (!in.failed() && !in.at_end()) {
    for (auto count = in.fixed<uint32_t>(); count > 0 && !in.failed(); --count) {
      TopicPositions& each = at.positions.emplace_back();
      each.product = in.text();
      each.version = in.fixed<int64_t>();
      each.topic = in.text();
      for (auto offsets = in.fixed<uint32_t>(); offsets > 0 && !in.failed(); --offsets)
        each.offsets.push_back(in.fixed<int64_t>());
    }
  }
  if (in.failed()) return Error{ErrorKind::store, "what the store says of its views cannot be read", 8002, 0};
  return at;
}

std::shared_ptr<const ViewsState> ViewHost::state_of(const ViewsAt& at, std::vector<uint64_t> changed) {
  if (changed.empty()) changed.assign(views_->size(), at.epoch);
  auto* state = new ViewsState{at, store_->snapshot(), views_, std::move(changed)};
  BRAID_CHECK(state->store != nullptr, "a store without snapshots has no views");
  ++alive_;
  return {state, [this](const ViewsState* gone) {
            delete gone;
            std::lock_guard lock(mutex_);
            --alive_;
            let_go_.notify_all();
          }};
}

void ViewHost::open(StateStore& store, std::vector<ServedView> views, const ViewsAt& at) {
  {
    std::lock_guard lock(mutex_);
    BRAID_CHECK(store_ == nullptr, "a host is opened twice");
    store_ = &store;
    views_ = std::make_shared<const std::vector<ServedView>>(std::move(views));
    now_ = state_of(at, {});
  }
  tell();
}

void ViewHost::committed(const ViewsAt& at, std::vector<uint64_t> changed) {
  std::shared_ptr<const ViewsState> before;  // let go of without the lock
  std::vector<std::shared_ptr<const ViewsState>> over;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(now_, state_of(at, std::move(changed)));
    const int64_t now_us = clock_.steady_us();
    for (auto each = kept_.begin(); each != kept_.end();) {
      if (each->second.until_us >= now_us && kept_.size() <= kMostKept) {
        ++each;
        continue;
      }
      over.push_back(std::move(each->second.state));
      each = kept_.erase(each);
    }
  }
  tell();
}

void ViewHost::close() {
  std::shared_ptr<const ViewsState> before;
  std::map<uint64_t, Kept> kept;
  {
    std::lock_guard lock(mutex_);
    if (store_ == nullptr) return;
    store_ = nullptr;
    before = std::move(now_);
    kept.swap(kept_);
  }
  before.reset();
  kept.clear();
  tell();
  std::unique_lock lock(mutex_);
  let_go_.wait(lock, [this] { return alive_ == 0; });
}

std::shared_ptr<const ViewsState> ViewHost::now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

std::shared_ptr<const ViewsState> ViewHost::at_epoch(uint64_t epoch) const {
  std::lock_guard lock(mutex_);
  if (now_ != nullptr && now_->at.epoch == epoch) return now_;
  const auto found = kept_.find(epoch);
  return found == kept_.end() ? nullptr : found->second.state;
}

bool ViewHost::has_news(size_t view, uint64_t from_epoch) const {
  std::lock_guard lock(mutex_);
  return now_ == nullptr || now_->changed.at(view) >= from_epoch;
}

void ViewHost::on_news(std::function<void()> listener) {
  std::lock_guard lock(listener_used_);
  listener_ = std::move(listener);
}

void ViewHost::tell() {
  std::lock_guard lock(listener_used_);
  if (listener_) listener_();
}

void ViewHost::keep(const std::shared_ptr<const ViewsState>& state, int64_t until_us) {
  std::shared_ptr<const ViewsState> before;  // let go of without the lock
  std::lock_guard lock(mutex_);
  if (store_ == nullptr) return;
  Kept& kept = kept_[state->at.epoch];
  before = std::exchange(kept.state, state);
  kept.until_us = std::max(kept.until_us, until_us);
}

}  // namespace braid
