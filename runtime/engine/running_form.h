// Which fields of its input's rows `running` reads, and of the rows that it has stored which of them each one was. Keys
// and arguments that are no columns are computed behind the row, in places of the program's; the form of the state
// tells these (StateForm::places), so that a changed step finds them again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/engine/narrowed_rows.h"
#include "runtime/engine/state_form.h"

namespace braid {

/// Fields of the input's row: the keys, then of each aggregate its argument, what it is chosen by, its filter; −1:
/// none.
std::vector<int> read_places(const RunningOperator& running);
/// Those that the aggregates read, each once: with `over` the rows of a key are kept as these.
std::vector<int> argument_fields(const RunningOperator& running);
/// With `over` the rows of a key are kept, and what its aggregates are follows from them.
inline bool keeps_rows(const RunningOperator& running) {
  return running.rows > 0 || running.within_us > 0;
}
/// As narrowed_rows() has it; `before` and `now`: the groups of the parts.
std::optional<std::vector<NarrowedRows>> narrowed_running(const Program& program, const Operator& op,
                                                          const StateForm& stored, const std::vector<Field>& was,
                                                          const std::vector<std::vector<uint64_t>>& before,
                                                          const std::vector<std::vector<uint64_t>>& now,
                                                          std::string& lacks);

}  // namespace braid
