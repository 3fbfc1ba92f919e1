// approx_distinct, hll and merge_hll; approx_quantile, quantile_sketch and merge_quantile_sketch. A state is a pointer
// to a sketch, null while no row has come, and is stored as the sketch's bytes. Bytes to merge that are no sketch make
// the result fail.
#include <cmath>
#include <cstring>

#include "runtime/data/decimal.h"
#include "runtime/data/hyperloglog.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/quantile_sketch.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/wide_sum.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;

template <class Derived, class Sketch>
class OfSketch : public EachState<Derived> {
 public:
  size_t size() const override { return sizeof(State); }
  bool has_memory() const override { return true; }
  void merge(const char* from, char* into, BlobPool& pool) const override {
    const auto* other = reinterpret_cast<const State*>(from);
    auto* state = reinterpret_cast<State*>(into);
    state->damaged |= other->damaged;
    if (other->sketch != nullptr) change(*state, pool, [&](Sketch& sketch) { sketch.merge(*other->sketch); });
  }
  void store(const char* bytes, WireWriter& out) const override {
    const auto* state = reinterpret_cast<const State*>(bytes);
    out.fixed(state->damaged);
    std::string sketch;
    if (state->sketch != nullptr) state->sketch->write(sketch);
    out.text(sketch);
  }
  bool load(WireReader& in, char* bytes, BlobPool& pool) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    state->damaged = in.fixed<uint64_t>();
    const std::string_view sketch = in.text();
    if (in.failed() || sketch.empty()) return !in.failed();
    bool whole = false;
    change(*state, pool, [&](Sketch& made) { whole = made.read(sketch); });
    return whole;
  }
  void end(char* bytes, BlobPool& pool) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    if (state->sketch == nullptr) return;
    pool.charge(-static_cast<int64_t>(sizeof(Sketch) + state->sketch->memory()));
    delete state->sketch;
    state->sketch = nullptr;
  }
  std::string values_text(const char*) const override { return "bytes that are no sketch"; }

 protected:
  struct State {
    Sketch* sketch;
    uint64_t damaged;
  };
  static void change(State& state, BlobPool& pool, auto&& step) {
    uint64_t before = 0;
    if (state.sketch == nullptr) {
      state.sketch = new Sketch;
    } else {
      before = sizeof(Sketch) + state.sketch->memory();
    }
    step(*state.sketch);
    pool.charge(static_cast<int64_t>(sizeof(Sketch) + state.sketch->memory()) - static_cast<int64_t>(before));
  }
  static void add_bytes(State& state, std::string_view bytes, BlobPool& pool) {
    Sketch more;
    if (!more.read(bytes)) {
      state.damaged = 1;
      return;
    }
    change(state, pool, [&](Sketch& sketch) { sketch.merge(more); });
  }
};

class Distinct : public OfSketch<Distinct, HyperLogLog> {
 public:
  Distinct(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row),
        field_column_(leaf_offset(row, spec.argument)),
        type_(row[spec.argument].type),
        result_(spec.type),
        kind_(spec.kind) {}
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    std::vector<Slot> slots(leaf_count(type_));
    std::string key;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows_.passes(block, rows[i])) continue;
      auto& state = *reinterpret_cast<State*>(states[i] + offset);
      if (kind_ == Kind::merge_hll) {
        if (rows_.argument().present(block, rows[i]))
          add_bytes(state, block.columns[rows_.argument().column].as<Bytes>()[rows[i]].view(), pool);
        continue;
      }
      for (size_t leaf = 0; leaf < slots.size(); ++leaf)
        slots[leaf] = read_slot(block.columns[field_column_ + leaf], rows[i]);
      key.clear();
      append_key_bytes(type_, slots.data(), key);
      change(state, pool, [&](HyperLogLog& sketch) { sketch.add(key_hash(key)); });
    }
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
    std::string text;
    sketch.write(text);
    Slot slot = slot_i128(0);
    slot.bytes = arena.copy(text);
    result_.write(out, row, column, slot);
    return true;
  }

 private:
  RowChoice rows_;
  size_t field_column_;
  Type type_;
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
      std::string text;
      sketch.write(text);
      Slot slot = slot_i128(0);
      slot.bytes = arena.copy(text);
      result_.write(out, row, column, slot);
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
      auto& state = *reinterpret_cast<State*>(states[i] + offset);
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
  return kind >= Kind::approx_distinct && kind <= Kind::merge_quantile_sketch;
}

std::unique_ptr<Accumulator> make_sketch(const AggregateSpec& spec, const std::vector<Field>& row) {
  if (spec.kind == Kind::approx_distinct || spec.kind == Kind::hll || spec.kind == Kind::merge_hll)
    return std::make_unique<Distinct>(spec, row);
  return std::make_unique<Quantiles>(spec, row);
}

}  // namespace braid
