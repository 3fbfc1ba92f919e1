#include "runtime/replica/topic_rows.h"

#include <algorithm>

#include "runtime/data/row_change.h"
#include "runtime/engine/decode_source.h"

namespace braid {
namespace {

constexpr int64_t kMillisecond = 1000;

/// A source of the keys alone: each part as a field of its own, as the job names it in the keys of records.
SourceSpec key_source_of(const ProductSpec& product, const SourceSpec& source) {
  SourceSpec keys;
  keys.name = source.name;
  keys.binding = source.binding;
  keys.binding.options.clear();
  keys.writer_schemas = source.writer_schemas;
  for (const std::vector<int>& path : product.key) {
    std::string name;
    const std::vector<Field>* fields = &product.row;
    for (const int index : path) {
      const Field& field = fields->at(static_cast<size_t>(index));
      name += (name.empty() ? "" : ".") + field.name;
      if (const Type& type = without_optional(field.type); is(type, TypeKind::structure)) fields = &type->fields;
    }
    const Type type = place_of(product.row, path).own;
    keys.key.push_back(static_cast<int>(keys.row.size()));
    keys.row.push_back({name, type});
    keys.decode.push_back({name, {name}, type, false});
  }
  keys.has_time = true;
  keys.time_field = static_cast<int>(keys.row.size());
  keys.row.push_back({"?time", timestamp_type()});
  keys.deleted_field = static_cast<int>(keys.row.size());
  keys.row.push_back({"?gone", bool_type()});
  return keys;
}

bool has_tombstones(const ProductSpec& product) {
  return product.changes && product.change_form == ChangeForm::upsert && !product.key.empty();
}

}  // namespace

TopicRows::TopicRows(const ProductSpec& product, const ViewSpec& view, const SourceSpec& source, bool has_time)
    : product_(product),
      view_(view),
      source_(source),
      has_time_(has_time),
      rows_(product, view, source),
      decoder_(make_decoder(rows_.plan())) {
  if (!has_tombstones(product)) return;
  key_source_ = key_source_of(product, source);
  for (size_t i = 0; i < product.key.size(); ++i)
    key_parts_.push_back({place_of(product.row, product.key[i]), leaf_offset(key_source_.row, i)});
  keys_ = std::make_unique<KeyRows>(key_source_);
}

TopicForm TopicRows::form() const {
  TopicForm form = topic_form(source_);
  form.deletes = keys_ != nullptr;
  return form;
}

DecodedTurn TopicRows::decode(const SourceTurn& turn, TurnInput& input) {
  arena_.reset();
  messages_.clear();
  if (records_are_messages(source_.binding)) {
    for (const GivenRecord& each : turn.given)
      messages_.push_back(
          {.value = each.bytes.substr(each.framing),
           .schema_header = each.framing > 0 ? std::optional(each.bytes.substr(0, each.framing)) : std::nullopt,
           .position = each.position});
  }
  input = {.bytes = turn.bytes,
           .position = 1,  // no text, which could begin with a byte order mark
           .long_record_bytes = turn.long_record_bytes,
           .ascii = turn.ascii,
           .messages = messages_};
  DecodedTurn decoded = decoder_->decode(input, arena_);
  name_given_records(turn.given, decoded);
  return decoded;
}

int64_t TopicRows::time_of(const GivenRecord& record) const {
  // The clock of the broker says nothing of the row.
  return has_time_ && !record.appended_us && record.time_us > 0 ? record.time_us : kNoTime;
}

void TopicRows::write_gone(const Block& keys, uint32_t from, const Block& made, uint32_t to) const {
  for (const Column& column : made.columns) write_slot(column, to, slot_i128(0));
  for (const KeyPart& part : key_parts_) {
    for (const size_t presence : part.place.presences) made.columns[presence].as<uint8_t>()[to] = 1;
    for (size_t leaf = 0; leaf < leaf_count(part.place.own); ++leaf)
      write_slot(made.columns[part.place.leaf + leaf], to, read_slot(keys.columns[part.leaf + leaf], from));
  }
  made.columns.back().as<int64_t>()[to] = static_cast<int64_t>(RowChange::goes);
  made.time[to] = kNoTime;
  const int64_t time = keys.time[from];
  if (has_time_ && time > 0) made.time[to] = view_.time.empty() ? time : time + kMillisecond - 1;
}

TopicRows::Turn TopicRows::read(const SourceTurn& turn, int64_t before) {
  TurnInput input;
  const DecodedTurn decoded = decode(turn, input);
  SourceRows gone{.records = decoded.records, .rejected = decoded.rejected};
  if (keys_ != nullptr) keys_->add(input, turn.given, gone, arena_);

  struct Place {
    uint32_t record = 0;
    const Block* block = nullptr;
    uint32_t row = 0;
    bool goes = false;
  };
  std::vector<Place> places;
  const auto add = [&places](const std::vector<Block>& blocks, bool goes) {
    for (const Block& block : blocks)
      for (uint32_t row = 0; row < block.rows; ++row) places.push_back({block.record[row], &block, row, goes});
  };
  add(decoded.blocks, false);
  add(gone.blocks, true);
  std::ranges::sort(places, {}, &Place::record);

  Turn made;
  made.rows = allocate_block(rows_.leaves(), static_cast<uint32_t>(places.size()), arena_);
  made.rows.rows = 0;
  for (const Place& place : places) {
    const GivenRecord& record = turn.given[place.record];
    if (record.position >= before) continue;
    const uint32_t to = made.rows.rows;
    if (place.goes) {
      write_gone(*place.block, place.row, made.rows, to);
    } else if (auto reason = rows_.convert(*place.block, place.row, decoder_->header(), made.rows, to)) {
      made.unreadable.push_back({record.position, *std::move(reason)});
      continue;
    } else if (made.rows.time[to] == kNoTime) {
      made.rows.time[to] = time_of(record);
    }
    made.newest = std::max(made.newest, made.rows.time[to]);
    ++made.rows.rows;
  }
  for (const RejectedRecord& rejected : gone.rejected) {
    const GivenRecord& record = turn.given[rejected.record];
    // Behind a change that has said so, a record without a value lets compaction forget the key.
    const bool says_nothing = record.kind == GivenRecord::Kind::absent && product_.changes && keys_ == nullptr;
    if (record.position < before && !says_nothing)
      made.unreadable.push_back({record.position, rejected.diagnostic.message});
  }
  std::ranges::sort(made.unreadable, {}, &Unreadable::offset);
  return made;
}

}  // namespace braid
