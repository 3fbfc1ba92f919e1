#include "compiler/interpret/explain.h"

#include "compiler/typed/failure.h"
#include "runtime/data/map_entries.h"
#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/value.h"
#include "runtime/report/short_text.h"

namespace braid::interpret {
namespace {

using typed::Operator;

/// Writes literals; what is long ends with `…` and its size.
class ShortLiteral {
 public:
  std::string text;

  void append(const Type& type, const Slot* slots) {
    switch (type->kind) {
      case TypeKind::optional:
        if (slots->u8 == 0)
          text += "null";
        else
          append(type->element, slots + 1);
        return;
      case TypeKind::json: {
        const std::string_view json = slots->bytes.view();
        text += beginning_of(json, kShownValue);
        if (json.size() > kShownValue) text += fmt::format("… ({} bytes)", json.size());
        return;
      }
      case TypeKind::string:
      case TypeKind::bytes:
        return append_bytes(type, slots->bytes.view());
      case TypeKind::list:
        return append_list(type, slots->list);
      case TypeKind::map:
        return append_map(type, slots->list);
      case TypeKind::structure:
        return append_struct(type, slots);
      case TypeKind::boolean:
      case TypeKind::integer:
      case TypeKind::floating:
      case TypeKind::decimal:
      case TypeKind::uuid:
      case TypeKind::date:
      case TypeKind::time:
      case TypeKind::timestamp:
      case TypeKind::duration:
      case TypeKind::enumeration:
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        text += to_literal(type, from_slots(type, slots));
        return;
    }
  }

 private:
  bool full() const { return text.size() >= kShownValue; }

  void append_bytes(const Type& type, std::string_view value) {
    const std::string_view shown =
        is(type, TypeKind::string) ? beginning_of(value, kShownValue) : value.substr(0, kShownValue / 4 * 3);
    text += to_literal(type, Value{std::string(shown)});
    if (shown.size() < value.size()) text += fmt::format("… ({} bytes)", value.size());
  }
  void append_list(const Type& type, const List& list) {
    const size_t width = leaf_count(type->element);
    text += "[";
    for (uint64_t i = 0; i < list.count; ++i) {
      if (i > 0) text += ", ";
      if (full()) {
        text += fmt::format("… ({} elements)", list.count);
        break;
      }
      append(type->element, list.items + i * width);
    }
    text += "]";
  }
  void append_map(const Type& type, const List& list) {
    const size_t width = leaf_count(type->element);
    text += "{ ";
    for (uint64_t i = 0; i < list.count; ++i) {
      if (i > 0) text += ", ";
      if (full()) {
        text += fmt::format("… ({} entries)", list.count);
        break;
      }
      std::string key;
      append_key_text(key_of(type), list.items[i * width], key);
      text += std::string(beginning_of(key, kShownValue)) + ": ";
      append(value_of(type), list.items + i * width + 1);
    }
    text += list.count > 0 ? " }" : "}";
  }
  void append_struct(const Type& type, const Slot* slots) {
    text += "{ ";
    for (size_t i = 0; i < type->fields.size(); ++i) {
      if (i > 0) text += ", ";
      if (full()) {
        text += "…";
        break;
      }
      text += type->fields[i].name + ": ";
      append(type->fields[i].type, slots);
      slots += leaf_count(type->fields[i].type);
    }
    text += " }";
  }
};

std::string_view sign(Operator op) {
  switch (op) {
    case Operator::add:
      return "+";
    case Operator::subtract:
    case Operator::negate:
      return "-";
    case Operator::multiply:
      return "*";
    case Operator::divide:
      return "/";
    case Operator::remainder:
      return "%";
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      break;
  }
  BRAID_UNREACHABLE("a comparison does not fail");
}

std::string joined(const std::vector<std::string>& values, std::string_view between) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) text += (i > 0 ? std::string(between) : "") + values[i];
  return text;
}

/// As the expression, with values instead of operands.
std::string values_text(const typed::Expression& expression, const std::vector<std::string>& values) {
  return std::visit(Overloaded{
                        [&](const typed::FunctionCall& node) {
                          return std::string(node.function->name) + "(" + joined(values, ", ") + ")";
                        },
                        [&](const typed::Operation& node) {
                          if (values.size() == 1) return fmt::format("{}({})", sign(node.op), values.front());
                          return joined(values, fmt::format(" {} ", sign(node.op)));
                        },
                        [&](const typed::Concatenate&) { return joined(values, " + "); },
                        [&](const auto&) { return joined(values, ", "); },
                    },
                    expression.node);
}

}  // namespace

ReasonArguments explain(const Failure& failure, const std::vector<const Slot*>& operands) {
  const typed::Expression& expression = *failure.node->expression;
  const std::vector<typed::ExpressionRef> parts = typed::parts(expression);
  std::vector<std::string> values;
  for (size_t i = 0; i < operands.size(); ++i) {
    ShortLiteral literal;
    literal.append(parts[i]->type, operands[i]);
    values.push_back(std::move(literal.text));
  }
  ReasonArguments arguments;
  auto add = [&](std::string name, std::string value) { arguments.emplace_back(std::move(name), std::move(value)); };
  add("type", to_string(expression.type));
  if (const auto* call = std::get_if<typed::FunctionCall>(&expression.node)) {
    add("function", std::string(call->function->name));
    add("reason", shortened(failure.detail.view(), kShownValues));
    // A conversion is of its first argument; the others say how.
    if (failure.code == diag::ConversionFailed::kCode) add("values", shortened(values.front(), kShownValues));
  } else if (std::holds_alternative<typed::Index>(expression.node)) {
    add("index", std::to_string(operands[1]->i64));
    add("length", std::to_string(operands[0]->list.count));
  } else if (std::holds_alternative<typed::Fail>(expression.node)) {
    const std::string_view said = operands[0]->bytes.view();
    add("reason", said.empty() ? "an empty text" : shortened(said, kShownValues));
  }
  add("values", shortened(values_text(expression, values), kShownValues));
  return arguments;
}

}  // namespace braid::interpret
