#include <cstdio>

#include "cli/commands/command.h"
#include "cli/session/product_schemas.h"

namespace braid::cli {

void add_schema(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ScriptOptions>();
  auto name = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("json-schema");
  auto keep = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("schema", "Shows the schema of a product or a source for other programs");
  command->add_option("name", *name, "Product, stream or table; without it, lists all")->type_name("NAME");
  options->add_to(*command, "Project folder or script");
  command->add_option("--format", *format, "Form of the schema")
      ->check(CLI::IsMember(schema_formats()))
      ->capture_default_str();
  command->add_flag("--keep", *keep,
                    "Write the schema of a product to the folder `schemas`, if it changed; `braid check` compares it");
  command->callback([options, name, format, keep, &context] {
    Session session(options->session());
    if (!session.check()) {
      context.exit_code = show_errors(session, context.console);
      return;
    }
    if (name->empty()) {
      std::fputs(list_relations(session).c_str(), stdout);
      return;
    }
    const typed::Relation* relation = find_relation(session, *name);
    std::optional<std::string> text;
    if (relation && *keep && relation->kind != typed::RelationKind::product)
      session.reporter()
          .report(diag::FlagValue{.option = "--keep", .expected = "a product", .found = *name})
          .note("the schema of a source belongs to whoever writes its records");
    else if (relation && *keep)
      text = keep_schema(session, *relation, *format);
    else if (relation)
      text = schema_text(session, *relation, *format);
    context.exit_code = show_errors(session, context.console);
    if (text) fmt::print("{}{}", *text, *keep ? "\n" : "");
  });
}

}  // namespace braid::cli
