// The properties of the terminal, and how the command shows findings there.
#pragma once

#include <string>
#include <vector>

#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::cli {

struct Console {
  bool color_out = false;  ///< standard output is a terminal and wants colours
  bool color_err = false;
  bool live = false;  ///< standard error is a terminal: progress may rewrite its line
  int width = 100;    ///< columns of the terminal; 0: not a terminal, no limit for tables

  /// From the terminal and NO_COLOR.
  static Console of_process();
};

enum class FindingFormat { text, json };

/// Findings on standard error (text, with a closing count) or standard output (json, one object a line).
void show_findings(const std::vector<Diagnostic>& findings, const SourceSet& sources, const Console& console,
                   FindingFormat format);

}  // namespace braid::cli
