// The topic GROUP.erasures: which subjects a job over topics passes over when it begins. One partition; its last record
// is the whole list, as ErasureLog::to_text() writes it. A reset of the job leaves it.
#pragma once

#include "runtime/erasure/erasure_log.h"
#include "runtime/tasks/topic_job.h"

namespace braid {

TopicPartition erasure_place(const std::string& group);
/// Without subjects where there is no such topic. Fails if this user may not see whether there is one, or may not read
/// it. `reader`: reads nothing of it.
Result<ErasureLog> read_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, BrokerReader& reader);
/// Made where it is not there, and kept for ever.
Status make_erasure_topic(const TopicJobOptions& options, const JobSeams& seams);
/// The list for tasks that begin from now on, as after a reset; others go on as they are. Durably.
Status write_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, const ErasureLog& log);

}  // namespace braid
