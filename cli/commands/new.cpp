#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/commands/command.h"
#include "cli/project/scaffold.h"

namespace braid::cli {

void add_new(CLI::App& app, CommandContext& context) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("new", "Creates a project to start from: two domains, samples, a test");
  command->add_option("path", *path, "Folder to create")->required()->type_name("PATH");
  command->callback([path, &context] {
    namespace files = std::filesystem;
    Reporter reporter;
    std::error_code status;
    if (files::exists(*path, status) && !files::is_empty(*path, status))
      reporter.report(diag::FolderInUse{.path = *path}).note("choose another name, or empty it first");
    std::string name;
    for (const char c : files::absolute(*path).filename().string())
      name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '-';
    if (!reporter.has_errors()) {
      for (const ScaffoldFile& file : scaffold(name)) {
        const files::path target = files::path(*path) / file.path;
        files::create_directories(target.parent_path(), status);
        std::ofstream stream(target, std::ios::binary);
        stream << file.text;
        stream.close();
        if (stream.good()) continue;
        reporter.report(diag::CannotWrite{.path = target.string(), .reason = "is the folder writable?"});
        break;
      }
    }
    const std::vector<Diagnostic> findings = reporter.take_sorted();
    show_findings(findings, SourceSet(), context.console, FindingFormat::text);
    context.exit_code = exit_code_of(findings);
    if (context.exit_code != kDone) return;
    fmt::print("made {}; try:\n  braid dry-run {}\n  braid test {}\n  braid run {}\n", *path, *path, *path, *path);
  });
}

}  // namespace braid::cli
