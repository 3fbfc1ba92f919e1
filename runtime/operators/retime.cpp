#include "runtime/operators/retime.h"

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr int64_t kDefaultAhead = 3'600'000'000;

}  // namespace

RetimeNode::RetimeNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<RetimeOperator>(self_.content)),
      leaves_(flatten(input_row(0))),
      rows_(input_row(0)),
      waiting_(HeldRows::Order::position, table(kWaitingTable), services, rows_, pool_) {
  time_column_ = static_cast<uint32_t>(leaf_offset(self_.row, content_.time_field));
  BRAID_CHECK(flatten(self_.row)[time_column_].kind == LeafKind::i64, "the new event time is no timestamp");
  find_bases(self_.inputs[0], false);
}

void RetimeNode::find_bases(int op, bool held) {
  const Operator& upstream = services_.program.operators[op];
  if (const auto* source = std::get_if<SourceOperator>(&upstream.content)) {
    bases_.push_back({source->source, nullptr, held});
  } else if (std::holds_alternative<RetimeOperator>(upstream.content)) {
    bases_.push_back({-1, static_cast<const RetimeNode*>(services_.nodes[op].get()), held});
  } else if (std::holds_alternative<GroupOperator>(upstream.content) ||
             std::holds_alternative<LatestOperator>(upstream.content) ||
             std::holds_alternative<NetOperator>(upstream.content) ||
             std::holds_alternative<TableJoinOperator>(upstream.content) ||
             std::holds_alternative<PublishOperator>(upstream.content)) {
    bases_.push_back({});
  } else if (std::holds_alternative<UnionOperator>(upstream.content)) {
    for (int input : upstream.inputs) find_bases(input, held);
  } else {
    held |= std::holds_alternative<AsOfJoinOperator>(upstream.content) ||
            std::holds_alternative<IntervalJoinOperator>(upstream.content) ||
            std::holds_alternative<UniqueOperator>(upstream.content);
    find_bases(upstream.inputs[0], held);  // joins hand on the record of their left row
    const auto* join = std::get_if<IntervalJoinOperator>(&upstream.content);
    if (join != nullptr && join->shape.right) find_bases(upstream.inputs[1], true);
  }
}

RetimeNode::Clock& RetimeNode::clock_of(const Record& record) {
  auto [place, added] = clocks_.try_emplace({record.source, record.partition});
  if (added) {
    PartitionClock& clock = place->second.clock;
    clock.within = content_.within_us;
    bool declared = record.source < services_.program.sources.size();
    clock.ahead = declared ? services_.program.sources[record.source].ahead_us : kDefaultAhead;
  }
  return place->second;
}

void RetimeNode::take(int, const Block& block, std::vector<Block>& out) {
  if (content_.sorts) {
    hold(block);
  } else {
    retime(block, out);
  }
  taken += block.rows;
}

void RetimeNode::hold(const Block& block) {
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row]) || block.time[row] <= sealed_) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    HeldRow held = hold_row(block, block, row, rows_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.sequence = sequence_of(row);
    waiting_.push(held);
  }
}

std::optional<ReleasePoint> RetimeNode::next_release() {
  if (!content_.sorts) return {};
  return waiting_.next_release(edges[0].value());
}

uint64_t RetimeNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  released_.clear();
  note(waiting_.take_before(std::min(point.time, edges[0].value()), released_));
  if (edges[0].ended && !released_.empty()) seal(released_.back().time);
  sort_released();
  for_each_block(released_, HeldRows::Order::position, rows_, leaves_, services_, [&](const Block& block) {
    for (uint32_t row = 0; row < block.rows; ++row) dispositions().release(index(), 0, block.record_of(row));
    retime(block, out);
  });
  return released_.size();
}

void RetimeNode::sort_released() {
  struct Row {
    int64_t new_time;
    const HeldRow* held;
  };
  std::vector<Row> rows;
  for_each_block(released_, HeldRows::Order::position, rows_, leaves_, services_, [&](const Block& block) {
    const auto* time = block.columns[time_column_].as<int64_t>();
    for (uint32_t row = 0; row < block.rows; ++row) rows.push_back({time[row], &released_[rows.size()]});
  });
  auto place = [](const Row& row) {
    const Record& record = row.held->record;
    return std::tuple(row.held->time, record.source, record.partition, record.position, row.new_time,
                      row.held->sequence);
  };
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return place(a) < place(b); });
  std::vector<HeldRow> sorted;
  sorted.reserve(rows.size());
  for (const Row& row : rows) sorted.push_back(*row.held);
  released_ = std::move(sorted);
}

void RetimeNode::finish_release(std::vector<Block>&) {
  if (content_.sorts) waiting_.pass(edges[0].value());
}

void RetimeNode::seal(int64_t time) {
  if (time <= sealed_) return;
  sealed_ = time;
  sealed_changed_ = true;
}

void RetimeNode::retime(const Block& block, std::vector<Block>& out) {
  Block retimed = block;
  retimed.time = arena().allocate_array<int64_t>(block.rows);
  retimed.watermark = arena().allocate_array<int64_t>(block.rows);
  const auto* time = block.columns[time_column_].as<int64_t>();
  for (uint32_t row = 0; row < block.rows; ++row) {
    Clock& clock = clock_of(block.record_of(row));
    retimed.time[row] = time[row];
    retimed.watermark[row] = clock.clock.watermark();
    clock.clock.observe(time[row]);
    clock.dirty = true;
  }
  out.push_back(std::move(retimed));
}

EdgeTime RetimeNode::output_time(std::span<const EdgeTime> inputs) const {
  EdgeTime total;
  auto add = [&](uint32_t source, uint32_t partition, bool ended, bool idle) {
    auto own = clocks_.find({source, partition});
    if (own != clocks_.end()) {
      own->second.dirty |= own->second.clock.ended != ended || own->second.clock.idle != idle;
      own->second.clock.ended = ended;
      own->second.clock.idle = idle;
      total = total + EdgeTime::of(own->second.clock);
    } else {
      PartitionClock silent;  // no row of it has come so far
      silent.ended = ended;
      silent.idle = idle;
      total = total + EdgeTime::of(silent);
    }
  };
  for (const Basis& basis : bases_) {
    auto inherit = [&](uint32_t source, uint32_t partition, const PartitionClock& upstream) {
      bool rows_are_out = !basis.held || edges[0].ended || edges[0].finite > upstream.newest;
      add(source, partition, upstream.ended && rows_are_out, upstream.idle && rows_are_out);
    };
    if (basis.source >= 0) {
      services_.clocks.visit_clocks(static_cast<uint32_t>(basis.source), inherit);
    } else if (basis.step != nullptr) {
      for (uint32_t source = 0; source < services_.program.sources.size(); ++source)
        basis.step->visit_clocks(source, inherit);
    } else {
      bool ended = edges[0].ended;
      bool idle = !ended && inputs[0].active == 0;
      bool any = false;
      for (auto& [place, clock] : clocks_) {
        if (place.first < services_.program.sources.size()) continue;
        any = true;
        add(place.first, place.second, ended, idle);
      }
      if (!any) add(UINT32_MAX, 0, ended, idle);
    }
  }
  return total;
}

void RetimeNode::visit_clocks(uint32_t source, const Visit& visit) const {
  for (const auto& [place, clock] : clocks_)
    if (place.first == source) visit(place.first, place.second, clock.clock);
}

void RetimeNode::freeze() {
  waiting_.freeze();
  for (auto& [place, clock] : clocks_) {
    if (!clock.dirty) continue;
    clock.dirty = false;
    WireWriter key, value;
    key.fixed(place.first);
    key.fixed(place.second);
    value.fixed(clock.clock);
    frozen_.put(StateFamily::point, point_key(table(kClockTable), 0, key.bytes()), value.take());
  }
  if (!std::exchange(sealed_changed_, false)) return;
  WireWriter out;
  out.fixed(sealed_);
  frozen_.put(StateFamily::point, point_key(table(kSealedTable), 0, {}), out.bytes());
}

void RetimeNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  batch.append(frozen_);
}

Status RetimeNode::evict(uint64_t bytes) {
  waiting_.evict(bytes);
  return {};
}

StateSize RetimeNode::state_size() const {
  StateSize size = waiting_.size();
  size += {clocks_.size(), clocks_.size() * sizeof(Clock) + pool_.bytes_used()};
  return size;
}

Status RetimeNode::restore(StateStore& store, uint64_t memory) {
  if (content_.sorts) {
    BRAID_TRY(waiting_.restore(store, memory));
    std::string sealed;
    BRAID_ASSIGN(bool found, store.get(StateFamily::point, point_key(table(kSealedTable), 0, {}), &sealed));
    if (found) {
      WireReader in(sealed);
      sealed_ = in.fixed<int64_t>();
      if (in.failed()) return Error{ErrorKind::store, "the time of a re-timed flow is damaged", 0, 0};
    }
  }
  return store.scan(StateFamily::point, table_prefix(table(kClockTable)),
                    [&](std::string_view key, std::string_view value) -> Status {
                      WireReader place(parse_point_key(key).key), in(value);
                      auto source = place.fixed<uint32_t>();
                      auto partition = place.fixed<uint32_t>();
                      Clock clock;
                      clock.clock = in.fixed<PartitionClock>();
                      if (place.failed() || in.failed())
                        return Error{ErrorKind::store, "the clock of a re-timed flow is damaged", 0, 0};
                      clocks_[{source, partition}] = clock;
                      return {};
                    });
}

}  // namespace braid
