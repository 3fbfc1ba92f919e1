#include "runtime/engine/hand_over.h"

#include <cerrno>

#include "runtime/engine/job_store.h"
#include "runtime/engine/rebuild.h"
#include "runtime/report/state_findings.h"

namespace braid {
namespace {

constexpr int64_t kLookEvery = 20'000;
/// Whoever looks whether a request is alive holds it for a moment.
constexpr int kAttempts = 50;
/// What a round leaves to the next one is little if it took no longer.
constexpr int64_t kShortRound = 2'000'000;
/// How long the running job may take to hand over before another round is worth its while.
constexpr int64_t kRoundEvery = 10'000'000;

std::string request_of(const std::string& directory) {
  return join_path(directory, "hand-over");
}

/// None: another one holds it.
Result<std::unique_ptr<FileLock>> try_lock(Fs& fs, const std::string& path) {
  Result<std::unique_ptr<FileLock>> lock = fs.lock(path);
  if (!lock.ok() && lock.error().system_error == EWOULDBLOCK) return std::unique_ptr<FileLock>();
  return lock;
}

class TakeOver {
 public:
  TakeOver(const Program& program, const JobOptions& options, const JobSeams& seams, const TellStep& tell)
      : program_(program), options_(options), seams_(seams), tell_(tell) {}

  Result<std::shared_ptr<FileLock>> run() {
    BRAID_TRY(seams_.fs.make_directories(options_.directory));
    bool ready = false;
    for (int64_t last_round = 0;;) {
      BRAID_ASSIGN(std::unique_ptr<FileLock> lock, try_lock(seams_.fs, join_path(options_.directory, "lock")));
      if (lock != nullptr) return done(std::move(lock));
      if (options_.stop_requested && options_.stop_requested())
        return store_error(diag::TakeOverStopped{.path = options_.directory}.make());
      if (!ready || seams_.clock.steady_us() - last_round >= kRoundEvery) {
        BRAID_ASSIGN(const bool little_left, round());
        ready |= little_left;
        last_round = seams_.clock.steady_us();
        if (!ready) continue;
      }
      BRAID_TRY(ask());
      seams_.clock.sleep_us(kLookEvery);
    }
  }

 private:
  /// Up to the last commit that there is. True: what comes meanwhile is little.
  Result<bool> round() {
    BRAID_ASSIGN(const FileInfo state, seams_.fs.stat(join_path(options_.directory, "state")));
    if (!state.exists) return true;  // the job has just begun
    JobSeams reading = seams_;
    reading.open_store = seams_.open_to_read;
    const int64_t began = seams_.clock.steady_us();
    JobStore store(program_, options_, reading);
    BRAID_TRY(store.open());
    if (!store.wants_rebuild()) return true;
    if (rounds_++ == 0)
      say(fmt::format("the job that runs goes on; beside it are made again: {}", fmt::join(store.rebuilt(), ", ")));
    BRAID_TRY(rebuild_beside(program_, options_, seams_, store));
    const int64_t took = seams_.clock.steady_us() - began;
    say(fmt::format("made again up to commit {}", store.last_epoch().epoch));
    // Where the job reads as fast as it is read again, rounds do not get shorter.
    const bool little_left = took < kShortRound || (rounds_ > 2 && took > last_took_ / 5 * 4);
    last_took_ = took;
    return little_left;
  }

  Status ask() {
    const std::string path = request_of(options_.directory);
    if (request_ != nullptr) {
      // Whoever waited before may have deleted the file that is locked.
      BRAID_ASSIGN(const FileInfo file, seams_.fs.stat(path));
      if (file.exists) return {};
      request_.reset();
    }
    BRAID_ASSIGN(request_, try_lock(seams_.fs, path));
    if (request_ != nullptr) {
      say("the job that runs is asked for the store");
    } else if (++attempts_ == kAttempts) {
      return store_error(diag::StoreLocked{.path = path}.make());
    }
    return {};
  }

  Result<std::shared_ptr<FileLock>> done(std::unique_ptr<FileLock> lock) {
    if (request_ != nullptr) {
      BRAID_TRY(seams_.fs.remove(request_of(options_.directory)));
      request_.reset();
      say("the store is taken over");
    }
    return std::shared_ptr<FileLock>(std::move(lock));
  }

  void say(const std::string& step) const {
    if (tell_) tell_(step);
  }

  const Program& program_;
  const JobOptions& options_;
  const JobSeams& seams_;
  const TellStep& tell_;
  std::unique_ptr<FileLock> request_;
  int attempts_ = 0;
  int rounds_ = 0;
  int64_t last_took_ = 0;
};

}  // namespace

Result<std::shared_ptr<FileLock>> take_over_store(const Program& program, const JobOptions& options,
                                                  const JobSeams& seams, const TellStep& tell) {
  return TakeOver(program, options, seams, tell).run();
}

bool store_is_asked_for(Fs& fs, const std::string& directory) {
  const std::string path = request_of(directory);
  const Result<FileInfo> file = fs.stat(path);
  if (!file.ok() || !file->exists) return false;
  const Result<std::unique_ptr<FileLock>> lock = try_lock(fs, path);
  return lock.ok() && *lock == nullptr;
}

}  // namespace braid
