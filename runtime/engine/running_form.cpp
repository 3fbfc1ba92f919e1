#include "runtime/engine/running_form.h"

#include <algorithm>
#include <array>
#include <set>

#include "runtime/abi/state_parts.h"

namespace braid {
namespace {

constexpr size_t kReads = 3;  // of each aggregate: argument, by, filter
enum Group : size_t { kColumns, kAggregates, kKeys, kArguments, kGroups };

/// What a field is: a value, for rows that a filter keeps; kNoPart: for all.
struct Meaning {
  uint64_t value, filter;
  auto operator<=>(const Meaning&) const = default;
};
using Meanings = std::vector<std::set<Meaning>>;

/// Of each field; none if parts and places do not belong together.
std::optional<Meanings> meanings_of(const std::vector<std::vector<uint64_t>>& parts, const std::vector<int>& places,
                                    size_t fields) {
  const std::vector<uint64_t>&columns = parts[kColumns], &keys = parts[kKeys], &arguments = parts[kArguments];
  if (columns.size() > fields || places.size() != keys.size() + arguments.size() ||
      arguments.size() != kReads * parts[kAggregates].size())
    return std::nullopt;
  Meanings made(fields);
  for (size_t i = 0; i < columns.size(); ++i) made[i].insert({columns[i], kNoPart});
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0) continue;
    if (static_cast<size_t>(places[i]) >= fields) return std::nullopt;
    std::set<Meaning>& field = made[static_cast<size_t>(places[i])];
    if (i < keys.size()) {
      field.insert({keys[i], kNoPart});
      continue;
    }
    const size_t read = i - keys.size(), filter = read - read % kReads + 2;
    field.insert({arguments[read], read == filter ? kNoPart : arguments[filter]});
  }
  return made;
}

/// The stored field has in each row what the other one has now.
bool stands_for(const std::set<Meaning>& stored, const std::set<Meaning>& now) {
  const auto has = [&](const Meaning& meaning) {
    return stored.contains(meaning) || stored.contains({meaning.value, kNoPart});
  };
  // What is there for all rows is there for those of a filter.
  const auto whole = std::ranges::find_if(now, [](const Meaning& each) { return each.filter == kNoPart; });
  return whole != now.end() ? has(*whole) : std::ranges::all_of(now, has);
}

}  // namespace

std::vector<int> read_places(const RunningOperator& running) {
  std::vector<int> places = running.keys;
  for (const AggregateSpec& each : running.aggregates)
    places.insert(places.end(), {each.argument, each.by, each.filter});
  return places;
}

namespace {

std::vector<int> each_once(const std::vector<int>& places, size_t keys) {
  std::vector<int> fields;
  for (size_t i = keys; i < places.size(); ++i)
    if (places[i] >= 0 && std::ranges::find(fields, places[i]) == fields.end()) fields.push_back(places[i]);
  return fields;
}

}  // namespace

std::vector<int> argument_fields(const RunningOperator& running) {
  return each_once(read_places(running), running.keys.size());
}

std::optional<std::vector<NarrowedRows>> narrowed_running(const Program& program, const Operator& op,
                                                          const StateForm& stored, const std::vector<Field>& was,
                                                          const std::vector<std::vector<uint64_t>>& before,
                                                          const std::vector<std::vector<uint64_t>>& now,
                                                          std::string& lacks) {
  const auto& running = std::get<RunningOperator>(op.content);
  const std::vector<Field>& is = program.operators[static_cast<size_t>(op.inputs[0])].row;
  if (before.size() != kGroups || now.size() != kGroups) return std::nullopt;
  const auto meant_before = meanings_of(before, stored.places, was.size());
  const auto meant = meanings_of(now, read_places(running), is.size());
  if (!meant_before || !meant) return std::nullopt;
  // Of the fields `from` of the rows before, for each of the fields `into` of those now, one that stands for it.
  const auto narrowed = [&](const std::vector<int>& from, const std::vector<int>& into) {
    std::optional<NarrowedRows> made(std::in_place);
    for (const int field : from) made->before.push_back(was[static_cast<size_t>(field)]);
    for (const int field : into) {
      const auto at = std::ranges::find_if(from, [&](int each) {
        const auto stored_at = static_cast<size_t>(each), now_at = static_cast<size_t>(field);
        return stands_for((*meant_before)[stored_at], (*meant)[now_at]) &&
               compare_types(form_of_type(was[stored_at].type), form_of_type(is[now_at].type)) != FormFit::types;
      });
      if (at == from.end()) {
        note_lacking(is[static_cast<size_t>(field)], lacks);
        return std::optional<NarrowedRows>();
      }
      made->kept.push_back(static_cast<int>(at - from.begin()));
    }
    return made;
  };
  const auto all = [](size_t fields) {
    std::vector<int> places;
    for (size_t i = 0; i < fields; ++i) places.push_back(static_cast<int>(i));
    return places;
  };
  std::vector<NarrowedRows> made;
  std::optional<NarrowedRows> waiting = narrowed(all(was.size()), all(is.size()));
  if (!waiting) return std::nullopt;
  made.push_back(*std::move(waiting));
  if (!keeps_rows(running)) return made;
  std::optional<NarrowedRows> arguments =
      narrowed(each_once(stored.places, before[kKeys].size()), argument_fields(running));
  if (!arguments) return std::nullopt;
  made.push_back(*std::move(arguments));
  return made;
}

}  // namespace braid
