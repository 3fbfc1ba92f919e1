// Aggregates by recomputation: each looks at the list of all rows of a group.
#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

#include "runtime/base/check.h"
#include "runtime/data/count_min.h"
#include "runtime/data/decimal.h"
#include "runtime/data/exact_sum.h"
#include "runtime/data/hyperloglog.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/quantile_sketch.h"
#include "runtime/data/top_k_sketch.h"
#include "tests/reference/count_sketches.h"
#include "tests/reference/run.h"

namespace braid::reference {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

cpp_int wide(int128 value) {
  const bool negative = value < 0;
  const auto magnitude = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  cpp_int made = static_cast<uint64_t>(magnitude >> 64);
  made = (made << 64) + static_cast<uint64_t>(magnitude);
  return negative ? cpp_int(-made) : made;
}

/// Whether it fits the type, and then the slot.
bool narrow(const cpp_int& value, const Type& type, Slot* slot) {
  const bool decimal = is(type, TypeKind::decimal);
  const cpp_int limit = decimal ? pow(cpp_int(10), static_cast<unsigned>(type->precision)) : cpp_int(1) << 63;
  if (decimal ? abs(value) >= limit : value >= limit || value < -limit) return false;
  const cpp_int magnitude = abs(value);
  auto bits = (static_cast<uint128>(static_cast<uint64_t>(magnitude >> 64)) << 64) |
              static_cast<uint64_t>(magnitude & cpp_int(UINT64_MAX));
  const auto number = static_cast<int128>(value < 0 ? -bits : bits);
  *slot = leaf_kind(type) == LeafKind::i128 ? slot_i128(number) : slot_i64(static_cast<int64_t>(number));
  return true;
}

/// a ÷ b to a whole number, half to even; b is positive.
cpp_int divide_half_even(const cpp_int& a, const cpp_int& b) {
  const cpp_int magnitude = abs(a);
  cpp_int quotient = magnitude / b;
  const cpp_int twice = (magnitude % b) * 2;
  if (twice > b || (twice == b && quotient % 2 != 0)) ++quotient;
  return a < 0 ? cpp_int(-quotient) : quotient;
}

int128 whole(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value.content)) return *number;
  return value.wide();
}

/// Zero has one sign.
void sort_values(std::vector<Value>& values) {
  for (Value& value : values)
    if (auto* number = std::get_if<double>(&value.content)) *number = *number == 0 ? 0 : *number;
  std::sort(values.begin(), values.end(), [](const Value& a, const Value& b) { return compare(a, b) < 0; });
}

double float_of(const Type& type, const Value& value) {
  if (const auto* number = std::get_if<double>(&value.content)) return *number;
  return decimal_to_double(whole(value), is(type, TypeKind::decimal) ? type->scale : 0);
}

cpp_rational exactly(const Type& type, const Value& value) {
  if (const auto* number = std::get_if<double>(&value.content)) {
    int exponent = 0;
    const auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(*number, &exponent), 53));
    exponent -= 53;
    const cpp_int power = cpp_int(1) << std::abs(exponent);
    return exponent < 0 ? cpp_rational(mantissa, power) : cpp_rational(mantissa * power);
  }
  const int scale = is(type, TypeKind::decimal) ? type->scale : 0;
  return cpp_rational(wide(whole(value)), pow(cpp_int(10), static_cast<unsigned>(scale)));
}

double nearest(const cpp_rational& value) {
  using Wide = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<2000>>;
  return static_cast<double>(Wide(numerator(value)) / Wide(denominator(value)));
}

/// By their textbook definitions, over rational numbers.
std::optional<double> of_moments(typed::AggregateKind kind, const Type& x_type, const std::vector<Value>& xs,
                                 const Type& y_type, const std::vector<Value>& ys) {
  using Kind = typed::AggregateKind;
  const size_t count = xs.size();
  const bool sample =
      kind == Kind::variance || kind == Kind::stddev || kind == Kind::covariance || kind == Kind::correlation;
  if (count < (sample ? 2 : 1)) return {};
  for (size_t i = 0; i < count; ++i)
    if (!std::isfinite(float_of(x_type, xs[i])) || !std::isfinite(float_of(y_type, ys[i])))
      return std::numeric_limits<double>::quiet_NaN();
  // Beside a float, other numbers are floats too.
  const bool floats = is(x_type, TypeKind::floating) || is(y_type, TypeKind::floating);
  // By what is promised of floats whose square is none.
  for (size_t i = 0; i < count && floats; ++i)
    for (const double value : {float_of(x_type, xs[i]), float_of(y_type, ys[i])})
      if (!std::isfinite(value * value)) return std::numeric_limits<double>::quiet_NaN();
  auto number = [&](const Type& type, const Value& value) {
    return floats ? exactly(float_type(), {float_of(type, value)}) : exactly(type, value);
  };
  cpp_rational mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;
  for (size_t i = 0; i < count; ++i) mean_x += number(x_type, xs[i]), mean_y += number(y_type, ys[i]);
  mean_x /= count;
  mean_y /= count;
  for (size_t i = 0; i < count; ++i) {
    const cpp_rational x = number(x_type, xs[i]) - mean_x, y = number(y_type, ys[i]) - mean_y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const cpp_rational rows = sample ? count - 1 : count;
  switch (kind) {
    case Kind::variance:
    case Kind::variance_population:
      return nearest(xx / rows);
    case Kind::stddev:
    case Kind::stddev_population:
      return std::sqrt(nearest(xx / rows));
    case Kind::covariance:
    case Kind::covariance_population:
      return nearest(xy / rows);
    case Kind::correlation: {
      if (xx == 0 || yy == 0) return {};
      const double size = std::sqrt(nearest(xy * xy / (xx * yy)));
      return xy < 0 ? -size : size;
    }
    case Kind::slope:
      if (yy == 0) return {};
      return nearest(xy / yy);
    case Kind::intercept:
      if (yy == 0) return {};
      return nearest(mean_x - xy / yy * mean_y);
    default:
      BRAID_UNREACHABLE("no aggregate of moments");
  }
}

}  // namespace

/// `fields`: of the arguments' row: argument, then by, as far as there are. False: the result does not fit.
bool Run::aggregate(const typed::Aggregate& aggregate, const std::vector<Field>& fields, std::vector<const Row*> rows,
                    Slot* result) {
  const Type& type = without_optional(aggregate.type);
  const bool optional_result = is_optional(aggregate.type);
  auto value_of = [&](const Row* row, int field) {
    return from_slots(fields[field].type, row->slots.data() + leaf_offset(fields, field));
  };
  auto give = [&](const Value& value) {
    to_slots(aggregate.type, value, result, arena_);
    return true;
  };
  auto give_number = [&](const cpp_int& number) {
    Slot slot;
    if (!narrow(number, type, &slot)) return false;
    if (optional_result) *result++ = slot_u8(true);
    *result = slot;
    return true;
  };
  std::vector<Value> values;  // of the argument, in the order of the rows
  if (aggregate.argument)
    for (const Row* row : rows) values.push_back(value_of(row, 0));
  auto give_list = [&](std::vector<Value> list) { return give(Value{std::move(list)}); };
  auto give_float = [&](const std::optional<double>& number) { return number ? give({*number}) : give({Null{}}); };
  switch (aggregate.kind) {
    case typed::AggregateKind::count:
      return give_number(rows.size());
    case typed::AggregateKind::count_distinct: {
      std::set<std::string> different;
      for (const Row* row : rows) {
        std::string bytes;
        append_key_bytes(fields[0].type, row->slots.data(), bytes);
        different.insert(bytes);
      }
      return give_number(different.size());
    }
    case typed::AggregateKind::sum:
    case typed::AggregateKind::average: {
      const bool mean = aggregate.kind == typed::AggregateKind::average;
      if (rows.empty() && mean) return give({Null{}});
      if (is(type, TypeKind::floating)) {
        ExactSum sum;
        exact_sum_clear(&sum);
        for (const Row* row : rows) exact_sum_add(&sum, value_of(row, 0).floating());
        return give({mean ? exact_sum_mean(&sum, rows.size()) : exact_sum_read(&sum)});
      }
      cpp_int sum = 0;
      for (const Row* row : rows) sum += wide(whole(value_of(row, 0)));
      if (!mean) return give_number(sum);
      const int from = is(fields[0].type, TypeKind::decimal) ? fields[0].type->scale : 0;
      const int to = is(type, TypeKind::decimal) ? type->scale : 0;
      return give_number(
          divide_half_even(sum * pow(cpp_int(10), static_cast<unsigned>(to - from)), cpp_int(rows.size())));
    }
    case typed::AggregateKind::minimum:
    case typed::AggregateKind::maximum: {
      const int sign = aggregate.kind == typed::AggregateKind::minimum ? 1 : -1;
      if (rows.empty()) return give({Null{}});
      Value best = value_of(rows.front(), 0);
      for (const Row* row : rows)
        if (Value value = value_of(row, 0); sign * compare(value, best) < 0) best = value;
      // Zero has one sign and NaN one form.
      if (auto* number = std::get_if<double>(&best.content)) *number = *number == 0 ? 0 : *number;
      return give(best);
    }
    case typed::AggregateKind::first:
    case typed::AggregateKind::last:
    case typed::AggregateKind::arg_min:
    case typed::AggregateKind::arg_max: {
      if (rows.empty()) return give({Null{}});
      const bool latest = aggregate.kind == typed::AggregateKind::last;
      const bool greatest = latest || aggregate.kind == typed::AggregateKind::arg_max;
      if (latest) std::reverse(rows.begin(), rows.end());
      const Row* best = rows.front();
      for (const Row* row : rows) {
        if (!aggregate.by) break;
        const int order = compare(value_of(row, 1), value_of(best, 1));
        if (greatest ? order > 0 : order < 0) best = row;
      }
      return give(value_of(best, 0));
    }
    case typed::AggregateKind::any:
      return give({std::any_of(values.begin(), values.end(), [](const Value& value) { return value.boolean(); })});
    case typed::AggregateKind::every:
      return give({std::all_of(values.begin(), values.end(), [](const Value& value) { return value.boolean(); })});
    case typed::AggregateKind::bit_and:
    case typed::AggregateKind::bit_or:
    case typed::AggregateKind::bit_xor: {
      if (values.empty()) return give({Null{}});
      int64_t bits = values.front().integer();
      for (size_t i = 1; i < values.size(); ++i) {
        const int64_t more = values[i].integer();
        bits = aggregate.kind == typed::AggregateKind::bit_and  ? bits & more
               : aggregate.kind == typed::AggregateKind::bit_or ? bits | more
                                                                : bits ^ more;
      }
      return give({bits});
    }
    case typed::AggregateKind::histogram: {
      const std::vector<Value>& bounds = aggregate.constant.items();
      std::vector<int64_t> counts(bounds.size() + 1);
      for (const Value& value : values) {
        size_t bucket = 0;
        while (bucket < bounds.size() && compare(value, bounds[bucket]) >= 0) ++bucket;
        ++counts[bucket];
      }
      std::vector<Value> list;
      for (const int64_t count : counts) list.push_back({count});
      return give_list(std::move(list));
    }
    case typed::AggregateKind::variance:
    case typed::AggregateKind::variance_population:
    case typed::AggregateKind::stddev:
    case typed::AggregateKind::stddev_population:
    case typed::AggregateKind::covariance:
    case typed::AggregateKind::covariance_population:
    case typed::AggregateKind::correlation:
    case typed::AggregateKind::slope:
    case typed::AggregateKind::intercept: {
      std::vector<Value> others = values;
      Type other_type = without_optional(fields[0].type);
      if (aggregate.by) {
        other_type = without_optional(fields[1].type);
        for (size_t i = 0; i < rows.size(); ++i) others[i] = value_of(rows[i], 1);
      }
      return give_float(of_moments(aggregate.kind, without_optional(fields[0].type), values, other_type, others));
    }
    case typed::AggregateKind::geometric_mean: {
      if (values.empty()) return give({Null{}});
      ExactSum sum;
      exact_sum_clear(&sum);
      for (const Value& value : values)
        exact_sum_add(&sum, std::log(float_of(without_optional(fields[0].type), value)));
      return give({std::exp(exact_sum_mean(&sum, values.size()))});
    }
    case typed::AggregateKind::median:
    case typed::AggregateKind::quantile:
    case typed::AggregateKind::quantile_disc: {
      if (values.empty()) return give({Null{}});
      sort_values(values);
      const cpp_int billion = 1'000'000'000;
      const cpp_int share =
          aggregate.kind == typed::AggregateKind::median ? billion / 2 : wide(aggregate.constant.wide());
      if (aggregate.kind == typed::AggregateKind::quantile_disc) {
        size_t rank = 1;
        while (cpp_int(rank) * billion < share * values.size()) ++rank;
        return give(values[rank - 1]);
      }
      const cpp_int place = share * (values.size() - 1), part = place % billion;
      const auto below = static_cast<size_t>(place / billion);
      const Value &low = values[below], &high = values[part == 0 ? below : below + 1];
      if (is(type, TypeKind::floating)) {
        if (std::isnan(values.back().floating())) return give(values.back());
        if (part == 0 || low.floating() == high.floating()) return give(low);
        const double weight = static_cast<double>(part) / 1e9;
        return give({low.floating() + (high.floating() - low.floating()) * weight});
      }
      const int from = is(fields[0].type, TypeKind::decimal) ? fields[0].type->scale : 0;
      const int to = is(type, TypeKind::decimal) ? type->scale : 0;
      const cpp_int weighted = wide(whole(low)) * (billion - part) + wide(whole(high)) * part;
      return give_number(divide_half_even(weighted * pow(cpp_int(10), static_cast<unsigned>(to - from)), billion));
    }
    case typed::AggregateKind::mode:
    case typed::AggregateKind::value_counts:
    case typed::AggregateKind::top_k: {
      sort_values(values);
      std::vector<std::pair<Value, int64_t>> counts;
      for (const Value& value : values) {
        if (counts.empty() || compare(counts.back().first, value) != 0) counts.push_back({value, 0});
        ++counts.back().second;
      }
      const bool by_count = aggregate.kind != typed::AggregateKind::value_counts;
      if (by_count)
        std::sort(counts.begin(), counts.end(), [](auto& a, auto& b) {
          return a.second != b.second ? a.second > b.second : compare(a.first, b.first) < 0;
        });
      if (aggregate.kind == typed::AggregateKind::mode)
        return counts.empty() ? give({Null{}}) : give(counts.front().first);
      std::vector<Value> list;
      for (const auto& [value, count] : counts) {
        if (by_count && static_cast<int64_t>(list.size()) == aggregate.constant.integer()) break;
        list.push_back({std::vector<Value>{value, Value{count}}});
      }
      return give_list(std::move(list));
    }
    case typed::AggregateKind::collect_set: {
      sort_values(values);
      std::vector<Value> list;
      for (const Value& value : values)
        if (list.empty() || compare(list.back(), value) != 0) list.push_back(value);
      return give_list(std::move(list));
    }
    case typed::AggregateKind::collect:
    case typed::AggregateKind::string_agg: {
      std::vector<size_t> order(rows.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = i;
      if (aggregate.by)
        std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
          const int compared = compare(value_of(rows[a], 1), value_of(rows[b], 1));
          return compared != 0 ? compared < 0 : a < b;
        });
      std::vector<Value> list;
      std::string text;
      for (const size_t at : order) {
        list.push_back(values[at]);
        if (aggregate.kind == typed::AggregateKind::string_agg)
          text += (list.size() > 1 ? aggregate.constant.text() : "") + values[at].text();
      }
      if (aggregate.kind == typed::AggregateKind::collect) return give_list(std::move(list));
      return list.empty() ? give({Null{}}) : give({text});
    }
    case typed::AggregateKind::approx_distinct:
    case typed::AggregateKind::hll:
    case typed::AggregateKind::merge_hll: {
      HyperLogLog sketch;
      for (const Row* row : rows) {
        if (aggregate.kind == typed::AggregateKind::merge_hll) {
          HyperLogLog more;
          if (!more.read(value_of(row, 0).text())) return false;
          sketch.merge(more);
          continue;
        }
        std::string bytes;
        append_key_bytes(fields[0].type, row->slots.data(), bytes);
        sketch.add(key_hash(bytes));
      }
      if (aggregate.kind == typed::AggregateKind::approx_distinct) return give({sketch.estimate()});
      std::string bytes;
      sketch.write(bytes);
      return give({bytes});
    }
    case typed::AggregateKind::approx_quantile:
    case typed::AggregateKind::quantile_sketch:
    case typed::AggregateKind::merge_quantile_sketch: {
      QuantileSketch sketch;
      for (const Value& value : values) {
        if (aggregate.kind == typed::AggregateKind::merge_quantile_sketch) {
          QuantileSketch more;
          if (!more.read(value.text())) return false;
          sketch.merge(more);
        } else {
          sketch.add(float_of(without_optional(fields[0].type), value), 1);
        }
      }
      if (aggregate.kind == typed::AggregateKind::approx_quantile) {
        if (sketch.count() == 0) return give({Null{}});
        const double value = sketch.at(static_cast<uint64_t>(aggregate.constant.wide()));
        return is(type, TypeKind::duration) ? give({static_cast<int64_t>(std::llround(value))}) : give({value});
      }
      std::string bytes;
      sketch.write(bytes);
      return give({bytes});
    }
    case typed::AggregateKind::approx_top_k:
    case typed::AggregateKind::top_k_sketch:
    case typed::AggregateKind::merge_top_k_sketch: {
      const Type value_type = without_optional(fields[0].type);
      TopKSketch sketch;
      std::vector<DrawnValue> drawn;
      for (const Row* row : rows) {
        if (aggregate.kind == typed::AggregateKind::merge_top_k_sketch) {
          TopKSketch more;
          if (!more.read(value_of(row, 0).text())) return false;
          sketch.merge(more);
          continue;
        }
        const std::string bytes = order_bytes(value_type, row->slots[0]);
        // Of a time as it is, whose bytes have no sign.
        const std::string apart = aggregate.by ? order_bytes(fields[1].type, row->slots[leaf_count(fields[0].type)])
                                               : order_bytes(uuid_type(), slot_i128(row->time)).substr(8);
        const uint64_t draw = draw_of(bytes, apart);
        sketch.add(bytes, draw);
        Value value = value_of(row, 0);
        // Zero has one sign.
        if (auto* number = std::get_if<double>(&value.content); number != nullptr && *number == 0) *number = 0;
        drawn.push_back({std::move(value), bytes, draw});
      }
      if (aggregate.kind == typed::AggregateKind::approx_top_k) {
        std::vector<Value> list;
        for (const auto& [value, count] : most_frequent(drawn, static_cast<size_t>(aggregate.constant.integer()))) {
          list.push_back({std::vector<Value>{value, Value{count}}});
        }
        return give_list(std::move(list));
      }
      std::string bytes;
      sketch.write(bytes);
      return give({bytes});
    }
    case typed::AggregateKind::count_min:
    case typed::AggregateKind::merge_count_min: {
      CountMin sketch;
      for (const Row* row : rows) {
        if (aggregate.kind == typed::AggregateKind::merge_count_min) {
          CountMin more;
          if (!more.read(value_of(row, 0).text())) return false;
          sketch.merge(more);
          continue;
        }
        std::string bytes;
        append_key_bytes(fields[0].type, row->slots.data(), bytes);
        sketch.add(key_hash(bytes), 1);
      }
      std::string bytes;
      sketch.write(bytes);
      return give({bytes});
    }
  }
  BRAID_UNREACHABLE("aggregate");
}

}  // namespace braid::reference
