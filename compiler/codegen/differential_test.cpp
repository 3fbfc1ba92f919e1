// Native kernels and the interpreter must agree on every row: outputs, kept rows, drops with site, code, detail and
// explanation.
// Random row programs over random rows, all types, extremes included. BRAID_SEED repeats a run, BRAID_ROUNDS makes it
// longer: BRAID_SEED=7 BRAID_ROUNDS=200 build/release/bin/braid_codegen_test --gtest_filter='Differential.*'
#include <gtest/gtest.h>

#include <cstdlib>

#include "compiler/codegen/leaf_text_test.h"
#include "compiler/codegen/load/load.h"
#include "compiler/codegen/random_program_test.h"
#include "compiler/interpret/interpret.h"
#include "runtime/data/text_forms.h"
#include "stdlib/registry.h"

namespace braid::codegen {
namespace {

constexpr uint32_t kRows = 48;

/// Rows of one program, and what a kernel makes of them as text.
class Rows {
 public:
  Rows(Generator& generator, const std::vector<Field>& row) : leaves_(flatten(row)) {
    block_ = allocate_block(leaves_, kRows, arena_);
    for (uint32_t i = 0; i < kRows; ++i) {
      size_t leaf = 0;
      for (const Field& field : row) leaf = fill(generator, field.type, leaf, i);
      block_.time[i] = static_cast<int64_t>(generator.below(1'000'000));
      block_.record[i] = static_cast<uint32_t>(generator.below(3));
    }
    for (int64_t i = 0; i < 3; ++i) records_[i].position = 100 * i;
  }

  std::string run(const plan::RowProgram& program, const Kernel& kernel, const Explainer& explainer,
                  const CallSites& sites) {
    std::vector<Leaf> output = flatten(program.output);
    Block made = allocate_block(output, kRows, arena_);
    std::vector<const void*> in;
    std::vector<void*> out;
    for (const Column& column : block_.columns) in.push_back(column.data);
    for (size_t leaf = 0; leaf < output.size(); ++leaf)
      out.push_back(program.passthrough[leaf] < 0 ? made.columns[leaf].data : nullptr);
    uint32_t kept[kRows];
    Drop drops[kRows];
    CallContext call;
    call.arena = &arena_;
    call.now = 1'700'000'000'000'000;
    call.job_seed = 99;
    std::vector<void*> caches(sites.count() + 1);
    call.caches = caches.data();
    KernelFrame frame{in.data(), out.data(), kRows, 0, kept, drops, 0, 0, &call, block_.time, block_.record, records_};
    kernel.run(frame);
    const auto reasons = explainer.begin(frame);
    std::vector<RowReason> explained;
    for (uint32_t i = 0; i < frame.drop_count; ++i)
      explained.push_back(drops[i].code == 0 ? RowReason{} : reasons->explain(drops[i]));
    for (size_t i = 0; i < sites.count(); ++i)
      if (caches[i] != nullptr) sites.free_functions()[i](caches[i]);
    std::string text;
    for (uint32_t i = 0; i < frame.kept_count; ++i) {
      text += "row " + std::to_string(kept[i]) + ":";
      for (size_t leaf = 0; leaf < output.size(); ++leaf)
        if (program.passthrough[leaf] < 0) text += " " + leaf_text(output[leaf], read_slot(made.columns[leaf], i));
      text += "\n";
    }
    for (uint32_t i = 0; i < frame.drop_count; ++i) {
      text += "drop " + std::to_string(drops[i].row) + " at " + std::to_string(drops[i].site) + " code " +
              std::to_string(drops[i].code) + " " + std::string(drops[i].detail.view());
      for (const auto& [name, value] : explained[i].arguments) {
        text += " " + name + "=" + value;
        EXPECT_TRUE(is_utf8(value) && value.size() <= kShownValues + 3) << value;
      }
      text += "\n";
    }
    kept_ += frame.kept_count;
    failed_ += static_cast<uint32_t>(
        std::count_if(drops, drops + frame.drop_count, [](const Drop& d) { return d.code != 0; }));
    return text;
  }
  uint32_t kept() const { return kept_; }
  uint32_t failed() const { return failed_; }

 private:
  size_t fill(Generator& generator, const Type& type, size_t leaf, uint32_t row) {
    const bool checked = is(type, TypeKind::checked);
    const Type& inner = checked ? type->element : type;
    std::vector<Slot> slots(leaf_count(inner), slot_i128(0));
    uint8_t fault = checked && generator.chance(8) ? static_cast<uint8_t>(1 + generator.below(11)) : 0;
    if (checked) write_slot(block_.columns[leaf++], row, slot_u8(fault != 0));
    if (fault != 0) block_.columns[leaf - 1].as<uint8_t>()[row] = fault;
    if (fault == 0) to_slots(inner, generator.value(inner), slots.data(), arena_);
    for (const Slot& slot : slots) write_slot(block_.columns[leaf++], row, slot);
    return leaf;
  }

  std::vector<Leaf> leaves_;
  Arena arena_;
  Block block_;
  Record records_[3];
  uint32_t kept_ = 0, failed_ = 0;
};

std::string describe(const plan::RowProgram& program) {
  std::string text;
  const std::vector<Field>* row = &program.input;
  for (const plan::RowStep& step : program.steps) {
    if (step.kind == plan::RowStep::Kind::keep) {
      text += "keep " + print(*step.condition, *row) + "\n";
      continue;
    }
    for (const ExpressionRef& column : step.columns)
      text += "column " + to_string(column->type) + " " + print(*column, *row) + "\n";
    row = &step.row;
  }
  return text;
}

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Differential, NativeCodeEqualsTheInterpreter) {
  const uint64_t seed = from_environment("BRAID_SEED", 20'240'601), rounds = from_environment("BRAID_ROUNDS", 20);
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  auto compile = load_compiler();
  ASSERT_TRUE(compile.ok()) << compile.error().message;
  uint64_t kept = 0, failed = 0, total = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    Generator generator(seed + round, standard_library());
    ASSERT_GT(generator.plain(), 60u);
    ASSERT_GT(generator.cached(), 5u);
    std::vector<plan::RowProgram> programs;
    for (int i = 0; i < 16; ++i) programs.push_back(generator.program(i));
    CallSites sites;
    std::vector<std::shared_ptr<const interpret::InterpretedKernel>> interpreted;
    for (const plan::RowProgram& program : programs) interpreted.push_back(interpret::interpret(program, sites));
    CodegenOptions options;
    options.symbols = native_symbols();
    options.optimisation = static_cast<int>(round % 3 == 0 ? 1 : 2);
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    options.instrument_asan = true;
#endif
#endif
    auto code = (*compile)(programs, {}, sites, options);
    ASSERT_TRUE(code.ok()) << code.error().message;
    for (size_t i = 0; i < programs.size(); ++i) {
      Rows rows(generator, programs[i].input);
      std::string expected = rows.run(programs[i], *interpreted[i], *interpreted[i], sites);
      kept += rows.kept();
      failed += rows.failed();
      total += kRows;
      ASSERT_EQ(expected, rows.run(programs[i], *code->kernels[i], *interpreted[i], sites))
          << "seed " << seed + round << " program " << i << "\n"
          << describe(programs[i]);
    }
  }
  std::printf("%llu rows: %llu kept, %llu failed\n", static_cast<unsigned long long>(total),
              static_cast<unsigned long long>(kept), static_cast<unsigned long long>(failed));
  EXPECT_GT(kept * 5, total);
  EXPECT_GT(failed * 10, total);
}

}  // namespace
}  // namespace braid::codegen
