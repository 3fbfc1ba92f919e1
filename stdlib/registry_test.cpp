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
#include "stdlib/sample_calls_test.h"

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

using Generator = samples::Random;

/// Text that is no UTF-8 in the place of a text, now and then: no row has it, and no function may read past it.
Value sample(Generator& random, const Type& type, const samples::Near& near) {
  if (is(type, TypeKind::string) && random() % 4 == 0) return {samples::broken_text(random)};
  return samples::value(random, type, near);
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
  const samples::Near near(random, function);
  const std::optional<CallShape> accepted = samples::shape(random, function, near);
  ASSERT_TRUE(accepted) << function.symbol << " accepts none of the constants and types that are tried";
  const CallShape& shape = *accepted;
  std::vector<Slot> slots, scales;
  std::string layout, call(function.symbol);
  std::vector<Value> values;
  for (size_t i = 0; i < function.parameters.size(); ++i) {
    const ParameterDeclaration& parameter = function.parameters[i];
    const Type& type = shape.arguments[i];
    if (parameter.kind == ParameterKind::any_decimal) scales.push_back(slot_i64(type->scale));
    if (parameter.kind == ParameterKind::any || parameter.kind == ParameterKind::any_enum) layout = layout_of(type);
    if (parameter.kind == ParameterKind::list_of_any) {
      layout = layout_of(type->element);
      if (is(type->element, TypeKind::decimal)) scales.push_back(slot_i64(type->element->scale));
    }
    Value value = parameter.constant ? shape.constants[i] : sample(random, type, near);
    call += " " + to_literal(type, value).substr(0, 100);
    values.push_back(std::move(value));
  }
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
