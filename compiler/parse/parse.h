// Script text to syntax tree: the whole language of docs/language, in one pass and linear time.
//
// Always returns a tree. Unreadable text is reported and leaves a hole in it (ErrorExpr, ErrorStep, …). Parsing
// continues at the next line that begins with a word of a step, clause or item, so that one run reports every
// independent mistake. Names are not looked up: an undeclared name parses.
//
// Threads: none of its own, no state between calls. Nothing is thrown.
#pragma once

#include <cstdint>

#include "compiler/ast/nodes.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid {

ast::Script parse(const SourceSet& sources, uint32_t file, Reporter& reporter);

}  // namespace braid
