#include <algorithm>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/present/table.h"
#include "cli/session/product_schemas.h"
#include "cli/session/topics.h"

namespace braid::cli {

void add_check(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ScriptOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("check", "Checks a project or a script and reports all mistakes at once");
  options->add_to(*command, "Project folder or script");
  command->add_flag("--json", *json, "Write findings as JSON, one per line, to standard output");
  command->callback([options, json, &context] {
    Session session(options->session());
    const bool right = session.check_all();
    if (right) check_kept_schemas(session);
    std::string topics;
    if (right && session.environment().kafka) {
      driver::Compiled compiled = session.compile(session.chosen_products());
      if (session.bind(compiled.program()))
        topics = topics_text(compiled.program(), session.output_topics(), session.environment());
    }
    const auto scripts = std::ranges::count_if(session.scripts(), [&](const auto& script) {
      return !session.foreign_products().is_foreign(script->span.file);
    });
    context.exit_code = show(session, context.console, *json ? FindingFormat::json : FindingFormat::text);
    if (context.exit_code != kDone || *json) return;
    int64_t products = 0, streams = 0, tests = static_cast<int64_t>(session.project().tests.size());
    for (const typed::Relation& relation : session.project().relations) {
      products += relation.kind == typed::RelationKind::product && relation.output_of < 0;
      streams += relation.source.has_value();
    }
    fmt::print("{}: {}, {}, {} of input, {}\n", session.files().name, counted(static_cast<int64_t>(scripts), "script"),
               counted(products, "product"), counted(streams, "relation"), counted(tests, "test"));
    std::fputs(topics.c_str(), stdout);
  });
}

}  // namespace braid::cli
