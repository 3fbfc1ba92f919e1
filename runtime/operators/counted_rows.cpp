// Aggregates of which rows can be taken out again, though what they come to depends on all rows: min, max, arg_min,
// arg_max and count_distinct over a table. Each keeps the different values that its rows have, in their order, with how
// many rows have each. Ties of arg_min and arg_max go to the least value by its bytes: rows of a table have no order.
// They may go by a struct, whose fields count one after the other.
#include <string>

#include "runtime/data/key_bytes.h"
#include "runtime/operators/counted_set.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

class CountedRows : public OfCountedSet<CountedRows> {
 public:
  CountedRows(const AggregateSpec& spec, const std::vector<Field>& row)
      : kind_(spec.kind),
        rows_(spec, row),
        by_(row, spec.by),
        field_column_(leaf_offset(row, spec.argument)),
        stored_({row[spec.argument]}),
        argument_(row[spec.argument].type),
        result_(spec.type),
        result_leaves_(flatten(spec.type)) {
    adds_presence_ = is_optional(spec.type) && !is_optional(argument_);
    if (by_.column >= 0 && is(by_.type, TypeKind::structure)) by_parts_ = flatten(by_.type);
  }

  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const CountedSet* set = set_at(state);
    if (kind_ == AggregateSpec::Kind::count_distinct)
      return result_.write_integer(out, row, column, set == nullptr ? 0 : static_cast<int64_t>(set->values().size()));
    if (set == nullptr || set->values().empty()) {
      for (size_t i = 0; i < result_leaves_.size(); ++i) write_slot(out.columns[column + i], row, slot_i128(0));
      return true;
    }
    if (adds_presence_) out.columns[column++].as<uint8_t>()[row] = 1;
    stored_.read(arena.copy(chosen(*set).second), stored_.target(out, column), row, arena);
    // Of an extreme, zero has one sign and NaN one form.
    const uint32_t value = column + (is_optional(argument_) ? 1 : 0);
    if (by_.column < 0 && is(without_optional(argument_), TypeKind::floating)) {
      double& number = out.columns[value].as<double>()[row];
      number = number == 0 ? 0 : number != number ? __builtin_nan("") : number;
    }
    return true;
  }
  bool sound(const CountedSet::Value& value) const {
    return kind_ == AggregateSpec::Kind::count_distinct ? value.second.empty() : stored_.fits(value.second);
  }

 private:
  friend class CountingState<CountedRows>;
  using Value = CountedSet::Value;

  void count(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset, int64_t by,
             BlobPool& pool) const {
    const Block values = stored_.target(block, field_column_);
    const bool distinct = kind_ == AggregateSpec::Kind::count_distinct;
    std::vector<Slot> slots(stored_.leaf_count());
    Value value;
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint32_t row = rows[i];
      if (!rows_.passes(block, row) || (by_.column >= 0 && !by_.present(block, row))) continue;
      const bool extreme = !distinct && by_.column < 0;
      if (extreme && !rows_.argument().present(block, row)) continue;
      value.first.clear();
      value.second.clear();
      if (distinct) {
        // Equal values have one form: that of keys.
        for (size_t leaf = 0; leaf < slots.size(); ++leaf)
          slots[leaf] = read_slot(block.columns[field_column_ + leaf], row);
        append_key_bytes(argument_, slots.data(), value.first);
      } else if (!by_parts_.empty()) {
        for (size_t part = 0; part < by_parts_.size(); ++part)
          append_closed_order(by_parts_[part].type, read_slot(block.columns[by_.column + part], row), value.first);
      } else {
        const ArgumentColumn& ordered = extreme ? rows_.argument() : by_;
        append_order(ordered.type, read_slot(block.columns[ordered.column], row), value.first);
      }
      if (!distinct) stored_.append(values, row, value.second);
      of(states[i] + offset).change(value, by, true, pool);
    }
  }
  const Value& chosen(const CountedSet& set) const {
    const bool least = kind_ == AggregateSpec::Kind::minimum || kind_ == AggregateSpec::Kind::arg_min;
    if (least) return set.values().begin()->first;
    const std::string& order = set.values().rbegin()->first.first;
    return set.values().lower_bound({order, {}})->first;
  }

  AggregateSpec::Kind kind_;
  RowChoice rows_;
  ArgumentColumn by_;
  std::vector<Leaf> by_parts_;  ///< of a struct
  size_t field_column_;
  StoredRows stored_;
  Type argument_;
  ScalarResult result_;
  std::vector<Leaf> result_leaves_;
  bool adds_presence_ = false;
};

}  // namespace

std::unique_ptr<Accumulator> make_counted_rows(const AggregateSpec& spec, const std::vector<Field>& row) {
  return std::make_unique<CountedRows>(spec, row);
}

}  // namespace braid
