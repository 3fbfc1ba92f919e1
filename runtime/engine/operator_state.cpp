#include "runtime/engine/operator_state.h"

#include <algorithm>
#include <map>
#include <optional>

#include "runtime/abi/state_family.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/running_form.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr std::string_view kPrefix = "operator/";
constexpr std::string_view kNextKey = "next_operator";

std::string key_of(uint64_t identity) {
  return std::string(kPrefix) + fmt::format("{:016x}", identity);
}

/// The relation whose step it is: "p" of "p: join c" and of "p as n".
std::string_view owner_of(std::string_view label) {
  return label.substr(0, std::min(label.find(':'), label.find(" as ")));
}

/// Pairs of steps that are one step, best first: the same rows in the same form, then the same step in another one,
/// then those that are called alike.
class Matching {
 public:
  Matching(const std::vector<StateRecord>& stored, const std::vector<StateRecord>& now)
      : stored_(stored), now_(now), partner_(now.size()), taken_(stored.size()) {}

  void run() {
    const auto same_label = [](const StateRecord& a, const StateRecord& b) {
      return a.identity.label == b.identity.label;
    };
    const auto same_meaning = [](const StateRecord& a, const StateRecord& b) { return a.family == b.family; };
    const auto fits = [&](const StateRecord& a, const StateRecord& b) {
      return same_meaning(a, b) && fit_of(a, b).empty();
    };
    pair([&](const auto& a, const auto& b) { return fits(a, b) && same_label(a, b); });
    pair(fits);
    pair([&](const auto& a, const auto& b) { return same_meaning(a, b) && same_label(a, b); });
    pair(same_meaning);
    pair(same_label);
    pair_only_ones();
  }

  /// None: the step is new.
  const StateRecord* partner(size_t now) const { return partner_[now] ? &stored_[*partner_[now]] : nullptr; }
  bool is_taken(size_t stored) const { return taken_[stored]; }

  /// Why the stored rows are not those of the step; empty: they are.
  static std::string fit_of(const StateRecord& stored, const StateRecord& now) {
    if (stored.family != now.family) return "the rows that it takes, its keys, its times or its conditions are others";
    if (stored.identity.schema != now.identity.schema)
      return !stored.form.aggregates.empty() ? "its aggregates are others"
                                             : "the fields of the rows that it keeps are others";
    // Of `match` the schema does not say which fields rows of elements have. A store of before does not tell.
    if (!stored.parts.empty() && !now.parts.empty() && stored.parts != now.parts)
      return "the fields of the rows that it keeps are others";
    switch (compare_forms(stored.form, now.form)) {
      case FormFit::types:
        return "the types of what it keeps are others";
      case FormFit::origins:
        return "sources or products before it are others, or in another order, by which its rows are known";
      case FormFit::same:
      case FormFit::wider:
        break;
    }
    return "";
  }

 private:
  template <class Alike>
  void pair(Alike alike) {
    for (size_t now = 0; now < now_.size(); ++now)
      for (size_t stored = 0; stored < stored_.size() && !partner_[now]; ++stored)
        if (!taken_[stored] && alike(stored_[stored], now_[now])) join(stored, now);
  }
  /// One step of a relation was there, and one is: it has been edited.
  void pair_only_ones() {
    for (size_t now = 0; now < now_.size(); ++now) {
      if (partner_[now]) continue;
      const std::string_view owner = owner_of(now_[now].identity.label);
      std::optional<size_t> only;
      size_t count = 0, of_now = 0;
      for (size_t i = 0; i < stored_.size(); ++i)
        if (!taken_[i] && owner_of(stored_[i].identity.label) == owner) only = i, ++count;
      for (size_t i = 0; i < now_.size(); ++i) of_now += !partner_[i] && owner_of(now_[i].identity.label) == owner;
      if (count == 1 && of_now == 1) join(*only, now);
    }
  }
  void join(size_t stored, size_t now) {
    taken_[stored] = true;
    partner_[now] = stored;
  }

  const std::vector<StateRecord>& stored_;
  const std::vector<StateRecord>& now_;
  std::vector<std::optional<size_t>> partner_;
  std::vector<bool> taken_;
};

std::optional<Renumbering> renumbering_in(const Program& program, const StateRecord& stored, const StateRecord& now) {
  std::optional<Renumbering> numbers = renumbering(stored.form, now.form);
  // Rows between stages lie in topics, with the numbers that they had.
  if (numbers && !numbers->empty() && program.whole != nullptr) return std::nullopt;
  return numbers;
}

/// What of the aggregates of a group can go on in those of another one with the same groups.
std::optional<GroupConversion> conversion_of(const Program& program, int op, const StateRecord& stored,
                                             const StateRecord& now) {
  const Operator& step = program.operators[static_cast<size_t>(op)];
  std::optional<Renumbering> numbers = renumbering_in(program, stored, now);
  if (stored.family != now.family || !numbers || compare_types(stored.form.types, now.form.types) == FormFit::types ||
      !can_convert(program, step))
    return std::nullopt;
  std::optional<KeptAggregates> kept =
      kept_aggregates(stored.form.aggregates, stored.parts, now.form.aggregates, now.parts);
  if (!kept) return std::nullopt;
  return GroupConversion{
      .op = op, .from = stored.number, .aggregates = *std::move(kept), .numbers = *std::move(numbers)};
}

constexpr const char* kNumberedAnew = "sources or products before it are others, by whose numbers its rows are known";

/// Of `running` without `over`, whose aggregates are stored as they are. False: they cannot go on.
bool keep_running(const Program& program, const Operator& step, const StateRecord& stored, const StateRecord& now,
                  RowConversion& made) {
  const auto* running = std::get_if<RunningOperator>(&step.content);
  if (running == nullptr || keeps_rows(*running)) return true;
  const std::vector<uint64_t> before = part_groups(stored.parts)[1], after = part_groups(now.parts)[1];
  if (before == after && stored.form.aggregates == now.form.aggregates) return true;
  if (!can_convert(running->aggregates, program.operators[static_cast<size_t>(step.inputs[0])].row)) return false;
  made.aggregates = kept_aggregates(stored.form.aggregates, before, now.form.aggregates, after);
  return made.aggregates.has_value();
}

/// The same of what keeps rows: without some of their fields, or known by other numbers.
std::optional<RowConversion> row_conversion_of(const Program& program, int op, const StateRecord& stored,
                                               const StateRecord& now, std::string& lacks) {
  const Operator& step = program.operators[static_cast<size_t>(op)];
  std::optional<Renumbering> numbers = renumbering_in(program, stored, now);
  if (stored.family != now.family || !numbers || (!numbers->empty() && !can_renumber(step))) return std::nullopt;
  RowConversion made{.op = op, .from = stored.number, .numbers = *std::move(numbers), .rows = {}, .aggregates = {}};
  const bool same_fields = stored.identity.schema == now.identity.schema &&
                           (stored.parts.empty() || now.parts.empty() || stored.parts == now.parts);
  if (same_fields) {
    const bool same = stored.form.aggregates == now.form.aggregates &&
                      compare_types(stored.form.types, now.form.types) != FormFit::types;
    return same ? std::optional(std::move(made)) : std::nullopt;
  }
  std::optional<std::vector<NarrowedRows>> rows =
      narrowed_rows(program, step, stored.form, stored.parts, now.parts, lacks);
  if (!rows || !keep_running(program, step, stored, now, made)) return std::nullopt;
  made.rows = *std::move(rows);
  made.derives = std::holds_alternative<RunningOperator>(step.content);
  return made;
}

std::string text_of(const KeptAggregates& aggregates) {
  const auto count = [](size_t number) { return number == 1 ? std::string("one") : std::to_string(number); };
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (aggregates.begins() > 0) add(count(aggregates.begins()) + (aggregates.begins() == 1 ? " is" : " are") + " new");
  if (aggregates.goes() > 0) add(count(aggregates.goes()) + (aggregates.goes() == 1 ? " is" : " are") + " gone");
  if (text.empty()) return "its aggregates stand in another order";
  return "of its aggregates " + text + "; the others keep their state";
}

std::string text_of(const RowConversion& conversion) {
  if (conversion.rows.empty()) return kNumberedAnew;
  if (conversion.aggregates) return text_of(*conversion.aggregates);
  const auto any = [&](auto each) { return std::ranges::any_of(conversion.rows, each); };
  if (any([](const NarrowedRows& rows) { return !rows.key.empty(); }))
    return "it keeps a field more, which is a part of its key";
  if (any([](const NarrowedRows& rows) { return rows.kept.size() < rows.before.size(); }))
    return "it keeps fewer fields; its rows stay without the others";
  if (any([](const NarrowedRows& rows) { return !rows.is_as_it_was(); }))
    return "the fields that it keeps stand in another order";
  return conversion.derives ? "what is new in it follows from the rows that it keeps" : "its rows stay as they are";
}

std::string text_of(const GroupConversion& conversion) {
  const bool same = conversion.aggregates.begins() == 0 && conversion.aggregates.goes() == 0;
  return same && !conversion.numbers.empty() ? kNumberedAnew : text_of(conversion.aggregates);
}

}  // namespace

std::string reason_text(const StateFit& fit) {
  switch (fit.kind) {
    case StateFit::Kind::kept:
    case StateFit::Kind::converted:
    case StateFit::Kind::changed:
      return fit.reason;
    case StateFit::Kind::added:
      return "the step is new, and begins empty";
    case StateFit::Kind::gone:
      return "the script has no such step any more";
  }
  return "";
}

int operator_of(const StateConversion& conversion) {
  return std::visit([](const auto& each) { return each.op; }, conversion);
}

Status convert_state(const Program& program, const StateConversion& conversion, uint32_t into, StateStore& store) {
  if (const auto* group = std::get_if<GroupConversion>(&conversion)) return convert_group(program, *group, into, store);
  return convert_rows(program, std::get<RowConversion>(conversion), into, store);
}

bool names_step(const std::vector<std::string>& words, std::string_view label, bool all) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return word == label || word == owner_of(label) || (all && word == "all");
  });
}

bool may_name_step(const std::string& word, const Program& program, const std::vector<StateFit>& fits) {
  const std::string_view owner = owner_of(word);
  return word == "all" ||
         std::ranges::any_of(program.products, [&](const ProductSpec& product) { return product.name == owner; }) ||
         std::ranges::any_of(fits,
                             [&](const StateFit& fit) { return word == fit.label || owner == owner_of(fit.label); });
}

namespace {

/// Rows that go have the answers that they came with.
bool keeps_answers(const Operator& op) {
  const auto* lookup = std::get_if<LookupOperator>(&op.content);
  return lookup != nullptr && lookup->retracted;
}

}  // namespace

bool has_state(const Operator& op) {
  if (const auto* net = std::get_if<NetOperator>(&op.content)) return net->keeps;
  return std::holds_alternative<TickOperator>(op.content) || std::holds_alternative<AsOfJoinOperator>(op.content) ||
         std::holds_alternative<IntervalJoinOperator>(op.content) || grouping_of(op) != nullptr ||
         std::holds_alternative<RunningOperator>(op.content) || std::holds_alternative<LatestOperator>(op.content) ||
         std::holds_alternative<MovesOperator>(op.content) || std::holds_alternative<TableJoinOperator>(op.content) ||
         std::holds_alternative<EmitOperator>(op.content) || std::holds_alternative<InstantsOperator>(op.content) ||
         std::holds_alternative<InWindowsOperator>(op.content) || std::holds_alternative<InOrderOperator>(op.content) ||
         std::holds_alternative<RetimeOperator>(op.content) || std::holds_alternative<UniqueOperator>(op.content) ||
         std::holds_alternative<MatchOperator>(op.content) || keeps_answers(op);
}

std::vector<StateRecord> state_records(const Program& program, const StateParts& parts) {
  std::vector<StateRecord> records;
  const StateForms forms(program);
  std::map<uint64_t, uint64_t> family_of;  // by the identity that comes next in it
  for (const Operator& op : program.operators) {
    if (!has_state(op)) continue;
    StateRecord& record = records.emplace_back(StateRecord{0, op.state, op.state.identity, forms.of(op), {}});
    if (const auto told = parts.find({op.state.identity, op.state.schema}); told != parts.end())
      record.parts = told->second;
    if (const auto known = family_of.find(record.family); known != family_of.end()) record.family = known->second;
    family_of[next_identity(op.state.identity)] = record.family;
  }
  return records;
}

Result<std::vector<StateRecord>> read_state_records(StateStore& store) {
  std::vector<StateRecord> records;
  BRAID_TRY(store.scan(StateFamily::meta, kPrefix, [&](std::string_view, std::string_view value) -> Status {
    WireReader in(value);
    StateRecord& record = records.emplace_back();
    record.number = in.fixed<uint32_t>();
    record.identity.schema = in.fixed<uint64_t>();
    record.identity.label = in.text();
    if (!in.at_end()) {  // stores of before know no more, and nothing of them fits
      record.identity.identity = in.fixed<uint64_t>();
      record.family = in.fixed<uint64_t>();
      record.form.types = in.text();
      record.form.origins = in.text();
      const auto aggregates = in.fixed<uint32_t>();
      for (uint32_t i = 0; i < aggregates && !in.failed(); ++i) record.form.aggregates.emplace_back(in.text());
      const auto parts = in.fixed<uint32_t>();
      for (uint32_t i = 0; i < parts && !in.failed(); ++i) record.parts.push_back(in.fixed<uint64_t>());
      if (!in.at_end()) {  // nor do stores of before know this
        const auto places = in.fixed<uint32_t>();
        for (uint32_t i = 0; i < places && !in.failed(); ++i) record.form.places.push_back(in.fixed<int32_t>());
      }
    }
    if (in.failed()) return Error{ErrorKind::store, "the stored list of steps cannot be read", 8002, 0};
    return {};
  }));
  std::ranges::sort(records, {}, &StateRecord::number);
  return records;
}

OperatorStates match_states(const Program& program, const StateParts& parts, const std::vector<StateRecord>& stored,
                            uint32_t next_number) {
  const std::vector<StateRecord> now = state_records(program, parts);
  Matching matching(stored, now);
  matching.run();
  OperatorStates states;
  states.next_number = next_number;
  size_t step = 0;
  for (size_t op = 0; op < program.operators.size(); ++op) {
    states.numbers.push_back(0);
    states.kept.push_back(false);
    states.rebuilt.push_back(false);
    if (!has_state(program.operators[op])) continue;
    const StateRecord& record = now[step];
    const StateRecord* partner = matching.partner(step++);
    StateFit fit{StateFit::Kind::added, record.identity.label, "", static_cast<int>(op)};
    if (partner != nullptr) {
      fit.reason = Matching::fit_of(*partner, record);
      fit.kind = fit.reason.empty() ? StateFit::Kind::kept : StateFit::Kind::changed;
    }
    if (fit.kind == StateFit::Kind::changed) {
      const auto converts = [&](auto conversion, bool whole) {
        if (whole) fit.kind = StateFit::Kind::converted;
        fit.reason = text_of(conversion);
        fit.conversion = static_cast<int>(states.conversions.size());
        states.conversions.push_back(std::move(conversion));
      };
      std::string lacks;
      if (const auto group = conversion_of(program, static_cast<int>(op), *partner, record))
        converts(*group, group->aggregates.begins() == 0);
      else if (const auto rows = row_conversion_of(program, static_cast<int>(op), *partner, record, lacks))
        converts(*rows, !rows->aggregates || rows->aggregates->begins() == 0);
      else if (!lacks.empty())
        fit.reason = fmt::format("it keeps `{}`, which its rows do not have, or not in that type", lacks);
    }
    if (fit.kind == StateFit::Kind::kept) {
      states.numbers.back() = partner->number;
      states.kept.back() = true;
      states.renamed |= !(partner->form == record.form) || partner->identity.label != record.identity.label ||
                        partner->identity.identity != record.identity.identity || partner->parts != record.parts;
      if (compare_forms(partner->form, record.form) == FormFit::wider)
        fit.reason = "its types hold more values now; what is stored stays as it is";
    } else {
      states.numbers.back() = states.next_number++;
      if (partner != nullptr) states.dropped.push_back(partner->number);
    }
    states.fits.push_back(std::move(fit));
  }
  for (size_t i = 0; i < stored.size(); ++i) {
    if (matching.is_taken(i)) continue;
    states.fits.push_back({StateFit::Kind::gone, stored[i].identity.label, "", -1});
    states.dropped.push_back(stored[i].number);
  }
  return states;
}

Result<OperatorStates> match_states(const Program& program, const StateParts& parts, StateStore& store) {
  BRAID_ASSIGN(const std::vector<StateRecord> stored, read_state_records(store));
  std::string next;
  BRAID_ASSIGN(bool found, store.get(StateFamily::meta, kNextKey, &next));
  return match_states(program, parts, stored, found ? WireReader(next).fixed<uint32_t>() : 1);
}

Status erase_tables(uint32_t number, StateStore& store, StateBatch& batch) {
  for (uint32_t table = 0; table < kStateTables; ++table)
    for (const StateFamily family : {StateFamily::point, StateFamily::timed})
      BRAID_TRY(
          store.scan(family, table_prefix(number * kStateTables + table), [&](std::string_view key, std::string_view) {
            batch.erase(family, key);
            return Status();
          }));
  return {};
}

Status collect_states(const Program& program, const StateParts& parts, const OperatorStates& states, StateStore& store,
                      StateBatch& batch) {
  for (const uint32_t number : states.dropped) BRAID_TRY(erase_tables(number, store, batch));
  // What begins empty may have rows of an attempt to rebuild it.
  for (size_t op = 0; op < states.numbers.size(); ++op)
    if (states.numbers[op] != 0 && !states.kept[op]) BRAID_TRY(erase_tables(states.numbers[op], store, batch));
  BRAID_TRY(store.scan(StateFamily::meta, kPrefix, [&](std::string_view key, std::string_view) {
    batch.erase(StateFamily::meta, std::string(key));
    return Status();
  }));
  const std::vector<StateRecord> records = state_records(program, parts);
  size_t step = 0;
  for (const uint32_t number : states.numbers) {
    if (number == 0) continue;
    const StateRecord& record = records[step++];
    WireWriter out;
    out.fixed(number);
    out.fixed(record.identity.schema);
    out.text(record.identity.label);
    out.fixed(record.identity.identity);
    out.fixed(record.family);
    out.text(record.form.types);
    out.text(record.form.origins);
    out.fixed(static_cast<uint32_t>(record.form.aggregates.size()));
    for (const std::string& aggregate : record.form.aggregates) out.text(aggregate);
    out.fixed(static_cast<uint32_t>(record.parts.size()));
    for (const uint64_t part : record.parts) out.fixed(part);
    out.fixed(static_cast<uint32_t>(record.form.places.size()));
    for (const int place : record.form.places) out.fixed(static_cast<int32_t>(place));
    batch.put(StateFamily::meta, key_of(record.identity.identity), out.take());
  }
  WireWriter next;
  next.fixed(states.next_number);
  batch.put(StateFamily::meta, std::string(kNextKey), next.take());
  return {};
}

}  // namespace braid
