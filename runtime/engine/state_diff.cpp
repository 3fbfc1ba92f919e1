#include "runtime/engine/state_diff.h"

#include <algorithm>
#include <set>

#include "runtime/engine/store_identity.h"

namespace braid {
namespace {

constexpr std::string_view kProducts = "product/";

std::string stored_name(const ProductSpec& product) {
  return product.qualified() + "/" + std::to_string(product.version);
}

std::string shown(std::string name) {
  const size_t slash = name.rfind('/');
  return name.substr(0, slash) + " version " + name.substr(slash + 1);
}

}  // namespace

bool StateDiff::fits() const {
  return added_products.empty() &&
         std::ranges::all_of(steps, [](const StateFit& each) { return each.kind == StateFit::Kind::kept; });
}

bool StateDiff::loses() const {
  return std::ranges::any_of(steps, [](const StateFit& each) {
    return each.kind == StateFit::Kind::changed || each.kind == StateFit::Kind::gone;
  });
}

Result<std::optional<StateDiff>> state_diff(const Program& program, StateStore& store, Fs& fs,
                                            const std::string& directory) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(fs, directory));
  BRAID_ASSIGN(const std::optional<StoreHeader> header, read_header(store, directory, identity));
  if (!header) return std::optional<StateDiff>();
  StateDiff diff{.project = header->project, .steps = {}, .added_products = {}, .gone_products = {}};
  BRAID_ASSIGN(OperatorStates states, match_states(program, store, false));
  diff.steps = std::move(states.fits);
  std::set<std::string> stored;
  BRAID_TRY(store.scan(StateFamily::meta, kProducts, [&](std::string_view key, std::string_view) -> Status {
    stored.emplace(key.substr(kProducts.size()));
    return {};
  }));
  for (const ProductSpec& product : program.products)
    if (stored.erase(stored_name(product)) == 0) diff.added_products.push_back(shown(stored_name(product)));
  for (const std::string& name : stored) diff.gone_products.push_back(shown(name));
  return std::optional<StateDiff>(std::move(diff));
}

}  // namespace braid
