// One read of one view: which rows, in which order, how many. All ways in make such a plan; the rows come from here.
//
// The plan chooses a range of the view that has all rows asked for: of the key, of an index, of time, or all; what the
// range does not decide is compared row by row. A read looks at a bounded number of rows and may end before it has as
// many as were asked for; its token goes on from there, on the same epoch.
//
// A plan has the sight of its reader (sight.h): conditions compare what the reader sees, and what is masked for it
// chooses no range and no order. So two views that differ in nothing but masked values give it the same answers.
// A plan is a value. read() on any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/view/view_reader.h"
#include "serve/read/sight.h"

namespace braid::serve {

/// How a field of a row compares with a value of its type. Null is below, above and beside no value, and equals null.
struct Condition {
  enum class Op : uint8_t { eq, ne, lt, le, gt, ge };
  FieldPlace field;
  std::vector<int> path;  ///< of the field
  Op op = Op::eq;
  std::string value;  ///< ordered bytes, as of `field.type`
  bool is_null = false;
};

struct ReadPlan {
  std::vector<Condition> where = {};  ///< all hold
  AsOf as_of = {};
  bool descending = false;
  /// In the order of this index instead of that of the key or of time: only of what is there now.
  std::optional<size_t> by_index = {};
  uint64_t limit = 100;
  std::string behind = {};        ///< ReadResult::position of the read before
  Sight sight = {};               ///< of the reader
  std::vector<int> columns = {};  ///< fields that are shown, for the count; empty: all
  /// Called for each row before it is taken, if set: its key (of events time and number), and its position. As they
  /// are: what goes out of them to a reader that does not see all is sealed.
  std::function<void(std::string_view key, const std::string& position)> at_row = {};
};

struct ReadResult {
  uint64_t rows = 0;
  uint64_t looked_at = 0;
  bool more = false;     ///< there may be more rows: `position` goes on behind these
  std::string position;  ///< bytes, sealed where the reader does not see all
};

/// Why a plan cannot be read.
struct Refusal {
  std::string reason;
  bool gone = false;  ///< it could be read once
};
/// Nothing: it can be read.
Result<std::optional<Refusal>> refuse(const ReadPlan& plan, const ViewReader& reader);

/// Whether all of them hold of a row; `bytes` is for its values.
bool holds(const std::vector<Condition>& where, const Slot* slots, std::string& bytes);

/// A row as its leaves; they live for the call. False: no more rows are wanted.
using TakeRow = std::function<bool(const Slot* slots, const ViewStamp& stamp)>;

/// Stored rows that one read looks at, at most, but for versions of one key.
inline constexpr uint64_t kMostLookedAt = 100'000;

/// An error of kind `input`: `behind` is no position of this reader.
Result<ReadResult> read(const ReadPlan& plan, const ViewReader& reader, const TakeRow& take);
/// The row of a key, of ordered bytes, as the reader of the plan sees it; of the plan nothing else counts but `as_of`
/// and `columns`. False, without a call of `take`: it has none, or none that the reader sees.
Result<bool> read_row(std::string_view key, const ReadPlan& plan, ViewReader& reader, const TakeRow& take);

}  // namespace braid::serve
