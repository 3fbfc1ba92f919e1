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

void compare_products(const Program& program, std::set<std::string> before, StateDiff& diff) {
  for (const ProductSpec& product : program.products)
    if (before.erase(stored_name(product)) == 0) diff.added_products.push_back(shown(stored_name(product)));
  for (const std::string& name : before) diff.gone_products.push_back(shown(name));
}

}  // namespace

bool StateDiff::loses() const {
  return std::ranges::any_of(steps, [](const StepVerdict& each) { return each.fit.loses(); });
}

Result<std::optional<StateDiff>> state_diff(const Program& program, StateStore& store, const std::string& directory,
                                            const InputPlaces& places, const StateParts& parts) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(places.fs, directory));
  BRAID_ASSIGN(const std::optional<StoreHeader> header, read_header(store, directory, identity));
  if (!header) return std::optional<StateDiff>();
  StateDiff diff{.project = header->project, .steps = {}, .added_products = {}, .gone_products = {}};
  BRAID_ASSIGN(OperatorStates states, match_states(program, parts, store));
  std::optional<History> history;
  for (StateFit& fit : states.fits) {
    StepVerdict verdict{std::move(fit), {}};
    if (verdict.fit.is_open()) {
      if (!history) {
        BRAID_ASSIGN(History read, read_history(store));
        history = std::move(read);
      }
      BRAID_ASSIGN(verdict.retained, retained_for(program, verdict.fit.op, *history, store, places));
    }
    diff.steps.push_back(std::move(verdict));
  }
  std::set<std::string> stored;
  BRAID_TRY(store.scan(StateFamily::meta, kProducts, [&](std::string_view key, std::string_view) -> Status {
    stored.emplace(key.substr(kProducts.size()));
    return {};
  }));
  compare_products(program, std::move(stored), diff);
  return std::optional<StateDiff>(std::move(diff));
}

StateDiff state_diff(const Program& program, const StateParts& parts, const Program& before,
                     const StateParts& parts_before, const std::string& no_topics) {
  StateDiff diff;
  std::vector<StateRecord> records = state_records(before, parts_before);
  for (size_t i = 0; i < records.size(); ++i) records[i].number = static_cast<uint32_t>(i + 1);
  OperatorStates states = match_states(program, parts, records, static_cast<uint32_t>(records.size() + 1));
  for (StateFit& fit : states.fits) {
    StepVerdict verdict{std::move(fit), {}};
    if (verdict.fit.is_open()) verdict.retained = retained_by_kind(program, verdict.fit.op, no_topics);
    diff.steps.push_back(std::move(verdict));
  }
  std::set<std::string> products;
  for (const ProductSpec& product : before.products) products.insert(stored_name(product));
  compare_products(program, std::move(products), diff);
  return diff;
}

}  // namespace braid
