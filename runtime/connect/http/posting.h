// Posts JSON to one address, one request at a time. What is not taken is tried again behind a pause that doubles from
// kFirstPauseUs to kLongestPauseUs, or the one that the server asks for. One thread; the clock outlives it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/connect/registry/http.h"

namespace braid {

class Posting {
 public:
  static constexpr int64_t kFirstPauseUs = 1'000'000, kLongestPauseUs = 60'000'000, kTimeoutUs = 10'000'000;

  /// `path`: where to post if `url` has no path.
  Posting(std::string url, std::string_view path, const std::string& token, std::unique_ptr<registry::Http> http,
          Clock& clock);

  /// `next`: the body of the next request at that steady time; empty: there is none. `done`: with the status that has
  /// come, 0 without an answer; false: it is to be tried again.
  void work(int64_t at_most_us, const std::function<std::string(int64_t steady)>& next,
            const std::function<bool(int status, int64_t steady)>& done);
  bool at_rest() const { return exchange_ == nullptr; }
  /// Why the last request was not taken; empty: it was.
  const std::string& problem() const { return problem_; }
  static bool is_taken(int status) { return status >= 200 && status < 300; }

 private:
  std::string url_;
  std::vector<std::string> headers_;
  std::unique_ptr<registry::Http> http_;
  Clock& clock_;
  std::unique_ptr<registry::HttpExchange> exchange_;
  int64_t pause_us_ = kFirstPauseUs;
  int64_t try_at_ = INT64_MIN;  ///< steady clock
  std::string problem_;
};

}  // namespace braid
