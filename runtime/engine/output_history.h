// The rows that a job has put out so far, read again from its output files: what a view that is added later begins
// with.
//
// Rows of a changelog come back as they were written, in that order, with a RowChange behind; whether one came or took
// the place of another is not in a file of upserts, and `becomes` stands for both. Event times are those of the field
// that has them (ViewSpec::time), else kNoTime.
// Fails with 8060 where the output cannot give its rows back: it goes to several files, or has been changed.
#pragma once

#include "runtime/base/fs.h"
#include "runtime/engine/output_files.h"
#include "runtime/view/view_layout.h"

namespace braid {

/// Behind OutputFiles::recover(), so files end with what is committed. `take` gets blocks that live for the call.
Status read_output_history(const Program& program, const ViewSpec& view, const OutputFiles& outputs, Fs& fs,
                           const std::function<Status(const Block& rows)>& take);

}  // namespace braid
