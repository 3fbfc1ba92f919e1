// Aggregates whose state is a sketch: a pointer to one, null while no row has come, stored as the sketch's bytes. Bytes
// to merge that are no sketch make the result fail.
//
// `Sketch` has merge(const Sketch&), write(std::string&), bool read(std::string_view) and memory(), in bytes.
#pragma once

#include <string>
#include <string_view>

#include "runtime/data/key_bytes.h"
#include "runtime/declare/function.h"
#include "runtime/operators/accumulator_rows.h"

namespace braid {

/// The rows of an aggregate whose argument may be of any type, and null, which is a value: by a hash of it.
class HashedRows {
 public:
  HashedRows(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row), first_column_(leaf_offset(row, spec.argument)), type_(row[spec.argument].type) {}
  /// For each rows[i] that the filter keeps `take(i, hash)`; or, where sketches are `merged`, `merge(i, bytes)` if
  /// there is one.
  void each(const Block& block, std::span<const uint32_t> rows, bool merged, auto&& merge, auto&& take) const {
    std::vector<Slot> slots(leaf_count(type_));
    std::string key;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows_.passes(block, rows[i])) continue;
      if (merged) {
        const ArgumentColumn& argument = rows_.argument();
        if (argument.present(block, rows[i])) merge(i, block.columns[argument.column].as<Bytes>()[rows[i]].view());
        continue;
      }
      for (size_t leaf = 0; leaf < slots.size(); ++leaf)
        slots[leaf] = read_slot(block.columns[first_column_ + leaf], rows[i]);
      key.clear();
      append_key_bytes(type_, slots.data(), key);
      take(i, key_hash(key));
    }
  }

 private:
  RowChoice rows_;
  size_t first_column_;
  Type type_;
};

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
  static State& state_of(char* bytes) { return *reinterpret_cast<State*>(bytes); }
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
  /// As bytes, which are the result; false: they are too many.
  static bool write_sketch(const Sketch& sketch, const ScalarResult& result, Block& out, uint32_t row, uint32_t column,
                           Arena& arena) {
    std::string bytes;
    sketch.write(bytes);
    if (bytes.size() > kLongestText) return false;
    Slot slot = slot_i128(0);
    slot.bytes = arena.copy(bytes);
    result.write(out, row, column, slot);
    return true;
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

}  // namespace braid
