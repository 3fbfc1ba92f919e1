// Jobs on simulated machines: what job tests share.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/engine/job.h"
#include "runtime/engine/test_program.h"
#include "runtime/state/memory_store.h"

namespace braid::test {

constexpr int64_t kStart = 1'000'000'000'000;

/// Everything as late as it may be: when it is waited for. With files in memory, what a slow disk or a busy thread
/// does.
class LateExecutor : public Executor {
 public:
  std::string_view name() const override { return "late"; }
  size_t width() const override { return 4; }
  void parallel_for(size_t count, const std::function<void(size_t)>& call) override {
    for (size_t i = count; i-- > 0;) call(i);
  }
  std::unique_ptr<Task> start(std::function<void()> work) override { return add(queue_, std::move(work)); }
  std::unique_ptr<Task> start_io(std::function<void()> work) override { return add(io_queue_, std::move(work)); }

 private:
  struct Work {
    std::function<void()> run;
    bool done = false;
  };
  using Queue = std::deque<std::shared_ptr<Work>>;
  class LateTask : public Task {
   public:
    LateTask(Queue& queue, std::shared_ptr<Work> work) : queue_(queue), work_(std::move(work)) {}
    ~LateTask() override { wait(); }
    bool done() const override { return work_->done; }
    void wait() override {
      while (!work_->done) {
        std::shared_ptr<Work> oldest = queue_.front();
        queue_.pop_front();
        oldest->run();
        oldest->done = true;
      }
    }

   private:
    Queue& queue_;
    std::shared_ptr<Work> work_;
  };
  static std::unique_ptr<Task> add(Queue& queue, std::function<void()> work) {
    queue.push_back(std::make_shared<Work>(std::move(work)));
    return std::make_unique<LateTask>(queue, queue.back());
  }

  Queue queue_, io_queue_;
};

/// A machine with files in memory.
struct Machine {
  explicit Machine(uint64_t seed) : fs(seed) {}
  JobSeams seams() { return seams(executor); }
  JobSeams seams(Executor& threads) {
    return {fs, clock, threads, [this](const std::string& directory) { return MemoryStore::open(fs, directory); }};
  }
  void write(const std::string& path, const std::string& content) {
    ASSERT_TRUE(fs.make_directories(parent_directory(path)).ok());
    ASSERT_TRUE(fs.write_file(path, content).ok());
    ASSERT_TRUE(fs.sync_directory(parent_directory(path)).ok());
  }
  /// Those in the store, and those in the folder `products`.
  std::string outputs() {
    std::string text;
    for (const std::string folder : {"data/out", "products"}) {
      auto names = fs.list_directory(folder);
      if (!names.ok()) continue;
      for (const std::string& name : *names)
        if (!name.starts_with('.')) text += name + "\n" + *fs.read_file(join_path(folder, name)) + "\n";
    }
    return text;
  }
  SimFs fs;
  ManualClock clock{kStart};
  InlineExecutor executor;
};

inline JobOptions job_options() {
  JobOptions options;
  options.project = "test";
  options.directory = "data";
  return options;
}

inline std::vector<std::pair<std::string, std::string>> random_inputs(uint64_t seed, int records) {
  Rng rng(seed);
  std::string s1, s2, t;
  int64_t now = 100;
  for (int i = 0; i < records; ++i) {
    now += rng.between(0, 4);
    std::string key(1, static_cast<char>('a' + rng.below(4)));
    // Long values of k make turns of 256 KB with few records.
    std::string line = record(key, rng.between(0, 5), now - rng.between(0, 40));
    if (rng.chance(25)) line = "broken\n";
    line.insert(line.size() - 1, std::string(rng.below(3000), ' '));
    (rng.chance(2) ? s1 : rng.chance(2) ? s2 : t) += line;
  }
  return {{"in/s1.ndjson", s1}, {"in/s2.ndjson", s2}, {"in/t.ndjson", t}, {"in/u.ndjson", record("a", 1, 0) + "bad\n"}};
}

}  // namespace braid::test
