#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/engine/job_run.h"
#include "runtime/engine/test_job.h"

namespace braid {
namespace {

using namespace test;

/// While the job waits, the next thing happens.
class EventfulClock : public ManualClock {
 public:
  using ManualClock::ManualClock;
  std::vector<std::function<void()>> events;
  bool over() const { return next_ == events.size(); }
  void sleep_us(int64_t us) override {
    ManualClock::sleep_us(us);
    if (!over()) events[next_++]();
  }

 private:
  size_t next_ = 0;
};

class Follow : public testing::Test {
 protected:
  Follow() {
    options_.follow = true;
    EXPECT_TRUE(machine_.fs.make_directories("in").ok());
    // Until everything has happened, and the job has seen it and waits again.
    options_.stop_requested = [this] { return clock_.over() && clock_.now_us() >= kStart + run_for_; };
  }
  void append(const std::string& path, const std::string& bytes) {
    auto writer = machine_.fs.open_writer(path, OpenMode::create_or_append);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->append(bytes).ok());
  }
  JobReport run(const Program& program) {
    JobSeams seams{machine_.fs, clock_, executor(), machine_.seams().open_store};
    auto report = run_job(program, options_, seams);
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message);
    if (!report.ok()) return {};
    EXPECT_EQ(report->deviation, 0);
    return *report;
  }
  virtual Executor& executor() { return machine_.executor; }
  std::string output(const std::string& name = "result") {
    auto bytes = machine_.fs.read_file("data/out/test." + name + ".v1.ndjson");
    return bytes.ok() ? *bytes : "";
  }
  static int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

  Machine machine_{7};
  EventfulClock clock_{kStart};
  JobOptions options_ = job_options();
  int64_t run_for_ = 5'000'000;
};

TEST_F(Follow, reads_what_comes_and_commits_within_its_time) {
  ProgramBuilder b;
  b.publish(b.source("s", 0));
  append("in/s1.ndjson", record("a", 1, 10));
  int64_t committed_at = 0;
  clock_.events = {[&] { append("in/s1.ndjson", record("b", 2, 11) + "{\"k\":\"half"); },
                   [&] { append("in/s1.ndjson", "\",\"v\":3,\"at\":12}\n"); },
                   [&] { append("in/s2.ndjson", record("d", 4, 13)); }};
  options_.progress = [&](const JobProgress&) {
    if (committed_at == 0 && lines(output()) == 4) committed_at = clock_.now_us();
  };
  const JobReport report = run(b.program);
  EXPECT_EQ(report.events, 4);
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(lines(output()), 4);
  EXPECT_NE(output().find("half"), std::string::npos);
  EXPECT_GT(committed_at, 0);
  EXPECT_LE(committed_at - kStart, options_.commit_every_us + 10 * options_.look_every_us);
  EXPECT_LE(report.epochs, 3u);
  const JobReport again = run(b.program);
  EXPECT_EQ(again.events, 4);
  EXPECT_EQ(lines(output()), 4);
}

TEST_F(Follow, waits_for_the_first_file) {
  ProgramBuilder b;
  b.publish(b.source("s", 0));
  clock_.events = {[] {}, [&] { append("in/s1.ndjson", record("a", 1, 10)); }};
  EXPECT_EQ(run(b.program).events, 1);
}

TEST_F(Follow, a_partition_that_is_silent_holds_time_back_until_it_is_idle) {
  ProgramBuilder b;
  const int source = b.source("s", 0);
  b.publish(b.group(source, 10, 10));
  b.program.sources[0].idle_us = 3'000'000;
  append("in/s1.ndjson", record("a", 1, 5) + record("a", 1, 5));
  append("in/s2.ndjson", record("a", 1, 5) + record("a", 1, 5));
  std::vector<int64_t> rows_at;  // after each second
  for (int second = 0; second < 5; ++second) {
    clock_.events.push_back([&] { append("in/s1.ndjson", record("a", 1, 25)); });
    clock_.events.resize(clock_.events.size() + 49, [] {});
  }
  run_for_ = 6'000'000;
  options_.progress = [&](const JobProgress&) {
    const auto second = static_cast<size_t>((clock_.now_us() - kStart) / 1'000'000);
    rows_at.resize(std::max(rows_at.size(), second + 1));
    rows_at[second] = lines(output());
  };
  const JobReport report = run(b.program);
  ASSERT_GE(rows_at.size(), 6u);
  EXPECT_EQ(rows_at[2], 0);
  EXPECT_EQ(rows_at[5], 1);
  EXPECT_EQ(report.products[0].rows, 1);
  // When it wakes, its time is the others'.
  run_for_ = clock_.now_us() - kStart + 3'000'000;
  append("in/s2.ndjson", record("a", 1, 7));
  EXPECT_EQ(run(b.program).products[0].inputs[0].ledger.late, 1);
}

TEST_F(Follow, time_goes_on_by_the_clock_while_nothing_arrives) {
  ProgramBuilder b;
  b.publish(b.group(b.source("s", 0), 2'000'000, 2'000'000));
  b.program.sources[0].idle_us = 3'000'000;
  b.program.sources[0].idle_advances = true;
  append("in/s1.ndjson", record("a", 1, kStart) + record("a", 1, kStart));
  std::vector<int64_t> rows_at;  // after each second
  options_.progress = [&](const JobProgress&) {
    const auto second = static_cast<size_t>((clock_.now_us() - kStart) / 1'000'000);
    rows_at.resize(std::max(rows_at.size(), second + 1));
    rows_at[second] = lines(output());
  };
  run_for_ = 9'000'000;
  const JobReport report = run(b.program);
  ASSERT_GE(rows_at.size(), 8u);
  EXPECT_EQ(rows_at[4], 0);
  EXPECT_EQ(rows_at[7], 1);
  EXPECT_EQ(report.products[0].rows, 1);
  // What comes later is late, also behind a restart.
  run_for_ = clock_.now_us() - kStart + 2'000'000;
  append("in/s1.ndjson", record("a", 1, kStart + 1'500'000));
  EXPECT_EQ(run(b.program).products[0].inputs[0].ledger.late, 1);
}

TEST_F(Follow, records_ahead_of_the_clock_are_judged_by_its_reading_in_their_epoch) {
  ProgramBuilder b;
  b.publish(b.source("s", 0, 1000));
  append("in/s1.ndjson", record("a", 1, kStart));
  clock_.events = {[&] { append("in/s1.ndjson", record("b", 2, kStart + 2'000'000)); }};
  for (int i = 0; i < 100; ++i) clock_.events.push_back([] {});
  clock_.events.push_back([&] { append("in/s1.ndjson", record("c", 3, kStart + 2'000'000)); });
  const JobReport report = run(b.program);
  EXPECT_EQ(report.products[0].inputs[0].ledger.rejected, 1);
  EXPECT_EQ(report.products[0].rows, 2);
}

TEST_F(Follow, a_file_that_shrinks_stops_the_job) {
  ProgramBuilder b;
  b.publish(b.source("s", 0));
  append("in/s1.ndjson", record("a", 1, 10) + record("b", 2, 11));
  clock_.events = {[&] {
    auto writer = machine_.fs.open_writer("in/s1.ndjson", OpenMode::append);
    ASSERT_TRUE((*writer)->truncate(0).ok());
  }};
  auto report = run_job(b.program, options_, {machine_.fs, clock_, machine_.executor, machine_.seams().open_store});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, 7011);
}

/// A stream joined with a table that gets nothing more, and a limit to the wait for it.
class WaitAtMost : public Follow {
 protected:
  WaitAtMost() {
    const int left = b_.source("s", 0), right = b_.source("t", 0, 1'000'000, true);
    b_.publish(b_.as_of_join(left, right, true, {}, 3'000'000));
    b_.program.sources[0].binding.address = "in/s.ndjson";
    b_.program.sources[1].binding.address = "in/t.ndjson";
    append("in/t.ndjson", record("a", 7, 10) + record("a", 8, 15));
    append("in/s.ndjson", "");
    options_.progress = [this](const JobProgress&) {
      if (lines(output()) > 0 && seen_at_ == 0) seen_at_ = clock_.now_us() - kStart;
    };
  }
  /// Until that long after the start of everything.
  JobReport run_until(int64_t us) {
    run_for_ = us;
    return run(b_.program);
  }
  const Ledger& ledger(const JobReport& report) { return report.products[0].inputs[0].ledger; }
  ProgramBuilder b_;
  int64_t seen_at_ = 0;  ///< after the start, a row
};

TEST_F(WaitAtMost, wakes_for_the_first_row_that_is_due) {
  clock_.events = {[&] { append("in/s.ndjson", record("a", 1, 20)); }};
  const JobReport report = run_until(8'000'000);
  EXPECT_EQ(ledger(report).early, 1);
  EXPECT_EQ(ledger(report).held, 0);
  EXPECT_NE(output().find("\"v\":8"), std::string::npos) << output();
  EXPECT_GE(seen_at_, 3'000'000);
  EXPECT_LE(seen_at_, 3'000'000 + options_.commit_every_us + 500'000);
  // For good: what comes later corrects nothing.
  append("in/t.ndjson", record("a", 9, 16) + record("a", 9, 30));
  EXPECT_EQ(run_until(16'000'000).products[0].rows, 1);
}

TEST_F(WaitAtMost, the_arrival_outlives_a_restart) {
  clock_.events = {[&] { append("in/s.ndjson", record("a", 1, 20)); }};
  EXPECT_EQ(ledger(run_until(2'000'000)).held, 1);
  EXPECT_EQ(output(), "");
  seen_at_ = 0;
  EXPECT_EQ(ledger(run_until(6'000'000)).early, 1);
  EXPECT_GE(seen_at_, 3'000'000);
  EXPECT_LE(seen_at_, 3'000'000 + options_.commit_every_us + 500'000);
}

TEST_F(WaitAtMost, what_is_at_hand_behind_a_restart_is_read_first) {
  clock_.events = {[&] { append("in/s.ndjson", record("a", 1, 20)); }};
  EXPECT_EQ(ledger(run_until(2'000'000)).held, 1);
  // The job is away for longer than the row may wait, and its version is there meanwhile.
  clock_.advance_us(60'000'000);
  append("in/t.ndjson", record("a", 9, 18) + record("b", 1, 30));
  const JobReport report = run_until(70'000'000);
  EXPECT_EQ(ledger(report).early, 0);
  EXPECT_NE(output().find("\"v\":9"), std::string::npos) << output();
}

TEST_F(WaitAtMost, a_bounded_run_lets_nothing_go_and_a_live_one_goes_on_from_it) {
  append("in/s.ndjson", record("a", 1, 20));
  options_.follow = options_.seal = false;
  auto stop = std::exchange(options_.stop_requested, {});
  EXPECT_EQ(ledger(run(b_.program)).held, 1);
  clock_.advance_us(2'000'000);
  EXPECT_EQ(ledger(run(b_.program)).held, 1);
  clock_.advance_us(60'000'000);
  EXPECT_EQ(ledger(run(b_.program)).held, 1);
  options_.follow = true;
  options_.stop_requested = stop;
  EXPECT_EQ(ledger(run_until(65'000'000)).early, 1);
}

/// Each epoch is in the store as it was: run again, it gives the same record.
TEST_F(WaitAtMost, epochs_are_run_again_as_they_were) {
  Rng rng(5);
  for (int i = 0; i < 400; ++i)
    clock_.events.push_back([this, i, k = rng.below(3), table = rng.chance(40)] {
      const std::string key(1, static_cast<char>('a' + k));
      append(table ? "in/t.ndjson" : "in/s.ndjson", record(key, i, 20 + i));
    });
  options_.commit_every_us = 100'000;
  // Behind the last of them the table's time goes on by the clock.
  b_.program.sources[1].idle_us = 5'000'000;
  b_.program.sources[1].idle_advances = true;
  const JobReport report = run_until(30'000'000);
  EXPECT_GT(ledger(report).early, 20);
  auto store = MemoryStore::open(machine_.fs, "data/state");
  ASSERT_TRUE(store.ok());
  int waited = 0, followed = 0;
  JobOptions again = options_;
  again.directory = "again";
  const JobSeams seams{machine_.fs, clock_, machine_.executor, machine_.seams().open_store};
  JobStore fresh(b_.program, again, seams);
  ASSERT_TRUE(fresh.lock().ok());
  ASSERT_TRUE(fresh.open().ok());
  OutputFiles files(machine_.fs, b_.program, "again", {});
  auto place = place_of_store(machine_.fs, "again", fresh.header().id);
  ASSERT_TRUE(place.ok());
  files.set_store(*place, false);
  ASSERT_TRUE(files.recover(fresh.state()).ok());
  ASSERT_TRUE(fresh.begin().ok());
  ASSERT_TRUE(files.claim_products(fresh.state()).ok());
  JobTurns turns(b_.program, again, seams);
  ASSERT_TRUE(turns.open(fresh, files).ok());
  EpochChain last;
  const Status scanned =
      (*store)->scan(StateFamily::meta, "epochs/", [&](std::string_view, std::string_view bytes) -> Status {
        BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(bytes));
        for (const EpochEvent& event : record.events) {
          waited += event.kind == EpochEvent::Kind::waited;
          followed += event.kind == EpochEvent::Kind::followed;
        }
        BRAID_TRY(turns.replay(record));
        EpochRecord made = turns.end_epoch(last);
        StateBatch batch;
        BRAID_TRY(files.freeze(fresh.state()));
        files.collect(batch, made.outputs);
        EXPECT_EQ(made.after().digest, record.after().digest) << "epoch " << record.after().epoch;
        EXPECT_EQ(made.clock, record.clock);
        last = made.after();
        return {};
      });
  ASSERT_TRUE(scanned.ok()) << scanned.error().message;
  EXPECT_GT(waited, 5);
  EXPECT_GT(followed, 3);
}

/// A log that is rotated: renamed, while the program that writes it goes on, and then opens a new file.
class Rotation : public Follow {
 protected:
  Rotation() {
    b_.publish(b_.source("s", 0));
    b_.program.sources[0].binding.address = "in/log.ndjson";
    run_for_ = 12'000'000;
  }
  void rename(const std::string& from, const std::string& to) { ASSERT_TRUE(machine_.fs.rename(from, to).ok()); }
  /// The keys of the output, sorted.
  std::string keys() {
    std::string text = output(), found;
    for (size_t at = 0; (at = text.find("\"k\":\"", at)) != std::string::npos; ++at) found += text[at + 5];
    std::sort(found.begin(), found.end());
    return found;
  }
  ProgramBuilder b_;
};

TEST_F(Rotation, reads_the_rest_of_the_old_file_and_the_new_one) {
  append("in/log.ndjson", record("a", 1, 10));
  clock_.events = {[&] { rename("in/log.ndjson", "in/log.1"); }, [&] { append("in/log.1", record("b", 1, 11)); },
                   [&] { append("in/log.ndjson", record("c", 1, 12)); },
                   [&] { append("in/log.1", "{\"k\":\"d\",\"v\":1,\"at\":13}"); }};
  EXPECT_EQ(run(b_.program).events, 4);  // the record without a line end is the last of its file
  EXPECT_EQ(keys(), "abcd");
  // The old file is not missed any more.
  ASSERT_TRUE(machine_.fs.remove("in/log.1").ok());
  append("in/log.ndjson", record("e", 1, 14));
  run_for_ += 1'000'000;
  EXPECT_EQ(run(b_.program).events, 5);
}

TEST_F(Rotation, between_two_runs) {
  append("in/log.ndjson", record("a", 1, 10) + record("b", 1, 10));
  run_for_ = 2'000'000;
  run(b_.program);
  append("in/log.ndjson", record("c", 1, 11));
  rename("in/log.ndjson", "in/log.1");
  append("in/log.ndjson", record("d", 1, 12));
  run_for_ += 2'000'000;
  EXPECT_EQ(run(b_.program).events, 4);
  EXPECT_EQ(keys(), "abcd");
  // Both go on from there, and so does a run that does not follow.
  append("in/log.1", record("e", 1, 13));
  append("in/log.ndjson", record("f", 1, 13));
  options_.follow = false;
  options_.stop_requested = {};
  EXPECT_EQ(run(b_.program).events, 6);
  EXPECT_EQ(keys(), "abcdef");
}

TEST_F(Rotation, with_a_pattern_that_finds_the_old_files_too) {
  b_.program.sources[0].binding.address = "in/log*";
  append("in/log.ndjson", record("a", 1, 10));
  clock_.events = {[&] { rename("in/log.ndjson", "in/log.1"); }, [&] { append("in/log.ndjson", record("b", 1, 11)); },
                   [&] { rename("in/log.1", "in/log.2"); }, [&] { rename("in/log.ndjson", "in/log.1"); },
                   [&] { append("in/log.ndjson", record("c", 1, 12)); }};
  EXPECT_EQ(run(b_.program).events, 3);
  rename("in/log.2", "in/log.3");
  rename("in/log.1", "in/log.2");
  rename("in/log.ndjson", "in/log.1");
  append("in/log.ndjson", record("d", 1, 13));
  run_for_ += 2'000'000;
  EXPECT_EQ(run(b_.program).events, 4);
  EXPECT_EQ(keys(), "abcd");
}

/// Nothing tells which is which: they are read once, whoever has which name now.
TEST_F(Rotation, files_of_which_nothing_was_read) {
  b_.program.sources[0].binding.address = "in/log*";
  append("in/log.ndjson", record("a", 1, 10));
  clock_.events = {[&] { rename("in/log.ndjson", "in/log.1"); }, [&] { machine_.write("in/log.ndjson", ""); },
                   [&] { rename("in/log.ndjson", "in/log.2"); }, [&] { machine_.write("in/log.ndjson", ""); },
                   [&] { append("in/log.1", record("b", 1, 11)); }};
  EXPECT_EQ(run(b_.program).events, 2);
  append("in/log.2", record("c", 1, 12));
  append("in/log.ndjson", record("d", 1, 13));
  run_for_ += 2'000'000;
  EXPECT_EQ(run(b_.program).events, 4);
  EXPECT_EQ(keys(), "abcd");
  rename("in/log.ndjson", "in/log.3");
  append("in/log.ndjson", record("e", 1, 14));
  run_for_ += 2'000'000;
  EXPECT_EQ(run(b_.program).events, 5);
  EXPECT_EQ(keys(), "abcde");
}

TEST_F(Rotation, a_file_that_is_gone_with_what_was_not_read_stops_the_job) {
  append("in/log.ndjson", record("a", 1, 10));
  run_for_ = 1'000'000;
  run(b_.program);
  machine_.write("in/log.ndjson", record("x", 1, 10) + record("y", 1, 10));
  auto report = run_job(b_.program, options_, {machine_.fs, clock_, machine_.executor, machine_.seams().open_store});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, 7012);
}

TEST_F(Rotation, a_file_that_is_deleted_after_it_was_read_is_finished) {
  b_.program.sources[0].binding.address = "in/*.ndjson";
  append("in/a.ndjson", record("a", 1, 10));
  clock_.events = {[&] { ASSERT_TRUE(machine_.fs.remove("in/a.ndjson").ok()); },
                   [&] { append("in/b.ndjson", record("b", 1, 11)); }};
  run(b_.program);
  run_for_ += 1'000'000;
  EXPECT_EQ(run(b_.program).events, 2);
  EXPECT_EQ(keys(), "ab");
}

/// What comes in pieces while the job runs, is stopped and goes on gives the rows of one run over all of it.
class FollowLikeOneRun : public Follow, public testing::WithParamInterface<std::tuple<int, int>> {
 protected:
  Executor& executor() override {
    if (std::get<0>(GetParam()) == 1) return machine_.executor;
    return late_;
  }
  static std::string sorted(const std::string& text) {
    std::vector<std::string_view> all;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at) + 1;
      all.push_back(std::string_view(text).substr(at, end - at));
      at = end;
    }
    std::sort(all.begin(), all.end());
    std::string joined;
    for (std::string_view line : all) joined += line;
    return joined;
  }
  LateExecutor late_;
};

TEST_P(FollowLikeOneRun, in_random_pieces) {
  const auto [workers, seed] = GetParam();
  ProgramBuilder b;
  const Program program = everything(b);
  const auto inputs = random_inputs(static_cast<uint64_t>(seed), 400);
  Machine whole(1);
  for (const auto& [path, bytes] : inputs) whole.write(path, bytes);
  ASSERT_TRUE(run_job(program, job_options(), whole.seams()).ok());

  Rng rng(static_cast<uint64_t>(seed));
  std::vector<std::pair<std::string, std::string>> rest;
  for (const auto& [path, bytes] : inputs) {
    const bool is_static = path == "in/u.ndjson";
    append(path, is_static ? bytes : "");
    if (!is_static) rest.emplace_back(path, bytes);
  }
  options_.workers = static_cast<size_t>(workers);
  while (std::any_of(rest.begin(), rest.end(), [](const auto& each) { return !each.second.empty(); })) {
    for (auto& [path, bytes] : rest) {
      if (rng.chance(2)) continue;
      const size_t piece = std::min<size_t>(bytes.size(), rng.below(60'000));
      clock_.events.push_back([this, path = path, part = bytes.substr(0, piece)] { append(path, part); });
      bytes.erase(0, piece);
    }
    if (rng.chance(4)) {
      options_.commit_every_us = rng.between(20'000, 500'000);
      run_for_ = 0;
      run(program);
    }
  }
  run(program);
  options_.follow = false;
  options_.stop_requested = {};
  run(program);
  const std::string expected = whole.outputs(), found = machine_.outputs();
  EXPECT_EQ(sorted(found), sorted(expected));
}

INSTANTIATE_TEST_SUITE_P(Seeds, FollowLikeOneRun, testing::Combine(testing::Values(1, 3), testing::Range(1, 9)));

}  // namespace
}  // namespace braid
