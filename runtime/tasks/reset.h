// Starting a job over a broker over: what belongs to it alone is deleted. Its products stay: others read them.
#pragma once

#include "runtime/tasks/topic_job.h"

namespace braid {

struct TopicReset {
  std::vector<std::string> deleted;  ///< for people, a thing each
  std::vector<std::string> kept;     ///< topics of products that have records
};

/// The topics of products and of their ports that are there.
Result<std::vector<TopicInfo>> topics_of_results(const TopicJobOptions& options, const JobSeams& seams);

/// All snapshots of the job's tasks. How many files there were.
Result<size_t> remove_snapshots(SnapshotStore& store, const std::string& group, int32_t tasks);

/// The committed offsets of the group, the topic of epochs, snapshots, and the stores of tasks in this directory;
/// stores on other machines are not seen. Fails with 7100 while the group has members, before anything is deleted, and
/// with 8001 if a store is in use. Can be repeated after a crash.
Result<TopicReset> reset_topic_job(const TopicJobOptions& options, const JobSeams& seams);

}  // namespace braid
