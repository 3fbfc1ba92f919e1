// Every example of every declared function, through the real compiler: checked as part of a script, then evaluated by
// the interpreter and by native code. "fails" must fail, and only where the declaration says so.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compiler/codegen/load/load.h"
#include "compiler/interpret/interpret.h"
#include "stdlib/registry.h"
#include "tests/functions/examples.h"

namespace braid {
namespace {

/// An example that the compiler accepts.
struct Example {
  std::string text;  ///< "left("abc", 2)"
  Type type;
  std::optional<Value> expected;  ///< nullopt: it fails
  plan::RowProgram program;       ///< whose output is its value
};

std::string script_of(const FunctionExample& example) {
  const bool fails = example.result == "fails";
  return fmt::format(R"(domain shop

stream tick
  time at within 1s
  key n
  from file "tick.ndjson" format json
{{ n: int, state: enum {{ open, shut }}, at: timestamp }}

product sample version 1 {{
  from tick
  select {{ n, value: {} }}
}}
)",
                     example.call) +
         (fails ? std::string()
                : fmt::format("\ntest \"it gives what it says\" {{\n  expect sample [{{ value: {}, .. }}]\n}}\n",
                              example.result));
}

bool calls(const typed::Expression& expression, const FunctionDeclaration& function) {
  const auto* call = std::get_if<typed::FunctionCall>(&expression.node);
  if (call != nullptr && call->function == &function) return true;
  for (const typed::ExpressionRef& part : typed::parts(expression))
    if (calls(*part, function)) return true;
  return false;
}

bool takes_enum(const FunctionDeclaration& function) {
  return std::any_of(function.parameters.begin(), function.parameters.end(),
                     [](const ParameterDeclaration& each) { return each.kind == ParameterKind::any_enum; });
}

/// The declaration's, and one that reads an enum where it takes one: no literal has an enum's type.
std::vector<FunctionExample> examples_of(const FunctionDeclaration& function) {
  std::vector<FunctionExample> examples = function.examples;
  if (takes_enum(function)) examples.push_back({"string(state)", R"("open")"});
  return examples;
}

/// Reports the examples that the compiler refuses.
std::vector<Example> checked_examples() {
  std::vector<Example> made;
  for (const FunctionDeclaration& function : standard_library().all()) {
    for (const FunctionExample& example : examples_of(function)) {
      const std::string name = fmt::format("{} = {}", example.call, example.result);
      const CheckedScript script = check_text(script_of(example));
      if (!script.errors.empty()) {
        ADD_FAILURE() << name << "\n" << script.errors;
        continue;
      }
      const typed::Relation& sample = relation_of(script.project, "sample");
      const auto& select = std::get<typed::ProjectStep>(sample.steps.back().content);
      const bool calls_other = takes_enum(function) && example.call != "string(state)";
      EXPECT_NE(calls(*select.columns[1], function), calls_other) << name << " does not call " << function.symbol;
      Example one{.text = name, .type = sample.row[1].type};
      if (example.result != "fails") one.expected = expected_row(script.project).fields.front().second;
      one.program = {.name = fmt::format("example_{}", made.size()),
                     .input = relation_of(script.project, "tick").row,
                     .steps = {{.kind = plan::RowStep::Kind::project,
                                .condition = nullptr,
                                .columns = {select.columns[1]},
                                .row = {sample.row[1]}}},
                     .output = {sample.row[1]},
                     .passthrough = std::vector<int>(leaf_count(sample.row[1].type), -1)};
      made.push_back(std::move(one));
    }
  }
  return made;
}

/// What a kernel makes of one row: a value, or the code of a failure.
struct Outcome {
  std::optional<Value> value;
  uint32_t code = 0;
  std::string detail;
};

Outcome run(const Kernel& kernel, const Example& example, std::vector<void*>& caches) {
  Arena arena;
  Block in = allocate_block(flatten(example.program.input), 1, arena);
  Block out = allocate_block(flatten(example.program.output), 1, arena);
  const Record record{};
  for (Column& column : in.columns) write_slot(column, 0, slot_i64(0));
  in.time[0] = 0;
  in.record[0] = 0;
  std::vector<const void*> read;
  std::vector<void*> written;
  for (const Column& column : in.columns) read.push_back(column.data);
  for (const Column& column : out.columns) written.push_back(column.data);
  uint32_t kept = 0;
  Drop drop{};
  CallContext call;
  call.arena = &arena;
  call.caches = caches.data();
  KernelFrame frame{read.data(), written.data(), 1, 0, &kept, &drop, 0, 0, &call, in.time, in.record, &record};
  kernel.run(frame);
  if (frame.drop_count != 0) return {std::nullopt, drop.code, std::string(drop.detail.view())};
  std::vector<Slot> slots;
  for (const Column& column : out.columns) slots.push_back(read_slot(column, 0));
  return {from_slots(example.type, slots.data())};
}

void judge(const Example& example, const Outcome& outcome, const char* how) {
  if (!example.expected) {
    EXPECT_FALSE(outcome.value) << how << ": " << example.text << " gives " << to_literal(example.type, *outcome.value);
    EXPECT_TRUE(example.program.steps.front().columns.front()->can_fail) << example.text << " is declared not to fail";
    return;
  }
  if (!outcome.value) {
    ADD_FAILURE() << how << ": " << example.text << " fails with E" << outcome.code << " " << outcome.detail;
    return;
  }
  // Text, so that -0 and the digits of decimals count.
  EXPECT_EQ(to_literal(example.type, *outcome.value), to_literal(example.type, *example.expected))
      << how << ": " << example.text;
}

TEST(FunctionExamples, GiveWhatTheySay) {
  const std::vector<Example> examples = checked_examples();
  ASSERT_GT(examples.size(), 2 * standard_library().all().size() - 50);
  std::vector<plan::RowProgram> programs;
  for (const Example& example : examples) programs.push_back(example.program);

  typed::CallSites sites;
  std::vector<std::shared_ptr<const Kernel>> interpreted;
  for (const plan::RowProgram& program : programs) interpreted.push_back(interpret::interpret(program, sites));
  const auto compile = codegen::load_compiler();
  ASSERT_TRUE(compile.ok()) << compile.error().message;
  codegen::CodegenOptions options{.optimisation = 1};
  options.symbols = native_symbols();
  const auto code = (*compile)(programs, {}, sites, options);
  ASSERT_TRUE(code.ok()) << code.error().message;

  std::vector<void*> caches(sites.count(), nullptr);
  for (size_t i = 0; i < examples.size(); ++i) {
    const Outcome plain = run(*interpreted[i], examples[i], caches);
    const Outcome native = run(*code->kernels[i], examples[i], caches);
    judge(examples[i], plain, "interpreted");
    judge(examples[i], native, "native");
    EXPECT_EQ(plain.code, native.code) << examples[i].text;
    EXPECT_EQ(plain.detail, native.detail) << examples[i].text;
  }
  for (size_t i = 0; i < caches.size(); ++i)
    if (caches[i] != nullptr) sites.free_functions()[i](caches[i]);
}

}  // namespace
}  // namespace braid
