// Dispositions and outputs as they fall, and the ledger they add up to: each record counts once per product, by the
// first step that settled it on its first way there.
#pragma once

#include <set>
#include <tuple>

#include "tests/reference/reference.h"

namespace braid::reference {

enum class Kind { used, filtered, duplicate, unmatched, rejected, late };

/// What a row is traced back to: a record of a source, a published row of a product, or nothing (it was made).
struct Cause {
  bool made = false;       ///< the row has the derived ledger
  bool has_origin = true;  ///< windows make rows of many records
  uint32_t relation = 0;   ///< number of the source, or sources + product
  uint32_t partition = 0;
  int64_t position = 0;
  int64_t line = 0;
  uint64_t record = 0;           ///< different for each record of the relation
  std::set<int> elsewhere = {};  ///< products that count the record by what becomes of it on another way
};

class Outcome {
 public:
  void begin(const plan::Plan& plan, const typed::Project& project, const std::vector<std::string>& relation_names);

  /// `step`: number of the node; `input`: of a join, 0 for its right side and 1 for its left.
  void settle(const std::vector<int>& products, int step, int input, const Cause& cause, Kind kind);
  void make(const std::vector<int>& products) {
    for (const int product : products) ++products_[product].derived.in;
  }
  void partly_late(const std::vector<int>& products, const Cause& cause);
  void early(const std::vector<int>& products, const Cause& cause);
  void enter(int product, uint32_t relation, int64_t records) {
    products_[product].inputs[relation_names_[relation]].in += records;
  }
  void write(const std::vector<int>& products, const std::string& port, const OutputRow& row) {
    for (const int product : products) products_[product].rows[port].push_back(row);
  }
  std::vector<ProductOutcome> finish();

 private:
  using Record = std::pair<uint32_t, uint64_t>;
  struct First {
    int step, input;
    Kind kind;
  };
  static int64_t& count(Counts& counts, Kind kind);

  std::vector<std::string> relation_names_;
  std::vector<ProductOutcome> products_;
  std::vector<std::map<Record, First>> first_;
};

}  // namespace braid::reference
