#include "tests/broker/broker_under_test.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "runtime/broker/sim_broker.h"
#include "runtime/connect/kafka/allowed_settings.h"
#include "runtime/connect/kafka/load/load.h"

namespace braid {
namespace {

struct KafkaBench : Bench {
  explicit KafkaBench(std::unique_ptr<Broker> with) : kafka(std::move(with)) {}
  int64_t now_us() override { return system_clock().steady_us(); }
  void sleep_us(int64_t for_us) override { std::this_thread::sleep_for(std::chrono::microseconds(for_us)); }
  Broker& broker() override { return *kafka; }
  std::unique_ptr<Broker> kafka;
};

struct SimBench : Bench {
  explicit SimBench(TransactionLevel level)
      : clock(1'700'000'000 * kSecond), cluster(clock, {.level = level}), sim(cluster, "test") {}
  int64_t now_us() override { return clock.steady_us(); }
  void sleep_us(int64_t for_us) override { cluster.time().sleep(for_us); }
  Broker& broker() override { return sim; }
  ManualClock clock;
  SimCluster cluster;
  SimBroker sim;
};

std::unique_ptr<Bench> simulation(std::string*) {
  return std::make_unique<SimBench>(TransactionLevel::by_session);
}
std::unique_ptr<Bench> simulation_with_kip_890(std::string*) {
  return std::make_unique<SimBench>(TransactionLevel::by_transaction);
}

std::unique_ptr<Bench> real_kafka(std::string* why_not) {
#ifdef BRAID_WITH_KAFKA
  const char* given = std::getenv("BRAID_KAFKA_BROKERS");
  kafka::KafkaOptions options{given == nullptr ? "127.0.0.1:19092" : given, "braid-test", {}};
  const auto make = kafka::load_kafka();
  if (!make.ok()) {
    *why_not = make.error().message;
    return nullptr;
  }
  auto made = (*make)(options);
  if (!made.ok()) {
    *why_not = made.error().message;
    return nullptr;
  }
  const std::vector<std::string> none{"no-such-topic"};
  if (auto answer = (*made)->describe(none, 5 * kSecond); !answer.ok()) {
    *why_not = "no broker answers at " + options.brokers + " (scripts/kafka up): " + answer.error().message;
    return nullptr;
  }
  return std::make_unique<KafkaBench>(std::move(*made));
#else
  *why_not = "built without Kafka";
  return nullptr;
#endif
}

INSTANTIATE_TEST_SUITE_P(Brokers, BrokerTest,
                         testing::Values(Candidate{"kafka", real_kafka}, Candidate{"simulation", simulation},
                                         Candidate{"simulation_with_kip_890", simulation_with_kip_890}),
                         [](const auto& info) { return info.param.name; });

#ifdef BRAID_WITH_KAFKA
TEST(KafkaSettings, OnlySomeAreAllowed) {
  const auto make = kafka::load_kafka();
  ASSERT_TRUE(make.ok()) << make.error().message;
  for (const char* name : {"sasl.kerberos.kinit.cmd", "plugin.library.paths", "ssl.engine.location", "ssl.ca.location",
                           "https.ca.location", "acks", "isolation.level", "debug"}) {
    EXPECT_FALSE(kafka::is_allowed(name)) << name;
    auto made = (*make)({"127.0.0.1:1", "test", {{name, "x"}}});
    expect_fault(made, BrokerFault::refused);
  }
  for (const kafka::RefusedSetting& each : kafka::kRefusedSettings) EXPECT_FALSE(kafka::is_allowed(each.name));
  for (const std::string_view name : kafka::kSecretSettings) EXPECT_TRUE(kafka::is_allowed(name)) << name;
  auto made = (*make)({"127.0.0.1:1", "test", {{"fetch.min.bytes", "secret"}}});
  expect_fault(made, BrokerFault::refused);
  EXPECT_EQ(made.error().message.find("secret"), std::string::npos);
  for (const char* url : {"http://example.com/token", "file:///etc/passwd"})
    expect_fault((*make)({"127.0.0.1:1", "test", {{"sasl.oauthbearer.token.endpoint.url", url}}}),
                 BrokerFault::refused);
}

// The list has no name that the library does not know.
TEST(KafkaSettings, TheLibraryKnowsAllThatAreAllowed) {
  const auto make = kafka::load_kafka();
  ASSERT_TRUE(make.ok()) << make.error().message;
  for (const std::string_view name : kafka::kAllowedSettings) {
    const auto made = (*make)({"127.0.0.1:1", "test", {{std::string(name), "\x01"}}});
    if (!made.ok())
      EXPECT_EQ(made.error().message.find("there is no such setting"), std::string::npos) << made.error().message;
  }
}
#endif

}  // namespace
}  // namespace braid
