// Statements that run beside the threads of the server, each on a thread of its own, a few at a time.
//
// A statement holds one state of the views as long as it runs. It ends early when its time is over, when nobody waits
// for its answer any more, when the views are closed, and when this goes. Any thread; host and clock outlive this.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/base/clock.h"
#include "runtime/view/view_host.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve {

/// A statement that was asked.
class RunningQuery {
 public:
  /// Nothing: it still runs. Gives the answer once.
  std::optional<Result<SqlAnswer, SqlError>> take();
  /// Nobody waits for it.
  void stop() { stopped_ = true; }

 private:
  friend class RunningQueries;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  std::optional<Result<SqlAnswer, SqlError>> answer_;
};

class RunningQueries {
 public:
  RunningQueries(const ViewHost& host, Clock& clock) : host_(host), clock_(clock) {}
  RunningQueries(const RunningQueries&) = delete;
  /// Stops them all and waits for their threads.
  ~RunningQueries();

  /// Null: as many run as may. Sets `question.stop`. After `most_us` the statement is stopped, as one that needs too
  /// much.
  std::shared_ptr<RunningQuery> start(SqlEngine& engine, SqlQuestion question, int64_t most_us);

  static constexpr size_t kAtOnce = 2;

 private:
  struct Thread {
    std::shared_ptr<RunningQuery> query;
    std::thread thread;
  };
  void run(SqlEngine& engine, SqlQuestion question, int64_t most_us, RunningQuery& query) const;

  const ViewHost& host_;
  Clock& clock_;
  std::mutex mutex_;
  std::list<Thread> threads_;
};

}  // namespace braid::serve
