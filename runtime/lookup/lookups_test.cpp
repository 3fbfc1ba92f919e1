#include "runtime/lookup/lookups.h"

#include <gtest/gtest.h>

#include "runtime/data/key_bytes.h"
#include "runtime/data/value.h"
#include "runtime/lookup/given_service.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

struct Desk {
  explicit Desk(std::optional<int64_t> cache_us = 1000, uint64_t cache_rows = 100) {
    ServiceSpec spec;
    spec.name = "test.geo";
    spec.parameters = {{"ip", string_type()}};
    spec.result = {{"country", optional_type(string_type())}, {"score", int_type()}};
    spec.cache_us = cache_us;
    spec.cache_rows = cache_rows;
    spec.parallel = 2;
    spec.identity = 42;
    program.services.push_back(spec);
    restart();
  }

  void restart() {
    lookups = std::make_unique<Lookups>(
        program,
        [this](const ServiceSpec&) { return Result<std::unique_ptr<Service>>(std::make_unique<GivenService>(book)); },
        clock);
    lookups->record_by([this](uint64_t turn, uint32_t part, std::string_view answers) -> Status {
      recorded[answers_key(turn, part)] = answers;
      return {};
    });
  }
  void recall() {
    for (const auto& [key, answers] : recorded) ASSERT_TRUE(lookups->recall(turn_of_answers(key), answers).ok());
  }

  static Question question(const std::string& ip) {
    Question made;
    const Slot slot = slot_bytes(ip);
    append_key_bytes(string_type(), &slot, made.key);
    made.request.arguments = {ip};
    return made;
  }
  /// What comes out, as JSON; "nothing", or "failed: …".
  std::vector<std::string> ask(uint64_t turn, const std::vector<std::string>& ips) {
    std::vector<Question> questions;
    for (const std::string& ip : ips) questions.push_back(question(ip));
    const auto answers = lookups->ask(turn, 0, questions);
    if (!answers.ok()) return {answers.error().message};
    std::vector<std::string> texts;
    for (const Answer* answer : *answers) {
      if (answer->kind == Answer::Kind::nothing) texts.push_back("nothing");
      if (answer->kind == Answer::Kind::failed) texts.push_back("failed: " + answer->content);
      if (answer->kind != Answer::Kind::found) continue;
      const Type type = struct_type(program.services[0].result);
      std::vector<Slot> slots(leaf_count(type));
      lookups->layout(0).decode(answer->content, slots.data(), arena);
      texts.push_back(to_json(type, from_slots(type, slots.data())));
    }
    return texts;
  }

  Program program;
  GivenAnswersBook book;
  ManualClock clock;
  Arena arena;
  std::map<std::string, std::string> recorded;
  std::unique_ptr<Lookups> lookups;
};

using Texts = std::vector<std::string>;

TEST(Lookups, a_turn_asks_once_for_the_same_arguments) {
  Desk desk(std::nullopt);
  desk.book.give({"a"}, R"({"country": "FR", "score": 3})");
  EXPECT_EQ(desk.ask(1, {"a", "b", "a"}),
            (Texts{R"({"country":"FR","score":3})", "nothing", R"({"country":"FR","score":3})"}));
  EXPECT_EQ(desk.ask(1, {"a"}), Texts{R"({"country":"FR","score":3})"});
  EXPECT_EQ(desk.book.asked({"a"}), 1);
  EXPECT_EQ(desk.book.asked({"b"}), 1);
  desk.book.give({"a"}, R"({"score": 4})");
  EXPECT_EQ(desk.ask(2, {"a"}), Texts{R"({"country":null,"score":4})"});
}

TEST(Lookups, answers_hold_as_long_as_the_cache_says_and_the_oldest_go_first) {
  Desk desk(1000, 2);
  desk.book.give({"a"}, R"({"score": 1})");
  desk.lookups->set_reading(5000);
  EXPECT_EQ(desk.ask(1, {"a"}), Texts{R"({"country":null,"score":1})"});
  desk.book.give({"a"}, R"({"score": 2})");
  desk.lookups->set_reading(5999);
  EXPECT_EQ(desk.ask(2, {"a"}), Texts{R"({"country":null,"score":1})"});
  desk.lookups->set_reading(6000);
  EXPECT_EQ(desk.ask(3, {"a"}), Texts{R"({"country":null,"score":2})"});
  // That there is nothing is an answer.
  EXPECT_EQ(desk.ask(4, {"b"}), Texts{"nothing"});
  EXPECT_EQ(desk.ask(5, {"b", "c"}), (Texts{"nothing", "nothing"}));
  EXPECT_EQ(desk.book.asked({"b"}), 1);
  desk.book.give({"a"}, R"({"score": 3})");
  EXPECT_EQ(desk.ask(6, {"a"}), Texts{R"({"country":null,"score":3})"});  // `b` and `c` were younger
  EXPECT_EQ(desk.lookups->rows(), 2u);
}

TEST(Lookups, an_attempt_that_fails_is_repeated_and_a_failure_is_not_kept) {
  Desk desk;
  desk.program.services[0].retries = 2;
  desk.restart();
  desk.book.give({"a"}, R"({"score": 1})");
  desk.book.fail({"a"}, 2);
  EXPECT_EQ(desk.ask(1, {"a"}), Texts{R"({"country":null,"score":1})"});
  EXPECT_EQ(desk.book.asked({"a"}), 3);
  EXPECT_EQ(desk.clock.now_us(), 300'000);  // 100 ms, then 200 ms
  desk.book.give({"b"}, R"({"score": 1})");
  desk.book.fail({"b"}, 3);
  EXPECT_EQ(desk.ask(2, {"b"}), Texts{"failed: it does not answer"});
  EXPECT_EQ(desk.ask(2, {"b"}), Texts{"failed: it does not answer"});
  EXPECT_EQ(desk.ask(3, {"b"}), Texts{R"({"country":null,"score":1})"});
}

TEST(Lookups, an_answer_that_does_not_fit_is_a_failure) {
  Desk desk;
  desk.book.give({"a"}, R"({"country": "FR"})");
  desk.book.give({"b"}, R"({"country": "FR", "score": "many"})");
  desk.book.give({"c"}, "[1, 2]");
  desk.book.give({"d"}, "{\"country\": \"FR\",\n \"score\": 1,\n \"other\": {}}\n");
  desk.book.give({"e"}, "{\"country\": \"FR\", \"sco");
  const Texts texts = desk.ask(1, {"a", "b", "c", "d", "e"});
  for (const int i : {0, 1, 2, 4}) EXPECT_TRUE(texts[static_cast<size_t>(i)].starts_with("failed: ")) << texts[i];
  EXPECT_NE(texts[0].find("score"), std::string::npos) << texts[0];
  EXPECT_NE(texts[1].find("`score` holds text"), std::string::npos) << texts[1];
  EXPECT_EQ(texts[3], R"({"country":"FR","score":1})");
  EXPECT_EQ(desk.book.asked(), 5);  // another attempt would give the same
}

TEST(Lookups, a_turn_that_is_run_again_has_the_answers_that_were_recorded) {
  Desk desk;
  desk.program.services[0].retries = 0;
  desk.restart();
  desk.book.give({"a"}, R"({"score": 1})");
  desk.book.fail({"b"}, 1);
  desk.lookups->set_reading(5000);
  const Texts before = desk.ask(1, {"a", "b", "c"});
  EXPECT_EQ(before, (Texts{R"({"country":null,"score":1})", "failed: it does not answer", "nothing"}));
  const Texts then = desk.ask(2, {"d", "a"});
  const int asked = desk.book.asked();

  desk.book.give({"a"}, R"({"score": 2})");
  desk.book.give({"b"}, R"({"score": 2})");
  desk.book.give({"c"}, R"({"score": 2})");
  desk.restart();
  desk.recall();
  EXPECT_EQ(desk.lookups->recalled_reading(), 5000);
  desk.lookups->set_reading(50'000);  // the machine was off meanwhile: that makes no answer older
  EXPECT_EQ(desk.ask(1, {"a", "b", "c"}), before);
  EXPECT_EQ(desk.ask(2, {"d", "a"}), then);
  EXPECT_EQ(desk.book.asked(), asked);
  EXPECT_EQ(desk.ask(3, {"a"}), Texts{R"({"country":null,"score":2})"});
}

TEST(Lookups, turns_that_are_cut_elsewhere_have_the_same_answers) {
  for (const bool cached : {true, false}) {
    Desk desk(cached ? std::optional<int64_t>(1000) : std::nullopt);
    for (const char* key : {"a", "b", "c", "d"}) desk.book.give({key}, R"({"score": 1})");
    const Texts first(1, R"({"country":null,"score":1})");
    (void)desk.ask(1, {"a", "b"});
    (void)desk.ask(2, {"c", "d"});
    for (const char* key : {"a", "b", "c", "d"}) desk.book.give({key}, R"({"score": 2})");
    for (const std::vector<Texts>& turns :
         {std::vector<Texts>{{"a", "b", "c", "d"}}, {{"a"}, {"b"}, {"c"}, {"d"}}, {{"a", "b", "c"}, {"d"}}}) {
      desk.restart();
      desk.recall();
      uint64_t turn = 0;
      for (const Texts& keys : turns) {
        ++turn;
        for (const std::string& key : keys) EXPECT_EQ(desk.ask(turn, {key}), first) << key << " in turn " << turn;
      }
      EXPECT_EQ(desk.book.asked(), 4);
    }
    StateBatch committed;
    desk.lookups->freeze(committed, 5);
    EXPECT_EQ(desk.ask(6, {"e"}), Texts{"nothing"});
  }
}

TEST(Lookups, a_job_that_is_stopped_waits_for_a_service_no_longer_than_a_while) {
  Desk desk;
  desk.program.services[0].retries = 0;
  desk.restart();
  desk.book.delay(desk.clock, 1'000'000);
  desk.lookups->stop_by([&] { return desk.clock.steady_us() > 2'000'000; });
  Texts ips;
  for (int i = 0; i < 40; ++i) ips.push_back(std::to_string(i));
  EXPECT_EQ(desk.ask(1, ips), Texts{"the job was stopped while it waited for `test.geo`"});
  const int asked = desk.book.asked();
  EXPECT_LT(asked, 40);
  EXPECT_GE(asked, 12);
  // The answers that there were are those of the next run.
  desk.restart();
  desk.recall();
  EXPECT_EQ(desk.ask(1, ips), Texts(40, "nothing"));
  EXPECT_EQ(desk.book.asked(), 40);
}

TEST(Lookups, what_stops_the_job_is_not_recorded) {
  Desk desk;
  desk.program.services[0].stops = true;
  desk.program.services[0].retries = 0;
  desk.restart();
  desk.book.fail({"a"}, 1);
  desk.book.give({"a"}, R"({"score": 1})");
  EXPECT_EQ(desk.ask(1, {"a"}), Texts{"failed: it does not answer"});
  desk.restart();
  desk.recall();
  EXPECT_EQ(desk.ask(1, {"a"}), Texts{R"({"country":null,"score":1})"});
}

TEST(Lookups, the_cache_is_state) {
  Desk desk(1000, 2);
  desk.book.give({"a"}, R"({"score": 1})");
  MemoryStore store;
  auto commit = [&](uint64_t turn) {
    StateBatch batch;
    desk.lookups->freeze(batch, turn);
    ASSERT_TRUE(store.commit(batch).ok());
  };
  (void)desk.ask(1, {"a", "b"});
  commit(1);
  (void)desk.ask(2, {"c"});
  commit(2);
  desk.restart();
  ASSERT_TRUE(desk.lookups->restore(store).ok());
  EXPECT_EQ(desk.lookups->rows(), 2u);
  const int asked = desk.book.asked();
  EXPECT_EQ(desk.ask(3, {"b", "c"}), (Texts{"nothing", "nothing"}));
  EXPECT_EQ(desk.book.asked(), asked);
  EXPECT_EQ(desk.ask(4, {"a"}), Texts{R"({"country":null,"score":1})"});
  EXPECT_EQ(desk.book.asked(), asked + 1);
  // Of another service, or of one with another result, nothing is taken.
  desk.program.services[0].identity = 43;
  desk.restart();
  ASSERT_TRUE(desk.lookups->restore(store).ok());
  EXPECT_EQ(desk.lookups->rows(), 0u);
}

TEST(Lookups, no_more_requests_are_given_at_once_than_a_record_holds) {
  Desk desk;
  Texts ips;
  for (int i = 0; i < 100; ++i) ips.push_back(std::to_string(i));
  (void)desk.ask(1, ips);
  EXPECT_EQ(desk.book.asked(), 100);
  EXPECT_LE(desk.book.most_at_once(), 8u);
  EXPECT_EQ(desk.recorded.size(), 13u);
}

}  // namespace
}  // namespace braid
