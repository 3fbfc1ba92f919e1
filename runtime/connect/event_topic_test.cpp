// Events in a topic of a simulated cluster.
#include "runtime/connect/event_topic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"

namespace braid {
namespace {

using testing::ElementsAre;

constexpr int64_t kSecond = 1'000'000;

class EventTopics : public testing::Test {
 protected:
  std::unique_ptr<EventTopic> make() {
    auto broker = std::make_unique<SimBroker>(cluster_, "job");
    broker_ = broker.get();
    return std::make_unique<EventTopic>(std::move(broker), "lineage", "braid://shop", -1, sim_clock_);
  }
  std::vector<std::string> events() {
    std::vector<std::string> found;
    for (int32_t partition = 0; partition < cluster_.partitions_of("lineage"); ++partition) {
      const SimLog& log = *cluster_.log_of({"lineage", partition});
      log.visit(log.begin(), log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
        const BrokerRecord& record = entry.payload->records()[static_cast<size_t>(offset - entry.base)];
        EXPECT_EQ(record.key, "braid://shop");
        found.emplace_back(*record.value);
        return true;
      });
    }
    return found;
  }

  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_{clock_, {.largest_record = 100}};
  SimClock sim_clock_{cluster_.time()};
  SimBroker* broker_ = nullptr;
};

TEST_F(EventTopics, are_made_and_have_a_record_for_each_event) {
  const auto topic = make();
  topic->add("{\"a\":1}");
  topic->add("{\"a\":2}");
  EXPECT_FALSE(topic->at_rest());
  topic->work(kSecond);
  EXPECT_TRUE(topic->at_rest());
  EXPECT_EQ(topic->problem(), "");
  EXPECT_THAT(events(), ElementsAre("{\"a\":1}", "{\"a\":2}"));
  EXPECT_EQ(topic->counts().sent, 2U);
}

TEST_F(EventTopics, keep_the_order_where_a_topic_has_several_partitions) {
  cluster_.create({"lineage", 5, -1, {}});
  const auto topic = make();
  for (const char* event : {"1", "2", "3"}) topic->add(event);
  topic->work(kSecond);
  EXPECT_THAT(events(), ElementsAre("1", "2", "3"));
}

TEST_F(EventTopics, are_written_to_again_behind_a_failure) {
  const auto topic = make();
  topic->add("first");
  topic->work(kSecond);
  broker_->crash();
  topic->add("second");
  topic->work(kSecond);
  EXPECT_NE(topic->problem(), "");
  EXPECT_FALSE(topic->at_rest());
  EXPECT_EQ(topic->counts().dropped, 0U);
}

TEST_F(EventTopics, drop_what_is_too_long) {
  const auto topic = make();
  topic->add(std::string(1000, 'x'));
  topic->add("short");
  topic->work(kSecond);
  EXPECT_TRUE(topic->at_rest());
  EXPECT_EQ(topic->counts().dropped, 1U);
  EXPECT_THAT(events(), ElementsAre("short"));
}

}  // namespace
}  // namespace braid
