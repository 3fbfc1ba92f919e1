// An erasure from a job that writes topics, as `braid erase` runs it (runtime/tasks/erase_topics.h).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cli/commands/topics.h"
#include "mesh/erasure/receipt.h"
#include "runtime/base/executor.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/tasks/erase_started_over.h"
#include "runtime/tasks/erase_topics.h"

namespace braid::cli {

class TopicEraser {
 public:
  /// All outlives it.
  TopicEraser(const Program& program, const JobOptions& options, const TopicSetup& topics, const JobSeams& seams,
              Broker& broker);

  /// The subjects that the job passes over now.
  Result<ErasureLog> read_log();
  /// That the job was started over with subjects in the list; nothing: it was not.
  Result<std::optional<StartedOver>> read_started_over();
  Result<TopicErasure> finish(const StartedOver& started, ErasureLog& log, const std::vector<SoughtKey>& sought,
                              bool dry);
  Result<TopicErasure> erase(ErasureLog& log, const std::vector<SoughtKey>& sought, bool dry);
  /// For a run that starts over (`--reset`). The job goes on as it is until then.
  Status note_for_reset(const ErasureLog& log);

 private:
  const Program& program_;
  FolderStore snapshots_;
  ThreadExecutor commits_{1};
  JobSeams seams_;
  TopicJobOptions options_;
};

/// What is still there, and until when.
std::vector<mesh::ErasureReceipt::Remain> remains_of(const TopicErasure& erased, int64_t now_us);
/// What was done to the rows of a topic, for the receipt.
std::string done_to_topic(const ErasedTopic& topic);

}  // namespace braid::cli
