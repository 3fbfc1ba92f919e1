// Copies of the job's snapshots, kept beside its members by a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/broker/broker.h"
#include "runtime/connect/broker_settings.h"
#include "runtime/report/diagnostic.h"
#include "runtime/snapshot/standby.h"

namespace braid::cli {

class Standby {
 public:
  struct Job {
    std::string directory;  ///< of the job; copies lie in `standby` there
    const BrokerSettings& settings;
    std::function<bool()> stop_requested;
  };
  /// What has been copied; on the thread of the copies.
  using Show = std::function<void(const StandbyRefresh&)>;

  /// `broker` is its own; it says how many tasks there are. Nothing is copied if another process keeps copies in the
  /// same folder.
  Standby(SnapshotStore& shared, Fs& fs, std::unique_ptr<Broker> broker, Job job, Show show);
  ~Standby();

  /// What members fetch from.
  SnapshotStore& store() { return store_; }
  /// If this machine has no state of the job yet, returns when the snapshots that fit are here: a task that moves here
  /// does not stand still while they are copied. Begins the thread.
  void start();
  /// The tasks that a member has: they need no copies.
  void note(size_t member, const std::vector<int32_t>& tasks);
  /// Why copies are not kept, since the last refresh.
  std::optional<Diagnostic> warning() const;

 private:
  bool stopping() const;
  void run();
  void refresh();
  int32_t count_tasks();
  bool is_new_here() const;

  Fs& fs_;
  std::unique_ptr<Broker> broker_;
  const Job job_;
  const Show show_;
  StandbyStore store_;
  std::unique_ptr<FileLock> lock_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::map<size_t, std::vector<int32_t>> own_;
  std::optional<Diagnostic> warning_;
  std::thread thread_;
};

}  // namespace braid::cli
