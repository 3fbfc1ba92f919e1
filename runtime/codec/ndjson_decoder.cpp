#include "runtime/codec/ndjson_decoder.h"

#include <cstring>

#include <simdjson.h>

#include "runtime/base/check.h"
#include "runtime/codec/json_reader.h"
#include "runtime/codec/turn_builder.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class NdjsonDecoder : public Decoder {
 public:
  explicit NdjsonDecoder(const DecodePlan& plan)
      : zone_(plan.zone.empty() ? nullptr : load_time_zone(plan.zone)),
        reader_(plan, zone_.get()),
        leaves_(flatten(decoded_row(plan))),
        row_(leaves_.size()) {
    BRAID_CHECK(plan.zone.empty() || zone_, "no such zone: " + plan.zone);
  }

  void set_header(std::string_view) override {}

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    std::string_view text = input.bytes;
    size_t begin = input.position == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    size_t lines = count_line_ends(text) + 1;
    TurnBuilder turn(input, leaves_, lines, arena);
    if (input.long_record_bytes > 0) {
      uint32_t record = turn.add_record(text, 0, 0);
      turn.reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(input.long_record_bytes),
                                              .limit = static_cast<int64_t>(kMaxRecordBytes)});
      return turn.take();
    }
    bool utf8 = simdjson::validate_utf8(text.data(), text.size());

    // The scanner reads beyond a record's end. Records near the end of the turn are read from a padded copy, in which
    // the last one has its line end.
    size_t copied = text.size();  // records from here on are read from the copy
    const char* copy = nullptr;
    int64_t line = 0;
    while (begin < text.size()) {
      const void* found = std::memchr(text.data() + begin, '\n', text.size() - begin);
      size_t end = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : text.size();
      if (copy == nullptr && end + kScanPadding > text.size()) {
        copied = begin;
        copy = padded_copy(text.substr(begin), arena);
      }
      const char* at = copy != nullptr ? copy + (begin - copied) : text.data() + begin;
      decode_line(turn, text.substr(begin, end - begin), at, begin, line, utf8, arena);
      begin = end + 1;
      ++line;
    }
    return turn.take();
  }

 private:
  static const char* padded_copy(std::string_view rest, Arena& arena) {
    char* copy = arena.allocate(rest.size() + kScanPadding + 1);
    std::memcpy(copy, rest.data(), rest.size());
    std::memset(copy + rest.size(), '\n', kScanPadding + 1);
    return copy;
  }

  /// `line` as it came, `at` the same bytes where the scanner may read them.
  void decode_line(TurnBuilder& turn, std::string_view line, const char* at, size_t offset, int64_t number, bool utf8,
                   Arena& arena) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const char* begin = at;
    at = skip_blanks(at);
    if (*at == '\n') return;  // blank
    uint32_t record = turn.add_record(line.substr(0, kMaxRecordBytes), offset, number);
    if (line.size() > kMaxRecordBytes) {
      turn.reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(line.size()),
                                              .limit = static_cast<int64_t>(kMaxRecordBytes)});
      return;
    }
    if (!utf8 && !is_utf8(line)) [[unlikely]] {
      turn.reject(record, diag::BrokenUtf8{.offset = static_cast<int64_t>(first_broken_byte(line))});
      return;
    }
    ScanError error;
    at = reader_.read_record(at, row_.data(), arena, error);
    if (at != nullptr) {
      at = skip_blanks(at);
      if (*at == '\n') [[likely]] {
        turn.add_row(row_.data());
        return;
      }
      error = {at, "more text behind the object"};
    }
    if (error.too_deep) {
      turn.reject(record, diag::NestedTooDeep{.limit = kMaxNesting});
    } else {
      turn.reject(record, diag::BrokenJson{.reason = std::string(error.reason), .offset = error.at - begin});
    }
  }

  std::unique_ptr<TimeZone> zone_;
  JsonReader reader_;
  std::vector<Leaf> leaves_;
  std::vector<Slot> row_;
};

}  // namespace

std::unique_ptr<Decoder> make_ndjson_decoder(const DecodePlan& plan) {
  return std::make_unique<NdjsonDecoder>(plan);
}

}  // namespace braid
