#include "runtime/operators/retime.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "runtime/base/check.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr int64_t kDefaultAhead = 3'600'000'000;

/// By how much a right row may be later than the left row that it meets.
int64_t reach_of(const IntervalJoinOperator& join) {
  if (join.shape.yield != JoinYield::matches) return 0;
  if (join.upper_field >= 0) return kEndTime;
  return std::max<int64_t>(join.upper_us.value_or(join.lower_us ? kEndTime : join.retain_us), 0);
}

}  // namespace

RetimeNode::RetimeNode(const Services& services)
    : OperatorNode(services), content_(std::get<RetimeOperator>(self_.content)), places_(services.program) {
  time_column_ = static_cast<uint32_t>(leaf_offset(self_.row, content_.time_field));
  BRAID_CHECK(flatten(self_.row)[time_column_].kind == LeafKind::i64, "the new event time is no timestamp");
  find_bases(self_.inputs[0], {});
}

void RetimeNode::find_bases(int op, Basis way) {
  const Operator& upstream = services_.program.operators[op];
  const auto* publish = std::get_if<PublishOperator>(&upstream.content);
  if (const auto* source = std::get_if<SourceOperator>(&upstream.content)) {
    way.source = source->source;
    bases_.push_back(std::move(way));
  } else if (std::holds_alternative<RetimeOperator>(upstream.content)) {
    way.step = static_cast<const RetimeNode*>(services_.nodes[op].get());
    bases_.push_back(std::move(way));
  } else if (publish != nullptr && services_.program.whole == nullptr) {
    way.products.push_back(publish->product);
    find_bases(upstream.inputs[0], std::move(way));
  } else if (std::holds_alternative<TickOperator>(upstream.content) || grouping_of(upstream) != nullptr ||
             std::holds_alternative<LatestOperator>(upstream.content) ||
             std::holds_alternative<NetOperator>(upstream.content) ||
             std::holds_alternative<EmitOperator>(upstream.content) ||
             std::holds_alternative<TableJoinOperator>(upstream.content) ||
             std::holds_alternative<MatchOperator>(upstream.content) || publish != nullptr) {
    bases_.push_back({});  // of a stage, which does not know the partitions of what it is sent
  } else if (std::holds_alternative<UnionOperator>(upstream.content)) {
    for (int input : upstream.inputs) find_bases(input, way);
  } else {
    way.held |= std::holds_alternative<AsOfJoinOperator>(upstream.content) ||
                std::holds_alternative<IntervalJoinOperator>(upstream.content) ||
                std::holds_alternative<RunningOperator>(upstream.content) ||
                std::holds_alternative<InOrderOperator>(upstream.content) ||
                std::holds_alternative<UniqueOperator>(upstream.content);
    // Joins hand on the record of their left row, with the time of the later one; right rows go on alone with theirs.
    if (const auto* join = std::get_if<IntervalJoinOperator>(&upstream.content)) {
      if (join->shape.right) find_bases(upstream.inputs[1], way);
      way.ahead = add_time(way.ahead, reach_of(*join));
    }
    find_bases(upstream.inputs[0], std::move(way));
  }
}

RetimeNode::Place RetimeNode::place_of(const Basis& basis, uint32_t source, uint32_t partition) const {
  if (source == UINT32_MAX) return {source, partition};  // made rows, none of which has come
  Record record;
  record.source = source;
  record.partition = partition;
  for (auto product = basis.products.rbegin(); product != basis.products.rend(); ++product)
    places_.hand_on(*product, record);
  return {record.source, record.partition};
}

RetimeNode::Clock& RetimeNode::clock_of(const Record& record) {
  auto [place, added] = clocks_.try_emplace({record.source, record.partition});
  if (added) {
    PartitionClock& clock = place->second.clock;
    clock.within = content_.within_us;
    bool declared = record.source < services_.program.sources.size();
    clock.ahead = declared ? services_.program.sources[record.source].ahead_us : kDefaultAhead;
    if (content_.by_arrival) clock.floor = gone_on().clock.max;
  }
  return place->second;
}

Block RetimeNode::begin(const Block& block) const {
  Block retimed = block;
  retimed.time = arena().allocate_array<int64_t>(block.rows);
  retimed.watermark = arena().allocate_array<int64_t>(block.rows);
  return retimed;
}

void RetimeNode::set_time(Block& retimed, uint32_t row) {
  const int64_t time = retimed.columns[time_column_].as<int64_t>()[row];
  Clock& clock = clock_of(retimed.record_of(row));
  clock.dirty = true;
  if (content_.by_arrival) {
    clock.clock.wake(gone_on().clock.max);
    retimed.watermark[row] = clock.clock.watermark();
    retimed.time[row] = std::max(time, retimed.watermark[row]);
    clock.clock.advance(retimed.time[row]);
    return;
  }
  retimed.time[row] = time;
  retimed.watermark[row] = clock.clock.watermark();
  clock.clock.observe(time);
}

void RetimeNode::take(int, const Block& block, std::vector<Block>& out) {
  Block retimed = begin(block);
  for (uint32_t row = 0; row < block.rows; ++row) set_time(retimed, row);
  out.push_back(std::move(retimed));
}

void RetimeNode::take_turn(std::span<const Block> blocks, std::vector<Block>& out) {
  struct At {
    uint64_t turn;  ///< of the record; an earlier one of rows that came by a port
    uint32_t ordinal, block, row;
    auto operator<=>(const At&) const = default;
  };
  const size_t first = out.size();
  std::vector<At> rows;
  for (const Block& block : blocks) {
    const auto at = static_cast<uint32_t>(out.size() - first);
    for (uint32_t row = 0; row < block.rows; ++row) {
      const Record& record = block.record_of(row);
      rows.push_back({record.turn, record.ordinal, at, row});
    }
    out.push_back(begin(block));
  }
  if (!std::ranges::is_sorted(rows)) std::ranges::sort(rows);
  for (const At& each : rows) set_time(out[first + each.block], each.row);
}

EdgeTime RetimeNode::output_time(std::span<const EdgeTime> inputs) const {
  EdgeTime total;
  silent_.clear();
  std::set<Place> named;  // partitions whose clocks are known where they begin
  // `follows`: it is idle, and the time before this step has gone on by the clock to `max`.
  auto add = [&](Place place, const PartitionClock& upstream) {
    auto inherit = [&](PartitionClock& clock) {
      clock.ended = upstream.ended;
      clock.idle = upstream.idle;
      clock.follows = upstream.idle && upstream.follows;
      if (clock.follows) clock.follow(upstream.max);
    };
    if (auto own = clocks_.find(place); own != clocks_.end()) {
      const PartitionClock before = own->second.clock;
      inherit(own->second.clock);
      own->second.dirty |= std::memcmp(&before, &own->second.clock, sizeof(before)) != 0;
      total = total + EdgeTime::of(own->second.clock);
    } else {
      PartitionClock silent;  // no row of it has come so far
      silent.within = content_.within_us;
      inherit(silent);
      silent_[place] = silent;
      total = total + EdgeTime::of(silent);
    }
  };
  for (const Basis& basis : bases_) {
    auto inherit = [&](uint32_t source, uint32_t partition, const PartitionClock& upstream) {
      const bool rows_are_out =
          !basis.held || edges[0].ended || edges[0].finite > add_time(basis.ahead, upstream.newest);
      PartitionClock seen = upstream;
      seen.ended &= rows_are_out;
      seen.idle &= rows_are_out;
      const Place place = place_of(basis, source, partition);
      named.insert(place);
      add(place, seen);
    };
    if (basis.source >= 0) {
      services_.clocks.visit_clocks(static_cast<uint32_t>(basis.source), inherit);
    } else if (basis.step != nullptr) {
      for (uint32_t source = 0; source <= made_source(services_.program); ++source)
        basis.step->visit_clocks(source, inherit);
      basis.step->visit_clocks(UINT32_MAX, inherit);
    }
  }
  for (const Basis& basis : bases_) {
    if (basis.source < 0 && basis.step == nullptr) {
      PartitionClock made;
      made.ended = edges[0].ended;
      made.idle = !made.ended && inputs[0].active == 0;
      made.follows = made.idle && inputs[0].moves();
      if (made.follows) made.max = inputs[0].w;
      bool any = false;
      for (auto& [place, clock] : clocks_) {
        if (place.first < services_.program.sources.size() || place == kGoneOn || named.contains(place)) continue;
        any = true;
        add(place, made);
      }
      if (!any) add({UINT32_MAX, 0}, made);
    }
  }
  if (content_.by_arrival && total.moves() && total.w > gone_on().clock.max) {
    gone_on().clock.max = total.w;
    gone_on().dirty = true;
  }
  return total;
}

void RetimeNode::visit_clocks(uint32_t source, const Visit& visit) const {
  for (const auto& [place, clock] : clocks_)
    if (place.first == source && place != kGoneOn) visit(place.first, place.second, clock.clock);
  for (const auto& [place, clock] : silent_)
    if (place.first == source) visit(place.first, place.second, clock);
}

void RetimeNode::freeze() {
  for (auto& [place, clock] : clocks_) {
    if (!clock.dirty) continue;
    clock.dirty = false;
    WireWriter key, value;
    key.fixed(place.first);
    key.fixed(place.second);
    value.fixed(clock.clock);
    frozen_.put(StateFamily::point, point_key(table(0), 0, key.bytes()), value.take());
  }
}

Status RetimeNode::restore(StateStore& store, uint64_t) {
  return store.scan(StateFamily::point, table_prefix(table(0)),
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
