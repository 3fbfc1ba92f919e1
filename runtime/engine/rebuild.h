// States of steps that a store does not have, made of all that its job has read: the turns of all its epochs are run
// again by the program at hand, in the order in which they were run, with a store of their own beside it (`rebuild/`).
// What they write is thrown away. Then the rows of those steps are taken over, under the numbers that the job's store
// has given them; they count once JobStore::begin() has committed. So a crash at any time leaves the old state. The
// next attempt of the same program goes on where the store beside it was; that of another one begins anew.
//
// Time and memory: as a run over the same records with one worker, within JobOptions::state_memory.
// Reference data is read as it is now.
#pragma once

#include "runtime/engine/job.h"
#include "runtime/engine/job_store.h"

namespace braid {

/// Behind JobStore::open(), before its begin(); behind that, forget_rebuild(). Fails with 8046 where what was read is
/// not there, or is not what it was, and with 8047 if it is asked to stop.
Status rebuild_states(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store);

/// The same up to the last commit of a store that another job has open, and without what is taken over: `store`, behind
/// its open(), only reads. What has been run is kept for the next call, and for rebuild_states().
Status rebuild_beside(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store);

/// Deletes what this program has made so for the store, whose states are its own by now.
Status forget_rebuild(const Program& program, const JobOptions& options, const JobSeams& seams, JobStore& store);

}  // namespace braid
