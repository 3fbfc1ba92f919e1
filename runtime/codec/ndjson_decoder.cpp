#include "runtime/codec/ndjson_decoder.h"

#include <bit>
#include <cstring>

#include <simdjson.h>

#include "runtime/abi/record_reader.h"
#include "runtime/base/check.h"
#include "runtime/codec/json_reader.h"
#include "runtime/codec/pattern_reader.h"
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
        patterns_(plan, reader_),
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
    utf8_ = input.ascii || simdjson::validate_utf8(text.data(), text.size());

    // The scanner reads beyond a record's end. Records near the end of the turn are read from a padded copy, in which
    // the last one has its line end.
    const size_t copied = std::max(begin, end_of_padded_lines(text));
    text_ = text;
    turn_ = &turn;
    arena_ = &arena;
    now_ = native_ != nullptr ? native_->get() : nullptr;
    int64_t line = 0;
    decode_part(text.data(), begin, copied, line);
    if (copied < text.size()) decode_part(padded_copy(text.substr(copied), arena), copied, text.size(), line);
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

  /// The lines of text_ in [begin, end), which lie at `at` with kScanPadding bytes behind them.
  void decode_part(const char* at, size_t begin, size_t end, int64_t& line) {
    part_ = begin;
    at_ = at;
    if (at == text_.data()) part_ = 0;
    // The last line may have its end in the copy alone.
    const size_t lines = end - part_ + (end == text_.size() && !text_.ends_with('\n') ? 1 : 0);
    patterns_.begin_turn(at, begin - part_, lines);
    while (begin < end)
      if (!patterns_.expects(begin - part_) || !decode_by_pattern(begin, line)) decode_next(begin, line);
  }

  /// The records from `begin` on that are expected to look like those before; moves `begin` and `line` behind them.
  /// False if there are none.
  bool decode_by_pattern(size_t& begin, int64_t& line) {
    turn_->next_row();
    const PatternBatch& batch = patterns_.read(begin - part_, turn_->block(), turn_->room(), *arena_);
    uint64_t all_differs = batch.differs;
    if (!utf8_) [[unlikely]] {
      size_t from = begin - part_;
      for (size_t i = 0; i < batch.count; from = batch.end[i++])
        all_differs |= static_cast<uint64_t>(!is_utf8({at_ + from, batch.end[i] - from})) << i;
    }
    for (size_t i = 0; i < batch.count;) {
      // As many as have the pattern, then one that has not.
      const uint64_t differs = all_differs >> i;
      const size_t alike = std::min(batch.count - i, static_cast<size_t>(std::countr_zero(differs)));
      if (alike > 0) {
        turn_->add_rows(text_.data() + part_, part_, begin - part_, {batch.end + i, alike}, batch.line_end, line);
        i += alike;
        line += static_cast<int64_t>(alike);
        begin = part_ + batch.end[i - 1];
      } else if (!decode_next(begin, line) || begin != part_ + batch.end[i++]) {
        break;  // the rows of the others would not be where they are
      }
    }
    return batch.count > 0;
  }

  /// The line at `begin`; moves `begin` and `line` behind it. Whether it gave a row.
  bool decode_next(size_t& begin, int64_t& line) {
    const char* at = at_ + (begin - part_);
    const size_t rows = turn_->rows();
    size_t end = now_ != nullptr ? decode_natively(*now_, at, begin, line) : kNotRead;
    if (end == kNotRead) {
      const void* found = std::memchr(text_.data() + begin, '\n', text_.size() - begin);
      end = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - text_.data()) : text_.size();
      decode_line(text_.substr(begin, end - begin), at, begin, line);
    }
    const bool is_row = turn_->rows() > rows;
    patterns_.pass({at, end - begin + 1}, is_row);
    begin = end + 1;
    ++line;
    return is_row;
  }

  /// `line` as it came, `at` the same bytes where the scanner may read them.
  void decode_line(std::string_view line, const char* at, size_t offset, int64_t number) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const char* begin = at;
    at = skip_blanks(at);
    if (*at == '\n') return;  // blank
    uint32_t record = turn_->add_record(line.substr(0, kMaxRecordBytes), offset, number);
    if (line.size() > kMaxRecordBytes) {
      turn_->reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(line.size()),
                                                .limit = static_cast<int64_t>(kMaxRecordBytes)});
      return;
    }
    if (!utf8_ && !is_utf8(line)) [[unlikely]] {
      turn_->reject(record, diag::BrokenUtf8{.offset = static_cast<int64_t>(first_broken_byte(line))});
      return;
    }
    ScanError error;
    at = reader_.read_record(at, row_.data(), *arena_, error);
    if (at != nullptr) {
      at = skip_blanks(at);
      if (*at == '\n') [[likely]] {
        turn_->add_row(row_.data());
        return;
      }
      error = {at, "more text behind the object"};
    }
    if (error.too_deep) {
      turn_->reject(record, diag::NestedTooDeep{.limit = kMaxNesting});
    } else {
      turn_->reject(record, diag::BrokenJson{.reason = std::string(error.reason), .offset = error.at - begin});
    }
  }

  /// The record at `at`, which is `begin` of the text. Returns where its line ends, or kNotRead.
  size_t decode_natively(const RecordReader& native, const char* at, size_t begin, int64_t number) {
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
      std::string_view line = text_.substr(begin, static_cast<size_t>(stop - at));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (*stop == '\n' && line.size() <= kMaxRecordBytes && (utf8_ || is_utf8(line))) [[likely]] {
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
  PatternReader patterns_;
  std::vector<Leaf> leaves_;
  std::vector<Slot> row_;

  const RecordReaderSlot* native_;
  NativeFrame frame_;
  std::vector<LastDate> dates_;
  uint32_t wait_ = 0;       ///< records that are read without trying the native reader
  uint32_t next_wait_ = 0;  ///< after the next one that it does not read
  // Of the call of decode:
  std::string_view text_;
  bool utf8_ = false;  ///< all of it
  size_t part_ = 0;    ///< of text_, the beginning of what lies at at_
  const char* at_ = nullptr;
  const RecordReader* now_ = nullptr;  ///< native_'s
  TurnBuilder* turn_ = nullptr;
  Arena* arena_ = nullptr;
};

}  // namespace

std::unique_ptr<Decoder> make_ndjson_decoder(const DecodePlan& plan, const RecordReaderSlot* native) {
  return std::make_unique<NdjsonDecoder>(plan, native);
}

}  // namespace braid
