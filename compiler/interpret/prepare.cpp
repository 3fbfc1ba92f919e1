#include "compiler/interpret/prepare.h"

#include <unordered_map>

#include "compiler/typed/failure.h"
#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"
#include "runtime/declare/layout.h"

namespace braid::interpret {
namespace {

bool is_wide(const Type& type) {
  return is(type, TypeKind::decimal) && leaf_kind(type) == LeafKind::i128;
}

uint32_t leaves(const Type& type) {
  return static_cast<uint32_t>(leaf_count(type));
}

uint32_t leaves_before(const std::vector<Field>& row, int index) {
  return static_cast<uint32_t>(leaf_offset(row, static_cast<size_t>(index)));
}

enum class Family { int64, floating, decimal, text, list, other };

Family family(const Type& type) {
  switch (type->kind) {
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return Family::int64;
    case TypeKind::floating:
      return Family::floating;
    case TypeKind::decimal:
      return Family::decimal;
    case TypeKind::string:
    case TypeKind::bytes:
      return Family::text;
    case TypeKind::list:
      return Family::list;
    case TypeKind::boolean:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      return Family::other;
  }
  BRAID_UNREACHABLE("type kind");
}

Code by_family(const Type& type, Code int64, Code floating, Code decimal) {
  switch (family(type)) {
    case Family::int64:
      return int64;
    case Family::floating:
      return floating;
    case Family::decimal:
      return decimal;
    case Family::text:
    case Family::list:
    case Family::other:
      break;
  }
  BRAID_UNREACHABLE("no arithmetic of this type: " + to_string(type));
}

Code arithmetic_code(typed::Operator op, const Type& type) {
  using typed::Operator;
  switch (op) {
    case Operator::add:
      if (family(type) == Family::text) return Code::concatenate;
      if (family(type) == Family::list) return Code::append_lists;
      return by_family(type, Code::add_int, Code::add_float, Code::add_decimal);
    case Operator::subtract:
      return by_family(type, Code::subtract_int, Code::subtract_float, Code::subtract_decimal);
    case Operator::multiply:
      return by_family(type, Code::multiply_int, Code::multiply_float, Code::multiply_decimal);
    case Operator::divide:
      BRAID_CHECK(family(type) != Family::int64, "whole division is a function");
      return by_family(type, Code::divide_float, Code::divide_float, Code::divide_decimal);
    case Operator::remainder:
      BRAID_CHECK(family(type) != Family::floating, "floats have no remainder");
      return by_family(type, Code::remainder_int, Code::remainder_int, Code::remainder_decimal);
    case Operator::negate:
      return by_family(type, Code::negate_int, Code::negate_float, Code::negate_decimal);
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      break;
  }
  BRAID_UNREACHABLE("no arithmetic");
}

Code comparison_code(const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return Code::compare_bool;
    case TypeKind::date:
    case TypeKind::enumeration:
      return Code::compare_i32;
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return Code::compare_int;
    case TypeKind::floating:
      return Code::compare_float;
    case TypeKind::decimal:
      return Code::compare_decimal;
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      return Code::compare_bytes;
    case TypeKind::uuid:
      return Code::compare_uuid;
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
      return Code::equal_values;
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no comparison of this type: " + to_string(type));
}

}  // namespace

class Preparation {
 public:
  Preparation(Prepared& target, const std::vector<Field>& row, typed::CallSites& sites)
      : target_(target), row_(row), sites_(sites) {}

  void number(const typed::Expression& expression, uint32_t first) {
    for (const typed::Expression* node : typed::fallible_nodes(expression)) numbers_[node] = first++;
  }

  const Node* prepare(const typed::Expression& expression) {
    std::vector<const Node*> parts;
    const std::vector<typed::ExpressionRef> own = typed::parts(expression);
    const bool is_loop = std::holds_alternative<typed::Loop>(expression.node);
    for (size_t i = 0; i < own.size(); ++i) {
      const bool is_body = is_loop && i + 1 == own.size();
      loops_around_ += is_body;
      parts.push_back(prepare(*own[i]));
      loops_around_ -= is_body;
    }
    target_.nodes_.emplace_back();
    Node& node = target_.nodes_.back();
    node.parts = std::move(parts);
    node.width = leaves(expression.type);
    node.expression = &expression;
    if (const auto number = numbers_.find(&expression); number != numbers_.end()) node.number = number->second;
    std::visit([&](const auto& content) { fill(node, expression, content); }, expression.node);
    if (loops_around_ > 0 && typed::node_charges(expression)) add_charges(expression.type, 0, node.charges);
    return &node;
  }

 private:
  void own_place(Node& node) {
    node.place = static_cast<uint32_t>(target_.initial_.size());
    target_.initial_.resize(target_.initial_.size() + node.width, slot_i128(0));
  }
  void reserve_local(int slot) { target_.locals_ = std::max(target_.locals_, static_cast<uint32_t>(slot) + 1); }

  void computed(Node& node, Code code) {
    node.code = code;
    own_place(node);
  }

  void fill(Node& node, const typed::Expression& expression, const typed::Constant& content) {
    node.code = Code::constant;
    auto* slots = target_.constants_.allocate_array<Slot>(std::max(node.width, 1u));
    to_slots(expression.type, content.value, slots, target_.constants_);
    node.constant = slots;
  }
  void fill(Node& node, const typed::Expression&, const typed::ColumnRead& content) {
    node.code = Code::column;
    node.offset = leaves_before(row_, content.index);
  }
  void fill(Node& node, const typed::Expression&, const typed::LocalRead& content) {
    node.code = Code::local;
    node.offset = static_cast<uint32_t>(content.slot);
    reserve_local(content.slot);
  }
  void fill(Node& node, const typed::Expression&, const typed::Bind& content) {
    node.code = Code::bind;
    node.offset = static_cast<uint32_t>(content.slot);
    reserve_local(content.slot);
  }
  void fill(Node& node, const typed::Expression&, const typed::FieldRead& content) {
    node.code = Code::skip_leaves;
    node.offset = leaves_before(content.base->type->fields, content.index);
  }
  void fill(Node& node, const typed::Expression& expression, const typed::FunctionCall& content) {
    computed(node, Code::call);
    node.function = content.function;
    node.flag = is_optional(expression.type);
    fill_arguments(node, expression, content);
  }
  void fill(Node& node, const typed::Expression& expression, const typed::Operation& content) {
    node.op = content.op;
    const Type& left = content.operands[0]->type;
    const Type& right = content.operands.back()->type;
    if (is(left, TypeKind::decimal) && is(right, TypeKind::decimal)) {
      node.scale_a = static_cast<uint8_t>(left->scale);
      node.scale_b = static_cast<uint8_t>(right->scale);
      node.wide_a = is_wide(left);
      node.wide_b = is_wide(right);
    }
    if (is(expression.type, TypeKind::decimal)) {
      node.scale = static_cast<uint8_t>(expression.type->scale);
      node.precision = static_cast<uint8_t>(expression.type->precision);
      node.wide = is_wide(expression.type);
    }
    if (!is(expression.type, TypeKind::boolean)) {
      computed(node, arithmetic_code(content.op, expression.type));
      if (node.code == Code::append_lists) node.offset = leaves(left->element);
      return;
    }
    computed(node, comparison_code(left));
    if (node.code != Code::equal_values) return;
    target_.texts_.push_back(layout_of(left));
    node.layout = target_.texts_.back().c_str();
  }
  void fill(Node& node, const typed::Expression& expression, const typed::Convert& content) {
    const Type& from = content.operand->type;
    switch (content.conversion) {
      case typed::Conversion::integer_to_decimal:
      case typed::Conversion::widen_decimal:
      case typed::Conversion::narrow_decimal:
        computed(node, Code::rescale);
        node.scale_a = is(from, TypeKind::decimal) ? static_cast<uint8_t>(from->scale) : 0;
        node.wide_a = is_wide(from);
        node.scale = static_cast<uint8_t>(expression.type->scale);
        node.precision = static_cast<uint8_t>(expression.type->precision);
        node.wide = is_wide(expression.type);
        return;
      case typed::Conversion::to_optional:
        node.flag = !is_optional(from);
        if (node.flag) {
          computed(node, Code::to_optional);
        } else {
          node.code = Code::skip_leaves;
        }
        return;
      case typed::Conversion::unwrap:
        node.code = Code::skip_leaves;
        node.offset = is_optional(from) ? 1 : 0;
        return;
      case typed::Conversion::map_entries:
      case typed::Conversion::entries_map:
        node.code = Code::skip_leaves;
        return;
      case typed::Conversion::checked_read:
      case typed::Conversion::tried_read: {
        node.code = Code::checked_read;
        node.flag = content.conversion == typed::Conversion::checked_read;
        auto* column = std::get_if<typed::ColumnRead>(&content.operand->node);
        if (column != nullptr) node.column = column->index;
        for (int fault = 0; fault <= static_cast<int>(ConversionFault::column_missing); ++fault)
          node.codes.push_back(typed::conversion_code(static_cast<ConversionFault>(fault), expression.type));
        return;
      }
    }
    BRAID_UNREACHABLE("conversion");
  }
  void fill(Node& node, const typed::Expression&, const typed::Both&) { node.code = Code::both; }
  void fill(Node& node, const typed::Expression&, const typed::Either&) { node.code = Code::either; }
  void fill(Node& node, const typed::Expression&, const typed::Not&) { computed(node, Code::negate_bool); }
  void fill(Node& node, const typed::Expression&, const typed::Choose&) { node.code = Code::choose; }
  void fill(Node& node, const typed::Expression&, const typed::IsNull&) { computed(node, Code::is_null); }
  void fill(Node& node, const typed::Expression& expression, const typed::Coalesce&) {
    node.code = Code::coalesce;
    node.flag = is_optional(expression.type);
  }
  void fill(Node& node, const typed::Expression&, const typed::Attempt& content) {
    computed(node, Code::attempt);
    node.flag = !is_optional(content.operand->type);
  }
  void fill(Node& node, const typed::Expression&, const typed::Fail&) { node.code = Code::fail; }
  void fill(Node& node, const typed::Expression&, const typed::MakeStruct&) { computed(node, Code::make_struct); }
  void fill(Node& node, const typed::Expression& expression, const typed::MakeList&) {
    computed(node, Code::make_list);
    node.offset = leaves(expression.type->element);
    node.extra = static_cast<uint32_t>(target_.initial_.size());  // where the elements are put together
    target_.initial_.resize(target_.initial_.size() + node.offset * node.parts.size(), slot_i128(0));
  }
  void fill(Node& node, const typed::Expression&, const typed::ListField& content) {
    computed(node, Code::list_field);
    const Type& element = content.list->type->element;
    node.offset = leaves_before(element->fields, content.index);
    node.extra = leaves(element->fields[static_cast<size_t>(content.index)].type);
    node.element_width = leaves(element);
  }
  void fill(Node& node, const typed::Expression&, const typed::Index&) { node.code = Code::index; }
  void fill(Node& node, const typed::Expression&, const typed::Concatenate&) { computed(node, Code::concatenate); }
  void fill(Node& node, const typed::Expression& expression, const typed::Loop& content) {
    computed(node, Code::loop);
    for (const int slot : {content.element, content.position, content.state})
      if (slot >= 0) reserve_local(slot);
    const Type& element = content.list->type->element;
    target_.loops_.push_back({.kind = content.kind,
                              .element = static_cast<uint32_t>(content.element),
                              .position = static_cast<uint32_t>(content.position),
                              .state = static_cast<uint32_t>(content.state),
                              .element_width = leaves(element),
                              .made_width = is(expression.type, TypeKind::list) ? leaves(expression.type->element) : 0,
                              .number_place = static_cast<uint32_t>(target_.initial_.size()),
                              .outermost = loops_around_ == 0,
                              .counts_work = typed::counts_work(content)});
    target_.initial_.push_back(slot_i128(0));
    node.loop = &target_.loops_.back();
  }
  void fill(Node& node, const typed::Expression&, const typed::AmbientRead& content) {
    node.offset = content.site;
    switch (content.what) {
      case typed::Ambient::event_time:
        return computed(node, Code::event_time);
      case typed::Ambient::now:
        return computed(node, Code::now);
      case typed::Ambient::origin:
        return computed(node, Code::origin);
      case typed::Ambient::random:
        return computed(node, Code::random);
      case typed::Ambient::random_uuid:
        return computed(node, Code::random_uuid);
    }
    BRAID_UNREACHABLE("ambient");
  }

  /// The slots handed to a native function (runtime/declare/function.h): what never changes is put there now.
  void fill_arguments(Node& node, const typed::Expression& expression, const typed::FunctionCall& content) {
    const FunctionDeclaration& function = *content.function;
    BRAID_CHECK(content.arguments.size() == function.parameters.size(), "arguments as the declaration has them");
    std::vector<Slot>& slots = target_.initial_;
    node.offset = static_cast<uint32_t>(slots.size());
    if (function.takes_layout) {
      target_.texts_.push_back(typed::call_layout(expression));
      slots.push_back(slot_bytes(target_.texts_.back()));
    }
    for (size_t i = 0; i < content.arguments.size(); ++i) {
      node.argument_places.push_back(static_cast<uint32_t>(slots.size()));
      const Type& type = content.arguments[i]->type;
      node.argument_widens.push_back(function.parameters[i].kind == ParameterKind::any_decimal && !is_wide(type));
      if (loops_around_ > 0) add_charges(type, node.argument_places.back(), node.argument_charges);
      slots.resize(slots.size() + leaves(type), slot_i128(0));
    }
    for (int64_t scale : typed::call_scales(expression)) slots.push_back(slot_i64(scale));
    if (function.takes_cache) slots.push_back(slot_i64(sites_.index_of(expression)));
    if (slots.size() == node.offset) slots.push_back(slot_i128(0));  // an address even for a call without arguments
  }

  static void add_charges(const Type& type, uint32_t first, std::vector<Charge>& charges) {
    for (const Leaf& leaf : flatten(type)) {
      if (leaf.kind == LeafKind::bytes) charges.push_back({first});
      if (leaf.kind == LeafKind::list) charges.push_back({first, std::max(leaves(leaf.type->element), 1u)});
      ++first;
    }
  }

  Prepared& target_;
  const std::vector<Field>& row_;
  typed::CallSites& sites_;
  int loops_around_ = 0;
  std::unordered_map<const typed::Expression*, uint32_t> numbers_;
};

const Node* Prepared::add(const typed::Expression& expression, const std::vector<Field>& row, typed::CallSites& sites,
                          uint32_t first_number) {
  Preparation preparation(*this, row, sites);
  if (first_number != RowReason::kNoExpression) preparation.number(expression, first_number);
  return preparation.prepare(expression);
}

Prepared::Scratch Prepared::make_scratch() const {
  return {initial_, std::vector<const Slot*>(locals_, nullptr)};
}

}  // namespace braid::interpret
