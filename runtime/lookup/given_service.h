// A service that answers by script: of `braid test`, and of tests of the engine. Answers change, attempts fail and take
// time as the script says, so that nothing depends on a network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/lookup/service.h"

namespace braid {

/// Shared by the script, which outlives them, and by the services that are made of it.
class GivenAnswersBook {
 public:
  /// From now on; the empty text: there is nothing.
  void give(const std::vector<std::string>& arguments, std::string record) {
    silent_ = false;
    records_[arguments] = std::move(record);
  }
  /// The next attempts to ask for them fail, one after the other, before there is an answer again.
  void fail(const std::vector<std::string>& arguments, int attempts) { failures_[arguments] += attempts; }
  /// All attempts fail until the next answer is given.
  void fall_silent() { silent_ = true; }
  /// Each attempt takes that long by the clock.
  void delay(Clock& clock, int64_t us) {
    clock_ = &clock;
    delay_us_ = us;
  }

  ServiceReply reply(const ServiceRequest& request);
  /// How many attempts there were for these arguments, and in all.
  int asked(const std::vector<std::string>& arguments) const;
  int asked() const { return asked_; }
  /// The most requests that one call of `ask` brought.
  size_t most_at_once() const { return most_at_once_; }

 private:
  friend class GivenService;
  bool silent_ = false;
  std::map<std::vector<std::string>, std::string> records_;
  std::map<std::vector<std::string>, int> failures_, asked_for_;
  int asked_ = 0;
  size_t most_at_once_ = 0;
  Clock* clock_ = nullptr;
  int64_t delay_us_ = 0;
};

class GivenService final : public Service {
 public:
  explicit GivenService(GivenAnswersBook& book) : book_(book) {}
  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override;

 private:
  GivenAnswersBook& book_;
};

}  // namespace braid
