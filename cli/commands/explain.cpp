#include <cstdio>

#include "cli/commands/command.h"
#include "cli/session/explanation.h"

namespace braid::cli {

void add_explain(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ScriptOptions>();
  auto stage = std::make_shared<std::string>();
  auto timings = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "explain", "Shows the steps of a script and the bound on each state, or the output of a compiler stage");
  options->add_to(*command, "Project folder or script");
  command->add_option("--stage", *stage, "Show one stage instead of the summary")
      ->check(CLI::IsMember({"ast", "typed", "plan", "optimized", "physical", "llvm", "asm"}));
  command->add_flag("--timings", *timings, "Show the time of each stage and pass");
  command->callback([options, stage, timings, &context] {
    Session session(options->session());
    const bool right = session.check();
    context.exit_code = show_errors(session, context.console);
    if (!right && *stage != "ast") return;
    std::string text;
    const Result<std::string> made = explain(session, *stage, *timings);
    if (!made.ok()) {
      fmt::print(stderr, "braid: {}\n", made.error().message);
      context.exit_code = kOurBug;
      return;
    }
    std::fputs(made->c_str(), stdout);
    if (context.exit_code == kDone) context.exit_code = show_errors(session, context.console);
  });
}

}  // namespace braid::cli
