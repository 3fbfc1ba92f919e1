// The interpreter of expressions and row programs: answers the first rows of a run while native code is still
// compiling, folds constants, and serves the reference evaluator. Equal to generated code on every row.
//
// Kernels are immutable; several workers may run one at once.
#pragma once

#include <memory>
#include <optional>

#include "compiler/interpret/prepare.h"
#include "compiler/plan/physical.h"

namespace braid::interpret {

/// Runs the row program, and says why rows failed, whoever ran it.
class InterpretedKernel : public Kernel, public Explainer {};

/// `sites` numbers the calls that keep objects; the same one for all kernels of a program, native ones too.
std::shared_ptr<const InterpretedKernel> interpret(const plan::RowProgram& program, typed::CallSites& sites);

/// One expression over one row, evaluated many times. One thread.
class Evaluator {
 public:
  Evaluator(const typed::Expression& expression, const std::vector<Field>& row, typed::CallSites& sites);
  /// Writes the leaves of the result; `row` has the leaves of the row. Code 0: it did not fail.
  Failure evaluate(const Slot* row, const RowContext& context, Slot* result);

 private:
  Prepared prepared_;
  const Node* root_;
  Prepared::Scratch scratch_;
};

/// The same once: slow, for tests and the reference evaluator. Needs no numbered call sites.
Failure evaluate(const typed::Expression& expression, const std::vector<Field>& row, const Slot* slots,
                 const RowContext& context, Slot* result);

/// The value of an expression that reads no row, nothing beside one and no local of its surroundings, and does not
/// fail; nullopt of any other.
std::optional<Value> evaluate_constant(const typed::Expression& expression);

}  // namespace braid::interpret
