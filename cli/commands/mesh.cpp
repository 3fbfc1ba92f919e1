// `braid mesh`: what the registry has, and the collection of what nobody names.
#include <cstdio>

#include "cli/commands/mesh_commands.h"
#include "cli/commands/registry_flags.h"
#include "cli/present/json_object.h"
#include "cli/present/table.h"
#include "cli/session/publication_documents.h"
#include "mesh/contract/promise_json.h"
#include "mesh/registry/registry.h"
#include "runtime/data/time_text.h"
#include "runtime/report/contract_findings.h"
#include "runtime/report/registry_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

struct MeshFlags : RegistryFlags {
  std::string name;
  std::string form;  ///< of a document that is shown instead; empty: none
  bool json = false;
};

/// Runs `work` on the registry; shows what was reported.
template <class Work>
void with_registry(const MeshFlags& flags, CommandContext& context, const Work& work) {
  with_product_registry(flags, context, [&](mesh::ObjectStore& store, const std::string&, Reporter& reporter) {
    mesh::Registry registry(store, system_clock());
    return work(registry, reporter);
  });
}

/// What readers should know of it; nothing of one that is active.
std::string state_text(const mesh::Interface& interface) {
  const mesh::LifeState state = mesh::state_of(interface);
  if (state == mesh::LifeState::active) return "";
  if (state == mesh::LifeState::draft) return "  draft";
  return "  deprecated until " + interface.deprecated->until;
}

Status list(mesh::Registry& registry, bool json) {
  BRAID_ASSIGN(const std::vector<std::string> domains, registry.domains());
  for (const std::string& domain : domains) {
    BRAID_ASSIGN(const std::vector<mesh::StoredPublication> chain, registry.chain(domain));
    const mesh::Publication& head = chain.front().publication;
    if (!json) fmt::print("{}: publication {} of {}\n", domain, head.sequence, timestamp_text(head.time_us));
    for (const auto& [name, versions] : head.products)
      for (const auto& [version, published] : versions) {
        BRAID_ASSIGN(const mesh::Interface interface, registry.interface(published.interface));
        if (json) {
          JsonObject one;
          one.text("product", domain + "." + name);
          one.number("version", version);
          one.number("minor", published.minor);
          one.text("kind", mesh::word_of(interface.kind));
          one.text("state", mesh::word_of(mesh::state_of(interface)));
          one.text("owner", interface.owner);
          one.text("interface", published.interface);
          one.text("urn", mesh::urn_of(head.tenant, domain, name, version));
          fmt::print("{}\n", one.take());
        } else {
          fmt::print("  {}  version {}.{}  {}{}  {}{}\n", name, version, published.minor, mesh::word_of(interface.kind),
                     state_text(interface), counted(static_cast<int64_t>(interface.fields.size()), "field"),
                     interface.owner.empty() ? "" : "  " + interface.owner);
        }
      }
    for (const auto& [name, published] : head.definitions) {
      BRAID_ASSIGN(const mesh::Definition definition, registry.definition(published.definition));
      if (json) {
        JsonObject one;
        one.text("definition", domain + "." + name);
        one.text("kind", published.kind);
        one.number("minor", published.minor);
        one.text("owner", definition.owner);
        one.text("hash", published.definition);
        fmt::print("{}\n", one.take());
      } else {
        fmt::print("  {}  {}, change {}{}\n", name, published.kind, published.minor,
                   definition.owner.empty() ? "" : "  " + definition.owner);
      }
    }
    for (const auto& [name, versions] : head.retired)
      for (const auto& [version, retired] : versions) {
        if (!json) {
          fmt::print("  {}  version {}.{}  retired\n", name, version, retired.minor);
          continue;
        }
        JsonObject one;
        one.text("product", domain + "." + name);
        one.number("version", version);
        one.number("minor", retired.minor);
        one.text("state", "retired");
        one.text("interface", retired.interface);
        one.text("urn", mesh::urn_of(head.tenant, domain, name, version));
        fmt::print("{}\n", one.take());
      }
  }
  if (domains.empty() && !json) fmt::print("nothing is published in {}\n", registry.place());
  return {};
}

std::string indented(const std::string& lines, const std::string& indent) {
  std::string text = indent;
  for (const char c : lines) {
    text += c;
    if (c == '\n') text += indent;
  }
  return text + "\n";
}

/// Who may read, which rows, and what is masked.
std::string access_text(const mesh::Interface& interface) {
  std::string text;
  const auto allow = [&](const auto& clause, const std::string& where) {
    text += fmt::format("  allow read to {}{}{}\n", fmt::join(clause.readers, ", "),
                        clause.purposes.empty() ? "" : fmt::format(" for purpose {}", fmt::join(clause.purposes, ", ")),
                        where.empty() ? "" : " where " + where);
  };
  for (const mesh::InterfaceAllow& one : interface.allows) allow(one, "");
  for (const mesh::InterfaceRows& one : interface.access.rows) allow(one, one.where);
  for (const mesh::InterfaceMask& mask : interface.access.masks)
    text += fmt::format("  mask {}{}{}\n", fmt::join(mask.field, "."),
                        mask.with.empty() ? ", where it is written" : " with " + mask.with,
                        mask.except.empty() ? "" : fmt::format(" except {}", fmt::join(mask.except, ", ")));
  if (!interface.access.rows_for.empty()) text += "  its rows are those of " + interface.access.rows_for + "\n";
  return text;
}

std::string shown(const mesh::Interface& interface, const mesh::PublishedProduct& published) {
  std::string text = fmt::format("{} version {}.{}  {}{}\n", interface.qualified(), interface.version, published.minor,
                                 mesh::word_of(interface.kind), state_text(interface));
  if (!interface.documentation.empty()) text += "  " + interface.documentation + "\n";
  if (!interface.owner.empty()) text += "  owner  " + interface.owner + "\n";
  if (!interface.key.empty()) text += "  key    " + typed::names_text(interface.key) + "\n";
  if (interface.time) {
    text += "  time   " + (interface.time->field.empty() ? "not in a field" : interface.time->field) + " within ";
    append_duration_literal(text, interface.time->within_us);
    text += "\n";
  }
  for (const mesh::InterfaceField& field : interface.fields)
    text += fmt::format("  {}: {}{}\n", field.name, to_string(field.type),
                        field.documentation.empty() ? "" : "  // " + field.documentation);
  text += access_text(interface);
  if (interface.migration) {
    text +=
        fmt::format("  a row of version {} becomes one of version {}:\n", interface.migration->from, interface.version);
    text += indented(interface.migration->steps, "    ");
  }
  for (const mesh::InterfaceAddress& address : published.addresses)
    text += fmt::format("  in {}: {} {} {}\n", address.environment.empty() ? "every environment" : address.environment,
                        address.connector, address.address, address.format);
  return text;
}

/// What stands behind a reader whose `case` over these enums has no `else`.
std::string unanswered(const std::set<std::string>& exhaustive) {
  if (exhaustive.empty()) return {};
  return fmt::format("; has no answer to a new symbol of {}", fmt::join(exhaustive, ", "));
}

std::string names_json(const std::set<std::string>& names) {
  JsonArray made;
  for (const std::string& name : names) {
    std::string text;
    append_json_string(text, name);
    made.add(text);
  }
  return made.take();
}

Status show_document(mesh::Registry& registry, const std::string& title, const mesh::PublishedProduct& published,
                     const std::string& form, Reporter& reporter) {
  const auto hash = published.documents.find(form);
  if (hash == published.documents.end()) {
    std::vector<std::string> forms;
    for (const auto& [known, ignored] : published.documents) forms.push_back(known);
    auto finding = reporter.report(diag::DocumentNotPublished{.product = title, .form = form});
    if (!forms.empty()) finding.note(fmt::format("it has: {}", fmt::join(forms, ", ")));
    return {};
  }
  BRAID_ASSIGN(const std::string text, registry.object(hash->second));
  std::fputs(text.c_str(), stdout);
  return {};
}

std::string shown(const mesh::Definition& definition, const mesh::PublishedDefinition& published) {
  std::string text = fmt::format("{}  {}, change {}\n", definition.qualified(), published.kind, published.minor);
  if (!definition.owner.empty()) text += "  owner  " + definition.owner + "\n";
  const auto add = [&](const mesh::DefinitionItem& item) {
    if (!item.documentation.empty()) text += "  /// " + item.documentation + "\n";
    text += "  " + item.text + "\n";
  };
  for (const mesh::DefinitionItem& item : definition.items)
    if (definition.is_root(item)) add(item);
  for (const mesh::DefinitionItem& item : definition.items) {
    if (definition.is_root(item)) continue;
    text += fmt::format("  stands on {}.{}\n", item.domain, item.name);
    add(item);
  }
  return text;
}

/// A type, function, aggregate or service.
Status show_definition(mesh::Registry& registry, const std::string& name, const mesh::PublishedDefinition& published,
                       bool json) {
  BRAID_ASSIGN(const mesh::Definition definition, registry.definition(published.definition));
  BRAID_ASSIGN(const std::vector<mesh::DefinitionUser> users, registry.users_of(name));
  if (!json) {
    std::fputs(shown(definition, published).c_str(), stdout);
    for (const mesh::DefinitionUser& user : users)
      fmt::print("  {} uses {}{}{}\n", user.user,
                 user.use.fields.empty() ? "it" : fmt::format("{}", fmt::join(user.use.fields, ", ")),
                 user.use.definition == published.definition ? "" : ", of an earlier form",
                 unanswered(user.use.exhaustive));
    return {};
  }
  JsonObject one;
  one.raw("definition", mesh::to_json(definition));
  one.text("kind", published.kind);
  one.number("minor", published.minor);
  one.text("hash", published.definition);
  JsonArray list;
  for (const mesh::DefinitionUser& user : users) {
    JsonObject each;
    each.text("user", user.user);
    each.text("definition", user.use.definition);
    each.raw("fields", names_json(user.use.fields));
    each.raw("exhaustive", names_json(user.use.exhaustive));
    list.add(each.take());
  }
  one.raw("users", list.take());
  fmt::print("{}\n", one.take());
  return {};
}

/// As it was last.
void show_retired(const mesh::Interface& interface, const mesh::RetiredProduct& retired, bool json) {
  if (!json) {
    fmt::print("{} version {}.{}  {}  retired\n", interface.qualified(), interface.version, retired.minor,
               mesh::word_of(interface.kind));
    return;
  }
  JsonObject one;
  one.raw("interface", mesh::to_json(interface));
  one.number("minor", retired.minor);
  one.text("state", "retired");
  one.text("hash", retired.interface);
  fmt::print("{}\n", one.take());
}

Status show_product(mesh::Registry& registry, const MeshFlags& flags, Reporter& reporter) {
  const auto versioned = mesh::parse_version_name(flags.name);
  const std::string name = versioned ? versioned->first : flags.name;
  const size_t dot = name.rfind('.');
  const std::string domain = dot == std::string::npos ? name : name.substr(0, dot);
  const std::string product = dot == std::string::npos ? "" : name.substr(dot + 1);
  std::vector<mesh::StoredPublication> chain;
  if (mesh::is_domain_name(domain)) {
    BRAID_ASSIGN(chain, registry.chain(domain));
  }
  if (chain.empty()) {
    BRAID_ASSIGN(const std::vector<std::string> domains, registry.domains());
    auto finding = reporter.report(diag::DomainNotPublished{.domain = domain});
    if (const auto near = closest(domain, domains)) finding.note("did you mean `" + *near + "`?");
    return {};
  }
  const mesh::Publication& head = chain.front().publication;
  const mesh::PublishedProducts& products = head.products;
  const auto found = products.find(product);
  const auto definition = versioned || !flags.form.empty() ? head.definitions.end() : head.definitions.find(product);
  if (definition != head.definitions.end()) {
    BRAID_TRY(show_definition(registry, name, definition->second, flags.json));
    if (found == products.end()) return {};
  }
  if (const auto over = head.retired.find(product); over != head.retired.end() && flags.form.empty()) {
    bool shown = false;
    for (const auto& [version, retired] : over->second) {
      if (versioned && version != versioned->second) continue;
      BRAID_ASSIGN(const mesh::Interface interface, registry.interface(retired.interface));
      show_retired(interface, retired, flags.json);
      shown = true;
    }
    if (shown && (found == products.end() || (versioned && !found->second.contains(versioned->second)))) return {};
  }
  if (found == products.end()) {
    std::vector<std::string> names;
    for (const auto& [each, versions] : products) names.push_back(each);
    for (const auto& [each, one] : head.definitions) names.push_back(each);
    auto finding = reporter.report(diag::NotPublished{.domain = domain, .name = product});
    if (const auto near = closest(product, names)) finding.note("did you mean `" + *near + "`?");
    finding.note(fmt::format("it publishes: {}", fmt::join(names, ", ")));
    return {};
  }
  if (versioned && !found->second.contains(versioned->second)) {
    reporter.report(diag::VersionNotPublished{.product = name, .version = versioned->second});
    return {};
  }
  if (!flags.form.empty()) {
    const auto version = versioned ? found->second.find(versioned->second) : std::prev(found->second.end());
    return show_document(registry, fmt::format("{} version {}", name, version->first), version->second, flags.form,
                         reporter);
  }
  for (const auto& [version, published] : found->second) {
    if (versioned && version != versioned->second) continue;
    BRAID_ASSIGN(const mesh::Interface interface, registry.interface(published.interface));
    BRAID_ASSIGN(const std::vector<mesh::Reader> readers, registry.readers_of(name, version));
    if (!flags.json) {
      std::fputs(shown(interface, published).c_str(), stdout);
      for (const mesh::Reader& reader : readers)
        fmt::print("  {} reads {}{}{}\n", reader.reader, fmt::join(reader.read.fields, ", "),
                   reader.read.interface == published.interface ? "" : ", of an earlier interface",
                   unanswered(reader.read.exhaustive));
      continue;
    }
    JsonObject one;
    mesh::Interface whole = interface;
    whole.addresses = published.addresses;
    one.raw("interface", mesh::to_json(whole));
    one.number("minor", published.minor);
    one.text("state", mesh::word_of(mesh::state_of(interface)));
    one.text("hash", published.interface);
    JsonArray list;
    for (const mesh::Reader& reader : readers) {
      JsonObject each;
      each.text("reader", reader.reader);
      each.text("interface", reader.read.interface);
      each.raw("fields", names_json(reader.read.fields));
      each.raw("exhaustive", names_json(reader.read.exhaustive));
      each.raw("expects", mesh::expectation_to_json(reader.read.expects).dump());
      list.add(each.take());
    }
    one.raw("readers", list.take());
    fmt::print("{}\n", one.take());
  }
  return {};
}

}  // namespace

void add_mesh(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("mesh", "Shows what the registry of products has");
  command->require_subcommand(1);

  auto listed = std::make_shared<MeshFlags>();
  CLI::App* list_command = command->add_subcommand("list", "Lists the domains of the registry and what they publish");
  listed->add_to(*list_command);
  list_command->add_flag("--json", listed->json, "Write JSON, one product a line");
  list_command->callback([listed, &context] {
    with_registry(*listed, context, [&](mesh::Registry& registry, Reporter&) { return list(registry, listed->json); });
  });

  auto one = std::make_shared<MeshFlags>();
  CLI::App* show_command = command->add_subcommand(
      "show",
      "Shows a product: its interface, where its rows are, who reads it; or a type, function, aggregate or service");
  show_command->add_option("name", one->name, "Product, as payments.payment or payments.payment@1")
      ->required()
      ->type_name("PRODUCT");
  one->add_to(*show_command);
  show_command->add_flag("--json", one->json, "Write JSON, one version a line");
  show_command
      ->add_option("--as", one->form, "Write a document that was published with it instead, of the newest version")
      ->check(CLI::IsMember(document_forms()));
  show_command->add_flag_callback(
      "--samples", [one] { one->form = kSamples; },
      "Write the rows that were published with it as examples, as JSON, a line each");
  show_command->callback([one, &context] {
    with_registry(*one, context,
                  [&](mesh::Registry& registry, Reporter& reporter) { return show_product(registry, *one, reporter); });
  });

  auto collected = std::make_shared<MeshFlags>();
  CLI::App* gc_command = command->add_subcommand("gc", "Removes what killed publishers have left in the registry");
  collected->add_to(*gc_command);
  gc_command->callback([collected, &context] {
    with_registry(*collected, context, [&](mesh::Registry& registry, Reporter&) -> Status {
      BRAID_ASSIGN(const mesh::Collected done, registry.collect());
      fmt::print("removed {} that nothing names, and {}\n", counted(done.objects, "object"),
                 counted(done.leftovers, "unfinished file"));
      return {};
    });
  });

  add_mesh_key(*command, context);
  add_mesh_serve(*command, context);
}

}  // namespace braid::cli
