#include "runtime/connect/topic_template.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(TopicTemplate, names_with_fields_are_told_from_others) {
  EXPECT_TRUE(topic_template("orders.{country}"));
  EXPECT_FALSE(topic_template("orders"));
  EXPECT_FALSE(topic_template("orders.{country"));
  EXPECT_EQ(topic_for_all("orders.{country}.by-{day.month}"), "orders.all.by-all");
  EXPECT_EQ(topic_for_all("orders"), "orders");
}

TEST(TopicTemplate, two_names_may_mean_one_topic) {
  EXPECT_TRUE(topics_meet("orders.{country}", "orders.DE"));
  EXPECT_TRUE(topics_meet("orders.{country}", "{what.kind}.DE"));
  EXPECT_TRUE(topics_meet("orders", "orders"));
  EXPECT_TRUE(topics_meet("orders.eu-{country}", "orders.{region}-DE"));
  EXPECT_FALSE(topics_meet("orders.{country}", "orders.DE.rejected"));
  EXPECT_FALSE(topics_meet("orders.{country}", "payments.DE"));
  EXPECT_FALSE(topics_meet("orders.eu-{country}", "orders.us-{country}"));
  EXPECT_FALSE(topics_meet("orders.{country}-x", "orders.DE-y"));
}

TEST(TopicTemplate, values_become_parts_of_names) {
  EXPECT_EQ(topic_part("DE"), "DE");
  EXPECT_EQ(topic_part("2026-01-01"), "2026-01-01");
  EXPECT_EQ(topic_part(""), "_empty");
  EXPECT_EQ(topic_part("a.b_c"), "a_2Eb_5Fc");
  EXPECT_EQ(topic_part("\u00e9"), "_C3_A9");
  EXPECT_LE(topic_part(std::string(500, '.')).size(), 80u);
  EXPECT_NE(topic_part(std::string(500, '.')), topic_part(std::string(501, '.')));
}

}  // namespace
}  // namespace braid
