// Whether a cluster has what a job is bound to, asked before it starts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"
#include "runtime/broker/broker.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/report/diagnostic.h"

namespace braid {

/// The topics of sources exist (7049), also the partitions that a `start` names (7052); the topics of products that
/// exist have as many partitions as is asked for (7051). Those that do not exist are made when the job starts. A
/// topic to read that is not there is asked for again for kUntilTopicIsKnown (runtime/broker/patience.h). Fails in the
/// given time if no broker answers (7046 to 7048), and if the user lacks a right (7050).
Status check_topics(Broker& broker, Clock& clock, const Program& program, const std::map<int, TopicBinding>& outputs,
                    int64_t timeout_us);

/// Warnings 7249: topics of products that exist and keep rows for less than the environment or the contract asks for.
/// Braid changes no topic that it has not made; each has the command that does. `servers`: the addresses for that.
/// Topics whose settings this user may not see are passed over.
std::vector<Diagnostic> topics_that_keep_less(Broker& broker, const Program& program,
                                              const std::map<int, TopicBinding>& outputs, const std::string& servers,
                                              int64_t timeout_us);

}  // namespace braid
