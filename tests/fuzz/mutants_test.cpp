// Mutants of right and wrong scripts through parser, checker and compiler. None may crash or hang, and one mistake in a
// right script must not be followed by a crowd of errors. Again, or longer:
// BRAID_SEED=7 BRAID_MUTANTS=200000 build/release/bin/braid_fuzz_smoke_test --gtest_filter='Mutants.*'
// BRAID_FIRST=123 BRAID_MUTANTS=1 runs the one mutant that a report names, and shows it; BRAID_SHOW=20 shows as many of
// those with too many errors.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>

#include "runtime/report/render_terminal.h"
#include "tests/fuzz/script_seeds.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/token_mutator.h"

namespace braid::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kFixedSeed = 20'261'128;
constexpr uint64_t kMutants = 2'000;
/// No mutant may keep the compiler busy for longer, on a slow machine under sanitizers.
constexpr unsigned kMostSeconds = 20;
/// What one mutation of a right script should give at most, and how many of a hundred mutants may give more.
constexpr size_t kManyErrors = 5;
constexpr double kMostPercent = 1.0;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What a process that dies says last: which mutant it was.
char last_words[256];
void on_signal(int number) {
  if (write(2, last_words, std::strlen(last_words)) < 0) return;
  std::signal(number, SIG_DFL);
  std::raise(number == SIGALRM ? SIGABRT : number);
}

struct MadeMutant {
  size_t project, script;
  bool counts;  ///< one mutation of a project without an error
  std::string text, change;
};

class Mutants : public testing::Test {
 protected:
  Mutants() : projects_(read_seed_projects()), mutator_(texts()) {
    for (size_t i = 0; i < projects_.size(); ++i) {
      right_.push_back(check_project(sources_of(i, 0, projects_[i].scripts[0].text)).errors == 0);
      for (size_t script = 0; script < projects_[i].scripts.size(); ++script) {
        places_.emplace_back(i, script);
        if (right_[i]) right_places_.emplace_back(i, script);
      }
    }
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const SeedProject& project : projects_)
      for (const SeedScript& script : project.scripts) all.push_back(script.text);
    return all;
  }

  SourceSet sources_of(size_t project, size_t changed, const std::string& text) const {
    SourceSet sources;
    const std::vector<SeedScript>& scripts = projects_[project].scripts;
    for (size_t i = 0; i < scripts.size(); ++i) sources.add(scripts[i].path, i == changed ? text : scripts[i].text);
    return sources;
  }

  /// The same for the same seed and number, whatever was made before.
  MadeMutant make(uint64_t seed, uint64_t number) const {
    Rng rng(hash_mix(seed, number));
    // Three of four are one mutation of a right script; the others are of any, and may be more.
    const bool any = rng.chance(4);
    const auto& places = any ? places_ : right_places_;
    const auto [project, script] = places[rng.below(places.size())];
    MadeMutant made{project, script, right_[project], projects_[project].scripts[script].text, {}};
    uint64_t changes = 1;
    if (any) changes += rng.below(4);
    made.counts &= changes == 1;
    for (; changes > 0; --changes) {
      Mutant mutant = mutator_.mutate(made.text, rng);
      made.text = std::move(mutant.text);
      made.change += (made.change.empty() ? "" : ", ") + mutant.change;
    }
    return made;
  }

  std::string shown(const MadeMutant& mutant, const CheckedScripts& checked) const {
    const SourceSet sources = sources_of(mutant.project, mutant.script, mutant.text);
    std::string text;
    for (const Diagnostic& finding : checked.findings) text += render_terminal(finding, sources) + "\n";
    return fmt::format("{} {}, {} errors:\n{}", projects_[mutant.project].scripts[mutant.script].path, mutant.change,
                       checked.errors, text);
  }

  std::vector<SeedProject> projects_;
  TokenMutator mutator_;
  std::vector<bool> right_;                                       ///< by project: has no error as it is
  std::vector<std::pair<size_t, size_t>> places_, right_places_;  ///< of scripts: project and number
};

TEST_F(Mutants, NeitherCrashNorCascade) {
  const uint64_t seed = from_environment("BRAID_SEED", kFixedSeed);
  const uint64_t first = from_environment("BRAID_FIRST", 0);
  const uint64_t count = from_environment("BRAID_MUTANTS", kMutants);
  uint64_t show = from_environment("BRAID_SHOW", count == 1 ? 1 : 0);
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  ASSERT_GT(std::count(right_.begin(), right_.end(), true), 30);
  for (const int number : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGALRM}) std::signal(number, on_signal);

  std::map<size_t, uint64_t> runs_of;  // number of errors → runs that count
  uint64_t counted = 0, many = 0;
  for (uint64_t number = first; number < first + count; ++number) {
    const MadeMutant mutant = make(seed, number);
    const std::string path = projects_[mutant.project].scripts[mutant.script].path;
    std::snprintf(last_words, sizeof last_words, "mutant %llu of %.100s; again with BRAID_SEED=%llu BRAID_FIRST=%llu\n",
                  static_cast<unsigned long long>(number), path.c_str(), static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(number));
    if (count == 1) std::printf("---- the mutant: %s\n%s", mutant.change.c_str(), mutant.text.c_str());
    std::fflush(stdout);
    alarm(kMostSeconds);
    const CheckedScripts checked = check_project(sources_of(mutant.project, mutant.script, mutant.text));
    alarm(0);
    ASSERT_FALSE(checked.wrong) << last_words << *checked.wrong << "\n" << shown(mutant, checked);
    if (mutant.counts) {
      ++counted;
      ++runs_of[checked.errors];
      many += checked.errors > kManyErrors;
    }
    if (show > 0 && (count == 1 || (mutant.counts && checked.errors > kManyErrors))) {
      --show;
      std::printf("---- %s%s\n", last_words, shown(mutant, checked).c_str());
    }
  }
  const double percent = counted == 0 ? 0 : 100.0 * static_cast<double>(many) / static_cast<double>(counted);
  std::printf("%llu mutants; of %llu with one mutation of a right script %llu (%.2f %%) give more than %zu errors\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(counted),
              static_cast<unsigned long long>(many), percent, kManyErrors);
  for (const auto& [errors, runs] : runs_of)
    std::printf("%5zu errors: %llu runs\n", errors, static_cast<unsigned long long>(runs));
  // A handful says nothing of the share.
  if (counted >= 1'000) EXPECT_LT(percent, kMostPercent);
}

}  // namespace
}  // namespace braid::fuzz
