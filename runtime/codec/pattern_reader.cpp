#include "runtime/codec/pattern_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace braid {
namespace {

/// Of the turn, whose special bytes are found at once: with these positions it stays in the first level cache.
constexpr size_t kPieceBytes = 16 * 1024;
/// Records that are worth a batch: wide ones take more than a piece.
constexpr size_t kFewRecords = 16;
/// Of a record: a turn has too few of longer ones to read them column after column.
constexpr size_t kWidestRecord = 32 * 1024;
/// Records read by patterns, less those that were not: no more than that either way.
constexpr int kMostCredit = 64;
constexpr int kCostOfMiss = 2, kCostOfPattern = 8;
constexpr uint32_t kLongestPause = 8192;
/// Records in a row that differ, after which the last of them is the pattern.
constexpr uint32_t kMissesForPattern = 2;

/// Of one in timestamps that are numbers; 0: there are none, or one is less than that.
int64_t micros_of(TimestampUnit unit) {
  switch (unit) {
    case TimestampUnit::seconds:
      return kMicrosPerSecond;
    case TimestampUnit::milliseconds:
      return 1000;
    case TimestampUnit::microseconds:
      return 1;
    case TimestampUnit::none:
    case TimestampUnit::nanoseconds:
      return 0;
  }
  return 0;
}

bool is_null(const char* at, const char* end) {
  return end - at == 4 && std::memcmp(at, "null", 4) == 0;
}

}  // namespace

PatternReader::PatternReader(const DecodePlan& plan, JsonReader& reader)
    : paths_(touched_paths(plan)),
      reader_(reader),
      scan_(best_record_scan()),
      fits_(plan.patterns && fits_patterns(paths_)),
      dates_(paths_.size()),
      row_(reader.leaves()) {}

void PatternReader::begin_turn(const char* text, size_t begin, size_t end) {
  text_ = text;
  end_ = end;
  scanned_ = begin;
  first_ = behind_ = 0;
  end_of_batch_ = SIZE_MAX;
}

PatternReader::Action PatternReader::action_of(const RecordPattern::Value& value) const {
  if (value.field < 0) return value.text ? Action::nothing : Action::check;
  const Shape& shape = reader_.shape(static_cast<size_t>(value.field));
  switch (shape.kind) {
    case TypeKind::string:
      return value.text ? Action::text : Action::any;
    case TypeKind::timestamp:
      if (value.text) return Action::timestamp;
      return micros_of(shape.unit) != 0 ? Action::instant : Action::any;
    case TypeKind::date:
      return value.text ? Action::date : Action::any;
    case TypeKind::integer:
      return value.text ? Action::any : Action::integer;
    case TypeKind::floating:
      return value.text ? Action::any : Action::floating;
    case TypeKind::decimal:
      return value.text ? Action::any : Action::decimal;
    case TypeKind::boolean:
      return value.text ? Action::any : Action::boolean;
    case TypeKind::enumeration:
      return value.text ? Action::symbol : Action::any;
    default:
      return Action::any;
  }
}

void PatternReader::take(RecordPattern pattern) {
  places_.clear();
  for (const RecordPattern::Value& value : pattern.values) {
    Place place{.action = action_of(value)};
    if (value.field >= 0) {
      place.shape = &reader_.shape(static_cast<size_t>(value.field));
      place.leaf = reader_.first_leaf(static_cast<size_t>(value.field));
    }
    places_.push_back(place);
  }
  pattern_ = std::move(pattern);
}

void PatternReader::pass(std::string_view line, bool is_row) {
  if (!fits_) return;
  if (pause_ > 0) {
    --pause_;
    return;
  }
  ++misses_;
  credit_ -= kCostOfMiss;
  if (is_row && line.size() <= kWidestRecord && (!pattern_ || misses_ >= kMissesForPattern)) {
    credit_ -= kCostOfPattern;
    misses_ = 0;
    if (std::optional<RecordPattern> found = find_pattern(paths_, line)) take(std::move(*found));
  }
  if (credit_ >= -kMostCredit) return;
  credit_ = 0;
  pause_ = next_pause_ = std::min(next_pause_ * 2 + kMostCredit, kLongestPause);
}

/// How many records there are from `begin` on, as far as their numbers of special bytes tell; first_ is at the first.
size_t PatternReader::find_batch(size_t begin, size_t room) {
  const size_t stride = pattern_->specials;
  if (scanned_ < begin) {
    scanned_ = begin;
    first_ = behind_ = 0;
  } else if (begin == end_of_batch_) {
    first_ = behind_batch_;
  }
  while (first_ < behind_ && specials_[first_] < begin) ++first_;
  while (behind_ - first_ < stride * kFewRecords && scanned_ < end_) {
    std::copy(specials_.begin() + static_cast<ptrdiff_t>(first_), specials_.begin() + static_cast<ptrdiff_t>(behind_),
              specials_.begin());
    behind_ -= std::exchange(first_, 0);
    end_of_batch_ = SIZE_MAX;
    const size_t end = std::min(end_, scanned_ + kPieceBytes);
    if (specials_.size() < behind_ + kPieceBytes + kScanBytes) specials_.resize(behind_ + kPieceBytes + kScanBytes);
    behind_ += scan_.find_specials(text_, static_cast<uint32_t>(scanned_), static_cast<uint32_t>(end),
                                   specials_.data() + behind_);
    scanned_ = end;
  }
  const size_t most = std::min({PatternBatch::kMost, room, (behind_ - first_) / stride});
  const uint32_t* special = specials_.data() + first_;
  // No place before the text is looked at: what stands first is where it must, all else behind it.
  if (most == 0 || special[0] != begin + pattern_->between[0].offset) return 0;
  if (pattern_->values.size() > 0 && special[pattern_->between[1].special] < pattern_->most_before) return 0;
  size_t count = 0;
  for (size_t start = begin; count < most; ++count) {
    const size_t line_end = special[(count + 1) * stride - 1];
    if (text_[line_end] != '\n' || line_end - start > kMaxRecordBytes) break;
    differing_[count] = static_cast<uint64_t>(special[count * stride] - pattern_->between[0].offset != start);
    start = line_end + 1;
    batch_.end[count] = static_cast<uint32_t>(start);
  }
  return count;
}

const PatternBatch& PatternReader::read(size_t begin, Block& block, size_t room, Arena& arena) {
  const RecordPattern& pattern = *pattern_;
  const size_t count = find_batch(begin, room);
  batch_.count = count;
  batch_.differs = 0;
  batch_.line_end = pattern.line_end;
  if (count == 0) return batch_;
  const uint32_t* special = specials_.data() + first_;
  for (const ExpectedBytes& between : pattern.between)
    scan_.compare(between, text_, special, pattern.specials, count, differing_);
  for (size_t value = 0; value < pattern.values.size(); ++value) read_values(value, block, count, arena);
  write_missing(block, count);
  for (size_t i = 0; i < count; ++i) batch_.differs |= static_cast<uint64_t>(differing_[i] != 0) << i;
  end_of_batch_ = batch_.end[count - 1];
  behind_batch_ = first_ + count * pattern.specials;
  const int good = static_cast<int>(count) - __builtin_popcountll(batch_.differs);
  if (good > 0) misses_ = 0;
  credit_ = std::min(credit_ + good, kMostCredit);
  if (credit_ == kMostCredit) next_pause_ = 0;
  return batch_;
}

ValuePlaces PatternReader::places_of(size_t value, size_t count) const {
  const ExpectedBytes &before = pattern_->between[value], &behind = pattern_->between[value + 1];
  const uint32_t* special = specials_.data() + first_;
  return {text_ + before.length - before.offset,
          text_ - behind.offset,
          special + before.special,
          special + behind.special,
          pattern_->specials,
          count};
}

/// `read` says whether it has stored the value of a record, given its begin, its end and its number in the batch.
/// Returns a bit for each of which that failed.
template <class Read>
uint64_t read_each(const ValuePlaces& places, Read read) {
  uint64_t failed = 0;
  for (size_t i = 0; i < places.count; ++i)
    if (!read(places.begin_of(i), places.end_of(i), i)) [[unlikely]]
      failed |= uint64_t{1} << i;
  return failed;
}

void PatternReader::read_values(size_t value, Block& block, size_t count, Arena& arena) {
  const Place& place = places_[value];
  if (place.action == Action::nothing) return;
  const ValuePlaces places = places_of(value, count);
  if (place.shape != nullptr) {
    std::memset(block.columns[place.leaf].as<uint8_t>() + block.rows, 0, count);
    if (place.shape->optional) std::memset(block.columns[place.leaf + 1].as<uint8_t>() + block.rows, 1, count);
  }
  for (uint64_t failed = read_common(value, places, block); failed != 0; failed &= failed - 1) {
    const auto i = static_cast<uint32_t>(__builtin_ctzll(failed));
    if (differing_[i] == 0 && !read_any(value, places.begin_of(i), places.end_of(i), block, block.rows + i, arena))
      differing_[i] = 1;
  }
}

/// As JsonReader reads it. Whether it is a value, and ends where it should.
bool PatternReader::read_any(size_t value, const char* begin, const char* end, Block& block, uint32_t row,
                             Arena& arena) {
  const RecordPattern::Value& described = pattern_->values[value];
  if (end <= begin && !described.text) return false;
  if (described.field < 0) {
    if (find_direct_number(begin).length == static_cast<uint64_t>(end - begin)) return true;
    ScanError error;
    return skip_json_value(begin, described.depth, error) == end;
  }
  const auto field = static_cast<size_t>(described.field);
  const Place& place = places_[value];
  const size_t quote = described.text ? 1 : 0;
  if (place.shape->optional && quote == 0 && is_null(begin, end)) {
    for (size_t leaf = place.leaf; leaf < place.leaf + reader_.leaf_count(field); ++leaf)
      write_slot(block.columns[leaf], row, slot_i128(0));
    return true;
  }
  if (reader_.read_field(field, begin - quote, row_.data(), arena) != end + quote) return false;
  for (size_t leaf = place.leaf; leaf < place.leaf + reader_.leaf_count(field); ++leaf)
    write_slot(block.columns[leaf], row, row_[leaf]);
  return true;
}

/// Values of the forms that most have. Returns a bit for each of which another one has to be tried.
uint64_t PatternReader::read_common(size_t value, const ValuePlaces& places, Block& block) {
  const auto [action, shape, leaf] = places_[value];
  LastDate* last = shape != nullptr ? &dates_[static_cast<size_t>(pattern_->values[value].field)] : nullptr;
  const Column* column = shape != nullptr ? &block.columns[leaf + shape->leaves] : nullptr;
  auto to = [&]<class T>() { return static_cast<T*>(column->data) + block.rows; };
  switch (action) {
    case Action::nothing:
      return 0;
    case Action::check:
      return scan_.read_integers(places, nullptr);
    case Action::integer:
      return scan_.read_integers(places, to.template operator()<int64_t>());
    case Action::instant: {
      int64_t* micros = to.template operator()<int64_t>();
      const int64_t unit = micros_of(shape->unit);
      uint64_t failed = scan_.read_integers(places, micros);
      for (size_t i = 0; i < places.count; ++i)
        failed |= static_cast<uint64_t>(__builtin_mul_overflow(micros[i], unit, micros + i)) << i;
      return failed;
    }
    case Action::text: {
      auto* texts = to.template operator()<Bytes>();
      for (size_t i = 0; i < places.count; ++i) {
        const char* begin = places.begin_of(i);
        texts[i] = {begin, static_cast<uint64_t>(places.end_of(i) - begin)};
      }
      return 0;
    }
    case Action::floating:
      return read_each(places, [numbers = to.template operator()<double>()](const char* at, const char* end, size_t i) {
        return read_direct_float(at, numbers + i) == end;
      });
    case Action::decimal:
      return read_each(places, [&, precision = shape->type->precision, scale = shape->type->scale](
                                   const char* at, const char* end, size_t i) {
        int128 number = 0;
        if (read_direct_decimal(at, precision, scale, &number) != end) return false;
        if (shape->leaf == LeafKind::i64)
          to.template operator()<int64_t>()[i] = static_cast<int64_t>(number);
        else
          to.template operator()<int128>()[i] = number;
        return true;
      });
    case Action::boolean:
      return read_each(places, [flags = to.template operator()<uint8_t>()](const char* at, const char* end, size_t i) {
        flags[i] = *at == 't';
        return (end - at == 4 && std::memcmp(at, "true", 4) == 0) ||
               (end - at == 5 && std::memcmp(at, "false", 5) == 0);
      });
    case Action::timestamp:
      return read_each(places,
                       [last, micros = to.template operator()<int64_t>()](const char* at, const char* end, size_t i) {
                         return read_direct_instant(at, *last, micros + i) == end;
                       });
    case Action::date:
      return read_each(places,
                       [last, days = to.template operator()<int32_t>()](const char* at, const char* end, size_t i) {
                         int64_t read = 0;
                         if (end - at != 10 || !read_direct_date(at, *last, &read)) return false;
                         days[i] = static_cast<int32_t>(read);
                         return true;
                       });
    case Action::symbol:
      return read_each(places, [&symbols = shape->type->symbols, numbers = to.template operator()<int32_t>()](
                                   const char* at, const char* end, size_t i) {
        const std::string_view text(at, static_cast<size_t>(std::max<ptrdiff_t>(end - at, 0)));
        const auto found = std::find(symbols.begin(), symbols.end(), text);
        numbers[i] = static_cast<int32_t>(found - symbols.begin());
        return found != symbols.end();
      });
    case Action::any:
      return ~uint64_t{0} >> (64 - places.count);
  }
  return 0;
}

void PatternReader::write_missing(Block& block, size_t count) {
  for (uint32_t field : pattern_->missing) {
    reader_.read_missing(field, row_.data());
    for (size_t leaf = reader_.first_leaf(field); leaf < reader_.first_leaf(field) + reader_.leaf_count(field); ++leaf)
      for (uint32_t i = 0; i < count; ++i) write_slot(block.columns[leaf], block.rows + i, row_[leaf]);
  }
}

}  // namespace braid
