// Native kernels one construct at a time; what they give in general is demanded by differential_test.cpp.
#include "compiler/codegen/codegen.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "compiler/codegen/load/load.h"

namespace braid::codegen {
namespace {

using namespace typed;
using typed::Operator;

ExpressionRef node(Type type, decltype(Expression::node) content) {
  return make(std::move(type), {}, std::move(content));
}
ExpressionRef column(Type type, int index) {
  return node(std::move(type), ColumnRead{index});
}
ExpressionRef integer(int64_t value) {
  return node(int_type(), Constant{Value{value}});
}

/// where a > 10, then { a % b }.
plan::RowProgram filter_and_remainder() {
  plan::RowProgram program;
  program.name = "remainders";
  program.input = {{"a", int_type()}, {"b", int_type()}};
  plan::RowStep keep{plan::RowStep::Kind::keep};
  keep.condition = node(bool_type(), Operation{Operator::greater, {column(int_type(), 0), integer(10)}});
  keep.site = 1;
  plan::RowStep project{plan::RowStep::Kind::project};
  project.columns = {node(int_type(), Operation{Operator::remainder, {column(int_type(), 0), column(int_type(), 1)}})};
  project.row = {{"rest", int_type()}};
  project.failure_site = 2;
  program.steps = {keep, project};
  program.output = project.row;
  program.passthrough = {-1};
  return program;
}

CompileFunction compiler() {
  auto loaded = load_compiler();
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
  return loaded.ok() ? *loaded : nullptr;
}

TEST(Codegen, KeepsDropsAndRejectsRows) {
  CallSites sites;
  auto code = compiler()({filter_and_remainder()}, {}, sites, {});
  ASSERT_TRUE(code.ok()) << code.error().message;
  int64_t a[] = {17, 3, 12, 11}, b[] = {5, 1, 0, -1}, rest[4] = {};
  const void* in[] = {a, b};
  void* out[] = {rest};
  uint32_t kept[4];
  Drop drops[4];
  Arena arena;
  CallContext call;
  call.arena = &arena;
  KernelFrame frame{in, out, 4, 0, kept, drops, 0, 0, &call, nullptr, nullptr, nullptr};
  code->kernels[0]->run(frame);
  ASSERT_EQ(frame.kept_count, 2u);
  EXPECT_EQ(kept[1], 3u);
  EXPECT_EQ(rest[0], 2);
  EXPECT_EQ(rest[1], 0);
  ASSERT_EQ(frame.drop_count, 2u);
  EXPECT_EQ(drops[0].site, 1u);
  EXPECT_EQ(drops[0].code, 0u);
  EXPECT_EQ(drops[1].site, 2u);
  EXPECT_EQ(drops[1].code, 6102u);
}

TEST(Codegen, KernelsOutliveTheCompilation) {
  std::shared_ptr<const Kernel> kernel;
  {
    CallSites sites;
    auto code = compiler()({filter_and_remainder()}, {}, sites, {});
    ASSERT_TRUE(code.ok());
    kernel = code->kernels[0];
  }
  KernelFrame frame{};
  kernel->run(frame);
  EXPECT_EQ(frame.kept_count, 0u);
}

/// Resident megabytes of the code generator's file and of LLVM's.
int64_t resident_mb() {
  std::ifstream maps("/proc/self/smaps");
  std::string word, line, name;
  int64_t kilobytes = 0;
  while (std::getline(maps, line)) {
    std::istringstream words(line);
    words >> word;
    if (word.find('-') != std::string::npos) name = line;
    if (word != "Rss:" ||
        (name.find("libbraid_codegen") == std::string::npos && name.find("libLLVM") == std::string::npos))
      continue;
    int64_t size = 0;
    words >> size;
    kilobytes += size;
  }
  return kilobytes / 1024;
}

TEST(Codegen, LeavesLittleOfItselfInMemory) {
  CallSites sites;
  auto code = compiler()({filter_and_remainder()}, {}, sites, {});
  ASSERT_TRUE(code.ok());
  // What was written cannot go: tables of functions, which loading filled.
  EXPECT_LT(resident_mb(), 10);
}

TEST(Codegen, RefusesWhatIsTooLarge) {
  CallSites sites;
  CodegenOptions options;
  options.max_instructions = 10;
  auto code = compiler()({filter_and_remainder()}, {}, sites, options);
  ASSERT_FALSE(code.ok());
  EXPECT_NE(code.error().message.find("too large"), std::string::npos);
}

TEST(Codegen, TextsOfEachStageAreTheSameEachTimeAndHoldNoAddress) {
  CodegenOptions options;
  options.keep_text = true;
  CallSites sites;
  auto one = compiler()({filter_and_remainder()}, {}, sites, options);
  auto other = compiler()({filter_and_remainder()}, {}, sites, options);
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(one->texts[0].llvm.find("define void @kernel_0_remainders"), std::string::npos);
  EXPECT_NE(one->texts[0].llvm_optimized.find("srem"), std::string::npos);
  EXPECT_NE(one->texts[0].assembly.find("idiv"), std::string::npos);
  EXPECT_EQ(one->texts[0].llvm, other->texts[0].llvm);
  EXPECT_EQ(one->texts[0].llvm_optimized, other->texts[0].llvm_optimized);
  EXPECT_EQ(one->texts[0].assembly, other->texts[0].assembly);
  EXPECT_EQ(one->texts[0].llvm.find("inttoptr"), std::string::npos);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
TEST(CodegenDeathTest, InstrumentedCodeIsCaughtBehindAColumn) {
  CallSites sites;
  CodegenOptions options;
  options.instrument_asan = true;
  auto code = compiler()({filter_and_remainder()}, {}, sites, options);
  ASSERT_TRUE(code.ok()) << code.error().message;
  std::vector<int64_t> a(8, 17), b(8, 5), rest(4);
  const void* in[] = {a.data(), b.data()};
  void* out[] = {rest.data()};
  uint32_t kept[8];
  Drop drops[8];
  KernelFrame frame{in, out, 8, 0, kept, drops};
  EXPECT_DEATH(code->kernels[0]->run(frame), "heap-buffer-overflow");
}
#endif
#endif

}  // namespace
}  // namespace braid::codegen
