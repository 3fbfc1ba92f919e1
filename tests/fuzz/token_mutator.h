// Makes mutants of scripts, token by token: what a slip of the hand, a half-finished edit or a merge leaves behind.
// Each mutation is one change and can be described. The same random numbers give the same mutant. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/rng.h"

namespace braid::fuzz {

struct Mutant {
  std::string text;
  std::string change;  ///< "deletes `}` in line 12"
};

class TokenMutator {
 public:
  /// Takes the words of the seeds as words to insert, besides those of the language.
  explicit TokenMutator(const std::vector<std::string>& seeds);

  /// One change: a token is deleted, doubled, swapped or replaced, the text is cut at one, or a word or an odd literal
  /// is inserted.
  Mutant mutate(const std::string& text, Rng& rng) const;

 private:
  std::vector<std::string> words_;  ///< each once, sorted
};

/// Numbers, durations, sizes, times and texts at the edge of what a literal may be, and beyond it.
const std::vector<std::string_view>& odd_literals();

}  // namespace braid::fuzz
