#include "cli/commands/command.h"

namespace braid::cli {

void add_contract(CLI::App& app, CommandContext& context) {
  CLI::App* contract = app.add_subcommand("contract", "Compares contracts of products, writes them for other tools, and reads them");
  contract->require_subcommand(1);
  add_contract_diff(*contract, context);
  add_contract_breaking(*contract, context);
  add_contract_export(*contract, context);
  add_contract_import(*contract, context);
}

}  // namespace braid::cli
