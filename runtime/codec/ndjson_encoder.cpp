#include "runtime/codec/ndjson_encoder.h"

#include <emmintrin.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

/// Of a number, a date or an instant with its quotes, whatever the value.
constexpr size_t kMostBytes = 64;

constexpr int kKnownBits = 8;

constexpr uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;

/// Not zero if one of eight bytes is a quote, a backslash or a control character.
inline uint64_t find_escaped(uint64_t bytes) {
  uint64_t quote = bytes ^ kOnes * '"', backslash = bytes ^ kOnes * '\\';
  return (((bytes - kOnes * 0x20) & ~bytes) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) &
         kHighBits;
}

template <class Word>
uint64_t copy_word(char* to, const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  return word;
}

/// Copies sixteen bytes; bits of those that are a quote, a backslash or a control character.
inline __m128i copy_sixteen(char* to, const char* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), control = _mm_set1_epi8(0x1F);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
  return _mm_or_si128(
      _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
      _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
}

/// Copies the text. Behind it, or null if something in it has to be escaped.
inline char* put_plain(char* to, const char* text, size_t size) {
  uint64_t escaped = 0;
  if (size >= 16) {
    __m128i found = _mm_setzero_si128();
    size_t at = 0;
    for (; at + 16 < size; at += 16) found = _mm_or_si128(found, copy_sixteen(to + at, text + at));
    found = _mm_or_si128(found, copy_sixteen(to + size - 16, text + size - 16));
    escaped = static_cast<uint32_t>(_mm_movemask_epi8(found));
  } else if (size >= 8) {
    escaped =
        find_escaped(copy_word<uint64_t>(to, text)) | find_escaped(copy_word<uint64_t>(to + size - 8, text + size - 8));
  } else if (size >= 4) {
    uint64_t low = copy_word<uint32_t>(to, text);
    escaped = find_escaped(low | copy_word<uint32_t>(to + size - 4, text + size - 4) << 32);
  } else if (size > 0) {
    uint64_t bytes = kOnes * 0x20 << 24;
    bytes |= copy_word<uint8_t>(to, text) | copy_word<uint8_t>(to + size / 2, text + size / 2) << 8 |
             copy_word<uint8_t>(to + size - 1, text + size - 1) << 16;
    escaped = find_escaped(bytes);
  }
  return escaped == 0 ? to + size : nullptr;
}

inline char* put_two(char* to, uint32_t value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}

/// The eight digits of a number below 10^8, the first in the lowest byte, each less '0'.
inline uint64_t eight_digits_of(uint64_t number) {
  const uint64_t fours = number / 10'000 | number % 10'000 << 32;
  // Two numbers below 100 in each half, then four below 10: quotients by multiplication.
  const uint64_t hundreds = (fours * 5243 >> 19) & 0x0000007F0000007F;
  const uint64_t pairs = hundreds | (fours - hundreds * 100) << 16;
  const uint64_t tens = (pairs * 103 >> 10) & 0x000F000F000F000F;
  return tens | (pairs - tens * 10) << 8;
}

/// Without a branch on the number of digits up to eight. Room for kMostBytes.
inline char* put_integer(char* to, int64_t value) {
  const uint64_t number = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  constexpr uint64_t kEight = 100'000'000, kZeros = 0x3030303030303030;
  if (number >= kEight * kEight) [[unlikely]]
    return std::to_chars(to, to + kMostBytes, value).ptr;
  *to = '-';
  to += value < 0;
  const bool is_long = number >= kEight;
  const uint64_t first = eight_digits_of(is_long ? number / kEight : number);
  const auto zeros = static_cast<uint32_t>(__builtin_ctzll(first | uint64_t{1} << 56)) / 8;
  const uint64_t shown = (first | kZeros) >> (8 * zeros);
  std::memcpy(to, &shown, 8);
  to += 8 - zeros;
  if (!is_long) return to;
  const uint64_t second = eight_digits_of(number % kEight) | kZeros;
  std::memcpy(to, &second, 8);
  return to + 8;
}

/// Decimals below this, with up to so many digits behind the point, are written without the general way.
constexpr int64_t kDirectDecimal = 10'000'000'000'000'000;
constexpr int kMostFraction = 8;

inline char* put_decimal(char* to, int64_t value, int scale) {
  constexpr uint64_t kPowers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
  const uint64_t number = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  *to = '-';
  to = put_integer(to + (value < 0), static_cast<int64_t>(number / kPowers[scale]));
  *to++ = '.';
  const uint64_t digits = eight_digits_of(number % kPowers[scale]) | 0x3030303030303030;
  const uint64_t shown = digits >> (8 * (kMostFraction - scale));
  std::memcpy(to, &shown, 8);
  return to + scale;
}

/// A few bytes that are written for every row: copied with those behind them, which is quicker than by their number.
class ShortText {
 public:
  void assign(std::string_view text) {
    size_ = text.size();
    text.copy(few_, sizeof few_);
    if (size_ > sizeof few_) many_ = text;
  }
  size_t size() const { return size_; }
  /// Room for 32 bytes, or its size.
  char* put(char* to) const {
    if (size_ <= sizeof few_) [[likely]] {
      std::memcpy(to, few_, sizeof few_);
    } else {
      std::memcpy(to, many_.data(), size_);
    }
    return to + size_;
  }

 private:
  char few_[32] = {};
  size_t size_ = 0;
  std::string many_;
};

class NdjsonEncoder : public Encoder {
 public:
  explicit NdjsonEncoder(std::vector<Field> row) {
    size_t column = 0;
    for (Field& field : row) {
      Part part;
      std::string before = parts_.empty() ? "{" : ",";
      append_json_string(before, field.name);
      before.push_back(':');
      part.before.assign(before);
      part.key = std::move(before);
      part.leaves = leaf_count(field.type);
      part.column = column;
      part.optional = is_optional(field.type);
      part.form = form_of(*without_optional(field.type));
      part.type = std::move(field.type);
      if (part.form == Form::floating) part.known.resize(size_t{1} << kKnownBits);
      column += part.leaves;
      most_bytes_ += part.before.size() + kMostBytes;
      parts_.push_back(std::move(part));
    }
  }

  void append_header(std::string&) const override {}

  void append_row(const Slot* slots, std::string& out) const override {
    if (parts_.empty()) out.push_back('{');
    for (const Part& part : parts_) {
      out += part.key;
      append_json(part.type, slots, out);
      slots += part.leaves;
    }
    out += "}\n";
  }

  std::string_view encode(const Block& block) override {
    at_ = 0;
    for (uint32_t row = 0; row < block.rows; ++row) write_row(block, row);
    return {room_.get(), at_};
  }

 private:
  enum class Form { boolean, integer, floating, decimal, text, timestamp, other };
  struct Part {
    std::string key;   ///< `{"name":` or `,"name":`
    ShortText before;  ///< the same
    Type type;
    size_t leaves = 0;
    size_t column = 0;  ///< of its first leaf
    bool optional = false;
    Form form = Form::other;
    // Of a timestamp: the date written last, which the next row mostly shares.
    int64_t day = INT64_MIN;
    ShortText date;  ///< with the quote before it and the T behind it
    /// Of a float: texts by a hash of the value. Measured values repeat, and the shortest text is dear to find.
    struct Known {
      uint64_t bits = 0;
      uint8_t length = 0;  ///< 0: none
      char text[31];
    };
    std::vector<Known> known;
  };

  static Form form_of(const TypeNode& type) {
    if (type.kind == TypeKind::boolean) return Form::boolean;
    if (type.kind == TypeKind::integer) return Form::integer;
    if (type.kind == TypeKind::floating) return Form::floating;
    if (type.kind == TypeKind::decimal && type.scale > 0 && type.scale <= kMostFraction) return Form::decimal;
    if (type.kind == TypeKind::string) return Form::text;
    return type.kind == TypeKind::timestamp ? Form::timestamp : Form::other;
  }

  /// Room for `more` bytes at `to`, which may move.
  char* reserve(char* to, size_t more) {
    at_ = static_cast<size_t>(to - room_.get());
    if (at_ + more <= room_bytes_) [[likely]]
      return to;
    room_bytes_ = (at_ + more) * 2;
    std::unique_ptr<char[]> larger(new char[room_bytes_]);
    if (at_ > 0) std::memcpy(larger.get(), room_.get(), at_);
    room_ = std::move(larger);
    return room_.get() + at_;
  }

  void write_row(const Block& block, uint32_t row) {
    char* to = reserve(room_.get() + at_, most_bytes_ + 3);
    if (parts_.empty()) *to++ = '{';
    for (Part& part : parts_) {
      to = part.before.put(to);
      const Column* column = &block.columns[part.column];
      if (part.optional && column++->as<uint8_t>()[row] == 0) {
        std::memcpy(to, "null", 4);
        to += 4;
        continue;
      }
      switch (part.form) {
        case Form::boolean: {
          bool value = column->as<uint8_t>()[row] != 0;
          std::memcpy(to, value ? "true" : "false", value ? 4 : 5);
          to += value ? 4 : 5;
          break;
        }
        case Form::integer:
          to = put_integer(to, column->as<int64_t>()[row]);
          break;
        case Form::floating: {
          double value = column->as<double>()[row];
          to = std::isfinite(value) ? write_float(part, value, to) : write_other(part, block, row, to);
          break;
        }
        case Form::decimal: {
          const int128 value = column->kind == LeafKind::i64 ? column->as<int64_t>()[row] : column->as<int128>()[row];
          const int scale = without_optional(part.type)->scale;
          to = value > -kDirectDecimal && value < kDirectDecimal ? put_decimal(to, static_cast<int64_t>(value), scale)
                                                                 : write_other(part, block, row, to);
          break;
        }
        case Form::text: {
          const Bytes& text = column->as<Bytes>()[row];
          to = reserve(to, text.size + 2 + most_bytes_ + 3);
          *to = '"';
          if (char* end = put_plain(to + 1, text.data, text.size)) {
            *end = '"';
            to = end + 1;
          } else {
            to = write_other(part, block, row, to);
          }
          break;
        }
        case Form::timestamp:
          to = write_timestamp(part, column->as<int64_t>()[row], to);
          break;
        case Form::other:
          to = write_other(part, block, row, to);
          break;
      }
    }
    *to++ = '}';
    *to++ = '\n';
    at_ = static_cast<size_t>(to - room_.get());
  }

  static char* write_float(Part& part, double value, char* to) {
    auto bits = std::bit_cast<uint64_t>(value);
    Part::Known& known = part.known[(bits * 0x9E3779B97F4A7C15) >> (64 - kKnownBits)];
    if (known.bits != bits || known.length == 0) [[unlikely]] {
      known.bits = bits;
      known.length =
          static_cast<uint8_t>(std::to_chars(known.text, known.text + sizeof known.text, value).ptr - known.text);
    }
    std::memcpy(to, known.text, sizeof known.text);
    return to + known.length;
  }

  char* write_timestamp(Part& part, int64_t micros, char* to) {
    int64_t day = floor_divide(micros, kMicrosPerDay);
    // Unsigned: the first day of the range begins before the range does.
    auto within = static_cast<uint64_t>(micros) - static_cast<uint64_t>(day) * uint64_t{kMicrosPerDay};
    if (day != part.day) {
      part.day = day;
      scratch_ = "\"";
      append_date(scratch_, day);
      scratch_.push_back('T');
      part.date.assign(scratch_);
    }
    to = part.date.put(to);
    auto seconds = static_cast<uint32_t>(within / uint64_t{kMicrosPerSecond});
    if (uint64_t{seconds} * uint64_t{kMicrosPerSecond} == within) {
      to = put_two(to, seconds / 3600);
      *to++ = ':';
      to = put_two(to, seconds / 60 % 60);
      *to++ = ':';
      to = put_two(to, seconds % 60);
    } else {
      to = put_time(to, static_cast<int64_t>(within));
    }
    *to++ = 'Z';
    *to++ = '"';
    return to;
  }

  char* write_other(const Part& part, const Block& block, uint32_t row, char* to) {
    slots_.resize(part.leaves);
    for (size_t i = 0; i < part.leaves; ++i) slots_[i] = read_slot(block.columns[part.column + i], row);
    scratch_.clear();
    append_json(part.type, slots_.data(), scratch_);
    to = reserve(to, scratch_.size() + most_bytes_ + 3);
    return to + scratch_.copy(to, scratch_.size());
  }

  std::vector<Part> parts_;
  size_t most_bytes_ = 0;  ///< of a row, but for texts and what goes through append_json
  std::unique_ptr<char[]> room_;
  size_t room_bytes_ = 0, at_ = 0;
  std::vector<Slot> slots_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<Encoder> make_ndjson_encoder(std::vector<Field> row) {
  return std::make_unique<NdjsonEncoder>(std::move(row));
}

}  // namespace braid
