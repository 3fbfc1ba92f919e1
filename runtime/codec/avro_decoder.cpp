#include "runtime/codec/avro_decoder.h"

#include <fmt/format.h>

#include <map>

#include "runtime/abi/record_frame.h"
#include "runtime/abi/record_reader.h"
#include "runtime/base/check.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_plan.h"
#include "runtime/codec/avro_reader.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/codec/turn_builder.h"

namespace braid {
namespace {

/// Of a block, if they take no bytes.
constexpr int64_t kMostEmptyRecords = 1 << 20;

class AvroDecoder : public Decoder {
 public:
  AvroDecoder(const DecodePlan& plan, const RecordReaderSlot* native)
      : decode_(plan),
        zone_(plan.zone.empty() ? nullptr : load_time_zone(plan.zone)),
        leaves_(flatten(decoded_row(plan))),
        row_(leaves_.size()),
        native_(native) {
    BRAID_CHECK(plan.zone.empty() || zone_, "no such zone: " + plan.zone);
    if (!plan.bare_schema.empty()) bare_ = make_schema({.text = plan.bare_schema});
    frame_.decoder = this;
    frame_.read_value = read_value;
  }

  void set_header(std::string_view header) override {
    if (header == header_) return;
    header_ = header;
    const auto found = read_container_header(header);
    if (!found.ok() || !found->has_value()) {
      of_file_ = {nullptr, found.ok() ? "its header is not whole" : found.error().message};
      return;
    }
    // Files of one source mostly have one schema.
    const bool same = of_file_.reader != nullptr && container_.schema == (*found)->schema;
    container_ = **found;
    if (!same) of_file_ = make_schema({.text = container_.schema});
  }

  std::string_view header() const override { return header_; }

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    TurnBuilder turn(input, leaves_, arena);
    turn_ = &turn;
    arena_ = &arena;
    now_ = native_ != nullptr ? native_->get() : nullptr;
    number_ = input.first_line;
    if (!input.messages.empty()) {
      for (const MessageInput& message : input.messages) decode_message(message, input.long_record_bytes);
      return turn.take();
    }
    std::string_view text = input.bytes;
    if (input.position == 0 && !text.empty()) {
      const auto found = read_container_header(text);
      if (found.ok() && found->has_value()) {
        set_header(text.substr(0, (*found)->bytes));
        text.remove_prefix((*found)->bytes);
      }
    }
    while (!text.empty()) {
      uint64_t needed = 0;
      const auto block = read_container_block(container_, text, needed);
      if (!block.ok() || !block->has_value()) {
        reject_rest(text, diag::BrokenAvro{.reason = block.ok() ? "a block is not whole" : block.error().message});
        break;
      }
      decode_block(**block);
      text.remove_prefix((*block)->whole.size());
    }
    return turn.take();
  }

 private:
  struct NativeFrame : ReadFrame {
    AvroDecoder* decoder = nullptr;
    AvroReader* reader = nullptr;
  };
  /// How records of one writer's schema are read.
  struct Schema {
    std::unique_ptr<AvroReader> reader;  ///< none: they cannot be read
    std::string reason;                  ///< why not
    /// Native code for them, of that which `of` has.
    const RecordReader* native = nullptr;
    const RecordReader* of = nullptr;
  };

  Schema make_schema(const WriterSchema& written) const {
    auto plan = plan_of_writer_schema(decode_, written);
    if (!plan.ok()) return {nullptr, plan.error().message};
    return {std::make_unique<AvroReader>(*plan, decode_, zone_.get()), {}};
  }

  const RecordReader* native_of(Schema& schema) const {
    if (now_ == schema.of) return schema.native;
    schema.of = now_;
    return schema.native = now_ != nullptr ? now_->for_schema(schema.reader->plan().schema) : nullptr;
  }

  void reject_rest(std::string_view bytes, const diag::BrokenAvro& fault) {
    const uint32_t record = turn_->add_numbered_record(bytes.substr(0, kMaxRecordBytes), number_);
    turn_->reject(record, fault);
  }

  void decode_block(const ContainerBlock& block) {
    const int64_t behind = number_ + block.records;
    if (!of_file_.reader) {
      if (block.records > 0) reject_rest(block.data, {.reason = of_file_.reason});
      number_ = behind;
      return;
    }
    const RecordReader* native = native_of(of_file_);
    const char* at = block.data.data();
    const char* end = at + block.data.size();
    for (; number_ < behind; ++number_) {
      const char* next = decode_record(*of_file_.reader, native, at, end);
      if (next == nullptr) {
        const int64_t lost = behind - number_ - 1;
        std::string reason(of_file_.reader->reason());
        if (lost > 0) reason += fmt::format(", and with it {} records behind it in its block are lost,", lost);
        reject_rest({at, static_cast<size_t>(end - at)},
                    {.reason = std::move(reason), .offset = of_file_.reader->broken_at() - at});
        at = end;
        break;
      }
      if (next == at && behind - number_ > kMostEmptyRecords) {
        reject_rest({}, {.reason = fmt::format("{} records have no bytes", behind - number_)});
        break;
      }
      at = next;
    }
    number_ = behind;
    if (at < end)
      reject_rest({at, static_cast<size_t>(end - at)}, {.reason = "bytes are left behind the last record of a block"});
  }

  /// The record at `at`, which ends by `end`, into the next row, which is not kept yet. Returns the byte after it; null
  /// if the tables have to read it.
  const char* read_natively(const RecordReader* native, AvroReader& reader, const char* at, const char* end) {
    if (native == nullptr) return nullptr;
    const uint32_t row = turn_->next_row();
    frame_.columns = turn_->columns();
    frame_.reader = &reader;
    frame_.end = end;
    reader.forget_broken_text();
    const char* next = native->read(frame_, at, row);
    const bool whole = next != nullptr && reader.broken_text() == nullptr;
    return whole && next - at <= static_cast<ptrdiff_t>(kMaxRecordBytes) ? next : nullptr;
  }

  /// The record at `at`, which ends by `end`. Returns the byte after it; null if it is broken, and in no turn.
  const char* decode_record(AvroReader& reader, const RecordReader* native, const char* at, const char* end) {
    if (const char* next = read_natively(native, reader, at, end); next != nullptr) [[likely]] {
      turn_->add_numbered_record({at, static_cast<size_t>(next - at)}, number_);
      turn_->keep_row();
      return next;
    }
    const char* next = reader.read_record(at, end, row_.data(), *arena_);
    if (next == nullptr) return nullptr;
    const std::string_view bytes(at, static_cast<size_t>(next - at));
    const uint32_t record = turn_->add_numbered_record(bytes.substr(0, kMaxRecordBytes), number_);
    if (bytes.size() > kMaxRecordBytes) {
      turn_->reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(bytes.size()),
                                                .limit = static_cast<int64_t>(kMaxRecordBytes)});
    } else if (reader.broken_text() != nullptr) {
      turn_->reject(record, diag::BrokenUtf8{.offset = reader.broken_text() - at});
    } else {
      turn_->add_row(row_.data());
    }
    return next;
  }

  void decode_message(const MessageInput& message, uint64_t long_bytes) {
    if (long_bytes > 0)
      return reject_message(message, diag::RecordTooLong{.bytes = static_cast<int64_t>(long_bytes),
                                                         .limit = static_cast<int64_t>(kMaxRecordBytes)});
    if (!decode_.bare_schema.empty()) return decode_value(message, message.value, bare_, {});
    std::string reason;
    const auto framed = read_framing(message.value, message.schema_header, SchemaLanguage::avro, reason);
    if (!framed) return reject_message(message, diag::NoSchemaId{.reason = reason});
    const SchemaId& id = framed->framing.id;
    if (last_ == nullptr || last_->first != id) {
      auto known = by_id_.find(id);
      if (known == by_id_.end()) {
        SchemaAnswer answer = decode_.writer_schemas->find(id);
        if (answer.state != SchemaAnswer::State::found)
          return reject_message(message, diag::SchemaDoesNotFit{.id = to_string(id), .reason = answer.reason});
        Schema made = answer.schema->language == SchemaLanguage::avro ? make_schema(*answer.schema)
                                                                      : Schema{nullptr, "it is not an Avro schema"};
        known = by_id_.emplace(id, std::move(made)).first;
      }
      last_ = &*known;
    }
    decode_value(message, framed->value, last_->second, last_->first);
  }

  void decode_value(const MessageInput& message, std::string_view value, Schema& schema, const SchemaId& id) {
    if (!schema.reader)
      return reject_message(message, diag::SchemaDoesNotFit{.id = to_string(id), .reason = schema.reason});
    const char* at = value.data();
    const char* end = at + value.size();
    const char* begin = message.value.data();
    const char* read = read_natively(native_of(schema), *schema.reader, at, end);
    if (read != nullptr && read == end && message.value.size() <= kMaxRecordBytes) [[likely]] {
      turn_->add_message(message.value, message.position);
      turn_->keep_row();
      return;
    }
    const char* next = schema.reader->read_record(at, end, row_.data(), *arena_);
    if (next == nullptr)
      return reject_message(message, diag::BrokenAvro{.reason = std::string(schema.reader->reason()),
                                                      .offset = schema.reader->broken_at() - begin});
    if (next != end)
      return reject_message(message, diag::BrokenAvro{.reason = "bytes are left behind it", .offset = next - begin});
    if (message.value.size() > kMaxRecordBytes)
      return reject_message(message, diag::RecordTooLong{.bytes = static_cast<int64_t>(message.value.size()),
                                                         .limit = static_cast<int64_t>(kMaxRecordBytes)});
    if (schema.reader->broken_text() != nullptr)
      return reject_message(message, diag::BrokenUtf8{.offset = schema.reader->broken_text() - begin});
    turn_->add_message(message.value, message.position);
    turn_->add_row(row_.data());
  }

  template <class Entry>
  void reject_message(const MessageInput& message, const Entry& fault) {
    turn_->reject(turn_->add_message(message.value.substr(0, kMaxRecordBytes), message.position), fault);
  }

  static const char* read_value(ReadFrame* frame, uint64_t step, const char* at, uint64_t) {
    auto& native = *static_cast<NativeFrame*>(frame);
    AvroDecoder& self = *native.decoder;
    AvroReader& reader = *native.reader;
    at = reader.read_step(static_cast<uint32_t>(step), at, native.end, self.row_.data(), *self.arena_);
    const AvroStep::Kind kind = reader.plan().steps[step].kind;
    if (at == nullptr || (kind != AvroStep::Kind::read && kind != AvroStep::Kind::settle)) return at;
    const uint32_t field = reader.plan().steps[step].field;
    for (size_t leaf = reader.first_leaf(field); leaf < reader.first_leaf(field) + reader.leaves(field); ++leaf)
      self.turn_->write_leaf(leaf, self.row_[leaf]);
    return at;
  }

  DecodePlan decode_;
  std::unique_ptr<TimeZone> zone_;
  std::vector<Leaf> leaves_;
  std::vector<Slot> row_;
  const RecordReaderSlot* native_;
  NativeFrame frame_;
  std::string header_;  ///< of the file
  ContainerHeader container_;
  Schema of_file_{nullptr, "the header of its file is not known"};
  Schema bare_;  ///< of records without framing
  std::map<SchemaId, Schema> by_id_;
  std::pair<const SchemaId, Schema>* last_ = nullptr;  ///< of by_id_, of the record before
  // Of the call of decode:
  int64_t number_ = 1;  ///< of the next record
  const RecordReader* now_ = nullptr;
  TurnBuilder* turn_ = nullptr;
  Arena* arena_ = nullptr;
};

}  // namespace

std::unique_ptr<Decoder> make_avro_decoder(const DecodePlan& plan, const RecordReaderSlot* native) {
  return std::make_unique<AvroDecoder>(plan, native);
}

Result<std::shared_ptr<const AvroPlan>> plan_of_writer_schema(const DecodePlan& plan, const WriterSchema& written) {
  BRAID_ASSIGN(const AvroSchema schema, parse_avro_schema(written.text, written.references));
  // What a schema refers to is a part of what it says.
  std::string text = written.text;
  for (const WriterSchema::Reference& each : written.references) text += '\n' + each.text;
  return make_avro_plan(schema, plan, text);
}

Result<std::shared_ptr<const AvroPlan>> plan_of_avro_header(const DecodePlan& plan, std::string_view header) {
  BRAID_ASSIGN(const std::optional<ContainerHeader> found, read_container_header(header));
  if (!found) return Error{ErrorKind::input, "its header is not whole"};
  BRAID_ASSIGN(const AvroSchema schema, parse_avro_schema(found->schema));
  return make_avro_plan(schema, plan, found->schema);
}

Status check_avro_header(const DecodePlan& plan, std::string_view header) {
  const auto made = plan_of_avro_header(plan, header);
  return made.ok() ? Status() : Status(made.error());
}

std::string as_container_block(std::string_view header, std::string_view record) {
  const auto found = read_container_header(header);
  std::string block;
  if (found.ok() && found->has_value())
    append_container_block(block, 1, record, {(*found)->marker.data(), kMarkerBytes});
  return block;
}

}  // namespace braid
