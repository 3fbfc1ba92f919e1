#include <cstdio>

#include "cli/commands/command.h"
#include "cli/session/contract_documents.h"

namespace braid::cli {

void add_contract_export(CLI::App& contract, CommandContext& context) {
  auto options = std::make_shared<ScriptOptions>();
  auto document = std::make_shared<DocumentOptions>();
  CLI::App* command =
      contract.add_subcommand("export", "Writes the contract of a product for other tools to standard output");
  command->add_option("product", document->name, "Product, stream or table")->required()->type_name("PRODUCT");
  options->add_to(*command, "Project folder or script");
  document->format = "odcs";
  command->add_option("--format", document->format, "Form of the document")
      ->check(CLI::IsMember(contract_formats()))
      ->capture_default_str();
  command->add_option("--tenant", document->tenant, "Organisation, as ids of contracts have it")->type_name("NAME");
  command
      ->add_option("--over", document->over,
                   "Contract (ODCS) to bring up to the script; what the script does not say is kept from it")
      ->type_name("FILE");
  command->callback([options, document, &context] {
    Session session(options->session());
    if (!session.check()) {
      context.exit_code = show_errors(session, context.console);
      return;
    }
    std::optional<std::string> text;
    if (!document->over.empty() && document->format != "odcs")
      session.reporter().report(
          diag::FlagValue{.option = "--over", .expected = "`--format odcs`", .found = document->format});
    else
      text = contract_document(session, *document);
    context.exit_code = show_contract_findings(session.sources(), session.reporter(), context);
    if (text) std::fputs(text->c_str(), stdout);
  });
}

}  // namespace braid::cli
