#include "runtime/engine/told_promises.h"

#include <algorithm>
#include <charconv>

#include "runtime/engine/job_turns.h"

namespace braid {

EpochEvent told_event(const PromiseChange& change) {
  EpochEvent event;
  event.kind = change.breached ? EpochEvent::Kind::breached : EpochEvent::Kind::recovered;
  event.end = change.since;
  event.name = change.relation + '\n' + std::to_string(change.version) + '\n' + change.promise + '\n' + change.measured;
  if (!change.owner.empty() || !change.part.empty()) event.name += '\n' + change.owner + '\n' + change.part;
  return event;
}

PromiseChange told_change(const EpochEvent& event) {
  PromiseChange change;
  change.breached = event.kind == EpochEvent::Kind::breached;
  change.since = event.end;
  std::string_view rest = event.name;
  const auto line = [&rest] {
    const std::string_view first = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), first.size() + 1));
    return first;
  };
  change.relation = line();
  const std::string_view version = line();
  std::from_chars(version.data(), version.data() + version.size(), change.version);
  change.promise = line();
  change.measured = line();
  change.owner = line();
  change.part = rest;
  return change;
}

void JobTurns::run_told(const PromiseChange& change) {
  engine_->tell(change);
  record_.events.push_back(told_event(change));
  ++since_commit_;
}

Status JobTurns::tell(const std::vector<PromiseChange>& changes) {
  for (const PromiseChange& change : changes) {
    if (since_commit_ == 0) begin_epoch();
    run_told(change);
  }
  return changes.empty() ? Status() : engine_->health();
}

}  // namespace braid
