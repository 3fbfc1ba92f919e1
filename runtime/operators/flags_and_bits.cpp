// any and every, the bits of whole numbers, and histogram: all in a fixed number of counts.
#include <algorithm>
#include <array>

#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/scalar_order.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;

template <class State>
State* as(char* bytes) {
  return reinterpret_cast<State*>(bytes);
}
template <class State>
const State* as(const char* bytes) {
  return reinterpret_cast<const State*>(bytes);
}

class AnyOrEvery : public CountingState<AnyOrEvery> {
 public:
  AnyOrEvery(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), any_(spec.kind == Kind::any) {}
  size_t size() const override { return sizeof(State); }
  void merge(const char* from, char* into, BlobPool&) const override {
    as<State>(into)->rows += as<State>(from)->rows;
    as<State>(into)->holds += as<State>(from)->holds;
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = as<State>(bytes);
    result_.write(out, row, column, slot_u8(any_ ? state->holds > 0 : state->holds == state->rows));
    return true;
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(*as<State>(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    *as<State>(state) = in.fixed<State>();
    return !in.failed();
  }

 private:
  friend class CountingState<AnyOrEvery>;
  struct State {
    int64_t rows, holds;
  };
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool&) const {
    const auto* values = block.columns[rows_.argument().column].as<uint8_t>();
    rows_.each(block, rows, [&](size_t i) {
      auto* state = as<State>(states[i] + offset);
      state->rows += by;
      state->holds += values[rows[i]] != 0 ? by : 0;
    });
  }
  RowChoice rows_;
  ScalarResult result_;
  bool any_;
};

/// Rows are never taken out: one number is enough.
class FoldedBits : public EachState<FoldedBits> {
 public:
  FoldedBits(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), kind_(spec.kind) {}
  size_t size() const override { return sizeof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    const auto* values = block.columns[rows_.argument().column].as<int64_t>();
    rows_.each(block, rows, [&](size_t i) { fold({values[rows[i]], 1}, as<State>(states[i] + offset)); });
  }
  void merge(const char* from, char* into, BlobPool&) const override { fold(*as<State>(from), as<State>(into)); }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = as<State>(bytes);
    if (state->rows == 0)
      result_.write_none(out, row, column);
    else
      result_.write(out, row, column, slot_i64(state->bits));
    return true;
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(*as<State>(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    *as<State>(state) = in.fixed<State>();
    return !in.failed();
  }

 private:
  struct State {
    int64_t bits, rows;
  };
  void fold(const State& more, State* state) const {
    if (more.rows == 0) return;
    if (state->rows == 0)
      state->bits = more.bits;
    else if (kind_ == Kind::bit_and)
      state->bits &= more.bits;
    else if (kind_ == Kind::bit_or)
      state->bits |= more.bits;
    else
      state->bits ^= more.bits;
    state->rows += more.rows;
  }
  RowChoice rows_;
  ScalarResult result_;
  Kind kind_;
};

/// How many rows have each bit, so that rows can be taken out.
class CountedBits : public CountingState<CountedBits> {
 public:
  CountedBits(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), kind_(spec.kind) {}
  size_t size() const override { return sizeof(State); }
  void merge(const char* from, char* into, BlobPool&) const override {
    as<State>(into)->rows += as<State>(from)->rows;
    for (size_t bit = 0; bit < 64; ++bit) as<State>(into)->set[bit] += as<State>(from)->set[bit];
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = as<State>(bytes);
    if (state->rows == 0) {
      result_.write_none(out, row, column);
      return true;
    }
    uint64_t bits = 0;
    for (size_t bit = 0; bit < 64; ++bit) {
      const int64_t set = state->set[bit];
      const bool holds = kind_ == Kind::bit_and ? set == state->rows : kind_ == Kind::bit_or ? set > 0 : set % 2 != 0;
      bits |= uint64_t{holds} << bit;
    }
    result_.write(out, row, column, slot_i64(static_cast<int64_t>(bits)));
    return true;
  }
  void store(const char* state, WireWriter& out) const override { out.fixed(*as<State>(state)); }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    *as<State>(state) = in.fixed<State>();
    return !in.failed();
  }

 private:
  friend class CountingState<CountedBits>;
  struct State {
    int64_t rows;
    std::array<int64_t, 64> set;
  };
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool&) const {
    const auto* values = block.columns[rows_.argument().column].as<int64_t>();
    rows_.each(block, rows, [&](size_t i) {
      auto* state = as<State>(states[i] + offset);
      state->rows += by;
      for (size_t bit = 0; bit < 64; ++bit) state->set[bit] += (values[rows[i]] >> bit & 1) * by;
    });
  }
  RowChoice rows_;
  ScalarResult result_;
  Kind kind_;
};

/// How many values are below the first bound, from each bound up to the next, and from the last one on.
class Histogram : public CountingState<Histogram> {
 public:
  Histogram(const AggregateSpec& spec, const std::vector<Field>& row) : rows_(spec, row) {
    Arena arena;  // bounds are no text
    for (const Value& bound : spec.constant.items()) {
      bounds_.emplace_back();
      to_slots(rows_.argument().type, bound, &bounds_.back(), arena);
    }
  }
  size_t size() const override { return (bounds_.size() + 1) * sizeof(int64_t); }
  void merge(const char* from, char* into, BlobPool&) const override {
    for (size_t i = 0; i <= bounds_.size(); ++i) as<int64_t>(into)[i] += as<int64_t>(from)[i];
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const size_t count = bounds_.size() + 1;
    auto* items = arena.allocate_array<Slot>(count);
    for (size_t i = 0; i < count; ++i) items[i] = slot_i64(as<int64_t>(bytes)[i]);
    write_list(out, row, column, items, count);
    return true;
  }
  void store(const char* state, WireWriter& out) const override {
    for (size_t i = 0; i <= bounds_.size(); ++i) out.fixed(as<int64_t>(state)[i]);
  }
  bool load(WireReader& in, char* state, BlobPool&) const override {
    for (size_t i = 0; i <= bounds_.size(); ++i) as<int64_t>(state)[i] = in.fixed<int64_t>();
    return !in.failed();
  }

 private:
  friend class CountingState<Histogram>;
  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool&) const {
    const Column& column = block.columns[rows_.argument().column];
    rows_.each(block, rows, [&](size_t i) {
      const Slot value = read_slot(column, rows[i]);
      const auto place = std::upper_bound(bounds_.begin(), bounds_.end(), value, [this](const Slot& a, const Slot& b) {
        return compare_scalar(rows_.argument().type, a, b) < 0;
      });
      as<int64_t>(states[i] + offset)[place - bounds_.begin()] += by;
    });
  }
  RowChoice rows_;
  std::vector<Slot> bounds_;
};

}  // namespace

std::unique_ptr<Accumulator> make_flags_or_bits(const AggregateSpec& spec, const std::vector<Field>& row,
                                                bool takes_out) {
  if (spec.kind == Kind::any || spec.kind == Kind::every) return std::make_unique<AnyOrEvery>(spec, row);
  if (takes_out) return std::make_unique<CountedBits>(spec, row);
  return std::make_unique<FoldedBits>(spec, row);
}

std::unique_ptr<Accumulator> make_histogram(const AggregateSpec& spec, const std::vector<Field>& row) {
  return std::make_unique<Histogram>(spec, row);
}

}  // namespace braid
