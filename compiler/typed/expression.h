// Typed expressions: what the checker makes of a script's expressions, and what interpreter, optimiser, code generator
// and the reference evaluator work on. Small on purpose: `case`, `in`, `?.`, interpolation, user functions, method
// calls and named arguments are gone; each name is a column, a local or a constant; each conversion is spelled out.
//
// An expression is immutable and shared (shared_ptr: optimiser passes and shared sub-plans refer to one tree), so a
// pass builds new nodes and keeps what it does not touch.
//
// Evaluation is left to right, arguments before calls; `both`, `either`, `choose`, `coalesce` evaluate only what they
// need. A fallible node that fails ends the evaluation of its step for that row, unless an `attempt` stands around it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "runtime/data/type.h"
#include "runtime/data/value.h"
#include "runtime/declare/function.h"
#include "runtime/report/span.h"

namespace braid::typed {

/// Where a function of the script was called whose body became part of an expression.
struct CallPlace {
  Span span;
  std::shared_ptr<const CallPlace> within;  ///< the call that this one was written in; null: the script's own
};

/// Where an expression stands: in the script, and in the body of a function, by which calls.
struct Place : Span {
  Place() = default;
  Place(Span span) : Span(span) {}
  Place(Span span, std::shared_ptr<const CallPlace> call) : Span(span), call(std::move(call)) {}

  std::shared_ptr<const CallPlace> call;  ///< null: in no function
};

/// `declassify(e, #pii, because: "…")`: a label that a value carries no longer, and why.
struct Declassification {
  std::string label;
  std::string because;
  Span span;                                     ///< of the call
  std::shared_ptr<const Declassification> next;  ///< of the same value: another label; null: none
};

struct Expression;
/// Shared because sub-trees are reused by passes and by several steps; never null where an expression is required.
using ExpressionRef = std::shared_ptr<const Expression>;

/// Operators the compiler generates itself. Operand types are equal after conversion unless said otherwise.
enum class Operator : uint8_t {
  // integer: fails on overflow (E6101). floating: IEEE. decimal: result type's precision/scale, operands as they are;
  // fails beyond 38 digits. Also duration ± duration, timestamp ± duration, timestamp − timestamp, date ± duration is
  // none; string + string and list + list concatenate.
  add,
  subtract,
  // integer, floating, decimal, integer * duration, duration * integer.
  multiply,
  // floating, decimal (result scale = left scale + 6); fails on zero (E6102). duration div integer is a function.
  divide,
  // `%`: integer, decimal; fails on zero. Sign of the dividend.
  remainder,
  negate,
  equal,
  not_equal,  ///< any equal types; optional operands allowed: null equals null only
  less,
  less_equal,
  greater,
  greater_equal  ///< ordered scalars, not optional; floats: total order, NaN last
};

/// Conversions that the checker and the planner insert. All but `narrow_decimal` and the two reads cannot fail.
enum class Conversion : uint8_t {
  integer_to_decimal,  ///< to decimal(19 or more, s)
  widen_decimal,       ///< to at least as many whole digits and at least the scale
  narrow_decimal,      ///< fails when digits would be lost (stating a type: `fields { a: decimal(5,2) }`)
  to_optional,         ///< T to T?
  unwrap,              ///< T? to T where the checker has shown that it is present
  checked_read,        ///< checked<T> to T: fails with the conversion fault of the source field, past every Attempt
  tried_read,          ///< the same directly below an Attempt of a field, which makes null of the fault
  map_entries,         ///< map<K, V> to its entries, list<{ key: K, value: V }>
  entries_map          ///< back, where the entries are in the order of their keys, each key once
};

/// What stands beside the row.
enum class Ambient : uint8_t {
  event_time,  ///< timestamp of the row
  now,         ///< timestamp: the recorded clock reading
  origin,      ///< struct { source: string, partition: string, position: int, line: int }
  random,      ///< float in [0, 1): hash of (job, source, partition, position, site)
  random_uuid  ///< the same as a UUID
};

struct Constant {
  Value value;
};
/// Field `index` of the step's input row.
struct ColumnRead {
  int index;
};
/// Value of an enclosing `Bind` of that slot.
struct LocalRead {
  int slot;
};
/// Evaluates `value` once, then `body`, in which LocalRead{slot} is it. Slots are unique within a step's expression.
struct Bind {
  int slot;
  ExpressionRef value;
  ExpressionRef body;
};
/// Field `index` of a struct value (not optional: `?.` has become IsNull + Unwrap).
struct FieldRead {
  ExpressionRef base;
  int index;
};
/// A standard library function; arguments in parameter order, defaults filled in, types exactly as declared.
struct FunctionCall {
  const FunctionDeclaration* function;
  std::vector<ExpressionRef> arguments;
};
struct Operation {
  Operator op;
  std::vector<ExpressionRef> operands;  ///< one or two
};
struct Convert {
  Conversion conversion;
  ExpressionRef operand;
};
struct Both {  ///< and
  ExpressionRef left, right;
};
struct Either {  ///< or
  ExpressionRef left, right;
};
struct Not {
  ExpressionRef operand;
};
struct Choose {  ///< if … then … else
  ExpressionRef condition, then, otherwise;
};
struct IsNull {
  ExpressionRef operand;  ///< optional
};
struct Coalesce {  ///< ??: `left` is optional; the result has the type of `right` (T or T?)
  ExpressionRef left, right;
};
/// try: null where `operand` fails; result optional. It does not hide a broken field of the record (checked_read).
struct Attempt {
  ExpressionRef operand;
  bool of_field = false;  ///< `try` directly on a field or a path of fields: reads in `operand` become tried_read
};
/// fail("why"): always fails with E6105 and the text; has the type its surroundings need.
struct Fail {
  ExpressionRef message;
};
struct MakeStruct {
  std::vector<ExpressionRef> fields;  ///< in the order of the type's fields
};
struct MakeList {
  std::vector<ExpressionRef> items;
};
/// Elements of a list, `xs.f` on a list of structs.
struct ListField {
  ExpressionRef list;
  int index;
};
/// `xs[i]`: fails when out of range (E6103).
struct Index {
  ExpressionRef list, index;
};
/// f"…": text of each part; parts are strings already (the checker calls `string` on others).
struct Concatenate {
  std::vector<ExpressionRef> parts;
};

/// What a loop over the elements of a list gives, and what its body is.
enum class LoopKind : uint8_t {
  map,         ///< a list of the body's values
  flat_map,    ///< the body's lists, one after the other
  filter,      ///< the elements for which the body, a bool, holds
  take_while,  ///< the elements before the first for which it does not hold
  skip_while,  ///< the elements from that one on
  any,         ///< whether it holds for one; ends there
  all,         ///< whether it holds for each; ends at the first for which it does not
  count,       ///< for how many it holds
  find,        ///< the first element for which it holds, T?
  position,    ///< where that one stands, int?
  fold         ///< the body's last value; `initial` if there are no elements
};
/// `xs.map(x => …)`: `body` is evaluated for each element in order, with the element in LocalRead{element}, its number
/// from 0 in LocalRead{position} and, in a fold, what the elements before gave in LocalRead{state}. The three slots are
/// unique within the step, as those of `Bind` are.
///
/// A row does a bounded amount of work: see loop_limit.h. A loop whose body does such work may fail with E6107, and so
/// may one whose list may become too long.
struct Loop {
  LoopKind kind;
  int element, position, state;  ///< slots; state −1: no fold
  ExpressionRef list;
  ExpressionRef initial;  ///< of a fold; else null
  ExpressionRef body;
};
struct AmbientRead {
  Ambient what;
  uint32_t site = 0;  ///< of random and random_uuid: number of the call in the script
};

struct Expression {
  Type type;
  Place span;                  ///< in the script, for run-time errors; of the innermost user-written construct
  bool can_fail = false;       ///< itself or a part outside an Attempt; a checked_read inside one, too
  bool reads_checked = false;  ///< is or holds a checked_read
  bool charges = false;        ///< is or holds a node that counts inside a loop (loop_limit.h)
  std::variant<Constant, ColumnRead, LocalRead, Bind, FieldRead, FunctionCall, Operation, Convert, Both, Either, Not,
               Choose, IsNull, Coalesce, Attempt, Fail, MakeStruct, MakeList, ListField, Index, Concatenate, Loop,
               AmbientRead>
      node;
  /// For the flow of labels, which the checker follows; the value is the node's. Passes behind the checker may lose it.
  std::shared_ptr<const Declassification> declassified = nullptr;
  /// The first test of a `case` that names each symbol of an enum and has no `else`: of what it compares, a symbol more
  /// would be one without an arm. For lineage, too.
  bool of_whole_case = false;
};

/// Makes a node and derives `can_fail`, `reads_checked` and `charges` from its kind and parts.
ExpressionRef make(Type type, Place span, decltype(Expression::node) node);
/// The same value without a label.
ExpressionRef declassify(const ExpressionRef& expression, Declassification what);
/// The same test, marked as `of_whole_case`.
ExpressionRef of_whole_case(const ExpressionRef& test);
/// A field of a struct by its index; of a struct that may be null, null or the field, as `?.` reads it.
ExpressionRef read_field(const ExpressionRef& base, int field, Place span);
/// The value at a path of field indexes, first of the row and then of structs.
ExpressionRef read_path(const std::vector<Field>& row, const std::vector<int>& path, Place span);
/// Whether the node itself (not its parts) may fail.
bool node_can_fail(const Expression& expression);
/// Whether the work of the node itself counts inside a loop: it makes or reads texts or lists (loop_limit.h).
bool node_charges(const Expression& expression);
/// Whether the loop counts what its body does, and so may fail.
bool counts_work(const Loop& loop);
/// Whether the digits of the result type of this decimal operation hold whatever its operands' types allow.
bool always_fits(const Expression& expression);
/// The nodes whose own failure may end the evaluation, parts before the nodes they belong to.
std::vector<const Expression*> fallible_nodes(const Expression& expression);
/// The expression that a call at `call` became: what stands within `body`, or was called from there, notes the call.
ExpressionRef called_from(const ExpressionRef& expression, Span body, Span call);
/// The parts of a node, in order of evaluation.
std::vector<ExpressionRef> parts(const Expression& expression);
/// The same node with other parts (as many, in the same order).
ExpressionRef with_parts(const Expression& expression, std::vector<ExpressionRef> parts);
/// Columns read anywhere in it, sorted, each once.
std::vector<int> columns_read(const ExpressionRef& expression);
/// ColumnRead{i} becomes ColumnRead{new_index[i]}.
ExpressionRef remap_columns(const ExpressionRef& expression, const std::vector<int>& new_index);
/// ColumnRead{i} becomes `replacements[i]` (an expression over another row); Bind slots of the replacements must not
/// clash: they are shifted by the caller with `shift_locals`.
ExpressionRef substitute_columns(const ExpressionRef& expression, const std::vector<ExpressionRef>& replacements);
int highest_local(const ExpressionRef& expression);  ///< -1 if none
ExpressionRef shift_locals(const ExpressionRef& expression, int by);
/// A default value of the type: 0, "", null.
Value zero_value(const Type& type);
/// The value where the condition holds; elsewhere nothing of it is computed, and it is `zero_value`.
ExpressionRef computed_if(const ExpressionRef& condition, const ExpressionRef& value);
/// `(add (column 0 amount) (constant 1.00))`; names columns by `row`.
std::string print(const Expression& expression, const std::vector<Field>& row);

}  // namespace braid::typed
