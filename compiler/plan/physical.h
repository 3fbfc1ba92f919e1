// The physical plan: a Program whose kernels are still row programs (typed expressions). Interpreter and code generator
// each make kernels of them; `assemble` puts those into the Program.
#pragma once

#include <string>
#include <vector>

#include "compiler/typed/expression.h"
#include "runtime/abi/program.h"

namespace braid::plan {

/// One row-by-row step of a kernel.
struct RowStep {
  enum class Kind {
    keep,    ///< `condition` false: the row is dropped at `site`
    project  ///< the row becomes `columns`
  } kind;
  typed::ExpressionRef condition;
  std::vector<typed::ExpressionRef> columns;
  std::vector<Field> row;     ///< after the step
  uint32_t site = 0;          ///< keep: where a false row goes
  uint32_t failure_site = 0;  ///< the target of a row whose expression fails, unless `field_sites` has another
  /// Site of a failing checked_read of column i of the step's input row; empty where it reads none.
  std::vector<uint32_t> field_sites;
  /// project: field that each column makes, as people know it; empty: one that only the planner knows.
  std::vector<std::string> outputs;
  /// Of each column, or of the condition: number in Program::expressions of its first node that may fail, the others
  /// follow (typed::fallible_nodes).
  std::vector<uint32_t> first_expressions;
};

/// The steps of one kernel over one input row, first to last. An expression may fail; the row then goes to the step's
/// failure site with the code of the failure (E6xxx): one reason a row, the first in step order, left to right.
struct RowProgram {
  std::string name;  ///< for printing and symbols: "enriched_payment_2"
  std::vector<Field> input;
  std::vector<RowStep> steps;
  std::vector<Field> output;
  std::vector<int> passthrough;  ///< per output leaf: input leaf, or −1 (see RowsOperator)
};

/// Which kernel slot of the Program a row program fills.
struct KernelPlace {
  enum class Kind { source, rows, residual, right_filter, match, alert } kind;
  int index;  ///< of the source or the operator
};

struct PhysicalPlan {
  Program program;  ///< complete except for its kernels
  std::vector<RowProgram> kernels;
  std::vector<KernelPlace> places;  ///< one for each of `kernels`
};

/// Slot of the program that `place` names.
KernelSlot& kernel_slot(Program& program, KernelPlace place);

}  // namespace braid::plan
