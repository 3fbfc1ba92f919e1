#include "runtime/engine/ledger.h"

#include <cstdlib>

namespace braid {
namespace {

constexpr uint16_t kLayout = 4;
constexpr uint16_t kWithoutErased = 3;
constexpr uint16_t kWithoutNewest = 2;
constexpr uint16_t kWithoutEarly = 1;

Ledger read_ledger(WireReader& in, uint16_t layout) {
  if (layout == kLayout) return in.fixed<Ledger>();
  Ledger ledger;
  for (int64_t Ledger::* count : {&Ledger::in, &Ledger::used, &Ledger::filtered, &Ledger::duplicate, &Ledger::unmatched,
                                  &Ledger::rejected, &Ledger::late, &Ledger::held, &Ledger::partly_late})
    ledger.*count = in.fixed<int64_t>();
  if (layout != kWithoutEarly) ledger.early = in.fixed<int64_t>();
  return ledger;
}

}  // namespace

Ledger& Ledger::operator+=(const Ledger& other) {
  for (int64_t Ledger::* count :
       {&Ledger::in, &Ledger::used, &Ledger::filtered, &Ledger::duplicate, &Ledger::unmatched, &Ledger::rejected,
        &Ledger::late, &Ledger::held, &Ledger::partly_late, &Ledger::early, &Ledger::erased})
    this->*count += other.*count;
  return *this;
}

LedgerBook::LedgerBook(const Program& program) : program_(program), products_(program.products.size()) {
  places_.assign(products_.size(), std::vector<int>(program.sources.size() + program.products.size() + 1, -1));
  for (size_t p = 0; p < products_.size(); ++p) {
    for (int source : program.products[p].sources) of(static_cast<int>(p), static_cast<uint32_t>(source));
    for (int product : program.products[p].products)
      of(static_cast<int>(p), static_cast<uint32_t>(program.sources.size()) + static_cast<uint32_t>(product));
  }
}

Ledger& LedgerBook::of(int product, uint32_t relation) {
  int& place = places_[product][relation];
  if (place < 0) {
    place = static_cast<int>(products_[product].inputs.size());
    products_[product].inputs.push_back({relation, {}});
  }
  return products_[product].inputs[place].ledger;
}

int64_t LedgerBook::deviation() const {
  int64_t sum = 0;
  for (const ProductLedger& product : products_) {
    for (const ProductLedger::Input& input : product.inputs) sum += std::abs(input.ledger.deviation());
    sum += std::abs(product.derived.deviation());
  }
  return sum;
}

void LedgerBook::forget_relation(uint32_t relation) {
  for (ProductLedger& product : products_)
    for (ProductLedger::Input& input : product.inputs)
      if (input.relation == relation) input.ledger = {};
}

std::string LedgerBook::relation_name(uint32_t relation) const {
  if (relation < program_.sources.size()) return program_.sources[relation].name;
  relation -= static_cast<uint32_t>(program_.sources.size());
  if (relation < program_.products.size()) return program_.products[relation].qualified();
  return "";
}

std::string LedgerBook::store(int product) const {
  const ProductLedger& ledger = products_[product];
  WireWriter out;
  out.fixed(kLayout);
  out.fixed(ledger.rows);
  out.fixed(ledger.alerts);
  out.fixed(ledger.newest);
  out.fixed(ledger.derived);
  out.fixed(static_cast<uint32_t>(ledger.inputs.size()));
  for (const ProductLedger::Input& input : ledger.inputs) {
    out.text(relation_name(input.relation));
    out.fixed(input.ledger);
  }
  return out.take();
}

std::optional<StoredLedger> StoredLedger::read(std::string_view bytes) {
  StoredLedger ledger;
  WireReader in(bytes);
  const auto layout = in.fixed<uint16_t>();
  if (layout != kLayout && layout != kWithoutErased && layout != kWithoutNewest && layout != kWithoutEarly)
    return std::nullopt;
  ledger.rows = in.fixed<int64_t>();
  ledger.alerts = in.fixed<int64_t>();
  if (layout >= kWithoutErased) ledger.newest = in.fixed<int64_t>();
  ledger.derived = read_ledger(in, layout);
  auto count = in.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    std::string name(in.text());
    ledger.inputs.emplace_back(std::move(name), read_ledger(in, layout));
  }
  if (in.failed()) return std::nullopt;
  return ledger;
}

bool LedgerBook::load(int product, std::string_view bytes) {
  const std::optional<StoredLedger> stored = StoredLedger::read(bytes);
  if (!stored) return false;
  ProductLedger& ledger = products_[product];
  ledger.rows = stored->rows;
  ledger.alerts = stored->alerts;
  ledger.newest = stored->newest;
  ledger.derived = stored->derived;
  for (const auto& [name, of_input] : stored->inputs)
    for (ProductLedger::Input& input : ledger.inputs)
      if (relation_name(input.relation) == name) input.ledger = of_input;
  return true;
}

}  // namespace braid
