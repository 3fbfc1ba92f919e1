#include "compiler/typed/expression.h"
#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"

namespace braid::typed {
namespace {

std::string_view word(Operator op) {
  switch (op) {
    case Operator::add:
      return "add";
    case Operator::subtract:
      return "subtract";
    case Operator::multiply:
      return "multiply";
    case Operator::divide:
      return "divide";
    case Operator::remainder:
      return "remainder";
    case Operator::negate:
      return "negate";
    case Operator::equal:
      return "equal";
    case Operator::not_equal:
      return "not_equal";
    case Operator::less:
      return "less";
    case Operator::less_equal:
      return "less_equal";
    case Operator::greater:
      return "greater";
    case Operator::greater_equal:
      return "greater_equal";
  }
  BRAID_UNREACHABLE("operator");
}

std::string word(Conversion conversion, const Type& type) {
  switch (conversion) {
    case Conversion::integer_to_decimal:
      return "integer_to_decimal " + to_string(type);
    case Conversion::widen_decimal:
      return "widen_decimal " + to_string(type);
    case Conversion::narrow_decimal:
      return "narrow_decimal " + to_string(type);
    case Conversion::to_optional:
      return "to_optional";
    case Conversion::unwrap:
      return "unwrap";
    case Conversion::checked_read:
      return "checked_read";
    case Conversion::tried_read:
      return "tried_read";
    case Conversion::map_entries:
      return "map_entries";
    case Conversion::entries_map:
      return "entries_map";
  }
  BRAID_UNREACHABLE("conversion");
}

std::string word(const AmbientRead& read) {
  switch (read.what) {
    case Ambient::event_time:
      return "event_time";
    case Ambient::now:
      return "now";
    case Ambient::origin:
      return "origin";
    case Ambient::random:
      return "random " + std::to_string(read.site);
    case Ambient::random_uuid:
      return "random_uuid " + std::to_string(read.site);
  }
  BRAID_UNREACHABLE("ambient");
}

std::string word(const Loop& loop) {
  const char* kind = "";
  switch (loop.kind) {
    case LoopKind::map:
      kind = "map";
      break;
    case LoopKind::flat_map:
      kind = "flat_map";
      break;
    case LoopKind::filter:
      kind = "filter";
      break;
    case LoopKind::take_while:
      kind = "take_while";
      break;
    case LoopKind::skip_while:
      kind = "skip_while";
      break;
    case LoopKind::any:
      kind = "any";
      break;
    case LoopKind::all:
      kind = "all";
      break;
    case LoopKind::count:
      kind = "count";
      break;
    case LoopKind::find:
      kind = "find";
      break;
    case LoopKind::position:
      kind = "position";
      break;
    case LoopKind::fold:
      kind = "fold";
      break;
  }
  std::string text = std::string(kind) + " " + std::to_string(loop.element) + " " + std::to_string(loop.position);
  return loop.state < 0 ? text : text + " " + std::to_string(loop.state);
}

/// Name of field `index` of a struct type, or of the elements of a list of structs.
std::string field_name(const Type& type, int index) {
  const Type& inner = is(type, TypeKind::list) ? type->element : type;
  auto at = static_cast<size_t>(index);
  return at < inner->fields.size() ? inner->fields[at].name : std::to_string(index);
}

}  // namespace

std::string print(const Expression& expression, const std::vector<Field>& row) {
  std::string head =
      std::visit(Overloaded{
                     [&](const Constant& node) { return "constant " + to_literal(expression.type, node.value); },
                     [&](const ColumnRead& node) {
                       auto at = static_cast<size_t>(node.index);
                       return "column " + std::to_string(node.index) + (at < row.size() ? " " + row[at].name : "");
                     },
                     [](const LocalRead& node) { return "local " + std::to_string(node.slot); },
                     [](const Bind& node) { return "bind " + std::to_string(node.slot); },
                     [](const FieldRead& node) { return "field " + field_name(node.base->type, node.index); },
                     [](const FunctionCall& node) { return "call " + std::string(node.function->name); },
                     [](const Operation& node) { return std::string(word(node.op)); },
                     [&](const Convert& node) { return word(node.conversion, expression.type); },
                     [](const Both&) { return std::string("and"); },
                     [](const Either&) { return std::string("or"); },
                     [](const Not&) { return std::string("not"); },
                     [](const Choose&) { return std::string("if"); },
                     [](const IsNull&) { return std::string("is_null"); },
                     [](const Coalesce&) { return std::string("coalesce"); },
                     [](const Attempt&) { return std::string("try"); },
                     [](const Fail&) { return std::string("fail"); },
                     [](const MakeStruct&) { return std::string("struct"); },
                     [&](const MakeList&) { return "list " + to_string(expression.type); },
                     [](const ListField& node) { return "list_field " + field_name(node.list->type, node.index); },
                     [](const Index&) { return std::string("index"); },
                     [](const Concatenate&) { return std::string("concatenate"); },
                     [](const Loop& node) { return word(node); },
                     [](const AmbientRead& node) { return word(node); },
                 },
                 expression.node);
  std::string text = "(" + head;
  auto* built = std::get_if<MakeStruct>(&expression.node);
  std::vector<ExpressionRef> inner = parts(expression);
  for (size_t i = 0; i < inner.size(); ++i) {
    text += " ";
    if (built != nullptr) text += field_name(expression.type, static_cast<int>(i)) + "=";
    text += print(*inner[i], row);
  }
  return text + ")";
}

}  // namespace braid::typed
