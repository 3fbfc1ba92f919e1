// What a reader sees of a view, and who counts what it reads. A way in takes the sight of its reader from whoever knows
// the rules (serve/access/reader_rules.h) and puts it into the plan; read_plan.h applies it to every row before
// anything that the request says: before its conditions, its order and its fields.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/slot.h"

namespace braid::serve {

/// What sealed positions begin with, and others do not: whoever sees all rows takes none for a position.
inline constexpr std::string_view kSealed =
    "\xff"
    "sealed\x01";

/// The rows of one view for one reader, where these are not all of them as they are. Immutable; any thread.
class SeenRows {
 public:
  /// For the rows of one read; one thread.
  class Eye {
   public:
    virtual ~Eye() = default;
    /// The leaves that the reader sees of a row with that event time, until the next call. Null: the row is not there
    /// for it.
    virtual const Slot* see(const Slot* slots, int64_t time) = 0;
  };
  virtual ~SeenRows() = default;
  virtual std::unique_ptr<Eye> begin() const = 0;
  /// Paths of fields that do not show what is stored. Neither these nor parts of them choose what is looked at.
  virtual const std::vector<std::vector<int>>& masked() const = 0;
  /// The same number: the same rules. For an ETag, which does not hold when they change.
  virtual uint64_t form() const = 0;
  /// A position may be that of a row which the reader does not see, so it goes out as bytes that only this process can
  /// read, for this reader, with kSealed in front. Nothing: they are not of such a position.
  virtual std::string seal(std::string_view position) const = 0;
  virtual std::optional<std::string> unseal(std::string_view sealed) const = 0;
};

/// Counts what a reader reads. Any thread.
class ReadCount {
 public:
  virtual ~ReadCount() = default;
  /// One read: `columns` are the fields that were shown or compared.
  virtual void count(const std::set<int>& columns, uint64_t rows) = 0;
};

struct Sight {
  std::shared_ptr<const SeenRows> rows = {};  ///< null: all of them, as they are
  std::shared_ptr<ReadCount> count = {};      ///< null: nobody counts
};

/// Whether the value at that path, or a part of it, is masked.
bool is_masked(const Sight& sight, const std::vector<int>& path);

}  // namespace braid::serve
