#include "cli/serve/alert_thread.h"

#include <pthread.h>

#include <chrono>
#include <csignal>

namespace braid::cli {
namespace {

constexpr std::chrono::milliseconds kLook(100);
constexpr int kLooksAtTheEnd = 20;
constexpr int64_t kWorkUs = 200'000;

}  // namespace

AlertThread::AlertThread(std::unique_ptr<AlertSender> sender) : sender_(std::move(sender)) {
  // Signals are for the job's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

AlertThread::~AlertThread() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void AlertThread::set(Alert alert) {
  {
    const std::lock_guard lock(mutex_);
    set_.push_back(std::move(alert));
  }
  changed_.notify_one();
}

std::string AlertThread::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void AlertThread::run() {
  int looks_left = kLooksAtTheEnd;
  while (true) {
    std::vector<Alert> set;
    bool stops = false;
    {
      std::unique_lock lock(mutex_);
      // Once it stops, only the pause between two attempts is waited for.
      changed_.wait_for(lock, kLook, [&] { return !set_.empty() || (stops_ && looks_left == kLooksAtTheEnd); });
      set.swap(set_);
      stops = stops_;
    }
    for (Alert& alert : set) sender_->set(std::move(alert));
    sender_->work(kWorkUs);
    {
      const std::lock_guard lock(mutex_);
      problem_ = sender_->problem();
    }
    if (stops && (sender_->at_rest() || --looks_left <= 0)) return;
  }
}

}  // namespace braid::cli
