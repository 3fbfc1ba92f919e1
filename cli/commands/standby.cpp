#include "cli/commands/standby.h"

#include <cerrno>
#include <chrono>

namespace braid::cli {
namespace {

constexpr auto kEvery = std::chrono::seconds(10);  // a task stores a snapshot as often
constexpr int64_t kPatienceUs = 5'000'000;

}  // namespace

Standby::Standby(SnapshotStore& shared, Fs& fs, std::unique_ptr<Broker> broker, Job job, Show show)
    : fs_(fs),
      broker_(std::move(broker)),
      job_(std::move(job)),
      show_(std::move(show)),
      store_(shared, fs, join_path(job_.directory, "standby"), job_.settings.standby_bytes) {}

Standby::~Standby() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Standby::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_ || job_.stop_requested();
}

bool Standby::is_new_here() const {
  const Result<FileInfo> tasks = fs_.stat(join_path(job_.directory, "tasks"));
  return tasks.ok() && !tasks->exists;
}

void Standby::start() {
  (void)fs_.make_directories(job_.directory);
  Result<std::unique_ptr<FileLock>> lock = fs_.lock(join_path(job_.directory, "standby.lock"));
  if (!lock.ok()) return;  // another instance on this machine keeps them
  lock_ = *std::move(lock);
  if (is_new_here()) refresh();
  thread_ = std::thread([this] { run(); });
}

void Standby::note(size_t member, const std::vector<int32_t>& tasks) {
  const std::lock_guard lock(mutex_);
  own_[member] = tasks;
}

std::optional<Diagnostic> Standby::warning() const {
  const std::lock_guard lock(mutex_);
  return warning_;
}

void Standby::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kEvery, [this] { return stop_; })) {
    lock.unlock();
    refresh();
    lock.lock();
  }
}

int32_t Standby::count_tasks() {
  const std::string names[] = {job_.settings.group + ".epochs"};
  const auto found = broker_->describe(names, kPatienceUs);
  return found.ok() && !found->empty() ? found->front().partitions : 0;
}

void Standby::refresh() {
  const int32_t tasks = count_tasks();
  if (tasks == 0) return;  // a new job, or the broker is away
  std::vector<int32_t> own;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [member, numbers] : own_) own.insert(own.end(), numbers.begin(), numbers.end());
  }
  const std::string& instance = job_.settings.instance ? *job_.settings.instance : job_.directory;
  const auto owners = standby_order(job_.settings.group, tasks, own, instance);
  const Result<StandbyRefresh> done = store_.refresh(owners, [this] { return stopping(); });
  if (done.ok()) show_(*done);
  if (!done.ok() && done.error().system_error == ECANCELED) return;
  const std::lock_guard lock(mutex_);
  warning_.reset();
  if (!done.ok())
    warning_ = Diagnostic{.code = done.error().code, .severity = Severity::warning, .message = done.error().message};
}

}  // namespace braid::cli
