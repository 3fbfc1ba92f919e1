// Every function and overload, by its signature: random and extreme arguments, interpreted and native. Both give the
// same value or fail alike, a value is one of the declared type, and what is declared not to fail does not. BRAID_SEED
// repeats a run, BRAID_ROUNDS makes it longer, BRAID_FUNCTION chooses one function by its name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <span>

#include "compiler/codegen/load/load.h"
#include "compiler/interpret/interpret.h"
#include "stdlib/registry.h"
#include "stdlib/sample_calls_test.h"

namespace braid {
namespace {

using samples::Random;

constexpr uint32_t kRows = 24;
constexpr int kShapes = 4;      ///< types and constants of each overload in a round
constexpr size_t kBatch = 200;  ///< calls in one compilation, which has a limit

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// One overload with its types and constants settled; the other arguments are the fields of its rows.
struct Fuzzed {
  const FunctionDeclaration* function;
  samples::Near near;
  Type result;
  plan::RowProgram program;
};

Fuzzed fuzzed(const FunctionDeclaration& function, const CallShape& shape, const samples::Near& near, size_t number) {
  Fuzzed made{&function, near, function.result(shape), {}};
  made.program.name = fmt::format("fuzzed_{}", number);
  std::vector<typed::ExpressionRef> arguments;
  for (size_t i = 0; i < shape.arguments.size(); ++i) {
    const Type& type = shape.arguments[i];
    if (function.parameters[i].constant) {
      arguments.push_back(typed::make(type, {}, typed::Constant{shape.constants[i]}));
      continue;
    }
    arguments.push_back(typed::make(type, {}, typed::ColumnRead{static_cast<int>(made.program.input.size())}));
    made.program.input.push_back({fmt::format("a{}", i), type});
  }
  if (made.program.input.empty()) made.program.input.push_back({"nothing", int_type()});
  const typed::ExpressionRef call = typed::make(made.result, {}, typed::FunctionCall{&function, std::move(arguments)});
  made.program.steps = {
      {.kind = plan::RowStep::Kind::project, .condition = nullptr, .columns = {call}, .row = {{"value", made.result}}}};
  made.program.output = {{"value", made.result}};
  made.program.passthrough = std::vector<int>(leaf_count(made.result), -1);
  return made;
}

/// Rows of arguments, and what a kernel makes of each.
class Rows {
 public:
  Rows(Random& random, const Fuzzed& call) : call_(call) {
    block_ = allocate_block(flatten(call.program.input), kRows, arena_);
    for (uint32_t row = 0; row < kRows; ++row) {
      size_t leaf = 0;
      std::string shown;
      for (const Field& field : call.program.input) {
        const Value value = samples::value(random, field.type, call.near);
        shown += " " + to_literal(field.type, value).substr(0, 120);
        std::vector<Slot> slots(leaf_count(field.type), slot_i128(0));
        to_slots(field.type, value, slots.data(), arena_);
        for (const Slot& slot : slots) write_slot(block_.columns[leaf++], row, slot);
      }
      shown_.push_back(shown);
      block_.time[row] = row;
      block_.record[row] = 0;
    }
  }

  /// "value …" or "fails …", by row.
  std::vector<std::string> run(const Kernel& kernel, std::vector<void*>& caches) {
    Block made = allocate_block(flatten(call_.program.output), kRows, arena_);
    std::vector<const void*> in;
    std::vector<void*> out;
    for (const Column& column : block_.columns) in.push_back(column.data);
    for (const Column& column : made.columns) out.push_back(column.data);
    uint32_t kept[kRows];
    Drop drops[kRows];
    const Record record{};
    CallContext context;
    context.arena = &arena_;
    context.caches = caches.data();
    KernelFrame frame{in.data(), out.data(), kRows,    0,           kept,          drops,
                      0,         0,          &context, block_.time, block_.record, &record};
    kernel.run(frame);
    EXPECT_EQ(frame.kept_count + frame.drop_count, kRows);
    std::vector<std::string> outcomes(kRows, "lost");
    for (uint32_t i = 0; i < frame.kept_count; ++i) {
      std::vector<Slot> slots;
      for (const Column& column : made.columns) slots.push_back(read_slot(column, i));
      const Value value = from_slots(call_.result, slots.data());
      outcomes[kept[i]] = "value " + to_literal(call_.result, value);
      if (const std::string fault = samples::fault(call_.result, value); !fault.empty())
        ADD_FAILURE() << call_.function->symbol << shown_[kept[i]] << ": the result " << fault;
    }
    for (uint32_t i = 0; i < frame.drop_count; ++i) {
      outcomes[drops[i].row] = fmt::format("fails {} {}", drops[i].code, drops[i].detail.view());
      EXPECT_TRUE(call_.function->fails) << call_.function->symbol << shown_[drops[i].row] << " "
                                         << outcomes[drops[i].row];
    }
    return outcomes;
  }

  const std::string& shown(size_t row) const { return shown_[row]; }

 private:
  const Fuzzed& call_;
  Arena arena_;
  Block block_;
  std::vector<std::string> shown_;
};

struct Counts {
  uint64_t values = 0, failures = 0;
  std::map<std::string_view, uint64_t> values_of;
};

/// The calls in one compilation, each with rows of its own.
void run(std::span<const Fuzzed> calls, int optimisation, Random& random, Counts& counts) {
  std::vector<plan::RowProgram> programs;
  for (const Fuzzed& call : calls) programs.push_back(call.program);
  typed::CallSites sites;
  std::vector<std::shared_ptr<const Kernel>> interpreted;
  for (const plan::RowProgram& program : programs) interpreted.push_back(interpret::interpret(program, sites));
  const auto compile = codegen::load_compiler();
  ASSERT_TRUE(compile.ok()) << compile.error().message;
  codegen::CodegenOptions options{.optimisation = optimisation};
  options.symbols = native_symbols();
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  options.instrument_asan = true;
#endif
#endif
  const auto code = (*compile)(programs, {}, sites, options);
  ASSERT_TRUE(code.ok()) << code.error().message;
  std::vector<void*> caches(sites.count() + 1, nullptr);
  for (size_t i = 0; i < calls.size(); ++i) {
    Rows rows(random, calls[i]);
    const std::vector<std::string> plain = rows.run(*interpreted[i], caches);
    const std::vector<std::string> native = rows.run(*code->kernels[i], caches);
    for (size_t row = 0; row < kRows; ++row) {
      EXPECT_EQ(plain[row], native[row]) << calls[i].function->symbol << rows.shown(row);
      (plain[row].starts_with("value") ? counts.values : counts.failures) += 1;
      counts.values_of[calls[i].function->symbol] += plain[row].starts_with("value");
    }
  }
  for (size_t i = 0; i < sites.count(); ++i)
    if (caches[i] != nullptr) sites.free_functions()[i](caches[i]);
}

TEST(FunctionFuzz, NativeCodeEqualsTheInterpreter) {
  const uint64_t seed = from_environment("BRAID_SEED", 20'260'301), rounds = from_environment("BRAID_ROUNDS", 1);
  const char* const only = std::getenv("BRAID_FUNCTION");
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  Counts counts;
  for (uint64_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(fmt::format("seed {}", seed + round));
    Random random(seed + round);
    std::vector<Fuzzed> calls;
    for (const FunctionDeclaration& function : standard_library().all()) {
      if (only != nullptr && function.name != only) continue;
      for (int i = 0; i < kShapes; ++i) {
        const samples::Near near(random, function);
        const std::optional<CallShape> shape = samples::shape(random, function, near);
        if (!shape) {
          ADD_FAILURE() << function.symbol << " accepts none of the constants and types that are tried";
          break;
        }
        calls.push_back(fuzzed(function, *shape, near, calls.size()));
      }
    }
    for (size_t from = 0; from < calls.size() && !testing::Test::HasFailure(); from += kBatch) {
      const std::span<const Fuzzed> batch = std::span(calls).subspan(from, std::min(kBatch, calls.size() - from));
      run(batch, static_cast<int>(1 + round % 2), random, counts);
    }
    if (testing::Test::HasFailure()) break;
  }
  std::printf("%llu calls: %llu values, %llu failures\n",
              static_cast<unsigned long long>(counts.values + counts.failures),
              static_cast<unsigned long long>(counts.values), static_cast<unsigned long long>(counts.failures));
  // Some read only texts that are hard to hit; the others must get through.
  std::string without;
  size_t missing = 0;
  for (const auto& [symbol, count] : counts.values_of) {
    if (count > 0) continue;
    without += fmt::format(" {}", symbol);
    ++missing;
  }
  EXPECT_LE(missing * 100, counts.values_of.size()) << "never give a value:" << without;
}

}  // namespace
}  // namespace braid
