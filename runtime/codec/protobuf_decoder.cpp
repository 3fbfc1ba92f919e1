#include "runtime/codec/protobuf_decoder.h"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "runtime/abi/record_frame.h"
#include "runtime/abi/record_reader.h"
#include "runtime/base/check.h"
#include "runtime/codec/protobuf_reader.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/codec/turn_builder.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/data/key_bytes.h"
#include "runtime/report/format_diagnostics.h"

namespace braid {
namespace {

/// Of messages of a file, among which the first one that a source fits to is looked for.
constexpr int32_t kMostTried = 8;

Result<std::vector<int32_t>> bare_message(std::string_view text, std::string_view message) {
  if (message.empty()) return std::vector<int32_t>{0};
  return find_protobuf_message(text, message);
}

Result<ProtobufSchema> bare_schema(std::string_view text, std::string_view message) {
  BRAID_ASSIGN(const std::vector<int32_t> indexes, bare_message(text, message));
  return parse_protobuf_schema(text, {}, indexes);
}

class ProtobufDecoder : public Decoder {
 public:
  ProtobufDecoder(const DecodePlan& plan, const RecordReaderSlot* native)
      : decode_(plan),
        zone_(plan.zone.empty() ? nullptr : load_time_zone(plan.zone)),
        leaves_(flatten(decoded_row(plan))),
        native_(native) {
    BRAID_CHECK(plan.zone.empty() || zone_, "no such zone: " + plan.zone);
    if (!plan.bare_schema.empty()) bare_ = make_schema(table_of_bare_schema(plan));
    frame_.decoder = this;
    frame_.convert = convert;
    frame_.allocate = allocate;
  }

  void set_header(std::string_view) override {}

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    TurnBuilder turn(input, leaves_, arena);
    turn_ = &turn;
    arena_ = &arena;
    bytes_ = input.bytes;
    now_ = native_ != nullptr ? native_->get() : nullptr;
    zeroed_ = nullptr;
    for (const MessageInput& message : input.messages) decode_message(message, input.long_record_bytes);
    return turn.take();
  }

 private:
  struct NativeFrame : ReadFrame {
    ProtobufDecoder* decoder = nullptr;
    ProtobufReader* reader = nullptr;
    size_t list_slots = 0;  ///< of the record
  };
  /// How messages of one type of a schema are read.
  struct Schema {
    std::unique_ptr<ProtobufReader> reader;  ///< none: they cannot be read
    std::string reason;                      ///< why not
    /// Native code for them, of that which `of` has.
    const RecordReader* native = nullptr;
    const RecordReader* of = nullptr;
  };

  Schema make_schema(const Result<std::shared_ptr<const ProtobufTable>>& table) const {
    if (!table.ok()) return {nullptr, table.error().message};
    return {std::make_unique<ProtobufReader>(*table, zone_.get(), decode_.unit), {}};
  }

  const RecordReader* native_of(Schema& schema) const {
    if (now_ == schema.of) return schema.native;
    schema.of = now_;
    return schema.native = now_ != nullptr ? now_->for_schema(schema.reader->schema()) : nullptr;
  }

  void decode_message(const MessageInput& message, uint64_t long_bytes) {
    const uint64_t bytes = long_bytes > 0 ? long_bytes : message.value.size();
    if (bytes > kMaxRecordBytes)
      return reject(message, diag::RecordTooLong{.bytes = static_cast<int64_t>(bytes),
                                                 .limit = static_cast<int64_t>(kMaxRecordBytes)});
    if (!decode_.bare_schema.empty()) return decode_value(message, message.value, bare_, {});
    if (!last_framing_.empty() && !message.schema_header && message.value.starts_with(last_framing_)) [[likely]]
      return decode_value(message, message.value.substr(last_framing_.size()), last_->second, last_->first.id);
    std::string reason;
    const auto framed = read_framing(message.value, message.schema_header, SchemaLanguage::protobuf, reason);
    if (!framed) return reject(message, diag::NoSchemaId{.reason = reason});
    if (last_ == nullptr || last_->first != framed->framing) {
      auto known = by_framing_.find(framed->framing);
      if (known == by_framing_.end()) {
        const SchemaAnswer answer = decode_.writer_schemas->find(framed->framing.id);
        if (answer.state != SchemaAnswer::State::found)
          return reject(message, diag::SchemaDoesNotFit{.id = to_string(framed->framing.id), .reason = answer.reason});
        Schema made{nullptr, "it is not a Protobuf schema"};
        if (answer.schema->language == SchemaLanguage::protobuf)
          made = make_schema(table_of_writer_schema(decode_, *answer.schema, framed->framing.message));
        // Broken records may claim any message type. Those that are read stay, since rows refer to them.
        if (!made.reader && by_framing_.size() >= kMostTypes)
          return decode_value(message, framed->value, made, framed->framing.id);
        known = by_framing_.emplace(framed->framing, std::move(made)).first;
      }
      last_ = &*known;
    }
    last_framing_.clear();
    if (!message.schema_header) last_framing_ = message.value.substr(0, message.value.size() - framed->value.size());
    decode_value(message, framed->value, last_->second, last_->first.id);
  }

  void decode_value(const MessageInput& message, std::string_view value, Schema& schema, const SchemaId& id) {
    if (!schema.reader) return reject(message, diag::SchemaDoesNotFit{.id = to_string(id), .reason = schema.reason});
    ProtobufReader& reader = *schema.reader;
    if (read_natively(native_of(schema), reader, value)) [[likely]] {
      turn_->add_message(message.value, message.position);
      turn_->keep_row();
      return;
    }
    const char* begin = message.value.data();
    if (!reader.read_record(value, *arena_))
      return reject(message,
                    diag::BrokenProtobuf{.reason = std::string(reader.reason()), .offset = reader.broken_at() - begin});
    if (reader.broken_text() != nullptr)
      return reject(message, diag::BrokenUtf8{.offset = reader.broken_text() - begin});
    turn_->add_message(message.value, message.position);
    turn_->add_row(reader.row());
  }

  /// Into the next row, which is not kept yet. False: the tables have to read it.
  bool read_natively(const RecordReader* native, ProtobufReader& reader, std::string_view value) {
    if (native == nullptr) return false;
    const uint32_t row = turn_->next_row();
    frame_.reader = &reader;
    frame_.list_slots = 0;
    if (turn_->columns()[0] != zeroed_) [[unlikely]]
      begin_block(reader);
    const std::string_view padded = with_padding(value);
    frame_.end = padded.data() + padded.size();
    if (native->read(frame_, padded.data(), row) == frame_.end) [[likely]]
      return true;
    for (size_t field = 0; field < reader.fields(); ++field)
      static_cast<uint8_t*>(frame_.columns[reader.first_leaf(field)])[row] = 0;
    return false;
  }

  void begin_block(const ProtobufReader& reader) {
    frame_.columns = turn_->columns();
    const uint32_t rows = turn_->block().rows;
    for (size_t field = 0; field < reader.fields(); ++field)
      std::memset(static_cast<char*>(frame_.columns[reader.first_leaf(field)]) + rows, 0, turn_->room());
    zeroed_ = frame_.columns[0];
  }

  /// The same bytes with kPadding readable ones behind them. Those of a turn lie side by side.
  std::string_view with_padding(std::string_view value) {
    const auto begin = reinterpret_cast<uintptr_t>(bytes_.data()), at = reinterpret_cast<uintptr_t>(value.data());
    if (at >= begin && at + value.size() + kPadding <= begin + bytes_.size()) [[likely]]
      return value;
    char* copy = arena_->allocate(value.size() + kPadding);
    std::copy(value.begin(), value.end(), copy);
    std::fill_n(copy + value.size(), kPadding, '\0');
    return {copy, value.size()};
  }

  static bool convert(ReadFrame* frame, uint64_t target, uint64_t bits, const char* text, Slot* slot) {
    auto& native = *static_cast<NativeFrame*>(frame);
    const std::string_view bytes(text, text == nullptr ? 0 : bits);
    return native.reader->convert(static_cast<uint32_t>(target), bits, bytes, *native.decoder->arena_, slot);
  }

  static Slot* allocate(ReadFrame* frame, uint64_t slots) {
    auto& native = *static_cast<NativeFrame*>(frame);
    if (slots > ProtobufReader::kMostListSlots - native.list_slots) return nullptr;
    native.list_slots += slots;
    Slot* made = native.decoder->arena_->allocate_array<Slot>(slots);
    std::fill_n(made, slots, slot_i128(0));
    return made;
  }

  template <class Entry>
  void reject(const MessageInput& message, const Entry& fault) {
    turn_->reject(turn_->add_message(message.value.substr(0, kMaxRecordBytes), message.position), fault);
  }

  static constexpr size_t kMostTypes = 1000;
  static constexpr size_t kPadding = 16;  ///< as ReadFrame::end says

  DecodePlan decode_;
  std::unique_ptr<TimeZone> zone_;
  std::vector<Leaf> leaves_;
  const RecordReaderSlot* native_;
  NativeFrame frame_;
  Schema bare_;  ///< of records without framing
  std::map<SchemaFraming, Schema> by_framing_;
  std::pair<const SchemaFraming, Schema>* last_ = nullptr;  ///< of by_framing_, of the record before
  std::string last_framing_;                                ///< that of last_ in front of a value; empty: not known
  // Of the call of decode:
  std::string_view bytes_;
  const void* zeroed_ = nullptr;  ///< the first column of the block whose status leaves are zero where no row is
  const RecordReader* now_ = nullptr;
  TurnBuilder* turn_ = nullptr;
  Arena* arena_ = nullptr;
};

}  // namespace

std::unique_ptr<Decoder> make_protobuf_decoder(const DecodePlan& plan, const RecordReaderSlot* native) {
  return std::make_unique<ProtobufDecoder>(plan, native);
}

Result<std::shared_ptr<const ProtobufTable>> table_of_writer_schema(const DecodePlan& plan, const WriterSchema& written,
                                                                    const std::vector<int32_t>& message) {
  BRAID_ASSIGN(const ProtobufSchema schema, parse_protobuf_schema(written.text, written.references, message));
  // What a schema refers to is a part of what it says.
  std::string text = fmt::format("{}\n{}", fmt::join(message, "."), written.text);
  for (const WriterSchema::Reference& each : written.references) text += '\n' + each.name + '\n' + each.text;
  return make_protobuf_table(schema, plan, key_hash(text));
}

Result<std::shared_ptr<const ProtobufTable>> table_of_writer_schema(const DecodePlan& plan,
                                                                    const WriterSchema& written) {
  auto first = table_of_writer_schema(plan, written, {0});
  for (int32_t message = 1; !first.ok() && message < kMostTried; ++message)
    if (auto other = table_of_writer_schema(plan, written, {message}); other.ok()) return other;
  return first;
}

Result<std::shared_ptr<const ProtobufTable>> table_of_bare_schema(const DecodePlan& plan) {
  BRAID_ASSIGN(const std::vector<int32_t> message, bare_message(plan.bare_schema, plan.message));
  return table_of_writer_schema(plan, {SchemaLanguage::protobuf, plan.bare_schema, {}}, message);
}

Status check_protobuf_schema(const DecodePlan& plan, std::string_view text, std::string_view message) {
  DecodePlan bare = plan;
  bare.bare_schema = text;
  bare.message = message;
  const auto table = table_of_bare_schema(bare);
  return table.ok() ? Status() : Status(table.error());
}

std::optional<ProtobufRecord> schema_of_record(const DecodePlan& plan, std::string_view record) {
  if (!plan.bare_schema.empty()) {
    auto schema = bare_schema(plan.bare_schema, plan.message);
    if (!schema.ok()) return std::nullopt;
    return ProtobufRecord{std::move(*schema), record};
  }
  if (plan.writer_schemas == nullptr) return std::nullopt;
  std::string reason;
  const MessageInput message = MessageInput::of(record, Format::protobuf);
  const auto framed = read_framing(message.value, message.schema_header, SchemaLanguage::protobuf, reason);
  if (!framed) return std::nullopt;
  const SchemaAnswer answer = plan.writer_schemas->find(framed->framing.id);
  if (answer.state != SchemaAnswer::State::found || answer.schema->language != SchemaLanguage::protobuf)
    return std::nullopt;
  auto schema = parse_protobuf_schema(answer.schema->text, answer.schema->references, framed->framing.message);
  if (!schema.ok()) return std::nullopt;
  return ProtobufRecord{std::move(*schema), framed->value};
}

}  // namespace braid
