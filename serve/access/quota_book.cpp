#include "serve/access/quota_book.h"

#include <algorithm>

namespace braid::serve {
namespace {

constexpr double kSecond = 1e6;

/// At least one request, whatever the rate.
double most_requests(const Quotas& quotas) {
  return std::max(quotas.requests_per_second, 1.0);
}

int64_t wait_for(double missing, double per_second) {
  return static_cast<int64_t>(missing / per_second * kSecond) + 1;
}

}  // namespace

void QuotaBook::fill(Used& used, int64_t now) const {
  const double seconds = static_cast<double>(now - used.at_us) / kSecond;
  used.at_us = now;
  used.requests = std::min(most_requests(used.quotas), used.requests + seconds * used.quotas.requests_per_second);
  used.bytes = std::min(used.quotas.bytes_per_second, used.bytes + seconds * used.quotas.bytes_per_second);
}

void QuotaBook::forget_the_rested(int64_t now) {
  for (auto each = used_.begin(); each != used_.end();) {
    Used& used = each->second;
    fill(used, now);
    const bool rested =
        used.open == 0 && used.requests >= most_requests(used.quotas) && used.bytes >= used.quotas.bytes_per_second;
    each = rested ? used_.erase(each) : std::next(each);
  }
}

QuotaBook::Answer QuotaBook::begin(const std::string& key, const Quotas& quotas, bool scan) {
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.steady_us();
  auto found = used_.find(key);
  if (found == used_.end()) {
    if (used_.size() >= kMostConsumers) forget_the_rested(now);
    if (used_.size() >= kMostConsumers) return {.lease = nullptr, .retry_us = static_cast<int64_t>(kSecond)};
    found = used_
                .emplace(key, Used{.quotas = quotas,
                                   .requests = most_requests(quotas),
                                   .bytes = quotas.bytes_per_second,
                                   .at_us = now})
                .first;
  }
  Used& used = found->second;
  fill(used, now);
  used.quotas = quotas;
  if (quotas.requests_per_second > 0 && used.requests < 1)
    return {.lease = nullptr, .retry_us = wait_for(1 - used.requests, quotas.requests_per_second)};
  if (quotas.bytes_per_second > 0 && used.bytes < 0)
    return {.lease = nullptr, .retry_us = wait_for(-used.bytes, quotas.bytes_per_second)};
  if (scan && quotas.scans > 0 && used.scans >= quotas.scans)
    return {.lease = nullptr, .retry_us = static_cast<int64_t>(kSecond)};
  if (quotas.requests_per_second > 0) used.requests -= 1;
  used.open += 1;
  used.scans += scan ? 1 : 0;
  return {.lease = std::make_shared<Lease>(*this, key, scan)};
}

void QuotaBook::end(const std::string& key, bool scan) {
  const std::lock_guard lock(mutex_);
  Used& used = used_.at(key);
  used.open -= 1;
  used.scans -= scan ? 1 : 0;
}

void QuotaBook::add_bytes(const std::string& key, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Used& used = used_.at(key);
  if (used.quotas.bytes_per_second > 0) used.bytes -= static_cast<double>(bytes);
}

}  // namespace braid::serve
