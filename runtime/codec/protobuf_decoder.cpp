#include "runtime/codec/protobuf_decoder.h"

#include <map>

#include "runtime/base/check.h"
#include "runtime/codec/protobuf_reader.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/codec/turn_builder.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/report/format_diagnostics.h"

namespace braid {
namespace {

Result<ProtobufSchema> bare_schema(std::string_view text, std::string_view message) {
  if (message.empty()) return parse_protobuf_schema(text);
  BRAID_ASSIGN(const std::vector<int32_t> indexes, find_protobuf_message(text, message));
  return parse_protobuf_schema(text, {}, indexes);
}

class ProtobufDecoder : public Decoder {
 public:
  explicit ProtobufDecoder(const DecodePlan& plan)
      : decode_(plan),
        zone_(plan.zone.empty() ? nullptr : load_time_zone(plan.zone)),
        leaves_(flatten(decoded_row(plan))) {
    BRAID_CHECK(plan.zone.empty() || zone_, "no such zone: " + plan.zone);
    if (!plan.bare_schema.empty()) bare_ = make_schema(bare_schema(plan.bare_schema, plan.message));
  }

  void set_header(std::string_view) override {}

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    TurnBuilder turn(input, leaves_, arena);
    turn_ = &turn;
    arena_ = &arena;
    for (const MessageInput& message : input.messages) decode_message(message, input.long_record_bytes);
    return turn.take();
  }

 private:
  /// How messages of one type of a schema are read.
  struct Schema {
    std::unique_ptr<ProtobufReader> reader;  ///< none: they cannot be read
    std::string reason;                      ///< why not
  };

  Schema make_schema(const Result<ProtobufSchema>& parsed) const {
    if (!parsed.ok()) return {nullptr, parsed.error().message};
    auto table = make_protobuf_table(*parsed, decode_);
    if (!table.ok()) return {nullptr, table.error().message};
    return {std::make_unique<ProtobufReader>(*table, zone_.get(), decode_.unit), {}};
  }

  void decode_message(const MessageInput& message, uint64_t long_bytes) {
    const uint64_t bytes = long_bytes > 0 ? long_bytes : message.value.size();
    if (bytes > kMaxRecordBytes)
      return reject(message, diag::RecordTooLong{.bytes = static_cast<int64_t>(bytes),
                                                 .limit = static_cast<int64_t>(kMaxRecordBytes)});
    if (!decode_.bare_schema.empty()) return decode_value(message, message.value, bare_, {});
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
          made = make_schema(
              parse_protobuf_schema(answer.schema->text, answer.schema->references, framed->framing.message));
        // Broken records may claim any message type. Those that are read stay, since rows refer to them.
        if (!made.reader && by_framing_.size() >= kMostTypes)
          return decode_value(message, framed->value, made, framed->framing.id);
        known = by_framing_.emplace(framed->framing, std::move(made)).first;
      }
      last_ = &*known;
    }
    decode_value(message, framed->value, last_->second, last_->first.id);
  }

  void decode_value(const MessageInput& message, std::string_view value, Schema& schema, const SchemaId& id) {
    if (!schema.reader) return reject(message, diag::SchemaDoesNotFit{.id = to_string(id), .reason = schema.reason});
    ProtobufReader& reader = *schema.reader;
    const char* begin = message.value.data();
    if (!reader.read_record(value, *arena_))
      return reject(message,
                    diag::BrokenProtobuf{.reason = std::string(reader.reason()), .offset = reader.broken_at() - begin});
    if (reader.broken_text() != nullptr)
      return reject(message, diag::BrokenUtf8{.offset = reader.broken_text() - begin});
    turn_->add_message(message.value, message.position);
    turn_->add_row(reader.row());
  }

  template <class Entry>
  void reject(const MessageInput& message, const Entry& fault) {
    turn_->reject(turn_->add_message(message.value.substr(0, kMaxRecordBytes), message.position), fault);
  }

  static constexpr size_t kMostTypes = 1000;

  DecodePlan decode_;
  std::unique_ptr<TimeZone> zone_;
  std::vector<Leaf> leaves_;
  Schema bare_;  ///< of records without framing
  std::map<SchemaFraming, Schema> by_framing_;
  std::pair<const SchemaFraming, Schema>* last_ = nullptr;  ///< of by_framing_, of the record before
  // Of the call of decode:
  TurnBuilder* turn_ = nullptr;
  Arena* arena_ = nullptr;
};

}  // namespace

std::unique_ptr<Decoder> make_protobuf_decoder(const DecodePlan& plan) {
  return std::make_unique<ProtobufDecoder>(plan);
}

Status check_protobuf_schema(const DecodePlan& plan, std::string_view text, std::string_view message) {
  BRAID_ASSIGN(const ProtobufSchema schema, bare_schema(text, message));
  const auto table = make_protobuf_table(schema, plan);
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
