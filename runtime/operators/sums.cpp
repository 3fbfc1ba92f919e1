// count, count_distinct, sum and avg.
#include "runtime/data/decimal.h"
#include "runtime/data/exact_sum.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/wide_sum.h"

namespace braid {

bool ScalarResult::write_integer(Block& out, uint32_t row, uint32_t column, int128 value) const {
  bool fits = is(type_, TypeKind::decimal)
                  ? decimal_fits(value, type_->precision == 0 ? kDecimalDigits : type_->precision)
                  : value == static_cast<int64_t>(value);
  if (!fits) {
    write_none(out, row, column);
    return false;
  }
  write(out, row, column,
        leaf_kind(type_) == LeafKind::i128 ? slot_i128(value) : slot_i64(static_cast<int64_t>(value)));
  return true;
}

namespace {

int64_t& count_of(char* state) {
  return *reinterpret_cast<int64_t*>(state);
}
int64_t count_of(const char* state) {
  return *reinterpret_cast<const int64_t*>(state);
}

class Count : public EachState<Count> {
 public:
  Count(const AggregateSpec& spec, const std::vector<Field>& row) : rows_(spec, row), result_(spec.type) {}
  size_t size() const override { return sizeof(int64_t); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    if (rows_.takes_all()) {
      for (size_t i = 0; i < rows.size(); ++i) ++count_of(states[i] + offset);
      return;
    }
    for (size_t i = 0; i < rows.size(); ++i) count_of(states[i] + offset) += rows_.takes(block, rows[i]) ? 1 : 0;
  }
  bool subtracts() const override { return true; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool&) const override {
    for (size_t i = 0; i < rows.size(); ++i) count_of(states[i] + offset) -= rows_.takes(block, rows[i]) ? 1 : 0;
  }
  void merge(const char* from, char* into, BlobPool&) const override { count_of(into) += count_of(from); }
  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena&) const {
    return result_.write_integer(out, row, column, count_of(state));
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(count_of(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    count_of(state) = in.fixed<int64_t>();
    return !in.failed();
  }

 private:
  RowChoice rows_;
  ScalarResult result_;
};

/// Counted, merged and stored by the set of its argument (distinct_counts.h).
class CountDistinct : public EachState<CountDistinct> {
 public:
  explicit CountDistinct(const AggregateSpec& spec) : result_(spec.type) {}
  size_t size() const override { return sizeof(int64_t); }
  void add(const Block&, std::span<const uint32_t>, char* const*, size_t, BlobPool&) const override {}
  void merge(const char*, char*, BlobPool&) const override {}
  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena&) const {
    return result_.write_integer(out, row, column, count_of(state));
  }
  void store(const char*, WireWriter&) const override {}
  bool load(WireReader&, char*, BlobPool&) const override { return true; }

 private:
  ScalarResult result_;
};

/// The same of values of 64 bits: 128 hold the sum of 2^64 of them.
struct NarrowSum {
  uint64_t low, high;
  uint64_t count;

  void add(int64_t value) { add_wide(value, 1); }
  void take_out(int64_t value) { add_wide(-static_cast<int128>(value), UINT64_MAX); }
  void merge(const NarrowSum& other) {
    add_wide(static_cast<int128>(static_cast<uint128>(other.high) << 64 | other.low), other.count);
  }
  WideSum wide() const { return {{low, high, high >> 63 != 0 ? UINT64_MAX : 0}, count}; }

 private:
  void add_wide(int128 value, uint64_t rows) {
    uint128 sum = (static_cast<uint128>(high) << 64 | low) + static_cast<uint128>(value);
    low = static_cast<uint64_t>(sum);
    high = static_cast<uint64_t>(sum >> 64);
    count += rows;
  }
};

WideSum wide(const WideSum& sum) {
  return sum;
}
WideSum wide(const NarrowSum& sum) {
  return sum.wide();
}

/// Sums and averages of integers, durations and decimals.
template <class Sum, class Value>
class ExactNumber : public EachState<ExactNumber<Sum, Value>> {
 public:
  ExactNumber(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), averages_(spec.kind == AggregateSpec::Kind::average) {}
  size_t size() const override { return sizeof(Sum); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    const Value* values = block.columns[rows_.argument().column].template as<Value>();
    rows_.each(block, rows, [&](size_t i) { reinterpret_cast<Sum*>(states[i] + offset)->add(values[rows[i]]); });
  }
  bool subtracts() const override { return true; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool&) const override {
    const Value* values = block.columns[rows_.argument().column].template as<Value>();
    rows_.each(block, rows, [&](size_t i) { reinterpret_cast<Sum*>(states[i] + offset)->take_out(values[rows[i]]); });
  }
  void merge(const char* from, char* into, BlobPool&) const override {
    reinterpret_cast<Sum*>(into)->merge(*reinterpret_cast<const Sum*>(from));
  }
  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const WideSum all = wide(*reinterpret_cast<const Sum*>(state));
    const WideSum* sum = &all;
    if (sum->count == 0) {
      result_.write_none(out, row, column);
      return true;
    }
    int from = scale_of(rows_.argument().type), to = scale_of(result_.type());
    int128 value = 0;
    if (is(result_.type(), TypeKind::floating)) {
      // More places than a double holds, then rounded to one by its digits.
      int places = averages_ ? 18 : 0;
      if (averages_ ? !sum->mean(places, &value) : !sum->value(&value)) return none(out, row, column);
      result_.write(out, row, column, slot_f64(decimal_to_double(value, from + places)));
      return true;
    }
    bool fits = averages_ && to >= from ? sum->mean(to - from, &value) : sum->value(&value);
    if (!fits) return none(out, row, column);
    if (averages_ && to < from) {
      int128 divisor = static_cast<int128>(sum->count);
      if (!decimal_divide(value, divisor, to - from, &value)) return none(out, row, column);
    } else if (!averages_ && !decimal_rescale(value, from, to, &value)) {
      return none(out, row, column);
    }
    return result_.write_integer(out, row, column, value);
  }
  std::string values_text(const char* state) const override {
    const WideSum all = wide(*reinterpret_cast<const Sum*>(state));
    const WideSum* sum = &all;
    std::string text = sum->text(scale_of(rows_.argument().type));
    if (is(without_optional(rows_.argument().type), TypeKind::duration)) text += "us";
    if (averages_) text += " / " + std::to_string(sum->count);
    return text;
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(*reinterpret_cast<const Sum*>(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    *reinterpret_cast<Sum*>(state) = in.fixed<Sum>();
    return !in.failed();
  }

 private:
  bool none(Block& out, uint32_t row, uint32_t column) const {
    result_.write_none(out, row, column);
    return false;
  }
  RowChoice rows_;
  ScalarResult result_;
  bool averages_;
};

class FloatNumber : public EachState<FloatNumber> {
 public:
  FloatNumber(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), averages_(spec.kind == AggregateSpec::Kind::average) {}
  size_t size() const override { return sizeof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    const auto* values = block.columns[rows_.argument().column].as<double>();
    rows_.each(block, rows, [&](size_t i) {
      auto* state = reinterpret_cast<State*>(states[i] + offset);
      exact_sum_add(&state->sum, values[rows[i]]);
      ++state->count;
    });
  }
  bool subtracts() const override { return true; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool&) const override {
    const auto* values = block.columns[rows_.argument().column].as<double>();
    rows_.each(block, rows, [&](size_t i) {
      auto* state = reinterpret_cast<State*>(states[i] + offset);
      exact_sum_subtract(&state->sum, values[rows[i]]);
      --state->count;
    });
  }
  void merge(const char* from, char* into, BlobPool&) const override {
    const auto* other = reinterpret_cast<const State*>(from);
    auto* state = reinterpret_cast<State*>(into);
    exact_sum_merge(&state->sum, &other->sum);
    state->count += other->count;
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    if (state->count == 0) {
      result_.write_none(out, row, column);
    } else {
      double value = averages_ ? exact_sum_mean(&state->sum, state->count) : exact_sum_read(&state->sum);
      result_.write(out, row, column, slot_f64(value));
    }
    return true;
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(*reinterpret_cast<const State*>(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    *reinterpret_cast<State*>(state) = in.fixed<State>();
    return !in.failed();
  }

 private:
  struct State {
    ExactSum sum;
    uint64_t count;
  };
  RowChoice rows_;
  ScalarResult result_;
  bool averages_;
};

}  // namespace

std::unique_ptr<Accumulator> make_sum(const AggregateSpec& spec, const std::vector<Field>& row) {
  if (is(without_optional(row[spec.argument].type), TypeKind::floating))
    return std::make_unique<FloatNumber>(spec, row);
  if (leaf_kind(without_optional(row[spec.argument].type)) == LeafKind::i128)
    return std::make_unique<ExactNumber<WideSum, int128>>(spec, row);
  return std::make_unique<ExactNumber<NarrowSum, int64_t>>(spec, row);
}

std::unique_ptr<Accumulator> make_accumulator(const AggregateSpec& spec, const std::vector<Field>& row,
                                              bool takes_out) {
  using Kind = AggregateSpec::Kind;
  const Kind kind = spec.kind;
  if (kind == Kind::count) return std::make_unique<Count>(spec, row);
  if (kind == Kind::sum || kind == Kind::average) return make_sum(spec, row);
  if (kind == Kind::any || kind == Kind::every || kind == Kind::bit_and || kind == Kind::bit_or ||
      kind == Kind::bit_xor)
    return make_flags_or_bits(spec, row, takes_out);
  if (kind == Kind::histogram) return make_histogram(spec, row);
  if (is_of_moments(kind)) return make_moments(spec, row);
  if (is_sketch(kind)) return make_sketch(spec, row);
  if (keeps_values(kind)) return make_kept_values(spec, row, takes_out);
  if (takes_out) return make_counted_rows(spec, row);
  if (kind == Kind::count_distinct) return std::make_unique<CountDistinct>(spec);
  if (kind == Kind::minimum || kind == Kind::maximum) return make_extreme(spec, row);
  if (kind == Kind::first || kind == Kind::last || kind == Kind::arg_min || kind == Kind::arg_max)
    return make_chosen_row(spec, row);
  BRAID_UNREACHABLE("aggregate");
}

}  // namespace braid
