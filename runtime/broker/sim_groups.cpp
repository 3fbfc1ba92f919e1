#include "runtime/broker/sim_groups.h"

#include <algorithm>

namespace braid {

std::map<std::string, std::vector<int32_t>> share_partitions(int32_t partitions,
                                                             const std::map<std::string, std::vector<int32_t>>& owned) {
  std::map<std::string, std::vector<int32_t>> shares;
  if (owned.empty()) return shares;
  const auto members = static_cast<int32_t>(owned.size());
  const size_t least = static_cast<size_t>(partitions / members);
  size_t with_one_more = static_cast<size_t>(partitions % members);
  // Those that have most get the one more.
  std::vector<const std::pair<const std::string, std::vector<int32_t>>*> order;
  for (const auto& each : owned) order.push_back(&each);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second.size() != b->second.size() ? a->second.size() > b->second.size() : a->first < b->first;
  });
  std::vector<const std::string*> owner(static_cast<size_t>(partitions), nullptr);
  std::vector<bool> kept(static_cast<size_t>(partitions), false);
  std::vector<std::pair<const std::string*, size_t>> wanting;
  for (const auto* each : order) {
    size_t quota = least;
    if (with_one_more > 0) {
      ++quota;
      --with_one_more;
    }
    std::vector<int32_t>& share = shares[each->first];
    for (int32_t partition : each->second) {
      if (partition < 0 || partition >= partitions) continue;
      owner[static_cast<size_t>(partition)] = &each->first;
      if (share.size() >= quota) continue;
      share.push_back(partition);
      kept[static_cast<size_t>(partition)] = true;
    }
    if (share.size() < quota) wanting.emplace_back(&each->first, quota - share.size());
  }
  size_t at = 0;
  for (int32_t partition = 0; partition < partitions; ++partition) {
    if (kept[static_cast<size_t>(partition)]) continue;
    while (at < wanting.size() && wanting[at].second == 0) ++at;
    if (at == wanting.size()) break;
    --wanting[at].second;
    if (owner[static_cast<size_t>(partition)] == nullptr) shares[*wanting[at].first].push_back(partition);
  }
  for (auto& [name, share] : shares) std::sort(share.begin(), share.end());
  return shares;
}

SimError SimGroups::check(const Group& group, const SimMember& member) const {
  if (member.instance) {
    auto found = group.instances.find(*member.instance);
    if (found == group.instances.end()) return SimError::unknown_member;
    if (found->second != member.member) return SimError::fenced_instance;
  }
  if (!group.members.contains(member.member)) return SimError::unknown_member;
  return SimError::none;
}

SimError SimGroups::check_generation(const Group& group, const SimMember& member) const {
  if (const SimError error = check(group, member); error != SimError::none) return error;
  return member.generation == group.generation ? SimError::none : SimError::illegal_generation;
}

void SimGroups::join(const SimJoin& join, std::function<void(SimJoinAnswer)> answer) {
  Group& group = groups_[join.member.group];
  group.name = join.member.group;
  SimJoin joined = join;
  std::string& name = joined.member.member;
  if (name.empty()) {
    name = join.member.instance.value_or("member") + "-" + std::to_string(next_member_++);
    if (join.member.instance) {
      auto before = group.instances.find(*join.member.instance);
      if (before != group.instances.end() && group.members.contains(before->second)) {
        // Back under another name. Nothing moves.
        Member member = std::move(group.members[before->second]);
        group.members.erase(before->second);
        before->second = name;
        if (member.answer) std::exchange(member.answer, {})({{SimError::fenced_instance}, {}, -1, {}});
        member.last = joined;
        member.watched = false;
        member.expires_at = time_.now_us() + joined.session_timeout_us;
        Member& kept = group.members[name] = std::move(member);
        watch(group, name);
        if (group.state == State::stable) {
          answer({{}, name, group.generation, kept.assigned});
          return;
        }
        kept.answer = std::move(answer);
        finish_if_all_are_here(group);
        return;
      }
      group.instances[*join.member.instance] = name;
    }
  } else if (const SimError error = check(group, join.member); error != SimError::none) {
    answer({{error}, {}, -1, {}});
    return;
  }
  group.topic = join.topic;
  Member& member = group.members[name];
  member.last = joined;
  member.expires_at = time_.now_us() + joined.session_timeout_us;
  // An earlier request of the same member is answered in its place.
  member.answer = std::move(answer);
  watch(group, name);
  if (group.state != State::joining) begin_round(group);
  finish_if_all_are_here(group);
}

void SimGroups::begin_round(Group& group) {
  group.state = State::joining;
  const uint64_t round = ++group.round;
  int64_t longest = 0;
  for (const auto& [name, member] : group.members) longest = std::max(longest, member.last.work_timeout_us);
  time_.at(time_.now_us() + longest, [this, &group, round] {
    if (group.state == State::joining && group.round == round) finish_round(group);
  });
}

void SimGroups::finish_if_all_are_here(Group& group) {
  if (group.state != State::joining) return;
  for (const auto& [name, member] : group.members)
    if (!member.answer) return;
  finish_round(group);
}

void SimGroups::finish_round(Group& group) {
  // Static members may be away until their session is over; others have had their time.
  std::erase_if(group.members,
                [](const auto& each) { return !each.second.answer && !each.second.last.member.instance; });
  ++group.round;
  ++rebalances_;
  ++group.generation;
  group.state = group.members.empty() ? State::empty : State::stable;
  // Claims from the newest generation count, and of two claims of the same one neither.
  std::map<int32_t, std::pair<int32_t, const std::string*>> claims;
  for (const auto& [name, member] : group.members) {
    const SimJoin& last = member.last;
    const std::vector<int32_t>& owned = member.answer ? last.owned : member.assigned;
    const int32_t generation = member.answer ? last.member.generation : group.generation;
    for (int32_t partition : owned) {
      auto [claim, is_new] = claims.try_emplace(partition, generation, &name);
      if (is_new) continue;
      if (generation > claim->second.first)
        claim->second = {generation, &name};
      else if (generation == claim->second.first)
        claim->second.second = nullptr;
    }
  }
  std::map<std::string, std::vector<int32_t>> owned;
  for (const auto& [name, member] : group.members) owned[name];
  for (const auto& [partition, claim] : claims)
    if (claim.second != nullptr) owned[*claim.second].push_back(partition);
  const auto shares = share_partitions(partitions_of_(group.topic), owned);
  for (auto& [name, member] : group.members) {
    member.assigned = shares.at(name);
    if (!member.answer) continue;
    member.expires_at = time_.now_us() + member.last.session_timeout_us;
    member.last.member.generation = group.generation;
    std::exchange(member.answer, {})({{}, name, group.generation, member.assigned});
  }
}

void SimGroups::watch(Group& group, const std::string& name) {
  Member& member = group.members[name];
  if (member.watched) return;
  member.watched = true;
  time_.at(member.expires_at, [this, &group, name] {
    auto found = group.members.find(name);
    if (found == group.members.end()) return;
    found->second.watched = false;
    // Who waits for the answer to a join lives as long as that takes.
    if (found->second.answer) found->second.expires_at = time_.now_us() + found->second.last.session_timeout_us;
    if (found->second.expires_at <= time_.now_us())
      remove(group, name);
    else
      watch(group, name);
  });
}

void SimGroups::remove(Group& group, const std::string& name) {
  auto found = group.members.find(name);
  if (found == group.members.end()) return;
  const std::optional<std::string> instance = found->second.last.member.instance;
  if (instance && group.instances[*instance] == name) group.instances.erase(*instance);
  group.members.erase(found);
  if (group.state == State::stable) begin_round(group);
  finish_if_all_are_here(group);
}

SimAnswer SimGroups::heartbeat(const SimMember& asked) {
  Group& group = groups_[asked.group];
  if (const SimError error = check(group, asked); error != SimError::none) return {error};
  if (asked.generation != group.generation) return {SimError::illegal_generation};
  Member& member = group.members[asked.member];
  member.expires_at = time_.now_us() + member.last.session_timeout_us;
  if (group.state == State::joining) return {SimError::rebalance_in_progress};
  return {};
}

void SimGroups::leave(const SimMember& member) {
  Group& group = groups_[member.group];
  if (check(group, member) == SimError::none) remove(group, member.member);
}

void SimGroups::rebalance(const std::string& name) {
  Group& group = groups_[name];
  if (group.state == State::stable) begin_round(group);
}

void SimGroups::rebalance_all() {
  for (auto& [name, group] : groups_)
    if (group.state == State::stable) begin_round(group);
}

void SimGroups::renew_sessions() {
  for (auto& [group_name, group] : groups_)
    for (auto& [name, member] : group.members)
      member.expires_at = std::max(member.expires_at, time_.now_us() + member.last.session_timeout_us);
}

SimAnswer SimGroups::add_offsets(const SimMember& member, int64_t producer_id,
                                 const std::vector<OffsetToCommit>& offsets) {
  Group& group = groups_[member.group];
  group.name = member.group;
  if (member.generation >= 0 || !member.member.empty() || member.instance)
    if (const SimError error = check_generation(group, member); error != SimError::none) return {error};
  auto& pending = group.pending[producer_id];
  for (const OffsetToCommit& each : offsets) pending[each.place] = {each.offset, each.metadata};
  return {};
}

SimAnswer SimGroups::commit_offsets(const SimMember& member, const std::vector<OffsetToCommit>& offsets) {
  Group& group = groups_[member.group];
  group.name = member.group;
  if (const SimError error = check_generation(group, member); error != SimError::none) return {error};
  for (const OffsetToCommit& each : offsets) group.offsets[each.place] = {each.offset, each.metadata};
  return {};
}

SimAnswer SimGroups::forget(const std::string& name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return {};
  Group& group = found->second;
  if (!group.members.empty()) return {SimError::non_empty_group};
  // Rounds and time-outs refer to the group, so that it stays as an empty one.
  group.offsets.clear();
  return {};
}

void SimGroups::mark(const std::string& name, int64_t producer_id, bool commit) {
  Group& group = groups_[name];
  auto found = group.pending.find(producer_id);
  if (found == group.pending.end()) return;
  if (commit)
    for (auto& [place, committed] : found->second) group.offsets[place] = std::move(committed);
  group.pending.erase(found);
}

SimGroups::Offsets SimGroups::committed(const std::string& name, const std::vector<TopicPartition>& places) const {
  Offsets answer;
  auto group = groups_.find(name);
  for (const TopicPartition& place : places) {
    BrokerGroup::Committed& each = answer.found.emplace_back();
    each.place = place;
    if (group == groups_.end()) continue;
    for (const auto& [producer, pending] : group->second.pending)
      if (pending.contains(place)) return {{SimError::unstable_offsets}, {}};
    auto found = group->second.offsets.find(place);
    if (found == group->second.offsets.end()) continue;
    each.offset = found->second.offset;
    each.metadata = found->second.metadata;
  }
  return answer;
}

size_t SimGroups::members(const std::string& group) const {
  auto found = groups_.find(group);
  return found == groups_.end() ? 0 : found->second.members.size();
}

}  // namespace braid
