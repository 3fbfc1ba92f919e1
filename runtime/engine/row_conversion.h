// The stored rows of a step that is what it was, where the program around it is not: rows say by number where they come
// from, and these numbers are a program's; and a join, or `last`, may keep fewer fields than before. Such rows are read
// over into new ones. How they lie in the store, their operators say (runtime/operators); this file knows it of those
// that it converts.
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

/// The rows of one input as the step kept them, and of each field that it keeps now which one it was.
struct NarrowedInput {
  std::vector<Field> before;
  std::vector<int> kept;
};

struct RowConversion {
  int op = -1;
  uint32_t from = 0;  ///< number of the tables that there are
  Renumbering numbers;
  std::vector<NarrowedInput> inputs;  ///< empty: they are as they were
};

/// Whether the places are known at which the step's rows have such numbers.
bool can_renumber(const Operator& op);
/// The inputs of a join or of `last`, each as what it was without some of its fields; `parts`: what each column means,
/// of one input behind the other. None: some field is new, or has another type, or how the step keeps rows is not
/// known.
std::optional<std::vector<NarrowedInput>> narrowed_inputs(const Program& program, const Operator& op,
                                                          const StateForm& stored,
                                                          const std::vector<uint64_t>& parts_stored,
                                                          const std::vector<uint64_t>& parts_now);
/// Puts the rows that `conversion` makes of those there are under the number `into`, in several commits, which nothing
/// refers to yet; what lies there already goes.
Status convert_rows(const Program& program, const RowConversion& conversion, uint32_t into, StateStore& store);

/// A row of a table: its key behind what names the table, and its value.
struct StoredPair {
  std::string key, value;
};
using ConvertPair =
    std::function<Result<StoredPair>(StateFamily family, uint32_t table, std::string_view key, std::string_view value)>;
/// All rows of the step `from`, as `convert` gives them, under `into`.
Status copy_tables(uint32_t from, uint32_t into, StateStore& store, const ConvertPair& convert);

}  // namespace braid
