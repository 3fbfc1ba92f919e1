#include "serve/odata/grouping.h"

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"

namespace braid::serve::odata {
namespace {

constexpr const char* kTooManyGroups = "there are more than 100000 groups; filter the rows, or group by less";
constexpr const char* kTooMuch = "what the request keeps of rows is more than 64 MB; filter the rows, or group by less";
constexpr const char* kTooLarge = "a sum has more than 38 digits";
/// Beside the bytes of a value: what a tree needs for it.
constexpr size_t kOverhead = 96;

/// A scalar as the leaf of a field of its kind; decimals have the field's scale.
Slot leaf_of(const Datum& value, const Type& type) {
  switch (leaf_kind(type)) {
    case LeafKind::u8:
      return slot_u8(value.number != 0);
    case LeafKind::i32: {
      Slot slot = slot_i128(0);
      slot.i32 = static_cast<int32_t>(value.number);
      return slot;
    }
    case LeafKind::i64:
      return slot_i64(static_cast<int64_t>(value.number));
    case LeafKind::i128:
      return slot_i128(value.number);
    case LeafKind::f64:
      return slot_f64(value.real);
    case LeafKind::bytes:
      return slot_bytes(value.text);
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("a list is not aggregated");
}

}  // namespace

void put_value(const FieldPlace& to, const Slot* value, size_t leaves, Slot* slots) {
  Slot* at = slots + to.leaf;
  for (const size_t presence : to.presences) slots[presence] = slot_u8(true);
  if (is_optional(to.own)) *at++ = slot_u8(value != nullptr);
  for (size_t i = 0; i < leaves; ++i) at[i] = value == nullptr ? slot_i128(0) : value[i];
}

Grouping::Grouping(const Stage& stage)
    : stage_(stage), layout_(std::make_shared<RowLayout>(stage.gives.row, ViewLayout::kRowLayout)) {
  // Without groups there is one row, also of no rows at all.
  if (stage.by.empty()) {
    Group& all = groups_[""];
    all.tallies.resize(stage.aggregates.size());
    std::vector<Slot> slots(layout_->leaves(), slot_i128(0));
    layout_->encode(slots.data(), all.row);
  }
}

bool Grouping::keep(size_t bytes) {
  kept_ += bytes;
  return kept_ <= kMostKept || fails(kTooMuch);
}

bool Grouping::add(const RowOf& row) {
  key_.clear();
  for (const Resolved& each : stage_.by) append_field(each.place, row.slots, key_);
  auto found = groups_.find(key_);
  if (found == groups_.end()) {
    if (groups_.size() == kMostGroups) return fails(kTooManyGroups);
    Group made;
    std::vector<Slot> slots(layout_->leaves(), slot_i128(0));
    for (size_t i = 0; i < stage_.by.size(); ++i) {
      const FieldPlace& from = stage_.by[i].place;
      const Slot* value = row.slots + from.leaf;
      if (is_optional(from.own)) value = value->u8 == 0 ? nullptr : value + 1;
      for (const size_t presence : from.presences)
        if (row.slots[presence].u8 == 0) value = nullptr;
      put_value(stage_.by_places[i], value, leaf_count(stage_.by[i].type()), slots.data());
    }
    layout_->encode(slots.data(), made.row);
    made.tallies.resize(stage_.aggregates.size());
    if (!keep(key_.size() + made.row.size() + made.tallies.size() * sizeof(Tally) + kOverhead)) return false;
    found = groups_.emplace(key_, std::move(made)).first;
  }
  for (size_t i = 0; i < stage_.aggregates.size(); ++i) {
    const Aggregate& aggregate = stage_.aggregates[i];
    Tally& tally = found->second.tallies[i];
    if (aggregate.of == nullptr) {
      ++tally.count;
      continue;
    }
    const Datum value = evaluator_.value(*aggregate.of, row);
    if (evaluator_.fault() != nullptr) return fails(evaluator_.fault());
    if (!value.is_null() && !count(aggregate, value, tally)) return false;
  }
  evaluator_.reset();
  return true;
}

bool Grouping::count(const Aggregate& aggregate, const Datum& value, Tally& tally) {
  ++tally.count;
  switch (aggregate.method) {
    case Aggregate::Method::count:
      return true;
    case Aggregate::Method::countdistinct: {
      std::string bytes;
      append_sort_bytes(value, bytes);
      const size_t size = bytes.size();
      return !tally.distinct.insert(std::move(bytes)).second || keep(size + kOverhead);
    }
    case Aggregate::Method::sum:
    case Aggregate::Method::average:
      if (value.kind == Kind::floating) {
        if (!tally.reals) {
          tally.reals = std::make_unique<ExactSum>();
          exact_sum_clear(tally.reals.get());
          if (!keep(sizeof(ExactSum))) return false;
        }
        exact_sum_add(tally.reals.get(), value.real);
        return true;
      }
      return decimal_add(tally.sum, value.number, &tally.sum) || fails(kTooLarge);
    case Aggregate::Method::min:
    case Aggregate::Method::max: {
      Datum most = tally.most;
      most.text = tally.text;
      const std::optional<int> order = tally.count == 1 ? std::nullopt : compare(value, most);
      const bool is_min = aggregate.method == Aggregate::Method::min;
      // A NaN gives way to numbers.
      const bool no_order = tally.count == 1 || (value.kind == Kind::floating && tally.most.real != tally.most.real);
      if (!no_order && (!order || (is_min ? *order >= 0 : *order <= 0))) return true;
      if (!keep(value.text.size() > tally.text.size() ? value.text.size() - tally.text.size() : 0)) return false;
      tally.text = value.text;
      tally.most = value;
      tally.most.text = {};
      return true;
    }
  }
  BRAID_UNREACHABLE("a method");
}

bool Grouping::write(const Aggregate& aggregate, const FieldPlace& place, const Tally& tally, Slot* slots) {
  const Type& type = without_optional(place.own);
  Datum value;
  switch (aggregate.method) {
    case Aggregate::Method::count:
      value = integer_datum(tally.count);
      break;
    case Aggregate::Method::countdistinct:
      value = integer_datum(static_cast<int64_t>(tally.distinct.size()));
      break;
    case Aggregate::Method::min:
    case Aggregate::Method::max:
      value = tally.most;
      if (tally.count > 0) value.text = tally.text;
      break;
    case Aggregate::Method::sum:
    case Aggregate::Method::average: {
      if (tally.count == 0) break;
      const auto rows = static_cast<uint64_t>(tally.count);
      const bool is_sum = aggregate.method == Aggregate::Method::sum;
      if (tally.reals) {
        value = real_datum(is_sum ? exact_sum_read(tally.reals.get()) : exact_sum_mean(tally.reals.get(), rows));
        break;
      }
      int128 number = tally.sum;
      if (!is_sum && !decimal_divide(tally.sum, static_cast<int128>(rows), type->scale - aggregate.of->scale, &number))
        return fails("an average has more than 38 digits");
      value = decimal_datum(number, type->scale);
      break;
    }
  }
  if (value.is_null()) {
    put_value(place, nullptr, 1, slots);
    return true;
  }
  const Slot leaf = leaf_of(value, type);
  put_value(place, &leaf, 1, slots);
  return true;
}

std::optional<Table> Grouping::finish() {
  Table made{.shape = stage_.gives, .layout = layout_, .rows = {}};
  made.rows.reserve(groups_.size());
  Arena arena;
  std::vector<Slot> slots(layout_->leaves());
  for (const auto& [key, group] : groups_) {
    arena.reset();
    layout_->decode(group.row, slots.data(), arena);
    for (size_t i = 0; i < stage_.aggregates.size(); ++i)
      if (!write(stage_.aggregates[i], stage_.aggregate_places[i], group.tallies[i], slots.data())) return std::nullopt;
    layout_->encode(slots.data(), made.rows.emplace_back());
    if (!keep(made.rows.back().size())) return std::nullopt;
  }
  return made;
}

}  // namespace braid::serve::odata
