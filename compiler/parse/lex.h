// Text to tokens. Reports what no grammar could make sense of: unknown characters, unfinished texts, unknown escapes,
// broken units and dates. Such a place leaves a token that stands in for what was meant, or `bad` if nothing does.
#pragma once

#include "compiler/parse/token.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::grammar {

TokenList lex(const SourceSet& sources, uint32_t file, Reporter& reporter);

}  // namespace braid::grammar
