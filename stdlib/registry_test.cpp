// What holds for every function, whatever it does.
#include "stdlib/registry.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "runtime/data/decimal.h"
#include "runtime/declare/layout.h"

namespace braid {
namespace {

TEST(ForeignFunctions, AreNotThoseOfBraidAndLeadToThem) {
  const FunctionRegistry& library = standard_library();
  std::set<std::string> lines;
  for (const ForeignFunction& known : library.foreign()) {
    SCOPED_TRACE(known.name);
    EXPECT_TRUE(library.overloads(known.name).empty());
    EXPECT_EQ(library.aggregate(known.name), nullptr);
    EXPECT_FALSE(known.languages.empty());
    EXPECT_FALSE(known.form.empty() && known.note.empty()) << "says nothing";
    EXPECT_TRUE(lines.insert(fmt::format("{}({}) {}", known.name, known.arguments, known.form)).second)
        << "stands twice";
    // Each name before a parenthesis is a function.
    for (size_t i = 0; i < known.form.size(); ++i) {
      if (known.form[i] != '(') continue;
      size_t begin = i;
      while (begin > 0 &&
             (std::isalnum(static_cast<unsigned char>(known.form[begin - 1])) || known.form[begin - 1] == '_'))
        --begin;
      const std::string_view called = known.form.substr(begin, i - begin);
      const bool word = called == "now" || called == "uuid" || called == "random" || called == "event_time";
      EXPECT_TRUE(called.empty() || word || !library.overloads(called).empty() || library.aggregate(called) != nullptr)
          << called;
    }
  }
}

TEST(StandardLibrary, DocumentsEveryFunction) {
  for (const FunctionDeclaration& function : standard_library().all()) {
    SCOPED_TRACE(fmt::format("{} ({})", function.name, function.symbol));
    EXPECT_TRUE(function.summary.ends_with('.')) << function.summary;
    EXPECT_GE(function.examples.size(), 2u);
    bool optional_seen = false, failing_example = false;
    for (const ParameterDeclaration& parameter : function.parameters) {
      EXPECT_TRUE(parameter.documentation.ends_with('.')) << parameter.name << ": " << parameter.documentation;
      EXPECT_TRUE(!optional_seen || parameter.fallback) << parameter.name << " is required behind an optional one";
      optional_seen = optional_seen || parameter.fallback.has_value();
      EXPECT_EQ(parameter.kind == ParameterKind::exact, parameter.type != nullptr) << parameter.name;
    }
    for (const FunctionExample& example : function.examples) {
      EXPECT_NE(example.call.find(function.name), std::string_view::npos) << example.call;
      failing_example = failing_example || example.result == "fails";
    }
    const bool says_so = function.summary.find("Fails ") != std::string_view::npos;
    EXPECT_EQ(function.fails, says_so) << function.summary;
    // What no short example shows: results of 16 MiB, instants beyond 64 bits.
    const bool too_far = function.summary.find("16 MiB") != std::string_view::npos ||
                         function.summary.find("so far away") != std::string_view::npos;
    EXPECT_TRUE(!function.fails || too_far || failing_example);
  }
}

TEST(StandardLibrary, TellsOverloadsApart) {
  std::set<std::string> seen;
  std::set<std::string_view> symbols;
  for (const FunctionDeclaration& function : standard_library().all()) {
    EXPECT_TRUE(symbols.insert(function.symbol).second) << function.symbol;
    EXPECT_TRUE(function.symbol.starts_with(fmt::format("braid_{}_", function.group))) << function.symbol;
    // With trailing parameters left out a call must still mean one function.
    std::string signature(function.name);
    for (const ParameterDeclaration& parameter : function.parameters) {
      if (parameter.fallback) EXPECT_TRUE(seen.insert(signature).second) << signature;
      signature += fmt::format(" {}", parameter.type ? to_string(parameter.type) : std::to_string(int(parameter.kind)));
    }
    EXPECT_TRUE(seen.insert(signature).second) << signature;
  }
}

TEST(StandardLibrary, HasWhatTheExamplesCall) {
  for (const auto name : {"format", "hour",  "split",   "length", "lower",       "upper",        "trim", "extract",
                          "get",    "round", "right",   "after",  "host",        "hours",        "date", "string",
                          "int",    "skip",  "decimal", "join",   "distance_km", "years_between"})
    EXPECT_FALSE(standard_library().overloads(name).empty()) << name;
}

// ---- every function on extreme values ------------------------------------------------------------------------------

using Generator = std::mt19937_64;

template <class T>
T any_of(Generator& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

Value sample(Generator& random, const Type& type);

Value sample_decimal(Generator& random, const Type& type) {
  const int128 most = power_of_ten(type->precision) - 1, half = power_of_ten(type->precision - 1) * 5;
  return {any_of<int128>(
      random, {0, 1, -1, most, -most, half % (most + 1), int128{static_cast<int64_t>(random() % 1000)} % (most + 1)})};
}

Value sample(Generator& random, const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {random() % 2 == 0};
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return {any_of<int64_t>(random, {0, 1, -1, 2, 7, 1000, 86'400'000'000, -86'400'000'001, 1'767'225'600'000'000,
                                       INT64_MAX, INT64_MIN, INT64_MAX - 1, static_cast<int64_t>(random())})};
    case TypeKind::time:
      return {any_of<int64_t>(random, {0, 1, 86'399'999'999, 43'200'000'000})};
    case TypeKind::date:
      return {any_of<int64_t>(random, {0, -1, 20'454, 59, 789, INT32_MAX, INT32_MIN, -719'528, 2'932'896})};
    case TypeKind::enumeration:
      return {static_cast<int64_t>(random() % type->symbols.size())};
    case TypeKind::floating:
      return {any_of<double>(random, {0.0, -0.0, 1.5, -2.5, 1e300, -1e300, 5e-324, 9.3e18, __builtin_nan(""),
                                      __builtin_inf(), -__builtin_inf(), 45.5, 2.675})};
    case TypeKind::decimal:
      return sample_decimal(random, type);
    case TypeKind::uuid:
      return {static_cast<int128>(random()) << 64 | static_cast<int128>(random())};
    case TypeKind::string:
    case TypeKind::bytes:
      return {any_of<std::string>(random, {"",
                                           " ",
                                           "a",
                                           "Zoë é😀",
                                           "a,b,,c",
                                           "12",
                                           "-7.50",
                                           "1e999",
                                           "NaN",
                                           "2026-01-01",
                                           "2026-01-01T00:00:00Z",
                                           "PT1H",
                                           "https://u@H.example:80/p?q=1%41&r#f",
                                           "%zz%",
                                           "\xC3",
                                           "\x80\x80\x80\x80\x80",
                                           "\xF0\x9F\x98",
                                           "ab\xE2\x80",
                                           "c3a9",
                                           "T2shPw==",
                                           "123e4567-e89b-12d3-a456-426614174000",
                                           std::string(3, '\0'),
                                           "'",
                                           "\xFF\xFE",
                                           std::string(70'000, 'x')})};
    case TypeKind::json:
      return {any_of<std::string>(
          random, {"null", "true", "0", "-1.5e+50", "12.25", "\"\"", "\"12\"", "\"a\\\"\\u0001\"", "[]", "[[1],{}]",
                   "{\"\":1,\"a\":{\"b\":null}}", "\"" + std::string(70'000, 'x') + "\""})};
    case TypeKind::list: {
      std::vector<Value> items;
      for (uint64_t i = random() % 6; i > 0; --i) items.push_back(sample(random, type->element));
      return {items};
    }
    case TypeKind::structure: {
      std::vector<Value> fields;
      for (const Field& field : type->fields) fields.push_back(sample(random, field.type));
      return {fields};
    }
    case TypeKind::optional:
      return random() % 3 == 0 ? Value{Null()} : sample(random, type->element);
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  ADD_FAILURE() << "no values of " << to_string(type);
  return {Null()};
}

/// A constant that could stand in a script; `problem` sorts out what does not fit.
Value sample_constant(Generator& random, const FunctionDeclaration& function, const ParameterDeclaration& parameter) {
  if (parameter.name == "zone")
    return {any_of<std::string>(random, {"UTC", "America/New_York", "Europe/Paris", "Asia/Kolkata", "No/Where"})};
  if (parameter.name == "unit")
    return {
        any_of<std::string>(random, {"s", "ms", "us", "ns", "day", "hour", "week", "year", "quarter", "fortnight"})};
  if (parameter.name == "mode") return {any_of<std::string>(random, {"half_even", "half_up", "down", "up", "odd"})};
  if (parameter.name == "pattern" && function.group == "calendar")
    return {any_of<std::string>(
        random, {"yyyy-MM-dd", "dd MMM yy", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy DDD EEEE h a", "Q", "'x"})};
  if (parameter.name == "pattern")
    return {any_of<std::string>(random, {"(a)|(é)?", "x*", ".", "(", "^$", R"((\pL+).?)"})};
  if (parameter.name == "with") return {any_of<std::string>(random, {"", "-", "\\1", "\\9", "\\0\\0"})};
  return {any_of<int64_t>(random, {0, 1, 2, 9, 15, 37, 38, 39, -1})};
}

Type sample_variable(Generator& random) {
  const Type decimal = decimal_type(38, 2);
  return any_of<Type>(random, {int_type(), string_type(), float_type(), bool_type(), date_type(), uuid_type(), decimal,
                               decimal_type(12, 2), optional_type(int_type()), optional_type(string_type()),
                               list_type(int_type()), list_type(optional_type(string_type())), enum_type({"a", "bee"}),
                               struct_type({{"a", optional_type(int_type())}, {"b", list_type(string_type())}}),
                               optional_type(struct_type({{"a", decimal}, {"b", optional_type(decimal)}}))});
}

void check_value(const FunctionDeclaration& function, const Type& type, const Slot* slots, const std::string& call) {
  const Slot* const first = slots;
  if (is(without_optional(type), TypeKind::decimal) && (!is_optional(type) || (slots++)->u8 != 0)) {
    const Type& decimal = without_optional(type);
    const int128 value = leaf_kind(decimal) == LeafKind::i64 ? slots->i64 : slots->i128;
    if (function.takes_scales) EXPECT_TRUE(value == slots->i128) << call;
    EXPECT_TRUE(decimal_fits(value, decimal->precision)) << call << " does not fit " << to_string(type);
  }
  if (is_optional(type)) EXPECT_LE(first->u8, 1) << call;
  // Reading it all shows broken views to the sanitizers.
  EXPECT_FALSE(to_literal(type, from_slots(type, first)).empty()) << call;
}

void call_once(const FunctionDeclaration& function, Generator& random, Arena& arena) {
  CallShape shape;
  const Type variable = sample_variable(random);
  std::vector<Slot> slots, scales;
  std::string layout, call(function.symbol);
  std::vector<Value> values;
  for (const ParameterDeclaration& parameter : function.parameters) {
    Type type = parameter.type;
    switch (parameter.kind) {
      case ParameterKind::exact:
        break;
      case ParameterKind::any_decimal:
        type = any_of<Type>(random, {decimal_type(38, 0), decimal_type(38, 38), decimal_type(12, 2), decimal_type(1, 1),
                                     decimal_type(38, 6), decimal_type(18, 18), decimal_type(19, 0)});
        scales.push_back(slot_i64(type->scale));
        break;
      case ParameterKind::any_enum:
        type = enum_type({"open", "shut"});
        layout = layout_of(type);
        break;
      case ParameterKind::any:
        type = variable;
        layout = layout_of(variable);
        break;
      case ParameterKind::list_of_any:
        type = list_type(variable);
        layout = layout_of(variable);
        if (is(variable, TypeKind::decimal)) scales.push_back(slot_i64(variable->scale));
        break;
    }
    Value value = parameter.constant ? sample_constant(random, function, parameter) : sample(random, type);
    shape.arguments.push_back(type);
    shape.constants.push_back(parameter.constant ? value : Value{Null()});
    call += " " + to_literal(type, value).substr(0, 100);
    values.push_back(std::move(value));
  }
  if (function.problem && !function.problem(shape).empty()) return;
  const Type result_type = function.result(shape);
  call += " -> " + to_string(result_type);
  SCOPED_TRACE(call);
  if (function.takes_layout) slots.push_back(slot_bytes(layout));
  for (size_t i = 0; i < values.size(); ++i) {
    std::vector<Slot> leaves(leaf_count(shape.arguments[i]));
    to_slots(shape.arguments[i], values[i], leaves.data(), arena);
    slots.insert(slots.end(), leaves.begin(), leaves.end());
  }
  // `any_decimal` arguments are one wide slot each, whatever their precision.
  if (function.takes_scales) {
    size_t slot = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (function.parameters[i].kind == ParameterKind::any_decimal) slots[slot] = slot_i128(values[i].wide());
      slot += leaf_count(shape.arguments[i]);
    }
    slots.insert(slots.end(), scales.begin(), scales.end());
    if (const Type plain = without_optional(result_type); is(plain, TypeKind::decimal))
      slots.push_back(slot_i64(plain->scale));
  }
  if (function.takes_cache) slots.push_back(slot_i64(0));

  void* cache = nullptr;
  CallContext context;
  context.arena = &arena;
  context.caches = &cache;
  const size_t leaves = leaf_count(result_type);
  constexpr int kSentinel = 0x5A;
  std::vector<Slot> result(leaves + 1);
  std::memset(result.data(), kSentinel, result.size() * sizeof(Slot));
  for (int round = 0; round < 2; ++round) {  // the second finds its cache
    const uint32_t code = function.native(&context, slots.data(), result.data());
    if (code == 0) {
      check_value(function, result_type, result.data(), call);
    } else {
      EXPECT_TRUE(function.fails) << "says that it cannot fail, and gave " << code;
      EXPECT_TRUE(code == 6101 || code == 6102 || code == 6104 || code == 6106 || code == 6107) << code;
      if (code == 6106) EXPECT_NE(context.failure.size, 0u);
    }
  }
  EXPECT_EQ(*reinterpret_cast<const uint8_t*>(&result[leaves]), kSentinel) << "wrote behind its result";
  if (cache != nullptr) function.free_cache(cache);
}

TEST(StandardLibrary, KeepsItsWordOnExtremeValues) {
  const uint64_t seed = 20'260'101;
  for (const FunctionDeclaration& function : standard_library().all()) {
    Generator random(seed);
    for (int i = 0; i < 300 && !testing::Test::HasFailure(); ++i) {
      Arena arena;
      call_once(function, random, arena);
    }
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

// ---- bitcode -------------------------------------------------------------------------------------------------------

TEST(StandardLibrary, OffersWhatItsBitcodeLeavesOpen) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  std::ifstream open(program.parent_path().parent_path() / "lib" / "braid_stdlib.bc.open");
  if (!open) GTEST_SKIP() << "built without the bitcode target";
  std::set<std::string_view> offered;
  for (const auto& [name, address] : native_symbols()) {
    EXPECT_NE(address, nullptr) << name;
    EXPECT_TRUE(offered.insert(name).second) << name;
  }
  for (std::string name; std::getline(open, name);) {
    if (name.starts_with("braid_decimal_")) continue;  // of runtime/data; who runs the code binds them
    EXPECT_TRUE(offered.contains(name) || dlsym(RTLD_DEFAULT, name.c_str()) != nullptr) << name;
  }
}

// ---- aggregates ----------------------------------------------------------------------------------------------------

std::string result_of(std::string_view name, std::vector<Type> arguments, bool has_where = false) {
  const Type type = aggregate_result(*standard_library().aggregate(name), arguments, has_where);
  return type ? to_string(type) : "none";
}

TEST(Aggregates, GiveTheirResultTypes) {
  EXPECT_EQ(result_of("count", {}), "int");
  EXPECT_EQ(result_of("count", {}, true), "int");
  EXPECT_EQ(result_of("sum", {int_type()}), "int");
  EXPECT_EQ(result_of("sum", {decimal_type(12, 2)}, true), "decimal(38,2)");
  EXPECT_EQ(result_of("sum", {float_type()}), "float");
  EXPECT_EQ(result_of("sum", {string_type()}), "none");
  EXPECT_EQ(result_of("sum", {optional_type(int_type())}), "none");
  EXPECT_EQ(result_of("avg", {int_type()}), "decimal(38,6)");
  EXPECT_EQ(result_of("avg", {decimal_type(12, 2)}), "decimal(38,8)");
  EXPECT_EQ(result_of("avg", {decimal_type(38, 36)}, true), "decimal(38,36)?");
  EXPECT_EQ(result_of("avg", {decimal_type(36, 36)}), "decimal(38,38)");
  EXPECT_EQ(result_of("avg", {decimal_type(38, 7)}), "decimal(38,7)");
  EXPECT_EQ(result_of("avg", {decimal_type(30, 2)}), "decimal(38,8)");
  EXPECT_EQ(result_of("avg", {decimal_type(34, 2)}), "decimal(38,6)");
  EXPECT_EQ(result_of("avg", {decimal_type(38, 0)}), "decimal(38,0)");
  EXPECT_EQ(result_of("min", {timestamp_type()}), "timestamp");
  EXPECT_EQ(result_of("max", {timestamp_type()}, true), "timestamp?");
  EXPECT_EQ(result_of("max", {list_type(int_type())}), "none");
  EXPECT_EQ(result_of("last", {optional_type(string_type())}, true), "string?");
  EXPECT_EQ(result_of("arg_max", {string_type(), float_type()}), "string");
  EXPECT_EQ(result_of("arg_max", {string_type()}), "none");
  EXPECT_EQ(result_of("arg_max", {string_type(), bool_type()}), "none");
  EXPECT_EQ(result_of("count_distinct", {optional_type(uuid_type())}, true), "int");
}

TEST(Aggregates, AreDocumented) {
  for (const AggregateDeclaration& declared : standard_library().aggregates()) {
    EXPECT_TRUE(declared.summary.ends_with('.')) << declared.name;
    EXPECT_GE(declared.examples.size(), 2u) << declared.name;
    EXPECT_FALSE(declared.expects.empty()) << declared.name;
    for (const AggregateExample& example : declared.examples)
      EXPECT_TRUE(example.call.starts_with(declared.name)) << example.call;
  }
}

}  // namespace
}  // namespace braid
