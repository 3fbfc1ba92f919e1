// Expressions made ready for the interpreter: types resolved to leaf offsets and widths, operators to one code a type,
// constants to slots, each node with a place of its own for its result. Immutable, so that several workers run it at
// once, each with its own Scratch.
//
// Evaluation gives a pointer to the leaves of the result: in the row, in a constant or in the scratch. It stays good
// until the same expression is evaluated again with that scratch.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "compiler/typed/call_sites.h"
#include "compiler/typed/expression.h"
#include "runtime/abi/kernel.h"

namespace braid::interpret {

enum class Code : uint8_t {
  constant,
  column,
  local,
  bind,
  skip_leaves,
  call,
  add_int,
  subtract_int,
  multiply_int,
  remainder_int,
  negate_int,
  add_float,
  subtract_float,
  multiply_float,
  divide_float,
  negate_float,
  add_decimal,
  subtract_decimal,
  multiply_decimal,
  divide_decimal,
  remainder_decimal,
  negate_decimal,
  concatenate,
  append_lists,
  compare_bool,
  compare_i32,
  compare_int,
  compare_float,
  compare_decimal,
  compare_bytes,
  compare_uuid,
  equal_values,
  rescale,
  to_optional,
  checked_read,
  both,
  either,
  negate_bool,
  choose,
  is_null,
  coalesce,
  attempt,
  fail,
  make_struct,
  make_list,
  list_field,
  index,
  loop,
  event_time,
  now,
  origin,
  random,
  random_uuid
};

/// A text or a list among the leaves of a value, for what it counts in a loop (compiler/typed/loop_limit.h).
struct Charge {
  uint32_t leaf;
  uint32_t element_width = 0;  ///< of a list; 0: a text
};

struct LoopPlan {
  typed::LoopKind kind;
  uint32_t element, position, state;  ///< numbers of locals
  uint32_t element_width;             ///< slots of an element of the list
  uint32_t made_width;                ///< slots of an element of the result, where that is a list
  uint32_t number_place;              ///< in the scratch: where the element's number stands
  bool outermost;                     ///< in no other loop
  bool counts_work;
};

struct Node {
  Code code;
  uint32_t width = 1;          ///< leaves of the result
  uint32_t place = 0;          ///< first slot of the result in the scratch
  uint32_t offset = 0;         ///< leaves to skip; number of a local, of a site; element width; first slot of a call
  uint32_t extra = 0;          ///< list_field: leaves taken; make_list: where its elements are put together
  uint32_t element_width = 0;  ///< list_field: of the list it reads
  typed::Operator op = typed::Operator::add;  ///< of comparisons
  /// attempt, to_optional: adds a presence leaf; coalesce: keeps it; call: optional result; checked_read: no attempt
  /// around it catches its failure
  bool flag = false;
  int column = -1;  ///< checked_read: the column it reads, −1 if it is none
  uint8_t scale_a = 0, scale_b = 0, scale = 0, precision = 0;
  bool wide_a = false, wide_b = false, wide = false;  ///< decimals of 128 bits
  const Slot* constant = nullptr;
  const FunctionDeclaration* function = nullptr;
  std::vector<const Node*> parts;
  std::vector<uint32_t> argument_places;          ///< call: where each argument's leaves go in the scratch
  std::vector<bool> argument_widens;              ///< call: a short decimal that is passed as i128
  std::vector<uint32_t> codes;                    ///< checked_read: code by fault
  const typed::Expression* expression = nullptr;  ///< what it was prepared from; belongs to the caller of `add`
  uint32_t number = RowReason::kNoExpression;     ///< of an expression that may fail: see `add`
  const char* layout = nullptr;                   ///< equal_values
  const LoopPlan* loop = nullptr;
  std::vector<Charge> charges;           ///< of a node in a loop: texts and lists of its result
  std::vector<Charge> argument_charges;  ///< of its arguments, counted from the start of the scratch
};

/// What stands beside the row that is evaluated.
struct RowContext {
  CallContext* call = nullptr;
  int64_t time = 0;
  const Record* record = nullptr;
};

/// Why an evaluation ended.
struct Failure {
  uint32_t code = 0;
  int column = -1;  ///< of a failed conversion: the column of the row
  Bytes detail = {nullptr, 0};
  bool breaks_record = false;  ///< a broken field: no attempt catches it
  const Node* node = nullptr;  ///< that failed; its parts can be evaluated again, with the same scratch
};

/// All expressions over one or several rows. Nodes and constants live as long as it.
class Prepared {
 public:
  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  /// The nodes that may fail (typed::fallible_nodes) are numbered from `first_number` on.
  const Node* add(const typed::Expression& expression, const std::vector<Field>& row, typed::CallSites& sites,
                  uint32_t first_number = RowReason::kNoExpression);

  /// One worker's memory; made by `make_scratch`.
  struct Scratch {
    std::vector<Slot> slots;
    std::vector<const Slot*> locals;
    uint64_t work = 0;  ///< of the row, inside its outermost loop
  };
  Scratch make_scratch() const;

 private:
  friend class Preparation;
  std::deque<Node> nodes_;
  std::deque<std::string> texts_;  ///< layouts
  std::deque<LoopPlan> loops_;
  Arena constants_;
  std::vector<Slot> initial_;  ///< the scratch at the start: scales, layouts and cache numbers of calls
  uint32_t locals_ = 0;
};

/// The leaves of the result; null if it failed, then `failure` says why.
const Slot* evaluate(const Node& node, const Slot* row, Prepared::Scratch& scratch, const RowContext& context,
                     Failure& failure);

}  // namespace braid::interpret
