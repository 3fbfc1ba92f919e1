// The direct children of an expression, in the order of the text.
#pragma once

#include <variant>

#include "compiler/ast/nodes.h"
#include "runtime/base/overloaded.h"

namespace braid::ast {

/// Calls `visit(const Expr&)` for each child that is there.
template <class Visit>
void for_each_child(const Expr& expr, Visit visit) {
  auto child = [&](const ExprPtr& value) {
    if (value) visit(*value);
  };
  auto arguments = [&](const Arguments& given) {
    for (const Argument& argument : given.list)
      if (const auto* value = std::get_if<ExprPtr>(&argument.value)) child(*value);
  };
  std::visit(Overloaded{
                 [](const Literal&) {},
                 [&](const Formatted& node) {
                   for (const auto& part : node.parts)
                     if (const auto* value = std::get_if<ExprPtr>(&part)) child(*value);
                 },
                 [](const NameExpr&) {},
                 [&](const Call& node) { arguments(node.arguments); },
                 [&](const MethodCall& node) {
                   child(node.object);
                   arguments(node.arguments);
                 },
                 [&](const FieldAccess& node) { child(node.object); },
                 [&](const Index& node) {
                   child(node.object);
                   child(node.index);
                 },
                 [&](const Unary& node) { child(node.operand); },
                 [&](const Binary& node) {
                   child(node.left);
                   child(node.right);
                 },
                 [&](const In& node) {
                   child(node.value);
                   child(node.first);
                   child(node.last);
                 },
                 [&](const IsNull& node) { child(node.operand); },
                 [&](const If& node) {
                   child(node.condition);
                   child(node.then);
                   child(node.otherwise);
                 },
                 [&](const Case& node) {
                   child(node.subject);
                   for (const Arm& arm : node.arms) {
                     for (const Pattern& pattern : arm.patterns) {
                       child(pattern.first);
                       child(pattern.last);
                     }
                     child(arm.result);
                   }
                 },
                 [&](const Struct& node) {
                   for (const Entry& entry : node.entries)
                     std::visit([&](const auto& kind) { child(kind.value); }, entry.node);
                 },
                 [&](const List& node) {
                   for (const ExprPtr& element : node.elements) child(element);
                 },
                 [&](const Lambda& node) { child(node.body); },
                 [](const ErrorExpr&) {},
             },
             expr.node);
}

}  // namespace braid::ast
