// Which stored state belongs to which operator of a program: by what the steps mean, whatever the program looks like
// now (docs/decisions/0052-state-follows-the-script.md). Numbers of state tables stay with states for ever.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/abi/state_family.h"
#include "runtime/engine/group_conversion.h"
#include "runtime/engine/row_conversion.h"
#include "runtime/engine/state_form.h"
#include "runtime/state/store.h"

namespace braid {

/// A step that keeps state, as a store or a program has it.
struct StateRecord {
  uint32_t number = 0;  ///< of its tables; 0: it has none
  StateIdentity identity;
  uint64_t family = 0;  ///< the first identity of steps with its meaning (next_identity)
  StateForm form;
  std::vector<uint64_t> parts;  ///< StateParts; empty: not told
};

/// The same step in a store and in a program, or what has no partner there.
struct StateFit {
  enum class Kind {
    kept,       ///< it goes on
    converted,  ///< the same, with its rows in another form
    changed,    ///< it means something else now, or its rows have another form: what is stored is of no use, but for
                ///< `conversion`
    added,      ///< the store does not know it
    gone        ///< the program does not have it any more
  } kind = Kind::kept;
  std::string label;    ///< "p: join c"
  std::string reason;   ///< of what is changed, or goes on in a wider form: "its aggregates are others"
  int op = -1;          ///< in the program; −1: gone
  int conversion = -1;  ///< of OperatorStates::conversions: what can go on of it; −1: nothing, or all as it is

  /// Rows of a store have no step any more.
  bool loses() const { return kind == Kind::changed || kind == Kind::gone; }
  /// Its state can be made again.
  bool is_open() const { return kind == Kind::changed || kind == Kind::added; }
};

/// Why it is so, for people: "its aggregates are others"; empty of what goes on as it is.
std::string reason_text(const StateFit& fit);
/// Whether `words` name the step: by its label, by its relation, or, where `all` counts, by "all".
bool names_step(const std::vector<std::string>& words, std::string_view label, bool all);
/// Whether `word` could name one of them: "all", a step, a relation, or any step of such, which may be gone since the
/// last start.
bool may_name_step(const std::string& word, const Program& program, const std::vector<StateFit>& fits);

bool has_state(const Operator& op);

/// Rows of a step in another form.
using StateConversion = std::variant<GroupConversion, RowConversion>;
int operator_of(const StateConversion& conversion);
Status convert_state(const Program& program, const StateConversion& conversion, uint32_t into, StateStore& store);

struct OperatorStates {
  std::vector<uint32_t> numbers;             ///< of each operator's tables; 0 for operators without state
  std::vector<bool> kept;                    ///< the operator's stored state is to be read
  std::vector<StateConversion> conversions;  ///< that are possible
  std::vector<bool> rebuilt;                 ///< and it is what has been made again
  std::vector<StateFit> fits;                ///< of all steps that keep state
  std::vector<uint32_t> dropped;             ///< numbers whose rows have no operator any more
  uint32_t next_number = 1;
  bool renamed = false;  ///< what is stored of steps that go on is not as the program has it: their labels, their forms
};

/// The steps of a program that keep state, in its order; `numbers` are 0.
std::vector<StateRecord> state_records(const Program& program, const StateParts& parts = {});
Result<std::vector<StateRecord>> read_state_records(StateStore& store);
/// Pairs what is stored with the steps of the program.
OperatorStates match_states(const Program& program, const StateParts& parts, const std::vector<StateRecord>& stored,
                            uint32_t next_number);
/// The same with what a store has.
Result<OperatorStates> match_states(const Program& program, const StateParts& parts, StateStore& store);
/// All rows of a step.
inline constexpr uint32_t kStateTables = 8;  ///< of each
Status erase_tables(uint32_t number, StateStore& store, StateBatch& batch);
/// Stores the assignment; deletes the rows of dropped operators.
Status collect_states(const Program& program, const StateParts& parts, const OperatorStates& states, StateStore& store,
                      StateBatch& batch);

}  // namespace braid
