// Habits of other languages that no token of Braid could be taken for: `case when … end`, `t like "a%"`, `x::int`,
// `order by`. They are looked for only in scripts that do not read as Braid. Each is reported once, with what Braid
// writes, and its tokens are replaced by those of the Braid writing, so that nothing follows from it.
//
// What parses and means nothing (`len(t)`, `TRUE`, `at.year`) is the checker's to answer.
#pragma once

#include <vector>

#include "compiler/parse/token.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::grammar {

/// A habit that parses, and would be read as something it does not mean: `-- a comment`, a template string.
bool hides_habit(const TokenList& tokens);

/// Replaces what it finds in `tokens`, and reports it. `lexical` are the findings of the lexer: those inside of what is
/// replaced are taken out, as the habit says it all. False if nothing was found; then nothing has changed.
bool replace_habits(TokenList& tokens, const SourceSet& sources, std::vector<Diagnostic>& lexical, Reporter& reporter);

}  // namespace braid::grammar
