// Random patterns over random input: the engine gives what the oracle finds by trying. BRAID_SEEDS=n runs n of them,
// BRAID_SEED=s only that one, and shows its script.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "cli/session/native.h"
#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

constexpr int64_t kNow = 1'800'000'000'000'000;

const char* const kStream = R"(domain t
stream reading
  time at within 5s
  ahead 2m
  from file "reading"
{ at: timestamp, place: string?, level: int, cost: decimal(10,2), ok: bool }
)";

class PatternText {
 public:
  explicit PatternText(Rng& rng) : rng_(rng) {}

  std::string script() {
    std::string text = kStream;
    text += "product found {\n  from reading\n";
    text += "  match " + one_of({"per ok ", "per place ", "per ok, place ", "", "per ok "}) + "within " +
            std::to_string(rng_.between(1, 12)) + "s {\n";
    const auto count = static_cast<size_t>(rng_.between(1, 4));
    for (size_t i = 0; i < count; ++i) text += element(i);
    text += "  }\n";
    if (rng_.chance(2)) text += "  select { " + selection() + "}\n";
    text += "}\nproduct counted {\n  from found\n  window tumbling 3s\n  group { n: count() }\n}\n";
    return text;
  }

 private:
  enum class Shape { row, optional, list, none };
  struct Named {
    std::string name;
    Shape shape;
  };

  std::string one_of(const std::vector<std::string>& texts) { return texts[rng_.below(texts.size())]; }
  std::string small() { return std::to_string(rng_.between(-1, 5)); }

  std::string element(size_t place) {
    Named made{std::string(1, static_cast<char>('a' + place)), Shape::row};
    std::string text = "    ", quantity;
    const bool behind_no = !named_.empty() && named_.back().shape == Shape::none;
    if (place > 0 && rng_.chance(4)) {
      text += "no ";
      made.shape = Shape::none;
    } else if (place > 0 && !behind_no && rng_.chance(4)) {
      text += "next ";
    }
    if (made.shape != Shape::none) {
      const int64_t kind = rng_.between(0, 9);
      if (kind < 2 && place > 0) {
        quantity = "?";
        made.shape = Shape::optional;
      } else if (kind < 6) {
        quantity = one_of({"{1..}", "{2..}", "{2}", "{1..3}", "{2..3}", "{1..}"});
        made.shape = Shape::list;
      }
    }
    if (made.shape == Shape::list) own_ = made.name;
    text += made.name + quantity + ": " + condition() + ",\n";
    own_.clear();
    named_.push_back(made);
    return text;
  }

  std::string condition() {
    const std::string first = rng_.chance(2) ? of_row() : of_elements();
    if (rng_.chance(2)) return first;
    return first + one_of({" and ", " and ", " or "}) + (rng_.chance(2) ? of_row() : of_elements());
  }

  std::string of_row() {
    return one_of({"true", "ok", "not ok", "level > " + small(), "level <= " + small(), "cost >= 2.00",
                   "place == \"a\"", "div(6, level) >= 1", "level in 0..3"});
  }

  std::string of_elements() {
    std::vector<std::string> choices;
    for (const Named& each : named_) {
      const std::string& name = each.name;
      if (each.shape == Shape::row)
        for (const char* text : {"level > @.level", "cost <= @.cost", "ok != @.ok", "div(9, level - @.level) > 1",
                                 "at < @.at + 4s", "place == @.place"})
          choices.emplace_back(with(text, name));
      if (each.shape == Shape::optional)
        for (const char* text : {"(@ is null or level > @.level)", "(@?.level ?? 1) < level", "@ is not null"})
          choices.emplace_back(with(text, name));
      if (each.shape == Shape::list)
        for (const char* text : {"level >= @[0].level", "@.length() < 3", "level not in @.level", "cost > @[1].cost",
                                 "@.cost.sum() > 4.00"})
          choices.emplace_back(with(text, name));
    }
    if (!own_.empty())
      for (const char* text : {"@.length() < 2", "level not in @.level", "@.level.sum() < 7"})
        choices.emplace_back(with(text, own_));
    return choices.empty() ? of_row() : one_of(choices);
  }

  static std::string with(std::string text, const std::string& name) {
    for (size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at)) text.replace(at, 1, name);
    return text;
  }

  std::string selection() {
    std::string text = "at: event_time(), ";
    for (const Named& each : named_) {
      if (each.shape == Shape::none || rng_.chance(4)) continue;
      const std::string field = "f_" + each.name + ": ";
      if (each.shape == Shape::row) text += field + each.name + one_of({".level, ", ".cost, ", ", "});
      if (each.shape == Shape::optional) text += field + each.name + one_of({"?.level, ", "?.at, ", ", "});
      if (each.shape == Shape::list)
        text += field + each.name + one_of({".level, ", "[0].cost, ", ".length(), ", ", "});
    }
    return text;
  }

  Rng& rng_;
  std::vector<Named> named_;
  std::string own_;
};

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

TEST(Match, RandomPatternsGiveWhatTryingFinds) {
  const int64_t only = number_from_environment("BRAID_SEED", 0);
  const int64_t seeds = number_from_environment("BRAID_SEEDS", 150);
  size_t found = 0, rejected = 0;
  for (int64_t seed = only ? only : 1; seed <= (only ? only : seeds); ++seed) {
    Rng rng(hash_mix(static_cast<uint64_t>(seed) + 43));
    const std::string text = PatternText(rng).script();
    const std::string repeat = "repeat: BRAID_SEED=" + std::to_string(seed) +
                               " build/release/bin/braid_scenarios_test --gtest_filter='Match.*'\n" + text;
    const Script script{text};
    ASSERT_EQ(script.faults(), "") << repeat;
    driver::Compiled optimized = script.compile(true), plain = script.compile(false);
    InputShape shape{.partitions = static_cast<uint32_t>(rng.between(1, 3)), .records = 30, .now_us = kNow};
    RecordedInput input = record_input(script.project(), shape, rng);
    if (only) std::cout << text;
    const Account expected =
        sorted(account_of(reference::evaluate(optimized.checked, script.project(), input.values), input.values));
    if (const auto rows = expected.lines.find("t.found/"); rows != expected.lines.end()) found += rows->second.size();
    if (const auto rows = expected.lines.find("t.found/rejected"); rows != expected.lines.end())
      rejected += rows->second.size();
    auto run = [&](driver::Compiled& compiled, const RunOptions& options) {
      Result<Account> made = run_engine(compiled.program(), input, options);
      EXPECT_TRUE(made.ok()) << made.error().message << "\n" << repeat;
      return made.ok() ? std::move(made).value() : Account{};
    };
    ASSERT_EQ(difference(expected, sorted(run(optimized, {}))), "") << repeat;
    auto replay = [&](driver::Compiled& compiled, RunOptions options) {
      options.whole_errors = true;
      return run(compiled, options);
    };
    const Account whole = replay(optimized, {});
    ASSERT_EQ(difference(whole, replay(plain, {.block_rows = 1})), "") << "passes off, blocks of a row; " << repeat;
    ASSERT_EQ(difference(whole, replay(optimized, {.workers = 3})), "") << "three workers; " << repeat;
    ASSERT_EQ(difference(whole, replay(optimized, {.restart_after_turns = true})), "") << "restarts; " << repeat;
    ASSERT_EQ(difference(whole, replay(optimized, {.workers = 2, .state_memory = 0})), "")
        << "state in the store, two workers; " << repeat;
    ASSERT_EQ(difference(sorted(whole), sorted(replay(optimized, {.round_rows = 1, .workers = 2}))), "")
        << "rounds of a row; " << repeat;
    if (seed % 10 == 0) {
      driver::Compiled native = script.compile(true);
      const auto timings = cli::use_native_code(native, codegen::CodegenOptions{});
      ASSERT_TRUE(timings.ok()) << timings.error().message;
      ASSERT_EQ(difference(whole, replay(native, {})), "") << "native code; " << repeat;
    }
    interleave(input, rng);
    ASSERT_EQ(difference(expected, sorted(run(optimized, {}))), "") << "partitions interleaved otherwise; " << repeat;
  }
  if (only) return;
  // The test is about something.
  EXPECT_GT(found, static_cast<size_t>(seeds));
  EXPECT_GT(rejected, static_cast<size_t>(seeds) / 10);
}

}  // namespace
}  // namespace braid::scenarios
