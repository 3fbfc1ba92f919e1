// Views of products that live in topics: all partitions of the topics are read (committed records only, without a
// group), and rows and positions become durable in one commit of this process's own store. So each view is what the
// topics held up to its positions, whenever the process was killed, and any number of such processes serve the same
// topics side by side.
//
// An epoch is a commit of this store. The watermark is the lowest over the partitions that have rows of the largest
// event time that was read; it bounds what `keep` lets go, and is no promise that no earlier row comes.
//
// A view that is new in a store that has commits, or whose form has changed, is filled first, from the beginning of its
// topic to where that has been read; nothing is served meanwhile. One thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/engine/job.h"
#include "runtime/view/view_host.h"

namespace braid {

struct ReplicaOptions {
  std::string project;
  std::string directory;  ///< of the store
  /// Of products of the program. Source i of it is the topic of product i: written_source(), bound to the topic.
  std::vector<ViewSpec> views;
  std::vector<bool> timed;  ///< by product: its rows have an event time
  std::string group;        ///< as which a broker knows the reader
  bool reset = false;       ///< all views begin again with what the topics have
  /// Topics are read to the end that they have at the start; then it ends.
  bool until_caught_up = false;
  /// Records that are no rows of their product are passed over and counted; else the first of them ends it (8075).
  bool pass_over = false;
  int64_t commit_every_us = 100'000;  ///< after the first turn that is in no commit
  std::function<bool()> stop_requested;
  std::function<void(const JobProgress&)> progress;
  JobMonitor* monitor = nullptr;
  ViewHost* view_host = nullptr;  ///< outlives it
  /// Called at named places; a test ends the process there.
  std::function<void(std::string_view)> kill_point;
};

/// Until it is asked to stop. `JobSeams::broker` is needed, the executor is not. In the report, products have the
/// records that this run has read. Fails with 8001 if another process has the store, 8073 a store of something else,
/// 8074 a topic that is not what was read, 8075; and as topic_source.h says.
Result<JobReport> run_replica(const Program& program, const ReplicaOptions& options, const JobSeams& seams);

}  // namespace braid
