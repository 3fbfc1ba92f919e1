// Expressions of $filter, $orderby and $apply as trees, and their values over rows.
//
// A tree is made for one shape of rows (shape.h) and refers to its types, which outlive it. Depth, number of nodes and
// length of text are bounded, so that reading, evaluating and letting go of one needs bounded stack and time for a row.
// A tree is immutable once it is made; threads may share it.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/view/view_layout.h"
#include "serve/odata/datum.h"

namespace braid::serve::odata {

/// Why a request cannot be answered: 400 and the like, and 501 for what OData has and this does not.
struct Wrong {
  int status = 400;
  std::string message;
};
Wrong wrong(std::string message);
Wrong not_implemented(std::string message);

template <class T>
using Parsed = Result<T, Wrong>;

enum class Function : uint8_t {
  contains,
  startswith,
  endswith,
  length,
  indexof,
  substring,
  tolower,
  toupper,
  trim,
  concat,
  year,
  month,
  day,
  hour,
  minute,
  second,
  fractionalseconds,
  date,
  time,
  totaloffsetminutes,
  totalseconds,
  round,
  floor,
  ceiling
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

struct Node {
  enum class Op : uint8_t {
    literal,
    field,    ///< of the row
    row_id,   ///< which stored row it is (shape.h)
    element,  ///< of what `any` and `all` go through, or a field of it
    all_of,   ///< and
    any_of,   ///< or
    negation,
    eq,
    ne,
    gt,
    ge,
    lt,
    le,
    in,  ///< the first of the operands is one of the others
    add,
    sub,
    mul,
    div,
    divby,
    mod,
    minus,
    function,
    any,  ///< some element of the first operand fulfils the second; without a second one there is an element
    all,
    count  ///< elements
  };
  Op op = Op::literal;
  Kind kind = Kind::null;  ///< of its values, which may be null, too
  int scale = 0;           ///< of its decimals
  Type type = {};          ///< of a field or an element: of its values, not optional
  Datum value = {};        ///< literal; its text is `text`
  std::string text = {};
  FieldPlace place = {};       ///< field, element
  std::vector<int> path = {};  ///< field
  size_t variable = 0;         ///< element: of which `any` or `all`, counted from outside
  Function function = Function::contains;
  std::vector<NodePtr> of = {};  ///< operands
};

/// What an expression is evaluated over.
struct RowOf {
  const Slot* slots = nullptr;
  std::string_view row_id = {};
};

/// Evaluates trees over rows, one after the other. One thread. Texts of its values live until the next reset().
class Evaluator {
 public:
  Datum value(const Node& node, const RowOf& row);
  bool holds(const Node& node, const RowOf& row) { return value(node, row).is_true(); }
  /// A sentence: a row could not be evaluated, as a division by zero; the request fails. Null: none.
  const char* fault() const { return fault_; }
  void reset() { arena_.reset(); }

 private:
  Datum arithmetic(const Node& node, const Datum& a, const Datum& b);
  Datum call(const Node& node, const RowOf& row);
  Datum over_elements(const Node& node, const RowOf& row);
  Datum fails(const char* why) {
    fault_ = why;
    return null_datum();
  }

  Arena arena_;
  std::vector<const Slot*> elements_;
  const char* fault_ = nullptr;
};

/// The fields of the row, by their places, that an expression looks at.
void add_columns(const Node& node, std::set<int>& columns);

/// The value of a field, null if a struct around it is.
Datum datum_at(const FieldPlace& place, const Slot* slots);

}  // namespace braid::serve::odata
