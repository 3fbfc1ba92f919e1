// A commit that is written while the next turns run: what counts when it fails, when the job is asked to stop
// meanwhile, and what the epoch record says.
#include <gtest/gtest.h>

#include "runtime/engine/test_job.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

using namespace test;

/// A machine with inputs, and what a run that nobody disturbs makes of them.
class CommitInFlight : public testing::Test {
 protected:
  CommitInFlight() : inputs_(random_inputs(21, 1500)) {
    Machine calm(1);
    prepare(calm);
    EXPECT_TRUE(run_job(program_, options_, calm.seams()).ok());
    expected_ = calm.outputs();
  }
  void prepare(Machine& machine) {
    for (const auto& [path, content] : inputs_) machine.write(path, content);
    options_.commit_every_turns = 1;
  }
  /// The store as it lies on the disk.
  static std::unique_ptr<StateStore> store_of(Machine& machine) {
    return MemoryStore::open(machine.fs, "data/state").value();
  }
  static uint64_t durable_epoch(Machine& machine) {
    std::string value;
    EXPECT_TRUE(store_of(machine)->get(StateFamily::meta, "epoch", &value).value());
    return WireReader(value).fixed<uint64_t>();
  }

  ProgramBuilder builder_;
  Program program_ = everything(builder_);
  std::vector<std::pair<std::string, std::string>> inputs_;
  JobOptions options_ = job_options();
  LateExecutor late_;
  std::string expected_;
};

TEST_F(CommitInFlight, runs_beside_the_next_turns) {
  Machine machine(2);
  prepare(machine);
  std::vector<std::string> order;
  options_.kill_point = [&](std::string_view name) { order.emplace_back(name); };
  auto report = run_job(program_, options_, machine.seams(late_));
  ASSERT_TRUE(report.ok()) << report.error().message;
  const std::vector<std::string> begin(order.begin() + 3, order.begin() + 9);
  EXPECT_EQ(begin, (std::vector<std::string>{"after_turn", "before_output_sync", "after_turn", "after_output_sync",
                                             "after_commit", "before_output_sync"}));
  EXPECT_EQ(report->epochs, static_cast<uint64_t>(std::count(order.begin(), order.end(), "after_commit")));
  EXPECT_EQ(report->epochs, durable_epoch(machine));
  EXPECT_EQ(machine.outputs(), expected_);
}

TEST_F(CommitInFlight, that_fails_ends_the_job_and_nothing_later_counts) {
  std::set<int> codes;
  for (uint64_t operation = 1; operation <= 8; ++operation) {
    Machine machine(3);
    prepare(machine);
    int freezes = 0, commits = 0;
    options_.kill_point = [&](std::string_view name) {
      // Operations of the third commit, which is written when the turn behind it has been run.
      if (name == "after_turn" && freezes == 3) machine.fs.fail_operation(machine.fs.operations() + operation, EIO);
      freezes += name == "before_output_sync";
      commits += name == "after_commit";
    };
    auto report = run_job(program_, options_, machine.seams(late_));
    ASSERT_FALSE(report.ok());
    codes.insert(report.error().code);
    EXPECT_EQ(freezes, commits + 1);
    EXPECT_EQ(commits, 2);
    EXPECT_EQ(durable_epoch(machine), 2u);
    options_.kill_point = {};
    machine.fs.crash();
    report = run_job(program_, options_, machine.seams(late_));
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(machine.outputs(), expected_);
  }
  EXPECT_TRUE(codes.contains(8006));
}

TEST_F(CommitInFlight, is_waited_for_when_the_job_is_asked_to_stop) {
  Machine machine(4);
  prepare(machine);
  options_.commit_every_turns = 3;
  for (int run = 0; run < 100; ++run) {
    int turns = 0, commits = 0;
    options_.stop_requested = [&] { return turns == 4; };  // a commit is in flight, and a turn was run since
    options_.kill_point = [&](std::string_view name) {
      turns += name == "after_turn";
      commits += name == "after_commit";
    };
    auto report = run_job(program_, options_, machine.seams(late_));
    ASSERT_TRUE(report.ok()) << report.error().message;
    if (!report->drained) break;
    EXPECT_EQ(commits, 2);
    EXPECT_EQ(report->epochs, 2u);
    EXPECT_EQ(durable_epoch(machine), static_cast<uint64_t>(run + 1) * 2);
  }
  EXPECT_EQ(machine.outputs(), expected_);
}

TEST_F(CommitInFlight, that_fails_is_told_before_what_fails_behind_it) {
  Machine machine(5);
  prepare(machine);
  int freezes = 0;
  options_.kill_point = [&](std::string_view name) {
    freezes += name == "before_output_sync";
    if (name != "after_turn" || freezes != 2) return;
    machine.fs.cut_power_at(machine.fs.operations() + 1);  // the next turn cannot be read, nor the commit be written
    options_.commit_every_turns = 1000;
  };
  auto report = run_job(program_, options_, machine.seams(late_));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().kind, ErrorKind::output);
  EXPECT_EQ(report.error().code, 8006);
}

/// A port that gets much within one turn is claimed at once. Rows of the last epoch may still have to be copied then,
/// so the claim comes into the store before that epoch.
TEST_F(CommitInFlight, waits_for_no_claim_while_its_rows_are_copied) {
  std::string good, broken;
  for (int i = 0; i < 400; ++i) {
    good += record(std::string(1, static_cast<char>('a' + i % 20)), i % 5, 100 + i);
    good.insert(good.size() - 1, std::string(2'000, ' '));
  }
  for (int i = 0; i < 30'000; ++i) broken += "broken\n";
  std::string calm;
  for (const uint64_t bytes : {UINT64_MAX, uint64_t{1}}) {
    Machine machine(6);
    prepare(machine);
    machine.write("in/s1.ndjson", good + broken);
    for (const char* name : {"s2", "t", "u"}) machine.write(fmt::format("in/{}.ndjson", name), record("a", 1, 100));
    options_.commit_every_turns = 7;  // all of the small files, and all turns without a broken line
    options_.copy_bytes = bytes;
    auto files = [&] { return machine.fs.list_directory("data/out").value().size(); };
    size_t ports = 0;  // before the turn
    options_.progress = [&](const JobProgress&) { ports = files(); };
    int freezes = 0, commits = 0, claimed_before = 0;
    options_.kill_point = [&](std::string_view name) {
      freezes += name == "before_output_sync";
      commits += name == "after_commit";
      if (name != "after_turn") return;
      claimed_before += ports > 0 && files() > ports && commits < freezes;
    };
    auto report = run_job(program_, options_, machine.seams(late_));
    ASSERT_TRUE(report.ok()) << report.error().message;
    if (bytes == 1) {
      EXPECT_EQ(claimed_before, 1);
      EXPECT_EQ(machine.outputs(), calm);
    } else {
      EXPECT_EQ(claimed_before, 0);
      calm = machine.outputs();
    }
  }
}

/// Rows of many commits are copied in pieces, erased, and come again. What the store has then is what one commit of the
/// same turns puts into an empty store: no row is missing, and none was left behind. Without groups, whose distinct
/// values lie in the store as each commit brought them.
TEST_F(CommitInFlight, leaves_the_rows_that_one_commit_would) {
  ProgramBuilder b;
  const int s = b.source("s", 30), t = b.source("t", 20, 1'000'000, true);
  b.source("u", -1, 0, true);
  int product = 0;
  for (int op : {b.as_of_join(s, t, true, 60), b.interval_join(s, s, true, true, -40, 10),
                 b.interval_join(s, t, true, false, -15, 15), b.interval_join(t, s, false, false, -5, 5),
                 b.unique(s, 25), b.unique(t, 3)})
    b.publish(op, fmt::format("p{}", product++));
  using Rows = std::map<std::string, std::string>;
  auto rows_after = [&](int stop, uint64_t turns_of_commit, uint64_t bytes) {
    Machine machine(7);
    for (const auto& [path, content] : random_inputs(22, 4000)) machine.write(path, content);
    int turns = 0;
    options_.commit_every_turns = turns_of_commit;
    options_.copy_bytes = bytes;
    options_.kill_point = [&](std::string_view name) { turns += name == "after_turn"; };
    options_.stop_requested = [&] { return turns >= stop; };
    EXPECT_TRUE(run_job(b.program, options_, machine.seams(late_)).ok());
    EXPECT_EQ(turns, stop);
    Rows rows;
    for (const StateFamily family : {StateFamily::point, StateFamily::timed})
      EXPECT_TRUE(store_of(machine)
                      ->scan(family, "",
                             [&](std::string_view key, std::string_view value) -> Status {
                               rows[fmt::format("{}{}", static_cast<int>(family), key)] = value;
                               return {};
                             })
                      .ok());
    return rows;
  };
  auto difference = [](const Rows& rows, const Rows& expected) {
    std::string text;
    for (const auto& [key, value] : expected)
      if (const auto row = rows.find(key); row == rows.end() || row->second != value)
        text += fmt::format("{} {}\n", row == rows.end() ? "missing:" : "other:", testing::PrintToString(key));
    for (const auto& [key, value] : rows)
      if (!expected.contains(key)) text += fmt::format("left behind: {}\n", testing::PrintToString(key));
    return text;
  };
  for (const int stop : {9, 20}) {
    const Rows at_once = rows_after(stop, UINT64_MAX, UINT64_MAX);
    EXPECT_GT(at_once.size(), 50u);
    for (uint64_t turns = 1; turns <= 4; ++turns)
      for (const uint64_t bytes : {1, 2000})
        EXPECT_EQ(difference(rows_after(stop, turns, bytes), at_once), "") << stop << ", " << turns << ", " << bytes;
  }
}

/// After a restart rows are read while turns run: a damaged one is found by the turn that reads it.
TEST_F(CommitInFlight, is_begun_by_no_turn_that_reads_a_damaged_row) {
  options_.state_memory = 1 << 30;
  auto stopped = [&](Machine& machine) {
    prepare(machine);
    int turns = 0;
    options_.kill_point = [&](std::string_view name) { turns += name == "after_turn"; };
    options_.stop_requested = [&] { return turns >= 3; };
    ASSERT_TRUE(run_job(program_, options_, machine.seams()).ok());
    options_.stop_requested = {};
    options_.kill_point = {};
  };
  std::set<std::pair<StateFamily, std::string>> tables;
  {
    Machine machine(5);
    stopped(machine);
    for (StateFamily family : {StateFamily::point, StateFamily::timed})
      ASSERT_TRUE(store_of(machine)
                      ->scan(family, "",
                             [&](std::string_view key, std::string_view) -> Status {
                               tables.emplace(family, key.substr(0, 4));
                               return {};
                             })
                      .ok());
    auto report = run_job(program_, options_, machine.seams());
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(machine.outputs(), expected_);
  }
  EXPECT_GE(tables.size(), 15u);
  for (const auto& [family, table] : tables) {
    Machine machine(5);
    stopped(machine);
    {
      std::unique_ptr<StateStore> store = store_of(machine);
      StateBatch damage;
      ASSERT_TRUE(store
                      ->scan(family, table,
                             [&](std::string_view key, std::string_view) -> Status {
                               damage.put(family, key, "x");
                               return {};
                             })
                      .ok());
      ASSERT_TRUE(store->commit(damage).ok());
    }
    const uint64_t before = durable_epoch(machine);
    int turns = 0, commits = 0;
    options_.kill_point = [&](std::string_view name) {
      turns += name == "after_turn";
      commits += name == "before_output_sync";
    };
    auto report = run_job(program_, options_, machine.seams());
    ASSERT_FALSE(report.ok()) << testing::PrintToString(table);
    EXPECT_EQ(report.error().kind, ErrorKind::store);
    EXPECT_FALSE(report.error().message.empty());
    // Turns before are whole.
    EXPECT_EQ(commits, turns);
    EXPECT_LE(durable_epoch(machine), before + static_cast<uint64_t>(turns));
  }
}

TEST_F(CommitInFlight, records_what_it_held) {
  Machine machine(6);
  ProgramBuilder b;
  b.publish(b.source("s", 0));
  machine.write("in/s.ndjson", record("a", 1, 10));
  b.program.sources[0].binding.address = "in/*.ndjson";
  ASSERT_TRUE(run_job(b.program, job_options(), machine.seams()).ok());
  machine.write("in/t.ndjson", record("b", 1, 20));
  ASSERT_TRUE(run_job(b.program, job_options(), machine.seams()).ok());
  const auto store = store_of(machine);
  using Kind = EpochEvent::Kind;
  const char* names[] = {"in/s.ndjson", "in/t.ndjson"};
  EpochChain last;
  for (uint32_t file = 0; file < 2; ++file) {
    std::string bytes;
    ASSERT_TRUE(store->get(StateFamily::meta, fmt::format("epochs/{:016x}", file + 1), &bytes).value());
    const Result<EpochRecord> record = EpochRecord::decode(bytes);
    ASSERT_TRUE(record.ok());
    EXPECT_EQ(record->encode(), bytes);
    EXPECT_EQ(record->before, last);
    EXPECT_EQ(record->clock, kStart);
    EXPECT_EQ(record->program, b.program.id);
    std::vector<Kind> kinds;
    for (const EpochEvent& event : record->events) {
      kinds.push_back(event.kind);
      if (event.kind == Kind::found) EXPECT_EQ(event.name, names[file]);
      if (event.kind == Kind::turn) EXPECT_EQ(event.end, static_cast<int64_t>(test::record("a", 1, 10).size()));
      if (event.kind == Kind::turn || event.kind == Kind::found) EXPECT_EQ(event.partition, file);
    }
    // Time moves for a file that was found late.
    const std::vector<Kind> expected = file == 0 ? std::vector{Kind::found, Kind::turn, Kind::ended}
                                                 : std::vector{Kind::found, Kind::moved, Kind::turn, Kind::ended};
    EXPECT_EQ(kinds, expected);
    last = record->after();
    EXPECT_FALSE(EpochRecord::decode(bytes.substr(0, bytes.size() - 1)).ok());
    EXPECT_FALSE(EpochRecord::decode(bytes + "x").ok());
    // Attempts at one epoch are told apart, though all else is the same.
    EpochRecord attempt = *record;
    attempt.attempt = 5;
    EXPECT_EQ(attempt.after().epoch, last.epoch);
    EXPECT_NE(attempt.after(), last);
    const Result<EpochRecord> again = EpochRecord::decode(attempt.encode());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->attempt, 5U);
    EXPECT_EQ(again->after(), attempt.after());
  }
}

}  // namespace
}  // namespace braid
