// A script of wrong/ and what it must get: its first lines, read into values, and compared with what a compiler
// reports. The format of those lines is described in README.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid {

/// A quoted text and what follows from it: `"c" in "c.segment"`, perhaps in another file.
struct QuotedPlace {
  std::string file;  ///< of `with`; empty: the script itself
  std::string text;
  std::string context;  ///< empty: the whole file
};

struct Replacement {
  std::string before;
  std::string after;
};

struct Expectation {
  std::string code;  ///< "E2107", "W2220"
  QuotedPlace at;
  std::vector<QuotedPlace> also;
  std::optional<Replacement> fix;
  bool no_fix = false;  ///< `fix: none`: silence is right
};

struct WrongScript {
  std::string name;  ///< "22_misspelt_field"
  std::vector<std::string> with;
  bool runs_alone = false;  ///< `run: this script`
  std::vector<Expectation> expected;
  /// The files of `with` in their order, then the script: its file index is `sources.size() - 1`.
  SourceSet sources;
  /// What is wrong with the header; empty if nothing.
  std::vector<std::string> faults;

  uint32_t script() const { return sources.size() - 1; }
};

/// Reads `folder`/`name`.braid and the files it names.
WrongScript read_wrong_script(const std::string& folder, const std::string& name);

/// The names of all scripts of `folder`, sorted.
std::vector<std::string> wrong_script_names(const std::string& folder);

/// Where the place is in the sources. Header lines are not searched; a text counts only where it is no part of a longer
/// word or sign.
std::optional<Span> locate(const WrongScript& script, const QuotedPlace& place);

/// The script's text after the fix of `expectation`, which has one.
std::optional<std::string> fixed_text(const WrongScript& script, const Expectation& expectation);

/// One sentence for each expectation that `found` does not meet, and for each finding that nothing expects.
std::vector<std::string> compare(const WrongScript& script, const std::vector<Diagnostic>& found);

}  // namespace braid
