// Random input for a handful of scripts (differential/*.braid): the engine must give what the oracle of tests/reference
// gives, and the same bytes with passes off, on native code, in other blocks, and committed and restarted after every
// turn. BRAID_SEEDS=n runs n seeds of each script, BRAID_SEED=s only that one, and shows its turns.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "cli/session/native.h"
#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

constexpr int64_t kNow = 1'800'000'000'000'000;

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

void print_turns(const RecordedInput& input) {
  std::cout << "turns, in order:\n";
  for (const auto* turns : {&input.tables, &input.turns})
    for (const RecordedTurn& turn : *turns)
      std::cout << turn.source << "/" << turn.partition << "@" << turn.position << (turn.ends ? " ends" : "") << "\n"
                << turn.bytes;
}

struct Case {
  std::string script;
  bool waits = false;    ///< time passes by the wall clock, too
  bool follows = false;  ///< that of silent partitions goes on by it
};

std::string name_of(const Case& each) {
  return each.script + (each.waits ? "_by_the_wall_clock" : "") + (each.follows ? "_with_silence" : "");
}

class Differential : public testing::TestWithParam<Case> {};

TEST_P(Differential, EngineEqualsReference) {
  const Script script = Script::in_folder("differential/" + GetParam().script);
  ASSERT_EQ(script.faults(), "");
  driver::Compiled optimized = script.compile(true), plain = script.compile(false), native = script.compile(true);
  const auto timings = cli::use_native_code(native, codegen::CodegenOptions{});
  ASSERT_TRUE(timings.ok()) << timings.error().message;

  const int64_t only = number_from_environment("BRAID_SEED", 0);
  const int64_t seeds = number_from_environment("BRAID_SEEDS", 40);
  for (int64_t seed = only ? only : 1; seed <= (only ? only : seeds); ++seed) {
    Rng rng(hash_mix(static_cast<uint64_t>(seed)));
    InputShape shape{.partitions = static_cast<uint32_t>(rng.between(1, 3)), .records = 40, .now_us = kNow};
    if (GetParam().follows) shape.partitions = 1;
    RecordedInput input = record_input(script.project(), shape, rng);
    if (GetParam().waits) let_time_pass(input, rng);
    if (GetParam().follows) let_time_follow(input, script.project(), rng);
    auto evaluated = [&] {
      return sorted(
          come_to(account_of(reference::evaluate(optimized.checked, script.project(), input.values), input.values),
                  optimized.program()));
    };
    Account expected = evaluated();
    if (only) print_turns(input);
    const std::string repeat = "repeat: BRAID_SEED=" + std::to_string(seed) +
                               " build/release/bin/braid_scenarios_test --gtest_filter='*/" + name_of(GetParam()) + "'";
    auto run = [&](driver::Compiled& compiled, const RunOptions& options) {
      Result<Account> made = run_engine(compiled.program(), input, options);
      EXPECT_TRUE(made.ok()) << made.error().message << "\n" << repeat;
      return made.ok() ? std::move(made).value() : Account{};
    };
    // Content: what the oracle says, however partitions interleave.
    const Account as_recorded = run(optimized, {});
    ASSERT_EQ(difference(expected, sorted(come_to(as_recorded, optimized.program()))), "") << repeat;
    // Replay: the same turns give the same rows in the same order, with the same reasons and places.
    auto replay = [&](driver::Compiled& compiled, RunOptions options) {
      options.whole_errors = true;
      return run(compiled, options);
    };
    const Account whole = replay(optimized, {});
    ASSERT_EQ(difference(whole, replay(plain, {})), "") << "passes off; " << repeat;
    ASSERT_EQ(difference(whole, replay(native, {})), "") << "native code; " << repeat;
    ASSERT_EQ(difference(whole, replay(native, {.block_rows = 3})), "") << "native code, small blocks; " << repeat;
    for (const size_t workers : {2, 4})
      ASSERT_EQ(difference(whole, replay(optimized, {.workers = workers})), "") << workers << " workers; " << repeat;
    ASSERT_EQ(difference(whole, replay(optimized, {.restart_after_turns = true, .workers = 3})), "")
        << "three workers, restarts; " << repeat;
    ASSERT_EQ(difference(whole, replay(plain, {.restart_after_turns = true, .block_rows = 1})), "")
        << "passes off, restarts, blocks of a row; " << repeat;
    ASSERT_EQ(difference(whole, replay(optimized, {.restart_after_turns = true})), "") << "restarts; " << repeat;
    ASSERT_EQ(difference(whole, replay(optimized, {.state_memory = 0})), "") << "state in the store; " << repeat;
    ASSERT_EQ(difference(sorted(whole), sorted(replay(optimized, {.round_rows = 1, .workers = 2}))), "")
        << "rounds of a row, two workers; " << repeat;
    interleave(input, rng);
    if (GetParam().waits || GetParam().follows) {
      // Then what is there depends on the order.
      if (GetParam().waits) let_time_pass(input, rng);
      if (GetParam().follows) let_time_follow(input, script.project(), rng);
      expected = evaluated();
    }
    if (only) print_turns(input);
    ASSERT_EQ(difference(expected, sorted(come_to(run(optimized, {}), optimized.program()))), "")
        << "partitions interleaved otherwise; " << repeat;
  }
}

/// Each product with a twin that says `emit final`.
TEST(WindowsThatChange, ComeToWhatEmitFinalGives) {
  const Script script = Script::in_folder("differential/window_changes");
  ASSERT_EQ(script.faults(), "");
  driver::Compiled compiled = script.compile(true);
  size_t twins = 0, rows = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(hash_mix(seed));
    const InputShape shape{.partitions = static_cast<uint32_t>(rng.between(1, 3)), .records = 60, .now_us = kNow};
    const RecordedInput input = record_input(script.project(), shape, rng);
    Result<Account> made = run_engine(compiled.program(), input, {});
    ASSERT_TRUE(made.ok()) << made.error().message;
    Account account = sorted(come_to(std::move(made).value(), compiled.program()));
    for (const ProductSpec& product : compiled.program().products) {
      if (!product.changes || account.lines.count(product.qualified() + "_final/") == 0) continue;
      ++twins;
      rows += account.lines[product.qualified() + "/"].size();
      EXPECT_EQ(account.lines[product.qualified() + "/"], account.lines[product.qualified() + "_final/"])
          << product.qualified() << ", seed " << seed;
    }
  }
  EXPECT_GT(twins, 300U);
  EXPECT_GT(rows, 3000U);
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, Differential,
    testing::Values(Case{"enrichment"}, Case{"windows"}, Case{"intervals"}, Case{"unique"}, Case{"retimed"},
                    Case{"ways"}, Case{"chained"}, Case{"timeless"}, Case{"distinct"}, Case{"patterns"}, Case{"tables"},
                    Case{"changelogs"}, Case{"joined_tables"}, Case{"outer_tables"}, Case{"firsts"}, Case{"meets_one"},
                    Case{"maps"}, Case{"filtered_matches"}, Case{"hopping"}, Case{"sessions"}, Case{"cumulative"},
                    Case{"spans"}, Case{"exists"}, Case{"outer"}, Case{"any"}, Case{"in_windows"}, Case{"ends"},
                    Case{"waiting"}, Case{"waiting", true}, Case{"unnest"}, Case{"lookups"}, Case{"unnest_ranked"},
                    Case{"ports"}, Case{"tops"}, Case{"runnings"}, Case{"top_tables"}, Case{"aggregates"},
                    Case{"table_aggregates"}, Case{"window_changes"}, Case{"window_changes", true}, Case{"retained"},
                    Case{"made_tables"}, Case{"latest", true}, Case{"other_columns"}, Case{"indexed_tables"},
                    Case{"ticks"}, Case{"moves"}, Case{"united"}, Case{"product_ties"}, Case{"pair_ties"},
                    Case{"joined_changes"}, Case{"own_ports"}, Case{"split_tables"}, Case{"arrivals"},
                    Case{"arrivals", true}, Case{"silence"}, Case{"silence", false, true}, Case{"row_windows"},
                    Case{"rows_of_windows"}, Case{"shared_windows"}, Case{"tables_by_arrival"},
                    Case{"tables_by_arrival", true}, Case{"session_changes"}, Case{"row_times"}, Case{"kept"},
                    Case{"kept", true}),
    [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace braid::scenarios
