#include <cstdio>

#include "cli/commands/command.h"
#include "mesh/standards/import_contract.h"
#include "mesh/standards/odcs.h"
#include "runtime/report/contract_findings.h"

namespace braid::cli {

int show_contract_findings(const SourceSet& sources, Reporter& reporter, CommandContext& context) {
  std::vector<Diagnostic> findings = reporter.take_sorted();
  // Of the project only its errors are told here: `braid check` has the warnings.
  std::erase_if(findings, [](const Diagnostic& each) {
    const bool of_contract = each.code >= 7300 && each.code < 7340;
    return each.severity != Severity::error && !of_contract;
  });
  show_findings(findings, sources, context.console, FindingFormat::text);
  return exit_code_of(findings);
}

void add_contract_import(CLI::App& contract, CommandContext& context) {
  struct Flags {
    std::string path;
    mesh::ImportOptions options;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = contract.add_subcommand(
      "import", "Writes the declarations for a data contract (ODCS, version 3) to standard output");
  command->add_option("file", flags->path, "Contract in YAML or JSON")->required()->type_name("FILE");
  command->add_option("--object", flags->options.object, "The only schema object to declare (default: all)")
      ->type_name("NAME");
  command->add_option("--name", flags->options.name, "Name of the stream or table, if one is declared")
      ->type_name("NAME");
  command->add_option("--as", flags->options.form, "Declare a stream or a table (default: as the contract says)")
      ->check(CLI::IsMember({"stream", "table"}));
  command->callback([flags, &context] {
    Reporter reporter;
    SourceSet sources;
    std::string reason;
    std::optional<std::string> script;
    if (std::optional<std::string> text = read_file(flags->path, reason)) {
      const uint32_t file = sources.add(flags->path, std::move(*text));
      if (const auto document = mesh::read_odcs(sources, file, reporter))
        script = mesh::script_of_contract(*document, sources, file, flags->options, reporter);
    } else {
      reporter.report(diag::FileNotReadable{.path = flags->path, .reason = reason});
    }
    context.exit_code = show_contract_findings(sources, reporter, context);
    if (script) std::fputs(script->c_str(), stdout);
  });
}

}  // namespace braid::cli
