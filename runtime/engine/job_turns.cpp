#include "runtime/engine/job_turns.h"

#include <algorithm>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/engine/told_promises.h"

namespace braid {
namespace {

constexpr int kReplayDiffers = diag::ReplayDiffers::kCode;

}  // namespace

JobTurns::JobTurns(const Program& program, const JobOptions& options, const JobSeams& seams)
    : program_(program),
      options_(options),
      seams_(seams),
      inputs_(seams.fs, program, {.complete = options.seal && !options.follow, .live = options.follow}, options.root),
      evict_above_(options.state_memory) {
  topics_.broker = seams.broker;
  topics_.reader = seams.reader;
  topics_.clock = &seams.clock;
  topics_.task = options.partition;
  topics_.bounded = options.until_caught_up;
  topics_.live = options.follow;
  topics_.stop_requested = options.stop_requested;
  topics_.traces = &traces_;
  // A member of a job has other work meanwhile, and tries again.
  if (options.follow) topics_.schema_patience_us = 3'000'000;
}

Status JobTurns::connect() {
  const bool any = std::any_of(program_.sources.begin(), program_.sources.end(),
                               [](const SourceSpec& source) { return source.is_of_broker(); });
  if (!any) return {};
  inputs_.read_topics(topics_);
  if (topics_.reader != nullptr) return {};
  auto reader = seams_.broker->make_reader({.group = options_.group});
  if (!reader.ok()) return Error(reader.error());
  reader_ = std::move(*reader);
  topics_.reader = reader_.get();
  return {};
}

Status JobTurns::open(JobStore& store, OutputWriter& output) {
  return open(store, store.state(), output);
}

Status JobTurns::open_again(JobStore& store, StateStore& known, OutputWriter& output) {
  reads_again_ = true;
  return open(store, known, output);
}

Status JobTurns::open(JobStore& store, StateStore& known, OutputWriter& output) {
  goes_on_ = store.last_epoch().epoch > 0;
  BRAID_TRY(
      store.state().scan(StateFamily::meta, "table/", [this](std::string_view key, std::string_view digest) -> Status {
        table_digests_[std::string(key.substr(6))] = WireReader(digest).fixed<uint64_t>();
        return {};
      }));
  BRAID_TRY(connect());
  BRAID_TRY(inputs_.open(known));
  if (reads_again_) BRAID_TRY(inputs_.go_back_to(store.state()));
  EngineOptions engine;
  engine.job_seed = key_hash(options_.project + "/" + program_.name);
  engine.now = store.header().started_at;
  engine.state_numbers = store.states().numbers;
  // One worker's time goes into reading ahead: to cut keyed steps into as many parts would only cost.
  engine.workers = options_.workers > 1 ? options_.workers - 1 : 1;
  engine.block_rows = options_.block_rows;
  engine.executor = &seams_.executor;
  if (!program_.services.empty()) lookups_ = std::make_unique<Lookups>(program_, seams_.make_service, seams_.clock);
  engine.lookups = lookups_.get();
  if (options_.state_memory != UINT64_MAX) engine.store = &store.state();
  engine.state_memory = options_.state_memory;
  BRAID_ASSIGN(engine_, TurnEngine::make(program_, output, engine));
  BRAID_TRY(name_partitions());
  for (const JobInputs::Partition& partition : inputs_.partitions()) {
    if (reads_again_ && !partition.known && !program_.sources[partition.source].is_static())
      unmet_.insert(&partition);  // it holds no time back before it was found
    else
      add_to_engine(partition);
  }
  if (options_.follow) {
    epoch_now_ = seams_.clock.now_us();
    engine_->set_now(epoch_now_);
  }
  std::shared_ptr<const ErasedKeys> erased = options_.erased;
  if (erased == nullptr) {
    const std::string& where = options_.erasures_of.empty() ? options_.directory : options_.erasures_of;
    BRAID_ASSIGN(const ErasureLog log, ErasureLog::read(seams_.fs, where));
    BRAID_ASSIGN(erased, ErasedKeys::make(log, program_));
  }
  feed_ = std::make_unique<TurnFeed>(program_, inputs_, *engine_, seams_.executor, options_.workers, std::move(erased));
  store.start_proof();
  // All topics are fetched from at once: the first records of each take a while.
  for (const JobInputs::Partition& partition : inputs_.partitions())
    if (program_.sources[partition.source].is_of_broker() && !unmet_.contains(&partition))
      BRAID_TRY(partition.reader->has_more(partition.position.position));
  BRAID_TRY(engine_->restore(store.state(), store.states().kept));
  if (lookups_ != nullptr) BRAID_TRY(open_lookups(store.state()));
  return read_clock(store.state());
}

Status JobTurns::pass_over(const ErasureLog& log) {
  BRAID_ASSIGN(std::shared_ptr<const ErasedKeys> erased, ErasedKeys::make(log, program_));
  feed_->pass_over(std::move(erased));
  return {};
}

void JobTurns::note_erasure(const std::string& note) {
  if (since_commit_ == 0) begin_epoch();
  run_erased(note);
}

void JobTurns::run_erased(const std::string& note) {
  record_.events.push_back({.kind = EpochEvent::Kind::erased, .name = note});
  ++since_commit_;
}

void JobTurns::add_to_engine(const JobInputs::Partition& partition) {
  const SourceSpec& spec = program_.sources[partition.source];
  if (!spec.is_exchange()) engine_->add_partition(partition.source, partition.ordinal, partition.name);
  for (uint32_t front = 0; front < spec.fronts; ++front)
    engine_->add_partition(partition.source, front, fmt::format("front/{}", front));
  engine_->set_header(partition.source, partition.ordinal, partition.header);
}

void JobTurns::meet(JobInputs::Partition& partition) {
  if (unmet_.erase(&partition) == 0) return;
  partition.changed = true;
  add_to_engine(partition);
}

Status JobTurns::open_lookups(StateStore& store) {
  BRAID_TRY(store.scan(StateFamily::meta, kAnswersPrefix, [this](std::string_view key, std::string_view answers) {
    return lookups_->recall(turn_of_answers(key), answers);
  }));
  lookups_->record_by(
      [this](uint64_t turn, uint32_t part, std::string_view answers) { return record_answers(turn, part, answers); });
  lookups_->stop_by(options_.stop_requested);
  lookups_->wait_by([this] {
    // It waits, and is not stuck.
    if (options_.monitor != nullptr) (void)options_.monitor->wants_status();
    return options_.while_waiting ? options_.while_waiting() : Status();
  });
  lookups_->set_reading(seams_.clock.now_us());
  return {};
}

bool JobTurns::keeps_reading() const {
  return (lookups_ != nullptr && lookups_->has_cache()) ||
         std::any_of(program_.sources.begin(), program_.sources.end(),
                     [](const SourceSpec& source) { return source.has_arrival; });
}

Status JobTurns::read_clock(StateStore& store) {
  // Epochs that are run again bring the readings that they had.
  if (options_.follow) return {};
  int64_t now = seams_.clock.now_us();
  // A bounded run has one reading, also if it is started again behind a crash: which answers are too old, and when
  // records arrived, must not depend on when that is.
  if (keeps_reading()) {
    std::string bytes;
    BRAID_ASSIGN(const bool known, store.get(StateFamily::meta, kRunReading, &bytes));
    if (known) {
      now = WireReader(bytes).fixed<int64_t>();
    } else {
      if (lookups_ != nullptr) now = lookups_->recalled_reading().value_or(now);
      WireWriter out;
      out.fixed(now);
      StateBatch batch;
      batch.put(StateFamily::meta, kRunReading, out.bytes());
      BRAID_TRY(store.commit(batch));
    }
    if (lookups_ != nullptr) lookups_->set_reading(now);
  }
  engine_->set_wall(now);
  return {};
}

Status JobTurns::record_answers(uint64_t turn, uint32_t part, std::string_view answers) {
  if (!store_in_turn_) {
    WireWriter out;
    out.fixed(turn);
    out.text(answers);
    answers_ += out.bytes();
    return {};
  }
  BRAID_ASSIGN(StateStore * to, store_in_turn_());
  StateBatch batch;
  batch.put(StateFamily::meta, answers_key(turn, part), answers);
  return to->commit(batch);
}

Status JobTurns::name_partitions() {
  if (program_.whole == nullptr) return {};
  for (size_t source = 0; source < program_.whole->sources.size(); ++source) {
    const SourceSpec& spec = program_.sources[source];
    if (spec.binding.kind != "elsewhere" || spec.is_static()) continue;
    BRAID_ASSIGN(const auto places, find_topic_partitions(topics_, spec, true));
    for (const TopicPartition& place : places)
      engine_->name_partition(static_cast<int>(source), static_cast<uint32_t>(place.partition), name_of(place));
  }
  return {};
}

Status JobTurns::read_table(int source) {
  const SourceSpec& spec = program_.sources[source];
  // The content first, so that a table that is as before says nothing again.
  uint64_t digest = 0;
  std::vector<JobInputs::Partition*> partitions = inputs_.table_partitions(source);
  for (JobInputs::Partition* partition : partitions) {
    partition->position = partition->begin;
    while (true) {
      BRAID_ASSIGN(std::optional<SourceTurn> turn, inputs_.read(*partition));
      if (!turn) break;
      digest = hash_mix(digest, key_hash(turn->bytes));
      inputs_.pass(*partition, *turn);
    }
  }
  auto stored = table_digests_.find(spec.name);
  bool as_before = stored != table_digests_.end() && stored->second == digest;
  if (stored != table_digests_.end() && !as_before)
    warnings_.push_back(diag::StaticTableChanged{.relation = spec.name}.make());
  tables_changed_ |= !as_before;
  table_digests_[spec.name] = digest;
  engine_->forget_table(source);
  BRAID_TRY(feed_->load_table(source, as_before));
  int64_t repeated = 0;
  for (const ProductLedger& product : engine_->ledgers().products())
    for (const ProductLedger::Input& input : product.inputs)
      if (input.relation == static_cast<uint32_t>(source)) repeated = std::max(repeated, input.ledger.duplicate);
  if (repeated > 0) warnings_.push_back(diag::KeysRepeated{.relation = spec.name, .count = repeated}.make());
  return {};
}

Status JobTurns::load_tables() {
  const uint64_t before = engine_->state_size().bytes;
  for (size_t source = 0; source < program_.sources.size(); ++source) {
    if (!program_.sources[source].is_static()) continue;
    BRAID_TRY(read_table(static_cast<int>(source)));
    // Reference data is looked up for each row and cannot be evicted.
    const uint64_t taken = engine_->state_size().bytes - before;
    constexpr uint64_t kAlwaysRoom = 1 << 20;  // less than that is not worth a refusal
    if (taken <= std::max(options_.state_memory, kAlwaysRoom)) continue;
    const Diagnostic reason = diag::BudgetExceeded{.operation = program_.sources[source].name,
                                                   .needed = static_cast<int64_t>(taken),
                                                   .limit = static_cast<int64_t>(options_.state_memory)}
                                  .make();
    return Error{ErrorKind::store, reason.message, reason.code, 0};
  }
  return engine_->health();
}

Status JobTurns::begin() {
  // Files that have grown since they ended go on with their own time; time is settled before their first turn.
  bool reopened = false;
  for (JobInputs::Partition& partition : inputs_.partitions()) {
    if (program_.sources[partition.source].is_static()) continue;
    if (partition.finished) {
      // Of one that is gone and had nothing, the time ends here.
      if (engine_->clock(partition.source, partition.ordinal).ended) continue;
      engine_->end_partition(partition.source, partition.ordinal);
      note(EpochEvent::Kind::ended, partition);
      reopened = true;
      continue;
    }
    if (goes_on_ && !partition.known) reopened = true;
    if (program_.sources[partition.source].is_exchange()) continue;  // its time comes with its rows
    if (!engine_->clock(partition.source, partition.ordinal).ended) continue;
    BRAID_ASSIGN(std::optional<SourceTurn> turn, inputs_.read(partition));
    if (turn) {
      engine_->reopen_partition(partition.source, partition.ordinal);
      note(EpochEvent::Kind::woken, partition);
      reopened = true;
    } else {
      partition.exhausted = true;
    }
  }
  note_found();
  if (reopened) move_time();
  return engine_->health();
}

void JobTurns::note(EpochEvent::Kind kind, const JobInputs::Partition& partition, int64_t end) {
  record_.events.push_back({kind, static_cast<uint32_t>(partition.source), partition.ordinal, end, {}});
}

void JobTurns::note_found(JobInputs::Partition& partition) {
  partition.first_seen = false;
  note(EpochEvent::Kind::found, partition, partition.position.position);
  record_.events.back().name = partition.name;
}

void JobTurns::note_found() {
  for (JobInputs::Partition& partition : inputs_.partitions())
    if (partition.first_seen) note_found(partition);
}

void JobTurns::move_time() {
  if (options_.follow && since_commit_ == 0) begin_epoch();
  run_move();
}

void JobTurns::run_move() {
  engine_->move_time();
  record_.events.push_back({.kind = EpochEvent::Kind::moved, .name = {}});
  if (options_.follow) ++since_commit_;
}

void JobTurns::run_waited() {
  engine_->release_waited();
  record_.events.push_back({.kind = EpochEvent::Kind::waited, .name = {}});
  ++since_commit_;
}

void JobTurns::set_clock(int64_t now) {
  epoch_now_ = now;
  engine_->set_now(now);
  engine_->set_wall(now);
  if (lookups_ != nullptr) lookups_->set_reading(now);
}

Result<bool> JobTurns::run(JobInputs::Partition& partition) {
  const bool seal = (options_.seal && !options_.follow) || partition.finishing;
  // A turn that has been run has the clock reading that it had.
  if (options_.follow && since_commit_ == 0 && !partition.turn_end) begin_epoch();
  const ReadTurn* turn = nullptr;
  {
    const JobMonitor::TurnTimer timed(options_.monitor);
    BRAID_ASSIGN(turn, feed_->run_next(partition, seal));
  }
  if (lookups_ != nullptr)
    for (Diagnostic& warning : lookups_->take_warnings()) warnings_.push_back(std::move(warning));
  if (turn != nullptr) {
    note(EpochEvent::Kind::turn, partition, turn->source.end.position);
    record_.input_digest = hash_mix(record_.input_digest, turn->digest);
    if (options_.monitor != nullptr)
      options_.monitor->read(partition.source, partition.ordinal, partition.name, turn->rows.records.size(),
                             turn->source.bytes.size());
  } else if (seal) {
    if (partition.finishing) partition.finished = partition.changed = true;
    note(EpochEvent::Kind::ended, partition);
  } else {
    partition.quiet_since = seams_.clock.steady_us();
    return false;
  }
  BRAID_TRY(engine_->health());
  ++turns_;
  ++since_commit_;
  return true;
}

Status JobTurns::replay(const EpochRecord& record, std::string_view answers) {
  if (lookups_ == nullptr) return replay_events(record);
  lookups_->begin_replay();
  WireReader in(answers);
  while (!in.failed() && !in.at_end()) {
    const auto turn = in.fixed<uint64_t>();
    BRAID_TRY(lookups_->recall(turn, in.text()));
  }
  if (in.failed()) return Error{ErrorKind::store, "recorded answers cannot be read", 8002, 0};
  const Status again = replay_events(record);
  lookups_->end_replay();
  return again;
}

Status JobTurns::replay_events(const EpochRecord& record) {
  // Without `follow` a job has the clock reading of its first start.
  if (!reads_again_ || options_.follow) set_clock(record.clock);
  engine_->set_wall(record.clock);
  auto cannot = [](std::string reason) { return Error{ErrorKind::input, std::move(reason), kReplayDiffers, 0}; };
  for (const EpochEvent& event : record.events) {
    if (event.kind == EpochEvent::Kind::moved) {
      run_move();
      continue;
    }
    if (event.kind == EpochEvent::Kind::waited) {
      run_waited();
      continue;
    }
    if (event.kind == EpochEvent::Kind::erased) {
      run_erased(event.name);
      continue;
    }
    if (event.is_of_promise()) {
      run_told(told_change(event));
      continue;
    }
    JobInputs::Partition* partition = inputs_.find(event.source, event.partition);
    if (partition == nullptr) return cannot("an input that it read is not there");
    meet(*partition);
    switch (event.kind) {
      case EpochEvent::Kind::found:
        if (partition->name != event.name) return cannot("it found `" + event.name + "`, which is not there");
        partition->position.position = event.end;
        if (partition->first_seen) note_found(*partition);
        break;
      case EpochEvent::Kind::turn: {
        partition->exhausted = false;
        partition->turn_end = event.end;
        BRAID_ASSIGN(const bool ran, run(*partition));
        partition->turn_end.reset();
        if (!ran || partition->position.position != event.end)
          return cannot("`" + partition->name + "` has not the records that it read");
        break;
      }
      case EpochEvent::Kind::idle:
        engine_->set_idle(partition->source, partition->ordinal);
        note(event.kind, *partition);
        break;
      case EpochEvent::Kind::followed:
        engine_->follow_clock(partition->source, partition->ordinal, event.end);
        note(event.kind, *partition, event.end);
        break;
      case EpochEvent::Kind::woken:
        engine_->reopen_partition(partition->source, partition->ordinal);
        note(event.kind, *partition);
        break;
      case EpochEvent::Kind::ended:
        // It may have more since: that comes behind its waking.
        engine_->end_partition(partition->source, partition->ordinal);
        engine_->move_time();
        note(event.kind, *partition);
        ++since_commit_;
        break;
      case EpochEvent::Kind::moved:
      case EpochEvent::Kind::waited:
      case EpochEvent::Kind::breached:
      case EpochEvent::Kind::recovered:
      case EpochEvent::Kind::erased:
        break;
    }
  }
  return engine_->health();
}

Status JobTurns::evict() {
  BRAID_TRY(engine_->evict(options_.state_memory / 4 * 3));
  // What cannot go, as reference data, must not be tried again at each turn.
  evict_above_ = std::max(options_.state_memory, engine_->state_size().bytes + options_.state_memory / 8);
  return {};
}

EpochRecord JobTurns::end_epoch(const EpochChain& last) {
  EpochRecord record = std::exchange(record_, {});
  record.before = last;
  record.clock = options_.follow ? epoch_now_ : keeps_reading() ? engine_->wall() : seams_.clock.now_us();
  record.program = program_.id;
  for (const auto& [name, digest] : table_digests_) record.tables = hash_mix(record.tables, digest);
  ended_answers_ = std::exchange(answers_, {});
  record.answers = digest_of_answers(ended_answers_);
  since_commit_ = 0;
  return record;
}

Status JobTurns::freeze(StateBatch& batch) {
  BRAID_TRY(inputs_.collect(batch));
  if (tables_changed_) {
    for (const auto& [name, digest] : table_digests_) {
      WireWriter out;
      out.fixed(digest);
      batch.put(StateFamily::meta, "table/" + name, out.take());
    }
    tables_changed_ = false;
  }
  if (run_ends_) batch.erase(StateFamily::meta, kRunReading);
  engine_->freeze(batch);
  return {};
}

}  // namespace braid
