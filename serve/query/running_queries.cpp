#include "serve/query/running_queries.h"

#include <pthread.h>
#include <signal.h>

namespace braid::serve {

std::optional<Result<SqlAnswer, SqlError>> RunningQuery::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(answer_, std::nullopt);
}

RunningQueries::~RunningQueries() {
  for (Thread& each : threads_) each.query->stop();
  for (Thread& each : threads_) each.thread.join();
}

std::shared_ptr<RunningQuery> RunningQueries::start(SqlEngine& engine, SqlQuestion question, int64_t most_us) {
  std::lock_guard lock(mutex_);
  std::erase_if(threads_, [](Thread& each) {
    if (!each.query->ended_) return false;
    each.thread.join();
    return true;
  });
  if (threads_.size() >= kAtOnce) return nullptr;
  auto query = std::make_shared<RunningQuery>();
  // Signals are for the job's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  threads_.push_back({query, std::thread([this, &engine, question = std::move(question), most_us, query]() mutable {
                        run(engine, std::move(question), most_us, *query);
                        query->ended_ = true;
                      })});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return query;
}

void RunningQueries::run(SqlEngine& engine, SqlQuestion question, int64_t most_us, RunningQuery& query) const {
  const int64_t until = clock_.steady_us() + most_us;
  bool is_late = false;
  question.stop = [this, until, &query, &is_late] {
    is_late = clock_.steady_us() >= until;
    // The job waits for those who hold a state of its views.
    return is_late || query.stopped_ || host_.now() == nullptr;
  };
  Result<SqlAnswer, SqlError> answer = engine.ask(question);
  question.state.reset();
  if (!answer.ok() && answer.error().kind == SqlError::Kind::stopped)
    answer = is_late ? SqlError{SqlError::Kind::too_much, fmt::format("it may run for {} s", most_us / 1'000'000)}
                     : SqlError{SqlError::Kind::stopped, "the views were closed while the statement ran"};
  std::lock_guard lock(query.mutex_);
  query.answer_ = std::move(answer);
}

}  // namespace braid::serve
