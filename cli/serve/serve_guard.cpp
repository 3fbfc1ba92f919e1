#include "cli/serve/serve_guard.h"

#include <pthread.h>

#include <csignal>

namespace braid::cli {
namespace {

constexpr int64_t kLookEveryUs = 50'000;

}  // namespace

std::optional<serve::Sight> ServeGuard::Counted::sight(size_t view, const serve::Consumer& consumer) {
  std::optional<serve::Sight> sight = rules_.sight(view, consumer);
  if (sight) sight->count = uses_.counter(view, consumer);
  return sight;
}

ServeGuard::ServeGuard(GuardOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      ring_(options_.fetch_keys ? std::make_unique<serve::KeyRing>(options_.fetch_keys, clock) : nullptr),
      gate_(options_.access, ring_.get(), clock),
      counted_(*options_.rules, uses_) {
  if (options_.refresh_rules) options_.refresh_rules();
  if (!ring_ && !options_.refresh_rules) return;
  // Signals are for the job's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { refresh(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ServeGuard::~ServeGuard() {
  stops_ = true;
  if (thread_.joinable()) thread_.join();
}

void ServeGuard::refresh() {
  int64_t rules_at = clock_.steady_us();
  while (!stops_) {
    if (ring_ && ring_->is_due()) ring_->refresh();
    if (options_.refresh_rules && clock_.steady_us() - rules_at >= kRulesEveryUs) {
      options_.refresh_rules();
      rules_at = clock_.steady_us();
    }
    clock_.sleep_us(kLookEveryUs);
  }
}

}  // namespace braid::cli
