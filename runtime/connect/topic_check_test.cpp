#include "runtime/connect/topic_check.h"

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
