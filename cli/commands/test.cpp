#include <cstdio>

#include "cli/commands/command.h"
#include "cli/present/table.h"
#include "cli/session/test_runner.h"

namespace braid::cli {

void add_test(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ScriptOptions>();
  auto test_options = std::make_shared<TestOptions>();
  auto as_written = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "test", "Runs the tests of the scripts as written, and in variations that must give the same result");
  options->add_to(*command, "Project folder or script");
  command->add_option("--only", test_options->only, "Run only tests whose name contains this text")->type_name("TEXT");
  command->add_flag("--as-written", *as_written,
                    "Skip the variations: permuted arrival, restarts, passes off, native code");
  command->callback([options, test_options, as_written, &context] {
    Session session(options->session());
    const bool right = session.check();
    context.exit_code = show_errors(session, context.console);
    if (!right) return;
    test_options->variants = !*as_written;
    int64_t passed = 0, failed = 0, runs = 0;
    const Console& console = context.console;
    auto done = [&](const TestOutcome& outcome) {
      (outcome.passed ? passed : failed) += 1;
      runs += outcome.runs;
      const char* color = !console.color_out ? "" : outcome.passed ? "\x1b[32m" : "\x1b[31m";
      fmt::print("{}{}{}  {}{}\n", color, outcome.passed ? "ok    " : "FAILED", console.color_out ? "\x1b[0m" : "",
                 outcome.domain.empty() ? "" : outcome.domain + ": ", outcome.name);
      std::fflush(stdout);
      if (!outcome.passed) show_findings(outcome.findings, session.sources(), console, FindingFormat::text);
    };
    run_tests(session, *test_options, done);
    if (passed + failed == 0) {
      fmt::print("no test here\n");
      return;
    }
    fmt::print("{} passed, {} failed ({} in all)\n", passed, failed, counted(runs, "run"));
    if (failed > 0) context.exit_code = kScriptFailed;
  });
}

}  // namespace braid::cli
