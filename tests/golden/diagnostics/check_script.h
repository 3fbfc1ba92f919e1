// The seam between the wrong scripts and the compiler: what `braid check` would report of these sources.
#pragma once

#include <functional>
#include <vector>

#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid {

/// All findings of one run over the files of one project, in source order; of a run on these files alone, if there are
/// any.
using CheckScript = std::function<std::vector<Diagnostic>(const SourceSet& sources, const std::vector<uint32_t>& run)>;

/// Runs `check_script` over every script of wrong/ and says what differs from the headers: a finding that is missing,
/// misplaced or not expected, a second label or a fix that is missing, a fix that does not make its code go away.
/// `only` limits it to scripts whose first expectation has a code in [first, last].
struct CodeRange {
  int first = 0;
  int last = 9999;
};
std::vector<std::string> try_wrong_scripts(const CheckScript& check_script, CodeRange only = {});

/// Runs `check_script` over the pages docs/errors/E1xxx to E5xxx and says what differs: an example must get the code of
/// its page, a fix no error at all and not that code. Examples marked `show` or `test` are left out: no check finds
/// them.
std::vector<std::string> try_error_pages(const CheckScript& check_script, CodeRange only = {});

/// A page with the `text` block of its example as `check_script` has it now: what `try_error_pages` compares with. As
/// it was if no check finds the example.
std::string page_as_printed(const std::string& page, const CheckScript& check_script);

/// Rewrites the pages of a range by `page_as_printed`. Read the difference before it is committed.
void update_error_pages(const CheckScript& check_script, CodeRange only = {});

}  // namespace braid
