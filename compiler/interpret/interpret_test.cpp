#include "compiler/interpret/interpret.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "compiler/typed/failure.h"
#include "compiler/typed/loop_limit.h"
#include "runtime/abi/row_functions.h"
#include "runtime/data/decimal.h"
#include "runtime/declare/native.h"

namespace braid::interpret {
namespace {

using namespace typed;
using typed::Operator;

ExpressionRef node(Type type, decltype(Expression::node) content) {
  return make(std::move(type), {}, std::move(content));
}
ExpressionRef constant(Type type, Value value) {
  return node(std::move(type), Constant{std::move(value)});
}
ExpressionRef integer(int64_t value) {
  return constant(int_type(), Value{value});
}
ExpressionRef floating(double value) {
  return constant(float_type(), Value{value});
}
ExpressionRef boolean(bool value) {
  return constant(bool_type(), Value{value});
}
ExpressionRef text(std::string value) {
  return constant(string_type(), Value{std::move(value)});
}
ExpressionRef decimal(int precision, int scale, int128 unscaled) {
  return constant(decimal_type(precision, scale), Value{unscaled});
}
ExpressionRef null_of(Type type) {
  return constant(optional_type(std::move(type)), Value{Null{}});
}
ExpressionRef list(Type element, std::vector<ExpressionRef> items) {
  return node(list_type(std::move(element)), MakeList{std::move(items)});
}
ExpressionRef apply(Operator op, Type type, ExpressionRef a, ExpressionRef b) {
  return node(std::move(type), Operation{op, {std::move(a), std::move(b)}});
}
ExpressionRef compare_with(Operator op, ExpressionRef a, ExpressionRef b) {
  return apply(op, bool_type(), std::move(a), std::move(b));
}
/// Fails with a division by zero when it is evaluated.
ExpressionRef failing() {
  return apply(Operator::remainder, int_type(), integer(1), integer(0));
}

/// The result as a literal, or the code of the failure.
std::string run(const ExpressionRef& expression, const std::vector<Field>& row = {},
                const std::vector<Value>& values = {}) {
  Arena arena;
  CallContext call;
  call.arena = &arena;
  call.now = 5'000'000;
  call.job_seed = 7;
  Record record;
  record.position = 120;
  record.line = 4;
  std::vector<Slot> slots(flatten(row).size() + 1);
  for (size_t i = 0; i < row.size(); ++i) to_slots(row[i].type, values[i], slots.data() + leaf_offset(row, i), arena);
  std::vector<Slot> result(leaf_count(expression->type) + 1);
  Failure failure = evaluate(*expression, row, slots.data(), {&call, 1'000'000, &record}, result.data());
  if (failure.code != 0)
    return "E" + std::to_string(failure.code) + (failure.detail.size > 0 ? " " : "") +
           std::string(failure.detail.view());
  return to_literal(expression->type, from_slots(expression->type, result.data()));
}

constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Interpret, IntegersAreChecked) {
  EXPECT_EQ(run(apply(Operator::add, int_type(), integer(2), integer(3))), "5");
  EXPECT_EQ(run(apply(Operator::add, int_type(), integer(kMax), integer(1))), "E6101");
  EXPECT_EQ(run(apply(Operator::subtract, int_type(), integer(kMin), integer(1))), "E6101");
  EXPECT_EQ(run(apply(Operator::multiply, int_type(), integer(kMin), integer(-1))), "E6101");
  EXPECT_EQ(run(apply(Operator::remainder, int_type(), integer(-7), integer(3))), "-1");
  EXPECT_EQ(run(apply(Operator::remainder, int_type(), integer(kMin), integer(-1))), "0");
  EXPECT_EQ(run(failing()), "E6102");
  EXPECT_EQ(run(node(int_type(), Operation{Operator::negate, {integer(kMin)}})), "E6101");
}

TEST(Interpret, TimesAreCheckedIntegers) {
  ExpressionRef instant = constant(timestamp_type(), Value{int64_t{0}});
  ExpressionRef minute = constant(duration_type(), Value{int64_t{60'000'000}});
  EXPECT_EQ(run(apply(Operator::add, timestamp_type(), instant, minute)), "@1970-01-01T00:01Z");
  EXPECT_EQ(run(apply(Operator::multiply, duration_type(), minute, integer(3))), "3m");
  EXPECT_EQ(run(apply(Operator::multiply, duration_type(), minute, integer(kMax))), "E6101");
}

TEST(Interpret, FloatsDivideByZeroIsAFailureAndNanIsOne) {
  EXPECT_EQ(run(apply(Operator::divide, float_type(), floating(1), floating(-0.0))), "E6102");
  EXPECT_EQ(run(apply(Operator::divide, float_type(), floating(1), floating(4))), "0.25");
  ExpressionRef infinity = apply(Operator::multiply, float_type(), floating(1e308), floating(10));
  ExpressionRef nan = apply(Operator::subtract, float_type(), infinity, infinity);
  EXPECT_EQ(run(compare_with(Operator::equal, nan, floating(kNan))), "true");
}

TEST(Interpret, DecimalsKeepTheirScaleAndFailBeyondTheirDigits) {
  ExpressionRef a = decimal(4, 2, 1250), b = decimal(3, 1, -25);
  EXPECT_EQ(run(apply(Operator::add, decimal_type(5, 2), a, b)), "10.00");
  EXPECT_EQ(run(apply(Operator::multiply, decimal_type(7, 3), a, b)), "-31.250");
  EXPECT_EQ(run(apply(Operator::divide, decimal_type(13, 8), a, b)), "-5.00000000");
  EXPECT_EQ(run(apply(Operator::divide, decimal_type(13, 8), a, decimal(1, 0, 3))), "4.16666667");
  EXPECT_EQ(run(apply(Operator::divide, decimal_type(13, 8), a, decimal(1, 0, 0))), "E6102");
  EXPECT_EQ(run(apply(Operator::remainder, decimal_type(4, 2), a, b)), "0.00");
  int128 most = power_of_ten(38) - 1;
  EXPECT_EQ(run(apply(Operator::add, decimal_type(38, 0), decimal(38, 0, most), decimal(1, 0, 1))), "E6101");
  EXPECT_EQ(run(compare_with(Operator::equal, a, decimal(6, 4, 125000))), "true");
}

TEST(Interpret, ConversionsOfDecimals) {
  auto convert = [](Conversion conversion, Type type, ExpressionRef operand) {
    return node(std::move(type), Convert{conversion, std::move(operand)});
  };
  EXPECT_EQ(run(convert(Conversion::integer_to_decimal, decimal_type(21, 2), integer(kMin))),
            "-9223372036854775808.00");
  EXPECT_EQ(run(convert(Conversion::widen_decimal, decimal_type(10, 4), decimal(4, 2, 1250))), "12.5000");
  EXPECT_EQ(run(convert(Conversion::narrow_decimal, decimal_type(4, 2), decimal(8, 2, 1250))), "12.50");
  EXPECT_EQ(run(convert(Conversion::narrow_decimal, decimal_type(3, 2), decimal(8, 2, 1250))), "E6101");
  EXPECT_EQ(run(convert(Conversion::narrow_decimal, decimal_type(3, 1), decimal(8, 2, 1251))), "E6101");
}

TEST(Interpret, FloatsHaveATotalOrder) {
  EXPECT_EQ(run(compare_with(Operator::less, floating(1e300), floating(kNan))), "true");
  EXPECT_EQ(run(compare_with(Operator::less, floating(kNan), floating(1e300))), "false");
  EXPECT_EQ(run(compare_with(Operator::greater_equal, floating(kNan), floating(kNan))), "true");
  EXPECT_EQ(run(compare_with(Operator::equal, floating(-0.0), floating(0.0))), "true");
  EXPECT_EQ(run(compare_with(Operator::less, floating(-0.0), floating(0.0))), "false");
}

TEST(Interpret, NullEqualsNullOnly) {
  ExpressionRef present = node(optional_type(int_type()), Convert{Conversion::to_optional, integer(3)});
  EXPECT_EQ(run(compare_with(Operator::equal, null_of(int_type()), null_of(int_type()))), "true");
  EXPECT_EQ(run(compare_with(Operator::equal, null_of(int_type()), present)), "false");
  EXPECT_EQ(run(compare_with(Operator::not_equal, present, present)), "false");
  EXPECT_EQ(run(node(bool_type(), IsNull{present})), "false");
  EXPECT_EQ(run(node(int_type(), Coalesce{null_of(int_type()), integer(9)})), "9");
  EXPECT_EQ(run(node(int_type(), Coalesce{present, failing()})), "3");
  EXPECT_EQ(run(node(optional_type(int_type()), Coalesce{null_of(int_type()), null_of(int_type())})), "null");
  EXPECT_EQ(run(node(int_type(), Convert{Conversion::unwrap, present})), "3");
}

TEST(Interpret, LogicStopsEarly) {
  ExpressionRef fails = compare_with(Operator::equal, failing(), integer(1));
  EXPECT_EQ(run(node(bool_type(), Both{boolean(false), fails})), "false");
  EXPECT_EQ(run(node(bool_type(), Both{boolean(true), fails})), "E6102");
  EXPECT_EQ(run(node(bool_type(), Either{boolean(true), fails})), "true");
  EXPECT_EQ(run(node(bool_type(), Either{fails, boolean(true)})), "E6102");
  EXPECT_EQ(run(node(bool_type(), Not{boolean(false)})), "true");
  EXPECT_EQ(run(node(int_type(), Choose{boolean(false), failing(), integer(4)})), "4");
}

TEST(Interpret, AttemptMakesNullOfAFailure) {
  EXPECT_EQ(run(node(optional_type(int_type()), Attempt{failing()})), "null");
  EXPECT_EQ(run(node(optional_type(int_type()), Attempt{integer(4)})), "4");
  EXPECT_EQ(run(node(optional_type(int_type()), Attempt{null_of(int_type())})), "null");
  EXPECT_EQ(run(node(int_type(), Fail{text("no such customer")})), "E6105 no such customer");
}

TEST(Interpret, StructsListsAndTexts) {
  Type point = struct_type({{"x", int_type()}, {"y", optional_type(string_type())}});
  ExpressionRef built = node(point, MakeStruct{{integer(1), null_of(string_type())}});
  EXPECT_EQ(run(built), "{ x: 1, y: null }");
  EXPECT_EQ(run(node(optional_type(string_type()), FieldRead{built, 1})), "null");
  ExpressionRef points = list(point, {built, built});
  EXPECT_EQ(run(node(list_type(int_type()), ListField{points, 0})), "[1, 1]");
  EXPECT_EQ(run(node(point, Index{points, integer(1)})), "{ x: 1, y: null }");
  EXPECT_EQ(run(node(point, Index{points, integer(2)})), "E6103");
  EXPECT_EQ(run(node(point, Index{points, integer(-1)})), "E6103");
  EXPECT_EQ(run(compare_with(Operator::equal, points, points)), "true");
  EXPECT_EQ(run(apply(Operator::add, list_type(point), points, list(point, {}))),
            "[{ x: 1, y: null }, { x: 1, y: null }]");
  EXPECT_EQ(run(apply(Operator::add, string_type(), text("nä"), text("ht"))), "\"näht\"");
  EXPECT_EQ(run(node(string_type(), Concatenate{{text("a"), text(""), text("b")}})), "\"ab\"");
  EXPECT_EQ(run(compare_with(Operator::less, text("ab"), text("abc"))), "true");
  EXPECT_EQ(run(compare_with(Operator::less, text("z"), text("ä"))), "true");
}

TEST(Interpret, WhatWouldBeTooLongFails) {
  const std::string half(kLongestText / 2, 'x');
  EXPECT_EQ(run(apply(Operator::add, string_type(), text(half), text(half))).size(), kLongestText + 2);
  EXPECT_EQ(run(apply(Operator::add, string_type(), text(half), text(half + "y"))), "E6107");
  EXPECT_EQ(run(node(string_type(), Concatenate{{text(half), text("y"), text(half)}})), "E6107");
  Type points = list_type(struct_type({{"x", int_type()}, {"y", int_type()}}));
  std::vector<ExpressionRef> few(512, node(points->element, MakeStruct{{integer(1), integer(2)}}));
  ExpressionRef many = list(points->element, few);
  auto twice = [&](int slot) {
    ExpressionRef once = node(points, LocalRead{slot});
    many = node(points, Bind{slot, many, apply(Operator::add, points, once, once)});
  };
  for (int slot = 0; slot < 10; ++slot) twice(slot);
  ASSERT_EQ(rows::longest_list(2), uint64_t{512} << 10);
  EXPECT_EQ(run(node(points->element, Index{many, integer(512 * 1024 - 1)})), "{ x: 1, y: 2 }");
  twice(10);
  EXPECT_EQ(run(node(points->element, Index{many, integer(0)})), "E6107");
}

/// `xs` with the body over LocalRead{0}, the element, LocalRead{1}, its number, and LocalRead{2}, the state.
std::string looped(LoopKind kind, Type type, const ExpressionRef& xs, ExpressionRef body,
                   ExpressionRef initial = nullptr) {
  const int state = initial == nullptr ? -1 : 2;
  return run(node(std::move(type), Loop{kind, 0, 1, state, xs, std::move(initial), std::move(body)}));
}

TEST(Interpret, LoopsGoThroughLists) {
  const Type ints = list_type(int_type());
  const ExpressionRef x = node(int_type(), LocalRead{0}), n = node(int_type(), LocalRead{1});
  const ExpressionRef xs = list(int_type(), {integer(4), integer(1), integer(7), integer(2)});
  const ExpressionRef none = list(int_type(), {});
  const ExpressionRef large = compare_with(Operator::greater, x, integer(3));
  EXPECT_EQ(looped(LoopKind::map, ints, xs, apply(Operator::add, int_type(), x, n)), "[4, 2, 9, 5]");
  EXPECT_EQ(looped(LoopKind::map, ints, none, x), "[]");
  EXPECT_EQ(looped(LoopKind::filter, ints, xs, large), "[4, 7]");
  EXPECT_EQ(looped(LoopKind::flat_map, ints, xs, list(int_type(), {x, n})), "[4, 0, 1, 1, 7, 2, 2, 3]");
  EXPECT_EQ(looped(LoopKind::flat_map, ints, xs, none), "[]");
  EXPECT_EQ(looped(LoopKind::take_while, ints, xs, large), "[4]");
  EXPECT_EQ(looped(LoopKind::take_while, ints, xs, boolean(true)), "[4, 1, 7, 2]");
  EXPECT_EQ(looped(LoopKind::skip_while, ints, xs, large), "[1, 7, 2]");
  EXPECT_EQ(looped(LoopKind::skip_while, ints, xs, boolean(true)), "[]");
  EXPECT_EQ(looped(LoopKind::any, bool_type(), xs, large), "true");
  EXPECT_EQ(looped(LoopKind::any, bool_type(), none, boolean(true)), "false");
  EXPECT_EQ(looped(LoopKind::all, bool_type(), xs, large), "false");
  EXPECT_EQ(looped(LoopKind::all, bool_type(), none, boolean(false)), "true");
  EXPECT_EQ(looped(LoopKind::count, int_type(), xs, large), "2");
  EXPECT_EQ(looped(LoopKind::find, optional_type(int_type()), xs, compare_with(Operator::greater, x, integer(4))), "7");
  EXPECT_EQ(looped(LoopKind::find, optional_type(int_type()), xs, boolean(false)), "null");
  EXPECT_EQ(looped(LoopKind::position, optional_type(int_type()), xs, compare_with(Operator::less, x, integer(2))),
            "1");
  EXPECT_EQ(looped(LoopKind::position, optional_type(int_type()), none, boolean(true)), "null");
  const ExpressionRef sum = apply(Operator::add, int_type(), node(int_type(), LocalRead{2}), x);
  EXPECT_EQ(looped(LoopKind::fold, int_type(), xs, sum, integer(100)), "114");
  EXPECT_EQ(looped(LoopKind::fold, int_type(), none, sum, integer(100)), "100");
}

TEST(Interpret, ALoopEndsAtTheFirstElementThatDecidesOrFails) {
  const ExpressionRef x = node(int_type(), LocalRead{0});
  const ExpressionRef xs = list(int_type(), {integer(2), integer(1), integer(0)});
  const ExpressionRef quotient = apply(Operator::remainder, int_type(), integer(2), x);
  EXPECT_EQ(looped(LoopKind::map, list_type(int_type()), xs, quotient), "E6102");
  EXPECT_EQ(looped(LoopKind::any, bool_type(), xs, compare_with(Operator::equal, quotient, integer(0))), "true");
  EXPECT_EQ(looped(LoopKind::all, bool_type(), xs, compare_with(Operator::equal, quotient, integer(0))), "E6102");
  EXPECT_EQ(looped(LoopKind::map, list_type(optional_type(int_type())), xs,
                   node(optional_type(int_type()), Attempt{quotient})),
            "[0, 0, null]");
}

TEST(Interpret, ARowDoesABoundedAmountOfWorkInLoops) {
  std::vector<ExpressionRef> items(1000, integer(1));
  const ExpressionRef many = list(int_type(), items);
  auto pairs = [&](uint64_t times) {
    // For each element a loop over the list, `times` times.
    ExpressionRef body = boolean(false);
    for (uint64_t i = 0; i < times; ++i)
      body = node(bool_type(),
                  Either{node(bool_type(), Loop{LoopKind::any, 10, 11, -1, many, nullptr, boolean(false)}), body});
    return body;
  };
  const uint64_t fits = kMostWork / (1000 * 1000 * 2 * sizeof(Slot));  // the list is made, and gone through
  EXPECT_EQ(looped(LoopKind::count, int_type(), many, pairs(fits)), "0");
  EXPECT_EQ(looped(LoopKind::count, int_type(), many, pairs(fits + 1)), "E6107");
  // A text for each element.
  const ExpressionRef grows = node(string_type(), Concatenate{{text(std::string(40'000, 'x'))}});
  EXPECT_EQ(looped(LoopKind::map, list_type(string_type()), many, grows).size(), 1000 * 40'004u);
  const ExpressionRef grows_more = node(string_type(), Concatenate{{text(std::string(80'000, 'x'))}});
  EXPECT_EQ(looped(LoopKind::map, list_type(string_type()), many, grows_more), "E6107");
  // Loops one behind the other count for themselves.
  const ExpressionRef once = node(list_type(string_type()), Loop{LoopKind::map, 0, 1, -1, many, nullptr, grows});
  EXPECT_EQ(
      run(node(list_type(string_type()), Loop{LoopKind::map, 3, 4, -1, once, nullptr,
                                              node(string_type(), Concatenate{{node(string_type(), LocalRead{3})}})}))
          .size(),
      1000 * 40'004u);
}

TEST(Interpret, BindEvaluatesOnceAndNests) {
  ExpressionRef twice =
      apply(Operator::add, int_type(), node(int_type(), LocalRead{0}), node(int_type(), LocalRead{0}));
  EXPECT_EQ(run(node(int_type(), Bind{0, integer(4), twice})), "8");
  ExpressionRef inner =
      node(int_type(),
           Bind{1, twice,
                apply(Operator::multiply, int_type(), node(int_type(), LocalRead{1}), node(int_type(), LocalRead{0}))});
  EXPECT_EQ(run(node(int_type(), Bind{0, integer(3), inner})), "18");
}

TEST(Interpret, WhatStandsBesideTheRow) {
  EXPECT_EQ(run(node(timestamp_type(), AmbientRead{Ambient::event_time})), "@1970-01-01T00:00:01Z");
  EXPECT_EQ(run(node(timestamp_type(), AmbientRead{Ambient::now})), "@1970-01-01T00:00:05Z");
  Type origin = struct_type(
      {{"source", string_type()}, {"partition", string_type()}, {"position", int_type()}, {"line", int_type()}});
  EXPECT_EQ(run(node(origin, AmbientRead{Ambient::origin})),
            "{ source: \"\", partition: \"\", position: 120, line: 4 }");
  std::string one = run(node(float_type(), AmbientRead{Ambient::random, 1}));
  EXPECT_EQ(one, run(node(float_type(), AmbientRead{Ambient::random, 1})));
  EXPECT_NE(one, run(node(float_type(), AmbientRead{Ambient::random, 2})));
}

Decimal doubled(Decimal value) {
  return {value.unscaled * 2, value.scale};
}
Fallible<std::optional<int64_t>> even(CallContext& context, int64_t value) {
  if (value < 0) return fails(context, "negative");
  return value % 2 == 0 ? std::optional<int64_t>(value) : std::nullopt;
}

template <auto kFunction>
uint32_t native_form(CallContext* context, const Slot* arguments, Slot* result) {
  return native::Signature<decltype(kFunction)>::template call<kFunction>(context, arguments, result);
}

TEST(Interpret, CallsNativeForms) {
  FunctionDeclaration twice;
  twice.parameters = {{"value", "", ParameterKind::any_decimal}};
  twice.native = &native_form<&doubled>;
  twice.takes_scales = true;
  EXPECT_EQ(run(node(decimal_type(5, 2), FunctionCall{&twice, {decimal(4, 2, 1250)}})), "25.00");
  FunctionDeclaration checked;
  checked.parameters = {{"value", "", ParameterKind::exact, int_type()}};
  checked.native = &native_form<&even>;
  checked.fails = true;
  Type result = optional_type(int_type());
  EXPECT_EQ(run(node(result, FunctionCall{&checked, {integer(4)}})), "4");
  EXPECT_EQ(run(node(result, FunctionCall{&checked, {integer(3)}})), "null");
  EXPECT_EQ(run(node(result, FunctionCall{&checked, {integer(-3)}})), "E6106 negative");
  EXPECT_EQ(run(node(result, Attempt{node(result, FunctionCall{&checked, {integer(-3)}})})), "null");
}

TEST(Interpret, FoldsOnlyWhatIsClosedAndDoesNotFail) {
  EXPECT_EQ(to_literal(int_type(), *evaluate_constant(*apply(Operator::add, int_type(), integer(1), integer(2)))), "3");
  EXPECT_FALSE(evaluate_constant(*failing()));
  EXPECT_FALSE(evaluate_constant(*node(int_type(), ColumnRead{0})));
  EXPECT_FALSE(evaluate_constant(*node(timestamp_type(), AmbientRead{Ambient::now})));
  EXPECT_FALSE(evaluate_constant(*node(int_type(), LocalRead{0})));
  EXPECT_TRUE(evaluate_constant(*node(int_type(), Bind{0, integer(1), node(int_type(), LocalRead{0})})));
}

TEST(Interpret, OnlyAnAttemptOfTheFieldItselfCatchesABrokenField) {
  const std::vector<Field> input{{"amount", checked_type(int_type())}, {"by", int_type()}};
  const Type result = optional_type(int_type());
  auto read = [&](Conversion conversion) {
    return node(int_type(), Convert{conversion, node(input[0].type, ColumnRead{0})});
  };
  auto rest = [&](Conversion conversion) {
    return apply(Operator::remainder, int_type(), read(conversion), node(int_type(), ColumnRead{1}));
  };
  auto run_over = [&](const ExpressionRef& column, uint8_t fault, int64_t by) -> std::string {
    Prepared prepared;
    CallSites sites;
    const Node* prepared_node = prepared.add(*column, input, sites);
    Prepared::Scratch scratch = prepared.make_scratch();
    Arena arena;
    CallContext call;
    call.arena = &arena;
    const Slot row[] = {slot_i64(fault), slot_i64(7), slot_i64(by)};  // the status is the low byte
    Failure failure;
    const Slot* value = evaluate(*prepared_node, row, scratch, {&call, 0, nullptr}, failure);
    if (value == nullptr) return "fails with " + std::to_string(failure.code) + " of " + std::to_string(failure.column);
    return value->u8 == 0 ? "null" : std::to_string(value[1].i64);
  };
  const auto fault = static_cast<uint8_t>(ConversionFault::wrong_type);
  const std::string broken = "fails with " + std::to_string(diag::WrongType::kCode) + " of 0";
  const ExpressionRef around = node(result, Attempt{rest(Conversion::checked_read)});
  EXPECT_EQ(run_over(around, 0, 4), "3");
  EXPECT_EQ(run_over(around, 0, 0), "null");
  EXPECT_EQ(run_over(around, fault, 4), broken);
  EXPECT_EQ(run_over(node(result, Attempt{node(result, Attempt{read(Conversion::checked_read)})}), fault, 4), broken);
  const ExpressionRef direct = node(result, Attempt{read(Conversion::tried_read), true});
  EXPECT_EQ(run_over(direct, 0, 4), "7");
  EXPECT_EQ(run_over(direct, fault, 4), "null");
  // A failure that was caught before is not taken for a broken field, nor the other way round.
  EXPECT_EQ(run_over(node(result, Coalesce{direct, around}), fault, 0), broken);
}

TEST(Interpret, KernelKeepsDropsAndRejectsRows) {
  std::vector<Field> input{{"amount", checked_type(int_type())}, {"by", int_type()}, {"name", string_type()}};
  plan::RowProgram program;
  program.input = input;
  ExpressionRef amount = node(int_type(), Convert{Conversion::checked_read, node(input[0].type, ColumnRead{0})});
  plan::RowStep keep{plan::RowStep::Kind::keep};
  keep.condition = compare_with(Operator::greater, node(int_type(), ColumnRead{1}), integer(-1));
  keep.site = 3;
  keep.failure_site = 4;
  plan::RowStep project{plan::RowStep::Kind::project};
  project.columns = {node(string_type(), ColumnRead{2}),
                     apply(Operator::remainder, int_type(), amount, node(int_type(), ColumnRead{1}))};
  project.row = {{"name", string_type()}, {"rest", int_type()}};
  project.failure_site = 5;
  project.field_sites = {6, 5, 5};
  program.steps = {keep, project};
  program.output = project.row;
  program.passthrough = {3, -1};
  CallSites sites;
  auto kernel = interpret(program, sites);

  uint8_t status[] = {0, 0, 3, 0};
  int64_t amounts[] = {17, 1, 0, 9}, by[] = {5, -1, 2, 0};
  Bytes names[4] = {};
  int64_t rest[4] = {};
  const void* in[] = {status, amounts, by, names};
  void* out[] = {nullptr, rest};
  uint32_t kept[4];
  Drop drops[4];
  Arena arena;
  CallContext call;
  call.arena = &arena;
  KernelFrame frame{in, out, 4, 0, kept, drops, 0, 0, &call, nullptr, nullptr, nullptr};
  kernel->run(frame);
  ASSERT_EQ(frame.kept_count, 1u);
  EXPECT_EQ(kept[0], 0u);
  EXPECT_EQ(rest[0], 2);
  ASSERT_EQ(frame.drop_count, 3u);
  auto drop = [&](int i) { return std::vector<uint32_t>{drops[i].row, drops[i].site, drops[i].code}; };
  EXPECT_EQ(drop(0), (std::vector<uint32_t>{1, 3, 0}));
  EXPECT_EQ(drop(1), (std::vector<uint32_t>{2, 6, 6003}));
  EXPECT_EQ(drop(2), (std::vector<uint32_t>{3, 5, 6102}));
}

}  // namespace
}  // namespace braid::interpret
