// A program run as a job on a store: inputs, engine, state and outputs joined by one commit point.
//
// `run_job` locks the store, recovers, reads static tables, then runs turns, partitions without event time first, then
// the one with the lowest watermark, until all inputs are read (or `stop_requested` says so), committing every so many
// turns. With `follow` it goes on with what comes (follow.cpp). What it returns as an error has ended the job; nothing
// that was not committed is ever seen as done. One thread drives it; a commit is written on another one while the next
// turns run (Executor::start_io), at most one at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/abi/state_family.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/fs.h"
#include "runtime/broker/broker.h"
#include "runtime/data/block.h"
#include "runtime/engine/ledger.h"
#include "runtime/engine/output_files.h"
#include "runtime/operators/operator.h"
#include "runtime/promise/published_rows.h"
#include "runtime/report/diagnostic.h"
#include "runtime/state/store.h"
#include "runtime/view/view_layout.h"

namespace braid {

class ErasedKeys;
class JobMonitor;
class Service;
class TurnEngine;
class ViewHost;

using OpenStore = std::function<Result<std::unique_ptr<StateStore>>(const std::string& directory)>;

struct JobSeams {
  Fs& fs;
  Clock& clock;
  Executor& executor;
  OpenStore open_store;            ///< RocksDB, or a store over `fs` in the simulation
  Broker* broker = nullptr;        ///< of topics, where there are any
  BrokerReader* reader = nullptr;  ///< reads them; null: the job makes its own
  /// Of services, where the program asks some (runtime/lookup/service.h).
  std::function<Result<std::unique_ptr<Service>>(const ServiceSpec& spec)> make_service = {};
  /// A store that another job has open, to be read as of its last commit. Only for take_over_store() (hand_over.h).
  OpenStore open_to_read = {};
};

struct JobProgress {
  int64_t events = 0;
  uint64_t turns = 0;
  int64_t watermark = kNoTime;
  int64_t newest = kNoTime;  ///< the largest event time seen; newest − watermark is the lag
  StateSize state;
};

struct JobOptions {
  std::string project;
  std::string directory;  ///< of the store: state/, out/
  /// Of the project: inputs in it have names relative to it, others absolute ones, wherever the job is started.
  /// Empty: they are named as they are bound.
  std::string root;
  std::map<int, OutputBinding> outputs;
  bool seal = true;  ///< the end of all inputs closes what is open
  /// Inputs go on: files grow, and new ones come. The job reads what there is until it is asked to stop, commits by the
  /// clock, too, and seals nothing.
  bool follow = false;
  /// Topics are read to the end that they have at the start, and nothing is sealed: the next run goes on behind it.
  bool until_caught_up = false;
  std::string group;  ///< as which a broker knows the job
  /// Only the partitions with this number, of topics that are not reference data. Nothing: all.
  std::optional<int32_t> partition;
  /// Steps whose state is given up, and which begin empty, if it does not fit: "p: join c", "p" for all of the
  /// relation, "all".
  std::vector<std::string> accept;
  /// Those whose state is made again of all that the job has read, in the same words (rebuild.h).
  std::vector<std::string> rebuild;
  StateParts parts;  ///< of the program
  /// Subjects whose records are passed over. Null: those that `erasures` in the store names.
  std::shared_ptr<const ErasedKeys> erased;
  std::string erasures_of;  ///< the store whose subjects these are; empty: `directory`
  /// The lock of the store, if the caller has it already (hand_over.h). Nothing: the job takes it.
  std::shared_ptr<FileLock> lock;
  uint64_t commit_every_turns = 1024;
  int64_t commit_every_us = 1'000'000;  ///< with `follow`: after the first turn that is in no commit
  int64_t look_every_us = 20'000;       ///< with `follow`: how often inputs are looked at that had nothing
  /// About the bytes of frozen rows that are copied at once, between two turns, for a commit (state/frozen_rows.h).
  uint64_t copy_bytes = 256 << 10;
  size_t workers = 1;                ///< threads, 1 to 64; results are the same, and state fits any number
  uint32_t block_rows = kBlockRows;  ///< as EngineOptions
  /// Bytes of state in memory; beyond them rows stay in the store alone. Reference data is always in memory.
  uint64_t state_memory = UINT64_MAX;
  std::function<bool()> stop_requested;
  /// Called now and then while a turn waits for the answers of a service; what it fails with gives the turn up.
  std::function<Status()> while_waiting;
  std::function<void(const JobProgress&)> progress;
  JobMonitor* monitor = nullptr;  ///< told what the job does; outlives it
  /// What is kept of products for their readers, each of another product.
  std::vector<ViewSpec> views = {};
  ViewHost* view_host = nullptr;  ///< where they read it; outlives the job
  /// Called at named places, those within a commit on the thread that writes it; a test ends the process there.
  std::function<void(std::string_view)> kill_point;
};

struct JobReport {
  struct Input {
    std::string name;
    Ledger ledger;
  };
  struct Product {
    std::string name;
    int64_t version = 1;
    std::vector<Input> inputs;
    Ledger derived;
    int64_t rows = 0;
    int64_t alerts = 0;
    StateSize state;  ///< of its steps, those that it shares with others among them; where it promises something
    std::vector<PromiseCounts> counts;  ///< for each of its promises, while they are watched
  };
  /// Of a source of which something is promised or expected.
  struct Source {
    std::string name;
    int64_t version = 1;
    std::vector<PromiseCounts> counts;  ///< for each promise, while they are watched
  };
  std::vector<Product> products;
  std::vector<Source> sources;  ///< those alone, in the order of the program's
  bool nothing_new = false;     ///< since the last run
  bool drained = false;         ///< stopped on request, all committed
  int64_t events = 0;           ///< in all runs
  uint64_t turns = 0;           ///< of this run
  uint64_t epochs = 0;          ///< durable commits of this run
  int64_t watermark = kNoTime;
  int64_t newest = kNoTime;
  StateSize state;
  int64_t deviation = 0;  ///< of the accounting law: zero, or a bug
  uint64_t leaps_discarded = 0;
  std::vector<std::string> outputs;
  std::vector<std::string> started_empty;  ///< steps that are new, or with `accept`: "p: join c (changed)"
  std::vector<std::string> rebuilt;        ///< steps, with `rebuild`
  std::vector<Diagnostic> warnings;
};

/// What an engine can say of itself; what the job adds, the caller fills in.
JobProgress progress_of(const TurnEngine& engine, uint64_t turns);
JobReport report_of(const Program& program, const TurnEngine& engine);

Result<JobReport> run_job(const Program& program, const JobOptions& options, const JobSeams& seams);

/// Deletes state and outputs that the state names, never inputs; state that cannot be opened is moved aside. Can be
/// repeated after a crash.
Status reset_job(const std::string& directory, const JobSeams& seams);

}  // namespace braid
