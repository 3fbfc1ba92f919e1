#include "runtime/engine/turn_engine.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"
#include "runtime/lookup/lookups.h"
#include "runtime/operators/instants.h"
#include "runtime/operators/retime.h"
#include "runtime/operators/rows.h"
#include "runtime/report/diagnostic.h"

namespace braid {

TurnEngine::TurnEngine(const Program& program, OutputWriter& output, const EngineOptions& options)
    : program_(program),
      block_rows_(options.block_rows),
      book_(program),
      partition_names_(program.sources.size()),
      clocks_(program.sources.size()),
      front_epochs_(program.sources.size()),
      dispositions_(program, book_, output, partition_names_, arena_),
      state_numbers_(options.state_numbers),
      lookups_(options.lookups),
      state_memory_(options.state_memory),
      times_(program.operators.size()),
      source_operators_(program.sources.size(), -1),
      behind_(program.sources.size()),
      by_instants_(by_instants(program)),
      has_readers_(program.operators.size(), false),
      caches_(program) {
  BRAID_CHECK(block_rows_ >= 1 && block_rows_ <= kBlockRows);
  call_.arena = &arena_;
  call_.now = options.now;
  until_ = options.until;
  call_.job_seed = options.job_seed;
  call_.caches = caches_.data();
  if (state_numbers_.empty())
    for (size_t op = 0; op < program.operators.size(); ++op) state_numbers_.push_back(static_cast<uint32_t>(op) + 1);
  BRAID_CHECK(state_numbers_.size() == program.operators.size());
  for (size_t op = 0; op < program.operators.size(); ++op) {
    if (const auto* source = std::get_if<SourceOperator>(&program.operators[op].content))
      source_operators_[source->source] = static_cast<int>(op);
    if (std::holds_alternative<RowsOperator>(program.operators[op].content) && block_rows_ == kBlockRows) {
      const auto* input = std::get_if<SourceOperator>(&program.operators[program.operators[op].inputs[0]].content);
      // What is made ahead has the records of the source.
      if (input != nullptr && !dispositions_.parts(static_cast<int>(op), 0))
        behind_[input->source].push_back(static_cast<int>(op));
    }
    for (int input : program.operators[op].inputs) {
      BRAID_CHECK(input < static_cast<int>(op), "operators are not in topological order");
      if (std::holds_alternative<PublishOperator>(program.operators[input].content) &&
          !std::holds_alternative<PortOperator>(program.operators[op].content))
        has_readers_[input] = true;
    }
  }
  const std::vector<uint32_t> ways = made_ways(program);
  if (!ways.empty()) made_ways_ = *std::ranges::max_element(ways);
  publish_names();
}

TurnEngine::~TurnEngine() = default;

Result<std::unique_ptr<TurnEngine>> TurnEngine::make(const Program& program, OutputWriter& output,
                                                     const EngineOptions& options) {
  std::unique_ptr<TurnEngine> engine(new TurnEngine(program, output, options));
  BRAID_TRY(engine->dispositions_.prepare());
  for (size_t op = 0; op < program.operators.size(); ++op) {
    Services services{program,
                      static_cast<int>(op),
                      engine->state_numbers_[op],
                      engine->arena_,
                      engine->call_,
                      engine->dispositions_,
                      engine->turn_,
                      *engine,
                      engine->nodes_,
                      nullptr,
                      options.workers,
                      options.executor,
                      options.store};
    services.round_rows = options.round_rows;
    services.read_ahead = options.read_ahead;
    services.wall = &engine->wall_;
    services.lookups = options.lookups;
    BRAID_ASSIGN(std::unique_ptr<OperatorNode> node, make_operator(services));
    if (node) node->edges.resize(program.operators[op].inputs.size());
    engine->nodes_.push_back(std::move(node));
    engine->leaves_.push_back(flatten(program.operators[op].row));
  }
  return engine;
}

void TurnEngine::publish_names() {
  // `origin` may be asked of rows of any source, of products and of rows that windows made: all have an entry.
  size_t relations = program_.sources.size() + program_.products.size() + 1;
  size_t most = 1;
  for (const auto& names : partition_names_) most = std::max(most, names.size());
  source_names_.assign(relations, Bytes{"", 0});
  partition_name_bytes_.assign(relations, {});
  partition_name_tables_.clear();
  for (size_t relation = 0; relation < relations; ++relation) {
    size_t places = most;
    if (relation + 1 == relations)
      places = std::max<size_t>(places, made_ways_);
    else if (relation >= program_.sources.size())
      places *= dispositions_.places().ways(static_cast<int>(relation - program_.sources.size()));
    partition_name_bytes_[relation].assign(places, Bytes{"", 0});
    if (relation < program_.sources.size()) {
      const std::string& name = program_.sources[relation].name;
      source_names_[relation] = {name.data(), name.size()};
      for (size_t i = 0; i < partition_names_[relation].size(); ++i)
        partition_name_bytes_[relation][i] = {partition_names_[relation][i].data(),
                                              partition_names_[relation][i].size()};
    } else if (relation < program_.sources.size() + program_.products.size()) {
      const std::string& name = program_.products[relation - program_.sources.size()].name;
      source_names_[relation] = {name.data(), name.size()};
    }
    partition_name_tables_.push_back(partition_name_bytes_[relation].data());
  }
  call_.source_names = source_names_.data();
  call_.partition_names = partition_name_tables_.data();
}

uint32_t TurnEngine::add_partition(int source, std::string name) {
  const auto ordinal = static_cast<uint32_t>(clocks_[source].size());
  add_partition(source, ordinal, std::move(name));
  return ordinal;
}

void TurnEngine::add_partition(int source, uint32_t ordinal, std::string name) {
  name_partition(source, ordinal, std::move(name));
  const SourceSpec& spec = program_.sources[source];
  PartitionClock clock;
  clock.within = spec.within_us;
  clock.ahead = spec.ahead_us;
  clock.floor = task_watermark_;
  clocks_[source][ordinal] = clock;
}

void TurnEngine::name_partition(int source, uint32_t ordinal, std::string name) {
  PartitionClock absent;
  absent.ended = true;
  const size_t count = std::max<size_t>(clocks_[source].size(), ordinal + size_t{1});
  clocks_[source].resize(count, absent);
  partition_names_[source].resize(count);
  if (program_.sources[source].is_exchange()) front_epochs_[source].resize(count);
  partition_names_[source][ordinal] = std::move(name);
  publish_names();
}

int64_t TurnEngine::turn_watermark(int source, uint32_t partition) const {
  if (!program_.sources[source].has_time) return kNoTime;
  if (!program_.sources[source].is_exchange()) return clocks_[source][partition].watermark();
  EdgeTime time;
  for (const PartitionClock& front : clocks_[source]) time = time + EdgeTime::of(front);
  return time.w;
}

void TurnEngine::visit_clocks(uint32_t source, const Visit& visit) const {
  for (uint32_t partition = 0; partition < clocks_[source].size(); ++partition)
    visit(source, partition, clocks_[source][partition]);
}

int64_t TurnEngine::newest() const {
  int64_t newest = kNoTime;
  for (const auto& partitions : clocks_)
    for (const PartitionClock& clock : partitions) newest = std::max(newest, clock.newest);
  return newest;
}

void TurnEngine::begin_turn() {
  arena_.reset();
  wall_ = std::max(wall_, reading_);
  for (const auto& node : nodes_)
    if (node) node->begin_turn();
}

SourceRows TurnEngine::decode(TurnInput input, Decoder& decoder, int source, uint32_t partition) {
  input.source = static_cast<uint32_t>(source);
  input.partition = partition;
  DecodedTurn turn = decoder.decode(input, arena_);
  set_header(source, partition, decoder.header());
  return run_from(program_.sources[source], std::move(turn), {.reading = wall()}, arena_, call_);
}

void TurnEngine::run_turn(TurnInput input, Decoder& decoder, int source, uint32_t partition, bool ends) {
  begin_turn();
  run_rows(source, partition, decode(input, decoder, source, partition), ends);
}

void TurnEngine::run_turn(int source, uint32_t partition, const DecodedTurn& turn, bool ends) {
  begin_turn();
  run_rows(source, partition, run_from(program_.sources[source], turn, {.reading = wall()}, arena_, call_), ends);
}

void TurnEngine::run_turn(int source, uint32_t partition, const SourceRows& rows, bool ends) {
  begin_turn();
  run_rows(source, partition, rows, ends);
}

void TurnEngine::run_rows(int source, uint32_t partition, const SourceRows& rows, bool ends) {
  BRAID_CHECK(!program_.sources[source].is_static(), "a static table is loaded");
  ++turn_;
  for (Record& record : rows.records) record.turn = turn_;  // not known yet to who decodes ahead
  if (program_.sources[source].is_exchange()) {
    take_exchange(source, rows);
    return release();
  }
  PartitionClock& clock = clocks_[source][partition];
  clock.ended = false;
  clock.wake(task_watermark_);
  if (source_operators_[source] >= 0) {
    run_blocks(source, rows, read_source(source, rows, program_.sources[source].has_time ? &clock : nullptr));
    dispositions_.write_ports();
  }
  if (ends) clock.ended = true;
  release();
}

void TurnEngine::load_table(TurnInput input, Decoder& decoder, int source, uint32_t partition, bool silent) {
  begin_turn();
  load_rows(source, decode(input, decoder, source, partition), silent);
}

void TurnEngine::load_table(int source, uint32_t, const DecodedTurn& turn, bool silent) {
  begin_turn();
  load_rows(source, run_from(program_.sources[source], turn, {.reading = wall()}, arena_, call_), silent);
}

void TurnEngine::load_table(int source, const SourceRows& rows, bool silent) {
  begin_turn();
  load_rows(source, rows, silent);
}

void TurnEngine::load_rows(int source, const SourceRows& rows, bool silent) {
  BRAID_CHECK(program_.sources[source].is_static(), "not a static table");
  if (source_operators_[source] < 0) return;
  dispositions_.set_silent(silent);
  run_blocks(source, rows, read_source(source, rows, nullptr));
  dispositions_.write_ports();
  dispositions_.set_silent(false);
}

void TurnEngine::take_exchange(int source, const SourceRows& rows) {
  Arrived arrived;
  std::vector<Block> parts;
  for (const Block& block : cut(rows.blocks, parts)) {
    dispositions_.receive(source_operators_[source], block);
    arrived.blocks.push_back(block);
    arrived.whole.push_back(-1);
  }
  run_blocks(source, rows, std::move(arrived));
  dispositions_.write_ports();
  for (const SourceRows::Front& front : rows.fronts) {
    uint64_t& epoch = front_epochs_[source][front.number];
    if (front.epoch != epoch + 1 && exchanges_health_.ok()) {
      const Diagnostic wrong = diag::RepartitionOutOfOrder{.topic = program_.sources[source].binding.address,
                                                           .task = front.number,
                                                           .found = static_cast<int64_t>(front.epoch),
                                                           .expected = static_cast<int64_t>(epoch) + 1}
                                   .make();
      exchanges_health_ = Error{ErrorKind::input, wrong.message, wrong.code, 0};
    }
    epoch = front.epoch;
    PartitionClock& clock = clocks_[source][front.number];
    clock.ended = front.time.active == 0 && front.time.idle == 0;
    clock.idle = front.time.active == 0 && !clock.ended;
    clock.follows = clock.idle && front.time.moves();
    if (front.time.moves()) clock.max = front.time.w;
    if (clock.ended && front.time.reached != kEndTime) clock.max = std::max(clock.max, front.time.reached);
  }
}

TurnEngine::Arrived TurnEngine::read_source(int source, const SourceRows& rows, PartitionClock* clock) {
  const SourceSpec& spec = program_.sources[source];
  int op = source_operators_[source];
  auto count = static_cast<int64_t>(rows.records.size() - rows.passed);
  if (!dispositions_.silent()) records_ += count;
  const auto is_erased = [&](uint32_t record) { return !rows.erased.empty() && rows.erased[record] != 0; };
  const int64_t erased = std::ranges::count(rows.erased, uint8_t{1});
  for (int product : program_.operators[op].products) {
    Ledger& ledger = book_.of(product, static_cast<uint32_t>(source));
    ledger.in += count;
    ledger.erased += erased;
  }
  // All that `from` turns away goes out in the order of the records, wherever blocks are cut.
  struct Refused {
    uint32_t ordinal;
    const SourceRows::Refused* row = nullptr;
    Diagnostic reason;
  };
  std::vector<Refused> refused;
  for (const RejectedRecord& rejected : rows.rejected)
    if (!is_erased(rejected.record)) refused.push_back({rejected.record, nullptr, rejected.diagnostic});
  for (const SourceRows::Refused& each : rows.refused)
    if (!is_erased(each.record)) refused.push_back({each.record, &each, {}});

  std::vector<Leaf> leaves = flatten(spec.row);
  Arrived arrived;
  std::vector<Block> parts;
  int index = -1;
  for (Block block : cut(rows.blocks, parts)) {
    ++index;
    if (block.rows == 0) continue;
    block.watermark = arena_.allocate_array<int64_t>(block.rows);
    std::vector<uint32_t> ahead;
    if (clock == nullptr) {
      std::fill_n(block.watermark, block.rows, kNoTime);
    } else {
      ahead = observe_times(source, block, *clock);
    }
    bool whole = ahead.empty();
    for (uint32_t row = 0; erased > 0 && whole && row < block.rows; ++row) whole = !is_erased(block.record[row]);
    if (whole) {
      arrived.blocks.push_back(std::move(block));
      arrived.whole.push_back(index);
      continue;
    }
    std::vector<uint32_t> kept;
    auto next = ahead.begin();
    for (uint32_t row = 0; row < block.rows; ++row) {
      if (next == ahead.end() || *next != row) {
        if (!is_erased(block.record[row])) kept.push_back(row);
        continue;
      }
      ++next;
      if (is_erased(block.record[row])) continue;
      std::string time, bound;
      append_timestamp(time, block.time[row]);
      append_duration_literal(bound, spec.ahead_us);
      refused.push_back({block.record[row], nullptr, diag::TooFarAhead{.time = time, .ahead = bound}.make()});
    }
    if (kept.empty()) continue;
    arrived.blocks.push_back(select_rows(block, kept, leaves, arena_));
    arrived.whole.push_back(-1);
  }
  std::sort(refused.begin(), refused.end(), [](const Refused& a, const Refused& b) { return a.ordinal < b.ordinal; });
  for (const Refused& each : refused) {
    const Record& record = rows.records[each.ordinal];
    if (each.row != nullptr) {
      dispositions_.leave_source(op, record, each.row->site, each.row->reason);
    } else {
      dispositions_.reject_record(op, record, spec.sites.at(0), each.reason);
    }
  }
  dispositions_.arrive(source, arrived.blocks);
  return arrived;
}

std::vector<uint32_t> TurnEngine::observe_times(int source, Block& block, PartitionClock& clock) {
  int64_t latest = std::min(add_time(call_.now, program_.sources[source].ahead_us), until_);
  std::vector<uint32_t> ahead;
  for (uint32_t row = 0; row < block.rows; ++row) {
    block.watermark[row] = clock.watermark();
    if (block.time[row] > latest) {
      ahead.push_back(row);
    } else {
      clock.observe(block.time[row]);
    }
  }
  return ahead;
}

void TurnEngine::take_inputs(int op, std::vector<std::vector<Block>>& outputs) {
  OperatorNode* node = nodes_[op].get();
  if (node == nullptr) return;
  if (const auto* port = std::get_if<PortOperator>(&program_.operators[op].content)) {
    outputs[op] = dispositions_.given_ports().take(op);
    const auto relation = static_cast<uint32_t>(program_.sources.size()) + static_cast<uint32_t>(port->product);
    for (const Block& block : outputs[op])
      for (const int reader : program_.operators[op].products) book_.of(reader, relation).in += block.rows;
    return;
  }
  const std::vector<int>& inputs = program_.operators[op].inputs;
  // A join takes its right input first: a record on both sides can meet itself. A union goes in the order written.
  bool joins = inputs.size() == 2 && !std::holds_alternative<UnionOperator>(program_.operators[op].content);
  for (size_t i = 0; i < inputs.size(); ++i) {
    size_t input = joins ? inputs.size() - 1 - i : i;
    std::vector<Block> parts, room;
    const std::vector<Block>& blocks =
        dispositions_.on_their_way(op, static_cast<int>(input), outputs[inputs[input]], room);
    for (const Block& block : blocks) dispositions_.read(op, static_cast<int>(input), block.rows);
    for (const Block& block : cut(blocks, parts)) node->take(static_cast<int>(input), block, outputs[op]);
  }
  if (has_readers_[op]) hand_to_readers(op, outputs[op]);
}

const std::vector<Block>& TurnEngine::cut(const std::vector<Block>& blocks, std::vector<Block>& room) const {
  if (block_rows_ == kBlockRows) return blocks;
  for (const Block& block : blocks)
    for (uint32_t first = 0; first < block.rows; first += block_rows_)
      room.push_back(slice(block, first, std::min(block_rows_, block.rows - first)));
  return room;
}

/// The products that read the rows which the product of the publish step `op` publishes.
const std::vector<int>& TurnEngine::readers_of(int op) {
  const auto known = readers_.find(op);
  if (known != readers_.end()) return known->second;
  std::vector<int> readers;
  for (const Operator& reader : program_.operators) {
    if (std::holds_alternative<PortOperator>(reader.content)) continue;
    if (std::find(reader.inputs.begin(), reader.inputs.end(), op) == reader.inputs.end()) continue;
    readers.insert(readers.end(), reader.products.begin(), reader.products.end());
  }
  std::sort(readers.begin(), readers.end());
  readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
  return readers_[op] = std::move(readers);
}

void TurnEngine::hand_to_readers(int op, std::vector<Block>& blocks) {
  int product = std::get<PublishOperator>(program_.operators[op].content).product;
  auto relation = static_cast<uint32_t>(program_.sources.size()) + static_cast<uint32_t>(product);
  for (Block& block : blocks) {
    auto* records = arena_.allocate_array<Record>(block.rows);
    auto* record = arena_.allocate_array<uint32_t>(block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      records[row] = block.record_of(row);
      dispositions_.places().hand_on(product, records[row]);
      records[row].settled = 0;
      record[row] = row;
    }
    block.records = records;
    block.record = record;
    for (const int reader : readers_of(op)) book_.of(reader, relation).in += block.rows;
  }
}

void TurnEngine::run_ahead(int source, SourceRows& rows, Arena& arena, CallContext& call) const {
  for (const int op : behind_[source]) {
    const auto& node = static_cast<const RowsNode&>(*nodes_[op]);
    SourceRows::Step& step = rows.ahead.emplace_back(op);
    for (const Block& block : rows.blocks) step.made.push_back(node.make(block, arena, call));
  }
}

void TurnEngine::run_blocks(int source, const SourceRows& rows, Arrived arrived) {
  if (arrived.blocks.empty() && !dispositions_.given_ports().waiting()) return;
  std::vector<std::vector<Block>> outputs(program_.operators.size());
  std::vector<Block>& first = outputs[source_operators_[source]] = std::move(arrived.blocks);
  auto step = rows.ahead.begin();
  for (size_t op = 0; op < nodes_.size(); ++op) {
    if (std::holds_alternative<RetimeOperator>(program_.operators[op].content)) {
      std::vector<Block> parts, room;
      const std::vector<Block>& blocks =
          dispositions_.on_their_way(static_cast<int>(op), 0, outputs[program_.operators[op].inputs[0]], room);
      for (const Block& block : blocks) dispositions_.read(static_cast<int>(op), 0, block.rows);
      static_cast<RetimeNode&>(*nodes_[op]).take_turn(cut(blocks, parts), outputs[op]);
      continue;
    }
    if (step == rows.ahead.end() || step->op != static_cast<int>(op)) {
      take_inputs(static_cast<int>(op), outputs);
      continue;
    }
    auto& node = static_cast<RowsNode&>(*nodes_[op]);
    for (size_t i = 0; i < first.size(); ++i) {
      if (arrived.whole[i] < 0) {
        node.take(0, first[i], outputs[op]);
      } else {
        node.take_made(0, first[i], step->made[static_cast<size_t>(arrived.whole[i])], outputs[op]);
      }
    }
    ++step;
  }
}

void TurnEngine::release() {
  move_task_watermark();
  // What an operator releases goes on in rounds. Time moves on behind it only when it has released all, so that nothing
  // is late for another round.
  std::vector<bool> done(nodes_.size(), false);
  while (!release_round(done)) {
    arena_.reset();
    for (const auto& node : nodes_)
      if (node) node->begin_round();
  }
  for (const auto& node : nodes_)
    if (node) node->read_ahead();
}

bool TurnEngine::release_round(std::vector<bool>& done) {
  std::vector<std::vector<Block>> outputs(program_.operators.size());
  for (size_t op = 0; op < nodes_.size(); ++op) {
    const Operator& self = program_.operators[op];
    if (done[op]) continue;
    if (const auto* source = std::get_if<SourceOperator>(&self.content)) {
      times_[op] = {};
      if (program_.sources[source->source].has_time)
        for (const PartitionClock& clock : clocks_[source->source]) times_[op] = times_[op] + EdgeTime::of(clock);
      done[op] = true;
      continue;
    }
    take_inputs(static_cast<int>(op), outputs);
    if (!std::all_of(self.inputs.begin(), self.inputs.end(), [&](int input) { return done[input]; })) {
      // The next round has the next instant.
      while (by_instants_[op] && nodes_[op]->advance(outputs[op])) {
      }
      continue;
    }
    std::vector<EdgeTime> inputs;
    const bool reads_port = std::holds_alternative<PortOperator>(self.content);
    for (size_t i = 0; i < self.inputs.size(); ++i) {
      const EdgeTime before = times_[self.inputs[i]];
      inputs.push_back(reads_port ? dispositions_.given_ports().time_of(static_cast<int>(op), times_, before) : before);
      nodes_[op]->edges[i].move(inputs.back());
    }
    size_t before = outputs[op].size();
    done[op] = !nodes_[op]->advance(outputs[op]);
    BRAID_CHECK(!has_readers_[op] || outputs[op].size() == before, "a publish step holds no rows");
    // Rows that lie far apart in time are released a few at a time.
    if (outputs[op].size() > before + 1) join_small_blocks(outputs[op], before, leaves_[op], arena_);
    if (done[op]) times_[op] = nodes_[op]->output_time(inputs);
  }
  dispositions_.write_ports();
  return std::all_of(done.begin(), done.end(), [](bool each) { return each; });
}

void TurnEngine::move_time() {
  begin_turn();
  ++turn_;
  release();
}

std::optional<int64_t> TurnEngine::next_due() {
  std::optional<int64_t> first;
  for (const auto& node : nodes_) {
    if (!node) continue;
    const std::optional<int64_t> due = node->next_due();
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

void TurnEngine::release_waited() {
  begin_turn();
  ++turn_;
  for (const auto& node : nodes_)
    if (node) node->begin_release_of_waited();
  release();
}

void TurnEngine::advance_partition(int source, uint32_t partition, int64_t time) {
  PartitionClock& clock = clocks_[source][partition];
  clock.wake(task_watermark_);
  clock.advance(time);
}

void TurnEngine::move_task_watermark() {
  EdgeTime time;
  for (size_t source = 0; source < clocks_.size(); ++source)
    if (program_.sources[source].has_time)
      for (const PartitionClock& clock : clocks_[source]) time = time + EdgeTime::of(clock);
  if (time.moves()) task_watermark_ = std::max(task_watermark_, time.w);
}

StateSize TurnEngine::state_size() const {
  StateSize total;
  for (const auto& node : nodes_)
    if (node) total += node->state_size();
  if (lookups_ != nullptr) total += {.rows = lookups_->rows(), .bytes = lookups_->bytes()};
  return total;
}

uint64_t TurnEngine::leaps_discarded() const {
  uint64_t sum = 0;
  for (const auto& source : clocks_)
    for (const PartitionClock& clock : source) sum += clock.leaps_discarded;
  return sum;
}

}  // namespace braid
