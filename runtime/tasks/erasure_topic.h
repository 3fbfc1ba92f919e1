// The topic GROUP.erasures: which subjects a job over topics passes over when it begins. One partition; its last record
// with the key "erasures" is the whole list, as ErasureLog::to_text() writes it. The last one with the key "started
// over" says when the job was started over with subjects in that list that were not erased. A reset of the job leaves
// the topic.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/erasure/erasure_log.h"
#include "runtime/tasks/topic_job.h"

namespace braid {

TopicPartition erasure_place(const std::string& group);
inline constexpr std::string_view kErasureList = "erasures", kStartedOver = "started over";  ///< keys of its records
/// Without subjects where there is no such topic. Fails if this user may not see whether there is one, or may not read
/// it. `reader`: reads nothing of it.
Result<ErasureLog> read_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, BrokerReader& reader);
/// Where the topics of a job ended when it was started over: what lies before is of the run before.
struct StartedOver {
  std::vector<std::string> subjects;  ///< hashes of those that the new run passes over, and that were not done
  std::map<TopicPartition, int64_t> inputs, outputs;

  std::string to_text() const;
  static Result<StartedOver> parse(std::string_view text, const std::string& of);
};
/// Nothing: it was not, since there are subjects to erase.
Result<std::optional<StartedOver>> read_started_over(const TopicJobOptions& options, const JobSeams& seams,
                                                     BrokerReader& reader);
Status write_started_over(const TopicJobOptions& options, const JobSeams& seams, const StartedOver& started);

/// Made where it is not there, and kept for ever.
Status make_erasure_topic(const TopicJobOptions& options, const JobSeams& seams);
/// The list for tasks that begin from now on, as after a reset; others go on as they are. Durably.
Status write_topic_erasures(const TopicJobOptions& options, const JobSeams& seams, const ErasureLog& log);

}  // namespace braid
