// variance, stddev, covariance, correlation, slope and intercept: all follow from how many rows there are and the exact
// sums of values, squares and products. Σ(x−x̄)² · n = n·Σx² − (Σx)² is taken exactly too, and rounded once, so neither
// the order of rows nor a mean far from zero affects a result. geometric_mean is an exact sum of logarithms.
//
// Whole numbers and decimals are added as integers in their unit; a float's square is the sum of two floats, which
// ExactSum takes as they are. A float whose square is beyond the range of floats gives NaN.
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstring>

#include "runtime/data/decimal.h"
#include "runtime/data/exact_sum.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/wide_sum.h"

namespace braid {
namespace {

using boost::multiprecision::cpp_int;
using Kind = AggregateSpec::Kind;

/// Of two's complement words, the lowest first.
cpp_int whole_of(const uint64_t* words, int count) {
  const bool below = words[count - 1] >> 63 != 0;
  std::array<uint64_t, ExactSum::kWords> magnitude;
  uint64_t carry = 1;
  for (int i = 0; i < count; ++i) {
    magnitude[i] = below ? ~words[i] + carry : words[i];
    carry = carry != 0 && magnitude[i] == 0 ? 1 : 0;
  }
  cpp_int value;
  boost::multiprecision::import_bits(value, magnitude.begin(), magnitude.begin() + count, 64, false);
  return below ? cpp_int(-value) : value;
}

/// numerator ÷ denominator · 2^exponent as the nearest float, ties to even; the denominator is positive.
double nearest(cpp_int numerator, cpp_int denominator, int exponent) {
  if (numerator == 0) return 0;
  const bool below = numerator < 0;
  if (below) numerator = -numerator;
  // The quotient has 66 or 67 bits.
  const int shift = 66 - (static_cast<int>(msb(numerator)) - static_cast<int>(msb(denominator)));
  if (shift > 0)
    numerator <<= shift;
  else
    denominator <<= -shift;
  cpp_int quotient, rest;
  divide_qr(numerator, denominator, quotient, rest);
  exponent -= shift;
  const auto bits = static_cast<int>(msb(quotient));
  int dropped = bits - 52;
  if (exponent + dropped < -1074) dropped = -1074 - exponent;
  if (dropped > bits + 1) return below ? -0.0 : 0.0;
  const auto all = (static_cast<uint128>(static_cast<uint64_t>(quotient >> 64)) << 64) |
                   static_cast<uint64_t>(quotient & cpp_int(UINT64_MAX));
  uint128 kept = all >> dropped;
  const uint128 half = uint128{1} << (dropped - 1), low = all & ((half << 1) - 1);
  if (low > half || (low == half && (rest != 0 || (kept & 1) != 0))) ++kept;
  const double value = std::ldexp(static_cast<double>(static_cast<uint64_t>(kept)), exponent + dropped);
  return below ? -value : value;
}

/// What the sums come to: n · Σ(x−x̄)(y−ȳ) and so on, as integers in a common unit for each variable.
struct Comoments {
  int64_t rows = 0;
  bool finite = true;
  cpp_int xx, xy, yy;            ///< n·Σxy − Σx·Σy
  cpp_int x0;                    ///< Σx·Σyy − Σy·Σxy: the intercept of x over y, times `yy`
  int exponent = 0;              ///< of the units: 2^exponent
  int scale_x = 0, scale_y = 0;  ///< and 10^−scale
};

cpp_int ten_to(int digits) {
  return pow(cpp_int(10), static_cast<unsigned>(digits));
}

/// Sums of whole numbers of up to 128 bits: 192 bits hold those of values, 384 those of products.
struct WholeSums {
  struct Products {
    std::array<uint64_t, 6> words;
    void add(int128 a, int128 b, bool go) {
      const bool below = (a < 0) != (b < 0);
      const uint128 x = a < 0 ? -static_cast<uint128>(a) : static_cast<uint128>(a);
      const uint128 y = b < 0 ? -static_cast<uint128>(b) : static_cast<uint128>(b);
      const auto x0 = static_cast<uint64_t>(x), x1 = static_cast<uint64_t>(x >> 64);
      const auto y0 = static_cast<uint64_t>(y), y1 = static_cast<uint64_t>(y >> 64);
      const uint128 low = static_cast<uint128>(x0) * y0;
      const uint128 left = static_cast<uint128>(x1) * y0, right = static_cast<uint128>(x0) * y1;
      const uint128 middle = (low >> 64) + static_cast<uint64_t>(left) + static_cast<uint64_t>(right);
      const uint128 high = static_cast<uint128>(x1) * y1 + (left >> 64) + (right >> 64) + (middle >> 64);
      Products product{{static_cast<uint64_t>(low), static_cast<uint64_t>(middle), static_cast<uint64_t>(high),
                        static_cast<uint64_t>(high >> 64), 0, 0}};
      if (below == go) product.negate();
      merge(product);
    }
    void negate() {
      uint64_t carry = 1;
      for (uint64_t& word : words) {
        word = ~word + carry;
        carry = carry != 0 && word == 0 ? 1 : 0;
      }
    }
    void merge(const Products& other) {
      uint64_t carry = 0;
      for (size_t i = 0; i < words.size(); ++i) {
        const uint128 word = static_cast<uint128>(words[i]) + other.words[i] + carry;
        words[i] = static_cast<uint64_t>(word);
        carry = static_cast<uint64_t>(word >> 64);
      }
    }
  };
  using Value = int128;

  static Value value_of(const Type&, const Slot& slot, LeafKind kind) {
    return kind == LeafKind::i128 ? slot.i128 : slot.i64;
  }
  struct Sum {
    WideSum sum;
    void add(Value value, bool go) { go ? sum.add(value) : sum.take_out(value); }
    void merge(const Sum& other) { sum.merge(other.sum); }
  };
  static cpp_int read(const Sum& sum) { return whole_of(sum.sum.words, 3); }
  static cpp_int read(const Products& sum) { return whole_of(sum.words.data(), 6); }
  static bool finite(const Sum&) { return true; }
  static bool finite(const Products&) { return true; }
  static constexpr int kExponent = 0;
  static int scale(const Type& type) { return scale_of(type); }
};

struct FloatSums {
  using Value = double;
  static Value value_of(const Type& type, const Slot& slot, LeafKind kind) {
    if (kind == LeafKind::f64) return slot.f64;
    return decimal_to_double(kind == LeafKind::i128 ? slot.i128 : slot.i64, scale_of(type));
  }
  static void put(ExactSum* sum, double value, bool go) {
    go ? exact_sum_add(sum, value) : exact_sum_subtract(sum, value);
  }
  struct Sum {
    ExactSum sum;
    void add(Value value, bool go) { put(&sum, value, go); }
    void merge(const Sum& other) { exact_sum_merge(&sum, &other.sum); }
  };
  struct Products {
    ExactSum sum;
    void add(Value a, Value b, bool go) {
      const double product = a * b;
      put(&sum, product, go);
      if (std::isfinite(product)) put(&sum, std::fma(a, b, -product), go);
    }
    void merge(const Products& other) { exact_sum_merge(&sum, &other.sum); }
  };
  static constexpr int kExponent = -1074;
  static cpp_int read(const Sum& sum) { return whole_of(sum.sum.words, ExactSum::kWords); }
  /// In the square of the unit.
  static cpp_int read(const Products& sum) { return whole_of(sum.sum.words, ExactSum::kWords) << -kExponent; }
  template <class Any>
  static bool finite(const Any& sum) {
    return sum.sum.nans == 0 && sum.sum.positive_infinities == 0 && sum.sum.negative_infinities == 0;
  }
  static int scale(const Type&) { return 0; }
};

template <class Sums>
struct OneVariable {
  int64_t rows;
  typename Sums::Sum x;
  typename Sums::Products xx;

  void add(typename Sums::Value value, typename Sums::Value, bool go) {
    rows += go ? 1 : -1;
    x.add(value, go);
    xx.add(value, value, go);
  }
  void merge(const OneVariable& other) {
    rows += other.rows;
    x.merge(other.x);
    xx.merge(other.xx);
  }
  Comoments read() const {
    Comoments read;
    read.rows = rows;
    read.finite = Sums::finite(x) && Sums::finite(xx);
    if (!read.finite) return read;
    const cpp_int sum = Sums::read(x);
    read.xx = rows * Sums::read(xx) - sum * sum;
    read.exponent = 2 * Sums::kExponent;
    return read;
  }
};

template <class Sums>
struct TwoVariables {
  int64_t rows;
  typename Sums::Sum x, y;
  typename Sums::Products xx, xy, yy;

  void add(typename Sums::Value a, typename Sums::Value b, bool go) {
    rows += go ? 1 : -1;
    x.add(a, go);
    y.add(b, go);
    xx.add(a, a, go);
    xy.add(a, b, go);
    yy.add(b, b, go);
  }
  void merge(const TwoVariables& other) {
    rows += other.rows;
    x.merge(other.x);
    y.merge(other.y);
    xx.merge(other.xx);
    xy.merge(other.xy);
    yy.merge(other.yy);
  }
  Comoments read() const {
    Comoments read;
    read.rows = rows;
    read.finite = Sums::finite(x) && Sums::finite(y) && Sums::finite(xx) && Sums::finite(xy) && Sums::finite(yy);
    if (!read.finite) return read;
    const cpp_int a = Sums::read(x), b = Sums::read(y), ab = Sums::read(xy), bb = Sums::read(yy);
    read.xx = rows * Sums::read(xx) - a * a;
    read.xy = rows * ab - a * b;
    read.yy = rows * bb - b * b;
    read.x0 = a * bb - b * ab;
    read.exponent = 2 * Sums::kExponent;
    return read;
  }
};

template <class Sums, class State>
class Moments : public EachState<Moments<Sums, State>> {
 public:
  Moments(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), second_(row, spec.by < 0 ? spec.argument : spec.by), result_(spec.type), kind_(spec.kind) {}
  size_t size() const override { return sizeof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    change(block, rows, states, offset, true);
  }
  bool subtracts() const override { return true; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool&) const override {
    change(block, rows, states, offset, false);
  }
  void merge(const char* from, char* into, BlobPool&) const override {
    reinterpret_cast<State*>(into)->merge(*reinterpret_cast<const State*>(from));
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    const bool sample =
        kind_ == Kind::variance || kind_ == Kind::stddev || kind_ == Kind::covariance || kind_ == Kind::correlation;
    if (state->rows < (sample ? 2 : 1)) {
      result_.write_none(out, row, column);
      return true;
    }
    Comoments sums = state->read();
    sums.scale_x = Sums::scale(rows_.argument().type);
    sums.scale_y = Sums::scale(second_.type);
    const std::optional<double> value = sums.finite ? value_of(sums) : __builtin_nan("");
    if (value) {
      result_.write(out, row, column, slot_f64(*value));
    } else {
      result_.write_none(out, row, column);
    }
    return true;
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(*reinterpret_cast<const State*>(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    *reinterpret_cast<State*>(state) = in.fixed<State>();
    return !in.failed();
  }

 private:
  void change(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, bool go) const {
    const Column& first = block.columns[rows_.argument().column];
    const Column& second = block.columns[second_.column];
    rows_.each(block, rows, [&](size_t i) {
      const auto x = Sums::value_of(rows_.argument().type, read_slot(first, rows[i]), first.kind);
      const auto y = Sums::value_of(second_.type, read_slot(second, rows[i]), second.kind);
      reinterpret_cast<State*>(states[i] + offset)->add(x, y, go);
    });
  }
  /// None: there is no such value.
  std::optional<double> value_of(const Comoments& sums) const {
    const cpp_int rows = sums.rows;
    switch (kind_) {
      case Kind::variance:
      case Kind::stddev:
      case Kind::variance_population:
      case Kind::stddev_population: {
        const bool sample = kind_ == Kind::variance || kind_ == Kind::stddev;
        const double variance =
            nearest(sums.xx, rows * (sample ? cpp_int(rows - 1) : rows) * ten_to(2 * sums.scale_x), sums.exponent);
        return kind_ == Kind::variance || kind_ == Kind::variance_population ? variance : std::sqrt(variance);
      }
      case Kind::covariance:
      case Kind::covariance_population:
        return nearest(
            sums.xy,
            rows * (kind_ == Kind::covariance ? cpp_int(rows - 1) : rows) * ten_to(sums.scale_x + sums.scale_y),
            sums.exponent);
      case Kind::correlation: {
        if (sums.xx == 0 || sums.yy == 0) return {};
        const double size = std::sqrt(nearest(sums.xy * sums.xy, sums.xx * sums.yy, 0));
        return sums.xy < 0 ? -size : size;
      }
      case Kind::slope:
        if (sums.yy == 0) return {};
        return nearest(sums.xy * ten_to(sums.scale_y), sums.yy * ten_to(sums.scale_x), 0);
      case Kind::intercept:
        if (sums.yy == 0) return {};
        return nearest(sums.x0, sums.yy * ten_to(sums.scale_x), sums.exponent / 2);
      default:
        BRAID_UNREACHABLE("no aggregate of moments");
    }
  }
  RowChoice rows_;
  ArgumentColumn second_;
  ScalarResult result_;
  Kind kind_;
};

/// Zero has −∞ as its logarithm, which makes the mean zero; what is below zero makes it NaN.
class GeometricMean : public EachState<GeometricMean> {
 public:
  GeometricMean(const AggregateSpec& spec, const std::vector<Field>& row) : rows_(spec, row), result_(spec.type) {}
  size_t size() const override { return sizeof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    change(block, rows, states, offset, true);
  }
  bool subtracts() const override { return true; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool&) const override {
    change(block, rows, states, offset, false);
  }
  void merge(const char* from, char* into, BlobPool&) const override {
    const auto* other = reinterpret_cast<const State*>(from);
    exact_sum_merge(&reinterpret_cast<State*>(into)->logarithms, &other->logarithms);
    reinterpret_cast<State*>(into)->rows += other->rows;
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    if (state->rows == 0) {
      result_.write_none(out, row, column);
    } else {
      const double mean = exact_sum_mean(&state->logarithms, static_cast<uint64_t>(state->rows));
      result_.write(out, row, column, slot_f64(std::exp(mean)));
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
    ExactSum logarithms;
    int64_t rows;
  };
  void change(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, bool go) const {
    const Column& column = block.columns[rows_.argument().column];
    rows_.each(block, rows, [&](size_t i) {
      const double value = FloatSums::value_of(rows_.argument().type, read_slot(column, rows[i]), column.kind);
      auto* state = reinterpret_cast<State*>(states[i] + offset);
      FloatSums::put(&state->logarithms, std::log(value), go);
      state->rows += go ? 1 : -1;
    });
  }
  RowChoice rows_;
  ScalarResult result_;
};

bool is_float(const std::vector<Field>& row, int field) {
  return field >= 0 && is(without_optional(row[field].type), TypeKind::floating);
}

template <class Sums>
std::unique_ptr<Accumulator> of_sums(const AggregateSpec& spec, const std::vector<Field>& row) {
  if (spec.by >= 0) return std::make_unique<Moments<Sums, TwoVariables<Sums>>>(spec, row);
  return std::make_unique<Moments<Sums, OneVariable<Sums>>>(spec, row);
}

}  // namespace

bool is_of_moments(AggregateSpec::Kind kind) {
  return kind >= Kind::variance && kind <= Kind::geometric_mean;
}

std::unique_ptr<Accumulator> make_moments(const AggregateSpec& spec, const std::vector<Field>& row) {
  if (spec.kind == Kind::geometric_mean) return std::make_unique<GeometricMean>(spec, row);
  if (is_float(row, spec.argument) || is_float(row, spec.by)) return of_sums<FloatSums>(spec, row);
  return of_sums<WholeSums>(spec, row);
}

}  // namespace braid
