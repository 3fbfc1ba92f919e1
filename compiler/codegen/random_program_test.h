// Random row programs and values of all types, for differential_test.cpp: extremes, every kind of node, every function
// of the standard library. The same seed gives the same programs.
#pragma once

#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "compiler/plan/physical.h"
#include "compiler/typed/expression.h"
#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/map_entries.h"
#include "runtime/declare/function.h"
#include "stdlib/sample_calls_test.h"

namespace braid::codegen {

using namespace typed;
using typed::Operator;

inline ExpressionRef node(Type type, decltype(Expression::node) content) {
  return make(std::move(type), {}, std::move(content));
}

/// A call whose argument types are settled.
struct Instance {
  const FunctionDeclaration* function;
  std::vector<Type> arguments;
  std::vector<Value> constants;  ///< null where the argument may be anything
};

class Generator {
 public:
  Generator(uint64_t seed, const FunctionRegistry& registry) : random_(seed) { add_instances(registry); }

  size_t below(size_t bound) { return random_() % bound; }
  bool chance(size_t percent) { return below(100) < percent; }

  Type scalar_type() {
    switch (below(17)) {
      case 16:
        return json_type();
      case 0:
        return bool_type();
      case 1:
        return float_type();
      case 2:
        return string_type();
      case 3:
        return bytes_type();
      case 4:
        return uuid_type();
      case 5:
        return date_type();
      case 6:
        return time_type();
      case 7:
        return timestamp_type();
      case 8:
        return duration_type();
      case 9:
        return enum_type({"red", "green", "blue"});
      case 10:
      case 11:
      case 12:
        return decimal();
      default:
        return int_type();
    }
  }
  Type decimal() {
    static const int kForms[][2] = {{9, 2},   {18, 4}, {18, 0}, {19, 0},  {25, 6},
                                    {38, 10}, {38, 0}, {5, 5},  {38, 38}, {1, 0}};
    auto [precision, scale] = kForms[below(std::size(kForms))];
    return decimal_type(precision, scale);
  }
  Type key_type() {
    switch (below(5)) {
      case 0:
        return int_type();
      case 1:
        return enum_type({"red", "green", "blue"});
      case 2:
        return decimal_type(25, 6);
      default:
        return string_type();
    }
  }
  Type type(int depth) {
    size_t choice = depth <= 0 ? 0 : below(10);
    if (choice >= 9) return struct_type({{"a", type(depth - 1)}, {"b", type(depth - 1)}});
    if (choice == 8 && chance(40)) return map_type(key_type(), type(depth - 1));
    if (choice == 8) return list_type(type(depth - 1));
    if (choice >= 6) return optional_type(type(depth - 1));
    return scalar_type();
  }

  Value value(const Type& type) {
    switch (type->kind) {
      case TypeKind::boolean:
        return Value{chance(50)};
      case TypeKind::integer:
        return Value{integer()};
      case TypeKind::duration:
      case TypeKind::timestamp:
        return Value{chance(50) ? integer() : static_cast<int64_t>(below(1'000'000'000'000))};
      case TypeKind::time:
        return Value{static_cast<int64_t>(below(86'400'000'000))};
      case TypeKind::date:
        return Value{static_cast<int64_t>(below(40'000)) - 10'000};
      case TypeKind::enumeration:
        return Value{static_cast<int64_t>(below(type->symbols.size()))};
      case TypeKind::json: {
        static const char* kValues[] = {"null",         "true",          "7",
                                        "-1.5",         "\"12\"",        "\"a\\nb\"",
                                        "[]",           "[1,[2],\"x\"]", "{\"a\":{\"b\":[1]},\"ab\":2}",
                                        "{\"Ab\":null}"};
        return Value{std::string(kValues[below(std::size(kValues))])};
      }
      case TypeKind::floating:
        return Value{floating()};
      case TypeKind::decimal:
        return Value{unscaled(type->precision)};
      case TypeKind::uuid:
        return Value{static_cast<int128>(static_cast<uint128>(random_()) << 64 | random_())};
      case TypeKind::string:
        return Value{text()};
      case TypeKind::bytes:
        return Value{chance(30) ? std::string("\0\xFF", 2) : text()};
      case TypeKind::optional:
        return chance(35) ? Value{Null{}} : value(type->element);
      case TypeKind::list: {
        std::vector<Value> items(below(4));
        for (Value& item : items) item = value(type->element);
        return Value{items};
      }
      case TypeKind::map: {
        std::vector<Value> entries(below(5));
        for (Value& entry : entries) entry = value(type->element);
        return Value{order_entries(entries) ? entries : std::vector<Value>()};
      }
      case TypeKind::structure: {
        std::vector<Value> fields;
        for (const Field& field : type->fields) fields.push_back(value(field.type));
        return Value{fields};
      }
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        break;
    }
    BRAID_UNREACHABLE("no value of this type");
  }

  /// How many calls there are to choose from, without and with an object of their call site.
  size_t plain() const { return plain_; }
  size_t cached() const { return cached_; }

  plan::RowProgram program(int number) {
    plan::RowProgram made;
    made.name = "random " + std::to_string(number);
    for (size_t i = 3 + below(6); i > 0; --i) {
      Type field = type(2);
      made.input.push_back({"c" + std::to_string(i), chance(25) ? checked_type(field) : field});
    }
    row_ = made.input;
    for (size_t i = 1 + below(4); i > 0; --i) made.steps.push_back(step(made.steps.size()));
    made.output = row_;
    bool projects = false;
    for (const plan::RowStep& step : made.steps) projects = projects || step.kind == plan::RowStep::Kind::project;
    size_t leaves = flatten(made.output).size();
    for (size_t leaf = 0; leaf < leaves; ++leaf)
      made.passthrough.push_back(!projects && chance(50) ? static_cast<int>(leaf) : -1);
    return made;
  }

 private:
  plan::RowStep step(size_t number) {
    plan::RowStep made{chance(40) ? plan::RowStep::Kind::keep : plan::RowStep::Kind::project};
    made.site = static_cast<uint32_t>(number * 100);
    made.failure_site = made.site + 1;
    if (chance(70))
      for (size_t i = 0; i < row_.size(); ++i) made.field_sites.push_back(made.site + 10 + static_cast<uint32_t>(i));
    if (made.kind == plan::RowStep::Kind::keep) {
      made.condition = expression(bool_type(), 3);
      if (chance(50)) made.condition = node(bool_type(), Either{made.condition, expression(bool_type(), 1)});
      return made;
    }
    std::vector<Field> row;
    for (size_t i = 1 + below(4); i > 0; --i) {
      row.push_back({"p" + std::to_string(i), type(2)});
      made.columns.push_back(expression(row.back().type, 4));
      // Half of the failures are caught, so that enough rows come through.
      ExpressionRef& column = made.columns.back();
      if (chance(50) && column->can_fail && !is_optional(column->type))
        column =
            node(column->type, Coalesce{node(optional_type(column->type), Attempt{column}), constant(column->type)});
    }
    made.row = row;
    row_ = std::move(row);
    return made;
  }

  int64_t integer() {
    static const int64_t kSpecial[] = {0,
                                       1,
                                       -1,
                                       2,
                                       10,
                                       std::numeric_limits<int64_t>::max(),
                                       std::numeric_limits<int64_t>::min(),
                                       std::numeric_limits<int64_t>::max() - 1,
                                       3'037'000'500};
    if (chance(40)) return kSpecial[below(std::size(kSpecial))];
    if (chance(70)) return static_cast<int64_t>(below(20)) - 5;
    return static_cast<int64_t>(random_());
  }
  double floating() {
    using Limits = std::numeric_limits<double>;
    static const double kSpecial[] = {0.0,
                                      -0.0,
                                      1.0,
                                      -1.0,
                                      0.1,
                                      Limits::quiet_NaN(),
                                      Limits::infinity(),
                                      -Limits::infinity(),
                                      Limits::max(),
                                      Limits::denorm_min(),
                                      Limits::min()};
    if (chance(50)) return kSpecial[below(std::size(kSpecial))];
    return static_cast<double>(static_cast<int64_t>(random_())) / static_cast<double>(1 + below(1'000'000));
  }
  int128 unscaled(int precision) {
    int128 limit = power_of_ten(precision);
    if (chance(20)) return chance(50) ? limit - 1 : 1 - limit;
    if (chance(20)) return 0;
    int digits = static_cast<int>(below(static_cast<size_t>(precision))) + 1;
    auto magnitude =
        static_cast<int128>((static_cast<uint128>(random_()) << 64 | random_()) >> 1) % power_of_ten(digits);
    return chance(50) ? magnitude : -magnitude;
  }
  std::string text() {
    static const char* kTexts[] = {"",
                                   "a",
                                   "ab",
                                   "abc",
                                   "Ab",
                                   "näht",
                                   "日本語",
                                   "\U0001F600",
                                   "z",
                                   " x ",
                                   "12",
                                   "-3.50",
                                   "a longer text than sixteen bytes",
                                   "a longer text than sixteen bytez"};
    return kTexts[below(std::size(kTexts))];
  }

  /// Every function with every candidate for its type variable and its constant arguments that it takes.
  void add_instances(const FunctionRegistry& registry) {
    static const std::vector<Type> kTypes{int_type(),
                                          string_type(),
                                          float_type(),
                                          decimal_type(9, 2),
                                          optional_type(int_type()),
                                          struct_type({{"key", string_type()}, {"value", int_type()}}),
                                          struct_type({{"a", int_type()}, {"b", optional_type(string_type())}})};
    constexpr int kTries = 12;
    for (const FunctionDeclaration& function : registry.all()) {
      for (const Type& variable : kTypes) {
        bool varies = false;
        std::vector<Type> arguments;
        for (const ParameterDeclaration& parameter : function.parameters) {
          switch (parameter.kind) {
            case ParameterKind::exact:
              arguments.push_back(parameter.type);
              break;
            case ParameterKind::any_decimal:
              arguments.push_back(decimal());
              break;
            case ParameterKind::any_enum:
              arguments.push_back(enum_type({"red", "green", "blue"}));
              break;
            case ParameterKind::any:
              arguments.push_back(variable);
              varies = true;
              break;
            case ParameterKind::list_of_any:
              arguments.push_back(list_type(variable));
              varies = true;
              break;
          }
        }
        for (int attempt = 0; attempt < kTries; ++attempt) {
          bool has_constants = false;
          std::vector<Value> constants(arguments.size());
          const samples::Near near(random_, function);
          for (size_t i = 0; i < arguments.size(); ++i) {
            if (!function.parameters[i].constant) continue;
            has_constants = true;
            constants[i] = samples::constant(random_, function, function.parameters[i], near.texts);
          }
          CallShape shape{arguments, constants};
          if (!function.problem || function.problem(shape).empty()) {
            by_result_[to_string(function.result(shape))].push_back({&function, arguments, constants});
            (function.takes_cache ? cached_ : plain_) += 1;
          }
          if (!has_constants) break;
        }
        if (!varies) break;
      }
    }
  }

  ExpressionRef constant(const Type& type) { return node(type, Constant{value(type)}); }

  /// A column or local of that type, else a constant.
  ExpressionRef leaf(const Type& type) {
    std::vector<ExpressionRef> found;
    for (size_t i = 0; i < row_.size(); ++i) {
      ExpressionRef column = node(row_[i].type, ColumnRead{static_cast<int>(i)});
      if (same(row_[i].type, type)) found.push_back(column);
      if (is(row_[i].type, TypeKind::checked) && same(row_[i].type->element, type))
        found.push_back(node(type, Convert{Conversion::checked_read, column}));
    }
    for (const auto& [slot, local] : locals_)
      if (same(local, type)) found.push_back(node(type, LocalRead{slot}));
    if (found.empty() || chance(15)) return constant(type);
    return found[below(found.size())];
  }

  /// `try` directly on a field, or on a field of a struct field; null if no column can be read so.
  ExpressionRef tried(const Type& type) {
    std::vector<ExpressionRef> found;
    for (size_t i = 0; i < row_.size(); ++i) {
      if (!is(row_[i].type, TypeKind::checked)) continue;
      const Type& inner = row_[i].type->element;
      ExpressionRef read =
          node(inner, Convert{Conversion::tried_read, node(row_[i].type, ColumnRead{static_cast<int>(i)})});
      if (same(without_optional(inner), without_optional(type))) found.push_back(read);
      if (!is(inner, TypeKind::structure)) continue;
      for (size_t field = 0; field < inner->fields.size(); ++field)
        if (same(without_optional(inner->fields[field].type), without_optional(type)))
          found.push_back(node(inner->fields[field].type, FieldRead{read, static_cast<int>(field)}));
    }
    return found.empty() ? nullptr : node(type, Attempt{found[below(found.size())], true});
  }

  ExpressionRef expression(const Type& type, int depth) {
    if (depth <= 0 || chance(15)) return leaf(type);
    int next = depth - 1;
    switch (below(15)) {
      case 14:
        if (ExpressionRef made = loop(type, next)) return made;
        break;
      case 0:
        return node(type, Choose{expression(bool_type(), next), expression(type, next), expression(type, next)});
      case 1: {
        if (is_optional(type)) return node(type, Coalesce{expression(type, next), expression(type, next)});
        return node(type, Coalesce{expression(optional_type(type), next), expression(type, next)});
      }
      case 2: {
        Type bound = this->type(1);
        ExpressionRef given = expression(bound, next);
        int slot = next_slot_++;
        locals_.push_back({slot, bound});
        ExpressionRef body = expression(type, next);
        locals_.pop_back();
        return node(type, Bind{slot, given, body});
      }
      case 3: {
        Type around = struct_type({{"x", this->type(1)}, {"y", type}, {"z", int_type()}});
        return node(type, FieldRead{expression(around, next), 1});
      }
      case 4:
        return node(type,
                    Index{expression(list_type(type), next),
                          chance(70) ? node(int_type(), Constant{Value{int64_t{0}}}) : expression(int_type(), next)});
      case 5:
        if (chance(15)) return node(type, Fail{expression(string_type(), next)});
        break;
      case 6:
        if (!is_optional(type)) return node(type, Convert{Conversion::unwrap, expression(optional_type(type), next)});
        break;
      case 7:
      case 8:
        if (ExpressionRef made = call(type, next)) return made;
        break;
      default:
        break;
    }
    return of_type(type, next);
  }

  /// A loop over a list that gives this type; sometimes none does.
  ExpressionRef loop(const Type& type, int depth) {
    std::vector<LoopKind> kinds{LoopKind::fold};
    Type element = this->type(1), body = bool_type();
    if (is(type, TypeKind::boolean)) kinds = {LoopKind::any, LoopKind::all, LoopKind::fold};
    if (is(type, TypeKind::integer)) kinds = {LoopKind::count, LoopKind::fold};
    if (is(type, TypeKind::optional)) kinds = {LoopKind::find, LoopKind::fold};
    if (same(type, optional_type(int_type()))) kinds = {LoopKind::find, LoopKind::position};
    if (is(type, TypeKind::list))
      kinds = {LoopKind::map,        LoopKind::map,        LoopKind::flat_map, LoopKind::filter,
               LoopKind::take_while, LoopKind::skip_while, LoopKind::fold};
    const LoopKind kind = kinds[below(kinds.size())];
    switch (kind) {
      case LoopKind::map:
        body = type->element;
        break;
      case LoopKind::flat_map:
      case LoopKind::fold:
        body = type;
        break;
      case LoopKind::filter:
      case LoopKind::take_while:
      case LoopKind::skip_while:
        element = type->element;
        break;
      case LoopKind::find:
        element = chance(50) ? type : type->element;
        break;
      case LoopKind::any:
      case LoopKind::all:
      case LoopKind::count:
      case LoopKind::position:
        break;
    }
    ExpressionRef list = expression(list_type(element), depth);
    ExpressionRef initial = kind == LoopKind::fold ? expression(type, depth) : nullptr;
    const int slot = next_slot_;
    next_slot_ += 3;
    const size_t before = locals_.size();
    locals_.push_back({slot, element});
    locals_.push_back({slot + 1, int_type()});
    if (initial != nullptr) locals_.push_back({slot + 2, type});
    ExpressionRef made = expression(body, depth);
    locals_.resize(before);
    return node(type, Loop{kind, slot, slot + 1, initial == nullptr ? -1 : slot + 2, list, initial, made});
  }

  ExpressionRef call(const Type& type, int depth) {
    auto found = by_result_.find(to_string(type));
    if (found == by_result_.end()) return nullptr;
    const Instance& instance = found->second[below(found->second.size())];
    std::vector<ExpressionRef> arguments;
    for (size_t i = 0; i < instance.arguments.size(); ++i)
      arguments.push_back(instance.constants[i].is_null()
                              ? expression(instance.arguments[i], depth)
                              : node(instance.arguments[i], Constant{instance.constants[i]}));
    return node(type, FunctionCall{instance.function, std::move(arguments)});
  }

  ExpressionRef binary(Operator op, const Type& type, ExpressionRef a, ExpressionRef b) {
    return node(type, Operation{op, {std::move(a), std::move(b)}});
  }

  ExpressionRef entries(ExpressionRef map) {
    return node(list_type(map->type->element), Convert{Conversion::map_entries, std::move(map)});
  }

  ExpressionRef of_type(const Type& type, int depth) {
    switch (type->kind) {
      case TypeKind::boolean:
        return boolean(depth);
      case TypeKind::integer: {
        static const Operator kOperators[] = {Operator::add, Operator::subtract, Operator::multiply,
                                              Operator::remainder};
        if (chance(15)) return node(type, Operation{Operator::negate, {expression(type, depth)}});
        return binary(kOperators[below(4)], type, expression(type, depth), expression(type, depth));
      }
      case TypeKind::floating: {
        static const Operator kOperators[] = {Operator::add, Operator::subtract, Operator::multiply, Operator::divide};
        if (chance(10)) return node(type, AmbientRead{Ambient::random, static_cast<uint32_t>(below(3))});
        if (chance(15)) return node(type, Operation{Operator::negate, {expression(type, depth)}});
        return binary(kOperators[below(4)], type, expression(type, depth), expression(type, depth));
      }
      case TypeKind::decimal:
        return decimal_expression(type, depth);
      case TypeKind::string:
        if (chance(40)) {
          std::vector<ExpressionRef> parts;
          for (size_t i = below(4); i > 0; --i) parts.push_back(expression(type, depth));
          return node(type, Concatenate{parts});
        }
        return binary(Operator::add, type, expression(type, depth), expression(type, depth));
      case TypeKind::bytes:
        return binary(Operator::add, type, expression(type, depth), expression(type, depth));
      case TypeKind::timestamp:
        if (chance(30)) return node(type, AmbientRead{chance(50) ? Ambient::now : Ambient::event_time});
        return binary(chance(50) ? Operator::add : Operator::subtract, type, expression(type, depth),
                      expression(duration_type(), depth));
      case TypeKind::duration:
        switch (below(4)) {
          case 0:
            return binary(Operator::multiply, type, expression(type, depth), expression(int_type(), depth));
          case 1:
            return binary(Operator::multiply, type, expression(int_type(), depth), expression(type, depth));
          case 2:
            return binary(Operator::subtract, type, expression(timestamp_type(), depth),
                          expression(timestamp_type(), depth));
          default:
            return binary(Operator::add, type, expression(type, depth), expression(type, depth));
        }
      case TypeKind::uuid:
        return chance(40) ? node(type, AmbientRead{Ambient::random_uuid, 1}) : leaf(type);
      case TypeKind::list: {
        if (chance(25)) return binary(Operator::add, type, expression(type, depth), expression(type, depth));
        if (chance(15)) {
          const Type map = map_type(key_type(), type->element);
          return node(type, ListField{entries(expression(map, depth)), 1});
        }
        if (chance(30)) {
          Type element = struct_type({{"k", int_type()}, {"v", type->element}, {"w", optional_type(string_type())}});
          return node(type, ListField{expression(list_type(element), depth), 1});
        }
        std::vector<ExpressionRef> items;
        for (size_t i = below(4); i > 0; --i) items.push_back(expression(type->element, depth));
        return node(type, MakeList{items});
      }
      case TypeKind::map: {
        if (chance(30)) return leaf(type);
        const int slot = next_slot_;
        next_slot_ += 2;
        ExpressionRef list = entries(expression(type, depth));
        const size_t before = locals_.size();
        locals_.push_back({slot, type->element});
        ExpressionRef keeps = expression(bool_type(), depth);
        locals_.resize(before);
        ExpressionRef kept =
            node(list->type, Loop{LoopKind::filter, slot, slot + 1, -1, list, nullptr, std::move(keeps)});
        return node(type, Convert{Conversion::entries_map, std::move(kept)});
      }
      case TypeKind::structure: {
        std::vector<ExpressionRef> fields;
        for (const Field& field : type->fields) fields.push_back(expression(field.type, depth));
        return node(type, MakeStruct{fields});
      }
      case TypeKind::optional:
        if (chance(40))
          if (ExpressionRef made = tried(type)) return made;
        if (chance(50)) return node(type, Attempt{expression(chance(80) ? type->element : type, depth)});
        return node(type, Convert{Conversion::to_optional, expression(type->element, depth)});
      case TypeKind::date:
      case TypeKind::time:
      case TypeKind::enumeration:
      case TypeKind::json:
        return leaf(type);
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        break;
    }
    BRAID_UNREACHABLE("no expression of this type");
  }

  ExpressionRef decimal_expression(const Type& type, int depth) {
    switch (below(8)) {
      case 0:
        return node(type, Convert{Conversion::integer_to_decimal, expression(int_type(), depth)});
      case 1:
        return node(type, Convert{Conversion::widen_decimal, expression(decimal(), depth)});
      case 2:
        return node(type, Convert{Conversion::narrow_decimal, expression(decimal(), depth)});
      case 3:
        return node(type, Operation{Operator::negate, {expression(type, depth)}});
      case 4: {  // operands whose digits certainly suffice
        if (type->precision - type->scale < 2) break;
        Type part = decimal_type(type->precision - 1, type->scale);
        return binary(chance(50) ? Operator::add : Operator::subtract, type, expression(part, depth),
                      expression(part, depth));
      }
      default:
        break;
    }
    static const Operator kOperators[] = {Operator::add, Operator::subtract, Operator::multiply, Operator::divide,
                                          Operator::remainder};
    Type other = decimal();
    if (chance(30))
      other = decimal_type(std::min(9, type->precision), std::min(type->scale, std::min(9, type->precision)));
    return binary(kOperators[below(5)], type, expression(decimal(), depth), expression(other, depth));
  }

  ExpressionRef boolean(int depth) {
    switch (below(6)) {
      case 0:
        return node(bool_type(), Both{expression(bool_type(), depth), expression(bool_type(), depth)});
      case 1:
        return node(bool_type(), Either{expression(bool_type(), depth), expression(bool_type(), depth)});
      case 2:
        return node(bool_type(), Not{expression(bool_type(), depth)});
      case 3:
        return node(bool_type(), IsNull{expression(optional_type(type(1)), depth)});
      case 4: {
        Type compared = type(2);
        return binary(chance(50) ? Operator::equal : Operator::not_equal, bool_type(), expression(compared, depth),
                      expression(compared, depth));
      }
      default: {
        static const Operator kOperators[] = {Operator::less, Operator::less_equal, Operator::greater,
                                              Operator::greater_equal, Operator::equal};
        Type left = scalar_type();
        Type right = is(left, TypeKind::decimal) ? decimal() : left;
        return binary(kOperators[below(5)], bool_type(), expression(left, depth), expression(right, depth));
      }
    }
  }

  std::mt19937_64 random_;
  std::map<std::string, std::vector<Instance>> by_result_;
  std::vector<Field> row_;
  std::vector<std::pair<int, Type>> locals_;
  int next_slot_ = 0;
  size_t plain_ = 0, cached_ = 0;
};

}  // namespace braid::codegen
