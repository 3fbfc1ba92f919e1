// Subjects are erased from a job over a broker that is stopped: each task is made again without their records, beside
// its store, and one transaction says so (docs/decisions/0087). The caller is the only member of the group meanwhile.
//
// Fails with 7346 where the history is not there or cannot be run again, with 7100 while other members run, and as
// replays do (8020). Whatever it fails with before the commit, nothing has changed; behind it a store that was not
// replaced is older than the erasure, and no member takes it. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/erase.h"
#include "runtime/erasure/erasure_log.h"
#include "runtime/tasks/erased_topic.h"
#include "runtime/tasks/topic_job.h"

namespace braid {

struct TopicErasure {
  Erasure erasure;
  std::vector<ErasedTopic> topics;  ///< those alone in which something is
  bool has_snapshots = false;       ///< which were deleted
};

/// `log`: all subjects that are passed over from now on, with those to erase, which are not done; it gets the records
/// that `sought` has found. `dry`: nothing is committed, and nothing is left.
Result<TopicErasure> erase_from_topic_job(const Program& program, const TopicJobOptions& options, const JobSeams& seams,
                                          ErasureLog& log, const std::vector<SoughtKey>& sought, bool dry);

}  // namespace braid
