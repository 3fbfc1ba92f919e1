// Aggregates that need all values of a group: median and quantiles, mode, value_counts, top_k and collect_set over the
// different values in their order; collect and string_agg over all rows, by `by:` or event time, ties by partition and
// position, and behind joins by the right rows that each has met. Rows of a table have no place of their own: there
// ties go to the lesser value by its bytes. Rows of `running … over` come in their order and go in it, so a number is
// enough.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/data/pair_place.h"
#include "runtime/declare/function.h"
#include "runtime/operators/counted_set.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/operators/wide_sum.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;
constexpr uint64_t kBillion = 1'000'000'000;

/// Of values whose order says all of them.
class DifferentValues : public OfCountedSet<DifferentValues> {
 public:
  DifferentValues(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), type_(rows_.argument().type), result_(spec.type), kind_(spec.kind) {
    if (kind_ == Kind::quantile || kind_ == Kind::quantile_disc) share_ = static_cast<uint64_t>(spec.constant.wide());
    if (kind_ == Kind::top_k) most_ = static_cast<size_t>(spec.constant.integer());
  }
  bool sound(const CountedSet::Value& value) const { return value.second.empty() && is_order(type_, value.first); }
  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    static const CountedSet kNothing;
    const CountedSet& set = set_at(state) == nullptr ? kNothing : *set_at(state);
    switch (kind_) {
      case Kind::value_counts:
      case Kind::top_k:
        return write_counts(set, out, row, column, arena);
      case Kind::collect_set: {
        auto* items = arena.allocate_array<Slot>(set.values().size());
        size_t next = 0;
        for (const auto& [value, rows] : set.values()) items[next++] = read_order(type_, value.first, arena);
        return write_items(out, row, column, items, next, 1);
      }
      default:
        break;
    }
    if (set.rows() == 0) {
      result_.write_none(out, row, column);
      return true;
    }
    if (kind_ == Kind::mode) {
      auto most = set.values().begin();
      for (auto each = most; each != set.values().end(); ++each)
        if (each->second > most->second) most = each;
      result_.write(out, row, column, read_order(type_, most->first.first, arena));
      return true;
    }
    const auto rows = static_cast<uint64_t>(set.rows());
    if (kind_ == Kind::quantile_disc) {
      // The first value up to which at least that share of the rows lies.
      const auto wanted = static_cast<uint64_t>((static_cast<uint128>(rows) * share_ + kBillion - 1) / kBillion);
      result_.write(out, row, column, read_order(type_, at(set, wanted == 0 ? 0 : wanted - 1)->first.first, arena));
      return true;
    }
    return write_between(set, rows, out, row, column, arena);
  }
  std::string values_text(const char* state) const override {
    return std::to_string(set_at(state) == nullptr ? 0 : set_at(state)->values().size()) + " different values";
  }

 private:
  friend class CountingState<DifferentValues>;
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool& pool) const {
    const Column& column = block.columns[rows_.argument().column];
    CountedSet::Value value;
    rows_.each(block, rows, [&](size_t i) {
      value.first.clear();
      append_order(type_, read_slot(column, rows[i]), value.first);
      of(states[i] + offset).change(value, by, true, pool);
    });
  }
  static CountedSet::Counts::const_iterator at(const CountedSet& set, uint64_t place) {
    auto each = set.values().begin();
    for (; place >= static_cast<uint64_t>(each->second); ++each) place -= static_cast<uint64_t>(each->second);
    return each;
  }
  /// Between the two values around the share, in proportion.
  bool write_between(const CountedSet& set, uint64_t rows, Block& out, uint32_t row, uint32_t column,
                     Arena& arena) const {
    const uint128 place = static_cast<uint128>(rows - 1) * share_;
    const auto below = static_cast<uint64_t>(place / kBillion), part = static_cast<uint64_t>(place % kBillion);
    const Slot low = read_order(type_, at(set, below)->first.first, arena);
    const Slot high = part == 0 ? low : read_order(type_, at(set, below + 1)->first.first, arena);
    if (is(type_, TypeKind::floating)) {
      const double last = read_order(type_, set.values().rbegin()->first.first, arena).f64;
      double value = low.f64;
      if (last != last)
        value = last;
      else if (part != 0 && low.f64 != high.f64)
        value = low.f64 + (high.f64 - low.f64) * (static_cast<double>(part) / static_cast<double>(kBillion));
      result_.write(out, row, column, slot_f64(value));
      return true;
    }
    const bool wide = leaf_kind(type_) == LeafKind::i128;
    WideSum sum{{0, 0, 0}, kBillion};
    sum.add_times(wide ? low.i128 : low.i64, kBillion - part);
    sum.add_times(wide ? high.i128 : high.i64, part);
    int128 value = 0;
    if (sum.mean(std::max(0, scale_of(result_.type()) - scale_of(type_)), &value))
      return result_.write_integer(out, row, column, value);
    result_.write_none(out, row, column);
    return false;
  }
  bool write_counts(const CountedSet& set, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    std::vector<CountedSet::Counts::const_iterator> chosen;
    for (auto each = set.values().begin(); each != set.values().end(); ++each) chosen.push_back(each);
    if (kind_ == Kind::top_k) {
      const size_t kept = std::min(most_, chosen.size());
      std::partial_sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(kept), chosen.end(),
                        [](const auto& a, const auto& b) {
                          return a->second != b->second ? a->second > b->second : a->first < b->first;
                        });
      chosen.resize(kept);
    }
    auto* items = arena.allocate_array<Slot>(2 * chosen.size());
    for (size_t i = 0; i < chosen.size(); ++i) {
      items[2 * i] = read_order(type_, chosen[i]->first.first, arena);
      items[2 * i + 1] = slot_i64(chosen[i]->second);
    }
    return write_items(out, row, column, items, chosen.size(), 2);
  }
  static bool write_items(Block& out, uint32_t row, uint32_t column, const Slot* items, uint64_t count,
                          uint64_t leaves) {
    const bool fits = count * leaves * sizeof(Slot) <= kLongestText;
    write_list(out, row, column, items, fits ? count : 0);
    return fits;
  }

  RowChoice rows_;
  Type type_;
  ScalarResult result_;
  Kind kind_;
  uint64_t share_ = kBillion / 2;  ///< of the rows, in billionths
  size_t most_ = 0;
};

/// By what rows go that agree in `by:`.
enum class Ties { place, number, value };

/// collect and string_agg.
class RowsInOrder : public OfCountedSet<RowsInOrder> {
 public:
  RowsInOrder(const AggregateSpec& spec, const std::vector<Field>& row, Ties ties)
      : rows_(spec, row),
        field_column_(leaf_offset(row, spec.argument)),
        leaves_(flatten(row[spec.argument].type)),
        stored_({row[spec.argument]}),
        result_(spec.type),
        ties_(ties) {
    if (spec.by >= 0) {
      by_column_ = leaf_offset(row, spec.by);
      by_leaves_ = flatten(row[spec.by].type);
    }
    if (spec.kind == Kind::string_agg) separator_ = spec.constant.text();
    joins_ = spec.kind == Kind::string_agg;
  }
  bool sound(const CountedSet::Value& value) const { return stored_.fits(value.second); }
  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    static const CountedSet kNothing;
    const CountedSet& set = set_at(state) == nullptr ? kNothing : *set_at(state);
    return joins_ ? write_text(set, out, row, column, arena) : write_all(set, out, row, column, arena);
  }
  std::string values_text(const char* state) const override {
    return std::to_string(set_at(state) == nullptr ? 0 : set_at(state)->rows()) + " values";
  }

 private:
  friend class CountingState<RowsInOrder>;
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool& pool) const {
    const Block values = stored_.target(block, field_column_);
    CountedSet::Value value;
    rows_.each(block, rows, [&](size_t i) {
      const uint32_t row = rows[i];
      value.first.clear();
      value.second.clear();
      for (size_t leaf = 0; leaf < by_leaves_.size(); ++leaf)
        append_closed_order(by_leaves_[leaf].type, read_slot(block.columns[by_column_ + leaf], row), value.first);
      CountedSet& set = of(states[i] + offset);
      if (ties_ == Ties::place) {
        append_place(block, row, value.first);
        append_number(set, value.first);
      }
      if (ties_ == Ties::number) {
        if (by < 0) {
          // Of the rows that agree with it, it came first.
          value = set.values().lower_bound(value)->first;
          set.change(value, by, false, pool);
          return;
        }
        append_ordered(set.numbered++, value.first);
      }
      stored_.append(values, row, value.second);
      set.change(value, by, ties_ != Ties::number, pool);
    });
  }
  static void append_place(const Block& block, uint32_t row, std::string& out) {
    constexpr uint64_t kSign = uint64_t{1} << 63;
    const Record& record = block.record_of(row);
    append_ordered(static_cast<uint64_t>(block.time[row]) ^ kSign, out);
    append_ordered(record.source, out);
    append_ordered(record.partition, out);
    append_ordered(static_cast<uint64_t>(record.position) ^ kSign, out);
    out += pair_place(record);
  }
  /// Rows of one place are those that a step has made of one row. They come in their order and go in it: behind the
  /// place of the second and of later ones stands a number.
  static void append_number(const CountedSet& set, std::string& place) {
    constexpr size_t kNumber = sizeof(uint32_t);
    const auto behind = set.values().upper_bound({place + std::string(kNumber + 1, '\xff'), {}});
    if (behind == set.values().begin()) return;
    const std::string& last = std::prev(behind)->first.first;
    if (!last.starts_with(place)) return;
    uint32_t number = 0;
    if (last.size() == place.size() + kNumber) {
      std::memcpy(&number, last.data() + place.size(), kNumber);
      number = __builtin_bswap32(number);
    } else if (last.size() != place.size()) {
      return;
    }
    append_ordered(number + 1, place);
  }
  bool write_all(const CountedSet& set, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto count = static_cast<uint64_t>(set.rows());
    const bool fits = count * leaves_.size() * sizeof(Slot) <= kLongestText;
    auto* items = arena.allocate_array<Slot>(fits ? count * leaves_.size() : 0);
    Slot* next = items;
    Block one = allocate_block(leaves_, 1, arena);
    for (const auto& [value, rows] : set.values()) {
      if (!fits) break;
      stored_.read(arena.copy(value.second), one, 0, arena);
      for (int64_t i = 0; i < rows; ++i)
        for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) *next++ = read_slot(one.columns[leaf], 0);
    }
    write_list(out, row, column, items, fits ? count : 0);
    return fits;
  }
  bool write_text(const CountedSet& set, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    if (set.rows() == 0) {
      result_.write_none(out, row, column);
      return true;
    }
    std::string text;
    Block one = allocate_block(leaves_, 1, arena);
    for (const auto& [value, rows] : set.values()) {
      stored_.read({value.second.data(), value.second.size()}, one, 0, arena);
      const std::string_view piece = one.columns[0].as<Bytes>()[0].view();
      for (int64_t i = 0; i < rows; ++i) {
        if (text.size() + separator_.size() + piece.size() > kLongestText) {
          result_.write_none(out, row, column);
          return false;
        }
        text += piece;
        text += separator_;
      }
    }
    text.resize(text.size() - separator_.size());
    Slot slot = slot_i128(0);
    slot.bytes = arena.copy(text);
    result_.write(out, row, column, slot);
    return true;
  }

  RowChoice rows_;
  size_t by_column_ = 0;
  std::vector<Leaf> by_leaves_;  ///< of the order, in which each counts where those before it are equal
  size_t field_column_;
  std::vector<Leaf> leaves_;
  StoredRows stored_;
  ScalarResult result_;
  Ties ties_;
  bool joins_ = false;
  std::string separator_;
};

}  // namespace

bool keeps_values(AggregateSpec::Kind kind) {
  return kind >= Kind::median && kind <= Kind::string_agg;
}

std::unique_ptr<Accumulator> make_kept_values(const AggregateSpec& spec, const std::vector<Field>& row,
                                              bool takes_out) {
  if (spec.kind == Kind::collect || spec.kind == Kind::string_agg)
    return std::make_unique<RowsInOrder>(spec, row, takes_out ? Ties::value : Ties::place);
  return std::make_unique<DifferentValues>(spec, row);
}

std::unique_ptr<Accumulator> make_passing_rows(const AggregateSpec& spec, const std::vector<Field>& row) {
  return std::make_unique<RowsInOrder>(spec, row, Ties::number);
}

}  // namespace braid
