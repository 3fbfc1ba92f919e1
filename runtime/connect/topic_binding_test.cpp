#include "runtime/connect/topic_binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(TopicBinding, StartIsReadInItsFourForms) {
  EXPECT_EQ(parse_start("earliest"), (StartAt{.kind = StartAt::Kind::earliest}));
  EXPECT_EQ(parse_start("latest"), (StartAt{.kind = StartAt::Kind::latest}));
  EXPECT_EQ(parse_start("1970-01-01T01:00:00.5+01:00"),
            (StartAt{.kind = StartAt::Kind::timestamp, .timestamp_us = 500'000}));
  EXPECT_EQ(parse_start("0=12,1=40"), (StartAt{.kind = StartAt::Kind::offsets, .offsets = {{0, 12}, {1, 40}}}));
  EXPECT_EQ(parse_start("7=0"), (StartAt{.kind = StartAt::Kind::offsets, .offsets = {{7, 0}}}));
}

TEST(TopicBinding, OtherStartsAreRefused) {
  for (const char* text : {"", "first", "Earliest", "2026-01-31", "2026-01-31T00:00:00", "12", "0=", "=1", "0=1,",
                           "0=-1", "-1=1", "0=1,0=2", "0=1 ,1=2", "0=99999999999999999999", "99999999999=1", "0=1.5"})
    EXPECT_EQ(parse_start(text), std::nullopt) << text;
}

TEST(TopicBinding, StartOfABinding) {
  Binding binding{.kind = "topic", .address = "t", .format = "json", .options = {}};
  EXPECT_EQ(start_of(binding), StartAt{});
  binding.options = {{"zone", "UTC"}, {"start", "3=4"}};
  EXPECT_THAT(start_of(binding).offsets, ElementsAre(Pair(3, 4)));
}

TEST(TopicBinding, TopicsOfProductsAndPorts) {
  ProductSpec product;
  product.domain = "payments";
  product.name = "captured";
  product.version = 2;
  EXPECT_EQ(topic_of_product(product), "payments.captured.v2");
  EXPECT_EQ(topic_of_port({.topic = "t"}, "late"), "t.late");
}

TEST(TopicBinding, NamesOfTopics) {
  for (const char* name : {"a", "payments.captured.v2", "A-b_c.9", "..."}) EXPECT_TRUE(is_topic_name(name)) << name;
  for (const char* name : {"", ".", "..", "a b", "a/b", "zahlung.ä", "a{b}"}) EXPECT_FALSE(is_topic_name(name)) << name;
  EXPECT_TRUE(is_topic_name(std::string(249, 'x')));
  EXPECT_FALSE(is_topic_name(std::string(250, 'x')));
}

TEST(TopicBinding, NewTopicsGetWhatTheBindingAsksFor) {
  TopicBinding binding{.topic = "t"};
  NewTopic made = new_topic(binding, 4, -1);
  EXPECT_EQ(made.name, "t");
  EXPECT_EQ(made.partitions, 4);
  EXPECT_EQ(made.replicas, -1);
  EXPECT_TRUE(made.settings.empty());
  binding.partitions = 8;
  binding.retention_us = int64_t{7} * 86'400'000'000;
  binding.compaction = true;
  made = new_topic(binding, 4, 3);
  EXPECT_EQ(made.partitions, 8);
  EXPECT_EQ(made.replicas, 3);
  EXPECT_THAT(made.settings, ElementsAre(Pair("retention.ms", "604800000"), Pair("cleanup.policy", "compact")));
  binding.retention_us = TopicBinding::kForever;
  binding.compaction = false;
  EXPECT_THAT(new_topic(binding, 4, 3).settings,
              ElementsAre(Pair("retention.ms", "-1"), Pair("cleanup.policy", "delete")));
}

}  // namespace
}  // namespace braid
