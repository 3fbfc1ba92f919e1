#include "runtime/codec/raw_decoder.h"

#include "runtime/base/check.h"
#include "runtime/codec/turn_builder.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

class RawDecoder : public Decoder {
 public:
  explicit RawDecoder(const DecodePlan& plan) : leaves_(flatten(decoded_row(plan))), row_(leaves_.size()) {
    for (const DecodeField& field : plan.fields) {
      if (!field.touched) continue;
      BRAID_CHECK(!type_, "a record has one value");
      type_ = without_optional(field.type);
      optional_ = is_optional(field.type);
    }
  }

  void set_header(std::string_view) override {}

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    TurnBuilder turn(input, leaves_, arena);
    for (const MessageInput& message : input.messages) {
      const std::string_view value = message.value;
      const uint64_t bytes = input.long_record_bytes > 0 ? input.long_record_bytes : value.size();
      const uint32_t record = turn.add_message(value.substr(0, kMaxRecordBytes), message.position);
      if (bytes > kMaxRecordBytes) {
        turn.reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(bytes),
                                                .limit = static_cast<int64_t>(kMaxRecordBytes)});
      } else if (type_ && is(type_, TypeKind::string) && !is_utf8(value)) {
        turn.reject(record, diag::BrokenUtf8{.offset = static_cast<int64_t>(first_broken_byte(value))});
      } else {
        if (type_) set_row(value);
        turn.add_row(row_.data());
      }
    }
    return turn.take();
  }

 private:
  void set_row(std::string_view value) {
    Slot* slot = row_.data();
    *slot++ = slot_u8(false);
    if (optional_) *slot++ = slot_u8(true);
    *slot = slot_bytes(value);
  }

  std::vector<Leaf> leaves_;
  std::vector<Slot> row_;
  Type type_;  ///< none: nothing is read
  bool optional_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_raw_decoder(const DecodePlan& plan) {
  return std::make_unique<RawDecoder>(plan);
}

}  // namespace braid
