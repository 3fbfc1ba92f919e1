// Which rows an aggregate takes and where its result goes: shared by all accumulators.
#pragma once

#include "runtime/base/check.h"
#include "runtime/operators/accumulators.h"

namespace braid {

/// A field of the input row, with its presence leaf if it is optional.
struct ArgumentColumn {
  int column = -1;    ///< of the value's first leaf; −1: no such argument
  int presence = -1;  ///< −1: never absent
  Type type;          ///< without optional

  ArgumentColumn() = default;
  ArgumentColumn(const std::vector<Field>& row, int field) {
    if (field < 0) return;
    column = static_cast<int>(leaf_offset(row, field));
    if (is_optional(row[field].type)) presence = column++;
    type = without_optional(row[field].type);
  }
  bool present(const Block& block, uint32_t row) const {
    return presence < 0 || block.columns[presence].as<uint8_t>()[row] != 0;
  }
};

class RowChoice {
 public:
  RowChoice(const AggregateSpec& spec, const std::vector<Field>& row)
      : argument_(row, spec.argument), filter_(row, spec.filter) {}
  /// The filter keeps the row and the argument is not null.
  /// Without a jump that depends on the row: what a filter keeps cannot be foretold.
  bool takes(const Block& block, uint32_t row) const {
    return (int{passes(block, row)} & int{argument_.present(block, row)}) != 0;
  }
  bool passes(const Block& block, uint32_t row) const {
    if (filter_.column < 0) return true;
    bool keeps = block.columns[filter_.column].as<uint8_t>()[row] != 0;
    return (int{keeps} & int{filter_.present(block, row)}) != 0;
  }
  /// `take(i)` for each rows[i] that is taken.
  template <class Take>
  void each(const Block& block, std::span<const uint32_t> rows, Take take) const {
    if (takes_all()) {
      for (size_t i = 0; i < rows.size(); ++i) take(i);
    } else {
      for (size_t i = 0; i < rows.size(); ++i)
        if (takes(block, rows[i])) take(i);
    }
  }
  bool takes_all() const { return filter_.column < 0 && argument_.presence < 0; }
  const ArgumentColumn& argument() const { return argument_; }

 private:
  ArgumentColumn argument_, filter_;
};

/// Reads one state after the other with `bool Derived::read_one(const char*, Block&, uint32_t, uint32_t, Arena&)`.
template <class Derived>
class EachState : public Accumulator {
 public:
  void read(std::span<const char* const> states, size_t offset, Block& out, uint32_t column, Arena& arena,
            uint8_t* misfits) const final {
    const auto& self = static_cast<const Derived&>(*this);
    for (uint32_t row = 0; row < states.size(); ++row)
      if (!self.read_one(states[row] + offset, out, row, column, arena)) misfits[row] = 1;
  }
};

/// Rows are counted in, and out again, by `void Derived::count(block, rows, states, offset, by, pool)`, where `by` is
/// how often each row counts.
template <class Derived>
class CountingState : public EachState<Derived> {
 public:
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const final {
    static_cast<const Derived&>(*this).count(block, rows, states, offset, 1, pool);
  }
  bool subtracts() const override { return true; }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool& pool) const final {
    static_cast<const Derived&>(*this).count(block, rows, states, offset, -1, pool);
  }
};

/// Result column(s): the presence leaf of an optional type, then one scalar.
class ScalarResult {
 public:
  explicit ScalarResult(const Type& type) : optional_(is_optional(type)), type_(without_optional(type)) {}
  const Type& type() const { return type_; }
  void write(Block& out, uint32_t row, uint32_t column, const Slot& value) const {
    if (optional_) out.columns[column++].as<uint8_t>()[row] = 1;
    write_slot(out.columns[column], row, value);
  }
  void write_none(Block& out, uint32_t row, uint32_t column) const {
    if (optional_) out.columns[column++].as<uint8_t>()[row] = 0;
    write_slot(out.columns[column], row, slot_i128(0));
  }
  /// A whole number as the result type stores it; false if it does not fit.
  bool write_integer(Block& out, uint32_t row, uint32_t column, int128 value) const;

 private:
  bool optional_;
  Type type_;
};

/// `items`: as many slots for each element as it has leaves, one element behind the other; the arena's.
inline void write_list(Block& out, uint32_t row, uint32_t column, const Slot* items, uint64_t count) {
  Slot slot = slot_i128(0);
  slot.list = {items, count};
  write_slot(out.columns[column], row, slot);
}

/// Whether it goes over the different values of a group's rows, or over all of them in their order.
bool keeps_values(AggregateSpec::Kind kind);
/// What can be told from sums of values, of squares and of products.
bool is_of_moments(AggregateSpec::Kind kind);
bool is_sketch(AggregateSpec::Kind kind);

std::unique_ptr<Accumulator> make_sum(const AggregateSpec& spec, const std::vector<Field>& row);
std::unique_ptr<Accumulator> make_extreme(const AggregateSpec& spec, const std::vector<Field>& row);
std::unique_ptr<Accumulator> make_counted_rows(const AggregateSpec& spec, const std::vector<Field>& row);
/// any, every, the bits of whole numbers, histogram. `takes_out`: rows are taken out again.
std::unique_ptr<Accumulator> make_flags_or_bits(const AggregateSpec& spec, const std::vector<Field>& row,
                                                bool takes_out);
std::unique_ptr<Accumulator> make_histogram(const AggregateSpec& spec, const std::vector<Field>& row);
std::unique_ptr<Accumulator> make_moments(const AggregateSpec& spec, const std::vector<Field>& row);
/// `takes_out`: rows of a table, which have no order of their own.
std::unique_ptr<Accumulator> make_kept_values(const AggregateSpec& spec, const std::vector<Field>& row, bool takes_out);
/// collect and string_agg of rows that come in order and go in the same order; their states are not stored.
std::unique_ptr<Accumulator> make_passing_rows(const AggregateSpec& spec, const std::vector<Field>& row);
std::unique_ptr<Accumulator> make_sketch(const AggregateSpec& spec, const std::vector<Field>& row);
/// Of those, how often values occur.
std::unique_ptr<Accumulator> make_count_sketch(const AggregateSpec& spec, const std::vector<Field>& row);
/// How a state of first, last, arg_min or arg_max that has a row is stored begins with one of these, else with 0.
inline constexpr uint8_t kChosen = 1;
inline constexpr uint8_t kChosenPair =
    2;  ///< and what right rows it has met (data/pair_place.h) stands behind its place
std::unique_ptr<Accumulator> make_chosen_row(const AggregateSpec& spec, const std::vector<Field>& row);

}  // namespace braid
