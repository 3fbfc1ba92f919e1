// Aggregates of which rows can be taken out again, though what they come to depends on all rows: min, max, arg_min,
// arg_max and count_distinct over a table. Each keeps the different values that its rows have, in their order, with how
// many rows have each. Ties of arg_min and arg_max go to the least value by its bytes: rows of a table have no order.
//
// In the store a set is a list of parts: what each commit has changed (value, how many more or fewer). Once they hold
// much more than the set, it is written whole, as one part.
#include <map>
#include <string>
#include <tuple>

#include "runtime/data/key_bytes.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

class CountedRows : public EachState<CountedRows> {
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
  }

  size_t size() const override { return sizeof(Set*); }
  bool subtracts() const override { return true; }
  bool has_memory() const override { return true; }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    count(block, rows, states, offset, 1, pool);
  }
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool& pool) const override {
    count(block, rows, states, offset, -1, pool);
  }
  void merge(const char*, char*, BlobPool&) const override { BRAID_UNREACHABLE("groups of a table are not merged"); }

  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const Set* set = set_of(state);
    if (kind_ == AggregateSpec::Kind::count_distinct)
      return result_.write_integer(out, row, column, set == nullptr ? 0 : static_cast<int64_t>(set->values.size()));
    if (set == nullptr || set->values.empty()) {
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
  void store(const char*, WireWriter&) const override {}
  bool load(WireReader&, char*, BlobPool&) const override { return true; }

  bool has_parts() const override { return true; }
  Parts& parts(char* state) const override {
    Set*& set = set_of(state);
    if (set == nullptr) set = new Set;
    return set->parts;
  }
  void take_news(char* state, const PutPart& put) const override {
    Set* set = set_of(state);
    if (set == nullptr || set->news.empty()) return;
    constexpr uint64_t kFew = 64;
    set->written += set->news.size();
    const bool whole = set->written > 2 * set->values.size() + kFew;
    WireWriter out;
    const uint32_t before = set->parts.stored;
    if (whole) {
      for (const auto& [value, rows] : set->values) append(value, rows, out);
      set->written = set->values.size();
      set->parts.stored = 0;
    } else {
      for (const auto& [value, rows] : set->news) append(value, rows, out);
    }
    put(set->parts.stored++, out.bytes());
    for (uint32_t part = set->parts.stored; part < before; ++part) put(part, std::nullopt);
    set->parts.read = set->parts.stored;
    set->news.clear();
  }
  bool load_part(std::string_view bytes, char* state, BlobPool& pool) const override {
    parts(state);
    Set& set = *set_of(state);
    ++set.parts.read;
    WireReader in(bytes);
    while (!in.failed() && !in.at_end()) {
      const std::string_view order = in.text(), row = in.text();
      const auto rows = in.fixed<int64_t>();
      const bool sound = kind_ == AggregateSpec::Kind::count_distinct ? row.empty() : stored_.fits(row);
      if (in.failed() || !sound) return false;
      change(set.values, {std::string(order), std::string(row)}, rows, &pool);
      ++set.written;
    }
    return !in.failed();
  }
  void end(char* state, BlobPool& pool) const override {
    Set* set = set_of(state);
    if (set == nullptr) return;
    for (const auto& [value, rows] : set->values) pool.charge(-bytes_of(value));
    delete set;
    set_of(state) = nullptr;
  }

 private:
  /// In what order a value stands, and the value, as a stored row.
  using Value = std::pair<std::string, std::string>;
  using Counts = std::map<Value, int64_t>;
  struct Set {
    Counts values;
    Counts news;  ///< changes since the last commit
    Parts parts{0, 0};
    uint64_t written = 0;  ///< changes that the parts hold
  };

  static Set* set_of(const char* state) { return *reinterpret_cast<Set* const*>(state); }
  static Set*& set_of(char* state) { return *reinterpret_cast<Set**>(state); }
  static int64_t bytes_of(const Value& value) {
    constexpr int64_t kNode = 112;
    return kNode + static_cast<int64_t>(value.first.size() + value.second.size());
  }
  static void append(const Value& value, int64_t rows, WireWriter& out) {
    out.text(value.first);
    out.text(value.second);
    out.fixed(rows);
  }
  /// `pool`: charged for what the set holds.
  static void change(Counts& counts, const Value& value, int64_t rows, BlobPool* pool) {
    const auto [place, fresh] = counts.try_emplace(value, 0);
    if (fresh && pool != nullptr) pool->charge(bytes_of(value));
    place->second += rows;
    if (place->second != 0) return;
    if (pool != nullptr) pool->charge(-bytes_of(value));
    counts.erase(place);
  }
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
      } else {
        const ArgumentColumn& ordered = extreme ? rows_.argument() : by_;
        append_order(ordered.type, read_slot(block.columns[ordered.column], row), value.first);
      }
      if (!distinct) stored_.append(values, row, value.second);
      parts(states[i] + offset);
      Set& set = *set_of(states[i] + offset);
      change(set.values, value, by, &pool);
      change(set.news, value, by, nullptr);
    }
  }
  const Value& chosen(const Set& set) const {
    const bool least = kind_ == AggregateSpec::Kind::minimum || kind_ == AggregateSpec::Kind::arg_min;
    if (least) return set.values.begin()->first;
    const std::string& order = set.values.rbegin()->first.first;
    return set.values.lower_bound({order, {}})->first;
  }

  AggregateSpec::Kind kind_;
  RowChoice rows_;
  ArgumentColumn by_;
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
