#include "cli/session/native.h"

#include <algorithm>

#include "compiler/codegen/load/load.h"
#include "runtime/base/fs.h"
#include "runtime/engine/decode_source.h"
#include "stdlib/registry.h"

namespace braid::cli {

namespace {

/// Read by pattern where records are alike, so that few may be left for native code.
bool has_patterns(const SourceSpec& source) {
  return source.binding.format != "csv" && !records_are_messages(source.binding);
}

/// Readers of a source whose records have several schemas.
class ReadersBySchema : public RecordReader {
 public:
  explicit ReadersBySchema(std::vector<std::shared_ptr<const RecordReader>> parts) : parts_(std::move(parts)) {}
  const char* read(ReadFrame& frame, const char* at, uint64_t row) const override {
    return parts_.front()->read(frame, at, row);
  }
  uint64_t schema() const override { return parts_.front()->schema(); }
  const RecordReader* for_schema(uint64_t schema) const override {
    for (const auto& part : parts_)
      if (part->schema() == schema) return part.get();
    return nullptr;
  }

 private:
  std::vector<std::shared_ptr<const RecordReader>> parts_;
};

Result<codegen::CodegenTimings> put_native_code(driver::Compiled& compiled, bool kernels,
                                                const ExpectedSchemas& expected,
                                                const codegen::CodegenOptions& options) {
  BRAID_ASSIGN(const codegen::CompileFunction compile, codegen::load_compiler());
  codegen::CodegenOptions complete = options;
  complete.symbols = native_symbols();
  complete.clock = &system_clock();
  std::vector<SourceSpec> sources = compiled.program().sources;
  expect_own_schemas(sources, real_fs());
  // A source with several schemas is there once for each, behind all others.
  std::vector<size_t> more_of;
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t each = 0; each < expected[i].size(); ++each) {
      if (each == 0) {
        expected[i][each].put_into(sources[i]);
        continue;
      }
      sources.push_back(sources[i]);
      expected[i][each].put_into(sources.back());
      more_of.push_back(i);
    }
  }
  const std::vector<plan::RowProgram> none;
  BRAID_ASSIGN(codegen::NativeCode code,
               compile(kernels ? compiled.physical.kernels : none, sources, *compiled.call_sites, complete));
  Program& program = compiled.program();
  for (size_t i = 0; i < code.kernels.size(); ++i) {
    plan::kernel_slot(program, compiled.physical.places[i]).set(code.kernels[i].get());
    program.kernels.push_back(code.kernels[i]);
  }
  for (size_t i = 0; i < program.sources.size(); ++i) {
    if (!code.readers[i]) continue;
    std::vector<std::shared_ptr<const RecordReader>> parts{code.readers[i]};
    for (size_t more = 0; more < more_of.size(); ++more)
      if (more_of[more] == i && code.readers[program.sources.size() + more])
        parts.push_back(code.readers[program.sources.size() + more]);
    program.readers.push_back(parts.size() == 1 ? parts.front() : std::make_shared<ReadersBySchema>(parts));
    program.sources[i].reader.set(program.readers.back().get());
  }
  return code.timings;
}

}  // namespace

Result<codegen::CodegenTimings> use_native_code(driver::Compiled& compiled, const codegen::CodegenOptions& options) {
  return put_native_code(compiled, true, {}, options);
}

const char* ReaderOnDemand::read(ReadFrame&, const char*, uint64_t) const {
  // A decoder whose records are not read natively asks for one in 64 (ndjson_decoder.cpp), which take about 60 us.
  constexpr int64_t kWorthEvery = 2'000, kWorth = 16 * kWorthEvery;  // microseconds
  const int64_t now = clock_.steady_us();
  const int64_t until = std::max(worth_until_.load(std::memory_order_relaxed), now) + kWorthEvery;
  worth_until_.store(until, std::memory_order_relaxed);
  if (until - now > kWorth) ask();
  return nullptr;
}

void ReaderOnDemand::ask() const {
  if (asked_.exchange(true, std::memory_order_acq_rel)) return;
  asked_.notify_all();
}

void BackgroundCompiler::start() {
  if (thread_.joinable()) return;
  for (SourceSpec& source : compiled_.program().sources)
    if (has_patterns(source)) source.reader.set(&on_demand_);
  thread_ = std::thread([this] { compile(); });
}

void BackgroundCompiler::compile() {
  // An error leaves the program on the interpreter and the decoders on their tables.
  (void)put_native_code(compiled_, true, expected_,
                        {.reads = [](const SourceSpec& source) { return !has_patterns(source); }});
  finished_.store(true, std::memory_order_release);
  on_demand_.wait_until_asked();
  if (stopping_.load(std::memory_order_acquire)) return;
  finished_.store(false, std::memory_order_release);
  (void)put_native_code(compiled_, false, {}, {.reads = has_patterns});
  finished_.store(true, std::memory_order_release);
}

BackgroundCompiler::~BackgroundCompiler() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  on_demand_.ask();
  thread_.join();
  for (SourceSpec& source : compiled_.program().sources)
    if (source.reader.get() == &on_demand_) source.reader.set(nullptr);
}

Result<std::string> dump_native(driver::Compiled& compiled, const std::string& stage) {
  BRAID_ASSIGN(const codegen::CompileFunction compile, codegen::load_compiler());
  std::vector<SourceSpec> sources = compiled.program().sources;
  expect_own_schemas(sources, real_fs());
  BRAID_ASSIGN(const codegen::NativeCode code, compile(compiled.physical.kernels, sources, *compiled.call_sites,
                                                       {.keep_text = true, .symbols = native_symbols()}));
  std::string text;
  auto add = [&](const std::string& name, const codegen::KernelText& of) {
    text += fmt::format("; ---- {}\n", name);
    text += stage == "asm" ? of.assembly : of.llvm_optimized;
  };
  for (size_t i = 0; i < code.texts.size(); ++i) add(compiled.physical.kernels[i].name, code.texts[i]);
  for (size_t i = 0; i < code.reader_texts.size(); ++i)
    if (code.readers[i]) add("decoder of " + sources[i].name, code.reader_texts[i]);
  return text;
}

}  // namespace braid::cli
