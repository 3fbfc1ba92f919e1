// Each target for a few seconds on changed seeds. BRAID_SEED repeats a run, BRAID_SECONDS makes it longer:
// BRAID_SEED=7 BRAID_SECONDS=60 build/release/bin/braid_fuzz_smoke_test --gtest_filter='*parser*'
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "tests/fuzz/mutator.h"
#include "tests/fuzz/targets.h"

namespace braid::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

/// No input may keep a target busy for longer, on a slow machine under sanitizers.
constexpr std::chrono::seconds kMostTime{10};
constexpr uint64_t kFixedSeed = 20'260'101;
constexpr double kSeconds = 3;
constexpr size_t kMostBytes = 16 * 1024;

double from_environment(const char* name, double otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtod(text, nullptr);
}

std::string* current_input = nullptr;
char crash_file[128];

/// A process that dies leaves the input that it died of. Only calls that are allowed in a signal handler.
void keep_input() {
  if (current_input == nullptr) return;
  const int file = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (write(file, current_input->data(), current_input->size()) < 0) return;
  close(file);
  constexpr std::string_view kSaid = "the input is in ";
  if (write(2, kSaid.data(), kSaid.size()) < 0 || write(2, crash_file, std::strlen(crash_file)) < 0) return;
  if (write(2, "\n", 1) < 0) return;
}
void on_signal(int number) {
  keep_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

class Smoke : public testing::TestWithParam<std::string> {};

TEST_P(Smoke, SurvivesChangedSeeds) {
  const Target& tried = target(GetParam());
  const auto seed = static_cast<uint64_t>(from_environment("BRAID_SEED", kFixedSeed));
  const std::chrono::duration<double> time(from_environment("BRAID_SECONDS", kSeconds));
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  const Mutator mutator(read_seeds(tried));
  ASSERT_GT(mutator.seeds().size(), 1u);
  for (const std::string& whole : mutator.seeds())
    if (const Verdict wrong = tried.run(whole)) FAIL() << "a seed as it is: " << *wrong << "\n" << whole;

  std::string input;
  current_input = &input;
  std::snprintf(crash_file, sizeof crash_file, "/tmp/braid_fuzz_%s.input", GetParam().c_str());
  for (const int number : {SIGSEGV, SIGABRT, SIGFPE, SIGILL}) std::signal(number, on_signal);
  Rng rng(seed);
  uint64_t runs = 0;
  for (const auto begin = Clock::now(); Clock::now() - begin < time; ++runs) {
    // Mostly a fresh seed, sometimes one change more.
    if (input.empty() || input.size() > kMostBytes || !rng.chance(3))
      input = mutator.seeds()[rng.below(mutator.seeds().size())];
    input = mutator.mutate(std::move(input), rng);
    const auto started = Clock::now();
    const Verdict wrong = tried.run(input);
    if (wrong) {
      keep_input();
      current_input = nullptr;
      FAIL() << "seed " << seed << ", run " << runs << ": " << *wrong;
    }
    EXPECT_LT(Clock::now() - started, kMostTime) << "seed " << seed << ", run " << runs;
  }
  current_input = nullptr;
  std::printf("%llu inputs\n", static_cast<unsigned long long>(runs));
  EXPECT_GT(runs, 50u);
}

INSTANTIATE_TEST_SUITE_P(Targets, Smoke,
                         testing::Values("parser", "checker", "ndjson", "csv", "avro", "protobuf", "project", "odata"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace braid::fuzz
