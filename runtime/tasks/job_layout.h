// How a job is laid out over a broker: its stages, the tasks of each with what they read, and the topics that it owns.
// It follows from the program and the partitions of its inputs, so all members find the same.
//
// Fails with 7091 a topic that is read twice, 7092 another number of tasks than before, 7095 and 7096 repartition
// topics that do not fit, and as brokers do.
#pragma once

#include <string>
#include <vector>

#include "runtime/tasks/job_end.h"
#include "runtime/tasks/stages.h"
#include "runtime/tasks/topic_job.h"

namespace braid {

class JobLayout {
 public:
  /// `end`: where inputs end now is noted there, if they have an end. The program outlives the layout.
  static Result<JobLayout> find(const Program& program, const TopicJobOptions& options, const JobSeams& seams,
                                JobEnd& end);
  /// Makes topics of epochs and repartition topics that are not there, and checks those that are.
  Status make_topics(const TopicJobOptions& options, const JobSeams& seams) const;

  const std::string& epochs() const { return epochs_; }
  /// Of epochs, and all repartition topics.
  std::vector<std::string> topics() const;
  int32_t tasks() const { return stages_.tasks(); }
  /// Of the input that has most.
  int32_t partitions() const { return most_; }
  const Stages& stages() const { return stages_; }
  size_t stage_of(int32_t task) const;
  /// Nothing: the only task, which has all partitions.
  std::optional<int32_t> partition_of(int32_t task) const;
  std::vector<TopicPartition> inputs_of(int32_t task) const;
  /// Of a later stage: the tasks that send to this one, in the order of its sources and their own.
  std::vector<int32_t> fronts_of(int32_t task) const;
  std::vector<StageOutline> outline() const;
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  std::string epochs_;  ///< topic
  Stages stages_;
  bool by_number_ = true;  ///< each task has the partitions with its number; else the only task has all
  int32_t most_ = 1;
  std::map<std::string, int32_t> inputs_;  ///< partitions by topic
  std::vector<Diagnostic> warnings_;
};

}  // namespace braid
