// What the commands that compare contracts share.
#pragma once

#include <string>

#include "cli/commands/command.h"
#include "cli/present/verdict.h"

namespace braid::cli {

/// Two projects, of which one was the other.
struct ContractDiff {
  std::string before, after;  ///< folders or scripts
  std::string product;        ///< empty: all
  VerdictFormat format = VerdictFormat::text;
};

/// Judges for a reader that uses all there is. The exit code is 1 if something breaks, 2 if that cannot be told.
void show_contract_diff(const ContractDiff& diff, CommandContext& context);

/// `--format text|json|annotations`. `format` outlives the command.
void add_verdict_format(CLI::App& command, VerdictFormat& format);

}  // namespace braid::cli
