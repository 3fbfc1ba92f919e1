// Sends alerts on a thread of its own, so that no receiver holds the job up. What waits is as much as there are
// promises.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/promise/alert_sender.h"

namespace braid::cli {

class AlertThread {
 public:
  explicit AlertThread(std::unique_ptr<AlertSender> sender);
  /// Gives what has not been sent two seconds more.
  ~AlertThread();

  void set(Alert alert);
  /// Why alerts cannot be sent now; empty: they can.
  std::string problem() const;

 private:
  void run();

  std::unique_ptr<AlertSender> sender_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Alert> set_;
  std::string problem_;
  bool stops_ = false;
  std::thread thread_;  ///< the last: it uses the others
};

}  // namespace braid::cli
