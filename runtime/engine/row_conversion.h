// The stored rows of a step that is what it was, where the program around it is not: rows say by number where they come
// from, and these numbers are a program's; and a join, or `last`, may keep fewer fields than before, or others that are
// made of what there is. Such rows are read over into new ones. How they lie in the store, their operators say
// (runtime/operators); this file knows it of those that it converts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/engine/narrowed_rows.h"
#include "runtime/engine/state_form.h"
#include "runtime/state/store.h"

namespace braid {

/// Of what a program calls by numbers, those that another one has.
struct Renumbering {
  std::map<uint32_t, uint32_t> relations;        ///< Record::source
  std::map<std::pair<uint32_t, int>, int> ways;  ///< bits of Record::settled: (relation before, bit) → bit, −1: none
  bool empty() const { return relations.empty() && ways.empty(); }
  uint32_t of(uint32_t relation) const;
  uint64_t settled(uint32_t relation, uint64_t bits) const;
};
/// From the origins of one form to those of another one (StateForm). None: they name other relations, or in another
/// order, which decides between rows of one time.
std::optional<Renumbering> renumbering(const StateForm& stored, const StateForm& now);

/// The aggregates of a step, of which some have come or gone.
struct KeptAggregates {
  std::vector<std::string> stored;  ///< their forms, as they are stored
  std::vector<int> kept;            ///< for each aggregate of the program: which of those it is; −1: it begins empty
  size_t begins() const;
  size_t goes() const;
};

struct RowConversion {
  int op = -1;
  uint32_t from = 0;  ///< number of the tables that there are
  Renumbering numbers;
  std::vector<NarrowedRows> rows;            ///< by narrowed_rows(); empty: they are as they were
  std::optional<KeptAggregates> aggregates;  ///< of `running` without `over`; none: they are as they were
  bool derives = false;                      ///< of `running` with `over`: aggregates follow from the rows
};

/// Whether the places are known at which the step's rows have such numbers.
bool can_renumber(const Operator& op);
/// Puts the rows that `conversion` makes of those there are under the number `into`, in several commits, which nothing
/// refers to yet; what lies there already goes.
Status convert_rows(const Program& program, const RowConversion& conversion, uint32_t into, StateStore& store);

/// A row of a table: its key behind what names the table, and its value.
struct StoredPair {
  std::string key, value;
};
/// Adds to `made` what a row becomes.
using ConvertPair = std::function<Status(StateFamily family, uint32_t table, std::string_view key,
                                         std::string_view value, std::vector<StoredPair>& made)>;
/// All rows of the step `from`, as `convert` gives them, under `into`; `end_table`: behind the rows of each table, what
/// is still to be added.
Status copy_tables(uint32_t from, uint32_t into, StateStore& store, const ConvertPair& convert,
                   const std::function<void(std::vector<StoredPair>& made)>& end_table = {});

}  // namespace braid
