#include "runtime/engine/hand_over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/engine/test_job.h"
#include "runtime/report/state_findings.h"

namespace braid {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOutput = "data/out/test.result.v1.ndjson";

/// What happens while somebody waits.
class WaitingClock : public ManualClock {
 public:
  using ManualClock::ManualClock;
  std::function<void()> on_wait;
  void sleep_us(int64_t us) override {
    ManualClock::sleep_us(us);
    if (on_wait) on_wait();
  }
};

ProgramBuilder windows_of(int64_t size) {
  ProgramBuilder b;
  const int group = b.group(b.source("s", 50), size, size);
  b.program.operators[static_cast<size_t>(group)].state.identity = 5000 + static_cast<uint64_t>(size);
  b.program.id = static_cast<uint64_t>(size);
  b.publish(group);
  return b;
}

JobOptions options_of(std::vector<std::string> rebuild = {}) {
  JobOptions options = job_options();
  options.seal = false;
  options.commit_every_turns = 1;
  options.rebuild = std::move(rebuild);
  return options;
}

/// A job of windows of 10 that runs, and one of windows of 30 that is to take its store over.
class HandOver : public testing::TestWithParam<uint64_t> {
 protected:
  HandOver() : machine_(GetParam()), files_(random_inputs(GetParam(), 900)) {}

  /// So many thirds of the input are there.
  void write(Machine& machine, size_t thirds) const {
    for (const auto& [path, content] : files_) {
      const size_t end = thirds == 3 ? std::string::npos : content.find('\n', content.size() * thirds / 3);
      machine.write(path, content.substr(0, end == std::string::npos ? end : end + 1));
    }
  }
  /// The job that runs goes on; no request reaches it.
  void run_old() {
    lock_.reset();
    ManualClock early{1};
    JobSeams seams{machine_.fs, early, machine_.executor, machine_.seams().open_store};
    const auto report = run_job(old_.program, options_of(), seams);
    ASSERT_TRUE(report.ok()) << report.error().message;
  }
  void hold() {
    auto lock = machine_.fs.lock("data/lock");
    ASSERT_TRUE(lock.ok());
    lock_ = *std::move(lock);
  }
  JobSeams seams() {
    JobSeams seams{machine_.fs, clock_, machine_.executor, machine_.seams().open_store};
    seams.open_to_read = seams.open_store;
    return seams;
  }
  Result<std::shared_ptr<FileLock>> take_over() {
    return take_over_store(new_.program, options_of({"all"}), seams(),
                           [&](const std::string& s) { said_.push_back(s); });
  }
  /// What the new program writes behind the second third if it was there from the start.
  std::string expected() const {
    Machine machine(GetParam());
    std::string before;
    for (size_t thirds = 1; thirds <= 3; ++thirds) {
      write(machine, thirds);
      EXPECT_TRUE(run_job(new_.program, options_of(), machine.seams()).ok());
      if (thirds == 2) before = *machine.fs.read_file(kOutput);
    }
    return machine.fs.read_file(kOutput)->substr(before.size());
  }

  ProgramBuilder old_ = windows_of(10), new_ = windows_of(30);
  Machine machine_;
  WaitingClock clock_{kStart};
  std::vector<std::pair<std::string, std::string>> files_;
  std::unique_ptr<FileLock> lock_;
  std::vector<std::string> said_;
};

TEST_P(HandOver, state_is_made_again_beside_the_job_that_runs) {
  write(machine_, 1);
  run_old();
  hold();
  int waits = 0;
  clock_.on_wait = [&] {
    if (++waits > 1) return;
    EXPECT_TRUE(store_is_asked_for(machine_.fs, "data"));
    write(machine_, 2);
    run_old();  // and ends
  };
  auto lock = take_over();
  ASSERT_TRUE(lock.ok()) << lock.error().message;
  EXPECT_FALSE(store_is_asked_for(machine_.fs, "data"));
  EXPECT_FALSE(machine_.fs.stat("data/hand-over")->exists);
  EXPECT_EQ(said_.size(), 4U);
  EXPECT_THAT(said_.at(0), HasSubstr("beside it are made again: window group"));
  EXPECT_THAT(said_.at(2), HasSubstr("is asked for the store"));
  EXPECT_EQ(waits, 1);
  // Nobody else gets the store meanwhile.
  EXPECT_EQ(run_job(old_.program, options_of(), machine_.seams()).error().code, 8001);

  const std::string before = *machine_.fs.read_file(kOutput);
  JobOptions options = options_of({"all"});
  options.lock = *std::move(lock);
  const auto report = run_job(new_.program, options, machine_.seams());
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->rebuilt, ElementsAre("window group"));
  EXPECT_EQ(*machine_.fs.read_file(kOutput), before);
  EXPECT_FALSE(machine_.fs.stat("data/rebuild")->exists);
  options.lock.reset();
  write(machine_, 3);
  ASSERT_TRUE(run_job(new_.program, options_of(), machine_.seams()).ok());
  EXPECT_EQ(machine_.fs.read_file(kOutput)->substr(before.size()), expected());
}

TEST_P(HandOver, goes_on_behind_a_power_cut_anywhere) {
  write(machine_, 1);
  run_old();
  Rng rng(GetParam());
  bool handed_over = false;
  for (int attempt = 0; !handed_over; ++attempt) {
    ASSERT_LT(attempt, 20);
    hold();
    clock_.on_wait = [&] {
      machine_.fs.cut_power_at(0);
      write(machine_, 2);
      run_old();
    };
    if (attempt < 5) machine_.fs.cut_power_at(machine_.fs.operations() + 1 + rng.below(120));
    auto lock = take_over();
    machine_.fs.cut_power_at(0);
    handed_over = lock.ok();
    lock_.reset();
    if (!handed_over) machine_.fs.crash();
  }
  write(machine_, 2);
  run_old();
  const std::string before = *machine_.fs.read_file(kOutput);
  ASSERT_TRUE(run_job(new_.program, options_of({"all"}), machine_.seams()).ok());
  write(machine_, 3);
  ASSERT_TRUE(run_job(new_.program, options_of(), machine_.seams()).ok());
  EXPECT_EQ(machine_.fs.read_file(kOutput)->substr(before.size()), expected());
}

TEST_P(HandOver, the_job_that_runs_ends_at_a_commit_when_it_is_asked) {
  write(machine_, 1);
  run_old();
  write(machine_, 3);
  auto request = machine_.fs.lock("data/hand-over");
  ASSERT_TRUE(request.ok());
  const auto report = run_job(old_.program, options_of(), machine_.seams());
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->drained);
  request->reset();  // whoever asked is gone
  const auto goes_on = run_job(old_.program, options_of(), machine_.seams());
  ASSERT_TRUE(goes_on.ok());
  EXPECT_FALSE(goes_on->drained);
}

TEST_P(HandOver, what_would_be_lost_is_said_before_anything_runs) {
  write(machine_, 1);
  run_old();
  hold();
  const auto refused = take_over_store(new_.program, options_of(), seams(), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 8004);
  EXPECT_FALSE(machine_.fs.stat("data/hand-over")->exists);
  // Another one waits already.
  auto request = machine_.fs.lock("data/hand-over");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(take_over().error().code, 8001);
  request->reset();
  JobOptions stopping = options_of();
  stopping.accept = {"all"};
  stopping.stop_requested = [] { return true; };
  EXPECT_EQ(take_over_store(new_.program, stopping, seams(), {}).error().code, diag::TakeOverStopped::kCode);
}

INSTANTIATE_TEST_SUITE_P(seeds, HandOver, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace braid
