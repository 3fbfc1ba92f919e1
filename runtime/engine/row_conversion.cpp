#include "runtime/engine/row_conversion.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>

#include "runtime/data/pair_place.h"
#include "runtime/data/row_change.h"
#include "runtime/engine/joined_rows.h"
#include "runtime/engine/kept_aggregates.h"
#include "runtime/engine/operator_state.h"
#include "runtime/engine/running_form.h"
#include "runtime/operators/ranked_rows.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

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

class Converter {
 public:
  Converter(const Program& program, const RowConversion& conversion)
      : op_(program.operators[static_cast<size_t>(conversion.op)]), numbers_(conversion.numbers) {
    const auto row_of = [&](size_t input) -> const std::vector<Field>& {
      return program.operators[static_cast<size_t>(op_.inputs[input])].row;
    };
    if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op_.content)) {
      of_changes_ = as_of->shape.right_delete >= 0 &&
                    row_of(1)[static_cast<size_t>(as_of->shape.right_delete)].name == kRetracted;
      by_index_ = !as_of->shape.table_key.empty();
    }
    for (size_t kind = 0; kind < conversion.rows.size(); ++kind)
      narrowers_.emplace_back(conversion.rows[kind], stored_fields(program, op_, kind));
    if (conversion.aggregates)
      aggregates_ = std::make_unique<AggregateConverter>(*conversion.aggregates, numbers_,
                                                         std::get<RunningOperator>(op_.content).aggregates, row_of(0));
  }

  Status convert(StateFamily family, uint32_t table, StoredPair& row) {
    const bool timed = family == StateFamily::timed;
    if (std::holds_alternative<AsOfJoinOperator>(op_.content)) {
      // Versions of a table that is made have their places, not those of records.
      if (table == 0 && !timed) return version(row.value, by_index_ ? sizeof(uint32_t) : 0, !of_changes_);
      if (table == 1 && timed) return held(row.value, 0);
    } else if (std::holds_alternative<IntervalJoinOperator>(op_.content)) {
      if (table == 0 && timed) return left_of_interval(row.value);
      if (table == 1 && timed) return right_of_interval(row);
      if (table == 2 && timed) return held(row.value, 0);
    } else if (std::holds_alternative<LatestOperator>(op_.content)) {
      if (table == 0 && !timed) return newest(row.value);
    } else if (std::holds_alternative<MovesOperator>(op_.content)) {
      if (table == 0 && !timed) return version(row.value, 0, true);
    } else if (std::holds_alternative<MatchOperator>(op_.content)) {
      if (table == 0 && timed) return held(row.value, 0);
      if (table == 1 && !timed) return open_matches(row);
    } else if (const auto* running = std::get_if<RunningOperator>(&op_.content)) {
      if (table == 0 && timed) return held(row.value, 0);
      if (table == 1 && !timed) return running_states(row.value);
      if (table == 2 && !timed && keeps_rows(*running)) return running_rows(row.value);
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

 private:
  Status number_at(std::string& bytes, size_t at) const {
    if (bytes.size() < at + sizeof(uint32_t)) return damaged_row();
    write_at(bytes, at, numbers_.of(read_at<uint32_t>(bytes, at)));
    return {};
  }

  /// append_held_value()
  Status held(std::string& value, size_t input) {
    constexpr size_t kSource = 32, kSettled = 52, kRecord = 60;
    if (value.size() < kRecord) return damaged_row();
    const auto source = read_at<uint32_t>(value, kSource);
    write_at(value, kSettled, numbers_.settled(source, read_at<uint64_t>(value, kSettled)));
    write_at(value, kSource, numbers_.of(source));
    WireReader in(std::string_view(value).substr(kRecord));
    const std::string_view bytes = in.text();
    if (in.failed()) return damaged_row();
    const size_t row = kRecord + sizeof(uint32_t) + bytes.size();
    number_pair(value, row);
    return narrowers_.empty() ? Status() : row_behind(value, row, narrowers_[input]);
  }

  /// Behind the row at that place: the right rows that it has met (runtime/data/pair_place.h), if it has met any.
  void number_pair(std::string& value, size_t row) const {
    WireReader in(std::string_view(value).substr(row));
    (void)in.text();
    if (in.failed() || in.rest().size() <= sizeof(int64_t)) return;
    const size_t at = value.size() - in.rest().size() + sizeof(uint32_t);
    const std::string_view places = in.text();
    if (in.failed()) return;
    renumber_pair(value.data() + at, places.size(), [this](uint32_t source) { return numbers_.of(source); });
  }

  /// Versions::copy(), or behind `at` VersionIndex::copy()
  Status version(std::string& value, size_t at, bool numbered) {
    const size_t source = at + 8, position = at + 16, row = at + 25;
    if (value.size() < row) return damaged_row();
    // What leaves for a later version has no record of its own (Move::leaves).
    if (numbered && read_at<int64_t>(value, position) != INT64_MIN) BRAID_TRY(number_at(value, source));
    return narrowers_.empty() ? Status() : row_behind(value, row, narrowers_.back());
  }

  Status newest(std::string& value) {
    constexpr size_t kSource = 16, kRow = 25;
    if (value.size() < kRow) return damaged_row();
    BRAID_TRY(number_at(value, kSource));
    number_pair(value, kRow);
    return narrowers_.empty() ? Status() : row_behind(value, kRow, narrowers_.front());
  }

  /// The row is the text at that place, with what follows it.
  static Status row_behind(std::string& value, size_t at, RowNarrower& narrower) {
    WireReader in(std::string_view(value).substr(at));
    WireWriter out;
    out.bytes() = value.substr(0, at);
    BRAID_TRY(narrowed(in, narrower, out));
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
    if (in.failed() || !in.at_end()) return damaged_row();
    BRAID_TRY(held(waiting, 0));
    out.text(waiting);
    value = out.take();
    return {};
  }

  /// Its place is in the key, behind its time: watermark | key | row …
  Status right_of_interval(StoredPair& row) {
    BRAID_TRY(number_at(row.key, kTimedKeyHead - sizeof(uint32_t) + sizeof(int64_t)));
    BRAID_TRY(number_right_pair(row.value));
    if (narrowers_.empty()) return {};
    WireReader in(row.value);
    (void)in.fixed<int64_t>();
    const std::string_view key = in.text();
    if (in.failed()) return damaged_row();
    const size_t at = sizeof(int64_t) + sizeof(uint32_t) + key.size();
    if (!std::get<IntervalJoinOperator>(op_.content).shape.right) return row_behind(row.value, at, narrowers_.back());
    // Behind its fields stands what caused the row: bytes, then turn | line | ordinal | size of the fields.
    constexpr size_t kCause = 24, kFields = 20;
    std::string bytes(in.text());
    if (in.failed() || bytes.size() < kCause) return damaged_row();
    const size_t cause = bytes.size() - kCause, fields = read_at<uint32_t>(bytes, cause + kFields);
    if (fields > cause) return damaged_row();
    std::string made;
    BRAID_TRY(narrowers_.back().convert(std::string_view(bytes).substr(0, fields), made));
    write_at(bytes, cause + kFields, static_cast<uint32_t>(made.size()));
    WireWriter out;
    out.bytes() = row.value.substr(0, at);
    out.text(made + bytes.substr(fields));
    out.bytes() += in.rest();
    row.value = out.take();
    return {};
  }

  /// watermark | key | row | of joins that keep right rows whether it is settled | the right rows that it has met, if
  /// any
  Status number_right_pair(std::string& value) const {
    WireReader in(value);
    (void)in.fixed<int64_t>();
    (void)in.text();
    (void)in.text();
    if (std::get<IntervalJoinOperator>(op_.content).shape.right) (void)in.fixed<uint8_t>();
    if (in.failed()) return damaged_row();
    if (in.at_end()) return {};
    const size_t at = value.size() - in.rest().size() + sizeof(uint32_t);
    const std::string_view places = in.text();
    if (in.failed()) return damaged_row();
    renumber_pair(value.data() + at, places.size(), [this](uint32_t source) { return numbers_.of(source); });
    return {};
  }

  /// match_state.cpp
  Status open_matches(StoredPair& row) {
    if (narrowers_.empty()) return {};
    constexpr size_t kKey = kPointKeyHead - sizeof(uint32_t);
    WireReader in(row.value);
    WireWriter out;
    if (row.key.size() < kKey) return damaged_row();
    const auto rows = in.fixed<uint32_t>();
    out.fixed(rows);
    for (uint32_t i = 0; i < rows && !in.failed(); ++i) {
      out.fixed(in.fixed<int64_t>());
      BRAID_TRY(narrowed(in, narrowers_[1], out, std::string_view(row.key).substr(kKey)));
    }
    if (in.failed()) return damaged_row();
    out.bytes() += in.rest();
    row.value = out.take();
    return {};
  }

  /// RunningNode::Keys::store(): last | count | of all rows the states
  Status running_states(std::string& value) {
    if (!aggregates_) return {};
    constexpr size_t kHead = sizeof(int64_t) + sizeof(int64_t);
    if (value.size() < kHead) return damaged_row();
    WireReader in(std::string_view(value).substr(kHead));
    BRAID_ASSIGN(const std::string states, aggregates_->convert(in));
    value = value.substr(0, kHead) + states;
    return {};
  }

  /// RunningRows::store(): number | count | of each its time and its arguments
  Status running_rows(std::string& value) {
    if (narrowers_.empty()) return {};
    WireReader in(value);
    WireWriter out;
    out.fixed(in.fixed<uint32_t>());
    const auto rows = in.fixed<uint32_t>();
    out.fixed(rows);
    for (uint32_t i = 0; i < rows && !in.failed(); ++i) {
      out.fixed(in.fixed<int64_t>());
      BRAID_TRY(narrowed(in, narrowers_[1], out));
    }
    if (in.failed() || !in.at_end()) return damaged_row();
    value = out.take();
    return {};
  }

  /// A row as a text.
  static Status narrowed(WireReader& in, RowNarrower& narrower, WireWriter& out, std::string_view key = {}) {
    std::string row;
    BRAID_TRY(narrower.convert(in.text(), row, key));
    if (in.failed()) return damaged_row();
    out.text(row);
    return {};
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
      if (entry.size() < RankOrder::kPlaceBytes) return damaged_row();
      const uint32_t source = numbers_.of(__builtin_bswap32(read_at<uint32_t>(entry, kSource)));
      write_at(entry, kSource, __builtin_bswap32(source));
      const size_t behind = entry.size() - RankOrder::row_behind_place(entry).size();
      renumber_pair(entry.data() + RankOrder::kPlaceBytes, behind - RankOrder::kPlaceBytes,
                    [this](uint32_t each) { return numbers_.of(each); });
      if (!narrowers_.empty()) {
        std::string row;
        BRAID_TRY(narrowers_.front().convert(std::string_view(entry).substr(behind), row));
        entry.replace(behind, std::string::npos, row);
      }
      out.text(entry);
      out.fixed(in.fixed<int64_t>());
    }
    if (in.failed()) return damaged_row();
    value = out.take();
    return {};
  }

  const Operator& op_;
  const Renumbering& numbers_;
  std::vector<RowNarrower> narrowers_;  ///< of each kind of rows
  std::unique_ptr<AggregateConverter> aggregates_;
  bool of_changes_ = false, by_index_ = false;  ///< of an as-of join
};

/// Names and numbers of relations in their order, of both forms.
bool same_order(const std::vector<Origin>& stored, const std::vector<Origin>& now) {
  return std::ranges::equal(stored, now, {}, &Origin::name, &Origin::name);
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
  if (const auto* top = std::get_if<TopOperator>(&op.content)) return top->group.window.gap_us == 0;
  return !std::holds_alternative<GroupOperator>(op.content);
}

Status copy_tables(uint32_t from, uint32_t into, StateStore& store, const ConvertPair& convert,
                   const std::function<void(std::vector<StoredPair>& made)>& end_table) {
  StateBatch batch;
  BRAID_TRY(erase_tables(into, store, batch));
  std::vector<StoredPair> made;
  for (uint32_t table = 0; table < kStateTables; ++table) {
    const std::string begin = table_prefix(from * kStateTables + table);
    const std::string to = table_prefix(into * kStateTables + table);
    for (const StateFamily family : {StateFamily::point, StateFamily::timed}) {
      const auto put = [&] {
        for (const StoredPair& each : made) batch.put(family, to + each.key, each.value);
        made.clear();
      };
      // Pieces are committed between scans, which use the store.
      std::string next = begin;
      const std::string end = StateStore::behind_prefix(begin);
      while (!next.empty()) {
        std::string last;
        std::swap(last, next);
        bool full = false;
        BRAID_TRY(
            store.leap(family, last, end, [&](std::string_view key, std::string_view value) -> Result<std::string> {
              BRAID_TRY(convert(family, table, key.substr(begin.size()), value, made));
              put();
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
      if (end_table) end_table(made);
      put();
    }
  }
  return batch.empty() ? Status() : store.commit(batch);
}

Status convert_rows(const Program& program, const RowConversion& conversion, uint32_t into, StateStore& store) {
  const Operator& op = program.operators[static_cast<size_t>(conversion.op)];
  if (std::holds_alternative<TableJoinOperator>(op.content) && !conversion.rows.empty())
    return convert_joined_rows(program, conversion, into, store);
  Converter converter(program, conversion);
  return copy_tables(conversion.from, into, store,
                     [&](StateFamily family, uint32_t table, std::string_view key, std::string_view value,
                         std::vector<StoredPair>& made) -> Status {
                       made.push_back({std::string(key), std::string(value)});
                       return converter.convert(family, table, made.back());
                     });
}

}  // namespace braid
