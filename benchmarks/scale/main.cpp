// How a job behaves on more instances than one machine can run: the group protocol of the simulated broker with
// hundreds of instances and thousands of tasks, whose state is a number of bytes. Time is virtual.
//
//   braid_scale [STATE_MB [BANDWIDTH_MB]]    of a task's state; of an instance, in a second (default: 200, 500)
//
// For each size: all instances start; one joins; one leaves; a third of them crash at once. Printed are the time until
// all tasks are at work again, the tasks that moved, and what the group sent for it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/broker/sim_broker.h"

namespace {

using namespace braid;

constexpr int64_t kSecond = 1'000'000;
/// Requests by which a task finds what it continues: committed offsets, the range of its epochs, their records.
constexpr int64_t kRequestsOfRecovery = 5;
/// Epochs behind a checkpoint are run again: at most its five seconds of input, at ten times the pace of live work.
constexpr int64_t kReplay = kSecond / 2;
constexpr int64_t kSession = 10 * kSecond;

struct Figures {
  int64_t took_us = 0, moved = 0, messages = 0, bytes = 0, fetched_most = 0;
};

class Job {
 public:
  Job(int instances, int32_t tasks, int64_t state_bytes, int64_t bandwidth)
      : cluster_(clock_, {}), tasks_(tasks), state_bytes_(state_bytes), bandwidth_(bandwidth) {
    cluster_.create({"job.epochs", tasks, -1, {}});
    for (int i = 0; i < instances; ++i) add();
  }

  /// Until all tasks are at work.
  Figures settle() {
    const Figures before = now_;
    const int64_t messages = cluster_.messages_sent(), bytes = cluster_.bytes_sent();
    const int64_t began = time().now_us();
    for (auto& each : instances_) each->fetched = 0;
    // What has to change is noticed first.
    int64_t settled = 0;
    while (settled < 2 * kSession) {
      time().sleep(kSecond / 20);
      settled = is_settled() ? settled + kSecond / 20 : 0;
      BRAID_CHECK(time().now_us() - began < 3600 * kSecond, "the job does not come to rest");
    }
    Figures found;
    found.took_us = std::max<int64_t>(0, time().now_us() - began - settled);
    found.moved = now_.moved - before.moved;
    found.messages = cluster_.messages_sent() - messages;
    found.bytes = cluster_.bytes_sent() - bytes;
    for (auto& each : instances_) found.fetched_most = std::max(found.fetched_most, each->fetched);
    return found;
  }

  void add() {
    Instance& instance =
        *instances_.emplace_back(std::make_unique<Instance>(*this, static_cast<int>(instances_.size())));
    ++alive_;
    time().spawn([this, &instance] { instance.live(); });
  }
  void end_one() {
    auto last = std::find_if(instances_.rbegin(), instances_.rend(), [](auto& each) { return !each->ends; });
    (*last)->ends = true;
    --alive_;
  }
  void crash(int count) {
    for (auto& each : instances_) {
      if (count == 0) return;
      if (each->ends || each->broker.crashed()) continue;
      each->broker.crash();
      --alive_;
      --count;
    }
  }
  void end() {
    for (auto& each : instances_) each->ends = true;
  }
  SimTime& time() { return cluster_.time(); }

 private:
  struct Instance : BrokerGroup::Owner {
    Instance(Job& owner, int number) : job(owner), broker(owner.cluster_, "i" + std::to_string(number)) {}

    void live() {
      auto made = broker.make_group({.group = "job", .topic = "job.epochs", .session_timeout_us = kSession});
      BRAID_CHECK(made.ok(), "the group is not made");
      group = std::move(*made);
      while (!ends && !broker.crashed()) {
        (void)group->serve(waiting.empty() ? kSecond / 10 : 0, *this);
        if (!waiting.empty() && !broker.crashed()) recover();
      }
      if (!broker.crashed()) (void)group->leave(30 * kSecond, *this);
      at_work.clear();
      group.reset();
    }
    /// One task; the group is served between two.
    void recover() {
      const int32_t task = *waiting.begin();
      const int64_t way = job.cluster_.options().shortest_way_us + job.cluster_.options().longest_way_us;
      job.time().sleep(kRequestsOfRecovery * way + job.state_bytes_ * kSecond / job.bandwidth_ + kReplay);
      fetched += job.state_bytes_;
      if (waiting.erase(task) > 0) at_work.insert(task);
    }
    void assigned(std::span<const int32_t> partitions) override {
      waiting.insert(partitions.begin(), partitions.end());
      job.now_.moved += static_cast<int64_t>(partitions.size());
    }
    void revoked(std::span<const int32_t> partitions, bool) override {
      for (const int32_t each : partitions) {
        waiting.erase(each);
        at_work.erase(each);
      }
    }

    Job& job;
    SimBroker broker;
    std::unique_ptr<BrokerGroup> group;
    std::set<int32_t> waiting, at_work;
    bool ends = false;
    int64_t fetched = 0;
  };

  /// Each task is at work once, and they are shared evenly.
  bool is_settled() const {
    size_t at_work = 0, most = 0;
    for (const auto& each : instances_) {
      if (each->broker.crashed()) continue;
      if (!each->waiting.empty()) return false;
      at_work += each->at_work.size();
      most = std::max(most, each->at_work.size());
    }
    return at_work == static_cast<size_t>(tasks_) && most <= static_cast<size_t>(tasks_ / alive_ + 1);
  }

  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_;
  int32_t tasks_;
  int64_t state_bytes_, bandwidth_;
  int alive_ = 0;
  Figures now_;
  std::vector<std::unique_ptr<Instance>> instances_;
};

void print(int instances, int32_t tasks, const char* what, const Figures& found) {
  const double size = tasks * std::log2(instances + 1.0);
  std::printf("| %d | %d | %s | %.1f | %lld | %lld | %.2f | %.1f | %.1f |\n", instances, tasks, what,
              static_cast<double>(found.took_us) / 1e6, static_cast<long long>(found.moved),
              static_cast<long long>(found.messages), static_cast<double>(found.messages) / size,
              static_cast<double>(found.bytes) / size, static_cast<double>(found.fetched_most) / 1e9);
  std::fflush(stdout);
}

void measure(int instances, int32_t tasks, int64_t state_bytes, int64_t bandwidth) {
  Job job(instances, tasks, state_bytes, bandwidth);
  job.time().spawn([&] {
    print(instances, tasks, "all start", job.settle());
    job.add();
    print(instances, tasks, "one joins", job.settle());
    job.end_one();
    print(instances, tasks, "one leaves", job.settle());
    if (instances >= 3) {
      job.crash(instances / 3);
      print(instances, tasks, "a third crashes", job.settle());
    }
    job.end();
  });
  job.time().run();
}

}  // namespace

int main(int count, char** words) {
  const int64_t state = (count > 1 ? std::atoll(words[1]) : 200) * 1'000'000;
  const int64_t bandwidth = (count > 2 ? std::atoll(words[2]) : 500) * 1'000'000;
  std::printf(
      "| instances | tasks | event | s until all work | tasks that moved | requests | of (tasks × log2 instances) | "
      "bytes of that | most GB fetched by one |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const auto& [instances, tasks] :
       {std::pair(3, 100), std::pair(10, 1'000), std::pair(30, 3'000), std::pair(100, 1'000), std::pair(100, 10'000)})
    measure(instances, tasks, state, bandwidth);
}
