// What every aggregate promises: its result follows from the set of rows. Rows are added in another order, to several
// states that are merged, stored and read back, and rows are added and taken out again; the result is the same bytes.
#include "runtime/operators/accumulators.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/pair_place.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;

enum : int { kWhole, kDecimal, kFloat, kText, kFlag, kPause };
const std::vector<Field>& row_type() {
  static const std::vector<Field> row{{"whole", int_type()},   {"decimal", decimal_type(20, 2)},
                                      {"float", float_type()}, {"text", string_type()},
                                      {"flag", bool_type()},   {"pause", duration_type()}};
  return row;
}

struct Case {
  const char* name;
  AggregateSpec spec;
  bool subtracts = true;
};

AggregateSpec spec(Kind kind, int argument, Type type, Value constant = {}, int by = -1, int filter = -1) {
  return {
      .kind = kind, .argument = argument, .by = by, .filter = filter, .type = std::move(type), .constant = constant};
}

std::vector<Case> cases() {
  const Type maybe = optional_type(float_type()), mean = decimal_type(38, 8);
  const Type counts = list_type(struct_type({{"value", string_type()}, {"count", int_type()}}));
  const Value ninety{int128{900'000'000}};
  return {
      {"any", spec(Kind::any, kFlag, bool_type())},
      {"every", spec(Kind::every, kFlag, bool_type())},
      {"bit_and", spec(Kind::bit_and, kWhole, int_type())},
      {"bit_or", spec(Kind::bit_or, kWhole, int_type())},
      {"bit_xor", spec(Kind::bit_xor, kWhole, int_type())},
      {"histogram",
       spec(Kind::histogram, kWhole, list_type(int_type()), Value{std::vector<Value>{{int64_t{-2}}, {int64_t{3}}}})},
      {"variance", spec(Kind::variance, kWhole, maybe)},
      {"variance of decimals", spec(Kind::variance_population, kDecimal, float_type())},
      {"stddev of floats", spec(Kind::stddev, kFloat, maybe, {}, -1, kFlag)},
      {"covariance", spec(Kind::covariance, kWhole, maybe, {}, kDecimal)},
      {"correlation", spec(Kind::correlation, kFloat, maybe, {}, kWhole)},
      {"slope", spec(Kind::slope, kDecimal, maybe, {}, kWhole)},
      {"intercept", spec(Kind::intercept, kWhole, maybe, {}, kFloat)},
      {"geometric_mean", spec(Kind::geometric_mean, kFloat, float_type())},
      {"median", spec(Kind::median, kDecimal, mean)},
      {"median of floats", spec(Kind::median, kFloat, float_type())},
      {"quantile", spec(Kind::quantile, kPause, duration_type(), ninety)},
      {"quantile_disc", spec(Kind::quantile_disc, kText, string_type(), ninety)},
      {"mode", spec(Kind::mode, kWhole, int_type())},
      {"value_counts", spec(Kind::value_counts, kText, counts)},
      {"top_k", spec(Kind::top_k, kText, counts, {int64_t{2}})},
      {"collect", spec(Kind::collect, kFloat, list_type(float_type()), {}, kText)},
      {"collect by time", spec(Kind::collect, kText, list_type(string_type())), false},
      {"collect_set", spec(Kind::collect_set, kFloat, list_type(float_type()), {}, -1, kFlag)},
      {"string_agg", spec(Kind::string_agg, kText, string_type(), {std::string(", ")}, kWhole)},
      {"approx_distinct", spec(Kind::approx_distinct, kWhole, int_type()), false},
      {"hll", spec(Kind::hll, kText, bytes_type()), false},
      {"approx_quantile", spec(Kind::approx_quantile, kDecimal, float_type(), ninety)},
      {"quantile_sketch", spec(Kind::quantile_sketch, kFloat, bytes_type())},
      {"approx_top_k", spec(Kind::approx_top_k, kText, counts, {int64_t{2}}), false},
      {"top_k_sketch", spec(Kind::top_k_sketch, kText, bytes_type(), {}, kWhole), false},
      {"count_min", spec(Kind::count_min, kFloat, bytes_type())},
      {"min", spec(Kind::minimum, kText, string_type())},
      {"first", spec(Kind::first, kWhole, int_type()), false},
      {"last", spec(Kind::last, kText, string_type()), false},
      {"arg_min", spec(Kind::arg_min, kWhole, int_type(), {}, kFlag), false},
      {"arg_max", spec(Kind::arg_max, kText, string_type(), {}, kFlag), false},
      {"sum", spec(Kind::sum, kFloat, float_type())},
  };
}

/// Many values are alike, some are at the ends of their types.
Block random_rows(Rng& rng, uint32_t count, Arena& arena) {
  Block block = allocate_block(flatten(row_type()), count, arena);
  auto* records = arena.allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  const double floats[] = {0.1, 0.2, -0.0, 0.0, 1e100, -1e100, 1.5, 3e-5};
  for (uint32_t row = 0; row < count; ++row) {
    const int64_t whole = rng.chance(20) ? INT64_MAX : rng.chance(20) ? INT64_MIN : rng.between(-5, 5);
    block.columns[kWhole].as<int64_t>()[row] = whole;
    block.columns[kDecimal].as<int128>()[row] = rng.chance(10) ? int128{whole} * 7 : rng.between(-200, 200);
    block.columns[kFloat].as<double>()[row] = floats[rng.below(8)];
    const std::string text =
        std::string(rng.below(4), 'a') + std::string(rng.below(2), '\0') + (rng.chance(2) ? "b" : "");
    block.columns[kText].as<Bytes>()[row] = arena.copy(text);
    block.columns[kFlag].as<uint8_t>()[row] = rng.chance(3) ? 0 : 1;
    block.columns[kPause].as<int64_t>()[row] = rng.between(-1'000, 1'000);
    block.time[row] = rng.between(0, 9);
    block.record[row] = row;
    records[row] = Record{};
    // Of one left row several, which a join has made with different right rows.
    records[row].position = row / 4;
    set_pair(records[row], pair_behind({}, {.time = rng.between(0, 2), .position = row}, {}, arena));
  }
  return block;
}

class State {
 public:
  State(const Accumulator& of, BlobPool& pool) : of_(of), pool_(pool), bytes_(of.size() / 16 + 1) {}
  ~State() { of_.end(at(), pool_); }
  State(const State&) = delete;
  char* at() { return reinterpret_cast<char*>(bytes_.data()); }
  void add(const Block& block, const std::vector<uint32_t>& rows) {
    const std::vector<char*> states(rows.size(), at());
    of_.add(block, rows, states.data(), 0, pool_);
  }
  void take_out(const Block& block, const std::vector<uint32_t>& rows) {
    const std::vector<char*> states(rows.size(), at());
    of_.take_out(block, rows, states.data(), 0, pool_);
  }
  /// What the store has of it.
  void save(std::map<uint32_t, std::string>& parts, std::string& value) {
    WireWriter out;
    of_.store(at(), out);
    value = out.take();
    if (!of_.has_parts()) return;
    of_.take_news(
        at(),
        [&](uint32_t part, std::optional<std::string_view> bytes) {
          if (bytes)
            parts[part] = *bytes;
          else
            parts.erase(part);
        },
        pool_);
    ASSERT_EQ(of_.parts(at()).stored, parts.size());
  }
  bool load(const std::map<uint32_t, std::string>& parts, const std::string& value) {
    WireReader in(value);
    bool whole = of_.load(in, at(), pool_) && in.at_end();
    for (const auto& [part, bytes] : parts) whole &= of_.load_part(bytes, at(), pool_);
    if (of_.has_parts()) of_.parts(at()).stored = static_cast<uint32_t>(parts.size());
    return whole;
  }

 private:
  const Accumulator& of_;
  BlobPool& pool_;
  std::vector<Slot> bytes_;
};

std::string result_of(const Accumulator& accumulator, const Type& type, State& state, Arena& arena) {
  const std::vector<Field> row{{"result", type}};
  Block out = allocate_block(flatten(row), 1, arena);
  out.rows = 1;
  uint8_t misfit = 0;
  const char* states[] = {state.at()};
  accumulator.read(states, 0, out, 0, arena, &misfit);
  std::string bytes(1, static_cast<char>(misfit));
  StoredRows(row).append(out, 0, bytes);
  return bytes;
}

TEST(Accumulators, FollowFromTheSetOfRows) {
  for (const Case& each : cases()) {
    for (const bool takes_out : {false, true}) {
      if (takes_out && !each.subtracts) continue;
      SCOPED_TRACE(each.name);
      BlobPool pool;
      {
        const auto accumulator = make_accumulator(each.spec, row_type(), takes_out);
        EXPECT_TRUE(!takes_out || accumulator->subtracts());
        for (uint64_t seed = 1; seed <= 30; ++seed) {
          Rng rng(seed);
          Arena arena;
          const auto count = static_cast<uint32_t>(rng.below(40) + 1);
          const Block block = random_rows(rng, count + 20, arena);  // the last 20 are taken out again
          std::vector<uint32_t> rows;
          for (uint32_t row = 0; row < count; ++row) rows.push_back(row);
          State whole(*accumulator, pool);
          whole.add(block, rows);
          const std::string expected = result_of(*accumulator, each.spec.type, whole, arena);

          for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[rng.below(i)]);
          State first(*accumulator, pool), second(*accumulator, pool), third(*accumulator, pool);
          std::map<uint32_t, std::string> parts;
          std::string value;
          for (size_t i = 0; i < rows.size(); ++i) {
            (rng.chance(3) ? second : first).add(block, {rows[i]});
            if (rng.chance(4)) first.save(parts, value);
          }
          if (!takes_out) {
            accumulator->absorb(second.at(), first.at(), pool);
          } else {
            // Rows of tables go, and come again; states of tables are not merged.
            std::vector<uint32_t> more;
            for (uint32_t row = count; row < count + 20; ++row) more.push_back(row);
            State again(*accumulator, pool);
            again.add(block, rows);
            again.add(block, more);
            again.take_out(block, more);
            EXPECT_EQ(result_of(*accumulator, each.spec.type, again, arena), expected) << "taken out, seed " << seed;
            accumulator->merge(second.at(), first.at(), pool);
          }
          EXPECT_EQ(result_of(*accumulator, each.spec.type, first, arena), expected) << "merged, seed " << seed;
          if (takes_out) continue;
          first.save(parts, value);
          ASSERT_TRUE(third.load(parts, value)) << seed;
          EXPECT_EQ(result_of(*accumulator, each.spec.type, third, arena), expected) << "stored, seed " << seed;
        }
      }
      pool.release_pending();
      EXPECT_EQ(pool.bytes_used(), 0u) << "of the pool something is left";
    }
  }
}

}  // namespace
}  // namespace braid
