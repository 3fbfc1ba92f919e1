// approx_distinct, hll and merge_hll; approx_quantile, quantile_sketch and merge_quantile_sketch. Those that count how
// often values occur: count_sketches.cpp.
#include <cmath>

#include "runtime/data/decimal.h"
#include "runtime/data/hyperloglog.h"
#include "runtime/data/quantile_sketch.h"
#include "runtime/operators/sketch_state.h"
#include "runtime/operators/wide_sum.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;

class Distinct : public OfSketch<Distinct, HyperLogLog> {
 public:
  Distinct(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), kind_(spec.kind) {}
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    rows_.each(
        block, rows, kind_ == Kind::merge_hll,
        [&](size_t i, std::string_view bytes) { add_bytes(state_of(states[i] + offset), bytes, pool); },
        [&](size_t i, uint64_t hash) {
          change(state_of(states[i] + offset), pool, [&](HyperLogLog& sketch) { sketch.add(hash); });
        });
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    const HyperLogLog nothing;
    const HyperLogLog& sketch = state->sketch == nullptr ? nothing : *state->sketch;
    if (state->damaged != 0) {
      result_.write_none(out, row, column);
      return false;
    }
    if (kind_ == Kind::approx_distinct) {
      result_.write(out, row, column, slot_i64(sketch.estimate()));
      return true;
    }
    write_sketch(sketch, result_, out, row, column, arena);
    return true;
  }

 private:
  HashedRows rows_;
  ScalarResult result_;
  Kind kind_;
};

class Quantiles : public OfSketch<Quantiles, QuantileSketch> {
 public:
  Quantiles(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), kind_(spec.kind) {
    if (kind_ == Kind::approx_quantile) share_ = static_cast<uint64_t>(spec.constant.wide());
  }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    count(block, rows, states, offset, 1, pool);
  }
  bool subtracts() const override { return kind_ != Kind::merge_quantile_sketch; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool& pool) const override {
    count(block, rows, states, offset, -1, pool);
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    const QuantileSketch nothing;
    const QuantileSketch& sketch = state->sketch == nullptr ? nothing : *state->sketch;
    if (state->damaged != 0) {
      result_.write_none(out, row, column);
      return false;
    }
    if (kind_ != Kind::approx_quantile) {
      write_sketch(sketch, result_, out, row, column, arena);
    } else if (sketch.count() == 0) {
      result_.write_none(out, row, column);
    } else {
      const double value = sketch.at(share_);
      const bool duration = is(result_.type(), TypeKind::duration);
      result_.write(out, row, column, duration ? slot_i64(std::llround(value)) : slot_f64(value));
    }
    return true;
  }

 private:
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool& pool) const {
    const Column& column = block.columns[rows_.argument().column];
    rows_.each(block, rows, [&](size_t i) {
      State& state = state_of(states[i] + offset);
      if (kind_ == Kind::merge_quantile_sketch) {
        add_bytes(state, column.as<Bytes>()[rows[i]].view(), pool);
        return;
      }
      const Slot slot = read_slot(column, rows[i]);
      const double value = column.kind == LeafKind::f64
                               ? slot.f64
                               : decimal_to_double(column.kind == LeafKind::i128 ? slot.i128 : slot.i64,
                                                   scale_of(rows_.argument().type));
      change(state, pool, [&](QuantileSketch& sketch) { sketch.add(value, by); });
    });
  }
  RowChoice rows_;
  ScalarResult result_;
  Kind kind_;
  uint64_t share_ = 0;
};

}  // namespace

bool is_sketch(AggregateSpec::Kind kind) {
  return kind >= Kind::approx_distinct && kind <= Kind::merge_count_min;
}

std::unique_ptr<Accumulator> make_sketch(const AggregateSpec& spec, const std::vector<Field>& row) {
  if (spec.kind == Kind::approx_distinct || spec.kind == Kind::hll || spec.kind == Kind::merge_hll)
    return std::make_unique<Distinct>(spec, row);
  if (spec.kind >= Kind::approx_top_k) return make_count_sketch(spec, row);
  return std::make_unique<Quantiles>(spec, row);
}

}  // namespace braid
