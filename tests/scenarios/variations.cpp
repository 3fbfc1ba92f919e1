#include "tests/scenarios/variations.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace braid::scenarios {
namespace {

/// The place of a value in each dimension.
using Choice = std::vector<size_t>;
/// Two dimensions, the first before the second, and a value of each.
using Pair = std::tuple<size_t, size_t, size_t, size_t>;

Dimension passes_dimension() {
  Dimension passes{.name = "passes", .values = {{"", [](Variation&) {}}}};
  auto without = [&](const std::string& name, const std::set<std::string, std::less<>>& disabled) {
    passes.values.push_back({name, [name, disabled](Variation& variation) {
                               variation.passes.disabled = disabled;
                               variation.passes_id = name;
                             }});
  };
  std::set<std::string, std::less<>> all;
  for (const optimize::PassDescription& pass : optimize::passes()) {
    without(std::string(pass.name) + " off", {std::string(pass.name)});
    all.emplace(pass.name);
  }
  without("all passes off", all);
  return passes;
}

Variation made(const std::vector<Dimension>& dimensions, const Choice& choice) {
  Variation variation;
  for (size_t i = 0; i < dimensions.size(); ++i) {
    const Dimension::Value& value = dimensions[i].values[choice[i]];
    value.choose(variation);
    if (!value.name.empty()) variation.name += (variation.name.empty() ? "" : ", ") + value.name;
  }
  if (variation.name.empty()) variation.name = "plain";
  return variation;
}

class Uncovered {
 public:
  explicit Uncovered(const std::vector<Dimension>& dimensions) {
    for (size_t a = 0; a < dimensions.size(); ++a)
      for (size_t b = a + 1; b < dimensions.size(); ++b)
        for (size_t i = 0; i < dimensions[a].values.size(); ++i)
          for (size_t j = 0; j < dimensions[b].values.size(); ++j) pairs_.insert({a, b, i, j});
  }
  bool empty() const { return pairs_.empty(); }
  const Pair& first() const { return *pairs_.begin(); }
  bool contains(size_t a, size_t value_a, size_t b, size_t value_b) const {
    return pairs_.contains(a < b ? Pair{a, b, value_a, value_b} : Pair{b, a, value_b, value_a});
  }
  void cover(const Choice& choice) {
    std::erase_if(pairs_, [&](const Pair& pair) {
      const auto& [a, b, i, j] = pair;
      return choice[a] == i && choice[b] == j;
    });
  }

 private:
  std::set<Pair> pairs_;
};

}  // namespace

std::vector<Dimension> dimensions_of_jobs() {
  Dimension code{
      .name = "code",
      .values = {{"", [](Variation&) {}}, {"native", [](Variation& variation) { variation.native = true; }}}};
  Dimension workers{.name = "workers", .values = {{"", [](Variation&) {}}}};
  for (const size_t count : {2, 4})
    workers.values.push_back(
        {std::to_string(count) + " workers", [count](Variation& variation) { variation.workers = count; }});
  Dimension blocks{.name = "blocks", .values = {{"", [](Variation&) {}}}};
  for (const uint32_t rows : {7, 1})
    blocks.values.push_back(
        {"blocks of " + std::to_string(rows), [rows](Variation& variation) { variation.block_rows = rows; }});
  Dimension restarts{
      .name = "restarts",
      .values = {{"", [](Variation&) {}},
                 {"restarts", [](Variation& variation) { variation.restarts = Restarts::after_each_turn; }},
                 {"crashes while starting",
                  [](Variation& variation) { variation.restarts = Restarts::again_while_starting; }}}};
  // One byte is less than any state: all of it is evicted after every turn.
  Dimension memory{
      .name = "memory",
      .values = {{"", [](Variation&) {}}, {"no memory", [](Variation& variation) { variation.state_memory = 1; }}}};
  return {passes_dimension(), code, workers, blocks, memory, restarts};
}

std::vector<Dimension> dimensions_of_turns() {
  std::vector<Dimension> dimensions = dimensions_of_jobs();
  dimensions.push_back({.name = "turns", .values = {{"", [](Variation&) {}}, {"other turns", [](Variation& variation) {
                                                                                variation.other_turns = true;
                                                                              }}}});
  return dimensions;
}

std::vector<Variation> all_variations(const std::vector<Dimension>& dimensions) {
  std::vector<Variation> all;
  Choice choice(dimensions.size(), 0);
  while (true) {
    all.push_back(made(dimensions, choice));
    // Passes, the first dimension, move slowest: what is compiled for them serves a run of variations.
    size_t at = choice.size();
    while (at > 0 && ++choice[at - 1] == dimensions[at - 1].values.size()) choice[--at] = 0;
    if (at == 0) return all;
  }
}

Variation random_variation(const std::vector<Dimension>& dimensions, Rng& rng) {
  Choice choice;
  for (const Dimension& dimension : dimensions) choice.push_back(rng.below(dimension.values.size()));
  return made(dimensions, choice);
}

std::vector<Variation> pairwise_variations(const std::vector<Dimension>& dimensions) {
  Uncovered uncovered(dimensions);
  std::vector<Variation> chosen;
  for (Choice choice(dimensions.size(), 0);;) {
    uncovered.cover(choice);
    chosen.push_back(made(dimensions, choice));
    if (uncovered.empty()) return chosen;
    // Begins with a pair that is missing; each other dimension takes the value that meets most of what it has not met.
    const auto& [a, b, i, j] = uncovered.first();
    std::vector<size_t> decided{a, b};
    choice[a] = i;
    choice[b] = j;
    for (size_t dimension = 0; dimension < dimensions.size(); ++dimension) {
      if (dimension == a || dimension == b) continue;
      size_t most = 0;
      choice[dimension] = 0;
      for (size_t value = 0; value < dimensions[dimension].values.size(); ++value) {
        const auto meets = static_cast<size_t>(std::count_if(decided.begin(), decided.end(), [&](size_t other) {
          return uncovered.contains(dimension, value, other, choice[other]);
        }));
        if (meets <= most) continue;
        most = meets;
        choice[dimension] = value;
      }
      decided.push_back(dimension);
    }
  }
}

}  // namespace braid::scenarios
