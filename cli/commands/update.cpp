// `braid update`: the pins of braid.lock move to what the registry has now.
#include <algorithm>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/present/json_object.h"
#include "mesh/registry/publication.h"

namespace braid::cli {
namespace {

std::string version_text(const mesh::Pin& pin) {
  return fmt::format("{}.{}", pin.version, pin.minor);
}

std::string minor_text(const std::optional<mesh::DefinitionPin>& pin) {
  return pin ? fmt::format("change {}", pin->minor) : std::string();
}

std::string text_of_definition(const MovedPin& pin) {
  std::string text;
  if (pin.state == "same")
    text = fmt::format("{}: {}, nothing changed\n", pin.name, minor_text(pin.definition_after));
  else if (pin.state == "added")
    text = fmt::format("{}: pinned to {}\n", pin.name, minor_text(pin.definition_after));
  else if (pin.state == "removed")
    text = fmt::format("{}: no `use` names it any more\n", pin.name);
  else
    text = fmt::format("{}: {} -> {}\n", pin.name, minor_text(pin.definition_before), minor_text(pin.definition_after));
  for (const std::string& change : pin.changes) text += "  " + change + "\n";
  return text;
}

bool is_definition(const MovedPin& pin) {
  return pin.definition_before.has_value() || pin.definition_after.has_value();
}

std::string text_of(const MovedPin& pin, bool migrate) {
  if (is_definition(pin)) return text_of_definition(pin);
  std::string text;
  if (pin.state == "same")
    text = fmt::format("{}: {}, nothing changed\n", pin.name, version_text(*pin.after));
  else if (pin.state == "added")
    text = fmt::format("{}: pinned to {}\n", pin.name, version_text(*pin.after));
  else if (pin.state == "removed")
    text = fmt::format("{}: no `use` names it any more\n", pin.name);
  else if (pin.before->interface == pin.after->interface)
    text = fmt::format("{}: {}, its addresses have changed\n", pin.name, version_text(*pin.after));
  else
    text = fmt::format("{}: {} -> {}\n", pin.name, version_text(*pin.before), version_text(*pin.after));
  for (const std::string& change : pin.changes) text += "  " + change + "\n";
  if (pin.newer_major) text += "  there is a newer version beside it\n";
  if (!pin.migrates_to) return text;
  if (!migrate)
    return text +
           fmt::format("  `braid update --migrate` shows what makes its rows those of version {}\n", *pin.migrates_to);
  text +=
      fmt::format("  this makes its rows those of version {}; take it over until nobody needs rows from before:\n\n",
                  *pin.migrates_to);
  for (size_t at = 0; at < pin.migration.size();) {
    const size_t end = std::min(pin.migration.find('\n', at), pin.migration.size());
    text += (end == at ? "" : "    " + pin.migration.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return text;
}

std::string json_of(const MovedPin& pin) {
  JsonObject made;
  made.text(is_definition(pin) ? "definition" : "product", pin.name);
  made.text("state", pin.state);
  if (pin.definition_before) made.number("before", pin.definition_before->minor);
  if (pin.definition_after) made.number("after", pin.definition_after->minor);
  if (pin.before) made.text("before", version_text(*pin.before));
  if (pin.after) made.text("after", version_text(*pin.after));
  JsonArray changes;
  for (const std::string& change : pin.changes) {
    std::string text;
    append_json_string(text, change);
    changes.add(text);
  }
  made.raw("changes", changes.take());
  made.boolean("newer_version", pin.newer_major);
  if (pin.migrates_to) {
    made.number("migrates_to", *pin.migrates_to);
    made.text("migration", pin.migration);
  }
  return made.take();
}

}  // namespace

void add_update(CLI::App& app, CommandContext& context) {
  auto product = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>(".");
  auto json = std::make_shared<bool>(false);
  auto migrate = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("update", "Moves what braid.lock pins to what the registry has now, and says what changed");
  command->add_option("product", *product, "Product, type, function … of another project; without it, all")
      ->type_name("PRODUCT");
  command->add_option("--project", *path, "Project folder")->type_name("PATH")->capture_default_str();
  command->add_flag("--json", *json, "Write what moved as JSON, one object a line");
  command->add_flag("--migrate", *migrate,
                    "Show a script that makes rows of the pinned version those of the next one, as its owner says");
  command->callback([product, path, json, migrate, &context] {
    Session session({.path = *path});
    std::optional<std::vector<MovedPin>> moved;
    if (session.read_scripts()) moved = update_pins(session.files(), session.scripts(), *product, session.reporter());
    context.exit_code = show_errors(session, context.console);
    if (!moved) return;
    if (moved->empty() && !*json) fmt::print("the project uses nothing of another one\n");
    for (const MovedPin& pin : *moved)
      std::fputs((*json ? json_of(pin) + "\n" : text_of(pin, *migrate)).c_str(), stdout);
  });
}

}  // namespace braid::cli
