// How long a project of 15 kernels takes to compile, and what a row costs in a filter with a projection of five
// columns, native and interpreted. Prints medians; `ninja braid_codegen_measure && bin/braid_codegen_measure`.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/codegen/load/load.h"
#include "compiler/interpret/interpret.h"
#include "stdlib/registry.h"

namespace braid::codegen {
namespace {

using namespace typed;
using typed::Operator;

ExpressionRef node(Type type, decltype(Expression::node) content) {
  return make(std::move(type), {}, std::move(content));
}
ExpressionRef column(const plan::RowProgram& program, int index) {
  return node(program.input[static_cast<size_t>(index)].type, ColumnRead{index});
}
ExpressionRef read(const plan::RowProgram& program, int index) {
  ExpressionRef checked = column(program, index);
  return is(checked->type, TypeKind::checked) ? node(checked->type->element, Convert{Conversion::checked_read, checked})
                                              : checked;
}
ExpressionRef operation(Operator op, Type type, ExpressionRef a, ExpressionRef b) {
  return node(std::move(type), Operation{op, {std::move(a), std::move(b)}});
}
ExpressionRef call(std::string_view name, ExpressionRef argument) {
  for (const FunctionDeclaration* function : standard_library().overloads(name))
    if (function->parameters.size() == 1 && same(function->parameters[0].type, argument->type))
      return node(function->result({{argument->type}, {Value{}}}), FunctionCall{function, {argument}});
  BRAID_UNREACHABLE("no such function");
}

/// where status == 1 and amount > 20.00, then { id, at, amount · 1.2, upper(name), count + 1 }.
plan::RowProgram filter_and_project(int number, bool checked) {
  plan::RowProgram program;
  program.name = "payment_" + std::to_string(number);
  auto field = [&](const char* name, Type type) {
    program.input.push_back({name, checked ? checked_type(type) : type});
  };
  field("id", int_type());
  field("at", timestamp_type());
  field("amount", decimal_type(12, 2));
  field("name", string_type());
  field("count", int_type());
  field("status", enum_type({"authorised", "captured", "refunded"}));
  plan::RowStep keep{plan::RowStep::Kind::keep};
  ExpressionRef captured = node(program.input[5].type, Constant{Value{int64_t{1}}});
  if (checked) captured = node(program.input[5].type->element, Constant{Value{int64_t{1}}});
  keep.condition = node(bool_type(), Both{operation(Operator::equal, bool_type(), read(program, 5), captured),
                                          operation(Operator::greater, bool_type(), read(program, 2),
                                                    node(decimal_type(4, 2), Constant{Value{int128{2000 + number}}}))});
  keep.site = 1;
  keep.failure_site = 2;
  plan::RowStep project{plan::RowStep::Kind::project};
  project.failure_site = 3;
  ExpressionRef factor = node(decimal_type(2, 1), Constant{Value{int128{12}}});
  project.columns = {
      read(program, 0), read(program, 1), operation(Operator::multiply, decimal_type(14, 3), read(program, 2), factor),
      checked ? call("trim", read(program, 3)) : read(program, 3),
      operation(Operator::add, int_type(), read(program, 4), node(int_type(), Constant{Value{int64_t{1}}}))};
  for (size_t i = 0; i < project.columns.size(); ++i)
    project.row.push_back({"p" + std::to_string(i), project.columns[i]->type});
  program.steps = {keep, project};
  program.output = project.row;
  program.passthrough.assign(flatten(program.output).size(), -1);
  return program;
}

double nanoseconds_a_row(const plan::RowProgram& program, const Kernel& kernel) {
  Arena arena;
  std::vector<Leaf> input = flatten(program.input), output = flatten(program.output);
  Block block = allocate_block(input, kBlockRows, arena), made = allocate_block(output, kBlockRows, arena);
  for (uint32_t i = 0; i < kBlockRows; ++i) {
    const Slot slots[] = {slot_i64(i), slot_i64(i * 1000),          slot_i64((i * 37) % 10'000), slot_bytes(" a name "),
                          slot_i64(i), slot_i64(i % 3 == 0 ? 0 : 1)};
    const bool checked = input.size() > std::size(slots);  // with a status leaf before each
    for (size_t leaf = 0; leaf < input.size(); ++leaf) {
      bool status = checked && leaf % 2 == 0;
      write_slot(block.columns[leaf], i, status ? slot_u8(false) : slots[checked ? leaf / 2 : leaf]);
    }
  }
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const Column& column : block.columns) in.push_back(column.data);
  for (const Column& column : made.columns) out.push_back(column.data);
  std::vector<uint32_t> kept(kBlockRows);
  std::vector<Drop> drops(kBlockRows);
  CallContext call;
  call.arena = &arena;
  KernelFrame frame{in.data(), out.data(), kBlockRows, 0, kept.data(), drops.data(), 0, 0, &call};
  std::vector<double> times;
  for (int round = 0; round < 21; ++round) {
    int64_t started = system_clock().steady_us();
    constexpr int kRuns = 200;
    for (int run = 0; run < kRuns; ++run) kernel.run(frame);
    times.push_back(static_cast<double>(system_clock().steady_us() - started) * 1000 / kRuns / kBlockRows);
  }
  std::sort(times.begin(), times.end());
  BRAID_CHECK(frame.kept_count > kBlockRows / 2, "rows that are measured go on");
  return times[times.size() / 2];
}

int measure() {
  int64_t started = system_clock().steady_us();
  auto compile = load_compiler();
  int64_t loaded = system_clock().steady_us();
  if (!compile) {
    fmt::print("{}\n", compile.error().message);
    return 1;
  }
  std::vector<plan::RowProgram> programs;
  for (int i = 0; i < 15; ++i) programs.push_back(filter_and_project(i, true));
  for (int round = 0; round < 6; ++round) {
    CallSites sites;
    CodegenOptions options;
    options.clock = &system_clock();
    if (const char* level = std::getenv("BRAID_LEVEL")) options.optimisation = std::atoi(level);
    options.symbols = native_symbols();
    int64_t begun = system_clock().steady_us();
    auto code = (*compile)(programs, {}, sites, options);
    int64_t ended = system_clock().steady_us();
    if (!code) {
      fmt::print("{}\n", code.error().message);
      return 1;
    }
    if (round == 0)
      fmt::print("library opened in {:.1f} ms; first compilation ", static_cast<double>(loaded - started) / 1000);
    fmt::print("15 kernels in {:.1f} ms: IR {:.1f}, passes {:.1f}, code {:.1f}\n",
               static_cast<double>(ended - begun) / 1000, static_cast<double>(code->timings.ir_us) / 1000,
               static_cast<double>(code->timings.passes_us) / 1000, static_cast<double>(code->timings.link_us) / 1000);
  }
  for (int level : {0, 1, 2}) {
    for (bool checked : {false, true}) {
      plan::RowProgram program = filter_and_project(0, checked);
      CallSites sites;
      CodegenOptions options;
      options.optimisation = level;
      options.symbols = native_symbols();
      options.keep_text = true;
      auto code = (*compile)({program}, {}, sites, options);
      if (!code) return 1;
      if (std::getenv("BRAID_SHOW") != nullptr)
        fmt::print("{}\n{}\n", code->texts[0].llvm_optimized, code->texts[0].assembly);
      fmt::print("{}: level {} {:.2f} ns a row, interpreted {:.1f}\n",
                 checked ? "from fields that may fail, with a trim" : "filter and five columns", level,
                 nanoseconds_a_row(program, *code->kernels[0]),
                 nanoseconds_a_row(program, *interpret::interpret(program, sites)));
    }
  }
  return 0;
}

}  // namespace
}  // namespace braid::codegen

int main() {
  return braid::codegen::measure();
}
