#include "runtime/operators/match.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"

namespace braid {
namespace {

std::vector<Field> chosen(const std::vector<Field>& row, const std::vector<int>& fields) {
  std::vector<Field> made;
  for (const int field : fields) made.push_back(row[static_cast<size_t>(field)]);
  return made;
}

/// Matches last for `within`, so keys that are in the store alone come back a fraction of it too early.
int64_t timer_width(int64_t within) {
  return std::max<int64_t>(within / 8, int64_t{1} << 20);
}

void clear_leaves(const Block& block, size_t first, size_t count, uint32_t row) {
  for (size_t i = first; i < first + count; ++i) {
    const Column& column = block.columns[i];
    const size_t width = leaf_width(column.kind);
    std::memset(static_cast<char*>(column.data) + width * row, 0, width);
  }
}

}  // namespace

MatchNode::MatchNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<MatchOperator>(self_.content)),
      pattern_(content_),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      input_leaves_(flatten(input_row(0))),
      leaves_(flatten(self_.row)),
      input_rows_(input_row(0)),
      element_rows_(chosen(input_row(0), content_.fields)),
      waiting_(HeldRows::Order::position, table(kWaitingTable), services, input_rows_, pool_),
      keys_(table(kKeyTable), table(kKeyTable), key_, services, values_, pool_,
            KeyedRows::Timers{table(kTimerTable), timer_width(content_.within_us)}) {
  const std::vector<Field>& input = input_row(0);
  element_leaves_ = flatten(chosen(input, content_.fields));
  for (const int field : content_.fields)
    for (size_t i = 0; i < leaf_count(input[static_cast<size_t>(field)].type); ++i)
      element_columns_.push_back(leaf_offset(input, static_cast<size_t>(field)) + i);
  for (const int key : content_.keys) output_keys_ += leaf_count(input[static_cast<size_t>(key)].type);
  asked_leaves_ = input_leaves_;
  const Type row = struct_type(chosen(input, content_.fields));
  for (size_t i = 0; i < content_.elements.size(); ++i) {
    const MatchOperator::Element& element = content_.elements[i];
    fit_columns_.push_back(element.fit < 0 ? -1
                                           : static_cast<int>(leaf_offset(input, static_cast<size_t>(element.fit))));
    if (element.holds >= 0) conditions_ |= MatchPattern::Mask{1} << i;
    if (element.kind == MatchOperator::Element::Kind::absent) continue;
    flatten(element.shape == MatchOperator::Element::Shape::list       ? list_type(row)
            : element.shape == MatchOperator::Element::Shape::optional ? optional_type(row)
                                                                       : row,
            asked_leaves_);
  }
  for (const MatchOperator::Element& element : content_.elements) {
    if (element.holds < 0) continue;
    asked_leaves_.push_back({LeafKind::u8, bool_type()});
    held_leaves_.push_back({LeafKind::u8, bool_type()});
  }
}

void MatchNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row]) || sealed_.covers(block.time[row])) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    HeldRow held = hold_row(block, block, row, input_rows_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.hash = keys.hashes[row];
    held.sequence = sequence_of(row);
    waiting_.push(held);
  }
  taken += block.rows;
}

std::optional<ReleasePoint> MatchNode::next_release() {
  const int64_t watermark = edges[0].value();
  std::optional<ReleasePoint> point = waiting_.next_release(watermark);
  int64_t first = timers_.empty() ? kEndTime : timers_.first_time();
  if (const auto cold = keys_.first_cold_due()) first = std::min(first, *cold);
  if (first >= watermark || !health().ok()) return point;
  const ReleasePoint due{KeyTimers::second_end(first)};
  return point && *point < due ? point : due;
}

uint64_t MatchNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  const int64_t limit = std::min(point.time, edges[0].value());
  released_.clear();
  note(waiting_.take_before(limit, released_));
  if (edges[0].ended && !released_.empty()) seal(released_.back().time);
  for_each_block(released_, HeldRows::Order::position, input_rows_, input_leaves_, services_,
                 [&](const Block& block) { process(block); });
  expire_due(limit);
  const uint64_t rows = released_.size() + made_.size();
  put_out(out);
  return rows;
}

void MatchNode::finish_release(std::vector<Block>&) {
  waiting_.pass(edges[0].value());
}

MatchPattern::Mask MatchNode::fits(const Block& block, uint32_t row) const {
  MatchPattern::Mask mask = 0;
  for (size_t i = 0; i < fit_columns_.size(); ++i)
    if (fit_columns_[i] < 0 || block.columns[static_cast<size_t>(fit_columns_[i])].as<uint8_t>()[row] != 0)
      mask |= MatchPattern::Mask{1} << i;
  return mask;
}

void MatchNode::process(const Block& block) {
  KeyBlock keys = key_.encode(block, arena());
  note(keys_.warm(keys, block.rows));
  for (uint32_t row = 0; row < block.rows; ++row) {
    dispositions().release(index(), 0, block.record_of(row));
    process_row(block, row, keys.hashes[row], keys.keys[row].view());
  }
}

void MatchNode::process_row(const Block& block, uint32_t row, uint64_t hash, std::string_view key) {
  constexpr uint32_t kFunctionFailed = 6106;
  RowHandle at = keys_.find(hash, key);
  if (at != kNoRow && value(at).due < block.time[row]) {
    expire(at, block.time[row]);
    at = keys_.find(hash, key);
  }
  const MatchPattern::Mask fit = fits(block, row);
  const bool may_begin = (fit & MatchPattern::kFirst) != 0;
  if (at == kNoRow && !may_begin) return dispositions().use(index(), 0, block.record_of(row));
  if (at != kNoRow && fit == 0 && !pattern_.minds_gaps()) return dispositions().use(index(), 0, block.record_of(row));

  static const OpenMatches kNone;
  if (!ask(block, row, fit, at == kNoRow ? kNone : *value(at).matches, holds_)) return;
  const bool begins = holds_.back() != 0;
  holds_.pop_back();
  if (at == kNoRow) {
    if (!begins) return dispositions().use(index(), 0, block.record_of(row));
    bool added = false;
    at = keys_.find_or_add(hash, key, &added);
    value(at).matches = new OpenMatches;
    value(at).due = kEndTime;
  }
  keys_.change(at);
  OpenMatches& matches = *value(at).matches;
  done_.clear();
  bool used = false;
  if (!pattern_.step(matches, matches.next_number(), holds_, begins, done_, used)) {
    const Bytes named = made_row_bytes(self_.state.identity, 0, 0, key, arena());
    dispositions().leave(index(), 0, block, row, content_.rejected_site,
                         {.code = kFunctionFailed,
                          .arguments = {{"function", "match"},
                                        {"reason", "1,000 matches of its key are open, and more may not be"},
                                        {"values", made_row_text(services_.program, named.view())}}});
    return;
  }
  dispositions().use(index(), 0, block.record_of(row));
  if (used) {
    Block part;
    part.rows = block.rows;
    for (const size_t column : element_columns_) part.columns.push_back(block.columns[column]);
    matches.rows.push_back({block.time[row], element_rows_.store(part, row, pool_)});
  }
  go_out(at, block.time[row]);
  settle(at);
}

bool MatchNode::ask(const Block& block, uint32_t row, MatchPattern::Mask fit, const OpenMatches& matches,
                    std::vector<MatchPattern::Mask>& holds) {
  const size_t open = matches.open.size();
  holds.assign(open + 1, fit);
  holds.back() &= MatchPattern::kFirst;
  if ((fit & conditions_) == 0) return true;
  std::vector<MatchPattern::Mask> asked;
  std::vector<size_t> of;
  for (size_t i = 0; i <= open; ++i) {
    const MatchPattern::Mask may = fit & conditions_;
    const MatchPattern::Mask mask = i < open ? pattern_.asks(matches.open[i], may) : may & MatchPattern::kFirst;
    holds[i] &= ~conditions_;
    if (mask == 0) continue;
    asked.push_back(mask);
    of.push_back(i);
  }
  if (asked.empty()) return true;

  scratch_.reset();
  const Block rows = asked_block(block, row, matches, asked, of);
  CallContext call = services_.call;
  call.arena = &scratch_;
  KernelResult result;
  const Block answers =
      run_row_kernel(content_.condition, rows, content_.passthrough, held_leaves_, scratch_, call, &result);
  if (!result.drops.empty()) {
    DropReasons reasons(content_.condition, result);
    const Drop& drop = result.drops.front();
    RowReason reason = reasons.of(drop);
    reason.detail = arena().copy(reason.detail).view();
    dispositions().leave(index(), 0, block, row, drop.site, reason);
    return false;
  }
  for (size_t i = 0; i < asked.size(); ++i)
    for (size_t e = 0; e < content_.elements.size(); ++e) {
      const int place = content_.elements[e].holds;
      if (place >= 0 && answers.columns[static_cast<size_t>(place)].as<uint8_t>()[i] != 0)
        holds[of[i]] |= asked[i] & (MatchPattern::Mask{1} << e);
    }
  return true;
}

Block MatchNode::asked_block(const Block& block, uint32_t row, const OpenMatches& matches,
                             std::span<const MatchPattern::Mask> asked, std::span<const size_t> of) {
  const auto count = static_cast<uint32_t>(asked.size());
  std::vector<uint32_t> same(count, row);
  Block made = gather(block, same, input_leaves_, scratch_);
  for (size_t i = input_leaves_.size(); i < asked_leaves_.size(); ++i)
    made.columns.push_back({asked_leaves_[i].kind, scratch_.allocate(leaf_width(asked_leaves_[i].kind) * count)});
  std::vector<Bytes> rows;
  for (uint32_t i = 0; i < count; ++i) {
    const OpenMatch* match = of[i] < matches.open.size() ? &matches.open[of[i]] : nullptr;
    size_t column = input_leaves_.size(), taken = 0;
    for (size_t e = 0; e < content_.elements.size(); ++e) {
      const MatchOperator::Element& element = content_.elements[e];
      if (element.kind == MatchOperator::Element::Kind::absent) continue;
      const size_t count_of = match != nullptr && e < match->counts.size() ? match->counts[e] : 0;
      rows.clear();
      if (element.is_read)
        for (size_t k = 0; k < count_of; ++k) rows.push_back(matches.row(match->rows[taken + k]).bytes);
      taken += count_of;
      put_element(element, rows, made, column, i, scratch_);
      column += element.shape == MatchOperator::Element::Shape::list       ? 1
                : element.shape == MatchOperator::Element::Shape::optional ? element_leaves_.size() + 1
                                                                           : element_leaves_.size();
    }
    for (size_t e = 0; e < content_.elements.size(); ++e)
      if (content_.elements[e].holds >= 0) made.columns[column++].as<uint8_t>()[i] = (asked[i] >> e & 1) != 0 ? 1 : 0;
  }
  return made;
}

void MatchNode::put_element(const MatchOperator::Element& element, std::span<const Bytes> rows, const Block& block,
                            size_t column, uint32_t row, Arena& arena) {
  using Shape = MatchOperator::Element::Shape;
  const size_t leaves = element_leaves_.size();
  if (element.shape == Shape::list) {
    Slot* slots = arena.allocate_array<Slot>(rows.size() * leaves);
    if (!rows.empty()) {
      Block decoded = allocate_block(element_leaves_, static_cast<uint32_t>(rows.size()), arena);
      for (uint32_t i = 0; i < rows.size(); ++i) {
        element_rows_.read(rows[i], decoded, i, arena);
        for (size_t leaf = 0; leaf < leaves; ++leaf) slots[i * leaves + leaf] = read_slot(decoded.columns[leaf], i);
      }
    }
    block.columns[column].as<List>()[row] = {slots, rows.size()};
    return;
  }
  if (element.shape == Shape::optional) block.columns[column++].as<uint8_t>()[row] = rows.empty() ? 0 : 1;
  if (rows.empty()) {
    clear_leaves(block, column, leaves, row);
    return;
  }
  element_rows_.read(rows[0], element_rows_.target(block, column), row, arena);
}

void MatchNode::expire(RowHandle row, int64_t time) {
  keys_.change(row);
  done_.clear();
  OpenMatches& matches = *value(row).matches;
  if (edges[0].ended)
    for (const OpenMatch& match : matches.open)
      if (const int64_t end = add_time(matches.row(match.first()).time, content_.within_us); end < time) seal(end);
  pattern_.expire(matches, time, done_);
  go_out(row, 0);
  settle(row);
}

void MatchNode::go_out(RowHandle row, int64_t moment) {
  const OpenMatches& matches = *value(row).matches;
  for (MatchPattern::Done& each : done_) {
    const OpenMatch& match = each.match;
    const int64_t begin = matches.row(match.first()).time;
    const int64_t deadline = add_time(begin, content_.within_us);
    Made& made = made_.emplace_back();
    made.place = made_.size();
    made.moment = each.at_deadline ? deadline : moment;
    made.hash = keys_.hash(row);
    made.key = keys_.key(row);
    made.begin = begin;
    made.time = pattern_.ends_with_no() ? deadline : matches.row(match.last()).time;
    made.counts = match.counts;
    for (const uint64_t number : match.rows) made.rows.push_back(matches.row(number).bytes);
  }
  done_.clear();
}

void MatchNode::settle(RowHandle row) {
  Value& value = this->value(row);
  OpenMatches& matches = *value.matches;
  const uint64_t first = matches.open.empty() ? UINT64_MAX : matches.open.front().first();
  while (!matches.rows.empty() && matches.first_number < first) {
    pool_.release_later(matches.rows.front().bytes);
    matches.rows.pop_front();
    ++matches.first_number;
  }
  if (matches.open.empty()) return keys_.erase(row);
  charge(value);
  if (value.counted_in != freezes_) value.counted = 0;
  value.counted_in = freezes_;
  changed_bytes_ += value.bytes - std::min(value.counted, value.bytes);
  value.counted = std::max(value.counted, value.bytes);
  const int64_t due = pattern_.deadline(matches);
  if (due == value.due) return;
  value.due = due;
  timers_.push({due, keys_.hash(row), row});
}

void MatchNode::charge(Value& value) {
  const OpenMatches& matches = *value.matches;
  const uint64_t bytes = sizeof(OpenMatches) + matches.rows.size() * sizeof(OpenMatches::Row) +
                         matches.open.size() * (sizeof(OpenMatch) + content_.elements.size() * sizeof(uint32_t)) +
                         matches.references * sizeof(uint64_t);
  pool_.charge(static_cast<int64_t>(bytes - value.bytes));
  value.bytes = bytes;
}

void MatchNode::expire_due(int64_t limit) {
  note(keys_.bring_due(limit));
  // A timer may move on to a time that has passed as well.
  for (;;) {
    due_.clear();
    timers_.take_before(limit, due_);
    if (due_.empty()) return;
    for (const KeyTimer& timer : due_) {
      const Value& value = this->value(timer.key);
      if (value.matches == nullptr || value.due != timer.time || keys_.hash(timer.key) != timer.hash) continue;
      expire(timer.key, limit);
    }
  }
}

void MatchNode::put_out(std::vector<Block>& out) {
  if (made_.empty()) return;
  std::sort(made_.begin(), made_.end(), [](const Made& a, const Made& b) {
    return std::tie(a.moment, a.hash, a.key, a.place) < std::tie(b.moment, b.hash, b.key, b.place);
  });
  for (size_t first = 0; first < made_.size(); first += kBlockRows)
    out.push_back(block_of(std::span(made_).subspan(first, std::min<size_t>(kBlockRows, made_.size() - first))));
  made_.clear();
}

Block MatchNode::block_of(std::span<const Made> matches) {
  const auto count = static_cast<uint32_t>(matches.size());
  Block block = allocate_block(leaves_, count, arena());
  auto* records = arena().allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  dispositions().make(index(), count);
  if (services_.trace != nullptr) services_.trace->rows.clear();
  std::vector<uint32_t> all;
  for (uint32_t row = 0; row < count; ++row) {
    const Made& from = matches[row];
    Record& record = records[row] = Record{};
    record.bytes = made_row_bytes(self_.state.identity, from.begin, from.time, from.key, arena());
    const std::string_view key = record.bytes.view().substr(record.bytes.size - from.key.size());
    key_.decode(key, block, row, 0, arena());
    size_t taken = 0;
    for (size_t e = 0; e < content_.elements.size(); ++e) {
      const MatchOperator::Element& element = content_.elements[e];
      const size_t rows = e < from.counts.size() ? from.counts[e] : 0;
      if (element.output >= 0)
        put_element(element, std::span(from.rows).subspan(taken, rows), block,
                    leaf_offset(self_.row, static_cast<size_t>(element.output)), row, arena());
      taken += rows;
    }
    block.time[row] = from.time;
    block.watermark[row] = from.time;  // as of a row that a group makes
    block.record[row] = row;
    record.line = kMadeByWindow;
    record.source = made_source(services_.program);
    record.position = static_cast<int64_t>(from.hash >> 1);
    record.turn = services_.turn;
    record.ordinal = static_cast<uint32_t>(made++);
    all.push_back(row);
    if (services_.trace == nullptr) continue;
    const OrderKey order{.time = from.moment, .a = from.hash, .c = from.place, .bytes = key};
    services_.trace->rows.push_back(order);
    services_.trace->made.push_back({order, &record});
  }
  if (services_.trace != nullptr) services_.trace->put_out(all);
  return block;
}

}  // namespace braid
