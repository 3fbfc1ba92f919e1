#include "runtime/connect/http/alertmanager.h"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Json = nlohmann::json;
constexpr int64_t kSecond = 1'000'000, kStart = 1'700'000'000 * kSecond;

/// Answers each request at once as was planned, else with 200; null outcomes never come.
class Receiver final : public registry::Http {
 public:
  explicit Receiver(ManualClock& clock) : clock_(clock) {}
  std::unique_ptr<registry::HttpExchange> start(registry::HttpRequest request) override {
    requests.push_back(request);
    std::optional<registry::HttpOutcome> outcome = registry::HttpAnswer{.status = 200, .body = ""};
    if (!planned.empty()) {
      outcome = planned.front();
      planned.pop_front();
    }
    return std::make_unique<Exchange>(outcome);
  }
  void wait(int64_t at_most_us) override { clock_.advance_us(at_most_us); }

  std::deque<std::optional<registry::HttpOutcome>> planned;
  std::vector<registry::HttpRequest> requests;

 private:
  struct Exchange final : registry::HttpExchange {
    explicit Exchange(std::optional<registry::HttpOutcome> outcome) : outcome(std::move(outcome)) {}
    const registry::HttpOutcome* poll() override { return outcome ? &*outcome : nullptr; }
    std::optional<registry::HttpOutcome> outcome;
  };
  ManualClock& clock_;
};

class Alerts : public testing::Test {
 protected:
  static Alert alert(const std::string& promise, int64_t starts, std::optional<int64_t> ends = {}) {
    return {.labels = {{"alertname", "BraidPromiseBreached"}, {"promise", promise}},
            .annotations = {{"summary", "\"" + promise + "\" is breached"}},
            .starts_at = kStart + starts * kSecond,
            .ends_at = ends ? std::optional(kStart + *ends * kSecond) : std::nullopt};
  }
  static std::string instant(int64_t second) { return timestamp_text(kStart + second * kSecond); }
  void at(int64_t second) {
    clock_.set_us(kStart + second * kSecond);
    alerts_.work(0);  // begins
    alerts_.work(0);  // takes the answer
  }
  Json body(size_t request) { return Json::parse(receiver_->requests.at(request).body); }
  size_t requests() const { return receiver_->requests.size(); }

  ManualClock clock_{kStart};
  std::unique_ptr<Receiver> made_ = std::make_unique<Receiver>(clock_);
  Receiver* receiver_ = made_.get();
  Alertmanager alerts_{"http://alerts.example:9093", std::move(made_), clock_};
};

TEST_F(Alerts, are_posted_as_an_alertmanager_takes_them) {
  at(0);
  EXPECT_EQ(requests(), 0U);
  alerts_.set(alert("fresh within 5m", 1));
  EXPECT_FALSE(alerts_.at_rest());
  at(2);
  ASSERT_EQ(requests(), 1U);
  const registry::HttpRequest& request = receiver_->requests[0];
  EXPECT_EQ(request.url, "http://alerts.example:9093/api/v2/alerts");
  EXPECT_EQ(request.method, registry::HttpMethod::post);
  EXPECT_EQ(request.headers, std::vector<std::string>{"Content-Type: application/json"});
  const Json expected = {{{"labels", {{"alertname", "BraidPromiseBreached"}, {"promise", "fresh within 5m"}}},
                          {"annotations", {{"summary", "\"fresh within 5m\" is breached"}}},
                          {"startsAt", instant(1)},
                          {"endsAt", instant(2 + 240)}}};
  EXPECT_EQ(body(0), expected);
  EXPECT_TRUE(alerts_.at_rest());
  EXPECT_EQ(alerts_.problem(), "");
}

TEST_F(Alerts, are_told_again_until_they_are_over) {
  alerts_.set(alert("a", 0));
  at(0);
  at(59);
  EXPECT_EQ(requests(), 1U);
  at(60);
  EXPECT_EQ(requests(), 2U);
  alerts_.set(alert("a", 0, 70));
  at(71);
  ASSERT_EQ(requests(), 3U);
  EXPECT_EQ(body(2)[0]["startsAt"], instant(0));
  EXPECT_EQ(body(2)[0]["endsAt"], instant(70));
  at(1000);
  EXPECT_EQ(requests(), 3U);
}

TEST_F(Alerts, are_sent_again_behind_longer_and_longer_pauses) {
  using registry::HttpAnswer, registry::HttpFailure, registry::HttpOutcome;
  receiver_->planned = {HttpOutcome(HttpFailure{.message = "no connection"}), HttpOutcome(HttpAnswer{.status = 503}),
                        HttpOutcome(HttpAnswer{.status = 429, .body = "", .retry_after_us = 20 * kSecond})};
  alerts_.set(alert("a", 0));
  at(0);
  EXPECT_EQ(alerts_.problem(), "no connection");
  at(0);
  EXPECT_EQ(requests(), 1U);
  at(1);
  EXPECT_EQ(alerts_.problem(), "status 503");
  at(2);
  EXPECT_EQ(requests(), 2U);
  at(3);
  at(22);
  EXPECT_EQ(requests(), 3U);
  // It is over before anybody was told: then that is told.
  alerts_.set(alert("a", 0, 22));
  at(23);
  ASSERT_EQ(requests(), 4U);
  EXPECT_EQ(body(3).size(), 1U);
  EXPECT_EQ(body(3)[0]["endsAt"], instant(22));
  EXPECT_EQ(alerts_.problem(), "");
  at(500);
  EXPECT_EQ(requests(), 4U);
}

TEST_F(Alerts, that_change_while_they_are_sent_are_sent_again) {
  receiver_->planned = {std::nullopt};
  alerts_.set(alert("a", 0));
  alerts_.work(kSecond);  // no answer in that time
  EXPECT_EQ(clock_.steady_us() - kStart, kSecond);
  alerts_.set(alert("a", 0, 1));
  EXPECT_FALSE(alerts_.at_rest());
}

TEST_F(Alerts, are_not_too_many_in_a_request) {
  for (size_t i = 0; i < Alertmanager::kMostAtOnce + 1; ++i) alerts_.set(alert("p" + std::to_string(i), 0));
  at(0);
  ASSERT_EQ(requests(), 2U);
  EXPECT_EQ(body(0).size(), Alertmanager::kMostAtOnce);
  EXPECT_EQ(body(1).size(), 1U);
}

TEST(AlertPlaces, keep_their_path) {
  ManualClock clock(kStart);
  for (const auto& [written, place] :
       {std::pair{"http://a/hook?x=1", "http://a/hook?x=1"}, {"https://a:9093/", "https://a:9093/api/v2/alerts"}}) {
    auto made = std::make_unique<Receiver>(clock);
    Receiver* receiver = made.get();
    Alertmanager alerts(written, std::move(made), clock);
    alerts.set({.labels = {{"alertname", "x"}}, .annotations = {}});
    alerts.work(0);
    EXPECT_EQ(receiver->requests.at(0).url, place);
  }
}

}  // namespace
}  // namespace braid
