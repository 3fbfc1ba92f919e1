// Every example of every aggregate, through the real compiler and the engine: its rows are given to a stream, its call
// stands in a windowed group, and what comes out must be the result; "fails" must go to `rejected`. Interpreted and
// native.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/session/native.h"
#include "cli/session/test_play.h"
#include "compiler/interpret/interpret.h"
#include "stdlib/registry.h"
#include "tests/functions/examples.h"

namespace braid {
namespace {

/// The value of a constant expression, with its type.
std::pair<Type, Value> constant_of(std::string_view text) {
  const CheckedScript script = check_text(fmt::format(R"(domain shop
stream tick
  time at within 1s
  key n
  from file "tick.ndjson" format json
{{ n: int, at: timestamp }}
product sample version 1 {{
  from tick
  select {{ n, value: {} }}
}}
)",
                                                      text));
  EXPECT_EQ(script.errors, "") << text;
  if (!script.errors.empty()) return {};
  const typed::Relation& sample = relation_of(script.project, "sample");
  const auto value =
      interpret::evaluate_constant(*std::get<typed::ProjectStep>(sample.steps.back().content).columns[1]);
  EXPECT_TRUE(value) << text << " is no constant";
  if (!value) return {};
  return {sample.row[1].type, *value};
}

/// A stream of the example's rows, one a second in their order, and a product that aggregates them all.
std::string script_of(const AggregateExample& example) {
  const auto [type, rows] = constant_of(example.rows);
  if (type == nullptr) return "";
  const bool plain = !is(type->element, TypeKind::structure);
  const std::vector<Field> fields = plain ? std::vector<Field>{{"x", type->element}} : type->element->fields;
  std::string declared, given;
  // Rows of tests have no bytes: they come as base64.
  std::string lets;
  for (const Field& field : fields) {
    const bool bytes = is(field.type, TypeKind::bytes);
    declared += fmt::format(", {}: {}", field.name, bytes ? "string" : to_string(field.type));
    if (bytes) lets += fmt::format("  let {0} = from_base64({0})\n", field.name);
  }
  for (size_t i = 0; i < rows.items().size(); ++i) {
    given += fmt::format("    {{ n: 1, at: @2026-01-01T00:00:{:02}Z", i);
    for (size_t f = 0; f < fields.size(); ++f) {
      const std::string value = to_literal(fields[f].type, plain ? rows.items()[i] : rows.items()[i].items()[f]);
      given += fmt::format(", {}: {}", fields[f].name, value);
    }
    given += " },\n";
  }
  const std::string expected =
      example.result == "fails"
          ? "  expect sample []\n  expect sample.rejected [{ code: \"E6101\", .. }]\n"
          : fmt::format("  expect sample [{{ value: {}, .. }}]\n  expect sample.rejected []\n", example.result);
  return fmt::format(R"(domain shop
stream tick
  time at within 1s
  key n
  from file "tick.ndjson" format json
{{ n: int, at: timestamp{} }}
product sample version 1 {{
  from tick
{}  window tumbling 1h
  group n {{ value: {} }}
}}
test "it gives what it says" {{
  given tick [
{}  ]
{}}}
)",
                     declared, lets, example.call, given, expected);
}

TEST(AggregateExamples, GiveWhatTheySay) {
  for (const AggregateDeclaration& aggregate : standard_library().aggregates()) {
    for (const AggregateExample& example : aggregate.examples) {
      SCOPED_TRACE(fmt::format("{} over {} = {}", example.call, example.rows, example.result));
      const std::string text = script_of(example);
      const CheckedScript script = check_text(text);
      ASSERT_EQ(script.errors, "") << text;
      driver::Compiled compiled =
          driver::compile(script.project, driver::products_of(script.project, {}), {}, system_clock());
      for (SourceSpec& source : compiled.program().sources) source.binding = {.kind = "inline", .format = "json"};
      for (const char* how : {"interpreted", "native"}) {
        if (how == std::string_view("native")) ASSERT_TRUE(cli::use_native_code(compiled, {.optimisation = 1}).ok());
        const auto played = cli::play(script.project.tests.front(), compiled.program(), {script.project, ""}, {});
        ASSERT_TRUE(played.ok()) << how << ": " << played.error().message;
        if (*played) ADD_FAILURE() << how << "\n" << (*played)->difference;
      }
    }
  }
}

}  // namespace
}  // namespace braid
