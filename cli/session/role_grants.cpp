#include "cli/session/role_grants.h"

#include <algorithm>

#include "cli/session/mesh_registry.h"
#include "runtime/base/clock.h"

namespace braid::cli {

std::vector<mesh::AccessEntry> role_grants(const Project& project, const access::Subject& reader) {
  if (project.mesh.registry.empty() || reader.roles.empty()) return {};
  Reporter unused;  // what grants nothing is no mistake of the command
  const std::unique_ptr<mesh::ObjectStore> store = open_product_registry(project, unused);
  if (store == nullptr) return {};
  mesh::AccessBook book(*store, system_clock());
  std::vector<Error> faults;
  Result<std::vector<mesh::AccessEntry>> all = book.all(&faults);
  if (!all.ok()) return {};
  std::erase_if(*all, [&](const mesh::AccessEntry& one) {
    return one.state != mesh::AccessState::granted || one.role.empty() ||
           std::ranges::find(reader.roles, one.role) == reader.roles.end();
  });
  return std::move(*all);
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
