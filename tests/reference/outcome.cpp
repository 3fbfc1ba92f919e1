#include "tests/reference/outcome.h"

#include "runtime/base/check.h"

namespace braid::reference {

void Outcome::begin(const plan::Plan& plan, const typed::Project& project,
                    const std::vector<std::string>& relation_names) {
  relation_names_ = relation_names;
  products_.resize(plan.products.size());
  first_.resize(plan.products.size());
  for (size_t i = 0; i < plan.products.size(); ++i) products_[i].name = project.relations[plan.products[i]].qualified();
}

int64_t& Outcome::count(Counts& counts, Kind kind) {
  switch (kind) {
    case Kind::used:
      return counts.used;
    case Kind::filtered:
      return counts.filtered;
    case Kind::duplicate:
      return counts.duplicate;
    case Kind::unmatched:
      return counts.unmatched;
    case Kind::rejected:
      return counts.rejected;
    case Kind::late:
      return counts.late;
  }
  BRAID_UNREACHABLE("kind of disposition");
}

void Outcome::settle(const std::vector<int>& products, int step, int input, const Cause& cause, Kind kind) {
  for (const int product : products) {
    if (cause.made) {
      ++count(products_[product].derived, kind);
      continue;
    }
    if (cause.elsewhere.contains(product)) continue;
    const auto [known, added] = first_[product].try_emplace({cause.relation, cause.record}, First{step, input, kind});
    if (added || std::tie(known->second.step, known->second.input) <= std::tie(step, input)) continue;
    known->second = {step, input, kind};
  }
}

void Outcome::partly_late(const std::vector<int>& products, const Cause& cause) {
  for (const int product : products)
    ++(cause.made ? products_[product].derived : products_[product].inputs[relation_names_[cause.relation]])
          .partly_late;
}

void Outcome::early(const std::vector<int>& products, const Cause& cause) {
  for (const int product : products)
    ++(cause.made ? products_[product].derived : products_[product].inputs[relation_names_[cause.relation]]).early;
}

std::vector<ProductOutcome> Outcome::finish() {
  for (size_t product = 0; product < products_.size(); ++product)
    for (const auto& [record, first] : first_[product])
      ++count(products_[product].inputs[relation_names_[record.first]], first.kind);
  return std::move(products_);
}

}  // namespace braid::reference
