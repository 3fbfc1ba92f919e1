#include "cli/commands/command.h"

namespace braid::cli {

void add_contract(CLI::App& app, CommandContext& context) {
  CLI::App* contract = app.add_subcommand("contract", "Compares contracts of products");
  contract->require_subcommand(1);
  add_contract_diff(*contract, context);
}

}  // namespace braid::cli
