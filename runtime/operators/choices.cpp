// min and max of a scalar; first, last, arg_min and arg_max, which keep the value of one chosen row. Ties of the latter
// go by (time, source, partition, position), and behind joins by the right rows that each has met: to the earliest,
// with `last` to the latest.
#include <bit>
#include <string>
#include <tuple>
#include <type_traits>

#include "runtime/data/pair_place.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

/// Equal values have one form, so that which of them was seen first cannot show.
Slot canonical(const Type& type, Slot slot) {
  if (leaf_kind(type) == LeafKind::f64) {
    if (slot.f64 == 0) slot.f64 = 0;
    if (slot.f64 != slot.f64) slot.f64 = __builtin_nan("");
  }
  return slot;
}

/// A scalar that lives in a state: text is the pool's.
void keep_slot(const Type& type, Slot* kept, bool had, const Slot& value, BlobPool& pool) {
  if (leaf_kind(type) != LeafKind::bytes) {
    *kept = value;
    return;
  }
  if (had) pool.release_later(kept->bytes);
  kept->bytes = pool.copy(value.bytes.view());
}

void store_slot(const Type& type, const Slot& slot, WireWriter& out) {
  if (leaf_kind(type) == LeafKind::bytes) {
    out.text(slot.bytes.view());
  } else {
    out.fixed(slot.i128);
  }
}

Slot load_slot(const Type& type, WireReader& in, BlobPool& pool) {
  Slot slot = slot_i128(0);
  if (leaf_kind(type) == LeafKind::bytes) {
    slot.bytes = pool.copy(in.text());
  } else {
    slot.i128 = in.fixed<int128>();
  }
  return slot;
}

/// A scalar of at most 64 bits as a number that is in its order, and back.
template <class T>
int64_t ranked(T value) {
  return value;
}
template <>
int64_t ranked(double value) {
  if (value == 0) value = 0;
  if (value != value) value = __builtin_nan("");
  auto bits = std::bit_cast<int64_t>(value);
  return bits < 0 ? bits ^ INT64_MAX : bits;
}
template <class T>
Slot unranked(int64_t rank) {
  Slot slot = slot_i128(0);
  if constexpr (std::is_same_v<T, double>)
    slot.f64 = std::bit_cast<double>(rank < 0 ? rank ^ INT64_MAX : rank);
  else if constexpr (std::is_same_v<T, uint8_t>)
    slot.u8 = static_cast<uint8_t>(rank);
  else if constexpr (std::is_same_v<T, int32_t>)
    slot.i32 = static_cast<int32_t>(rank);
  else
    slot.i64 = rank;
  return slot;
}

template <class T, bool kLeast>
class NarrowExtreme : public EachState<NarrowExtreme<T, kLeast>> {
 public:
  NarrowExtreme(const AggregateSpec& spec, const std::vector<Field>& row) : rows_(spec, row), result_(spec.type) {}
  size_t size() const override { return sizeof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool&) const override {
    const T* values = block.columns[rows_.argument().column].template as<T>();
    rows_.each(block, rows,
               [&](size_t i) { reinterpret_cast<State*>(states[i] + offset)->add(ranked<T>(values[rows[i]])); });
  }
  void merge(const char* from, char* into, BlobPool&) const override {
    const auto* other = reinterpret_cast<const State*>(from);
    if (other->any != 0) reinterpret_cast<State*>(into)->add(other->rank);
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena&) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    if (state->any == 0)
      result_.write_none(out, row, column);
    else
      result_.write(out, row, column, unranked<T>(state->rank));
    return true;
  }
  void store(const char* bytes, WireWriter& out) const override {
    const auto* state = reinterpret_cast<const State*>(bytes);
    out.fixed(static_cast<uint8_t>(state->any));
    if (state->any != 0) out.fixed(state->rank);
  }
  bool load(WireReader& in, char* bytes, BlobPool&) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    state->any = in.fixed<uint8_t>();
    if (state->any != 0) state->rank = in.fixed<int64_t>();
    return !in.failed();
  }

 private:
  struct State {
    int64_t rank;
    uint64_t any;
    /// Without a jump: how often a value is the best so far cannot be foretold.
    void add(int64_t value) {
      bool better = any == 0 || (kLeast ? value < rank : value > rank);
      rank = better ? value : rank;
      any = 1;
    }
  };
  RowChoice rows_;
  ScalarResult result_;
};

/// Of text and of values of 128 bits.
class Extreme : public EachState<Extreme> {
 public:
  Extreme(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), result_(spec.type), sign_(spec.kind == AggregateSpec::Kind::minimum ? 1 : -1) {}
  size_t size() const override { return sizeof(State); }
  size_t alignment() const override { return alignof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    const Column& column = block.columns[rows_.argument().column];
    rows_.each(block, rows, [&](size_t i) {
      add_value(read_slot(column, rows[i]), reinterpret_cast<State*>(states[i] + offset), pool);
    });
  }
  void merge(const char* from, char* into, BlobPool& pool) const override {
    const auto* other = reinterpret_cast<const State*>(from);
    if (other->any != 0) add_value(other->value, reinterpret_cast<State*>(into), pool);
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    if (state->any == 0) {
      result_.write_none(out, row, column);
      return true;
    }
    Slot value = state->value;
    if (leaf_kind(result_.type()) == LeafKind::bytes) value.bytes = arena.copy(value.bytes.view());
    result_.write(out, row, column, value);
    return true;
  }
  void store(const char* bytes, WireWriter& out) const override {
    const auto* state = reinterpret_cast<const State*>(bytes);
    out.fixed(static_cast<uint8_t>(state->any));
    if (state->any != 0) store_slot(rows_.argument().type, state->value, out);
  }
  bool load(WireReader& in, char* bytes, BlobPool& pool) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    state->any = in.fixed<uint8_t>();
    if (state->any != 0) state->value = load_slot(rows_.argument().type, in, pool);
    return !in.failed();
  }
  bool has_memory() const override { return leaf_kind(rows_.argument().type) == LeafKind::bytes; }
  void end(char* bytes, BlobPool& pool) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    if (state->any != 0 && has_memory()) pool.release_later(state->value.bytes);
  }

 private:
  struct State {
    Slot value;
    uint64_t any;
    uint64_t unused;
  };
  void add_value(const Slot& value, State* state, BlobPool& pool) const {
    const Type& type = rows_.argument().type;
    if (state->any != 0 && sign_ * compare_scalar(type, value, state->value) >= 0) return;
    keep_slot(type, &state->value, state->any != 0, value, pool);
    state->any = 1;
  }
  RowChoice rows_;
  ScalarResult result_;
  int sign_;
};

class ChosenRow : public EachState<ChosenRow> {
 public:
  ChosenRow(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row),
        by_(row, spec.by),
        field_column_(leaf_offset(row, spec.argument)),
        leaves_(flatten(row[spec.argument].type)),
        stored_({row[spec.argument]}),
        result_leaves_(flatten(spec.type)) {
    latest_ = spec.kind == AggregateSpec::Kind::last;
    by_sign_ = spec.kind == AggregateSpec::Kind::last || spec.kind == AggregateSpec::Kind::arg_max ? -1 : 1;
    // An optional result of an argument that is never null has a presence leaf of its own in front.
    adds_presence_ = is_optional(spec.type) && !is_optional(row[spec.argument].type);
    BRAID_CHECK(result_leaves_.size() == leaves_.size() + (adds_presence_ ? 1 : 0),
                "the result of first, last or arg_ is not of its argument's type");
  }
  size_t size() const override { return sizeof(State); }
  size_t alignment() const override { return alignof(State); }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    Block values = stored_.target(block, field_column_);
    for (size_t i = 0; i < rows.size(); ++i) {
      uint32_t row = rows[i];
      if (!rows_.passes(block, row) || (by_.column >= 0 && !by_.present(block, row))) continue;
      auto* state = reinterpret_cast<State*>(states[i] + offset);
      State candidate{};
      const Record& record = block.record_of(row);
      candidate.time = block.time[row];
      candidate.source = record.source;
      candidate.partition = record.partition;
      candidate.position = record.position;
      if (by_.column >= 0) candidate.by = canonical(by_.type, read_slot(block.columns[by_.column], row));
      const std::string_view pair = pair_place(record);
      if (state->any != 0 && !wins(candidate, pair, *state)) continue;
      if (by_.column >= 0) {
        Slot by = state->by;
        keep_slot(by_.type, &by, state->any != 0, candidate.by, pool);
        candidate.by = by;
      }
      if (state->any != 0) pool.release_later(state->row);
      scratch_.clear();
      stored_.append(values, row, scratch_);
      scratch_.append(pair);
      candidate.row = pool.copy(scratch_);
      candidate.pair = static_cast<uint32_t>(pair.size());
      candidate.any = 1;
      *state = candidate;
    }
  }
  void merge(const char* from, char* into, BlobPool& pool) const override {
    const auto* other = reinterpret_cast<const State*>(from);
    auto* state = reinterpret_cast<State*>(into);
    if (other->any == 0 || (state->any != 0 && !wins(*other, other->met(), *state))) return;
    State winner = *other;
    if (by_.column >= 0) {
      winner.by = state->by;
      keep_slot(by_.type, &winner.by, state->any != 0, other->by, pool);
    }
    if (state->any != 0) pool.release_later(state->row);
    winner.row = pool.copy(other->row.view());
    *state = winner;
  }
  bool read_one(const char* bytes, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const auto* state = reinterpret_cast<const State*>(bytes);
    if (state->any == 0) {
      for (size_t i = 0; i < result_leaves_.size(); ++i) write_slot(out.columns[column + i], row, slot_i128(0));
      return true;
    }
    if (adds_presence_) out.columns[column++].as<uint8_t>()[row] = 1;
    stored_.read(arena.copy(state->content()), stored_.target(out, column), row, arena);
    return true;
  }
  void store(const char* bytes, WireWriter& out) const override {
    const auto* state = reinterpret_cast<const State*>(bytes);
    out.fixed(static_cast<uint8_t>(state->any == 0 ? 0 : state->pair == 0 ? kChosen : kChosenPair));
    if (state->any == 0) return;
    out.fixed(state->time);
    out.fixed(state->source);
    out.fixed(state->partition);
    out.fixed(state->position);
    if (state->pair != 0) out.text(state->met());
    if (by_.column >= 0) store_slot(by_.type, state->by, out);
    out.text(state->content());
  }
  bool load(WireReader& in, char* bytes, BlobPool& pool) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    const auto form = in.fixed<uint8_t>();
    if (form == 0) return !in.failed();
    state->any = 1;
    state->time = in.fixed<int64_t>();
    state->source = in.fixed<uint32_t>();
    state->partition = in.fixed<uint32_t>();
    state->position = in.fixed<int64_t>();
    const std::string_view met = form == kChosenPair ? in.text() : std::string_view();
    if (by_.column >= 0) state->by = load_slot(by_.type, in, pool);
    const std::string_view row = in.text();
    scratch_.assign(row).append(met);
    state->pair = static_cast<uint32_t>(met.size());
    state->row = pool.copy(scratch_);
    return !in.failed() && (form == kChosen || form == kChosenPair) && stored_.fits(row);
  }
  bool has_memory() const override { return true; }
  void end(char* bytes, BlobPool& pool) const override {
    auto* state = reinterpret_cast<State*>(bytes);
    if (state->any == 0) return;
    pool.release_later(state->row);
    if (by_.column >= 0 && leaf_kind(by_.type) == LeafKind::bytes) pool.release_later(state->by.bytes);
  }

 private:
  struct State {
    Slot by;
    int64_t time;
    int64_t position;
    uint32_t source, partition;
    Bytes row;      ///< the row, and behind it the right rows that it has met (data/pair_place.h)
    uint32_t any;   ///< 0: it has taken no row, or 1
    uint32_t pair;  ///< size of the latter
    std::string_view content() const { return row.view().substr(0, row.size - pair); }
    std::string_view met() const { return row.view().substr(row.size - pair); }
  };
  /// `met`: of the candidate, whose row need not be there yet.
  bool wins(const State& candidate, std::string_view met, const State& kept) const {
    if (by_.column >= 0) {
      int order = by_sign_ * compare_scalar(by_.type, candidate.by, kept.by);
      if (order != 0) return order < 0;
    }
    auto place = [](const State& state, std::string_view pair) {
      return std::tuple(state.time, state.source, state.partition, state.position, pair);
    };
    // Of rows that one record gave, which come in their order, the last is the latest.
    return latest_ ? place(candidate, met) >= place(kept, kept.met()) : place(candidate, met) < place(kept, kept.met());
  }

  RowChoice rows_;
  ArgumentColumn by_;
  size_t field_column_;
  std::vector<Leaf> leaves_;
  StoredRows stored_;
  mutable std::string scratch_;
  std::vector<Leaf> result_leaves_;
  bool latest_ = false;
  bool adds_presence_ = false;
  int by_sign_ = 1;
};

}  // namespace

template <bool kLeast>
std::unique_ptr<Accumulator> make_extreme_of(const AggregateSpec& spec, const std::vector<Field>& row) {
  switch (leaf_kind(without_optional(row[spec.argument].type))) {
    case LeafKind::u8:
      return std::make_unique<NarrowExtreme<uint8_t, kLeast>>(spec, row);
    case LeafKind::i32:
      return std::make_unique<NarrowExtreme<int32_t, kLeast>>(spec, row);
    case LeafKind::i64:
      return std::make_unique<NarrowExtreme<int64_t, kLeast>>(spec, row);
    case LeafKind::f64:
      return std::make_unique<NarrowExtreme<double, kLeast>>(spec, row);
    case LeafKind::i128:
    case LeafKind::bytes:
    case LeafKind::list:
      break;
  }
  return std::make_unique<Extreme>(spec, row);
}

std::unique_ptr<Accumulator> make_extreme(const AggregateSpec& spec, const std::vector<Field>& row) {
  return spec.kind == AggregateSpec::Kind::minimum ? make_extreme_of<true>(spec, row)
                                                   : make_extreme_of<false>(spec, row);
}

std::unique_ptr<Accumulator> make_chosen_row(const AggregateSpec& spec, const std::vector<Field>& row) {
  return std::make_unique<ChosenRow>(spec, row);
}

}  // namespace braid
