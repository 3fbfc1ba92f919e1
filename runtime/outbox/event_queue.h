// Events that wait to be sent, the oldest first. Of more than kMost, or of more than kMostBytes together, the oldest
// are dropped and counted: what is new tells more, and each event says all there is to say. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "runtime/outbox/event_sender.h"

namespace braid {

class EventQueue {
 public:
  static constexpr size_t kMost = 1024, kMostBytes = size_t{32} << 20;

  void add(std::string event) {
    bytes_ += event.size();
    waiting_.push_back(std::move(event));
    while (waiting_.size() > kMost || (bytes_ > kMostBytes && waiting_.size() > 1)) {
      drop();
    }
  }
  bool empty() const { return waiting_.empty(); }
  const std::string& front() const { return waiting_.front(); }
  /// The oldest one, to be sent; it waits no more.
  std::string take() {
    std::string taken = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= taken.size();
    return taken;
  }
  /// The oldest is given up.
  void drop() {
    (void)take();
    ++counts.dropped;
  }

  EventSender::Counts counts;

 private:
  std::deque<std::string> waiting_;
  size_t bytes_ = 0;
};

}  // namespace braid
