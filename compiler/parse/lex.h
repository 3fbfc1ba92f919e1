// Text to tokens. Reports what no grammar can read: unknown characters, unfinished texts, unknown escapes,
// broken units and dates. Such a place gives a token for what was probably meant, or `bad`.
#pragma once

#include "compiler/parse/token.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::grammar {

TokenList lex(const SourceSet& sources, uint32_t file, Reporter& reporter);

}  // namespace braid::grammar
