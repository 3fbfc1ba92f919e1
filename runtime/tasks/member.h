// One member of a job over a broker: it takes part in the group that shares the tasks, runs those that it has, and
// commits what they did, one transaction for all of them. While one is committed it runs the next turns, whose results
// wait for the outcome (transaction.h). docs/architecture.md describes the protocol, and docs/decisions/0020 what
// follows from each fault.
//
// One thread, beside those of the executor. Several members of one process share nothing.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/tasks/job_end.h"
#include "runtime/tasks/job_layout.h"
#include "runtime/tasks/task.h"
#include "runtime/tasks/topic_job.h"

namespace braid {

class JobMember : BrokerGroup::Owner {
 public:
  JobMember(const Program& program, const TopicJobOptions& options, const JobSeams& seams);

  /// Until it is asked to stop, or its inputs are read to the end that they have.
  Result<JobReport> run();

 private:
  /// A task that it has; null: to be recovered.
  using Tasks = std::map<int32_t, std::unique_ptr<TaskRun>>;

  Status prepare();
  /// Joins the group, and begins a session of the writer.
  Status join();
  Status begin_session();
  Status serve();
  /// While a turn waits for the answers of a service. What is given up meanwhile ends the turn with an error, and
  /// end_interrupted() has to follow.
  Status serve_in_turn();
  /// The turn is over that was given up: all tasks go back to what is committed, and some are gone.
  Status end_interrupted();
  /// Brings tasks to where they were committed that are not at work.
  Status recover_tasks();
  Result<std::unique_ptr<TaskRun>> recover(int32_t number);
  /// Its state is older than the last snapshots of the task.
  bool may_be_behind(int32_t number, const Error& error) const;
  struct Round {
    bool ran = false;      ///< else nothing is at hand
    bool held_up = false;  ///< some task waits for the commit that is on its way
  };
  /// A turn of each task.
  Result<Round> run_round();
  /// Changes of promises become a turn of the first task at work; none while a commit is on its way, so that it is
  /// known which commit has them. True: there was one.
  Result<bool> tell_changes();
  /// What was run goes into a transaction that is being committed from then on. None is on its way.
  Status begin_commit();
  /// Waits for it.
  Status finish_commit();
  /// All that was run, before it returns.
  Status commit();
  /// A broker does not know a topic that the job writes, but all of them are there: it has not heard of it yet.
  bool topics_are_there();
  /// What a broker's fault makes necessary.
  Status settle(const BrokerError& error);
  /// All tasks go back to what is committed; what is in the transaction does not count.
  Status forget_work();
  void forget_tasks();
  /// It is not at work any more; what it has done is kept for the next status.
  void drop(std::unique_ptr<TaskRun>& task);
  bool stops();
  /// Otherwise what it does is there at least once.
  bool is_transactional() const { return options_.broker.delivery == Delivery::exactly_once; }
  /// Its inputs have an end, and its tasks have read them up to there.
  bool tasks_at_end() const;
  /// That, and so have the tasks of others.
  Result<bool> is_done();
  /// From the begin of the last commit to that of the next. 0: it is due.
  int64_t time_to_commit() const;
  bool offsets_are_old(const TaskRun& task) const;
  /// Until a commit is due, or the one on its way may be over.
  int64_t time_to_look() const;
  /// What tasks have counted for promises of `volume` that are not at work here: of one of them, as it is committed.
  void ask_volumes();
  void show_progress() const;
  /// `last`: now, whenever it was shown before.
  void show_status(bool last = false);
  /// What the brokers are not there for is in the status, while the job waits.
  void ask_brokers();
  Status leave();
  /// Pauses that grow, between attempts.
  void pause();

  void assigned(std::span<const int32_t> partitions) override;
  void revoked(std::span<const int32_t> partitions, bool lost) override;

  const Program& program_;
  const TopicJobOptions& options_;
  JobSeams seams_;
  JobLayout layout_;
  JobEnd end_;  ///< of the inputs, if they have one
  std::unique_ptr<OutputTopics> topics_;
  std::unique_ptr<BrokerGroup> group_;
  std::unique_ptr<BrokerReader> reader_;
  std::unique_ptr<BrokerWriter> writer_;
  std::unique_ptr<Transaction> transaction_;
  ErasureLog erasures_;  ///< of tasks that begin
  std::string transactional_id_;
  Tasks tasks_;
  std::map<int32_t, int64_t> waiting_since_;  ///< steady clock, by task that cannot be recovered yet
  std::map<int32_t, int64_t> behind_since_;   ///< steady clock, by task that finds what it reads deleted
  bool was_assigned_ = false;                 ///< tasks, or none
  bool fenced_ = false;                       ///< it has to join again
  bool drained_ = false;
  MemberStatus told_;                  ///< the last status, where turns may wait for services
  int64_t served_at_ = 0;              ///< steady clock, in a turn
  bool in_turn_ = false;               ///< the group is served in the middle of one
  bool interrupted_ = false;           ///< the turn is to be given up
  bool in_doubt_ = false;              ///< and nobody knows what came of the transaction
  std::vector<int32_t> lost_in_turn_;  ///< tasks
  int64_t pause_us_ = 0;
  int64_t commit_began_at_ = 0;   ///< steady clock, the last one
  int64_t shown_at_ = 0;          ///< steady clock
  MemberWork work_;               ///< since then
  int64_t end_asked_at_ = 0;      ///< steady clock
  int64_t brokers_asked_at_ = 0;  ///< steady clock; they have answered, or not
  bool told_of_brokers_ = false;
  int64_t brokers_gone_since_ = 0;  ///< steady clock; 0: they answer
  int topics_lost_ = 0;             ///< times that one was not there, since the last commit
  int64_t topics_lost_since_ = 0;   ///< steady clock; of the first of these times
  Status failure_;                  ///< within a callback
  /// Changes of promises that nobody was told of yet, and those that the next commit tells of.
  std::vector<PromiseChange> untold_changes_, told_changes_;
  int64_t changes_asked_at_ = 0;  ///< steady clock
  std::vector<const PromiseSpec*> volume_promises_;
  std::map<int32_t, TaskVolumes> volumes_;  ///< of tasks that are not at work here
  int32_t volumes_asked_ = -1;              ///< the last task
  int64_t volumes_asked_at_ = 0;            ///< steady clock
  std::vector<Diagnostic> warnings_;
};

}  // namespace braid
