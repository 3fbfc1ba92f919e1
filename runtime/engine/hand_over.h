// A store goes from the job that runs on it to another one, at a commit: states that the new program wants made again
// are made beside the running job until little is left, then that job is asked for the store. It commits and ends, as
// if it had been asked to stop; what it has done since is run again, too (rebuild.h), and the new job goes on behind
// its last commit. So its results have no gap, and nothing is there twice.
//
// The request is a lock that whoever waits holds on the file `hand-over` of the store: when that process ends, in any
// way, nobody asks any more.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/engine/job.h"

namespace braid {

/// What happens while a store is taken over, for people: a sentence without its full stop.
using TellStep = std::function<void(const std::string& step)>;

/// The lock of the store (JobOptions::lock), once no job runs on it. Where none does that is at once; else what
/// JobOptions::rebuild names is made beside it first. Needs JobSeams::open_to_read. Fails as a job would that starts,
/// with 8046 and 8047 as rebuild_states() does, and with 8001 if another job waits for the store already.
Result<std::shared_ptr<FileLock>> take_over_store(const Program& program, const JobOptions& options,
                                                  const JobSeams& seams, const TellStep& tell);

/// Whether a job waits for the store of this one.
bool store_is_asked_for(Fs& fs, const std::string& directory);

}  // namespace braid
