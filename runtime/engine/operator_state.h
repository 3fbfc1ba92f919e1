// Which stored state belongs to which operator of a program: by identity and schema, whatever the program looks like
// now. Numbers of state tables stay with identities for ever.
#pragma once

#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/state/store.h"

namespace braid {

/// A step that keeps state, as a store knows it and as a program has it.
struct StateFit {
  enum class Kind {
    kept,     ///< it goes on
    changed,  ///< it has another form now, and begins empty
    added,    ///< the store does not know it
    gone      ///< the program does not have it any more
  } kind = Kind::kept;
  std::string label;  ///< "p: join c"
  bool operator==(const StateFit&) const = default;
};

bool has_state(const Operator& op);

struct OperatorStates {
  std::vector<uint32_t> numbers;     ///< of each operator's tables; 0 for operators without state
  std::vector<bool> kept;            ///< the operator's stored state is to be read
  std::vector<StateFit> fits;        ///< of all steps that keep state
  std::vector<std::string> misfits;  ///< what neither goes on nor begins with the job: "p: join c (changed)"
  std::vector<uint32_t> dropped;     ///< numbers whose rows have no operator any more
  uint32_t next_number = 1;
};

/// `fresh`: the store is empty, so everything may begin.
Result<OperatorStates> match_states(const Program& program, StateStore& store, bool fresh);
/// Stores the assignment; deletes the rows of dropped operators.
Status collect_states(const Program& program, const OperatorStates& states, StateStore& store, StateBatch& batch);

}  // namespace braid
