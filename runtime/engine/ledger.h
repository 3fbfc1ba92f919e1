// What became of every record, per product and what it reads: the accounting law. Plain values; the engine counts, the
// job stores them with each commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/state/wire.h"
#include "runtime/time/partition_clock.h"

namespace braid {

/// in = used + filtered + duplicate + unmatched + rejected + late + held + erased, at every commit. In the ledger of
/// derived rows `in` is what was made and `used` what was emitted.
struct Ledger {
  int64_t in = 0, used = 0, filtered = 0, duplicate = 0, unmatched = 0, rejected = 0, late = 0, held = 0;
  int64_t partly_late = 0;  ///< of the used: late for some of their windows
  int64_t early = 0;        ///< joined before the table's time, whatever became of them: `wait at most`
  int64_t erased = 0;       ///< of subjects that were erased (runtime/erasure)

  int64_t deviation() const { return in - (used + filtered + duplicate + unmatched + rejected + late + held + erased); }
  Ledger& operator+=(const Ledger& other);
  friend bool operator==(const Ledger&, const Ledger&) = default;
};

struct ProductLedger {
  struct Input {
    uint32_t relation;  ///< source, or number of sources + product
    Ledger ledger;
  };
  std::vector<Input> inputs;
  Ledger derived;    ///< rows that windows and interval joins made
  int64_t rows = 0;  ///< written to the product's output
  int64_t alerts = 0;
  int64_t newest = kNoTime;  ///< event time of the newest of these rows
};

/// A product's ledgers as they are stored: inputs by name.
struct StoredLedger {
  std::vector<std::pair<std::string, Ledger>> inputs;
  Ledger derived;
  int64_t rows = 0, alerts = 0, newest = kNoTime;
  /// None if the bytes are no ledger.
  static std::optional<StoredLedger> read(std::string_view bytes);
};

class LedgerBook {
 public:
  explicit LedgerBook(const Program& program);

  Ledger& of(int product, uint32_t relation);
  Ledger& derived(int product) { return products_[product].derived; }
  ProductLedger& product(int product) { return products_[product]; }
  const std::vector<ProductLedger>& products() const { return products_; }
  /// The sum of all deviations' magnitudes: zero, or a bug.
  int64_t deviation() const;
  /// A static table is read again: what was counted of it is forgotten.
  void forget_relation(uint32_t relation);
  std::string relation_name(uint32_t relation) const;

  /// One product's ledgers, by the names of what it reads.
  std::string store(int product) const;
  /// False if the bytes are no ledger. Inputs that the program no longer has are dropped.
  bool load(int product, std::string_view bytes);

 private:
  const Program& program_;
  std::vector<ProductLedger> products_;
  std::vector<std::vector<int>> places_;  ///< [product][relation] → index into inputs, −1
};

}  // namespace braid
