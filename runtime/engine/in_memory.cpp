#include "runtime/engine/in_memory.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/engine/decode_source.h"
#include "runtime/lookup/lookups.h"

namespace braid {

void CaptureWriter::write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) {
  Type type = struct_type(row);
  std::vector<Slot> slots(block.columns.size());
  auto& rows = captured_[{product, port}];
  for (uint32_t i = 0; i < block.rows; ++i) {
    for (size_t column = 0; column < slots.size(); ++column) slots[column] = read_slot(block.columns[column], i);
    rows.push_back({type, from_slots(type, slots.data())});
    // Behind the columns of a table's rows is what became of each.
    if (port.empty() && block.columns.size() > leaf_count(type))
      rows.back().change = row_change(block, leaf_count(type), i);
  }
  rows_ += block.rows;
}

void CapturedTable::apply(const CapturedRow& row) {
  std::string key;
  for (const std::vector<int>& path : key_) {
    const Value* value = &row.value;
    Type type = row.type;
    for (const int field : path) {
      if (value->is_null()) break;
      value = &std::get<std::vector<Value>>(value->content)[static_cast<size_t>(field)];
      type = without_optional(type)->fields[static_cast<size_t>(field)].type;
    }
    const bool is_zero = std::holds_alternative<double>(value->content) && std::get<double>(value->content) == 0;
    key += (is_zero ? "0" : to_json(type, *value)) + ",";
  }
  if (row.change == RowChange::goes) {
    rows_.erase(key);
  } else {
    rows_.insert_or_assign(key, row);
  }
}

std::vector<CapturedRow> CapturedTable::rows() const {
  std::vector<CapturedRow> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

std::vector<CapturedRow> CaptureWriter::take(int product, const std::string& port) {
  auto found = captured_.find({product, port});
  if (found == captured_.end()) return {};
  std::vector<CapturedRow> rows = std::move(found->second);
  captured_.erase(found);
  return rows;
}

std::vector<std::pair<int, std::string>> CaptureWriter::waiting() const {
  std::vector<std::pair<int, std::string>> places;
  for (const auto& [place, rows] : captured_) places.push_back(place);
  return places;
}

Result<std::unique_ptr<InMemorySession>> InMemorySession::make(const Program& program, const EngineOptions& options) {
  std::unique_ptr<InMemorySession> session(new InMemorySession(program, options));
  session->partitions_.resize(program.sources.size());
  BRAID_TRY(session->begin());
  return session;
}

Status InMemorySession::begin() {
  BRAID_ASSIGN(engine_, TurnEngine::make(program_, output_, options_));
  engine_->set_wall(wall_);
  for (size_t source = 0; source < partitions_.size(); ++source) {
    engine_->add_partition(static_cast<int>(source), "");
    const SourceSpec& spec = program_.sources[source];
    partitions_[source].decoder = make_decoder(decode_plan(spec), &spec.reader);
    if (!partitions_[source].header.empty()) partitions_[source].decoder->set_header(partitions_[source].header);
    engine_->set_header(static_cast<int>(source), 0, partitions_[source].decoder->header());
  }
  return {};
}

void InMemorySession::feed_turn(int source, std::string_view bytes, uint64_t long_record_bytes, bool silent) {
  Partition& partition = partitions_[source];
  TurnInput input;
  input.bytes = bytes;
  input.position = partition.position;
  input.first_line = partition.line;
  input.long_record_bytes = long_record_bytes;
  if (!program_.sources[source].is_static()) {
    engine_->run_turn(input, *partition.decoder, source, 0, false);
  } else {
    engine_->load_table(input, *partition.decoder, source, 0, silent);
  }
  evict();
  partition.position += static_cast<int64_t>(bytes.size());
  partition.line += static_cast<int64_t>(count_line_ends(format_of(program_.sources[source].binding.format), bytes));
}

void InMemorySession::feed(int source, std::string_view bytes) {
  Partition& partition = partitions_[source];
  const RecordForm form = record_form(program_.sources[source]);
  if (partition.position == 0 && has_header(form.format)) partition.header = find_header(form, bytes, true);
  while (!bytes.empty()) {
    TurnCut cut = cut_turn(form, bytes, Follows::nothing);
    std::string_view turn = bytes.substr(0, cut.bytes == 0 ? bytes.size() : cut.bytes);
    if (program_.sources[source].is_static()) partition.table.push_back({std::string(turn), false});
    feed_turn(source, turn, cut.long_record ? turn.size() : 0, false);
    bytes.remove_prefix(turn.size());
  }
}

void InMemorySession::remove(int source, std::string_view key, int64_t time) {
  // Where nobody asks whether a row goes, it stays what it is.
  if (!takes_deletes(program_.sources[source])) return;
  if (program_.sources[source].is_static()) partitions_[source].table.push_back({std::string(key), true});
  feed_key(source, key, time, false);
}

void InMemorySession::feed_key(int source, std::string_view key, int64_t time, bool silent) {
  constexpr std::string_view kNoValue = "null\n";
  const SourceSpec& spec = program_.sources[source];
  Partition& partition = partitions_[source];
  if (partition.keys == nullptr) partition.keys = std::make_shared<KeyRows>(spec);
  const GivenRecord given[] = {
      {.kind = GivenRecord::Kind::absent, .position = partition.position, .bytes = {}, .key = key, .time_us = time}};
  Arena arena;
  CallCaches caches(program_);
  CallContext call;
  call.arena = &arena;
  call.caches = caches.data();
  const TurnInput input{.bytes = kNoValue, .position = 1, .source = static_cast<uint32_t>(source)};
  DecodedTurn decoded = partition.decoder->decode(input, arena);
  name_given_records(given, decoded);
  SourceRows rows = run_from(spec, std::move(decoded), {.reading = wall_}, arena, call);
  partition.keys->add(input, given, rows, arena);
  if (spec.is_static())
    engine_->load_table(source, rows, silent);
  else
    engine_->run_turn(source, 0, rows, false);
  evict();
  partition.position += static_cast<int64_t>(kNoValue.size());
  ++partition.line;
}

void InMemorySession::advance_to(int source, int64_t time) {
  engine_->advance_partition(source, 0, time);
  engine_->move_time();
  evict();
}

void InMemorySession::reach(int64_t time) {
  for (size_t source = 0; source < partitions_.size(); ++source) {
    const SourceSpec& spec = program_.sources[source];
    if (spec.has_time)
      engine_->advance_partition(static_cast<int>(source), 0, add_time(add_time(time, spec.within_us), 1));
    else
      engine_->end_partition(static_cast<int>(source), 0);
  }
  engine_->move_time();
  evict();
}

void InMemorySession::idle(int source) {
  engine_->set_idle(source, 0);
  engine_->move_time();
  evict();
}

void InMemorySession::set_now(int64_t now) {
  options_.now = now;
  engine_->set_now(now);
}

void InMemorySession::wait(int64_t us) {
  wall_ += us;
  engine_->set_wall(wall_);
  if (options_.lookups != nullptr) options_.lookups->set_reading(wall_);
  for (size_t source = 0; source < partitions_.size(); ++source) {
    const SourceSpec& spec = program_.sources[source];
    const PartitionClock& clock = engine_->clock(static_cast<int>(source), 0);
    if (spec.idle_advances && clock.idle && !clock.ended)
      engine_->follow_clock(static_cast<int>(source), 0, subtract_time(options_.now, spec.idle_us.value_or(0)));
  }
  engine_->release_waited();
  evict();
}

void InMemorySession::end_all() {
  for (size_t source = 0; source < partitions_.size(); ++source) engine_->end_partition(static_cast<int>(source), 0);
  engine_->move_time();
}

void InMemorySession::commit() {
  StateBatch batch;
  engine_->collect(batch);
  const Status committed = store_.commit(batch);
  BRAID_CHECK(committed.ok(), "a store in memory takes everything");
  engine_->committed();
}

void InMemorySession::evict() {
  if (options_.store == nullptr || !engine_->stopped().ok()) return;
  commit();
  Status status = engine_->evict(options_.state_memory);
  if (status.ok()) status = engine_->health();
  BRAID_CHECK(status.ok(), "rows that were committed cannot be read back");
}

Status InMemorySession::restart() {
  BRAID_TRY(engine_->stopped());
  commit();
  BRAID_TRY(begin());
  BRAID_TRY(engine_->restore(store_));
  for (size_t source = 0; source < partitions_.size(); ++source) {
    if (!program_.sources[source].is_static()) continue;
    engine_->forget_table(static_cast<int>(source));
    Partition& partition = partitions_[source];
    partition.position = 0;
    partition.line = 1;
    for (const auto& [bytes, removes] : partition.table)
      if (removes)
        feed_key(static_cast<int>(source), bytes, 0, true);
      else
        feed_turn(static_cast<int>(source), bytes, bytes.size() > kMaxRecordBytes ? bytes.size() : 0, true);
  }
  return {};
}

}  // namespace braid
