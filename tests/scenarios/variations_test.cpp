// Law 1 over the whole product of its dimensions (variations.h): every scenario and every script of differential/ on
// random input gives the same rows, ports and ledgers however it runs. The same turns give the same bytes in the same
// order; other turns of the same partitions the same rows. Pairwise here; BRAID_VARIATIONS=all runs every combination
// (the target scenario_product), BRAID_VARIATION="native, 2 workers" those whose name contains that.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "tests/scenarios/machine.h"
#include "tests/scenarios/subjects.h"
#include "tests/scenarios/variations.h"

namespace braid::scenarios {
namespace {

constexpr const char* kFolder = BRAID_SOURCE_DIR "/tests/scenarios";

std::string setting(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

/// What `join latest` meets is what has come: other turns give other rows.
bool depends_on_order(const Script& script) {
  for (const typed::Relation& relation : script.project().relations)
    for (const typed::Step& step : relation.steps)
      if (const auto* join = std::get_if<typed::JoinStep>(&step.content); join != nullptr && join->latest) return true;
  return false;
}

/// Random input in recorded turns, on the engine alone.
Subject recorded_of(const Script& script, uint64_t seed) {
  Rng rng(hash_mix(seed));
  auto input = std::make_shared<RecordedInput>(
      record_input(script.project(), {.partitions = 2, .records = 40, .now_us = kMachineNow}, rng));
  auto other = std::make_shared<RecordedInput>(*input);
  if (!depends_on_order(script)) interleave(*other, rng);
  return recorded("turns of seed " + std::to_string(seed), input, other);
}

Subject job_of(const Script& script, uint64_t seed) {
  Rng rng(hash_mix(seed));
  return job("job of seed " + std::to_string(seed),
             std::make_shared<RecordedInput>(record_input(
                 script.project(), {.partitions = 2, .records = 80, .now_us = kMachineNow, .padding = 16'000}, rng)));
}

std::vector<Subject> subjects_of(const Script& script, bool random_input) {
  std::vector<Subject> subjects;
  for (const typed::Test& test : script.project().tests) subjects.push_back(played(script, test, kFolder));
  if (!random_input) return subjects;
  for (const uint64_t seed : {1, 2}) subjects.push_back(recorded_of(script, seed));
  subjects.push_back(job_of(script, 3));
  return subjects;
}

class Variations : public testing::TestWithParam<std::string> {};

TEST_P(Variations, GiveTheSame) {
  const bool whole = setting("BRAID_VARIATIONS") == "all";
  const std::string only = setting("BRAID_VARIATION");
  const Script script = Script::in_folder(GetParam());
  ASSERT_EQ(script.faults(), "");
  Programs programs(script);
  for (const Subject& subject : subjects_of(script, GetParam().starts_with("differential/"))) {
    std::vector<Variation> variations =
        whole ? all_variations(subject.dimensions) : pairwise_variations(subject.dimensions);
    // Of each kind of turns the first one stays, which the others are compared with.
    bool plain = false, plain_of_other_turns = false;
    std::erase_if(variations, [&](const Variation& variation) {
      const bool first = !std::exchange(variation.other_turns ? plain_of_other_turns : plain, true);
      return !first && variation.name.find(only) == std::string::npos;
    });
    Account made;
    ASSERT_EQ(differing(subject, programs, variations, &made), "");
    EXPECT_FALSE(made.lines.empty());
    if (whole)
      std::cout << GetParam() << ", " << subject.name << ": " << variations.size() << " variations" << std::endl;
  }
}

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const char* folder : {"", "differential/"})
    for (const auto& entry : std::filesystem::directory_iterator(std::string(kFolder) + "/" + folder))
      if (entry.path().extension() == ".braid") names.push_back(folder + entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Variations, testing::ValuesIn(script_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

TEST(PairwiseVariations, MeetEachOther) {
  const std::vector<Dimension> dimensions = dimensions_of_turns();
  const std::vector<Variation> chosen = pairwise_variations(dimensions);
  auto has = [](const Variation& variation, const std::string& value) {
    return (", " + variation.name + ", ").find(", " + value + ", ") != std::string::npos;
  };
  for (const Dimension& a : dimensions)
    for (const Dimension& b : dimensions)
      for (const Dimension::Value& one : a.values)
        for (const Dimension::Value& other : b.values) {
          if (a.name == b.name || one.name.empty() || other.name.empty()) continue;
          EXPECT_TRUE(std::any_of(chosen.begin(), chosen.end(),
                                  [&](const Variation& each) { return has(each, one.name) && has(each, other.name); }))
              << one.name << " with " << other.name;
        }
  EXPECT_LT(chosen.size(), 40u);
  EXPECT_EQ(all_variations(dimensions).size(), 7u * 2 * 3 * 3 * 2 * 3 * 2);
}

}  // namespace
}  // namespace braid::scenarios
