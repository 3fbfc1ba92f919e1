#include "runtime/engine/row_conversion.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "runtime/abi/state_parts.h"
#include "runtime/data/arena.h"
#include "runtime/data/row_change.h"
#include "runtime/engine/operator_state.h"
#include "runtime/operators/ranked_rows.h"
#include "runtime/state/stored_rows.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

Error damaged() {
  return {ErrorKind::store, "a stored row of a step is damaged", 8002, 0};
}

/// A relation in StateForm::origins: "2 shop.sale=shop.big,shop.small".
struct Origin {
  uint32_t number = 0;
  std::string name;
  std::vector<std::string> ways;  ///< products, by their bits
};

std::vector<std::string> parts_of(std::string_view text, char between) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(between), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::vector<Origin> origins_of(const std::string& text) {
  std::vector<Origin> origins;
  for (const std::string& part : parts_of(text, ';')) {
    Origin& origin = origins.emplace_back();
    const char* const end = part.data() + part.size();
    const auto number = std::from_chars(part.data(), end, origin.number);
    std::string_view rest(number.ptr, static_cast<size_t>(end - number.ptr));
    if (!rest.empty()) rest.remove_prefix(1);
    const size_t ways = std::min(rest.find('='), rest.size());
    origin.name = rest.substr(0, ways);
    if (ways < rest.size()) origin.ways = parts_of(rest.substr(ways + 1), ',');
  }
  std::ranges::sort(origins, {}, &Origin::number);
  return origins;
}

/// A number within a value, or a key, in the order of this machine.
template <class T>
T read_at(const std::string& bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}
template <class T>
void write_at(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

/// So many fields of an input's row the step keeps, the first ones.
int kept_fields(const Program& program, const Operator& op, size_t input) {
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content); as_of != nullptr && input == 1)
    return as_of->shape.right_fields;
  if (const auto* interval = std::get_if<IntervalJoinOperator>(&op.content); interval != nullptr && input == 1)
    return interval->shape.right_fields;
  if (const auto* latest = std::get_if<LatestOperator>(&op.content)) return latest->fields;
  if (const auto* top = std::get_if<TopOperator>(&op.content)) return top->fields;
  if (const auto* instants = std::get_if<InstantsOperator>(&op.content)) return instants->fields;
  return static_cast<int>(program.operators[static_cast<size_t>(op.inputs[input])].row.size());
}

/// Rows of an input as they were into rows as they are.
class RowNarrower {
 public:
  RowNarrower(const NarrowedInput& input, const std::vector<Field>& now, int fields)
      : before_(input.before, StoredRows::kLayout), now_(first_fields(now, fields), StoredRows::kLayout) {
    for (int field = 0; field < fields; ++field) {
      const auto from = static_cast<size_t>(input.kept[static_cast<size_t>(field)]);
      const size_t first = leaf_offset(input.before, from);
      const size_t count = flatten({input.before[from]}).size();
      for (size_t leaf = first; leaf < first + count; ++leaf) leaves_.push_back(leaf);
    }
  }
  Status convert(std::string_view bytes, std::string& out) {
    if (bytes.empty()) return {};
    if (!before_.well_formed(bytes)) return damaged();
    Arena arena;
    std::vector<Slot> slots(before_.leaves()), made;
    before_.decode(bytes, slots.data(), arena);
    for (const size_t leaf : leaves_) made.push_back(slots[leaf]);
    now_.encode(made.data(), out);
    return {};
  }

 private:
  RowLayout before_, now_;
  std::vector<size_t> leaves_;  ///< of a row before, for each leaf now
};

class Converter {
 public:
  Converter(const Program& program, const RowConversion& conversion)
      : op_(program.operators[static_cast<size_t>(conversion.op)]), numbers_(conversion.numbers) {
    const auto row_of = [&](size_t input) -> const std::vector<Field>& {
      return program.operators[static_cast<size_t>(op_.inputs[input])].row;
    };
    if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op_.content))
      of_changes_ = as_of->shape.right_delete >= 0 &&
                    row_of(1)[static_cast<size_t>(as_of->shape.right_delete)].name == kRetracted;
    for (size_t input = 0; input < conversion.inputs.size(); ++input)
      narrowers_.emplace_back(conversion.inputs[input], row_of(input), kept_fields(program, op_, input));
  }

  Result<StoredPair> convert(StateFamily family, uint32_t table, std::string_view key, std::string_view value) {
    StoredPair made{std::string(key), std::string(value)};
    const Status done = visit(family, table, made);
    if (!done.ok()) return done.error();
    return made;
  }

 private:
  Status visit(StateFamily family, uint32_t table, StoredPair& row) {
    const bool timed = family == StateFamily::timed;
    if (std::holds_alternative<AsOfJoinOperator>(op_.content)) {
      // Versions of a table that is made have their places, not those of records.
      if (table == 0 && !timed) return version(row.value, !of_changes_);
      if (table == 1 && timed) return held(row.value, 0);
    } else if (std::holds_alternative<IntervalJoinOperator>(op_.content)) {
      if (table == 0 && timed) return left_of_interval(row.value);
      if (table == 1 && timed) return right_of_interval(row);
      if (table == 2 && timed) return held(row.value, 0);
    } else if (std::holds_alternative<LatestOperator>(op_.content)) {
      if (table == 0 && !timed) return newest(row.value);
    } else if (std::holds_alternative<MovesOperator>(op_.content)) {
      if (table == 0 && !timed) return version(row.value, true);
    } else if (std::holds_alternative<RetimeOperator>(op_.content)) {
      if (table == 0 && !timed) return number_at(row.key, kPointKeyHead - sizeof(uint32_t));
    } else if (const auto* top = std::get_if<TopOperator>(&op_.content)) {
      if (top->group.retracted >= 0) return {};  // rows of tables have no place
      if (top->group.windowed && table == 0 && timed) return ranked(row.value, sizeof(uint64_t));
      if (!top->group.windowed && table == 0 && !timed) return ranked(row.value, first_ranked(top->group));
      if (!top->group.windowed && table == 1 && !timed) return ranked(row.value, 0);
    } else if (table == 0 && timed) {
      return held(row.value, 0);  // rows that wait for time
    }
    return {};
  }

  Status number_at(std::string& bytes, size_t at) const {
    if (bytes.size() < at + sizeof(uint32_t)) return damaged();
    write_at(bytes, at, numbers_.of(read_at<uint32_t>(bytes, at)));
    return {};
  }

  /// append_held_value()
  Status held(std::string& value, size_t input) {
    constexpr size_t kSource = 32, kSettled = 52, kRecord = 60;
    if (value.size() < kRecord) return damaged();
    const auto source = read_at<uint32_t>(value, kSource);
    write_at(value, kSettled, numbers_.settled(source, read_at<uint64_t>(value, kSettled)));
    write_at(value, kSource, numbers_.of(source));
    if (narrowers_.empty()) return {};
    WireReader in(std::string_view(value).substr(kRecord));
    const std::string_view bytes = in.text();
    if (in.failed()) return damaged();
    return row_behind(value, kRecord + sizeof(uint32_t) + bytes.size(), narrowers_[input]);
  }

  /// Versions::copy()
  Status version(std::string& value, bool numbered) {
    constexpr size_t kSource = 8, kRow = 25;
    if (value.size() < kRow) return damaged();
    if (numbered) BRAID_TRY(number_at(value, kSource));
    return narrowers_.empty() ? Status() : row_behind(value, kRow, narrowers_.back());
  }

  Status newest(std::string& value) {
    constexpr size_t kSource = 16, kRow = 25;
    if (value.size() < kRow) return damaged();
    BRAID_TRY(number_at(value, kSource));
    return narrowers_.empty() ? Status() : row_behind(value, kRow, narrowers_.front());
  }

  /// The row is the text at that place, with what follows it.
  static Status row_behind(std::string& value, size_t at, RowNarrower& narrower) {
    WireReader in(std::string_view(value).substr(at));
    WireWriter out;
    out.bytes() = value.substr(0, at);
    std::string row;
    BRAID_TRY(narrower.convert(in.text(), row));
    if (in.failed()) return damaged();
    out.text(row);
    out.bytes() += in.rest();
    value = out.take();
    return {};
  }

  /// matched | key | held row
  Status left_of_interval(std::string& value) {
    WireReader in(value);
    WireWriter out;
    out.fixed(in.fixed<uint8_t>());
    out.text(in.text());
    std::string waiting(in.text());
    if (in.failed() || !in.at_end()) return damaged();
    BRAID_TRY(held(waiting, 0));
    out.text(waiting);
    value = out.take();
    return {};
  }

  /// Its place is in the key, behind its time: watermark | key | row …
  Status right_of_interval(StoredPair& row) {
    BRAID_TRY(number_at(row.key, kTimedKeyHead - sizeof(uint32_t) + sizeof(int64_t)));
    if (narrowers_.empty()) return {};
    WireReader in(row.value);
    (void)in.fixed<int64_t>();
    const std::string_view key = in.text();
    if (in.failed()) return damaged();
    return row_behind(row.value, sizeof(int64_t) + sizeof(uint32_t) + key.size(), narrowers_.back());
  }

  /// Of a key without a window, its few rows stand behind its time, the number of its parts and when it may go.
  static size_t first_ranked(const GroupOperator& group) {
    const bool forgets = group.retain_us != INT64_MAX || group.window_key >= 0;
    return sizeof(int64_t) + sizeof(uint32_t) + (forgets ? sizeof(int64_t) : 0);
  }

  /// Entries of RankOrder: values | entry, which begins with its place | count
  Status ranked(std::string& value, size_t at) {
    WireReader in(std::string_view(value).substr(std::min(at, value.size())));
    WireWriter out;
    out.bytes() = value.substr(0, at);
    while (!in.at_end() && !in.failed()) {
      out.text(in.text());
      std::string entry(in.text());
      constexpr size_t kSource = 8;  // big-endian
      if (entry.size() < RankOrder::kPlaceBytes) return damaged();
      const uint32_t source = numbers_.of(__builtin_bswap32(read_at<uint32_t>(entry, kSource)));
      write_at(entry, kSource, __builtin_bswap32(source));
      if (!narrowers_.empty()) {
        std::string row;
        BRAID_TRY(narrowers_.front().convert(std::string_view(entry).substr(RankOrder::kPlaceBytes), row));
        entry.replace(RankOrder::kPlaceBytes, std::string::npos, row);
      }
      out.text(entry);
      out.fixed(in.fixed<int64_t>());
    }
    if (in.failed()) return damaged();
    value = out.take();
    return {};
  }

  const Operator& op_;
  const Renumbering& numbers_;
  std::vector<RowNarrower> narrowers_;
  bool of_changes_ = false;
};

/// Names and numbers of relations in their order, of both forms.
bool same_order(const std::vector<Origin>& stored, const std::vector<Origin>& now) {
  return std::ranges::equal(stored, now, {}, &Origin::name, &Origin::name);
}

std::vector<std::vector<uint64_t>> by_input(const std::vector<uint64_t>& parts) {
  std::vector<std::vector<uint64_t>> inputs(1);
  for (const uint64_t part : parts)
    if (part == kNextInput)
      inputs.emplace_back();
    else
      inputs.back().push_back(part);
  return inputs;
}

}  // namespace

uint32_t Renumbering::of(uint32_t relation) const {
  const auto found = relations.find(relation);
  return found == relations.end() ? relation : found->second;
}

uint64_t Renumbering::settled(uint32_t relation, uint64_t bits) const {
  uint64_t made = 0;
  for (uint64_t left = bits; left != 0; left &= left - 1) {
    const int bit = std::countr_zero(left);
    const auto found = ways.find({relation, bit});
    if (found == ways.end())
      made |= uint64_t{1} << bit;
    else if (found->second >= 0)
      made |= uint64_t{1} << found->second;
  }
  return made;
}

std::optional<Renumbering> renumbering(const StateForm& stored, const StateForm& now) {
  const std::vector<Origin> before = origins_of(stored.origins), after = origins_of(now.origins);
  if (!same_order(before, after)) return std::nullopt;
  Renumbering made;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i].number != after[i].number) made.relations[before[i].number] = after[i].number;
    for (size_t bit = 0; bit < before[i].ways.size(); ++bit) {
      const auto now_at = std::ranges::find(after[i].ways, before[i].ways[bit]);
      // A product that reads its rows by one way only counts them when they come to it.
      const int at = now_at == after[i].ways.end() ? -1 : static_cast<int>(now_at - after[i].ways.begin());
      if (at != static_cast<int>(bit)) made.ways[{before[i].number, static_cast<int>(bit)}] = at;
    }
  }
  return made;
}

bool can_renumber(const Operator& op) {
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content)) return as_of->shape.table_key.empty();
  if (const auto* top = std::get_if<TopOperator>(&op.content)) return top->group.window.gap_us == 0;
  if (const auto* running = std::get_if<RunningOperator>(&op.content))
    return std::ranges::all_of(running->aggregates, forgets_origins);
  return !std::holds_alternative<GroupOperator>(op.content);
}

std::optional<std::vector<NarrowedInput>> narrowed_inputs(const Program& program, const Operator& op,
                                                          const StateForm& stored,
                                                          const std::vector<uint64_t>& parts_stored,
                                                          const std::vector<uint64_t>& parts_now) {
  const auto* interval = std::get_if<IntervalJoinOperator>(&op.content);
  const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content);
  const auto* top = std::get_if<TopOperator>(&op.content);
  // Of rows of tables equal ones are counted, so that fewer fields could make them one.
  const bool known =
      (interval != nullptr && !interval->shape.right) || (as_of != nullptr && as_of->shape.table_key.empty()) ||
      (top != nullptr && top->group.retracted < 0 && top->group.window.gap_us == 0) ||
      std::holds_alternative<LatestOperator>(op.content) || std::holds_alternative<UniqueOperator>(op.content) ||
      std::holds_alternative<InstantsOperator>(op.content);
  const std::optional<std::vector<std::vector<Field>>> before = rows_of_form(stored.types);
  if (!known || !before || before->size() != op.inputs.size()) return std::nullopt;
  const std::vector<std::vector<uint64_t>> parts_before = by_input(parts_stored), parts_after = by_input(parts_now);
  if (parts_before.size() != before->size() || parts_after.size() != before->size()) return std::nullopt;
  std::vector<NarrowedInput> inputs;
  for (size_t input = 0; input < op.inputs.size(); ++input) {
    const std::vector<Field>& was = (*before)[input];
    const std::vector<Field>& is = program.operators[static_cast<size_t>(op.inputs[input])].row;
    const std::vector<uint64_t>&told_before = parts_before[input], &told = parts_after[input];
    // Behind the columns that are told stand those that the step has made for itself, as its keys: then as now.
    if (was.size() < told_before.size() || is.size() < told.size() ||
        was.size() - told_before.size() != is.size() - told.size())
      return std::nullopt;
    const auto fields = static_cast<size_t>(kept_fields(program, op, input));
    const size_t behind = is.size() - fields;
    if (was.size() < behind) return std::nullopt;
    NarrowedInput made;
    made.before = first_fields(was, static_cast<int>(was.size() - behind));
    std::vector<bool> taken(made.before.size());
    const auto fits = [&](size_t at, size_t field) {
      return at < taken.size() && !taken[at] &&
             compare_types(form_of_type(was[at].type), form_of_type(is[field].type)) != FormFit::types;
    };
    for (size_t field = 0; field < fields; ++field) {
      size_t at = field < told.size() ? 0 : told_before.size() + (field - told.size());
      if (field < told.size())
        while (at < told_before.size() && !(told_before[at] == told[field] && fits(at, field))) ++at;
      if ((field < told.size() && at == told_before.size()) || !fits(at, field)) return std::nullopt;
      taken[at] = true;
      made.kept.push_back(static_cast<int>(at));
    }
    inputs.push_back(std::move(made));
  }
  return inputs;
}

Status copy_tables(uint32_t from, uint32_t into, StateStore& store, const ConvertPair& convert) {
  StateBatch batch;
  BRAID_TRY(erase_tables(into, store, batch));
  for (uint32_t table = 0; table < kStateTables; ++table) {
    const std::string begin = table_prefix(from * kStateTables + table);
    const std::string to = table_prefix(into * kStateTables + table);
    for (const StateFamily family : {StateFamily::point, StateFamily::timed}) {
      // Pieces are committed between scans, which use the store.
      std::string next = begin;
      const std::string end = StateStore::behind_prefix(begin);
      while (!next.empty()) {
        std::string last;
        std::swap(last, next);
        bool full = false;
        BRAID_TRY(
            store.leap(family, last, end, [&](std::string_view key, std::string_view value) -> Result<std::string> {
              BRAID_ASSIGN(const StoredPair made, convert(family, table, key.substr(begin.size()), value));
              batch.put(family, to + made.key, made.value);
              constexpr uint64_t kPiece = 32 << 20;
              full = batch.bytes() >= kPiece;
              if (!full) return std::string();
              next = std::string(key) + '\0';
              return end;
            }));
        if (!full) break;
        BRAID_TRY(store.commit(batch));
        batch.clear();
      }
    }
  }
  return batch.empty() ? Status() : store.commit(batch);
}

Status convert_rows(const Program& program, const RowConversion& conversion, uint32_t into, StateStore& store) {
  Converter converter(program, conversion);
  return copy_tables(conversion.from, into, store,
                     [&](StateFamily family, uint32_t table, std::string_view key, std::string_view value) {
                       return converter.convert(family, table, key, value);
                     });
}

}  // namespace braid
