// Sends alerts or events on a thread of its own, so that no receiver holds the job up.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/outbox/event_sender.h"
#include "runtime/promise/alert_sender.h"

namespace braid::cli {

/// `kGive`: the member of the sender that takes an item.
template <class Sender, class Item, void (Sender::*kGive)(Item)>
class SenderThread {
 public:
  /// `behind_work`: called on the thread when the sender has worked.
  explicit SenderThread(std::unique_ptr<Sender> sender, std::function<void(const Sender&)> behind_work = {})
      : sender_(std::move(sender)), behind_work_(std::move(behind_work)) {
    // Signals are for the job's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  SenderThread(const SenderThread&) = delete;
  SenderThread& operator=(const SenderThread&) = delete;
  /// Gives what has not been sent two seconds more.
  ~SenderThread() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  /// False if `most` wait here already, because the sender is held up: then the item is not taken.
  bool give(Item item, size_t most = SIZE_MAX) {
    {
      const std::lock_guard lock(mutex_);
      if (given_.size() >= most) return false;
      given_.push_back(std::move(item));
    }
    changed_.notify_one();
    return true;
  }
  /// Why nothing can be sent now; empty: it can.
  std::string problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  static constexpr std::chrono::milliseconds kLook{100};
  static constexpr int kLooksAtTheEnd = 20;
  static constexpr int64_t kWorkUs = 200'000;

  void run() {
    int looks_left = kLooksAtTheEnd;
    while (true) {
      std::vector<Item> given;
      bool stops = false;
      {
        std::unique_lock lock(mutex_);
        // Once it stops, only the pause between two attempts is waited for.
        changed_.wait_for(lock, kLook, [&] { return !given_.empty() || (stops_ && looks_left == kLooksAtTheEnd); });
        given.swap(given_);
        stops = stops_;
      }
      for (Item& item : given) (*sender_.*kGive)(std::move(item));
      sender_->work(kWorkUs);
      {
        const std::lock_guard lock(mutex_);
        problem_ = sender_->problem();
      }
      if (behind_work_) behind_work_(*sender_);
      if (stops && (sender_->at_rest() || --looks_left <= 0)) return;
    }
  }

  std::unique_ptr<Sender> sender_;
  std::function<void(const Sender&)> behind_work_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> given_;
  std::string problem_;
  bool stops_ = false;
  std::thread thread_;  ///< the last: it uses the others
};

/// What waits is as much as there are promises.
using AlertThread = SenderThread<AlertSender, Alert, &AlertSender::set>;
using EventThread = SenderThread<EventSender, std::string, &EventSender::add>;

}  // namespace braid::cli
