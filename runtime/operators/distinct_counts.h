// Distinct counts of a group: all that count the same argument share a set of its values, in which a bit per count says
// that the count has the value. A row costs one probe, however many counts there are; null is a value among others.
//
// A set lies in the group's state. In the store its values are rows of their own, parts: each holds what one commit
// added, so that a commit writes only what is new. The rows of a set are numbered from 0.
// Key of a part: timed key of the group's window and hash | group key (u32 and bytes) | set u16 | part u32.
//
// DistinctCounts are immutable; states belong to the caller. One thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/operators/accumulators.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/store.h"

namespace braid {

/// The distinct counts of a window that moves over groups: each is in the windows up to one.
class MovingCounts {
 public:
  virtual ~MovingCounts() = default;
  /// Until it has left, the group stays as it is and where it is.
  virtual void enter(const char* group, int64_t last_end) = 0;
  /// All that entered with that end leave at once, before any with a later one.
  virtual void leave(const char* group, int64_t last_end) = 0;
  /// Into the counts of a group's state.
  virtual void write(char* group) const = 0;
};

class DistinctCounts {
 public:
  /// What there is of a set in the store. It leads the set's state.
  using Parts = Accumulator::Parts;

  virtual ~DistinctCounts() = default;
  /// Bytes of a state, a multiple of 8. Zeroed memory is a state without values.
  virtual size_t size() const = 0;
  /// Row rows[i] goes to the group at groups[i]: into its set and its counts. Gives the bytes that are new to the
  /// store, about.
  virtual uint64_t add(const Block& block, std::span<const uint32_t> rows, char* const* groups, Arena& arena,
                       BlobPool& pool) const = 0;
  /// What has been added since the last call, as the parts to be stored: by their number.
  virtual void take_news(char* group, BlobPool& pool,
                         const std::function<void(uint32_t part, std::string_view bytes)>& put) const = 0;
  /// A part of the set comes back; false: the bytes are no part.
  virtual bool load(std::string_view part, char* group, BlobPool& pool) const = 0;
  /// The values of group `from`, which stays as it is, go to `into`, too: into its set and its counts.
  virtual void merge(const char* from, char* into, BlobPool& pool) const = 0;
  /// The same where `into` is stored: what it has not is new to the store. Gives the bytes of that, about.
  virtual uint64_t absorb(const char* from, char* into, BlobPool& pool) const = 0;
  virtual std::unique_ptr<MovingCounts> moving() const = 0;
  virtual void end(char* group, BlobPool& pool) const = 0;
  virtual Parts& parts(char* group) const = 0;
};

/// A count that reads the argument: the field that it counts, if its filter keeps the row, and where it is.
struct DistinctCount {
  int argument;
  int filter;     ///< −1: none
  size_t offset;  ///< of an int64 in the group's state
};
/// At most kDistinctCounts of one type, whose arguments agree where both filters keep a row.
inline constexpr size_t kDistinctCounts = 32;
std::unique_ptr<DistinctCounts> make_distinct_counts(const std::vector<Field>& row,
                                                     std::span<const DistinctCount> counts, size_t offset);
/// The aggregates that share a set, for each set, as indexes into `aggregates`.
std::vector<std::vector<size_t>> distinct_sets(std::span<const AggregateSpec> aggregates);

/// What the part's timed key has behind the hash.
std::string part_place(std::string_view group_key, uint16_t set, uint32_t part);
struct PartPlace {
  std::string_view group_key;
  uint16_t set = 0;
  uint32_t part = 0;
};
/// False: the bytes are no such place.
bool parse_part_place(std::string_view bytes, PartPlace* place);

}  // namespace braid
