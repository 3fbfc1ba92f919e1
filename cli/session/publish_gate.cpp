#include "cli/session/publish_gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "mesh/gate/definition_change.h"
#include "mesh/registry/content_hash.h"
#include "runtime/report/life_findings.h"

namespace braid::cli {
namespace {

std::string first_part(const std::string& path) {
  return path.substr(0, path.find('.'));
}

/// The owner of a product, as its newest interface has it.
Result<std::string> owner_of(mesh::Registry& registry, const std::string& domain, const std::string& name,
                             int64_t version) {
  BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(domain));
  if (!head) return std::string();
  const auto product = head->publication.products.find(name);
  if (product == head->publication.products.end() || !product->second.contains(version)) return std::string();
  BRAID_ASSIGN(const mesh::Interface interface, registry.interface(product->second.at(version).interface));
  return interface.owner;
}

/// A reader as the gate wants it. It goes by key or time if it reads all columns of the key, or that of the time.
Result<mesh::KnownReader> known_reader(mesh::Registry& registry, const mesh::Reader& reader,
                                       const mesh::Interface& read) {
  mesh::KnownReader made{.name = reader.reader, .domain = {}, .owner = {}};
  if (const auto parsed = mesh::parse_version_name(reader.reader)) {
    const size_t dot = parsed->first.rfind('.');
    made.name = fmt::format("{} version {}", parsed->first, parsed->second);
    made.domain = parsed->first.substr(0, dot);
    BRAID_ASSIGN(made.owner, owner_of(registry, made.domain, parsed->first.substr(dot + 1), parsed->second));
  }
  made.fields.assign(reader.read.fields.begin(), reader.read.fields.end());
  made.exhaustive.assign(reader.read.exhaustive.begin(), reader.read.exhaustive.end());
  made.expects = reader.read.expects;
  made.reads_key = !read.key.empty() && std::ranges::all_of(read.key, [&](const std::vector<std::string>& path) {
    return reader.read.fields.contains(path.front());
  });
  made.reads_time = read.time && reader.read.fields.contains(first_part(read.time->field));
  return made;
}

/// Of the registry, as the gate wants them. `read`: what they were checked against, or near it.
Result<std::vector<mesh::KnownReader>> known_readers(mesh::Registry& registry, const mesh::Interface& read) {
  std::vector<mesh::KnownReader> readers;
  BRAID_ASSIGN(const std::vector<mesh::Reader> registered, registry.readers_of(read.qualified(), read.version));
  for (const mesh::Reader& reader : registered) {
    BRAID_ASSIGN(mesh::KnownReader known, known_reader(registry, reader, read));
    readers.push_back(std::move(known));
  }
  return readers;
}

/// Who uses a definition, as the gate wants them.
Result<std::vector<mesh::KnownReader>> known_users(mesh::Registry& registry, const std::string& name) {
  std::vector<mesh::KnownReader> made;
  BRAID_ASSIGN(const std::vector<mesh::DefinitionUser> users, registry.users_of(name));
  for (const mesh::DefinitionUser& user : users) {
    mesh::KnownReader& one = made.emplace_back();
    one.name = user.user;
    const auto version = mesh::parse_version_name(user.user);
    const std::string qualified = version ? version->first : user.user;
    const size_t dot = qualified.rfind('.');
    one.domain = qualified.substr(0, dot);
    if (version) {
      one.name = fmt::format("{} version {}", qualified, version->second);
      BRAID_ASSIGN(one.owner, owner_of(registry, one.domain, qualified.substr(dot + 1), version->second));
    }
    one.fields.assign(user.use.fields.begin(), user.use.fields.end());
    one.exhaustive.assign(user.use.exhaustive.begin(), user.use.exhaustive.end());
  }
  return made;
}

Status judge_definitions(mesh::Registry& registry, const mesh::Draft& draft, const mesh::StoredPublication& head,
                         std::vector<mesh::ProductVerdict>& verdicts) {
  const mesh::PublishedDefinitions& published = head.publication.definitions;
  for (const mesh::Definition& definition : draft.definitions) {
    const auto old = published.find(definition.name);
    if (old == published.end() || mesh::content_hash(mesh::to_json(definition)) == old->second.definition) continue;
    BRAID_ASSIGN(const mesh::Definition before, registry.definition(old->second.definition));
    BRAID_ASSIGN(const std::vector<mesh::KnownReader> users, known_users(registry, definition.qualified()));
    verdicts.push_back({.product = definition.qualified(), .verdict = mesh::judge(before, definition, users)});
  }
  for (const auto& [name, old] : published) {
    if (!draft.retired.contains(draft.domain + "." + name)) continue;
    BRAID_ASSIGN(const mesh::Definition before, registry.definition(old.definition));
    BRAID_ASSIGN(const std::vector<mesh::KnownReader> users, known_users(registry, before.qualified()));
    verdicts.push_back({.product = before.qualified(), .verdict = mesh::judge_removal(before, users)});
  }
  return {};
}

std::string title_of(const mesh::Interface& interface) {
  return fmt::format("{} version {}", interface.qualified(), interface.version);
}

}  // namespace

Result<std::vector<mesh::ProductVerdict>> judge_draft(mesh::Registry& registry, mesh::AccessBook& book,
                                                      const mesh::Draft& draft,
                                                      const std::optional<mesh::StoredPublication>& head) {
  std::vector<mesh::ProductVerdict> verdicts;
  if (!head) return verdicts;
  for (mesh::Interface interface : draft.interfaces) {
    const auto product = head->publication.products.find(interface.name);
    if (product == head->publication.products.end() || !product->second.contains(interface.version)) continue;
    interface.addresses.clear();
    // One interface has one text.
    const std::string& published = product->second.at(interface.version).interface;
    if (mesh::content_hash(mesh::to_json(interface)) == published) continue;
    BRAID_ASSIGN(const mesh::Interface before, registry.interface(published));
    BRAID_ASSIGN(std::vector<mesh::KnownReader> readers, known_readers(registry, before));
    if (before.allows != interface.allows)
      for (mesh::KnownReader& reader : readers) {
        BRAID_ASSIGN(const std::optional<mesh::AccessEntry> grant,
                     book.grant(interface.qualified(), interface.version, reader.domain));
        reader.granted = grant.has_value();
      }
    BRAID_ASSIGN(mesh::Verdict verdict, mesh::judge(before, interface, readers,
                                                    mesh::wires_of(product->second.at(interface.version).addresses)));
    verdicts.push_back({.product = title_of(interface), .verdict = std::move(verdict)});
  }
  for (const auto& [name, versions] : head->publication.products)
    for (const auto& [version, published] : versions) {
      if (!draft.retired.contains(mesh::version_name(draft.domain + "." + name, version))) continue;
      BRAID_ASSIGN(const mesh::Interface before, registry.interface(published.interface));
      BRAID_ASSIGN(const std::vector<mesh::KnownReader> readers, known_readers(registry, before));
      verdicts.push_back({.product = title_of(before), .verdict = mesh::judge_removal(before, readers)});
    }
  BRAID_TRY(judge_definitions(registry, draft, *head, verdicts));
  return verdicts;
}

Result<std::vector<mesh::ProductVerdict>> judge_drafts(mesh::Registry& registry, mesh::AccessBook& book,
                                                       const std::vector<mesh::Draft>& drafts) {
  std::vector<mesh::ProductVerdict> made;
  for (const mesh::Draft& draft : drafts) {
    BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(draft.domain));
    BRAID_ASSIGN(std::vector<mesh::ProductVerdict> of_domain, judge_draft(registry, book, draft, head));
    std::ranges::move(of_domain, std::back_inserter(made));
  }
  return made;
}

Status report_withheld(mesh::Registry& registry, const Drafts& drafts, const std::vector<std::string>& retired,
                       Reporter& reporter) {
  for (const auto& [version, reason] : drafts.withheld) {
    const auto parsed = mesh::parse_version_name(version);
    if (!parsed || std::ranges::find(retired, version) != retired.end()) continue;
    const size_t dot = parsed->first.rfind('.');
    BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(parsed->first.substr(0, dot)));
    if (!head) continue;
    const auto product = head->publication.products.find(parsed->first.substr(dot + 1));
    if (product == head->publication.products.end() || !product->second.contains(parsed->second)) continue;
    reporter.report(diag::StaysPublished{.product = version, .reason = reason})
        .note(fmt::format("its readers would go on with publication {}, and its masks and conditions",
                          head->publication.sequence))
        .note(fmt::format("change it as the reason says, or take it out: `braid publish --retire {}`", version));
  }
  return {};
}

bool breaks(const std::vector<mesh::ProductVerdict>& verdicts) {
  return std::ranges::any_of(verdicts, [](const mesh::ProductVerdict& one) { return one.verdict.breaks(); });
}

}  // namespace braid::cli
