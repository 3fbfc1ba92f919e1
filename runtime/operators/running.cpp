#include "runtime/operators/running.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace braid {
namespace {

constexpr size_t kAlignment = 16;

size_t aligned(size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

/// The fields that the aggregates read, each once; `specs` then are over these.
std::vector<Field> arguments_row(const std::vector<Field>& row, std::vector<AggregateSpec>& specs,
                                 std::vector<uint32_t>& columns) {
  std::vector<int> fields;
  std::vector<Field> arguments;
  for (AggregateSpec& spec : specs)
    for (int* field : {&spec.argument, &spec.by, &spec.filter}) {
      if (*field < 0) continue;
      const auto known = std::find(fields.begin(), fields.end(), *field);
      const auto place = static_cast<int>(known - fields.begin());
      if (known == fields.end()) {
        fields.push_back(*field);
        arguments.push_back(row[*field]);
        const auto first = static_cast<uint32_t>(leaf_offset(row, *field));
        for (uint32_t leaf = 0; leaf < leaf_count(row[*field].type); ++leaf) columns.push_back(first + leaf);
      }
      *field = place;
    }
  return arguments;
}

std::vector<AggregateSpec> part_of(const std::vector<AggregateSpec>& specs, size_t first, size_t end) {
  std::vector<AggregateSpec> part(specs.begin() + static_cast<std::ptrdiff_t>(first),
                                  specs.begin() + static_cast<std::ptrdiff_t>(end));
  for (AggregateSpec& spec : part) {
    spec.same_argument -= static_cast<int>(first);
    if (spec.same_argument < 0) spec.same_argument = -1;
  }
  return part;
}

}  // namespace

RunningNode::RunningNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<RunningOperator>(self_.content)),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      specs_(content_.aggregates),
      leaves_(flatten(self_.row)),
      carried_(static_cast<uint32_t>(flatten(first_fields(input_row(0), content_.fields)).size())),
      rows_of_input_(input_row(0)),
      stored_arguments_(arguments_row_ = arguments_row(input_row(0), specs_, argument_columns_)),
      before_(part_of(specs_, 0, static_cast<size_t>(content_.before)), arguments_row_, carried_, has_range(),
              has_range()),
      upto_(part_of(specs_, static_cast<size_t>(content_.before), specs_.size()), arguments_row_, before_.end_column(),
            has_range(), has_range()),
      before_offset_(aligned(sizeof(Head))),
      upto_offset_(before_offset_ + aligned(before_.size())),
      value_size_(upto_offset_ + aligned(upto_.size())),
      waiting_(HeldRows::Order::position, table(kWaitingTable), services, rows_of_input_, pool_),
      values_(*this),
      keys_(table(kKeyTable), table(kPartTable), key_, services, values_, pool_) {
  argument_leaves_ = flatten(arguments_row_);
  BRAID_CHECK(upto_.end_column() == leaves_.size(), "the row of `running` is not that before it and its aggregates");
  BRAID_CHECK(before_.part_sets() == 0 && (!has_range() || (before_.subtracts() && upto_.subtracts())));
}

void RunningNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row]) || sealed_.covers(block.time[row])) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    HeldRow held = hold_row(block, block, row, rows_of_input_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.hash = keys.hashes[row];
    held.sequence = sequence_of(row);
    waiting_.push(held);
  }
  taken += block.rows;
}

uint64_t RunningNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  released_.clear();
  note(waiting_.take_before(std::min(point.time, edges[0].value()), released_));
  if (edges[0].ended && !released_.empty()) seal(released_.back().time);
  for_each_block(released_, HeldRows::Order::position, rows_of_input_, flatten(input_row(0)), services_,
                 [&](const Block& block) { fold(block, out); });
  return released_.size();
}

void RunningNode::finish_release(std::vector<Block>&) {
  waiting_.pass(edges[0].value());
  forget_before(edges[0].finite);
}

Block RunningNode::arguments_of(const Block& block, Record* numbered) {
  Block arguments = block;
  arguments.columns.clear();
  for (const uint32_t column : argument_columns_) arguments.columns.push_back(block.columns[column]);
  arguments.record = arena().allocate_array<uint32_t>(block.rows);
  for (uint32_t row = 0; row < block.rows; ++row) {
    numbered[row] = Record{};
    arguments.record[row] = row;
  }
  arguments.records = numbered;
  return arguments;
}

char* RunningNode::key_at(const KeyBlock& keys, uint32_t row, int64_t time) {
  const uint64_t hash = keys.hashes[row];
  const std::string_view key = keys.keys[row].view();
  bool added = false;
  RowHandle at = keys_.find_or_add(hash, key, &added);
  if (!added && has_ended(head(keys_.value(at)).last, time)) {
    keys_.erase(at);
    at = keys_.find_or_add(hash, key, &added);
  }
  keys_.change(at);
  char* value = keys_.value(at);
  Head& own = head(value);
  own.last = time;
  if (added) {
    own.known = 1;
    own.awaited = kNoTime;
    if (has_range()) own.rows = new RunningRows;
    await_end(at, own);
  }
  return value;
}

void RunningNode::fold(const Block& block, std::vector<Block>& out) {
  constexpr uint32_t kOverflow = 6101;
  const KeyBlock keys = key_.encode(block, arena());
  note(keys_.warm(keys, block.rows));
  auto* numbered = arena().allocate_array<Record>(block.rows);
  const Block arguments = arguments_of(block, numbered);
  const Block to_store = stored_arguments_.target(arguments, 0);
  Block made = allocate_block(leaves_, block.rows, arena());
  std::copy_n(block.columns.begin(), carried_, made.columns.begin());
  made.rows = block.rows;
  made.time = block.time;
  made.watermark = block.watermark;
  made.record = block.record;
  made.records = block.records;
  std::vector<uint32_t> kept;
  std::vector<GroupState::Misfit> misfits;
  for (uint32_t row = 0; row < block.rows; ++row) {
    dispositions().release(index(), 0, block.record_of(row));
    char* value = key_at(keys, row, block.time[row]);
    Head& own = head(value);
    if (has_range()) take_out(value, block.time[row]);
    const Block results = slice(made, row, 1);
    const char* state = value + before_offset_;
    if (content_.before > 0) {
      Block earlier = results;
      before_.read({&state, 1}, earlier, arena(), misfits);
    }
    numbered[row].position = own.count++;
    add(arguments, row, value);
    if (has_range()) {
      own.rows->push({block.time[row], stored_arguments_.store(to_store, row, pool_)}, pool_);
      news_bytes_ += sizeof(RunningRows::Kept) + own.rows->rows().back().row.size;
    }
    Block now = results;
    state = value + upto_offset_;
    upto_.read({&state, 1}, now, arena(), misfits);
    if (misfits.empty()) {
      kept.push_back(row);
      continue;
    }
    const size_t misfit = static_cast<size_t>(content_.before) + misfits.front().aggregate;
    const AggregateSpec& aggregate = content_.aggregates[misfit];
    dispositions().leave(index(), 0, block, row, content_.overflow_site,
                         {.code = kOverflow,
                          .expression = aggregate.expression,
                          .arguments = {{"type", to_string(aggregate.type)},
                                        {"values", upto_.values_text(state, misfits.front().aggregate)}}});
  }
  if (kept.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(kept);
  out.push_back(select_rows(made, kept, leaves_, arena()));
}

void RunningNode::add(const Block& arguments, uint32_t row, char* value) {
  const std::span<const uint32_t> rows(&row, 1);
  char* before = value + before_offset_;
  char* upto = value + upto_offset_;
  before_.add(arguments, rows, &before, pool_);
  news_bytes_ += upto_.add(arguments, rows, &upto, pool_);
  news_bytes_ += upto_.add_distinct(arguments, rows, &upto, arena(), pool_);
}

void RunningNode::take_out(char* value, int64_t time) {
  RunningRows& rows = *head(value).rows;
  if (content_.rows > 0) {
    while (!rows.empty() && rows.size() >= static_cast<size_t>(content_.rows)) take_out_first(value);
    return;
  }
  const int64_t limit = subtract_time(time, content_.within_us);
  while (!rows.empty() && rows.front().time <= limit) take_out_first(value);
}

void RunningNode::take_out_first(char* value) {
  RunningRows& rows = *head(value).rows;
  scratch_.reset();
  Block one = allocate_block(argument_leaves_, 1, scratch_);
  one.rows = 1;
  const Record none{};
  one.records = &none;
  one.record[0] = 0;
  one.time[0] = rows.front().time;
  stored_arguments_.read(rows.front().row, stored_arguments_.target(one, 0), 0, scratch_);
  const uint32_t row = 0;
  char* before = value + before_offset_;
  char* upto = value + upto_offset_;
  before_.take_out(one, {&row, 1}, &before, pool_);
  upto_.take_out(one, {&row, 1}, &upto, pool_);
  rows.pop(pool_);
}

void RunningNode::Keys::store(char* value, WireWriter& out, const PutPart& put) {
  const Head& head = node_.head(value);
  out.fixed(head.last);
  out.fixed(head.count);
  char* upto = value + node_.upto_offset_;
  if (node_.has_range()) {
    head.rows->store(out, [&](uint32_t part, std::optional<std::string_view> bytes) { put(0, part, bytes); });
    // What aggregates would store follows from the rows.
    node_.upto_.take_news(upto, node_.pool_, [](uint16_t, uint32_t, std::optional<std::string_view>) {});
    return;
  }
  node_.before_.store(value + node_.before_offset_, out);
  node_.upto_.store(upto, out);
  node_.upto_.take_news(upto, node_.pool_, put);
  for (const uint32_t count : parts(value)) out.fixed(count);
}

bool RunningNode::Keys::load(WireReader& in, char* value) {
  Head& head = node_.head(value);
  head.last = in.fixed<int64_t>();
  head.count = in.fixed<int64_t>();
  head.known = 1;
  head.awaited = kNoTime;
  if (node_.has_range()) {
    head.rows = new RunningRows;
    return head.rows->load(in);
  }
  char* upto = value + node_.upto_offset_;
  if (!node_.before_.load(in, value + node_.before_offset_, node_.pool_) || !node_.upto_.load(in, upto, node_.pool_))
    return false;
  for (size_t set = 0; set < node_.upto_.part_sets(); ++set) node_.upto_.parts(set, upto).stored = in.fixed<uint32_t>();
  return true;
}

std::vector<uint32_t> RunningNode::Keys::parts(char* value) {
  if (node_.has_range()) return {node_.head(value).rows->end_part()};
  std::vector<uint32_t> counts;
  for (size_t set = 0; set < node_.upto_.part_sets(); ++set)
    counts.push_back(node_.upto_.parts(set, value + node_.upto_offset_).stored);
  return counts;
}

uint32_t RunningNode::Keys::first_part(char* value) {
  return node_.has_range() ? node_.head(value).rows->first_part() : 0;
}

bool RunningNode::Keys::load_part(uint16_t set, std::string_view bytes, char* value) {
  if (!node_.has_range()) return node_.upto_.load_part(set, bytes, value + node_.upto_offset_, node_.pool_);
  RunningRows& rows = *node_.head(value).rows;
  return rows.load_part(bytes) && (!rows.loaded() || node_.rebuild(value));
}

bool RunningNode::rebuild(char* value) {
  Head& own = head(value);
  const auto fits = [this](std::string_view bytes) { return stored_arguments_.fits(bytes); };
  if (!own.rows->finish_load(fits, pool_)) return false;
  auto number = own.count - static_cast<int64_t>(own.rows->size());
  for (const RunningRows::Kept& kept : own.rows->rows()) {
    scratch_.reset();
    Block one = allocate_block(argument_leaves_, 1, scratch_);
    one.rows = 1;
    Record record{};
    record.position = number++;
    one.records = &record;
    one.record[0] = 0;
    one.time[0] = kept.time;
    stored_arguments_.read(kept.row, stored_arguments_.target(one, 0), 0, scratch_);
    add(one, 0, value);
  }
  char* upto = value + upto_offset_;
  upto_.take_news(upto, pool_, [](uint16_t, uint32_t, std::optional<std::string_view>) {});
  return true;
}

void RunningNode::Keys::end(char* value) {
  Head& head = node_.head(value);
  head.known = 0;
  node_.before_.end(value + node_.before_offset_, node_.pool_);
  node_.upto_.end(value + node_.upto_offset_, node_.pool_);
  if (head.rows == nullptr) return;
  head.rows->clear(node_.pool_);
  delete head.rows;
  head.rows = nullptr;
}

void RunningNode::await_end(RowHandle row, Head& head) {
  if (length() == INT64_MAX || head.awaited != kNoTime) return;
  head.awaited = add_time(head.last, length());
  ends_.push_back({head.awaited, keys_.hash(row), row});
  std::push_heap(ends_.begin(), ends_.end());
}

void RunningNode::forget_before(int64_t watermark) {
  while (!ends_.empty() && ends_.front().time <= watermark) {
    std::pop_heap(ends_.begin(), ends_.end());
    const End end = ends_.back();
    ends_.pop_back();
    if (keys_.hash(end.row) != end.hash) continue;  // the place is another key's now
    Head& own = head(keys_.value(end.row));
    if (own.known == 0 || own.awaited != end.time) continue;
    own.awaited = kNoTime;
    if (has_ended(own.last, watermark)) {
      keys_.erase(end.row);
    } else {
      await_end(end.row, own);
    }
  }
}

void RunningNode::freeze() {
  waiting_.freeze();
  keys_.freeze();
  news_bytes_ = 0;
  sealed_.freeze(sealed_batch_);
}

void RunningNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  keys_.take_frozen(batch);
  batch.append(sealed_batch_);
}

Status RunningNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(waiting_.restore(store, memory));
  BRAID_TRY(keys_.restore(store, memory));
  return sealed_.restore(store, {ErrorKind::store, "the end of `running` is damaged", 0, 0});
}

void RunningNode::read_ahead() {
  note(keys_.read_ahead(services_.read_ahead.ranges));
  if (length() == INT64_MAX) return;
  const int64_t watermark = edges[0].finite;
  note(keys_.sweep([&](std::string_view value) { return has_ended(WireReader(value).fixed<int64_t>(), watermark); }));
}

Status RunningNode::evict(uint64_t bytes) {
  const uint64_t freed = waiting_.evict(bytes);
  if (freed < bytes) keys_.evict(bytes - freed);
  // Those of evicted keys come back with them.
  constexpr size_t kFew = 4096;
  if (ends_.size() < 2 * keys_.size().rows + kFew) return {};
  std::erase_if(
      ends_, [&](const End& end) { return keys_.hash(end.row) != end.hash || head(keys_.value(end.row)).known == 0; });
  std::make_heap(ends_.begin(), ends_.end());
  return {};
}

StateSize RunningNode::state_size() const {
  StateSize size = keys_.size();  // with the bytes in the pool
  size += waiting_.size();
  size.bytes += ends_.size() * sizeof(End);
  size.dirty += news_bytes_;
  return size;
}

}  // namespace braid
