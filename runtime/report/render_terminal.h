// A diagnostic for people: the message, the lines of script with their labels, notes, and for each fix the line as it
// would be after it. Pure functions of their arguments.
#pragma once

#include <string>

#include "runtime/report/diagnostic.h"
#include "runtime/report/record_place.h"
#include "runtime/report/source_set.h"

namespace braid {

struct RenderOptions {
  bool color = false;  ///< ANSI colours; ask for them only on a terminal
  int width = 100;     ///< columns; longer lines of text are cut around the marks
};

/// Ends with a line break, without a blank line. Spans that `sources` does not contain are left out.
std::string render_terminal(const Diagnostic& diagnostic, const SourceSet& sources, RenderOptions options = {});

/// The same for an error at run time, with the record under the script line.
std::string render_terminal(const Diagnostic& diagnostic, const RecordPlace& place, const SourceSet& sources,
                            RenderOptions options = {});

}  // namespace braid
