#include "runtime/operators/table_group.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/output_trace.h"
#include "runtime/operators/same_cell.h"

namespace braid {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

}  // namespace

TableGroupNode::TableGroupNode(const Services& services)
    : ChangesNode(services),
      content_(std::get<GroupOperator>(self_.content)),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      state_(content_.aggregates, input_row(0), static_cast<uint32_t>(leaf_offset(self_.row, content_.keys.size())),
             content_.retracted >= 0),
      results_({self_.row.begin() + static_cast<std::ptrdiff_t>(content_.keys.size()), self_.row.end() - 1}),
      has_lists_(
          std::any_of(leaves_.begin(), leaves_.end(), [](const Leaf& leaf) { return leaf.kind == LeafKind::list; })),
      standing_offset_((state_.size() + alignof(Standing) - 1) / alignof(Standing) * alignof(Standing)),
      values_(*this),
      rows_(table(0), table(1), key_, services, values_, pool_,
            forgets() ? std::optional(DueKeys::timers(table(2), retains() ? content_.retain_us : 0)) : std::nullopt) {
  if (forgets()) dues_.emplace(rows_, standing_offset_ + sizeof(Standing));
  if (content_.window_key >= 0) {
    const int field = content_.keys[static_cast<size_t>(content_.window_key)];
    end_column_ = static_cast<int>(leaf_offset(input_row(0), field) + leaf_count(input_row(0)[field].type)) - 1;
  }
  if (content_.retracted >= 0) retracted_column_ = static_cast<int>(leaf_offset(input_row(0), content_.retracted));
  BRAID_CHECK(state_.end_column() + 1 == leaves_.size(), "the row of a group is not keys, aggregates, its mark");
  BRAID_CHECK(retracted_column_ < 0 || state_.subtracts(), "an aggregate that rows cannot be taken out of");
}

void TableGroupNode::Groups::store(char* value, WireWriter& out, const PutPart& put) {
  const Standing& standing = node_.standing(value);
  out.fixed(standing.time);
  out.fixed(standing.rows);
  out.fixed(static_cast<uint8_t>(standing.stands));
  if (node_.forgets()) out.fixed(node_.dues_->of(value).time);
  node_.state_.store(value, out);
  node_.state_.take_news(value, node_.pool_, put);
  for (const uint32_t count : parts(value)) out.fixed(count);
}

bool TableGroupNode::Groups::load(WireReader& in, char* value) {
  Standing& standing = node_.standing(value);
  standing.time = in.fixed<int64_t>();
  standing.rows = in.fixed<int64_t>();
  standing.stands = in.fixed<uint8_t>();
  if (node_.forgets()) node_.dues_->of(value).time = in.fixed<int64_t>();
  if (!node_.state_.load(in, value, node_.pool_)) return false;
  for (size_t set = 0; set < node_.state_.part_sets(); ++set)
    node_.state_.parts(set, value).stored = in.fixed<uint32_t>();
  return true;
}

std::vector<uint32_t> TableGroupNode::Groups::parts(char* value) {
  std::vector<uint32_t> counts;
  for (size_t set = 0; set < node_.state_.part_sets(); ++set) counts.push_back(node_.state_.parts(set, value).stored);
  return counts;
}

bool TableGroupNode::Groups::load_part(uint16_t set, std::string_view bytes, char* value) {
  return node_.state_.load_part(set, bytes, value, node_.pool_);
}

void TableGroupNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  note(rows_.warm(keys, block.rows));
  auto* taken_rows = arena().allocate_array<uint32_t>(block.rows);
  for (uint32_t row = 0; row < block.rows; ++row) {
    taken_rows[row] = row;
    rows_.prefetch_slot(keys.hashes[row]);
  }
  for (uint32_t row = 0; row < block.rows; ++row) rows_.prefetch_row(keys.hashes[row]);
  dispositions().use_rows(index(), 0, block, {taken_rows, block.rows});

  states_.resize(block.rows);
  std::vector<uint32_t> stood;  // touches of groups that have a row
  RowHandle at = kNoRow;
  uint32_t folded = 0;  // rows that have gone into their groups
  for (uint32_t row = 0; row < block.rows; ++row) {
    const bool same =
        row > 0 && keys.hashes[row] == keys.hashes[row - 1] && keys.keys[row].view() == keys.keys[row - 1].view();
    if (!same) {
      bool added = false;
      at = rows_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added);
      rows_.change(at);
      Standing& standing = this->standing(at);
      if (added) standing.time = kNoTime;
      if (added && end_column_ >= 0)
        dues_->begin(at, add_time(block.columns[end_column_].as<int64_t>()[row], content_.window.late_us));
      if (standing.touch == 0) touch_group(at, sequence_of(row), stood);
    }
    if (retains()) {
      if (has_ended(standing(at), block.time[row])) {
        keep_results(stood);
        stood.clear();
        fold(block, {taken_rows + folded, row - folded}, false);
        folded = row;
        end_at(touched(standing(at).touch - 1), add_time(standing(at).time, content_.retain_us), block.time[row]);
        at = begin_anew(at);
      }
      const int64_t due = add_time(std::max(standing(at).time, block.time[row]), content_.retain_us);
      if (standing(at).rows == 0) {
        dues_->begin(at, due);
      } else {
        dues_->move(rows_.value(at), due);
      }
    }
    states_[row] = rows_.value(at);
    Standing& standing = this->standing(at);
    standing.time = std::max(standing.time, block.time[row]);
    const bool goes = retracted_column_ >= 0 && block.columns[retracted_column_].as<uint8_t>()[row] != 0;
    standing.rows += goes ? -1 : 1;
  }
  keep_results(stood);
  if (retracted_column_ < 0) {
    fold(block, {taken_rows + folded, block.rows - folded}, false);
  } else {
    const auto* goes = block.columns[retracted_column_].as<uint8_t>();
    const auto middle =
        std::partition(taken_rows, taken_rows + block.rows, [&](uint32_t row) { return goes[row] == 0; });
    fold(block, {taken_rows, middle}, false);
    fold(block, {middle, taken_rows + block.rows}, true);
  }
  taken += block.rows;
}

void TableGroupNode::touch_group(RowHandle at, uint64_t sequence, std::vector<uint32_t>& stood) {
  Standing& standing = this->standing(at);
  touch(at, sequence);
  standing.touch = touches();
  before_places_.push_back({kNone, 0});
  if (standing.stands != 0) stood.push_back(touches() - 1);
}

RowHandle TableGroupNode::begin_anew(RowHandle at) {
  const Standing before = standing(at);
  const uint64_t hash = rows_.hash(at);
  const std::string_view key = arena().copy(rows_.key(at)).view();
  rows_.erase(at);
  bool added = false;
  at = rows_.find_or_add(hash, key, &added);
  rows_.change(at);
  Standing& now = standing(at);
  now.time = kNoTime;
  now.touch = before.touch;
  now.stands = before.stands;
  touched(before.touch - 1).row = at;
  return at;
}

void TableGroupNode::touch_forgotten() {
  if (!retains()) return;
  due_.clear();
  note(dues_->take(forgets_to(), due_));
  std::sort(due_.begin(), due_.end(), [this](RowHandle a, RowHandle b) {
    return std::pair(rows_.hash(a), rows_.key(a)) < std::pair(rows_.hash(b), rows_.key(b));
  });
  std::vector<uint32_t> stood;
  for (const RowHandle row : due_) {
    rows_.change(row);
    if (standing(row).touch == 0) touch_group(row, forgotten_sequence(), stood);
    end_at(touched(standing(row).touch - 1), dues_->of(rows_.value(row)).time, kEndTime);
    standing(row).forgotten = 1;
  }
  keep_results(stood);
}

void TableGroupNode::keep_results(std::span<const uint32_t> touches) {
  if (touches.empty()) return;
  const auto count = static_cast<uint32_t>(touches.size());
  std::vector<const char*> states(count);
  Block& results = before_.emplace_back(allocate_block(leaves_, count, before_arena_));
  results.rows = count;
  for (uint32_t i = 0; i < count; ++i) {
    states[i] = rows_.value(touched(touches[i]).row);
    before_places_[touches[i]] = {static_cast<uint32_t>(before_.size()) - 1, i};
  }
  std::vector<GroupState::Misfit> misfits;
  state_.read(states, results, before_arena_, misfits);
  BRAID_CHECK(misfits.empty(), "a row stands whose results do not fit");
}

void TableGroupNode::fold(const Block& block, std::span<const uint32_t> rows, bool go) {
  constexpr size_t kBatch = 128;  // rows whose groups fit the first cache
  std::vector<char*> states(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) states[i] = states_[rows[i]];
  for (size_t first = 0; first < rows.size(); first += kBatch) {
    const size_t count = std::min(kBatch, rows.size() - first);
    if (go) {
      state_.take_out(block, rows.subspan(first, count), states.data() + first, pool_);
    } else {
      news_bytes_ += state_.add(block, rows.subspan(first, count), states.data() + first, pool_);
    }
  }
  if (!go) news_bytes_ += state_.add_distinct(block, rows, states.data(), arena(), pool_);
}

bool TableGroupNode::equal(const Block& block, uint32_t a, const Block& other, uint32_t b) const {
  const size_t first = leaf_offset(self_.row, content_.keys.size());
  if (!has_lists_) {
    for (size_t leaf = first; leaf + 1 < leaves_.size(); ++leaf)
      if (!same_cell(leaves_[leaf].kind, block.columns[leaf], a, other.columns[leaf], b)) return false;
    return true;
  }
  std::string bytes, others;
  results_.append(results_.target(block, first), a, bytes);
  results_.append(results_.target(other, first), b, others);
  return bytes == others;
}

void TableGroupNode::emit(std::span<const Touched> touched, std::vector<Block>& out) {
  constexpr uint32_t kOverflow = 6101;
  // What the groups are now.
  const auto count = static_cast<uint32_t>(touched.size());
  Block results = allocate_block(leaves_, count, arena());
  results.rows = count;
  std::vector<const char*> states(count);
  for (uint32_t i = 0; i < count; ++i) states[i] = rows_.value(touched[i].row);
  std::vector<GroupState::Misfit> misfits;
  state_.read(states, results, arena(), misfits);

  struct Part {
    const Block* from;
    uint32_t row;
    size_t misfit;  ///< aggregate that does not fit
  };
  std::vector<Change> changes;
  std::vector<Part> parts;
  std::vector<RowHandle> ended;
  auto misfit = misfits.begin();
  for (uint32_t i = 0; i < count; ++i) {
    const Touched& each = touched[i];
    Standing& standing = this->standing(each.row);
    const Place before = before_places_[standing.touch - 1];
    standing.touch = 0;
    const bool stood = standing.stands != 0, there = standing.rows != 0 && standing.forgotten == 0;
    const bool misfits_now = misfit != misfits.end() && misfit->row == i;
    const size_t aggregate = misfits_now ? (misfit++)->aggregate : SIZE_MAX;
    if (!there) ended.push_back(each.row);
    const int64_t gone = goes_at(each, standing.time);
    if (stood && there && !misfits_now && gone == standing.time && equal(before_[before.block], before.row, results, i))
      continue;
    standing.stands = there && !misfits_now ? 1 : 0;
    auto add = [&](bool goes, const Part& part) {
      changes.push_back({each.sequence, goes, goes ? gone : standing.time, rows_.hash(each.row), rows_.key(each.row)});
      parts.push_back(part);
    };
    if (stood) add(true, {&before_[before.block], before.row, SIZE_MAX});
    if (there) add(false, {&results, i, aggregate});
  }
  if (!changes.empty()) {
    Block block = begin_block(changes);
    std::vector<uint32_t> kept;
    for (uint32_t row = 0; row < block.rows; ++row) {
      const Part& part = parts[row];
      // The group itself may leave before the turn is over.
      const std::string_view key =
          block.records[row].bytes.view().substr(block.records[row].bytes.size - changes[row].key.size());
      key_.decode(key, block, row, 0, arena());
      for (size_t leaf = leaf_offset(self_.row, content_.keys.size()); leaf + 1 < leaves_.size(); ++leaf)
        write_slot(block.columns[leaf], row, read_slot(part.from->columns[leaf], part.row));
      if (part.misfit == SIZE_MAX) {
        kept.push_back(row);
        continue;
      }
      const AggregateSpec& aggregate = content_.aggregates[part.misfit];
      dispositions().leave(index(), Dispositions::kMadeHere, block, row, content_.overflow_site,
                           {.code = kOverflow,
                            .expression = aggregate.expression,
                            .arguments = {{"type", to_string(aggregate.type)},
                                          {"values", state_.values_text(states[part.row], part.misfit)}}});
    }
    put_out(block, kept, out);
  }
  for (RowHandle row : ended) rows_.erase(row);
}

void TableGroupNode::end_turn() {
  if (content_.window_key >= 0) {
    due_.clear();
    note(dues_->take(edges[0].value(), due_));
    for (const RowHandle row : due_) rows_.erase(row);
  }
  before_.clear();
  before_places_.clear();
  before_arena_.reset();
}

void TableGroupNode::freeze() {
  rows_.freeze();
  news_bytes_ = 0;
}

Status TableGroupNode::evict(uint64_t bytes) {
  rows_.evict(bytes);
  if (dues_) dues_->forget_evicted();
  return {};
}

StateSize TableGroupNode::state_size() const {
  StateSize size = rows_.size();
  size.dirty += news_bytes_;
  if (dues_) size.bytes += dues_->bytes();
  return size;
}

}  // namespace braid
