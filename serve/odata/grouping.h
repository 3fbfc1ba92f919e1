// Groups of rows and their aggregates, for a stage of $apply. Bounded: groups, and bytes of what is kept.
//
// Numbers are exact: whole numbers and decimals are added with 38 digits, doubles are rounded once. One thread.
#pragma once

#include <map>
#include <set>

#include "runtime/data/exact_sum.h"
#include "runtime/data/row_codec.h"
#include "serve/odata/apply.h"

namespace braid::serve::odata {

inline constexpr size_t kMostGroups = 100'000;
inline constexpr size_t kMostKept = 64 << 20;  ///< bytes that a request keeps of rows, groups and values

/// Rows in memory, of a shape.
struct Table {
  Shape shape;
  std::shared_ptr<RowLayout> layout;  ///< of shape.row
  std::vector<std::string> rows;      ///< by that layout
};

class Grouping {
 public:
  /// The stage outlives this.
  explicit Grouping(const Stage& stage);
  /// False: it cannot take the row; fault() says why.
  bool add(const RowOf& row);
  const char* fault() const { return fault_; }
  /// In the order of the groups' values. Nothing: fault() says why.
  std::optional<Table> finish();

 private:
  /// Of one aggregate of one group.
  struct Tally {
    int64_t count = 0;  ///< of rows, or of values that are not null
    int128 sum = 0;
    std::unique_ptr<ExactSum> reals = {};
    Datum most = {};  ///< min, max; its text is `text`
    std::string text = {};
    std::set<std::string> distinct = {};
  };
  struct Group {
    std::string row;  ///< the values by which it is one, encoded
    std::vector<Tally> tallies;
  };

  bool count(const Aggregate& aggregate, const Datum& value, Tally& tally);
  bool write(const Aggregate& aggregate, const FieldPlace& place, const Tally& tally, Slot* slots);
  bool fails(const char* why) {
    fault_ = why;
    return false;
  }
  bool keep(size_t bytes);

  const Stage& stage_;
  std::shared_ptr<RowLayout> layout_;
  std::map<std::string, Group> groups_;
  Evaluator evaluator_;
  std::string key_;
  size_t kept_ = 0;
  const char* fault_ = nullptr;
};

/// Writes a value into the leaves of a field; `from`: of its value where it is not null.
void put_value(const FieldPlace& to, const Slot* value, size_t leaves, Slot* slots);

}  // namespace braid::serve::odata
