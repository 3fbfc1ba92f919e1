// approx_top_k, top_k_sketch and merge_top_k_sketch; count_min and merge_count_min.
#include "runtime/data/count_min.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/top_k_sketch.h"
#include "runtime/declare/function.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/operators/sketch_state.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;

class Frequent : public OfSketch<Frequent, TopKSketch> {
 public:
  Frequent(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), by_(row, spec.by), type_(rows_.argument().type), result_(spec.type), kind_(spec.kind) {
    if (kind_ == Kind::approx_top_k) most_ = static_cast<size_t>(spec.constant.integer());
  }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    const Column& column = block.columns[rows_.argument().column];
    std::string value, apart;
    rows_.each(block, rows, [&](size_t i) {
      State& state = state_of(states[i] + offset);
      if (kind_ == Kind::merge_top_k_sketch) {
        add_bytes(state, column.as<Bytes>()[rows[i]].view(), pool);
        return;
      }
      value.clear();
      apart.clear();
      append_order(type_, read_slot(column, rows[i]), value);
      if (by_.column >= 0) {
        append_order(by_.type, read_slot(block.columns[by_.column], rows[i]), apart);
      } else {
        append_ordered(static_cast<uint64_t>(block.time[rows[i]]), apart);
      }
      change(state, pool, [&](TopKSketch& sketch) { sketch.add(value, draw_of(value, apart)); });
    });
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    const TopKSketch nothing;
    const TopKSketch& sketch = state->sketch == nullptr ? nothing : *state->sketch;
    if (kind_ == Kind::approx_top_k) {
      const auto values = sketch.top(most_);
      auto* items = arena.allocate_array<Slot>(2 * values.size());
      Slot* next = items;
      for (const auto& [value, count] : values) {
        *next++ = read_order(type_, value, arena);
        *next++ = slot_i64(count);
      }
      write_list(out, row, column, items, values.size());
      return true;
    }
    if (state->damaged == 0 && write_sketch(sketch, result_, out, row, column, arena)) return true;
    result_.write_none(out, row, column);
    return false;
  }

 private:
  RowChoice rows_;
  ArgumentColumn by_;
  Type type_;
  ScalarResult result_;
  Kind kind_;
  size_t most_ = 0;
};

class Counts : public OfSketch<Counts, CountMin> {
 public:
  Counts(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), kind_(spec.kind) {}
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    count(block, rows, states, offset, 1, pool);
  }
  bool subtracts() const override { return kind_ == Kind::count_min; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool& pool) const override {
    count(block, rows, states, offset, -1, pool);
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    const CountMin nothing;
    const CountMin& sketch = state->sketch == nullptr ? nothing : *state->sketch;
    if (state->damaged == 0 && write_sketch(sketch, result_, out, row, column, arena)) return true;
    result_.write_none(out, row, column);
    return false;
  }

 private:
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool& pool) const {
    rows_.each(
        block, rows, kind_ == Kind::merge_count_min,
        [&](size_t i, std::string_view bytes) { add_bytes(state_of(states[i] + offset), bytes, pool); },
        [&](size_t i, uint64_t hash) {
          change(state_of(states[i] + offset), pool, [&](CountMin& sketch) { sketch.add(hash, by); });
        });
  }

  HashedRows rows_;
  ScalarResult result_;
  Kind kind_;
};

}  // namespace

std::unique_ptr<Accumulator> make_count_sketch(const AggregateSpec& spec, const std::vector<Field>& row) {
  if (spec.kind == Kind::count_min || spec.kind == Kind::merge_count_min) return std::make_unique<Counts>(spec, row);
  return std::make_unique<Frequent>(spec, row);
}

}  // namespace braid
