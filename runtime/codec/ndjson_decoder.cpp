#include "runtime/codec/ndjson_decoder.h"

#include <cstring>

#include <simdjson.h>

#include "runtime/abi/record_reader.h"
#include "runtime/base/check.h"
#include "runtime/codec/json_reader.h"
#include "runtime/codec/turn_builder.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Where a line that the native reader has not read ends.
constexpr size_t kNotRead = SIZE_MAX;
/// The most records that are read without trying the native reader, after many that it did not read.
constexpr uint32_t kLongestWait = 63;

class NdjsonDecoder : public Decoder {
 public:
  NdjsonDecoder(const DecodePlan& plan, const RecordReaderSlot* native)
      : zone_(plan.zone.empty() ? nullptr : load_time_zone(plan.zone)),
        reader_(plan, zone_.get()),
        leaves_(flatten(decoded_row(plan))),
        row_(leaves_.size()),
        native_(native),
        dates_(plan.fields.size()) {
    BRAID_CHECK(plan.zone.empty() || zone_, "no such zone: " + plan.zone);
    frame_.decoder = this;
    frame_.dates = dates_.data();
    frame_.objects = reader_.objects().data();
    frame_.read_value = read_value;
    frame_.find_key = find_key;
    frame_.skip_value = skip_value;
  }

  void set_header(std::string_view) override {}

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    std::string_view text = input.bytes;
    size_t begin = input.position == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    TurnBuilder turn(input, leaves_, arena);
    if (input.long_record_bytes > 0) {
      uint32_t record = turn.add_record(text, 0, 0);
      turn.reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(input.long_record_bytes),
                                              .limit = static_cast<int64_t>(kMaxRecordBytes)});
      return turn.take();
    }
    bool utf8 = simdjson::validate_utf8(text.data(), text.size());

    // The scanner reads beyond a record's end. Records near the end of the turn are read from a padded copy, in which
    // the last one has its line end.
    const size_t copied = std::max(begin, end_of_padded_lines(text));
    const char* copy = nullptr;
    int64_t line = 0;
    turn_ = &turn;
    arena_ = &arena;
    const RecordReader* native = native_ != nullptr ? native_->get() : nullptr;
    while (begin < text.size()) {
      if (begin == copied) copy = padded_copy(text.substr(begin), arena);
      const char* at = begin >= copied ? copy + (begin - copied) : text.data() + begin;
      size_t end = native != nullptr ? decode_natively(*native, text, at, begin, line, utf8) : kNotRead;
      if (end == kNotRead) {
        const void* found = std::memchr(text.data() + begin, '\n', text.size() - begin);
        end = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : text.size();
        decode_line(turn, text.substr(begin, end - begin), at, begin, line, utf8, arena);
      }
      begin = end + 1;
      ++line;
    }
    return turn.take();
  }

 private:
  struct NativeFrame : ReadFrame {
    NdjsonDecoder* decoder = nullptr;
  };

  /// Behind the last line end with kScanPadding bytes behind it.
  static size_t end_of_padded_lines(std::string_view text) {
    if (text.size() <= kScanPadding) return 0;
    const size_t found = text.rfind('\n', text.size() - kScanPadding);
    return found == std::string_view::npos ? 0 : found + 1;
  }

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

  /// The record at `at`, which is `begin` of the text. Returns where its line ends, or kNotRead.
  size_t decode_natively(const RecordReader& native, std::string_view text, const char* at, size_t begin,
                         int64_t number, bool utf8) {
    if (*at != '{') return kNotRead;
    if (wait_ > 0) {
      --wait_;
      return kNotRead;
    }
    const uint32_t row = turn_->next_row();
    frame_.columns = turn_->columns();
    const char* stop = native.read(frame_, at, row);
    if (stop != nullptr) {
      stop = skip_blanks(stop);
      std::string_view line = text.substr(begin, static_cast<size_t>(stop - at));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (*stop == '\n' && line.size() <= kMaxRecordBytes && (utf8 || is_utf8(line))) [[likely]] {
        turn_->add_record(line, begin, number);
        turn_->keep_row();
        next_wait_ = 0;
        return begin + static_cast<size_t>(stop - at);
      }
    }
    wait_ = next_wait_;
    next_wait_ = std::min(next_wait_ * 2 + 1, kLongestWait);
    return kNotRead;
  }

  static const char* read_value(ReadFrame* frame, uint64_t field, const char* at, uint64_t) {
    NdjsonDecoder& self = *static_cast<NativeFrame*>(frame)->decoder;
    const char* end = nullptr;
    if (at == nullptr)
      self.reader_.read_missing(field, self.row_.data());
    else if (end = self.reader_.read_field(field, at, self.row_.data(), *self.arena_); end == nullptr)
      return nullptr;
    const size_t first = self.reader_.first_leaf(field);
    for (size_t leaf = first; leaf < first + self.reader_.leaf_count(field); ++leaf)
      self.turn_->write_leaf(leaf, self.row_[leaf]);
    return end;
  }

  static PredictedKey* find_key(ReadFrame* frame, uint64_t object, PredictedKey* last, const char* at) {
    return static_cast<NativeFrame*>(frame)->decoder->reader_.find_key(object, last, at);
  }

  static const char* skip_value(const char* at, uint64_t depth) {
    ScanError error;
    return skip_json_value(skip_blanks(at), static_cast<int>(depth), error);
  }

  std::unique_ptr<TimeZone> zone_;
  JsonReader reader_;
  std::vector<Leaf> leaves_;
  std::vector<Slot> row_;

  const RecordReaderSlot* native_;
  NativeFrame frame_;
  std::vector<LastDate> dates_;
  uint32_t wait_ = 0;            ///< records that are read without trying the native reader
  uint32_t next_wait_ = 0;       ///< after the next one that it does not read
  TurnBuilder* turn_ = nullptr;  ///< of the call of decode
  Arena* arena_ = nullptr;
};

}  // namespace

std::unique_ptr<Decoder> make_ndjson_decoder(const DecodePlan& plan, const RecordReaderSlot* native) {
  return std::make_unique<NdjsonDecoder>(plan, native);
}

}  // namespace braid
