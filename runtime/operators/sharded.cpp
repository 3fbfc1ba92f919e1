#include "runtime/operators/sharded.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "runtime/abi/call_caches.h"
#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/operators/output_trace.h"

namespace braid {
namespace {

/// Rows below which a hand-over to other threads costs more than it saves.
constexpr uint64_t kParallelRows = 256;

/// Keeps what an instance settles, until all workers are done. Counts do not depend on the order between workers: a
/// record has one row in a block. Rows that leave do: one record may have caused several, of different keys.
class DeferredDispositions : public Dispositions {
 public:
  struct Leave {
    OrderKey key;
    int input;
    const Block* block;
    uint32_t row, site;
    RowReason reason;
  };

  explicit DeferredDispositions(const OutputTrace& trace) : trace_(trace) {}

  void leave(int, int input, const Block& block, uint32_t row, uint32_t site, const RowReason& reason) override {
    const OrderKey& key = trace_.key(trace_.pair >= 0 ? static_cast<uint32_t>(trace_.pair) : row);
    leaves_.push_back({key, input, keep(block), row, site, reason});
  }
  void use(int, int input, const Record& record) override { calls_.push_back({Call::use, input, &record}); }
  uint64_t hold(int, int input, const Record& record) override {
    calls_.push_back({Call::hold, input, &record});
    return record.settled;
  }
  void release(int, int input, const Record& record) override { calls_.push_back({Call::release, input, &record}); }
  void replace(int, int, uint64_t, uint32_t) override { BRAID_CHECK(false, "no shared operator has a static table"); }
  void make(int, uint64_t rows) override { calls_.push_back({Call::make, 0, nullptr, rows}); }
  void make_filtered(int, uint64_t rows) override { calls_.push_back({Call::make_filtered, 0, nullptr, rows}); }
  void partly_late(int, int input, const Record& record) override {
    calls_.push_back({Call::partly_late, input, &record});
  }
  void early(int, int input, const Record& record) override { calls_.push_back({Call::early, input, &record}); }
  void alert(int, const Block&, uint32_t, std::string_view) override { BRAID_CHECK(false, "no keyed operator alerts"); }
  void publish(int, const Block&) override { BRAID_CHECK(false, "no keyed operator publishes"); }
  void send(int, const Block&) override { BRAID_CHECK(false, "no keyed operator sends"); }
  void receive(int, const Block&) override { BRAID_CHECK(false, "no keyed operator is a source"); }

  void replay_counts(int op, Dispositions& to) {
    for (const Call& call : calls_) {
      switch (call.kind) {
        case Call::use:
          to.use(op, call.input, *call.record);
          break;
        case Call::hold:
          to.hold(op, call.input, *call.record);
          break;
        case Call::release:
          to.release(op, call.input, *call.record);
          break;
        case Call::make:
          to.make(op, call.number);
          break;
        case Call::make_filtered:
          to.make_filtered(op, call.number);
          break;
        case Call::partly_late:
          to.partly_late(op, call.input, *call.record);
          break;
        case Call::early:
          to.early(op, call.input, *call.record);
          break;
      }
    }
    calls_.clear();
  }
  const std::vector<Leave>& leaves() const { return leaves_; }
  void forget_leaves() {
    leaves_.clear();
    blocks_.clear();
  }

 private:
  struct Call {
    enum Kind : uint8_t { use, hold, release, make, make_filtered, partly_late, early } kind;
    int input;
    const Record* record;
    uint64_t number = 0;
  };

  /// A copy of the block's head, whose columns stay as long as the turn; mostly that of the row before.
  const Block* keep(const Block& block) {
    auto same = [](const Column& a, const Column& b) { return a.data == b.data; };
    if (!blocks_.empty() && blocks_.back().rows == block.rows && blocks_.back().record == block.record &&
        blocks_.back().records == block.records &&
        std::equal(block.columns.begin(), block.columns.end(), blocks_.back().columns.begin(),
                   blocks_.back().columns.end(), same))
      return &blocks_.back();
    blocks_.push_back(block);
    return &blocks_.back();
  }

  const OutputTrace& trace_;
  std::vector<Call> calls_;
  std::vector<Leave> leaves_;
  std::deque<Block> blocks_;
};

/// A store as one worker sees it: rows of its slices only. What is not of a key is everybody's, and read by `get`.
class SliceStore : public StateStore {
 public:
  SliceStore(StateStore& store, uint32_t first, uint32_t end) : store_(store), first_(first), end_(end) {}
  Result<bool> get(StateFamily family, std::string_view key, std::string* value) override {
    return store_.get(family, key, value);
  }
  Status get_many(StateFamily family, std::span<const std::string> keys,
                  const std::function<Status(size_t, std::string_view)>& visit) override {
    return store_.get_many(family, keys, visit);
  }
  Status scan_range(StateFamily family, std::string_view begin, std::string_view end, const Visit& visit) override {
    return store_.scan_range(family, begin, end, [&](std::string_view key, std::string_view value) -> Status {
      BRAID_CHECK(key.size() > sizeof(uint32_t), "a state row without a slice");
      auto slice = static_cast<uint8_t>(key[sizeof(uint32_t)]);
      if (slice < first_ || slice >= end_) return {};
      return visit(key, value);
    });
  }
  /// These are of the ranges that a worker asks for, which are of its slices.
  Status scan_ranges(StateFamily family, std::span<const KeyRange> ranges, const VisitOf& visit) override {
    return store_.scan_ranges(family, ranges, visit);
  }
  Status leap(StateFamily family, std::string_view begin, std::string_view end, const Leap& visit) override {
    return store_.leap(family, begin, end, visit);
  }
  StoredSize estimate(StateFamily family, std::string_view begin, std::string_view end) override {
    return store_.estimate(family, begin, end);
  }
  Status commit(const StateBatch&) override {
    return Error{ErrorKind::store, "a worker commits nothing by itself", 0, 0};
  }
  uint64_t commits() const override { return store_.commits(); }
  Result<std::vector<CheckpointFile>> checkpoint(const std::string&) override {
    return Error{ErrorKind::store, "a worker makes no checkpoint by itself", 0, 0};
  }

 private:
  StateStore& store_;
  uint32_t first_, end_;
};

/// Not of reference joins: looking a row up costs less than handing it over.
const JoinShape* shape_of(const Operator& op) {
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content)) return &as_of->shape;
  if (const auto* interval = std::get_if<IntervalJoinOperator>(&op.content)) return &interval->shape;
  return nullptr;
}

template <class T>
void gather_column(auto sources, auto column_of, void* to) {
  T* target = static_cast<T*>(to);
  for (size_t i = 0; i < sources.size(); ++i)
    target[i] = static_cast<const T*>(column_of(*sources[i].block))[sources[i].row];
}

}  // namespace

struct ShardedOperator::Shard {
  explicit Shard(const Program& program) : caches(program) {}
  Arena arena;
  CallContext call;
  CallCaches caches;
  OutputTrace trace;
  DeferredDispositions dispositions{trace};
  uint32_t first_slice = 0, end_slice = 0;
  std::unique_ptr<OperatorNode> node;
  std::vector<uint32_t> places;  ///< of its rows in the block at hand
  std::vector<Block> out;
  uint64_t released = 0;  ///< rows, up to the point at hand
};

bool ShardedOperator::can_share(const Operator& op) {
  if (const JoinShape* shape = shape_of(op)) return !shape->left_keys.empty();
  if (const GroupOperator* group = grouping_of(op)) return !group->keys.empty();
  if (const auto* running = std::get_if<RunningOperator>(&op.content)) return !running->keys.empty();
  if (const auto* latest = std::get_if<LatestOperator>(&op.content)) return !latest->keys.empty();
  if (std::holds_alternative<TableJoinOperator>(op.content) || std::holds_alternative<MovesOperator>(op.content))
    return true;
  if (const auto* match = std::get_if<MatchOperator>(&op.content)) return !match->keys.empty();
  return std::holds_alternative<UniqueOperator>(op.content);
}

ShardedOperator::ShardedOperator(const Services& services) : OperatorNode(services), leaves_(flatten(self_.row)) {
  for (size_t input = 0; input < self_.inputs.size(); ++input)
    input_leaves_.push_back(flatten(input_row(static_cast<int>(input))));
  if (const JoinShape* shape = shape_of(self_)) {
    keys_.emplace_back(input_row(0), shape->left_keys, KeyFormat::Nulls::match_nothing);
    keys_.emplace_back(input_row(1), shape->right_keys, KeyFormat::Nulls::match_nothing);
  } else if (const GroupOperator* group = grouping_of(self_)) {
    keys_.emplace_back(input_row(0), group->keys, KeyFormat::Nulls::group);
  } else if (const auto* tables = std::get_if<TableJoinOperator>(&self_.content)) {
    for (int side : {0, 1})
      keys_.emplace_back(input_row(side), tables->sides[side].keys, KeyFormat::Nulls::match_nothing);
  } else if (const auto* running = std::get_if<RunningOperator>(&self_.content)) {
    keys_.emplace_back(input_row(0), running->keys, KeyFormat::Nulls::group);
  } else if (const auto* latest = std::get_if<LatestOperator>(&self_.content)) {
    keys_.emplace_back(input_row(0), latest->keys, KeyFormat::Nulls::group);
  } else if (const auto* moves = std::get_if<MovesOperator>(&self_.content)) {
    keys_.emplace_back(input_row(0), moves->keys, KeyFormat::Nulls::group);
  } else if (const auto* match = std::get_if<MatchOperator>(&self_.content)) {
    keys_.emplace_back(input_row(0), match->keys, KeyFormat::Nulls::group);
  } else {
    keys_.emplace_back(input_row(0), std::get<UniqueOperator>(self_.content).fields, KeyFormat::Nulls::group);
  }
}

Result<std::unique_ptr<OperatorNode>> ShardedOperator::make(const Services& services, MakeOne make_one) {
  BRAID_CHECK(services.workers >= 1 && services.workers <= kSlices);
  std::unique_ptr<ShardedOperator> made(new ShardedOperator(services));
  auto count = static_cast<uint32_t>(services.workers);
  for (uint32_t i = 0; i < count; ++i) {
    auto shard = std::make_unique<Shard>(services.program);
    shard->first_slice = i * kSlices / count;
    shard->end_slice = (i + 1) * kSlices / count;
    for (uint32_t slice = shard->first_slice; slice < shard->end_slice; ++slice)
      made->shard_of_slice_[slice] = static_cast<uint8_t>(i);
    Services own{services.program,    services.index, services.state_number, shard->arena,   shard->call,
                 shard->dispositions, services.turn,  services.clocks,       services.nodes, &shard->trace};
    own.store = services.store;
    own.first_slice = shard->first_slice;
    own.end_slice = shard->end_slice;
    own.read_ahead = services.read_ahead;
    own.read_ahead.ranges = (services.read_ahead.ranges + count - 1) / count;
    own.wall = services.wall;
    BRAID_ASSIGN(shard->node, make_one(own));
    made->shards_.push_back(std::move(shard));
  }
  return std::unique_ptr<OperatorNode>(std::move(made));
}

ShardedOperator::~ShardedOperator() = default;

void ShardedOperator::begin_round() {
  for (const auto& shard : shards_) {
    shard->arena.reset();
    shard->node->begin_round();
  }
}

void ShardedOperator::run(uint64_t rows, const std::function<void(Shard&)>& call) {
  for (const auto& shard : shards_) {
    shard->call = services_.call;
    shard->call.arena = &shard->arena;
    shard->call.caches = shard->caches.data();
    shard->trace.rows.clear();
  }
  if (rows >= kParallelRows && services_.executor != nullptr) {
    services_.executor->parallel_for(shards_.size(), [&](size_t i) { call(*shards_[i]); });
  } else {
    for (const auto& shard : shards_) call(*shard);
  }
}

void ShardedOperator::take(int input, const Block& block, std::vector<Block>& out) {
  hand_edges();
  KeyBlock keys = keys_[input].encode(block, arena());
  for (const auto& shard : shards_) shard->places.clear();
  for (uint32_t row = 0; row < block.rows; ++row) {
    uint32_t owner = keys.has_null[row] ? 0 : shard_of_slice_[slice_of(keys.hashes[row])];
    shards_[owner]->places.push_back(row);
  }
  run(block.rows, [&](Shard& shard) {
    if (shard.places.empty()) return;
    for (uint32_t place : shard.places) shard.trace.rows.push_back({.a = place});
    Block part = select_rows(block, shard.places, input_leaves_[input], shard.arena);
    shard.node->taken = taken;
    shard.node->places = shard.places.data();
    shard.node->take(input, part, shard.out);
    shard.node->places = nullptr;
  });
  taken += block.rows;
  for (const auto& shard : shards_) note(shard->node->health());
  settle();
  merge(out);
}

bool ShardedOperator::advance(std::vector<Block>& out) {
  hand_edges();
  released_ = 0;
  const bool more = OperatorNode::advance(out);
  int64_t sealed_to = kNoTime, sealed_left_to = kNoTime;
  for (const auto& shard : shards_) {
    sealed_to = std::max(sealed_to, shard->node->sealed());
    sealed_left_to = std::max(sealed_left_to, shard->node->sealed_left());
  }
  std::vector<OutputTrace::Made> rows_made;
  for (const auto& shard : shards_) {
    note(shard->node->health());
    shard->node->seal(sealed_to);
    shard->node->seal_left(sealed_left_to);
    rows_made.insert(rows_made.end(), shard->trace.made.begin(), shard->trace.made.end());
    shard->trace.made.clear();
  }
  std::sort(rows_made.begin(), rows_made.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  for (const OutputTrace::Made& row : rows_made) row.record->ordinal = static_cast<uint32_t>(made++);
  settle();
  merge(out);
  return more;
}

std::optional<ReleasePoint> ShardedOperator::next_release() {
  std::optional<ReleasePoint> first;
  for (const auto& shard : shards_) {
    const auto point = shard->node->next_release();
    if (point && (!first || *point < *first)) first = point;
  }
  return first;
}

uint64_t ShardedOperator::release_before(const ReleasePoint& point, std::vector<Block>&) {
  // One point mostly releases about as much as the one before.
  run(released_, [&](Shard& shard) { shard.released = shard.node->release_before(point, shard.out); });
  released_ = 0;
  for (const auto& shard : shards_) {
    released_ += shard->released;
    note(shard->node->health());
  }
  return released_;
}

void ShardedOperator::put_released(std::vector<Block>&) {
  run(released_, [](Shard& shard) { shard.node->put_released(shard.out); });
  for (const auto& shard : shards_) note(shard->node->health());
}

void ShardedOperator::begin_release_of_waited() {
  for (const auto& shard : shards_) {
    shard->node->begin_release_of_waited();
    note(shard->node->health());
  }
}

std::optional<int64_t> ShardedOperator::next_due() {
  std::optional<int64_t> first;
  for (const auto& shard : shards_) {
    const auto due = shard->node->next_due();
    note(shard->node->health());
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

void ShardedOperator::finish_release(std::vector<Block>&) {
  run(state_size().rows, [](Shard& shard) { shard.node->finish_release(shard.out); });
}

void ShardedOperator::hand_edges() {
  for (const auto& shard : shards_) shard->node->edges = edges;
}

void ShardedOperator::settle() {
  std::vector<std::pair<const DeferredDispositions::Leave*, size_t>> leaves;  // with their own order, for equal keys
  for (const auto& shard : shards_) {
    shard->dispositions.replay_counts(index(), dispositions());
    for (const auto& leave : shard->dispositions.leaves()) leaves.emplace_back(&leave, leaves.size());
  }
  std::sort(leaves.begin(), leaves.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first->key, a.second) < std::tie(b.first->key, b.second);
  });
  for (const auto& [leave, place] : leaves)
    dispositions().leave(index(), leave->input, *leave->block, leave->row, leave->site, leave->reason);
  for (const auto& shard : shards_) shard->dispositions.forget_leaves();
}

void ShardedOperator::merge(std::vector<Block>& out) {
  struct Cursor {
    Shard* shard;
    size_t block = 0, next = 0;
    uint32_t row = 0;
    const OrderKey& key() const { return shard->trace.out[next]; }
  };
  std::vector<Cursor> cursors;
  for (const auto& shard : shards_) {
    size_t rows = 0;
    for (const Block& block : shard->out) rows += block.rows;
    BRAID_CHECK(rows == shard->trace.out.size(), "a row without a place in the order");
    if (rows > 0) cursors.push_back({shard.get()});
  }
  if (cursors.size() == 1) {
    for (Block& block : cursors[0].shard->out) out.push_back(std::move(block));
    cursors.clear();
  }
  std::vector<Source> sources;
  while (!cursors.empty()) {
    size_t least = 0;
    for (size_t i = 1; i < cursors.size(); ++i)
      if (cursors[i].key() < cursors[least].key()) least = i;
    Cursor& cursor = cursors[least];
    sources.push_back({&cursor.shard->out[cursor.block], cursor.row});
    ++cursor.next;
    if (++cursor.row == cursor.shard->out[cursor.block].rows) {
      cursor.row = 0;
      ++cursor.block;
    }
    if (cursor.next == cursor.shard->trace.out.size()) cursors.erase(cursors.begin() + static_cast<ptrdiff_t>(least));
    if (sources.size() < kBlockRows && !cursors.empty()) continue;
    out.push_back(block_of(sources));
    sources.clear();
  }
  for (const auto& shard : shards_) {
    shard->out.clear();
    shard->trace.out.clear();
  }
}

Block ShardedOperator::block_of(std::span<const Source> sources) {
  auto count = static_cast<uint32_t>(sources.size());
  Block block = allocate_block(leaves_, count, arena());
  block.rows = count;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    auto column = [i](const Block& from) { return from.columns[i].data; };
    void* to = block.columns[i].data;
    switch (leaf_width(leaves_[i].kind)) {
      case 1:
        gather_column<uint8_t>(sources, column, to);
        break;
      case 4:
        gather_column<uint32_t>(sources, column, to);
        break;
      case 8:
        gather_column<uint64_t>(sources, column, to);
        break;
      case 16:
        gather_column<uint128>(sources, column, to);
        break;
    }
  }
  gather_column<int64_t>(sources, [](const Block& from) { return from.time; }, block.time);
  gather_column<int64_t>(sources, [](const Block& from) { return from.watermark; }, block.watermark);
  bool shared = std::all_of(sources.begin(), sources.end(),
                            [&](const Source& source) { return source.block->records == sources[0].block->records; });
  if (shared) {
    gather_column<uint32_t>(sources, [](const Block& from) { return from.record; }, block.record);
    block.records = sources[0].block->records;
    return block;
  }
  auto* records = arena().allocate_array<Record>(count);
  for (uint32_t i = 0; i < count; ++i) {
    records[i] = sources[i].block->record_of(sources[i].row);
    block.record[i] = i;
  }
  block.records = records;
  return block;
}

EdgeTime ShardedOperator::output_time(std::span<const EdgeTime> inputs) const {
  // They differ only in whose rows wait.
  EdgeTime time = shards_[0]->node->output_time(inputs);
  for (const auto& shard : shards_) time.w = std::min(time.w, shard->node->output_time(inputs).w);
  return time;
}

void ShardedOperator::freeze() {
  for (const auto& shard : shards_) shard->node->freeze();
}

bool ShardedOperator::copy_frozen(CopyBudget& budget) {
  return std::all_of(shards_.begin(), shards_.end(),
                     [&](const auto& shard) { return shard->node->copy_frozen(budget); });
}

void ShardedOperator::take_frozen(StateBatch& batch) {
  for (const auto& shard : shards_) shard->node->take_frozen(batch);
}

void ShardedOperator::committed() {
  for (const auto& shard : shards_) shard->node->committed();
}

Status ShardedOperator::restore(StateStore& store, uint64_t memory) {
  for (const auto& shard : shards_) {
    SliceStore own(store, shard->first_slice, shard->end_slice);
    shard->node->edges = edges;
    BRAID_TRY(shard->node->restore(own, memory / shards_.size()));
  }
  return {};
}

void ShardedOperator::read_ahead() {
  run(state_size().cold, [](Shard& shard) { shard.node->read_ahead(); });
  for (const auto& shard : shards_) note(shard->node->health());
}

Status ShardedOperator::evict(uint64_t bytes) {
  uint64_t all = std::max<uint64_t>(state_size().bytes, 1);
  for (const auto& shard : shards_)
    BRAID_TRY(shard->node->evict(share_of(bytes, shard->node->state_size().bytes, all)));
  return {};
}

StateSize ShardedOperator::state_size() const {
  StateSize total;
  for (const auto& shard : shards_) total += shard->node->state_size();
  return total;
}

}  // namespace braid
