#include <cstdio>
#include <filesystem>

#include "cli/commands/command.h"
#include "cli/project/infer.h"

namespace braid::cli {
namespace {

constexpr size_t kSampleBytes = 4 << 20;

}  // namespace

void add_infer(CLI::App& app, CommandContext& context) {
  struct Options {
    std::string path, name, format, null_marker;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("infer", "Writes a stream declaration from a sample file, to standard output");
  command->add_option("file", options->path, "NDJSON or CSV file with a header")->required()->type_name("FILE");
  command->add_option("--name", options->name, "Name of the stream (default: from the file's name)");
  command->add_option("--format", options->format, "json or csv (default: from the file's ending)")
      ->check(CLI::IsMember({"json", "csv"}));
  command->add_option("--null", options->null_marker, "CSV: the cell that means null, like NA");
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
    if (sample->size() > kSampleBytes) sample->resize(sample->rfind('\n', kSampleBytes) + 1);
    InferOptions infer{.path = options->path,
                       .format = options->format,
                       .stream_name = options->name,
                       .null_marker = options->null_marker};
    const std::filesystem::path file(options->path);
    if (infer.format.empty()) infer.format = file.extension() == ".csv" ? "csv" : "json";
    if (infer.stream_name.empty())
      for (const char c : file.stem().string())
        infer.stream_name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    const Result<std::string> text = infer_stream(*sample, infer);
    if (!text.ok()) {
      reporter.report(diag::NothingToInfer{.path = options->path, .reason = text.error().message});
      return stop();
    }
    std::fputs(text->c_str(), stdout);
  });
}

}  // namespace braid::cli
