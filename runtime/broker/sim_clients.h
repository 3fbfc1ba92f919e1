// What the clients of a SimBroker have in common. Internal to the folder.
#pragma once

#include "runtime/broker/sim_cluster.h"

namespace braid {

class SimClient {
 protected:
  SimClient(SimCluster& cluster, std::shared_ptr<SimInstance> instance)
      : cluster_(cluster), instance_(std::move(instance)) {}
  ~SimClient() = default;

  int64_t now() const { return cluster_.time().now_us(); }
  /// What may befall an instance at a call; the error of an instance that has crashed.
  BrokerStatus enter();
  /// As SimTime::wait, but a paused instance goes on when its pause is over, and a crashed one at once.
  bool wait(int64_t until_us, const std::function<bool()>& done);
  /// A caller that asks again and again takes time, too, and others go on.
  void pass_time() {
    wait(now() + kLeastWait, [] { return false; });
  }
  /// Sends until there is an answer that is not to be tried again, or the time is over: then the last one, if any.
  template <class A>
  std::optional<A> call(SimRequest kind, int64_t until_us, const std::function<A()>& apply);
  /// Each attempt of call(): how it went.
  virtual void attempt_sent() {}
  virtual void attempt_ended(bool answered) { (void)answered; }

  static constexpr int64_t kBackoff = 20'000;
  static constexpr int64_t kLeastWait = 10;

  SimCluster& cluster_;
  std::shared_ptr<SimInstance> instance_;
  SimConnection connection_;
  /// Answers to an object that is gone, or to an earlier session of it, are dropped by this.
  std::shared_ptr<char> life_ = std::make_shared<char>();
};

template <class A>
std::optional<A> SimClient::call(SimRequest kind, int64_t until_us, const std::function<A()>& apply) {
  struct Slot {
    bool settled = false;
    std::optional<A> answer;
  };
  std::optional<A> last;
  while (!instance_->crashed) {
    auto slot = std::make_shared<Slot>();
    attempt_sent();
    cluster_.send<A>(instance_, connection_, kind, apply, [slot](std::optional<A> answer) {
      slot->answer = std::move(answer);
      slot->settled = true;
    });
    if (!wait(until_us, [&] { return slot->settled; })) return last;
    attempt_ended(slot->answer.has_value());
    if (slot->answer && !is_retriable(slot->answer->error)) return slot->answer;
    last = slot->answer;
    if (now() + kBackoff >= until_us) return last;
    wait(now() + kBackoff, [] { return false; });
  }
  return std::nullopt;
}

std::unique_ptr<BrokerReader> make_sim_reader(SimCluster& cluster, std::shared_ptr<SimInstance> instance);
std::unique_ptr<BrokerGroup> make_sim_group(SimCluster& cluster, std::shared_ptr<SimInstance> instance,
                                            const GroupOptions& options);
std::unique_ptr<BrokerWriter> make_sim_writer(SimCluster& cluster, std::shared_ptr<SimInstance> instance,
                                              const WriterOptions& options);

}  // namespace braid
