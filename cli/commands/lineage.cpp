#include <cstdio>

#include "cli/commands/command.h"
#include "cli/session/lineage.h"
#include "runtime/base/clock.h"

namespace braid::cli {

void add_lineage(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ScriptOptions>();
  auto name = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("text");
  auto up = std::make_shared<bool>(false);
  auto down = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("lineage", "Shows which fields a product is made of, or what is made of a field");
  command->add_option("name", *name, "Product, stream or table, or a field of it: shop.spend.total")
      ->required()
      ->type_name("NAME");
  options->add_to(*command, "Project folder or script");
  CLI::Option* upwards = command->add_flag("--up", *up, "What it is made of (the default)");
  command->add_flag("--down", *down, "What is made of it: every product, field and label that it reaches")
      ->excludes(upwards);
  command->add_option("--format", *format, "Form of the answer")
      ->check(CLI::IsMember(lineage_formats()))
      ->capture_default_str();
  command->callback([options, name, format, down, &context] {
    Session session(options->session());
    std::optional<std::string> text;
    if (session.check()) text = lineage_text(session, *name, *format, *down, system_clock().now_us());
    context.exit_code = show_errors(session, context.console);
    if (text) std::fputs(text->c_str(), stdout);
  });
}

}  // namespace braid::cli
