#include "runtime/tasks/only_member.h"

#include "runtime/broker/patience.h"
#include "runtime/report/erasure_findings.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000, kShortly = 100'000;
/// How long it takes, beyond a session, until the group has given up members that are gone.
constexpr int64_t kUntilAlone = 20'000'000;
/// Between two answers to the group, which would give the tasks to others.
constexpr int64_t kServeEvery = 500'000;

}  // namespace

void OnlyMember::leave() {
  if (group_ != nullptr) (void)group_->leave(kPatience, *this);
}

Error OnlyMember::group_has_members() const {
  const Diagnostic runs = diag::GroupHasMembers{.group = options_.broker.group}.make();
  return {ErrorKind::usage, runs.message, runs.code, 0};
}

Status OnlyMember::join(const std::string& epochs, int32_t tasks) {
  auto reader = seams_.broker->make_reader({.group = options_.broker.group});
  if (!reader.ok()) return Error(reader.error());
  reader_ = std::move(*reader);
  auto writer = seams_.broker->make_writer({.transactional_id = options_.broker.group + ".erasure",
                                            .transaction_timeout_us = options_.broker.transaction_timeout_us,
                                            .compression = options_.broker.compression});
  if (!writer.ok()) return Error(writer.error());
  writer_ = std::move(*writer);
  transaction_ = std::make_unique<Transaction>(
      *writer_, options_.commits != nullptr ? *options_.commits : seams_.executor, kPatience);
  if (options_.job.kill_point) transaction_->before_offsets = [this] { options_.job.kill_point("before_erasure"); };
  const auto begun =
      ask_patiently(seams_.clock, options_.job.stop_requested, [&] { return writer_->begin_session(kPatience); });
  if (!begun.ok()) return Error(begun.error());
  auto group = seams_.broker->make_group({.group = options_.broker.group,
                                          .topic = epochs,
                                          .instance = {},
                                          .session_timeout_us = options_.broker.session_timeout_us});
  if (!group.ok()) return Error(group.error());
  group_ = std::move(*group);
  const int64_t until = seams_.clock.steady_us() + options_.broker.session_timeout_us + kUntilAlone;
  while (owned_.size() < static_cast<size_t>(tasks)) {
    const BrokerStatus served = group_->serve(kShortly, *this);
    if (!served.ok() && served.error().fault != BrokerFault::retry) return Error(served.error());
    if (seams_.clock.steady_us() >= until || stops()) return group_has_members();
    reader_->wait(kShortly);
  }
  is_alone_ = was_alone_ = true;
  return {};
}

Status OnlyMember::stay() {
  if (stops()) {
    const Diagnostic stopped =
        diag::TopicErasureNotPossible{.group = options_.broker.group, .reason = "it was stopped"}.make();
    return Error{ErrorKind::store, stopped.message, stopped.code, 0};
  }
  const int64_t now = seams_.clock.steady_us();
  if (now - served_at_ < kServeEvery) return {};
  served_at_ = now;
  const BrokerStatus served = group_->serve(0, *this);
  if (!served.ok() && served.error().fault != BrokerFault::retry) return Error(served.error());
  return is_alone_ ? Status() : Status(group_has_members());
}

Status OnlyMember::stay_now() {
  served_at_ = 0;
  return stay();
}

}  // namespace braid
