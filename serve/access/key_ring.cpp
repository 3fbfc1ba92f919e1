#include "serve/access/key_ring.h"

namespace braid::serve {

std::shared_ptr<const mesh::KeySet> KeyRing::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_ != nullptr && clock_.steady_us() - fetched_at_ <= kAwayUs ? keys_ : nullptr;
}

bool KeyRing::want() {
  const std::lock_guard lock(mutex_);
  if (fetching_) return true;
  if (asked_at_ != INT64_MIN && clock_.steady_us() - asked_at_ < kAskAgainUs) return false;
  wanted_ = true;
  return true;
}

bool KeyRing::is_due() const {
  const std::lock_guard lock(mutex_);
  if (fetching_) return false;
  if (asked_at_ == INT64_MIN) return true;
  const int64_t since = clock_.steady_us() - asked_at_;
  return since >= kAskAgainUs && (wanted_ || keys_ == nullptr || !problem_.empty() || since >= kFreshUs);
}

void KeyRing::refresh() {
  {
    const std::lock_guard lock(mutex_);
    fetching_ = true;
  }
  const Result<std::string> document = fetch_();
  Result<mesh::KeySet> keys = document.ok() ? mesh::KeySet::read(*document) : Result<mesh::KeySet>(document.error());
  const std::lock_guard lock(mutex_);
  fetching_ = wanted_ = false;
  asked_at_ = clock_.steady_us();
  problem_ = keys.ok() ? "" : keys.error().message;
  if (!keys.ok()) return;
  keys_ = std::make_shared<const mesh::KeySet>(*std::move(keys));
  fetched_at_ = asked_at_;
}

std::string KeyRing::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace braid::serve
