// The client against simulated registries, in virtual time: faults, repetitions, caches, bounds.
#include "runtime/connect/registry/registry_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/connect/registry/sim_http.h"

namespace braid::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000;
const Schema kOrder{SchemaType::avro, R"({"type":"record","name":"Order","fields":[]})", {}};

/// A client of one or two servers, which serve one registry, or of two registries.
struct Bench {
  explicit Bench(RegistrySettings settings = one_server(), SimRegistrySettings registry = {}, uint64_t seed = 1)
      : sim(registry) {
    auto made = std::make_unique<SimHttp>(
        clock, Rng(seed), std::map<std::string, SimRegistry*>{{"http://one", &sim}, {"http://two/api", &sim}});
    http = made.get();
    client.emplace(std::move(settings), std::move(made), clock, Rng(seed + 1));
  }
  static RegistrySettings one_server() { return {.urls = {"http://one"}}; }
  static RegistrySettings two_servers() { return {.urls = {"http://one/", "http://two/api"}}; }

  ManualClock clock{1'000 * kSecond};
  SimRegistry sim;
  SimHttp* http = nullptr;
  std::optional<RegistryClient> client;
};

/// Asks until there is an answer, as a source does in its turns; how often it was asked.
Answer<SchemaPtr> find_at_last(Bench& bench, const SchemaKey& key, int64_t for_us = 60 * kSecond) {
  const int64_t end = bench.clock.steady_us() + for_us;
  while (true) {
    const int64_t before = bench.clock.steady_us();
    Answer<SchemaPtr> answer = bench.client->find(key);
    EXPECT_EQ(bench.clock.steady_us(), before) << "find waited";
    if (answer.ok() || answer.error().fault != RegistryFault::not_now || before >= end) return answer;
    bench.clock.advance_us(10'000);
  }
}

// ---- schemas by id -----------------------------------------------------------------------------------------------

TEST(RegistryClient, FindDoesNotWaitAndKeepsWhatItFound) {
  Bench bench;
  const int64_t id = *bench.client->register_schema("order-value", kOrder);
  const Answer<SchemaPtr> first = bench.client->find(id);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().fault, RegistryFault::not_now);
  EXPECT_EQ(first.error().message, "asked, and no answer yet");
  const Answer<SchemaPtr> found = find_at_last(bench, id);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->schema.text, kOrder.text);
  const size_t requests = bench.sim.requests();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(bench.client->find(id).ok());
  bench.clock.advance_us(86'400 * kSecond);
  EXPECT_TRUE(bench.client->find(id).ok());
  EXPECT_TRUE(bench.client->schema(id).ok());
  EXPECT_EQ(bench.sim.requests(), requests);
}

TEST(RegistryClient, AnUnknownIdIsAskedForAgainAfterAWhile) {
  Bench bench;
  const Answer<SchemaPtr> unknown = find_at_last(bench, int64_t{1});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().fault, RegistryFault::unknown);
  const size_t requests = bench.sim.requests();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bench.client->find(int64_t{1}).error().fault, RegistryFault::unknown);
  EXPECT_EQ(bench.sim.requests(), requests);
  ASSERT_EQ(*bench.client->register_schema("order-value", kOrder), 1);
  EXPECT_EQ(bench.client->find(int64_t{1}).error().fault, RegistryFault::unknown);
  bench.clock.advance_us(6 * kSecond);
  EXPECT_TRUE(find_at_last(bench, int64_t{1}).ok());
}

TEST(RegistryClient, BeingAwayIsNotNowAndNeverUnknown) {
  Bench bench;
  const int64_t id = *bench.client->register_schema("order-value", kOrder);
  bench.http->fault_one_in(1);
  const int64_t begin = bench.clock.steady_us();
  while (bench.clock.steady_us() < begin + 120 * kSecond) {
    const auto answer = bench.client->find(id);
    ASSERT_FALSE(answer.ok());
    ASSERT_EQ(answer.error().fault, RegistryFault::not_now) << answer.error().message;
    bench.clock.advance_us(50'000);
  }
  bench.http->fault_one_in(0);
  EXPECT_TRUE(find_at_last(bench, id).ok());
}

TEST(RegistryClient, FindsByGuid) {
  Bench bench;
  const int64_t id = *bench.client->register_schema("order-value", kOrder);
  const Answer<SchemaPtr> found = find_at_last(bench, SimRegistry::guid_of(id));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->schema.text, kOrder.text);
  EXPECT_EQ(find_at_last(bench, SimRegistry::guid_of(7)).error().fault, RegistryFault::unknown);

  Bench without(Bench::one_server(), {.knows_guids = false});
  const auto refused = find_at_last(without, SimRegistry::guid_of(1));
  EXPECT_EQ(refused.error().fault, RegistryFault::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("404"));
}

TEST(RegistryClient, ReferencesAreFetchedOnceEachAndBeforeWhatNeedsThem) {
  Bench bench;
  RegistryClient& client = *bench.client;
  ASSERT_TRUE(client.register_schema("a", {SchemaType::avro, R"("A")", {}}).ok());
  ASSERT_TRUE(client.register_schema("b", {SchemaType::avro, R"("B")", {{"A", "a", 1}}}).ok());
  ASSERT_TRUE(client.register_schema("c/c", {SchemaType::avro, R"("C")", {{"B", "b", 1}, {"A", "a", 1}}}).ok());
  const int64_t id = *client.register_schema("d", {SchemaType::avro, R"("D")", {{"A", "a", 1}, {"C", "c/c", 1}}});
  const size_t before = bench.sim.requests();
  const Answer<SchemaPtr> found = client.schema(id);
  ASSERT_TRUE(found.ok()) << found.error().message;
  std::vector<std::string> texts;
  for (const auto& each : (*found)->referenced) texts.push_back(each.name + each.text);
  EXPECT_THAT(texts, ElementsAre(R"(A"A")", R"(B"B")", R"(C"C")"));
  EXPECT_EQ(bench.sim.requests() - before, 4u);
}

TEST(RegistryClient, TooManyReferencesAreRefused) {
  RegistrySettings settings = Bench::one_server();
  settings.most_references = 10;
  Bench bench(settings);
  int64_t id = *bench.client->register_schema("s0", {SchemaType::avro, "0", {}});
  for (int i = 1; i <= 20; ++i)
    id = *bench.client->register_schema("s" + std::to_string(i),
                                        {SchemaType::avro, std::to_string(i), {{"r", "s" + std::to_string(i - 1), 1}}});
  const auto answer = bench.client->schema(id);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().fault, RegistryFault::refused);
  EXPECT_THAT(answer.error().message, HasSubstr("more than 10 references"));
}

TEST(RegistryClient, MemoryIsBounded) {
  RegistrySettings settings = Bench::one_server();
  settings.cache_bytes = 10'000;
  settings.most_negative = 50;
  Bench bench(settings);
  for (int i = 0; i < 100; ++i) {
    const auto id = bench.client->register_schema(
        "s", {SchemaType::avro, "\"" + std::string(1000, 'x') + std::to_string(i) + "\"", {}});
    ASSERT_TRUE(bench.client->schema(*id).ok());
    EXPECT_LE(bench.client->kept_bytes(), 10'000u);
  }
  const size_t requests = bench.sim.requests();
  EXPECT_TRUE(bench.client->schema(int64_t{100}).ok());
  EXPECT_EQ(bench.sim.requests(), requests) << "the one used last is kept";
  EXPECT_TRUE(bench.client->schema(int64_t{1}).ok());
  EXPECT_EQ(bench.sim.requests(), requests + 1);
  for (int64_t id = 1000; id < 1200; ++id) EXPECT_EQ(bench.client->schema(id).error().fault, RegistryFault::unknown);
  // A record with a random id each must not open a connection each.
  for (int64_t id = 2000; id < 2200; ++id) EXPECT_EQ(bench.client->find(id).error().fault, RegistryFault::not_now);
  EXPECT_LE(bench.http->requests().size(), requests + 1 + 200 + settings.most_fetches);
}

// ---- faults ------------------------------------------------------------------------------------------------------

TEST(RegistryClient, WhatMayChangeIsAskedAgain) {
  for (const SimFault fault :
       {SimFault::refused, SimFault::lost_request, SimFault::lost_answer, SimFault::cut_answer, SimFault::too_many,
        SimFault::overloaded, SimFault::broken, SimFault::garbage, SimFault::half}) {
    Bench bench;
    bench.http->next({fault, fault});
    const auto id = bench.client->register_schema("order-value", kOrder);
    ASSERT_TRUE(id.ok()) << static_cast<int>(fault) << " " << id.error().message;
    EXPECT_EQ(bench.http->requests().size(), 3u);
    EXPECT_EQ(*id, 1) << "registered twice";
    const auto versions = bench.client->versions("order-value");
    EXPECT_THAT(*versions, ElementsAre(1));
  }
}

TEST(RegistryClient, WhatWillNotChangeIsNotAskedAgain) {
  for (const SimFault fault : {SimFault::huge, SimFault::redirect}) {
    Bench bench;
    bench.http->next({fault});
    const auto id = bench.client->register_schema("order-value", kOrder);
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.error().fault, RegistryFault::refused) << id.error().message;
    EXPECT_EQ(bench.http->requests().size(), 1u);
  }
  Bench bench;
  const auto broken = bench.client->register_schema("order-value", {SchemaType::avro, "{", {}});
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().fault, RegistryFault::refused);
  EXPECT_EQ(broken.error().status, 422);
  EXPECT_EQ(broken.error().code, 42201);
}

TEST(RegistryClient, PausesGrowAndAreBounded) {
  Bench bench;
  bench.http->fault_one_in(1);
  bench.http->take_us(2);
  bench.http->next(std::vector<SimFault>(200, SimFault::refused));
  const int64_t begin = bench.clock.steady_us();
  const auto answer = bench.client->latest("order-value");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().fault, RegistryFault::not_now);
  EXPECT_EQ(answer.error().message, "connection refused");
  EXPECT_EQ(answer.error().url, "http://one");
  EXPECT_LE(bench.clock.steady_us() - begin, 30 * kSecond);
  // 0.1, 0.2, … 3.2 s are at most 6.3 s; then at most 5 s each.
  EXPECT_GE(bench.http->requests().size(), 9u);
  EXPECT_LE(bench.http->requests().size(), 18u);
}

TEST(RegistryClient, ASilentServerTakesNoLongerThanTheTotal) {
  Bench bench;
  bench.http->next(std::vector<SimFault>(200, SimFault::lost_answer));
  const int64_t begin = bench.clock.steady_us();
  EXPECT_EQ(bench.client->latest("order-value").error().fault, RegistryFault::not_now);
  EXPECT_LE(bench.clock.steady_us() - begin, 30 * kSecond + 1);
}

TEST(RegistryClient, AServerThatAsksForAPauseGetsIt) {
  Bench bench;
  bench.http->next({SimFault::too_many});
  bench.http->retry_after_us = 3 * kSecond;
  const int64_t begin = bench.clock.steady_us();
  ASSERT_TRUE(bench.client->register_schema("order-value", kOrder).ok());
  EXPECT_GE(bench.clock.steady_us() - begin, 3 * kSecond);
  bench.http->next({SimFault::too_many});
  bench.http->retry_after_us = 3600 * kSecond;
  ASSERT_TRUE(bench.client->register_schema("order-value", kOrder).ok());
  EXPECT_LE(bench.clock.steady_us() - begin, 10 * kSecond);
}

TEST(RegistryClient, TheNextServerIsAskedAtOnceAndRemembered) {
  Bench bench(Bench::two_servers());
  bench.http->next({SimFault::refused});
  const int64_t begin = bench.clock.steady_us();
  ASSERT_TRUE(bench.client->register_schema("order-value", kOrder).ok());
  EXPECT_LE(bench.clock.steady_us() - begin, 10'000);
  ASSERT_TRUE(bench.client->latest("order-value").ok());
  const auto& requests = bench.http->requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].url, "http://one/subjects/order-value/versions");
  EXPECT_EQ(requests[1].url, "http://two/api/subjects/order-value/versions");
  EXPECT_EQ(requests[2].url, "http://two/api/subjects/order-value/versions/latest");
}

TEST(RegistryClient, AServerThatLagsBehindDoesNotDecide) {
  ManualClock clock(0);
  SimRegistry ahead, behind;
  ahead.answer(HttpMethod::post, "/subjects/s/versions", R"({"schema":"\"int\""})", {});
  auto http = std::make_unique<SimHttp>(
      clock, Rng(1), std::map<std::string, SimRegistry*>{{"http://behind", &behind}, {"http://ahead", &ahead}});
  RegistryClient client({.urls = {"http://behind", "http://ahead"}}, std::move(http), clock, Rng(2));
  EXPECT_TRUE(client.schema(int64_t{1}).ok());
  EXPECT_EQ(client.schema(int64_t{2}).error().fault, RegistryFault::unknown);
}

TEST(RegistryClient, ADeletionWhoseAnswerIsLostIsDone) {
  Bench bench;
  ASSERT_TRUE(bench.client->register_schema("order-value", kOrder).ok());
  bench.http->next({SimFault::lost_answer, SimFault::none, SimFault::lost_answer});
  EXPECT_TRUE(bench.client->remove_subject("order-value").ok());
  EXPECT_EQ(bench.client->versions("order-value").error().fault, RegistryFault::unknown);
  EXPECT_EQ(bench.client->remove_subject("order-value").error().fault, RegistryFault::unknown);
}

TEST(RegistryClient, CredentialsAreSentAndTheirRefusalIsFinal) {
  RegistrySettings settings = Bench::one_server();
  settings.user = "ann";
  settings.password = "s3:cret";
  Bench bench(settings, {.authorization = "Basic YW5uOnMzOmNyZXQ="});
  EXPECT_TRUE(bench.client->register_schema("order-value", kOrder).ok());
  settings.user.clear();
  settings.token = "abc";
  Bench token(settings, {.authorization = "Bearer abc"});
  EXPECT_TRUE(token.client->register_schema("order-value", kOrder).ok());
  Bench wrong(settings, {.authorization = "Bearer abcd"});
  const auto refused = wrong.client->register_schema("order-value", kOrder);
  EXPECT_EQ(refused.error().fault, RegistryFault::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("401, the credentials are not accepted"));
  EXPECT_EQ(refused.error().message.find("abc"), std::string::npos);
  EXPECT_EQ(wrong.http->requests().size(), 1u);
}

TEST(RegistryClient, SubjectsAreKeptShortly) {
  Bench bench;
  ASSERT_TRUE(bench.client->register_schema("order-value", kOrder).ok());
  const auto first = bench.client->latest("order-value");
  ASSERT_TRUE(first.ok());
  const size_t requests = bench.sim.requests();
  EXPECT_EQ(bench.client->latest("order-value")->version, first->version);
  EXPECT_EQ(bench.sim.requests(), requests);
  // Another program registers.
  bench.sim.answer(HttpMethod::post, "/subjects/order-value/versions", R"({"schema":"\"int\""})", {});
  bench.clock.advance_us(11 * kSecond);
  EXPECT_EQ(bench.client->latest("order-value")->version, 2);
}

TEST(RegistryClient, RandomFaultsNeverGiveAWrongAnswer) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    RegistrySettings settings = seed % 2 == 0 ? Bench::one_server() : Bench::two_servers();
    Bench bench(settings, {}, seed);
    bench.http->take_us(200'000);
    bench.http->fault_one_in(2);
    for (int i = 0; i < 10; ++i) {
      const std::string text = "\"s" + std::to_string(i) + "\"";
      const auto id = bench.client->register_schema("s", {SchemaType::avro, text, {}});
      if (!id.ok()) {
        ASSERT_EQ(id.error().fault, RegistryFault::not_now) << seed << " " << id.error().message;
        continue;
      }
      const auto found = bench.client->schema(*id);
      if (found.ok())
        ASSERT_EQ((*found)->schema.text, text) << seed;
      else
        ASSERT_EQ(found.error().fault, RegistryFault::not_now) << seed << " " << found.error().message;
    }
  }
}

TEST(RegistryClient, SettingsAreChecked) {
  const auto message = [](RegistrySettings settings) {
    return check_settings(settings).ok() ? "" : check_settings(settings).error().message;
  };
  EXPECT_EQ(message({.urls = {"http://one", "https://two:8081/apis/ccompat/v7"}}), "");
  EXPECT_THAT(message({}), HasSubstr("at least one address"));
  EXPECT_THAT(message({.urls = {"registry:8081"}}), HasSubstr("begins with http"));
  EXPECT_THAT(message({.urls = {"file:///etc/passwd"}}), HasSubstr("begins with http"));
  EXPECT_THAT(message({.urls = {"http://one?x=1"}}), HasSubstr("not the base address"));
  EXPECT_THAT(message({.urls = {"http://ann:secret@one"}}), HasSubstr("settings of their own"));
  EXPECT_THAT(message({.urls = {"http://one"}, .user = "a", .token = "b"}), HasSubstr("not with both"));
  EXPECT_THAT(message({.urls = {"http://one"}, .token = "b\r\nX: y"}), HasSubstr("line end"));
  EXPECT_EQ(message({.urls = {"http://one"}, .token = "sesame\n"}).find("sesame"), std::string::npos);
}

}  // namespace
}  // namespace braid::registry
