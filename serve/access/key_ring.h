// The keys of an issuer of tokens, fetched beside the requests: no request waits for the issuer longer than it wants.
//
// Keys are fetched at the start, every five minutes, and when a token names one that is not there; then at most every
// ten seconds, whatever tokens come. While the issuer does not answer, the keys of the last hour do.
// refresh() on one thread; the others on any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "mesh/identity/key_set.h"
#include "runtime/base/clock.h"

namespace braid::serve {

class KeyRing {
 public:
  static constexpr int64_t kFreshUs = 300'000'000, kAskAgainUs = 10'000'000, kAwayUs = 3'600'000'000;

  /// `fetch` gives the issuer's document (JWKS), and may wait. The clock outlives this.
  KeyRing(std::function<Result<std::string>()> fetch, Clock& clock) : fetch_(std::move(fetch)), clock_(clock) {}

  /// Null: there are none that may be used.
  std::shared_ptr<const mesh::KeySet> keys() const;
  /// A token names a key that is not there. True: the next refresh may bring it, and is to come soon.
  bool want();
  /// Whether keys should be fetched now.
  bool is_due() const;
  void refresh();
  /// Why the last refresh failed; empty: it did not.
  std::string problem() const;

 private:
  std::function<Result<std::string>()> fetch_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const mesh::KeySet> keys_;
  int64_t fetched_at_ = INT64_MIN;  ///< steady clock, as all here
  int64_t asked_at_ = INT64_MIN;
  bool wanted_ = true, fetching_ = false;
  std::string problem_;
};

}  // namespace braid::serve
