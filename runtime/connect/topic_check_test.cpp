#include "runtime/connect/topic_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runtime/broker/sim_broker.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kSecond = 1'000'000;

class TopicCheck : public testing::Test {
 protected:
  void SetUp() override {
    make("shop.sale.v1", 4);
    make("shop.big.v1", 8);
    SourceSpec source;
    source.name = "shop.sale";
    source.binding = {.kind = "topic", .address = "shop.sale.v1", .format = "json", .options = {}};
    program_.sources.push_back(source);
    ProductSpec product;
    product.domain = "shop";
    product.name = "big";
    program_.products.push_back(product);
    outputs_[0] = {.topic = "shop.big.v1"};
  }
  void make(const std::string& name, int32_t partitions) {
    const NewTopic topic{name, partitions, -1, {}};
    ASSERT_TRUE(broker_.create_topics({&topic, 1}, kSecond).ok());
  }
  Error check() {
    const Status status = check_topics(broker_, clock_, program_, outputs_, kSecond);
    return status.ok() ? Error{.message = ""} : status.error();
  }
  void expect(int code, const std::string& text) {
    const Error found = check();
    EXPECT_EQ(found.code, code) << found.message;
    EXPECT_THAT(found.message, HasSubstr(text));
  }

  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_{clock_, {}};
  SimBroker broker_{cluster_, "test"};
  Program program_;
  std::map<int, TopicBinding> outputs_;
};

TEST_F(TopicCheck, TellsOfTopicsThatKeepRowsForLess) {
  const auto told = [&](std::map<std::string, std::string> settings, std::optional<int64_t> asked_us) {
    static int made = 0;
    NewTopic topic{fmt::format("shop.kept.v{}", ++made), 1, -1, {}};
    for (auto& [name, value] : settings) topic.settings.emplace_back(name, value);
    EXPECT_TRUE(broker_.create_topics({&topic, 1}, kSecond).ok());
    outputs_[0] = {.topic = topic.name, .retention_us = asked_us};
    return topics_that_keep_less(broker_, program_, outputs_, "one:9092,two:9092", kSecond);
  };
  constexpr int64_t kDay = 86'400 * kSecond;
  const std::string week = std::to_string(7 * 86'400'000);
  const auto found = told({{"cleanup.policy", "delete"}, {"retention.ms", week}}, 30 * kDay);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(code_text(found[0]), "W7249");
  EXPECT_THAT(found[0].message, HasSubstr("keeps rows for 7d, and those of `shop.big` are to be kept for 30d"));
  ASSERT_EQ(found[0].notes.size(), 1u);
  EXPECT_THAT(found[0].notes[0], HasSubstr("--bootstrap-server one:9092 --alter"));
  EXPECT_THAT(found[0].notes[0], HasSubstr("--add-config retention.ms=2592000000"));
  const auto for_ever = told({{"cleanup.policy", "compact,delete"}, {"retention.ms", week}}, TopicBinding::kForever);
  ASSERT_EQ(for_ever.size(), 1u);
  EXPECT_THAT(for_ever[0].message, HasSubstr("are to be kept for ever"));
  EXPECT_THAT(for_ever[0].notes[0], HasSubstr("retention.ms=-1"));
  EXPECT_TRUE(told({{"cleanup.policy", "delete"}, {"retention.ms", week}}, 7 * kDay).empty());
  EXPECT_TRUE(told({{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}, 30 * kDay).empty());
  EXPECT_TRUE(told({{"cleanup.policy", "compact"}, {"retention.ms", week}}, 30 * kDay).empty());
  EXPECT_TRUE(told({{"cleanup.policy", "delete"}, {"retention.ms", week}}, std::nullopt).empty());
  // Of topics for values of a field the first one that keeps less.
  (void)told({{"cleanup.policy", "delete"}, {"retention.ms", week}}, 30 * kDay);
  outputs_[0] = {.topic = "shop.kept.{region}", .retention_us = 30 * kDay};
  EXPECT_EQ(topics_that_keep_less(broker_, program_, outputs_, "one:9092", kSecond).size(), 1u);
}

TEST_F(TopicCheck, WaitsForATopicThatWasJustMade) {
  struct Sleeps : ManualClock {
    void sleep_us(int64_t us) override {
      advance_us(us);
      if (++count == 4) at_fourth();
    }
    std::function<void()> at_fourth;
    int count = 0;
  } clock;
  clock.at_fourth = [&] { make("shop.new.v1", 4); };
  program_.sources[0].binding.address = "shop.new.v1";
  EXPECT_TRUE(check_topics(broker_, clock, program_, outputs_, kSecond).ok());
  EXPECT_EQ(clock.count, 4);
}

TEST_F(TopicCheck, AllIsThere) {
  EXPECT_EQ(check().message, "");
  outputs_[0].partitions = 8;
  EXPECT_EQ(check().message, "");
  // The job makes it.
  outputs_[0].topic = "shop.new.v1";
  outputs_[0].partitions = 3;
  EXPECT_EQ(check().message, "");
}

TEST_F(TopicCheck, AnInputThatIsMissingIsAnErrorWithThoseThatLookAlike) {
  program_.sources[0].binding.address = "shop.sal.v1";
  expect(diag::TopicMissing::kCode, "`shop.sal.v1` does not exist, and `shop.sale` reads it; there is `shop.sale.v1`");
  program_.sources[0].binding.address = "sale";
  expect(diag::TopicMissing::kCode, "there is `shop.sale.v1`");
  program_.sources[0].binding.address = "orders";
  EXPECT_THAT(check().message, Not(HasSubstr("there is")));
}

TEST_F(TopicCheck, AnotherNumberOfPartitions) {
  outputs_[0].partitions = 16;
  expect(diag::PartitionCount::kCode, "has 8 partitions, and `shop.big` asks for 16");
}

TEST_F(TopicCheck, AStartInAPartitionThatIsNotThere) {
  program_.sources[0].binding.options = {{"start", "0=12,3=0"}};
  EXPECT_EQ(check().message, "");
  program_.sources[0].binding.options = {{"start", "0=12,4=7"}};
  expect(diag::StartOutside::kCode, "offset 7 of `shop.sale.v1/4`: the topic has 4 partitions, from 0 to 3");
}

}  // namespace
}  // namespace braid
