#include "runtime/engine/turn_feed.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "runtime/codec/turn_cutter.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/exchange_rows.h"
#include "runtime/engine/key_rows.h"

namespace braid {
/// A turn on its way, and what it is made with.
struct TurnFeed::Slot {
  explicit Slot(const Program& program) : caches(program), decoders(program.sources.size()) {}

  Queue* queue = nullptr;  ///< of whose turn it is
  // Written by whoever reads the turn, for the caller once the task is done.
  ReadTurn turn;
  bool found = false;  ///< false: the partition is at its end, or cannot be read
  Status status;
  std::string_view header;

  struct SourceDecoder {
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<KeyRows> keys;     ///< null: nothing is deleted
    const Queue* header_of = nullptr;  ///< the partition whose header it goes by
  };
  TurnBuffer buffer;
  Arena arena;
  CallContext call;
  int64_t reading = 0;  ///< of the clock, when the turn is run
  CallCaches caches;
  std::vector<SourceDecoder> decoders;  ///< by source, made when needed
  std::vector<MessageInput> messages;   ///< of the turn, where records are not lines
  std::unique_ptr<Task> task;           ///< none: it was read at once. Let go of first
};

/// The turns of a partition that have been begun and not been run.
struct TurnFeed::Queue {
  explicit Queue(JobInputs::Partition& of) : partition(of) {}

  JobInputs::Partition& partition;
  RecordForm form;
  bool has_header = false;
  bool can_read_ahead = false;
  std::deque<Slot*> begun;  ///< oldest first
  uint64_t tickets = 0;
  bool in_use = false;                     ///< `cursor` is set
  std::optional<ExchangeFormat> exchange;  ///< of rows of another stage
  std::optional<double> step;              ///< by how much a turn moves its watermark, lately
  /// Reads go in the order of tickets; whoever's turn it is owns `cursor` and `header`.
  std::atomic<uint64_t> reads = 0;
  PartitionPosition cursor;
  std::string header;                ///< set when the first turn is read
  std::atomic<bool> closed = false;  ///< nothing more to read: its end, or an error
};

TurnFeed::TurnFeed(const Program& program, JobInputs& inputs, TurnEngine& engine, Executor& executor, size_t workers,
                   std::shared_ptr<const ErasedKeys> erased)
    : program_(program), inputs_(inputs), engine_(engine), executor_(executor), erased_(std::move(erased)) {
  for (JobInputs::Partition& partition : inputs.partitions()) add(partition);
  const size_t ahead = workers > 1 ? 2 * workers : 0;
  for (size_t i = 0; i <= ahead; ++i) {
    slots_.push_back(std::make_unique<Slot>(program));
    free_.push_back(slots_.back().get());
  }
}

void TurnFeed::add(JobInputs::Partition& partition) {
  const SourceSpec& spec = program_.sources[partition.source];
  Queue& queue = queues_.emplace_back(partition);
  by_partition_[&partition] = &queue;
  queue.form = record_form(spec);
  queue.has_header =
      has_header(queue.form.format) && !(spec.binding.kind == "topic" && records_are_messages(spec.binding));
  queue.can_read_ahead = !spec.is_static() && spec.binding.kind != "stdin" && !spec.is_of_broker();
  if (spec.is_exchange()) queue.exchange.emplace(program_, spec.row);
  queue.header = partition.header;
}

void TurnFeed::give_up_all() {
  for (Queue& queue : queues_) {
    for (Slot* slot : std::exchange(queue.begun, {})) {
      slot->task.reset();
      free_.push_back(slot);
    }
    if (!queue.partition.exhausted) queue.in_use = queue.closed = false;
  }
}

void TurnFeed::reopen(const JobInputs::Partition& partition) {
  Queue& queue = queue_of(partition);
  queue.in_use = queue.closed = false;
}

TurnFeed::~TurnFeed() {
  for (Queue& queue : queues_) queue.closed = true;
}

Result<const ReadTurn*> TurnFeed::run_next(JobInputs::Partition& partition, bool seal) {
  take(partition);
  read_ahead();
  BRAID_ASSIGN(const ReadTurn* turn, found());
  if (turn == nullptr) {
    partition.exhausted = true;
    Queue& queue = queue_of(partition);
    inputs_.note_end(partition, queue.header);
    for (Slot* slot : std::exchange(queue.begun, {})) {
      slot->task.reset();
      free_.push_back(slot);
    }
    if (seal) {
      engine_.end_partition(partition.source, partition.ordinal);
      engine_.move_time();
    }
    return turn;
  }
  const int64_t before = engine_.turn_watermark(partition.source, partition.ordinal);
  engine_.run_turn(partition.source, partition.ordinal, turn->rows, false);
  inputs_.pass(partition, turn->source);
  partition.records += static_cast<int64_t>(turn->rows.records.size());
  partition.bytes += static_cast<int64_t>(turn->source.bytes.size());
  if (before != kNoTime) {
    const int64_t after = engine_.turn_watermark(partition.source, partition.ordinal);
    const double moved = static_cast<double>(after) - static_cast<double>(before);
    std::optional<double>& step = queue_of(partition).step;
    step = step ? (*step + moved) / 2 : moved;
  }
  return turn;
}

Status TurnFeed::load_table(int source, bool silent) {
  for (JobInputs::Partition* partition : inputs_.table_partitions(source)) {
    partition->position = partition->begin;
    Queue& queue = queue_of(*partition);
    queue.in_use = queue.closed = false;
    while (true) {
      take(*partition);
      BRAID_ASSIGN(const ReadTurn* turn, found());
      if (turn == nullptr) break;
      engine_.load_table(source, turn->rows, silent);
      inputs_.pass(*partition, turn->source);
      partition->records += static_cast<int64_t>(turn->rows.records.size());
      partition->bytes += static_cast<int64_t>(turn->source.bytes.size());
    }
    inputs_.note_end(*partition, queue.header);
  }
  return {};
}

TurnFeed::Queue& TurnFeed::queue_of(const JobInputs::Partition& partition) {
  return *by_partition_.at(&partition);
}

TurnFeed::Slot& TurnFeed::take_free(Queue& queue) {
  Slot& slot = *free_.back();
  free_.pop_back();
  slot.queue = &queue;
  slot.call = engine_.call();
  slot.reading = engine_.wall();
  if (!std::exchange(queue.in_use, true)) queue.cursor = queue.partition.position;
  return slot;
}

void TurnFeed::take(JobInputs::Partition& partition) {
  if (at_hand_ != nullptr) free_.push_back(at_hand_);
  Queue& queue = queue_of(partition);
  if (!queue.begun.empty()) {
    at_hand_ = queue.begun.front();
    queue.begun.pop_front();
    return;
  }
  at_hand_ = &take_free(queue);
  make(*at_hand_, queue.tickets++);
  // Nobody thought of this partition. Where all other slots are taken, one makes room for what comes behind.
  if (free_.empty() && slots_.size() > 1) give_up_farthest();
}

Result<const ReadTurn*> TurnFeed::found() {
  at_hand_->task.reset();
  BRAID_TRY(at_hand_->status);
  if (!at_hand_->found) return nullptr;
  const JobInputs::Partition& partition = at_hand_->queue->partition;
  // Read ahead before the clock reading that its epoch has.
  const bool arrived_later = program_.sources[partition.source].has_arrival &&
                             std::exchange(at_hand_->reading, engine_.wall()) != engine_.wall();
  if (arrived_later || at_hand_->call.now != engine_.call().now) {
    at_hand_->call = engine_.call();
    decode(*at_hand_);
  }
  engine_.set_header(partition.source, partition.ordinal, at_hand_->header);
  return &at_hand_->turn;
}

void TurnFeed::make(Slot& slot, uint64_t ticket) const {
  Queue& queue = *slot.queue;
  // Works begin in order: who reads before this has begun, and waits for nobody behind it.
  for (uint64_t seen = queue.reads.load(); seen != ticket; seen = queue.reads.load()) queue.reads.wait(seen);
  read(slot);
  queue.reads.store(ticket + 1);
  queue.reads.notify_all();
  if (slot.found) decode(slot);
}

void TurnFeed::read(Slot& slot) const {
  Queue& queue = *slot.queue;
  slot.found = false;
  slot.status = {};
  if (queue.closed) return;
  Result<std::optional<SourceTurn>> turn =
      queue.partition.reader->next_turn(queue.cursor, slot.buffer, queue.partition.turn_end);
  if (!turn.ok()) slot.status = turn.error();
  slot.found = turn.ok() && turn->has_value();
  if (!slot.found) {
    queue.closed = true;
    return;
  }
  slot.turn.source = **turn;
  queue.cursor = slot.turn.source.end;
  if (!queue.has_header || slot.turn.source.begin.position > 0 || slot.turn.source.long_record_bytes > 0) return;
  queue.header = find_header(queue.form, slot.turn.source.bytes, true);
}

void TurnFeed::decode(Slot& slot) const {
  const Queue& queue = *slot.queue;
  const int source = queue.partition.source;
  const SourceSpec& spec = program_.sources[source];
  const SourceTurn& turn = slot.turn.source;
  slot.turn.digest = key_hash(turn.bytes);
  slot.arena.reset();
  slot.call.arena = &slot.arena;
  slot.call.caches = slot.caches.data();
  if (queue.exchange) {
    Result<SourceRows> rows = queue.exchange->read(turn.given, spec.binding.address, spec.fronts, slot.arena);
    if (rows.ok())
      slot.turn.rows = std::move(*rows);
    else
      slot.status = rows.error();
    return;
  }
  auto& [decoder, keys, header_of] = slot.decoders[source];
  const bool another = queue.has_header && std::exchange(header_of, &queue) != &queue;
  if (!decoder || (another && queue.header.empty())) decoder = make_decoder(decode_plan(spec), &spec.reader);
  if (!keys && takes_deletes(spec)) keys = std::make_unique<KeyRows>(spec);
  if (another && !queue.header.empty()) decoder->set_header(queue.header);

  slot.messages.clear();
  if (records_are_messages(spec.binding)) {
    for (const GivenRecord& each : turn.given)
      slot.messages.push_back(
          {.value = each.bytes.substr(each.framing),
           .schema_header = each.framing > 0 ? std::optional(each.bytes.substr(0, each.framing)) : std::nullopt,
           .position = each.position});
  }
  const TurnInput input{.bytes = turn.bytes,
                        // Only a text begins with a byte order mark.
                        .position = turn.given.empty() ? turn.begin.position : 1,
                        .first_line = turn.begin.line,
                        .long_record_bytes = turn.long_record_bytes,
                        .ascii = turn.ascii,
                        .messages = slot.messages,
                        .source = static_cast<uint32_t>(source),
                        .partition = queue.partition.ordinal};
  DecodedTurn decoded = decoder->decode(input, slot.arena);
  name_given_records(turn.given, decoded);
  slot.header = decoder->header();
  std::span<const uint8_t> erased;
  if (erased_ != nullptr) erased = erased_->find(source, decoded, slot.arena);
  slot.turn.rows = run_from(spec, std::move(decoded), {slot.reading, turn.given}, slot.arena, slot.call);
  slot.turn.rows.erased = erased;
  if (keys && !turn.given.empty())
    keys->add(input, turn.given, slot.turn.rows, slot.arena);
  else if (keys && spec.binding.has_changes())
    keys->add_lines(input, slot.turn.rows, slot.arena);
  if (slots_.size() > 1) engine_.run_ahead(source, slot.turn.rows, slot.arena, slot.call);
}

double TurnFeed::expected(const Queue& queue, size_t turns) const {
  // Without event time a partition comes before all others, and is read to its end.
  if (!program_.sources[queue.partition.source].has_time) return -std::numeric_limits<double>::infinity();
  const auto watermark = static_cast<double>(engine_.turn_watermark(queue.partition.source, queue.partition.ordinal));
  if (turns == 0) return watermark;
  return queue.step ? watermark + *queue.step * static_cast<double>(turns) : std::numeric_limits<double>::infinity();
}

void TurnFeed::read_ahead() {
  while (!free_.empty() && slots_.size() > 1) {
    Queue* soonest = nullptr;
    double least = 0;
    for (Queue& queue : queues_) {
      if (!queue.can_read_ahead || queue.closed || queue.partition.exhausted) continue;
      const double w = expected(queue, queue.begun.size() + (at_hand_->queue == &queue ? 1 : 0));
      if (soonest != nullptr && w >= least) continue;
      soonest = &queue;
      least = w;
    }
    if (soonest == nullptr) return;
    Slot& slot = take_free(*soonest);
    soonest->begun.push_back(&slot);
    slot.task = executor_.start([this, &slot, ticket = soonest->tickets++] { make(slot, ticket); });
  }
}

void TurnFeed::give_up_farthest() {
  Queue* farthest = nullptr;
  double most = 0;
  for (Queue& queue : queues_) {
    if (queue.begun.empty()) continue;
    const double w = expected(queue, queue.begun.size());
    if (farthest != nullptr && w < most) continue;
    farthest = &queue;
    most = w;
  }
  BRAID_CHECK(farthest != nullptr, "all slots are taken, and no turn is begun");
  Slot* slot = farthest->begun.back();
  farthest->begun.pop_back();
  slot->task.reset();
  if (slot->found) farthest->cursor = slot->turn.source.begin;
  farthest->closed = false;
  free_.push_back(slot);
}

}  // namespace braid
