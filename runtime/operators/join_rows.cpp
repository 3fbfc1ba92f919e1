#include "runtime/operators/join_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "runtime/base/check.h"
#include "runtime/operators/output_trace.h"

namespace braid {
namespace {

bool is_whole(const std::vector<uint32_t>& rows, uint32_t count) {
  if (rows.size() != count) return false;
  for (uint32_t i = 0; i < count; ++i)
    if (rows[i] != i) return false;
  return true;
}

}  // namespace

JoinRows::JoinRows(const Services& services, const JoinShape& shape)
    : services_(services),
      shape_(shape),
      left_leaves_(flatten(first_fields(
          services.program.operators[services.program.operators[services.index].inputs[0]].row, shape.left_fields))),
      right_rows_(first_fields(services.program.operators[services.program.operators[services.index].inputs[1]].row,
                               shape.right_fields)) {
  const Operator& self = services.program.operators[services.index];
  right_leaves_ = flatten(first_fields(services.program.operators[self.inputs[1]].row, shape.right_fields));
  right_name_ = self.row.empty() ? std::string() : self.row.back().name;
  size_t presence = shape.left ? 1 : 0;
  BRAID_CHECK(flatten(self.row).size() == left_leaves_.size() + presence + right_leaves_.size(),
              "the row of a join is not its left fields and the struct of its right fields");
}

Block JoinRows::pair_block(const Block& left, const JoinPairs& pairs, bool presence) {
  auto count = static_cast<uint32_t>(pairs.rows.size());
  Arena& arena = services_.arena;
  Block left_part;
  if (is_whole(pairs.rows, left.rows)) {
    left_part = left;
    left_part.columns.resize(left_leaves_.size());
  } else {
    Block narrow = left;
    narrow.columns.resize(left_leaves_.size());
    left_part = gather(narrow, pairs.rows, left_leaves_, arena);
  }
  Block block = left_part;
  uint8_t* present = nullptr;
  if (presence) {
    present = arena.allocate_array<uint8_t>(count);
    block.columns.push_back({LeafKind::u8, present});
  }
  size_t first = block.columns.size();
  for (const Leaf& leaf : right_leaves_)
    block.columns.push_back({leaf.kind, arena.allocate(leaf_width(leaf.kind) * count)});
  Block target = right_rows_.target(block, first);
  for (uint32_t i = 0; i < count; ++i) {
    bool met = pairs.rights[i].data != nullptr;
    if (presence) present[i] = met;
    if (met) {
      right_rows_.read(pairs.rights[i], target, i, arena);
    } else {
      for (const Column& column : target.columns)
        std::memset(static_cast<char*>(column.data) + leaf_width(column.kind) * i, 0, leaf_width(column.kind));
    }
  }
  return block;
}

Block JoinRows::join(const Block& left, const JoinPairs& pairs) {
  return pair_block(left, pairs, shape_.left);
}

void JoinRows::evaluate(const Block& left, const JoinPairs& pairs, PairDrops& drops) {
  drops.clear();
  drops.resize(pairs.rows.size());
  if (shape_.residual.empty()) return;
  JoinPairs met;
  std::vector<uint32_t> places;
  auto run = [&] {
    Block block = pair_block(left, met, false);
    std::vector<void*> none(block.columns.size(), nullptr);
    KernelResult result = run_kernel(shape_.residual, block, none, services_.arena, services_.call);
    DropReasons reasons(shape_.residual, result);
    for (const Drop& drop : result.drops) {
      PairDrop& pair = drops[places[drop.row]];
      pair.drop = &drop;
      if (drop.code != 0) pair.reason = std::make_unique<const RowReason>(reasons.of(drop));
    }
    met.clear();
    places.clear();
  };
  for (uint32_t i = 0; i < pairs.rows.size(); ++i) {
    if (pairs.rights[i].data == nullptr) continue;
    met.add(pairs.rows[i], pairs.rights[i]);
    places.push_back(i);
    if (places.size() == kBlockRows) run();
  }
  if (!places.empty()) run();
}

void JoinRows::filter(const Block& left, JoinPairs& pairs) {
  if (shape_.residual.empty()) return;
  PairDrops drops;
  evaluate(left, pairs, drops);
  size_t kept = 0;
  for (size_t i = 0; i < pairs.rows.size(); ++i) {
    if (rejects(drops[i])) {
      services_.dispositions.leave(services_.index, 0, left, pairs.rows[i], drops[i].drop->site, *drops[i].reason);
      continue;
    }
    pairs.rows[kept] = pairs.rows[i];
    pairs.rights[kept++] = !drops[i] ? pairs.rights[i] : Bytes{nullptr, 0};
  }
  pairs.rows.resize(kept);
  pairs.rights.resize(kept);
}

void JoinRows::reject_pair(const Block& left, uint32_t row, Bytes right, const PairDrop& drop) {
  services_.dispositions.make(services_.index, 1);
  JoinPairs pair;
  pair.add(row, right);
  if (services_.trace != nullptr) services_.trace->pair = row;
  services_.dispositions.leave(services_.index, Dispositions::kMadeHere, join(left, pair), 0, drop.drop->site,
                               *drop.reason);
  if (services_.trace != nullptr) services_.trace->pair = -1;
}

void JoinRows::finish_all(const Block& left, const JoinPairs& pairs, std::vector<Block>& out) {
  PairDrops drops;
  evaluate(left, pairs, drops);
  const bool makes = shape_.yield == JoinYield::matches;
  JoinPairs going;
  for (size_t next = 0; next < pairs.rows.size();) {
    const uint32_t row = pairs.rows[next];
    bool met = false;
    const PairDrop* rejection = nullptr;
    for (; next < pairs.rows.size() && pairs.rows[next] == row; ++next) {
      if (pairs.rights[next].data == nullptr) continue;
      const bool rejected = rejects(drops[next]);
      if (drops[next] && !rejected) continue;
      met |= makes || !rejected;
      if (rejected && makes)
        reject_pair(left, row, pairs.rights[next], drops[next]);
      else if (makes)
        going.add(row, pairs.rights[next]);
      else if (rejected && rejection == nullptr)
        rejection = &drops[next];
    }
    if (rejection != nullptr) {
      services_.dispositions.leave(services_.index, 0, left, row, rejection->drop->site, *rejection->reason);
    } else if (!makes && met == (shape_.yield == JoinYield::semi)) {
      going.add(row, {nullptr, 0});
    } else if (!makes && met) {
      leave_met(left, row);
    } else if (makes && (met || shape_.left)) {
      services_.dispositions.use(services_.index, 0, left.record_of(row));
      if (!met) going.add(row, {nullptr, 0});
    } else {
      leave_unmatched(left, row);
    }
  }
  if (makes) services_.dispositions.make(services_.index, going.rows.size());
  if (services_.trace != nullptr) services_.trace->put_out(going.rows);
  for (size_t first = 0; first < going.rows.size(); first += kBlockRows) {
    JoinPairs part;
    for (size_t i = first; i < std::min<size_t>(first + kBlockRows, going.rows.size()); ++i)
      part.add(going.rows[i], going.rights[i]);
    out.push_back(join(left, part));
  }
}

void JoinRows::leave_unmatched(const Block& left, uint32_t row) {
  constexpr uint32_t kUnmatchedRow = 6304;
  services_.dispositions.leave(services_.index, 0, left, row, shape_.unmatched_site,
                               {.code = kUnmatchedRow, .arguments = {{"relation", right_name_}}});
}

void JoinRows::leave_met(const Block& left, uint32_t row) {
  services_.dispositions.leave(services_.index, 0, left, row, shape_.met_site, {});
}

void JoinRows::keep_by_match(const Block& left, JoinPairs& pairs) {
  const bool keeps_met = shape_.yield == JoinYield::semi;
  size_t kept = 0;
  for (size_t i = 0; i < pairs.rows.size(); ++i) {
    const bool met = pairs.rights[i].data != nullptr;
    if (met == keeps_met) {
      pairs.rows[kept] = pairs.rows[i];
      pairs.rights[kept++] = {nullptr, 0};
    } else if (met) {
      leave_met(left, pairs.rows[i]);
    } else {
      leave_unmatched(left, pairs.rows[i]);
    }
  }
  pairs.rows.resize(kept);
  pairs.rights.resize(kept);
}

Block JoinRows::alone(const Block& right) const {
  Arena& arena = services_.arena;
  Block block = right;
  block.columns.clear();
  for (const Leaf& leaf : left_leaves_) {
    const size_t bytes = leaf_width(leaf.kind) * right.rows;
    block.columns.push_back({leaf.kind, arena.allocate(bytes)});
    std::memset(block.columns.back().data, 0, bytes);
  }
  if (shape_.left) {
    auto* present = arena.allocate_array<uint8_t>(right.rows);
    std::memset(present, 1, right.rows);
    block.columns.push_back({LeafKind::u8, present});
  }
  block.columns.insert(block.columns.end(), right.columns.begin(),
                       right.columns.begin() + static_cast<std::ptrdiff_t>(right_leaves_.size()));
  return block;
}

void JoinRows::finish(const Block& left, JoinPairs& pairs, std::vector<Block>& out) {
  filter(left, pairs);
  if (shape_.yield != JoinYield::matches) {
    keep_by_match(left, pairs);
  } else if (!shape_.left) {
    size_t kept = 0;
    for (size_t i = 0; i < pairs.rows.size(); ++i) {
      if (pairs.rights[i].data == nullptr) {
        leave_unmatched(left, pairs.rows[i]);
        continue;
      }
      pairs.rows[kept] = pairs.rows[i];
      pairs.rights[kept++] = pairs.rights[i];
    }
    pairs.rows.resize(kept);
    pairs.rights.resize(kept);
  }
  if (pairs.rows.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(pairs.rows);
  out.push_back(join(left, pairs));
}

}  // namespace braid
