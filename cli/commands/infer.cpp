#include <cstdio>
#include <filesystem>

#include "cli/commands/command.h"
#include "cli/project/infer.h"
#include "cli/project/inferred_type.h"
#include "cli/session/infer_avro.h"
#include "runtime/base/clock.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/connect/foreign_content.h"
#include "runtime/data/script_text.h"

namespace braid::cli {
namespace {

constexpr size_t kSampleBytes = 4 << 20;

/// By the ending, else by what is in it.
std::string format_of(const std::filesystem::path& path, std::string_view text) {
  const std::string ending = path.extension().string();
  if (ending == ".avro" || text.starts_with(kContainerMagic)) return "avro";
  if (ending == ".json" || ending == ".ndjson" || ending == ".jsonl") return "json";
  if (ending == ".csv" || ending == ".tsv" || ending == ".tab" || ending == ".psv") return "csv";
  const size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first == std::string_view::npos || text[first] == '{' || text[first] == '[' ? "json" : "csv";
}

/// Whole records of the first megabytes.
void cut_sample(std::string& text, const std::string& format) {
  if (text.size() <= kSampleBytes) return;
  text.resize(kSampleBytes);
  const RecordForm form(format == "csv" ? Format::csv : Format::ndjson);
  size_t whole = 0;
  while (const size_t bytes = first_record_bytes(form, std::string_view(text).substr(whole), false)) whole += bytes;
  text.resize(whole);
}

}  // namespace

void add_infer(CLI::App& app, CommandContext& context) {
  struct Options {
    std::string path, name, format, null_marker;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("infer", "Infers a stream declaration from a sample file and writes it to standard output");
  command
      ->add_option("file", options->path,
                   "NDJSON, CSV or Avro container file; CSV with any of , ; | or tab between cells")
      ->required()
      ->type_name("FILE");
  command->add_option("--name", options->name, "Name of the stream (default: from the file's name)");
  command->add_option("--format", options->format, "json, csv or avro (default: from the file's extension and content)")
      ->check(CLI::IsMember({"json", "csv", "avro"}));
  command->add_option("--null", options->null_marker, "CSV: the cell text that means null, such as NA");
  command->callback([options, &context] {
    Reporter reporter;
    auto stop = [&] {
      const std::vector<Diagnostic> findings = reporter.take_sorted();
      show_findings(findings, SourceSet(), context.console, FindingFormat::text);
      context.exit_code = exit_code_of(findings);
    };
    std::string reason;
    auto sample = read_file(options->path, reason);
    if (!sample) {
      reporter.report(diag::FileNotReadable{.path = options->path, .reason = reason});
      return stop();
    }
    const std::filesystem::path file(options->path);
    InferOptions infer{.path = options->path,
                       .format = options->format.empty() ? format_of(file, *sample) : options->format,
                       .stream_name = options->name,
                       .null_marker = options->null_marker,
                       .now = system_clock().now_us()};
    const Format format = infer.format == "csv" ? Format::csv : Format::ndjson;
    const bool avro = infer.format == "avro";
    if (const auto foreign = recognise_foreign_content(*sample, format, options->path); foreign && !avro) {
      const std::string reason = fmt::format("it is {}, not {}: {}", foreign->found, records_of(format), foreign->mend);
      reporter.report(diag::NothingToInfer{.path = options->path, .reason = reason});
      return stop();
    }
    if (!avro) cut_sample(*sample, infer.format);
    if (infer.stream_name.empty())
      for (const char c : file.stem().string())
        infer.stream_name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    if (script_name(infer.stream_name) != infer.stream_name) infer.stream_name = "s" + infer.stream_name;
    const Result<std::string> text = avro ? infer_avro_stream(*sample, infer) : infer_stream(*sample, infer);
    if (!text.ok()) {
      reporter.report(diag::NothingToInfer{.path = options->path, .reason = text.error().message});
      return stop();
    }
    std::fputs(text->c_str(), stdout);
  });
}

}  // namespace braid::cli
