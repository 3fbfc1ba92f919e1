// Texts in single quotes, each of which the parser has reported. If the checker rewrites the call around one, its
// finding shows the whole Braid writing and replaces the parser's finding.
#pragma once

#include <string>
#include <vector>

#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::checking {

class SingleQuotes {
 public:
  /// Reads what the parser has reported.
  explicit SingleQuotes(const Reporter& reporter);
  /// The edits that give the texts inside `whole` double quotes.
  std::vector<Edit> edits(Span whole) const;
  /// The text of `whole` after these edits.
  std::string text(const SourceSet& sources, Span whole) const;
  /// The finding at `place` covers the texts inside `whole`.
  void answer(Span whole, Span place);
  /// Removes the findings of the parser that other findings cover.
  void remove_answered(Reporter& reporter) const;

 private:
  struct Answer {
    Span whole, place;
  };
  std::vector<Edit> edits_;  ///< by place
  std::vector<Answer> answers_;
};

}  // namespace braid::checking
