#include "compiler/ast/print_expr.h"

#include "compiler/ast/visit.h"

namespace braid::ast {
namespace {

const char* spelled(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::logical_or:
      return "or";
    case BinaryOperator::logical_and:
      return "and";
    case BinaryOperator::equal:
      return "==";
    case BinaryOperator::not_equal:
      return "!=";
    case BinaryOperator::less:
      return "<";
    case BinaryOperator::less_equal:
      return "<=";
    case BinaryOperator::greater:
      return ">";
    case BinaryOperator::greater_equal:
      return ">=";
    case BinaryOperator::fallback:
      return "??";
    case BinaryOperator::add:
      return "+";
    case BinaryOperator::subtract:
      return "-";
    case BinaryOperator::multiply:
      return "*";
    case BinaryOperator::divide:
      return "/";
    case BinaryOperator::remainder:
      return "%";
  }
  return "";
}

const char* spelled(UnaryOperator op) {
  switch (op) {
    case UnaryOperator::negate:
      return "negate";
    case UnaryOperator::logical_not:
      return "not";
    case UnaryOperator::try_:
      return "try";
  }
  return "";
}

TreeText tree(const Literal& literal) {
  return std::visit(Overloaded{
                        [](const NullLiteral&) { return TreeText::atom("null"); },
                        [](const BoolLiteral& node) { return TreeText::atom(node.value ? "true" : "false"); },
                        [](const NumberLiteral& node) { return TreeText::atom(node.text); },
                        [](const TextLiteral& node) { return TreeText::quoted(node.value); },
                        [](const Duration& node) { return TreeText::atom(node.text); },
                        [](const Time& node) { return TreeText::atom("@" + node.text); },
                    },
                    literal.value);
}

TreeText range(const ExprPtr& first, RangeEnd end, const ExprPtr& last) {
  if (!last) return tree(first);
  return TreeText{range_sign(end), {}}.add(tree(first)).add(tree(last));
}

TreeText tree(const Case& node) {
  TreeText out{"case", {}};
  if (node.subject) out.add(tree(node.subject));
  for (const Arm& arm : node.arms) {
    TreeText branch{arm.otherwise ? "else" : "arm", {}};
    for (const Pattern& pattern : arm.patterns) branch.add(range(pattern.first, pattern.end, pattern.last));
    out.add(branch.add("->").add(tree(arm.result)));
  }
  return out;
}

TreeText with_arguments(TreeText out, const Arguments& arguments) {
  for (TreeText& argument : tree(arguments).children) out.add(std::move(argument));
  return out;
}

}  // namespace

std::string dotted(const Path& path) {
  std::string out;
  for (const Name& part : path.parts) out += (out.empty() ? "" : ".") + part.text;
  return out.empty() ? "error" : out;
}

const char* range_sign(RangeEnd end) {
  return end == RangeEnd::included ? ".." : "..<";
}

TreeText tree(const Arguments& arguments) {
  TreeText out{"arguments", {}};
  for (const Argument& argument : arguments.list) {
    const auto* label = std::get_if<Label>(&argument.value);
    TreeText value = label ? TreeText::atom("#" + label->text) : tree(std::get<ExprPtr>(argument.value));
    out.add(argument.name ? TreeText{argument.name->text + ":", {}}.add(std::move(value)) : std::move(value));
  }
  return out;
}

TreeText tree(const Entry& entry) {
  return std::visit(Overloaded{
                        [](const SpreadEntry& node) {
                          return node.value ? TreeText{"..", {}}.add(tree(node.value)) : TreeText::atom("..");
                        },
                        [](const NamedEntry& node) { return TreeText{node.name.text + ":", {}}.add(tree(node.value)); },
                        [](const PlainEntry& node) { return tree(node.value); },
                    },
                    entry.node);
}

TreeText tree(const Struct& node) {
  TreeText out{"struct", {}};
  for (const Entry& entry : node.entries) out.add(tree(entry));
  return out;
}

TreeText tree(const ExprPtr& expr) {
  return expr ? tree(*expr) : TreeText::atom("none");
}

TreeText tree(const Expr& expr) {
  return std::visit(
      Overloaded{
          [](const Formatted& node) {
            TreeText out{"formatted", {}};
            for (const auto& part : node.parts) {
              const auto* text = std::get_if<Text>(&part);
              out.add(text ? TreeText::quoted(text->value) : tree(std::get<ExprPtr>(part)));
            }
            return out;
          },
          [](const NameExpr& node) { return TreeText::atom(node.text); },
          [](const Call& node) { return with_arguments(TreeText{"call", {}}.add(node.function.text), node.arguments); },
          [](const MethodCall& node) {
            return with_arguments(
                TreeText{node.optional ? "call?" : "call", {}}.add("." + node.method.text).add(tree(node.object)),
                node.arguments);
          },
          [](const FieldAccess& node) {
            return TreeText{node.optional ? "?." : ".", {}}.add(tree(node.object)).add(node.field.text);
          },
          [](const Index& node) { return TreeText{"index", {}}.add(tree(node.object)).add(tree(node.index)); },
          [](const Unary& node) { return TreeText{spelled(node.op), {}}.add(tree(node.operand)); },
          [](const Binary& node) { return TreeText{spelled(node.op), {}}.add(tree(node.left)).add(tree(node.right)); },
          [](const In& node) {
            return TreeText{node.negated ? "not-in" : "in", {}}
                .add(tree(node.value))
                .add(range(node.first, node.end, node.last));
          },
          [](const IsNull& node) {
            return TreeText{node.negated ? "is-not-null" : "is-null", {}}.add(tree(node.operand));
          },
          [](const If& node) {
            return TreeText{"if", {}}.add(tree(node.condition)).add(tree(node.then)).add(tree(node.otherwise));
          },
          [](const List& node) {
            TreeText out{"list", {}};
            for (const ExprPtr& element : node.elements) out.add(tree(element));
            return out;
          },
          [](const Lambda& node) {
            TreeText parameters{"", {}};
            for (const Name& name : node.parameters)
              parameters.head += (parameters.head.empty() ? "" : " ") + name.text;
            return TreeText{"lambda", {}}.add(std::move(parameters)).add(tree(node.body));
          },
          [](const ErrorExpr&) { return TreeText::atom("error"); },
          [](const auto& node) { return tree(node); },
      },
      expr.node);
}

TreeText tree(const Fields& fields) {
  TreeText out{"fields", {}};
  for (const Field& field : fields.list) {
    TreeText line{field.name.text + ":", {}};
    line.add(tree(*field.type));
    for (const Label& label : field.labels) line.add("#" + label.text);
    if (field.from) line.add(TreeText{"from", {}}.add(TreeText::quoted(field.from->value)));
    if (field.initial) line.add(TreeText{"=", {}}.add(tree(field.initial)));
    if (!field.doc.empty()) line.add(TreeText{"doc", {}}.add(TreeText::quoted(field.doc)));
    out.add(std::move(line));
  }
  if (fields.others) out.add("..");
  return out;
}

TreeText tree(const Type& type) {
  TreeText out = std::visit(
      Overloaded{
          [](const NamedType& node) { return TreeText::atom(dotted(node.path)); },
          [](const DecimalType& node) {
            return TreeText{"decimal", {}}
                .add(std::to_string(node.precision.value))
                .add(std::to_string(node.scale.value));
          },
          [](const EnumType& node) {
            TreeText symbols{"enum", {}};
            for (const Name& symbol : node.symbols) symbols.add(TreeText::quoted(symbol.text));
            return symbols;
          },
          [](const ListType& node) { return TreeText{"list", {}}.add(tree(*node.element)); },
          [](const MapType& node) { return TreeText{"map", {}}.add(tree(*node.key)).add(tree(*node.value)); },
          [](const FunctionType& node) {
            TreeText function{"function", {}};
            for (const Type& parameter : node.parameters) function.add(tree(parameter));
            return function.add("=>").add(tree(*node.result));
          },
          [](const StructType& node) { return tree(node.fields); },
          [](const ErrorType&) { return TreeText::atom("error"); },
      },
      type.node);
  return type.optional ? TreeText{"optional", {}}.add(std::move(out)) : out;
}

}  // namespace braid::ast
