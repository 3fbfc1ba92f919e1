// Jobs with look-ups on a machine that loses its power: what a service answered once is what stays, though it answers
// differently each time it is asked.
#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "runtime/engine/test_job.h"
#include "runtime/lookup/service.h"

namespace braid {
namespace {

using namespace test;

constexpr int kKeys = 200;

/// Says how often it has been asked for that.
struct Counts {
  std::map<std::string, int> asked;
  int of_all() const {
    int all = 0;
    for (const auto& [key, count] : asked) all += count;
    return all;
  }
};

class CountingService final : public Service {
 public:
  explicit CountingService(Counts& counts) : counts_(counts) {}
  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override {
    std::vector<ServiceReply> replies;
    for (const ServiceRequest& request : requests) {
      const int count = ++counts_.asked[request.arguments.at(0)];
      replies.push_back(
          {.kind = ServiceReply::Kind::found, .record = "{\"n\": " + std::to_string(count) + "}", .reason = {}});
    }
    return replies;
  }

 private:
  Counts& counts_;
};

/// Asks for each row's time, of which there are kKeys; behind that stand k, v and the answer.
void add_lookup(ProgramBuilder& b, std::optional<int64_t> cache_us) {
  ServiceSpec service;
  service.name = "test.count";
  service.parameters = {{"at", timestamp_type()}};
  service.result = {{"n", int_type()}};
  service.cache_us = cache_us;
  service.parallel = 2;
  service.identity = 7;
  b.program.services.push_back(service);
  const int source = b.source("s", 1'000'000);
  Operator op;
  op.content = LookupOperator{.service = 0,
                              .arguments = 1,
                              .left = false,
                              .unmatched_site = b.site(Site::Kind::unmatched),
                              .failed_site = b.site(Site::Kind::rejected)};
  op.inputs = {source};
  op.row = {{"k", string_type()}, {"v", int_type()}, {"answer", struct_type({{"n", int_type()}})}};
  op.text = "lookup count";
  b.publish(b.add(std::move(op)));
}

/// Several turns, in which keys come again.
std::string input() {
  std::string text;
  for (int i = 0; i < 600; ++i) text += record(std::string(2000, 'x'), i % kKeys, 1000 + i % kKeys);
  return text;
}

struct Lookup : ::testing::Test {
  JobSeams seams(Machine& machine, Counts& counts, Executor& executor) {
    JobSeams made = machine.seams(executor);
    made.make_service = [&counts](const ServiceSpec&) {
      return Result<std::unique_ptr<Service>>(std::make_unique<CountingService>(counts));
    };
    return made;
  }
};

/// Of each key the answers that its rows have.
std::map<int, std::set<int>> answers_of(const std::string& outputs) {
  std::map<int, std::set<int>> answers;
  static const std::regex kRow("\"v\":(\\d+),\"answer\":\\{\"n\":(\\d+)\\}");
  for (std::sregex_iterator row(outputs.begin(), outputs.end(), kRow), end; row != end; ++row)
    answers[std::stoi((*row)[1])].insert(std::stoi((*row)[2]));
  return answers;
}

TEST_F(Lookup, each_key_is_asked_for_once_and_a_restart_asks_nothing) {
  Machine machine(1);
  Counts counts;
  ProgramBuilder b;
  add_lookup(b, 3'600'000'000);
  machine.write("in/s.ndjson", input());
  auto first = run_job(b.program, job_options(), seams(machine, counts, machine.executor));
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->deviation, 0);
  EXPECT_GT(first->turns, 3u);
  EXPECT_EQ(counts.of_all(), kKeys);
  const auto answers = answers_of(machine.outputs());
  EXPECT_EQ(answers.size(), static_cast<size_t>(kKeys));
  // The next run has new rows, and the answers of the last one.
  machine.write("in/s.ndjson", input() + record("new", 5, 1005));
  auto second = run_job(b.program, job_options(), seams(machine, counts, machine.executor));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->products[0].rows, 601);
  EXPECT_EQ(counts.of_all(), kKeys);
  // An hour later they are too old.
  machine.clock.advance_us(3'600'000'000);
  machine.write("in/s.ndjson", input() + record("new", 5, 1005) + record("newer", 5, 1005));
  auto third = run_job(b.program, job_options(), seams(machine, counts, machine.executor));
  ASSERT_TRUE(third.ok()) << third.error().message;
  EXPECT_EQ(counts.of_all(), kKeys + 1);
}

TEST_F(Lookup, without_a_cache_each_turn_asks_for_itself) {
  Machine machine(1);
  Counts counts;
  ProgramBuilder b;
  add_lookup(b, std::nullopt);
  machine.write("in/s.ndjson", input());
  auto report = run_job(b.program, job_options(), seams(machine, counts, machine.executor));
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(counts.of_all(), kKeys);
  EXPECT_LE(counts.of_all(), 600);
}

TEST_F(Lookup, what_was_answered_before_a_power_cut_is_not_asked_for_again) {
  for (const bool cached : {true, false}) {
    std::string whole;
    {
      Machine machine(1);
      Counts counts;
      ProgramBuilder b;
      add_lookup(b, cached ? std::optional<int64_t>(1'000'000) : std::nullopt);
      machine.write("in/s.ndjson", input());
      ASSERT_TRUE(run_job(b.program, job_options(), seams(machine, counts, machine.executor)).ok());
      whole = machine.outputs();
    }
    for (const bool late : {false, true})
      for (uint64_t turns = 1; turns <= 5; ++turns)
        for (const uint64_t commit_every : {1, 2, 100}) {
          SCOPED_TRACE(fmt::format("cached {} late {} turn {} commits {}", cached, late, turns, commit_every));
          Machine machine(turns);
          LateExecutor late_executor;
          Executor& executor = late ? static_cast<Executor&>(late_executor) : machine.executor;
          Counts counts;
          ProgramBuilder b;
          add_lookup(b, cached ? std::optional<int64_t>(1'000'000) : std::nullopt);
          machine.write("in/s.ndjson", input());
          JobOptions options = job_options();
          options.commit_every_turns = commit_every;
          uint64_t run = 0;
          options.kill_point = [&](std::string_view name) {
            if (name == "after_turn" && ++run == turns) machine.fs.cut_power_at(machine.fs.operations() + 1);
          };
          (void)run_job(b.program, options, seams(machine, counts, executor));
          machine.fs.crash();
          machine.fs.cut_power_at(0);
          options.kill_point = {};
          // The answers that are there do not get older by the time that nothing ran.
          machine.clock.advance_us(3'600'000'000);
          auto again = run_job(b.program, options, seams(machine, counts, executor));
          ASSERT_TRUE(again.ok()) << again.error().message;
          EXPECT_EQ(again->deviation, 0);
          EXPECT_EQ(machine.outputs(), whole);
        }
  }
}

TEST_F(Lookup, a_power_cut_anywhere_loses_no_more_than_the_requests_on_their_way) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Machine machine(seed);
    LateExecutor late_executor;
    Executor& executor = seed % 2 == 0 ? static_cast<Executor&>(late_executor) : machine.executor;
    Counts counts;
    ProgramBuilder b;
    add_lookup(b, 1'000'000);
    machine.write("in/s.ndjson", input());
    JobOptions options = job_options();
    options.commit_every_turns = 1 + seed % 3;
    Rng rng(seed);
    int crashes = 0;
    for (; crashes < 20; ++crashes) {
      if (crashes < 3) machine.fs.cut_power_at(machine.fs.operations() + 1 + rng.below(200));
      auto report = run_job(b.program, options, seams(machine, counts, executor));
      if (report.ok()) break;
      machine.fs.crash();
      machine.fs.cut_power_at(0);
      machine.clock.advance_us(5'000'000);
    }
    ASSERT_LT(crashes, 20);
    machine.fs.cut_power_at(0);
    // A key is asked for again only if its answer was lost; all its rows have one answer.
    constexpr int kOnTheirWay = 2 * 4;
    EXPECT_LE(counts.of_all(), kKeys + crashes * kOnTheirWay);
    const auto answers = answers_of(machine.outputs());
    EXPECT_EQ(answers.size(), static_cast<size_t>(kKeys));
    for (const auto& [key, of_key] : answers) EXPECT_EQ(of_key.size(), 1u) << key;
  }
}

}  // namespace
}  // namespace braid
