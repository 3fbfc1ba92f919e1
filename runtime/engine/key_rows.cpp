#include "runtime/engine/key_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/codec/avro_schema.h"
#include "runtime/codec/fault_report.h"
#include "runtime/codec/json_members.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/data/value.h"
#include "runtime/engine/unlogged_value.h"
#include "runtime/report/short_text.h"

namespace braid {
namespace {

constexpr size_t kShownBytes = 80;
/// Fields of a change, in the order of change_plan().
enum ChangeField : size_t { kOp, kSourceMicros, kSourceMillis, kMillis, kOwnTime };

/// The path of the table's time, if it is of the change and not of its row.
std::vector<std::string> own_time(const SourceSpec& source) {
  if (!source.has_time) return {};
  const std::string& name = source.row[static_cast<size_t>(source.time_field)].name;
  const auto read = std::ranges::find(source.decode, name, &SourceRead::name);
  if (read == source.decode.end() || read->path.size() < 2 || read->path.front() != kChangeItself) return {};
  return path_in_change(read->path, "");
}

DecodePlan change_plan(const SourceSpec& source, const DecodePlan& of_source) {
  DecodePlan plan = of_source;
  const Type number = optional_type(int_type());
  plan.fields = {
      {.name = "op", .path = {"op"}, .type = optional_type(string_type())},
      {.name = "source.ts_us", .path = {"source", "ts_us"}, .type = number},
      {.name = "source.ts_ms", .path = {"source", "ts_ms"}, .type = number},
      {.name = "ts_ms", .path = {"ts_ms"}, .type = number},
  };
  if (const std::vector<std::string> own = own_time(source); !own.empty())
    plan.fields.push_back({.name = "time", .path = own, .type = optional_type(timestamp_type())});
  return plan;
}

std::string quoted(std::string_view text) {
  std::string made;
  const Slot slot = slot_bytes(text);
  append_json(string_type(), &slot, made);
  return made;
}

std::string_view trimmed(std::string_view text) {
  constexpr const char* kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

/// Of a row of change_plan(): null, if it is absent or of another type.
std::optional<Slot> value_of(const Block& block, ChangeField field, uint32_t row) {
  constexpr size_t kLeaves = 3;  // fault, presence, value
  const size_t column = field * kLeaves;
  if (column >= block.columns.size()) return std::nullopt;
  if (read_slot(block.columns[column], row).u8 != 0 || read_slot(block.columns[column + 1], row).u8 == 0)
    return std::nullopt;
  return read_slot(block.columns[column + 2], row);
}

int64_t time_of_change(const Block& block, uint32_t row) {
  if (const auto own = value_of(block, kOwnTime, row)) return own->i64;
  if (const auto micros = value_of(block, kSourceMicros, row); micros && micros->i64 > 0) return micros->i64;
  std::optional<Slot> millis = value_of(block, kSourceMillis, row);
  if (!millis || millis->i64 <= 0) millis = value_of(block, kMillis, row);
  return millis && millis->i64 <= INT64_MAX / 1000 ? millis->i64 * 1000 : 0;
}

}  // namespace

/// Schemas of keys. That of a bare value becomes one of a record with the only key field, whose bytes are the same.
class KeyRows::KeySchemas : public WriterSchemas {
 public:
  KeySchemas(WriterSchemas& of, std::string only) : of_(of), only_(std::move(only)) {}
  SchemaAnswer find(const SchemaId& id) override {
    SchemaAnswer answer = of_.find(id);
    if (answer.state != SchemaAnswer::State::found || only_.empty() || answer.schema->language != SchemaLanguage::avro)
      return answer;
    const auto schema = parse_avro_schema(answer.schema->text, answer.schema->references);
    if (!schema.ok() || schema->type(schema->root).kind == AvroType::Kind::record) return answer;
    auto wrapped = std::make_shared<WriterSchema>(*answer.schema);
    wrapped->text = fmt::format(R"({{"type":"record","name":"key_of_a_record","fields":[{{"name":{},"type":{}}}]}})",
                                quoted(only_), answer.schema->text);
    answer.schema = std::move(wrapped);
    return answer;
  }

 private:
  WriterSchemas& of_;
  std::string only_;
};

KeyRows::KeyRows(const SourceSpec& source) : source_(source), leaves_(flatten(source.row)) {
  const DecodePlan plan = decode_plan(source);
  key_plan_ = plan;
  key_plan_.fields.clear();
  key_plan_.writer_schemas = nullptr;
  key_plan_.bare_schema.clear();
  key_plan_.format = Format::ndjson;
  before_plan_ = plan;
  before_plan_.fields.clear();
  for (const int field : source.key) {
    const Field& declared = source.row[static_cast<size_t>(field)];
    const auto read = std::ranges::find(source.decode, declared.name, &SourceRead::name);
    BRAID_CHECK(read != source.decode.end(), "a key that is not read");
    key_plan_.fields.push_back({.name = read->name, .path = {read->path.back()}, .type = declared.type});
    before_plan_.fields.push_back(
        {.name = read->name, .path = path_in_change(read->path, "before"), .type = declared.type});
  }
  if (source.key.size() == 1) only_ = key_plan_.fields.front().path.front();
  key_ = make_decoder(key_plan_);
  if ((plan.format == Format::avro || plan.format == Format::protobuf) && plan.writer_schemas != nullptr) {
    schemas_ = std::make_unique<KeySchemas>(*plan.writer_schemas, only_);
    framed_plan_ = key_plan_;
    framed_plan_.format = plan.format;
    framed_plan_.writer_schemas = schemas_.get();
    framed_key_ = make_decoder(framed_plan_);
  }
  if (!source.binding.has_changes()) return;
  before_ = make_decoder(before_plan_);
  change_ = make_decoder(change_plan(source, plan));
  apart_plan_ = plan;
  std::erase_if(apart_plan_.fields, [&](const DecodeField& field) {
    const std::vector<std::string> traces = traces_of_unlogged(field.type);
    unlogged_traces_.insert(traces.begin(), traces.end());
    return traces.empty();
  });
  if (!apart_plan_.fields.empty()) apart_ = make_decoder(apart_plan_);
}

KeyRows::~KeyRows() = default;

bool KeyRows::read(Decoder& decoder, const DecodePlan& plan, const TurnInput& input, Arena& arena, Special& made,
                   std::string& fault) {
  const DecodedTurn turn = decoder.decode(input, arena);
  if (turn.blocks.size() != 1 || turn.blocks.front().rows != 1) {
    fault = turn.rejected.empty() ? "it is empty" : turn.rejected.front().diagnostic.message;
    return false;
  }
  made.key.clear();
  const Block& block = turn.blocks.front();
  size_t column = 0;
  for (const DecodeField& field : plan.fields) {
    const auto status = static_cast<ConversionFault>(read_slot(block.columns[column++], 0).u8);
    if (status != ConversionFault::none) {
      fault = describe_fault(plan, field, status, block.record_of(0).bytes.view()).message;
      return false;
    }
    for (size_t leaf = leaf_count(field.type); leaf > 0; --leaf)
      made.key.push_back(read_slot(block.columns[column++], 0));
  }
  return true;
}

bool KeyRows::read_key(std::string_view key, Arena& arena, Special& made, std::string& fault) {
  key = trimmed(payload_of(key));
  // A line end between values is white space; the one in a text is escaped below.
  std::string line(key);
  std::ranges::replace(line, '\n', ' ');
  auto read_text = [&](const std::string& text, std::string& why) {
    return read(*key_, key_plan_, {.bytes = arena.copy(text).view(), .position = 1}, arena, made, why);
  };
  std::string why;
  if (key.starts_with('{') && read_text(line, fault)) return true;
  if (only_.empty()) {
    if (fault.empty()) fault = "it is not a JSON object";
    return false;
  }
  // As JSON, and as a text without quotes.
  for (const std::string& value : {line, quoted(key)}) {
    const std::string text = fmt::format("{{{}:{}}}", quoted(only_), value);
    if (json_member(text, only_) != value) continue;
    if (read_text(text, why)) return true;
    if (fault.empty()) fault = why;
  }
  return false;
}

KeyRows::Special KeyRows::tombstone(const GivenRecord& given, uint32_t record, Arena& arena) {
  Special made{.record = record, .time_us = given.time_us};
  std::string fault;
  bool right = false;
  const bool framed = framed_key_ != nullptr && is_framed_key(*given.key, given.key_framing);
  if (framed) {
    const MessageInput message{.value = arena.copy(*given.key).view(), .schema_header = given.key_framing};
    right = read(*framed_key_, framed_plan_, {.messages = {&message, 1}}, arena, made, fault);
  } else {
    right = read_key(*given.key, arena, made, fault);
  }
  if (!right) {
    if (!framed) fault = fmt::format("key `{}`: {}", shortened(*given.key, kShownBytes), fault);
    made.reason = diag::KeyNotRead{.reason = std::move(fault)}.make();
  }
  return made;
}

void KeyRows::find_tombstones(std::span<const GivenRecord> given, std::vector<Special>& found, Arena& arena) {
  for (uint32_t i = 0; i < given.size(); ++i) {
    if (given[i].kind != GivenRecord::Kind::absent || !given[i].key) continue;
    found.push_back(change_ ? Special{.record = i, .passed = true} : tombstone(given[i], i, arena));
  }
}

std::optional<std::string> KeyRows::unlogged_field(const TurnInput& change, std::string_view bytes, Arena& arena) {
  auto is_in = [&](const std::string& trace) { return bytes.find(trace) != std::string_view::npos; };
  if (!apart_ || std::ranges::none_of(unlogged_traces_, is_in)) return std::nullopt;
  const DecodedTurn turn = apart_->decode(change, arena);
  if (turn.blocks.size() != 1 || turn.blocks.front().rows != 1) return std::nullopt;
  const std::vector<Column>& columns = turn.blocks.front().columns;
  size_t column = 0;
  for (const DecodeField& field : apart_plan_.fields) {
    const bool read = read_slot(columns[column++], 0).u8 == 0;
    std::vector<Slot> slots;
    for (size_t leaf = leaf_count(field.type); leaf > 0; --leaf) slots.push_back(read_slot(columns[column++], 0));
    if (read && is_unlogged(field.type, slots.data())) return field.name;
  }
  return std::nullopt;
}

void KeyRows::find_changes(const TurnInput& input, std::span<const GivenRecord> given, std::vector<Special>& found,
                           Arena& arena) {
  const DecodedTurn turn = change_->decode(input, arena);
  for (const Block& block : turn.blocks) {
    for (uint32_t row = 0; row < block.rows; ++row) {
      const uint32_t record = block.record[row];
      if (given[record].kind != GivenRecord::Kind::value) continue;
      const std::optional<Slot> op = value_of(block, kOp, row);
      const std::string_view word = op ? op->bytes.view() : std::string_view();
      const MessageInput message = MessageInput::of(given[record].bytes);
      const bool avro = before_plan_.format == Format::avro;
      const TurnInput one = avro ? TurnInput{.bytes = {}, .messages = {&message, 1}}
                                 : TurnInput{.bytes = turn.records[record].bytes.view(), .position = 1};
      Special made{.record = record};
      if (word == "c" || word == "u" || word == "r") {
        const auto field = unlogged_field(one, given[record].bytes, arena);
        if (!field) continue;
        made.reason =
            diag::NotAChange{.reason = fmt::format("the database did not log the value of `{}`", *field)}.make();
        found.push_back(std::move(made));
        continue;
      }
      if (word != "d") {
        std::string reason = op ? fmt::format("its `op` is `{}`", shortened(word, kShownBytes)) : "it has no `op`";
        made.reason = diag::NotAChange{.reason = std::move(reason)}.make();
        found.push_back(std::move(made));
        continue;
      }
      made.time_us = time_of_change(block, row);
      std::string fault;
      if (!read(*before_, before_plan_, one, arena, made, fault))
        made.reason = diag::KeyNotRead{.reason = "`before`: " + fault}.make();
      found.push_back(std::move(made));
    }
  }
}

Block KeyRows::block_of(std::span<const Special> found, const SourceRows& rows, Arena& arena) const {
  Block block = allocate_block(leaves_, static_cast<uint32_t>(found.size()), arena);
  for (const Special& each : found) {
    if (!each.deletes()) continue;
    const uint32_t row = block.rows++;
    for (const Column& column : block.columns) write_slot(column, row, slot_i128(0));
    size_t from = 0;
    for (const int field : source_.key) {
      const size_t to = leaf_offset(source_.row, static_cast<size_t>(field));
      const size_t count = leaf_count(source_.row[static_cast<size_t>(field)].type);
      for (size_t leaf = 0; leaf < count; ++leaf) write_slot(block.columns[to + leaf], row, each.key[from++]);
    }
    const size_t mark = leaf_offset(source_.row, static_cast<size_t>(source_.deleted_field));
    block.columns[mark].as<uint8_t>()[row] = 1;
    block.time[row] = kNoTime;
    if (source_.has_time) {
      block.time[row] = each.time_us;
      block.columns[leaf_offset(source_.row, static_cast<size_t>(source_.time_field))].as<int64_t>()[row] =
          each.time_us;
    }
    block.record[row] = each.record;
  }
  block.records = rows.records.data();
  return block;
}

void KeyRows::add(const TurnInput& input, std::span<const GivenRecord> given, SourceRows& rows, Arena& arena) {
  std::vector<Special> found;
  find_tombstones(given, found, arena);
  if (change_) find_changes(input, given, found, arena);
  if (found.empty()) return;
  std::ranges::sort(found, {}, &Special::record);
  auto is_special = [&](uint32_t record) { return std::ranges::binary_search(found, record, {}, &Special::record); };
  std::erase_if(rows.rejected, [&](const RejectedRecord& each) { return is_special(each.record); });
  std::erase_if(rows.refused, [&](const SourceRows::Refused& each) { return is_special(each.record); });
  for (const Special& each : found) {
    if (each.reason) rows.rejected.push_back({each.record, *each.reason});
    if (each.passed) ++rows.passed;
  }

  const Block deleting = block_of(found, rows, arena);
  std::vector<Block> merged;
  auto add_slice = [&](const Block& block, uint32_t first, uint32_t end) {
    if (end > first) merged.push_back(slice(block, first, end - first));
  };
  auto next = found.begin();
  uint32_t first_delete = 0, deletes = 0;  // those that have been passed and not been added
  auto add_deletes = [&] {
    add_slice(deleting, first_delete, deletes);
    first_delete = deletes;
  };
  for (const Block& block : rows.blocks) {
    uint32_t first = 0;
    for (uint32_t row = 0; row < block.rows && next != found.end(); ++row) {
      if (next->record > block.record[row]) continue;
      add_slice(block, first, row);
      first = row;
      for (; next != found.end() && next->record < block.record[row]; ++next) deletes += next->deletes();
      if (next != found.end() && next->record == block.record[row]) {
        deletes += next->deletes();
        ++next;
        first = row + 1;
      }
      add_deletes();
    }
    add_slice(block, first, block.rows);
  }
  for (; next != found.end(); ++next) deletes += next->deletes();
  add_deletes();
  rows.blocks = std::move(merged);
}

void KeyRows::add_lines(const TurnInput& input, SourceRows& rows, Arena& arena) {
  std::vector<GivenRecord> given;
  for (const Record& record : rows.records)
    given.push_back({.position = record.position, .bytes = record.bytes.view()});
  add(input, given, rows, arena);
}

}  // namespace braid
