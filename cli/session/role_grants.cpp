#include "cli/session/role_grants.h"

#include <algorithm>

#include "cli/session/mesh_registry.h"
#include "runtime/base/clock.h"

namespace braid::cli {

std::optional<std::vector<mesh::AccessEntry>> all_role_grants(const Project& project) {
  if (project.mesh.registry.empty()) return std::vector<mesh::AccessEntry>();
  Reporter unused;  // what grants nothing is no mistake of the command
  const std::unique_ptr<mesh::ObjectStore> store = open_product_registry(project, unused);
  if (store == nullptr) return std::nullopt;
  mesh::AccessBook book(*store, system_clock());
  std::vector<Error> faults;
  Result<std::vector<mesh::AccessEntry>> all = book.all(&faults);
  if (!all.ok()) return std::nullopt;
  std::erase_if(
      *all, [](const mesh::AccessEntry& one) { return one.state != mesh::AccessState::granted || one.role.empty(); });
  return std::move(*all);
}

std::vector<mesh::AccessEntry> role_grants(const Project& project, const access::Subject& reader) {
  if (reader.roles.empty()) return {};
  std::vector<mesh::AccessEntry> all = all_role_grants(project).value_or(std::vector<mesh::AccessEntry>());
  std::erase_if(all, [&](const mesh::AccessEntry& one) {
    return std::ranges::find(reader.roles, one.role) == reader.roles.end();
  });
  return all;
}

void add_role_grants(const std::vector<mesh::AccessEntry>& grants, const access::Subject& reader,
                     typed::Relation& product) {
  for (const mesh::AccessEntry& one : grants) {
    if (one.product != product.qualified() || one.version != product.version) continue;
    typed::AllowRule rule{.readers = {{.kind = typed::Principal::Kind::role, .name = one.role}},
                          .purposes = {},
                          .until_us = one.until_us};
    rule.span = product.span;
    if (!reader.purpose.empty()) rule.purposes = {one.purpose};
    product.access.allows.push_back(std::move(rule));
  }
}

}  // namespace braid::cli
