// What `run` does with topics: which of them the job has, and its members, each on a thread of its own. `dry-run` reads
// the topics only.
#pragma once

#include <map>

#include "cli/session/registry.h"
#include "cli/session/session.h"
#include "runtime/connect/broker_settings.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/engine/job.h"
#include "runtime/tasks/reset.h"
#include "runtime/tasks/topic_job.h"

namespace braid::cli {

struct TopicSetup {
  bool reads = false;                   ///< some source is a topic
  std::map<int, TopicBinding> outputs;  ///< of all products, or none
  BrokerSettings settings;
  std::optional<registry::ServiceOptions> registry;  ///< if some topic is Avro
  bool any() const { return reads || !outputs.empty(); }
};

/// Reports what cannot be run.
TopicSetup topics_of(Session& session, const Program& program);

/// A broker that has answered and has what the program is bound to.
Result<std::unique_ptr<Broker>> reach_broker(const BrokerSettings& settings, const Program& program,
                                             const std::map<int, TopicBinding>& outputs);

/// The registry of schemas of a job that has one. The schemas of its products are there afterwards.
Result<std::unique_ptr<registry::RegistryService>> reach_registry(const Session& session, Program& program,
                                                                  TopicSetup& topics);

/// How long a commit may come after its first record: as the option says (0: it was not given), else the environment,
/// else 100 ms. Fails with 7101 if the brokers would abort the transaction before.
Result<int64_t> commit_within(int64_t option_us, const TopicSetup& topics);

/// Deletes what belongs to a job that writes topics, and notes it for `braid erase`
/// (runtime/tasks/erase_started_over.h).
Result<TopicReset> reset_topics(const Program& program, const JobOptions& options, const TopicSetup& topics,
                                const JobSeams& seams);

using ShowStages = std::function<void(const std::vector<StageOutline>& stages)>;
/// Runs as many members as JobOptions::workers says, until all have ended; if one fails, the others stop. `memory`: of
/// all of them. `show_stages` is called once, on this thread.
Result<JobReport> run_members(const Program& program, const JobOptions& options, const TopicSetup& topics,
                              uint64_t memory, const JobSeams& seams, const ShowStages& show_stages);

}  // namespace braid::cli
