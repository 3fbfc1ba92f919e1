// Habits of other languages that no token of Braid could be taken for: `case when … end`, `t like "a%"`, `x::int`,
// `order by`. They are looked for only in scripts that do not read as Braid. Each is reported once, with what Braid
// writes, and its tokens are replaced by those of the Braid writing, so that nothing follows from it.
//
// The checker reports habits that parse but have no meaning (`len(t)`, `TRUE`, `at.year`).
#pragma once

#include <vector>

#include "compiler/parse/token.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::grammar {

/// A habit that parses, and would be read as something it does not mean: `-- a comment`, a template string.
bool hides_habit(const TokenList& tokens);

/// Replaces what it finds in `tokens`, and reports it. `lexical` are the findings of the lexer: those inside the
/// replaced text are removed, since the habit's finding covers them. False if nothing was found and nothing changed.
bool replace_habits(TokenList& tokens, const SourceSet& sources, std::vector<Diagnostic>& lexical, Reporter& reporter);

}  // namespace braid::grammar
