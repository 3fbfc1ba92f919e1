#include "compiler/interpret/prepare.h"
#include "compiler/typed/failure.h"
#include "compiler/typed/loop_limit.h"
#include "runtime/abi/row_functions.h"
#include "runtime/base/check.h"
#include "runtime/data/decimal.h"

namespace braid::interpret {
namespace {

using typed::Operator;

/// One evaluation: what every node needs. A null pointer means that it failed.
struct Evaluation {
  const Slot* row;
  Prepared::Scratch& scratch;
  const RowContext& context;
  Failure& failure;

  const Slot* run(const Node& node);

 private:
  const Slot* part(const Node& node, size_t index) { return run(*node.parts[index]); }
  Slot* result(const Node& node) { return scratch.slots.data() + node.place; }
  const Slot* fail(const Node& node, uint32_t code, int column = -1, Bytes detail = {nullptr, 0}) {
    failure = {code, column, detail, false, &node};
    return nullptr;
  }
  const Slot* give(const Node& node, Slot value) {
    Slot* place = result(node);
    *place = value;
    return place;
  }
  const Slot* int_operation(const Node& node);
  const Slot* float_operation(const Node& node);
  const Slot* decimal_operation(const Node& node);
  const Slot* give_decimal(const Node& node, bool fits, int128 value);
  const Slot* comparison(const Node& node);
  const Slot* call(const Node& node);
  const Slot* concatenate(const Node& node);
  const Slot* gather(const Node& node);
  const Slot* loop(const Node& node);
  const Slot* list_of_rounds(const Node& node, const List& list);
  const Slot* element_or_null(const Node& node, const Slot* element);
  /// The body's value for element `number`; null if it failed, or did too much work.
  const Slot* round(const Node& node, const List& list, uint64_t number);
  /// Adds what the node did to the work of the row.
  const Slot* charged(const Node& node, const Slot* made) {
    for (const Charge& charge : node.charges) scratch.work += bytes_of(made[charge.leaf], charge);
    return made;
  }
  static uint64_t bytes_of(const Slot& slot, const Charge& charge) {
    return charge.element_width == 0 ? slot.bytes.size : slot.list.count * charge.element_width * sizeof(Slot);
  }
};

int128 decimal_of(const Slot& slot, bool wide) {
  return wide ? slot.i128 : slot.i64;
}

bool holds(Operator op, int order) {
  switch (op) {
    case Operator::equal:
      return order == 0;
    case Operator::not_equal:
      return order != 0;
    case Operator::less:
      return order < 0;
    case Operator::less_equal:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    case Operator::greater_equal:
      return order >= 0;
    case Operator::add:
    case Operator::subtract:
    case Operator::multiply:
    case Operator::divide:
    case Operator::remainder:
    case Operator::negate:
      break;
  }
  BRAID_UNREACHABLE("no comparison");
}

template <class T>
int order_of(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

const Slot* Evaluation::int_operation(const Node& node) {
  const Slot* left = part(node, 0);
  if (left == nullptr) return nullptr;
  int64_t a = left->i64, b = 0, value = 0;
  if (node.parts.size() > 1) {
    const Slot* right = part(node, 1);
    if (right == nullptr) return nullptr;
    b = right->i64;
  }
  bool overflows = false;
  if (node.code == Code::add_int) {
    overflows = __builtin_add_overflow(a, b, &value);
  } else if (node.code == Code::subtract_int) {
    overflows = __builtin_sub_overflow(a, b, &value);
  } else if (node.code == Code::multiply_int) {
    overflows = __builtin_mul_overflow(a, b, &value);
  } else if (node.code == Code::negate_int) {
    overflows = __builtin_sub_overflow(int64_t{0}, a, &value);
  } else {
    if (b == 0) return fail(node, typed::kDivisionByZero);
    value = b == -1 ? 0 : a % b;
  }
  if (overflows) return fail(node, typed::kOverflow);
  return give(node, slot_i64(value));
}

const Slot* Evaluation::float_operation(const Node& node) {
  const Slot* left = part(node, 0);
  if (left == nullptr) return nullptr;
  double a = left->f64;
  if (node.code == Code::negate_float) return give(node, slot_f64(rows::one_nan(-a)));
  const Slot* right = part(node, 1);
  if (right == nullptr) return nullptr;
  double b = right->f64;
  if (node.code == Code::add_float) return give(node, slot_f64(rows::one_nan(a + b)));
  if (node.code == Code::subtract_float) return give(node, slot_f64(rows::one_nan(a - b)));
  if (node.code == Code::multiply_float) return give(node, slot_f64(rows::one_nan(a * b)));
  if (b == 0) return fail(node, typed::kDivisionByZero);
  return give(node, slot_f64(rows::one_nan(a / b)));
}

const Slot* Evaluation::give_decimal(const Node& node, bool fits, int128 value) {
  if (!fits || !decimal_fits(value, node.precision)) return fail(node, typed::kOverflow);
  return give(node, node.wide ? slot_i128(value) : slot_i64(static_cast<int64_t>(value)));
}

const Slot* Evaluation::decimal_operation(const Node& node) {
  const Slot* left = part(node, 0);
  if (left == nullptr) return nullptr;
  int128 a = decimal_of(*left, node.wide_a), value = 0;
  if (node.code == Code::negate_decimal) return give_decimal(node, true, -a);
  if (node.code == Code::rescale) {
    if (!decimal_rescale(a, node.scale_a, node.scale, &value)) return fail(node, typed::kOverflow);
    int128 back = 0;  // digits behind the point may go only if they are zero
    if (!decimal_rescale(value, node.scale, node.scale_a, &back) || back != a) return fail(node, typed::kOverflow);
    return give_decimal(node, true, value);
  }
  const Slot* right = part(node, 1);
  if (right == nullptr) return nullptr;
  int128 b = decimal_of(*right, node.wide_b);
  if (node.code == Code::multiply_decimal) {
    bool fits = decimal_multiply(a, b, &value);
    int exact = node.scale_a + node.scale_b;
    return give_decimal(node, fits && decimal_rescale(value, exact, node.scale, &value), value);
  }
  if (node.code == Code::divide_decimal) {
    if (b == 0) return fail(node, typed::kDivisionByZero);
    bool fits = decimal_divide(a, b, node.scale - node.scale_a + node.scale_b, &value);
    return give_decimal(node, fits, value);
  }
  if (node.code == Code::remainder_decimal) {
    if (!decimal_remainder(a, node.scale_a, b, node.scale_b, &value)) return fail(node, typed::kDivisionByZero);
    bool fits = decimal_rescale(value, std::max(node.scale_a, node.scale_b), node.scale, &value);
    return give_decimal(node, fits, value);
  }
  if (!decimal_rescale(a, node.scale_a, node.scale, &a)) return fail(node, typed::kOverflow);
  if (!decimal_rescale(b, node.scale_b, node.scale, &b)) return fail(node, typed::kOverflow);
  if (node.code == Code::add_decimal) return give_decimal(node, decimal_add(a, b, &value), value);
  return give_decimal(node, decimal_subtract(a, b, &value), value);
}

const Slot* Evaluation::comparison(const Node& node) {
  const Slot* a = part(node, 0);
  if (a == nullptr) return nullptr;
  const Slot* b = part(node, 1);
  if (b == nullptr) return nullptr;
  int order = 0;
  if (node.code == Code::compare_int) {
    order = order_of(a->i64, b->i64);
  } else if (node.code == Code::compare_float) {
    order = layout::order(a->f64, b->f64);
  } else if (node.code == Code::compare_bytes) {
    order = layout::order(a->bytes.view(), b->bytes.view());
  } else if (node.code == Code::compare_decimal) {
    order = decimal_compare(decimal_of(*a, node.wide_a), node.scale_a, decimal_of(*b, node.wide_b), node.scale_b);
  } else if (node.code == Code::compare_i32) {
    order = order_of(a->i32, b->i32);
  } else if (node.code == Code::compare_bool) {
    order = order_of(a->u8 != 0, b->u8 != 0);
  } else if (node.code == Code::compare_uuid) {
    order = order_of(static_cast<uint128>(a->i128), static_cast<uint128>(b->i128));
  } else {
    order = rows::equal_values(node.layout, a, b) ? 0 : 1;
  }
  return give(node, slot_u8(holds(node.op, order)));
}

const Slot* Evaluation::call(const Node& node) {
  for (size_t i = 0; i < node.parts.size(); ++i) {
    const Slot* argument = part(node, i);
    if (argument == nullptr) return nullptr;
    Slot* target = scratch.slots.data() + node.argument_places[i];
    if (node.argument_widens[i]) {
      target->i128 = argument->i64;
    } else {
      std::copy_n(argument, node.parts[i]->width, target);
    }
  }
  for (const Charge& charge : node.argument_charges)
    scratch.work += bytes_of(scratch.slots[charge.leaf], charge) >> typed::kReadShift;
  Slot* target = result(node);
  std::fill_n(target, node.width, slot_i128(0));
  context.call->failure = {nullptr, 0};
  uint32_t code = node.function->native(context.call, scratch.slots.data() + node.offset, target);
  if (code != 0) return fail(node, code, -1, context.call->failure);
  if (node.flag && target->u8 == 0) std::fill_n(target, node.width, slot_i128(0));
  return charged(node, target);
}

const Slot* Evaluation::concatenate(const Node& node) {
  Bytes few[8];
  std::vector<Bytes> many(node.parts.size() > 8 ? node.parts.size() : 0);
  Bytes* texts = many.empty() ? few : many.data();
  for (size_t i = 0; i < node.parts.size(); ++i) {
    const Slot* text = part(node, i);
    if (text == nullptr) return nullptr;
    texts[i] = text->bytes;
  }
  Slot* place = result(node);
  place->bytes = rows::concatenate(context.call, texts, node.parts.size());
  return place->bytes.size > kLongestText ? fail(node, typed::kTooLong) : charged(node, place);
}

/// The leaves of all parts one after the other, for structs and lists.
const Slot* Evaluation::gather(const Node& node) {
  bool is_list = node.code == Code::make_list;
  Slot* first = scratch.slots.data() + (is_list ? node.extra : node.place);
  Slot* next = first;
  for (size_t i = 0; i < node.parts.size(); ++i) {
    const Slot* value = part(node, i);
    if (value == nullptr) return nullptr;
    next = std::copy_n(value, node.parts[i]->width, next);
  }
  if (!is_list) return first;
  Slot* place = result(node);
  place->list = rows::copy_list(context.call, first, node.parts.size(), node.offset);
  return charged(node, place);
}

const Slot* Evaluation::round(const Node& node, const List& list, uint64_t number) {
  const LoopPlan& plan = *node.loop;
  Slot& counter = scratch.slots[plan.number_place];
  counter = slot_i64(static_cast<int64_t>(number));
  scratch.locals[plan.element] = list.items + number * plan.element_width;
  scratch.locals[plan.position] = &counter;
  const Slot* value = run(*node.parts.back());
  if (value == nullptr || !plan.counts_work || scratch.work <= typed::kMostWork) return value;
  return fail(node, typed::kTooLong);
}

/// The lists that map, filter and flat_map make.
const Slot* Evaluation::list_of_rounds(const Node& node, const List& list) {
  using typed::LoopKind;
  const LoopPlan& plan = *node.loop;
  const bool joins = plan.kind == LoopKind::flat_map;
  const uint64_t width = joins ? 1 : plan.made_width;
  if (plan.kind == LoopKind::map && width > plan.element_width && list.count > rows::longest_list(width))
    return fail(node, typed::kTooLong);
  Slot* items = list.count == 0 ? nullptr : rows::allocate_slots(context.call, list.count * width);
  uint64_t count = 0;
  for (uint64_t i = 0; i < list.count; ++i) {
    const Slot* value = round(node, list, i);
    if (value == nullptr) return nullptr;
    if (plan.kind == LoopKind::filter) {
      if (value->u8 == 0) continue;
      value = list.items + i * width;
    }
    std::copy_n(value, width, items + count++ * width);
  }
  Slot* place = result(node);
  *place = slot_i128(0);
  place->list = {count == 0 ? nullptr : items, count};
  if (!joins) return charged(node, place);
  place->list = rows::join_lists(context.call, items, count, plan.made_width);
  return place->list.count > rows::longest_list(plan.made_width) ? fail(node, typed::kTooLong) : charged(node, place);
}

/// The element as `T?`; null where there is none.
const Slot* Evaluation::element_or_null(const Node& node, const Slot* element) {
  Slot* place = result(node);
  std::fill_n(place, node.width, slot_i128(0));
  if (element == nullptr) return charged(node, place);
  const uint32_t width = node.loop->element_width;
  if (node.width > width) place[0] = slot_u8(true);
  std::copy_n(element, width, place + (node.width - width));
  return charged(node, place);
}

const Slot* Evaluation::loop(const Node& node) {
  using typed::LoopKind;
  const LoopPlan& plan = *node.loop;
  const Slot* given = part(node, 0);
  if (given == nullptr) return nullptr;
  const List list = given->list;
  Slot* place = result(node);
  if (plan.kind == LoopKind::fold) {
    const Slot* first = part(node, 1);
    if (first == nullptr) return nullptr;
    std::copy_n(first, node.width, place);
    scratch.locals[plan.state] = place;
  }
  if (plan.outermost) {
    scratch.work = 0;
  } else {
    scratch.work += list.count * typed::kWorkOfRound;
  }
  switch (plan.kind) {
    case LoopKind::map:
    case LoopKind::flat_map:
    case LoopKind::filter:
      return list_of_rounds(node, list);
    case LoopKind::fold:
      for (uint64_t i = 0; i < list.count; ++i) {
        const Slot* value = round(node, list, i);
        if (value == nullptr) return nullptr;
        std::copy_n(value, node.width, place);
      }
      return charged(node, place);
    case LoopKind::count: {
      int64_t count = 0;
      for (uint64_t i = 0; i < list.count; ++i) {
        const Slot* holds = round(node, list, i);
        if (holds == nullptr) return nullptr;
        count += holds->u8 != 0;
      }
      return give(node, slot_i64(count));
    }
    case LoopKind::take_while:
    case LoopKind::skip_while:
    case LoopKind::any:
    case LoopKind::all:
    case LoopKind::find:
    case LoopKind::position:
      break;
  }
  // The others end at the first element for which the body holds, or does not hold.
  const bool wanted = plan.kind == LoopKind::any || plan.kind == LoopKind::find || plan.kind == LoopKind::position;
  uint64_t at = 0;
  for (; at < list.count; ++at) {
    const Slot* holds = round(node, list, at);
    if (holds == nullptr) return nullptr;
    if ((holds->u8 != 0) == wanted) break;
  }
  const bool met = at < list.count;
  if (plan.kind == LoopKind::any || plan.kind == LoopKind::all) return give(node, slot_u8(met == wanted));
  if (plan.kind == LoopKind::find) return element_or_null(node, met ? list.items + at * plan.element_width : nullptr);
  if (plan.kind == LoopKind::position) {
    place[0] = slot_u8(met);
    place[1] = slot_i64(met ? static_cast<int64_t>(at) : 0);
    return place;
  }
  *place = slot_i128(0);
  const bool takes = plan.kind == LoopKind::take_while;
  const uint64_t count = takes ? at : list.count - at;
  place->list = {count == 0 ? nullptr : takes ? list.items : list.items + at * plan.element_width, count};
  return charged(node, place);
}

const Slot* Evaluation::run(const Node& node) {
  switch (node.code) {
    case Code::constant:
      return node.constant;
    case Code::column:
      return row + node.offset;
    case Code::local:
      return scratch.locals[node.offset];
    case Code::bind: {
      const Slot* value = part(node, 0);
      if (value == nullptr) return nullptr;
      scratch.locals[node.offset] = value;
      return part(node, 1);
    }
    case Code::skip_leaves: {
      const Slot* value = part(node, 0);
      return value == nullptr ? nullptr : value + node.offset;
    }
    case Code::call:
      return call(node);
    case Code::add_int:
    case Code::subtract_int:
    case Code::multiply_int:
    case Code::remainder_int:
    case Code::negate_int:
      return int_operation(node);
    case Code::add_float:
    case Code::subtract_float:
    case Code::multiply_float:
    case Code::divide_float:
    case Code::negate_float:
      return float_operation(node);
    case Code::add_decimal:
    case Code::subtract_decimal:
    case Code::multiply_decimal:
    case Code::divide_decimal:
    case Code::remainder_decimal:
    case Code::negate_decimal:
    case Code::rescale:
      return decimal_operation(node);
    case Code::concatenate:
      return concatenate(node);
    case Code::append_lists: {
      const Slot* a = part(node, 0);
      if (a == nullptr) return nullptr;
      const Slot* b = part(node, 1);
      if (b == nullptr) return nullptr;
      Slot* place = result(node);
      place->list = rows::append_lists(context.call, a->list, b->list, node.offset);
      return place->list.count > rows::longest_list(node.offset) ? fail(node, typed::kTooLong) : charged(node, place);
    }
    case Code::compare_bool:
    case Code::compare_i32:
    case Code::compare_int:
    case Code::compare_float:
    case Code::compare_decimal:
    case Code::compare_bytes:
    case Code::compare_uuid:
    case Code::equal_values:
      return comparison(node);
    case Code::to_optional: {
      const Slot* value = part(node, 0);
      if (value == nullptr) return nullptr;
      Slot* place = result(node);
      *place = slot_u8(true);
      std::copy_n(value, node.width - 1, place + 1);
      return place;
    }
    case Code::checked_read: {
      const Slot* value = part(node, 0);
      if (value == nullptr) return nullptr;
      if (value->u8 == 0) return value + 1;
      fail(node, value->u8 < node.codes.size() ? node.codes[value->u8] : node.codes.back(), node.column);
      failure.breaks_record = node.flag;
      return nullptr;
    }
    case Code::both:
    case Code::either: {
      const Slot* left = part(node, 0);
      if (left == nullptr || (left->u8 != 0) == (node.code == Code::either)) return left;
      return part(node, 1);
    }
    case Code::negate_bool: {
      const Slot* value = part(node, 0);
      return value == nullptr ? nullptr : give(node, slot_u8(value->u8 == 0));
    }
    case Code::choose: {
      const Slot* condition = part(node, 0);
      if (condition == nullptr) return nullptr;
      return part(node, condition->u8 != 0 ? 1 : 2);
    }
    case Code::is_null: {
      const Slot* value = part(node, 0);
      return value == nullptr ? nullptr : give(node, slot_u8(value->u8 == 0));
    }
    case Code::coalesce: {
      const Slot* left = part(node, 0);
      if (left == nullptr) return nullptr;
      if (left->u8 == 0) return part(node, 1);
      return node.flag ? left : left + 1;
    }
    case Code::attempt: {
      const Slot* value = part(node, 0);
      Slot* place = result(node);
      if (value == nullptr) {
        if (failure.breaks_record) return nullptr;
        failure = {};
        std::fill_n(place, node.width, slot_i128(0));
        return place;
      }
      if (!node.flag) return value;
      *place = slot_u8(true);
      std::copy_n(value, node.width - 1, place + 1);
      return place;
    }
    case Code::fail: {
      const Slot* message = part(node, 0);
      return message == nullptr ? nullptr : fail(node, typed::kFailCalled, -1, message->bytes);
    }
    case Code::make_struct:
    case Code::make_list:
      return gather(node);
    case Code::list_field: {
      const Slot* list = part(node, 0);
      if (list == nullptr) return nullptr;
      Slot* place = result(node);
      place->list = rows::list_field(context.call, list->list, node.element_width, node.offset, node.extra);
      return charged(node, place);
    }
    case Code::index: {
      const Slot* list = part(node, 0);
      if (list == nullptr) return nullptr;
      const Slot* index = part(node, 1);
      if (index == nullptr) return nullptr;
      if (static_cast<uint64_t>(index->i64) >= list->list.count) return fail(node, typed::kIndexOutOfRange);
      return list->list.items + static_cast<uint64_t>(index->i64) * node.width;
    }
    case Code::loop:
      return loop(node);
    case Code::event_time:
      return give(node, slot_i64(context.time));
    case Code::now:
      return give(node, slot_i64(context.call->now));
    case Code::origin:
      rows::origin(context.call, context.record, result(node));
      return result(node);
    case Code::random:
      return give(node, slot_f64(rows::random_float(context.call, context.record, node.offset)));
    case Code::random_uuid:
      return give(node, slot_i128(rows::random_uuid(context.call, context.record, node.offset)));
  }
  BRAID_UNREACHABLE("code");
}

}  // namespace

const Slot* evaluate(const Node& node, const Slot* row, Prepared::Scratch& scratch, const RowContext& context,
                     Failure& failure) {
  return Evaluation{row, scratch, context, failure}.run(node);
}

}  // namespace braid::interpret
