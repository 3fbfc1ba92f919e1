// Events that are posted to a server which does not always answer.
#include "runtime/connect/http/event_post.h"

#include <gtest/gtest.h>

#include <deque>

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000;

registry::HttpOutcome status(int number) {
  return registry::HttpAnswer{.status = number, .body = "", .retry_after_us = {}};
}

/// Answers each request at once as was planned, else with 201.
class Receiver final : public registry::Http {
 public:
  explicit Receiver(ManualClock& clock) : clock_(clock) {}
  std::unique_ptr<registry::HttpExchange> start(registry::HttpRequest request) override {
    requests.push_back(std::move(request));
    registry::HttpOutcome outcome = status(201);
    if (!planned.empty()) {
      outcome = planned.front();
      planned.pop_front();
    }
    return std::make_unique<Exchange>(std::move(outcome));
  }
  void wait(int64_t at_most_us) override { clock_.advance_us(std::min<int64_t>(at_most_us, 1000)); }

  std::deque<registry::HttpOutcome> planned;
  std::vector<registry::HttpRequest> requests;

 private:
  struct Exchange final : registry::HttpExchange {
    explicit Exchange(registry::HttpOutcome outcome) : outcome(std::move(outcome)) {}
    const registry::HttpOutcome* poll() override { return &outcome; }
    registry::HttpOutcome outcome;
  };
  ManualClock& clock_;
};

class EventPosts : public testing::Test {
 protected:
  ManualClock clock_{kSecond};
  std::unique_ptr<Receiver> made_ = std::make_unique<Receiver>(clock_);
  Receiver* receiver_ = made_.get();
  EventPost events_{"http://lineage.example:5000", "s3cret", std::move(made_), clock_};

  std::vector<std::string> bodies() const {
    std::vector<std::string> made;
    for (const registry::HttpRequest& request : receiver_->requests) made.push_back(request.body);
    return made;
  }
};

TEST_F(EventPosts, go_one_by_one_in_order) {
  events_.add("1");
  events_.add("2");
  EXPECT_FALSE(events_.at_rest());
  events_.work(kSecond);
  EXPECT_TRUE(events_.at_rest());
  EXPECT_EQ(bodies(), (std::vector<std::string>{"1", "2"}));
  const registry::HttpRequest& request = receiver_->requests.front();
  EXPECT_EQ(request.url, "http://lineage.example:5000/api/v1/lineage");
  EXPECT_EQ(request.method, registry::HttpMethod::post);
  EXPECT_EQ(request.headers,
            (std::vector<std::string>{"Content-Type: application/json", "Authorization: Bearer s3cret"}));
  EXPECT_EQ(events_.counts().sent, 2U);
}

TEST_F(EventPosts, are_tried_again_behind_longer_pauses) {
  receiver_->planned = {status(503), registry::HttpFailure{.message = "no connection"}, status(200)};
  events_.add("1");
  events_.work(0);
  events_.work(0);
  EXPECT_EQ(events_.problem(), "status 503");
  EXPECT_EQ(bodies().size(), 1U);
  clock_.advance_us(Posting::kFirstPauseUs);
  events_.work(0);
  events_.work(0);
  EXPECT_EQ(events_.problem(), "no connection");
  clock_.advance_us(Posting::kFirstPauseUs);  // now it is twice as long
  events_.work(0);
  EXPECT_EQ(bodies().size(), 2U);
  clock_.advance_us(Posting::kFirstPauseUs);
  events_.work(kSecond);
  EXPECT_EQ(bodies(), (std::vector<std::string>{"1", "1", "1"}));
  EXPECT_EQ(events_.problem(), "");
  EXPECT_TRUE(events_.at_rest());
}

TEST_F(EventPosts, that_nobody_takes_are_dropped_and_the_next_goes_on) {
  receiver_->planned = {status(422), status(201)};
  events_.add("broken");
  events_.add("2");
  events_.work(kSecond);
  EXPECT_EQ(bodies(), (std::vector<std::string>{"broken", "2"}));
  EXPECT_EQ(events_.counts().dropped, 1U);
  EXPECT_EQ(events_.counts().sent, 1U);
}

TEST_F(EventPosts, wait_in_a_bounded_queue) {
  receiver_->planned.assign(1, status(500));
  for (size_t i = 0; i < EventQueue::kMost + 10; ++i) events_.add(std::to_string(i));
  EXPECT_EQ(events_.counts().dropped, 10U);
  events_.work(0);
  events_.work(0);
  EXPECT_EQ(bodies(), std::vector<std::string>{"10"});
}

}  // namespace
}  // namespace braid
