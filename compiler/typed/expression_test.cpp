#include "compiler/typed/expression.h"

#include <gtest/gtest.h>

#include "compiler/typed/call_sites.h"
#include "compiler/typed/project.h"

namespace braid::typed {
namespace {

ExpressionRef column(Type type, int index) {
  return make(std::move(type), {}, ColumnRead{index});
}
ExpressionRef integer(int64_t value) {
  return make(int_type(), {}, Constant{Value{value}});
}
ExpressionRef add(ExpressionRef a, ExpressionRef b) {
  Type type = a->type;
  return make(type, {}, Operation{Operator::add, {std::move(a), std::move(b)}});
}

TEST(Expression, FailsWhereAPartFailsOutsideAnAttempt) {
  ExpressionRef sum = add(column(int_type(), 0), integer(1));
  EXPECT_TRUE(sum->can_fail);
  EXPECT_TRUE(make(list_type(int_type()), {}, MakeList{{integer(1), sum}})->can_fail);
  EXPECT_FALSE(make(optional_type(int_type()), {}, Attempt{sum})->can_fail);
  EXPECT_FALSE(add(column(float_type(), 0), column(float_type(), 1))->can_fail);
  // A broken field ends the row past a `try`, unless it stands directly on the field.
  ExpressionRef raw = column(checked_type(int_type()), 0);
  ExpressionRef read = make(int_type(), {}, Convert{Conversion::checked_read, raw});
  ExpressionRef tried = make(int_type(), {}, Convert{Conversion::tried_read, raw});
  EXPECT_TRUE(make(optional_type(int_type()), {}, Attempt{add(read, integer(1))})->can_fail);
  ExpressionRef attempt = make(optional_type(int_type()), {}, Attempt{tried, true});
  EXPECT_FALSE(attempt->can_fail);
  EXPECT_TRUE(std::get<Attempt>(with_parts(*attempt, {tried})->node).of_field);
  EXPECT_TRUE(add(column(string_type(), 0), column(string_type(), 1))->can_fail);  // too long
}

TEST(Expression, DecimalSumsFailOnlyWhereTheirDigitsMayNotSuffice) {
  auto sum = [](int precision) {
    return make(decimal_type(precision, 2), {},
                Operation{Operator::add, {column(decimal_type(12, 2), 0), column(decimal_type(10, 1), 1)}});
  };
  EXPECT_FALSE(sum(13)->can_fail);
  EXPECT_TRUE(sum(12)->can_fail);
  auto product = make(decimal_type(38, 4), {},
                      Operation{Operator::multiply, {column(decimal_type(30, 2), 0), column(decimal_type(10, 2), 1)}});
  EXPECT_TRUE(product->can_fail);
}

TEST(Expression, PartsStandInOrderOfEvaluationAndCanBeReplaced) {
  ExpressionRef choose = make(
      int_type(), {}, Choose{column(bool_type(), 2), add(column(int_type(), 5), integer(1)), column(int_type(), 2)});
  EXPECT_EQ(columns_read(choose), (std::vector<int>{2, 5}));
  std::vector<ExpressionRef> old_parts = parts(*choose);
  ASSERT_EQ(old_parts.size(), 3u);
  ExpressionRef other = with_parts(*choose, {old_parts[0], integer(7), old_parts[2]});
  EXPECT_EQ(print(*other, {}), "(if (column 2) (constant 7) (column 2))");
  EXPECT_FALSE(other->can_fail);
}

TEST(Expression, RemapKeepsWhatDoesNotChange) {
  ExpressionRef sum = add(column(int_type(), 0), add(column(int_type(), 1), integer(1)));
  EXPECT_EQ(remap_columns(sum, {0, 1}), sum);
  EXPECT_EQ(print(*remap_columns(sum, {3, 0}), {{"a", int_type()}}),
            "(add (column 3) (add (column 0 a) (constant 1)))");
}

TEST(Expression, SubstitutionPutsExpressionsInPlaceOfColumns) {
  ExpressionRef sum = add(column(int_type(), 0), column(int_type(), 1));
  ExpressionRef replaced = substitute_columns(sum, {integer(4), column(int_type(), 9)});
  EXPECT_EQ(print(*replaced, {}), "(add (constant 4) (column 9))");
}

TEST(Expression, LocalsShiftTogether) {
  ExpressionRef body = add(make(int_type(), {}, LocalRead{2}), integer(1));
  ExpressionRef bound = make(int_type(), {}, Bind{2, column(int_type(), 0), body});
  EXPECT_EQ(highest_local(bound), 2);
  EXPECT_EQ(highest_local(integer(1)), -1);
  EXPECT_EQ(print(*shift_locals(bound, 3), {}), "(bind 5 (column 0) (add (local 5) (constant 1)))");
}

TEST(Expression, PrintNamesFieldsOfStructs) {
  Type customer = struct_type({{"id", int_type()}, {"email", string_type()}});
  ExpressionRef read = make(string_type(), {}, FieldRead{column(customer, 0), 1});
  EXPECT_EQ(print(*read, {{"c", customer}}), "(field email (column 0 c))");
}

TEST(CallSites, EqualConstantArgumentsShareAnObject) {
  FunctionDeclaration matches;
  matches.name = "matches";
  matches.symbol = "braid_strings_matches";
  matches.parameters.resize(2);
  matches.parameters[1].constant = true;
  matches.takes_cache = true;
  auto call = [&](int index, const char* pattern) {
    return make(
        bool_type(), {},
        FunctionCall{&matches,
                     {column(string_type(), index), make(string_type(), {}, Constant{Value{std::string(pattern)}})}});
  };
  CallSites sites;
  EXPECT_EQ(sites.index_of(*call(0, "a+")), 0u);
  EXPECT_EQ(sites.index_of(*call(1, "b")), 1u);
  EXPECT_EQ(sites.index_of(*call(2, "a+")), 0u);
  EXPECT_EQ(sites.count(), 2u);
}

TEST(Project, PrintsRelationsStepsAndExpressions) {
  Project project;
  Relation payment;
  payment.kind = RelationKind::stream;
  payment.domain = "payments";
  payment.name = "payment";
  payment.row = {{"id", int_type()}, {"at", timestamp_type()}};
  payment.key = {{0}};
  payment.has_time = true;
  payment.time_field = 1;
  payment.within_us = 10'000'000;
  payment.source = Source{};
  payment.source->fields = {{"id", int_type(), {"customer", "id"}, nullptr, {}, {}, {}},
                            {"at", timestamp_type(), {"at"}, nullptr, {}, {}, {}}};
  project.relations.push_back(payment);
  Relation product;
  product.kind = RelationKind::product;
  product.domain = "marketing";
  product.name = "even";
  product.row = payment.row;
  product.steps.push_back({FromStep{0}, payment.row, {}, "from payment"});
  product.steps.push_back(
      {WhereStep{make(bool_type(), {}, Operation{Operator::equal, {column(int_type(), 0), integer(2)}}), "other"},
       payment.row,
       {},
       "where id == 2"});
  project.relations.push_back(product);
  EXPECT_EQ(print(project), R"(stream payments.payment version 1 key id time at within 10s
  field id: int from "customer.id"
  field at: timestamp
  idle never ahead 1h
  row { id: int, at: timestamp }
product marketing.even version 1 static
  from payments.payment
  where (equal (column 0 id) (constant 2)) else other
  row { id: int, at: timestamp }
)");
}

}  // namespace
}  // namespace braid::typed
