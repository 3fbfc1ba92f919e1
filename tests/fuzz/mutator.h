// Makes new inputs of seeds: words, lines and bytes are moved, doubled, left out, and exchanged with those of other
// seeds, so that most of an input still means something. The same random numbers give the same input. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/rng.h"

namespace braid::fuzz {

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds);

  const std::vector<std::string>& seeds() const { return seeds_; }
  /// A few changes to `text`; at least one.
  std::string mutate(std::string text, Rng& rng) const;

 private:
  std::string change_words(const std::string& text, Rng& rng) const;
  std::string change_lines(const std::string& text, Rng& rng) const;
  static std::string change_bytes(std::string text, Rng& rng);

  std::vector<std::string> seeds_;
  std::vector<std::string> words_;  ///< that occur in the seeds, each once
  std::vector<std::string> lines_;
};

}  // namespace braid::fuzz
