#include <fmt/ranges.h>

#include <cstdio>

#include "cli/commands/command.h"
#include "cli/session/function_listing.h"

namespace braid::cli {

void add_functions(CLI::App& app, CommandContext& context) {
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("functions", "Lists the standard library, or explains one function");
  command->add_option("name", *name, "Name of a function; without it, lists all functions by group");
  command->add_flag("--json", *json, "Write JSON, one function per line");
  command->callback([name, json, &context] {
    const std::string text = list_functions(*name, *json);
    if (!text.empty()) {
      std::fputs(text.c_str(), stdout);
      return;
    }
    fmt::print(stderr, "braid: there is no function `{}`; `braid functions` lists all\n", *name);
    if (const std::vector<std::string> like = functions_like(*name); !like.empty())
      fmt::print(stderr, "these have it in their names: {}\n", fmt::join(like, ", "));
    context.exit_code = kUsage;
  });
}

}  // namespace braid::cli
