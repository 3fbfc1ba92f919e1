// Subjects are erased from a job over a broker by starting it over: what the job owns, its stores, snapshots, records
// of epochs and repartition topics, is deleted as a whole, and the new run passes over the subjects from its first
// record on. So it works for each job, whatever its stages, delivery, services and history are. Two steps:
//
//   start_over_without      resets the job, and notes in GROUP.erasures where its topics ended
//   erase_from_started_over once the new run has come as far: corrects topics whose rows replace each other by key
//
// A key that has a row of before, and none of the new run, would have none without the subjects: it gets a record
// without a value. Where inputs have lost records since, the new run cannot have made all that the first one had. Then
// only keys with the text of a subject get one, and others are counted in ErasedTopic::unsure.
//
// Memory: the keys of one partition, and those that go. Fails with 7240 where the new run has not come
// as far, with 7100 while members run, and as brokers do. One thread.
#pragma once

#include "runtime/tasks/erase_topics.h"
#include "runtime/tasks/erasure_topic.h"
#include "runtime/tasks/reset.h"

namespace braid {

/// reset_topic_job(). With subjects in the list that are not erased it notes where all topics ended, which fails with
/// 7100 if somebody wrote to topics of products meanwhile; it may be repeated.
Result<TopicReset> start_over_without(const Program& program, const TopicJobOptions& options, const JobSeams& seams);

/// `log`: the list, in which the subjects of `started` are done afterwards; they may be already. Nothing else has
/// changed if it fails. `dry`: nothing is written.
Result<TopicErasure> erase_from_started_over(const Program& program, const TopicJobOptions& options,
                                             const JobSeams& seams, const StartedOver& started, ErasureLog& log,
                                             const std::vector<SoughtKey>& sought, bool dry);

}  // namespace braid
