#include "runtime/operators/running_choices.h"

#include <deque>
#include <string>

#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

using Kind = AggregateSpec::Kind;

class NextChoices : public EachState<NextChoices> {
 public:
  NextChoices(const AggregateSpec& spec, const std::vector<Field>& row)
      : rows_(spec, row),
        by_(row, spec.by),
        field_column_(leaf_offset(row, spec.argument)),
        stored_({row[spec.argument]}),
        argument_(row[spec.argument].type),
        result_leaves_(flatten(spec.type)) {
    extreme_ = spec.kind == Kind::minimum || spec.kind == Kind::maximum;
    if (extreme_) by_ = rows_.argument();
    greatest_ = spec.kind == Kind::maximum || spec.kind == Kind::arg_max || spec.kind == Kind::last;
    newest_ = spec.kind == Kind::last;
    adds_presence_ = is_optional(spec.type) && !is_optional(argument_);
  }

  size_t size() const override { return sizeof(Choices*); }
  bool subtracts() const override { return true; }
  bool has_memory() const override { return true; }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    const Block values = stored_.target(block, field_column_);
    for (size_t i = 0; i < rows.size(); ++i) {
      Choices*& choices = choices_of(states[i] + offset);
      if (choices == nullptr) choices = new Choices;
      const uint64_t number = choices->came++;
      if (!rows_.passes(block, rows[i]) || (by_.column >= 0 && !by_.present(block, rows[i]))) continue;
      Choice made{number, {}, {}};
      if (by_.column >= 0) append_order(by_.type, read_slot(block.columns[by_.column], rows[i]), made.order);
      while (!choices->next.empty() && beats(made.order, choices->next.back().order)) {
        pool.charge(-bytes_of(choices->next.back()));
        choices->next.pop_back();
      }
      stored_.append(values, rows[i], made.row);
      pool.charge(bytes_of(made));
      choices->next.push_back(std::move(made));
    }
  }
  void take_out(const Block&, std::span<const uint32_t> rows, char* const* states, size_t offset,
                BlobPool& pool) const override {
    for (size_t i = 0; i < rows.size(); ++i) {
      Choices& choices = *choices_of(states[i] + offset);
      const uint64_t number = choices.went++;
      if (choices.next.empty() || choices.next.front().number != number) continue;
      pool.charge(-bytes_of(choices.next.front()));
      choices.next.pop_front();
    }
  }
  bool read_one(const char* state, Block& out, uint32_t row, uint32_t column, Arena& arena) const {
    const Choices* choices = *reinterpret_cast<Choices* const*>(state);
    if (choices == nullptr || choices->next.empty()) {
      for (size_t i = 0; i < result_leaves_.size(); ++i) write_slot(out.columns[column + i], row, slot_i128(0));
      return true;
    }
    if (adds_presence_) out.columns[column++].as<uint8_t>()[row] = 1;
    stored_.read(arena.copy(choices->next.front().row), stored_.target(out, column), row, arena);
    // Of an extreme, zero has one sign and NaN one form.
    const uint32_t value = column + (is_optional(argument_) ? 1 : 0);
    if (extreme_ && is(without_optional(argument_), TypeKind::floating)) {
      double& number = out.columns[value].as<double>()[row];
      number = number == 0 ? 0 : number != number ? __builtin_nan("") : number;
    }
    return true;
  }
  void merge(const char*, char*, BlobPool&) const override { BRAID_UNREACHABLE("running rows are not merged"); }
  void store(const char*, WireWriter&) const override {}
  bool load(WireReader&, char*, BlobPool&) const override { return true; }
  void end(char* state, BlobPool& pool) const override {
    Choices*& choices = choices_of(state);
    if (choices == nullptr) return;
    for (const Choice& each : choices->next) pool.charge(-bytes_of(each));
    delete choices;
    choices = nullptr;
  }

 private:
  struct Choice {
    uint64_t number;
    std::string order;
    std::string row;
  };
  struct Choices {
    std::deque<Choice> next;
    uint64_t came = 0, went = 0;  ///< rows
  };
  static Choices*& choices_of(char* state) { return *reinterpret_cast<Choices**>(state); }
  static int64_t bytes_of(const Choice& choice) {
    return static_cast<int64_t>(sizeof(Choice) + choice.order.size() + choice.row.size());
  }
  /// Of equal ones the older is chosen, with `last` the newer.
  bool beats(const std::string& newer, const std::string& older) const {
    const int order = newer.compare(older);
    if (order == 0) return newest_;
    return greatest_ ? order > 0 : order < 0;
  }

  RowChoice rows_;
  ArgumentColumn by_;
  size_t field_column_;
  StoredRows stored_;
  Type argument_;
  std::vector<Leaf> result_leaves_;
  bool extreme_ = false, greatest_ = false, newest_ = false;
  bool adds_presence_ = false;
};

}  // namespace

std::unique_ptr<Accumulator> make_accumulator_in_order(const AggregateSpec& spec, const std::vector<Field>& row) {
  switch (spec.kind) {
    case Kind::minimum:
    case Kind::maximum:
    case Kind::first:
    case Kind::last:
    case Kind::arg_min:
    case Kind::arg_max:
      return std::make_unique<NextChoices>(spec, row);
    case Kind::collect:
    case Kind::string_agg:
      return make_passing_rows(spec, row);
    default:
      return make_accumulator(spec, row, /*takes_out=*/true);
  }
}

}  // namespace braid
