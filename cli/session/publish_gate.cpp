#include "cli/session/publish_gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "mesh/registry/content_hash.h"

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
  made.reads_key = !read.key.empty() && std::ranges::all_of(read.key, [&](const std::vector<std::string>& path) {
    return reader.read.fields.contains(path.front());
  });
  made.reads_time = read.time && reader.read.fields.contains(first_part(read.time->field));
  return made;
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
    std::vector<mesh::KnownReader> readers;
    BRAID_ASSIGN(const std::vector<mesh::Reader> registered,
                 registry.readers_of(interface.qualified(), interface.version));
    for (const mesh::Reader& reader : registered) {
      BRAID_ASSIGN(mesh::KnownReader known, known_reader(registry, reader, before));
      if (before.allows != interface.allows) {
        BRAID_ASSIGN(const std::optional<mesh::AccessEntry> grant,
                     book.grant(interface.qualified(), interface.version, known.domain));
        known.granted = grant.has_value();
      }
      readers.push_back(std::move(known));
    }
    BRAID_ASSIGN(mesh::Verdict verdict, mesh::judge(before, interface, readers, mesh::json_wire()));
    verdicts.push_back({.product = fmt::format("{} version {}", interface.qualified(), interface.version),
                        .verdict = std::move(verdict)});
  }
  return verdicts;
}

}  // namespace braid::cli
