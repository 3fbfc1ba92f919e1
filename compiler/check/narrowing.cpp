// What a condition shows of optional values: `x is not null` makes `x` present right of `and`, in the arms of `if` and
// `case`, and after `where`. Paths (`c.email`) narrow like names.
#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

/// `c?.email is not null` shows `c` too.
void add_path(const ast::Expr& expression, std::vector<std::string>& present) {
  const std::string path = Expressions::path_of(expression);
  if (path.empty()) return;
  present.push_back(path);
  const auto* access = std::get_if<ast::FieldAccess>(&expression.node);
  if (access != nullptr && access->optional && access->object != nullptr) add_path(*access->object, present);
}

}  // namespace

void Expressions::assume(const ast::Expr& condition, bool holds) {
  if (const auto* test = std::get_if<ast::IsNull>(&condition.node)) {
    if (test->operand != nullptr && test->negated == holds) add_path(*test->operand, present_);
    return;
  }
  if (const auto* unary = std::get_if<ast::Unary>(&condition.node)) {
    if (unary->op == ast::UnaryOperator::logical_not && unary->operand != nullptr) assume(*unary->operand, !holds);
    return;
  }
  const auto* binary = std::get_if<ast::Binary>(&condition.node);
  if (binary == nullptr || binary->left == nullptr || binary->right == nullptr) return;
  const bool both = binary->op == ast::BinaryOperator::logical_and && holds;
  const bool neither = binary->op == ast::BinaryOperator::logical_or && !holds;
  if (!both && !neither) return;
  assume(*binary->left, holds);
  assume(*binary->right, holds);
}

bool Expressions::is_present(const std::string& path) const {
  if (std::find(present_.begin(), present_.end(), path) != present_.end()) return true;
  return row_ != nullptr && row_->present.contains(path);
}

}  // namespace braid::checking
