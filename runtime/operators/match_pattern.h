// The matches of a pattern that are open at once for one key, and what the next row of the key makes of them. Knows
// nothing of conditions: the caller asks them (asks()) and says which hold.
//
// An open match has its rows and the element that it stands in. For the next row it does the first that it can:
//   it takes the row for that element, or for one behind it, if those between may be absent. If it can do several of
//   these, it becomes several matches, in that order;
//   it passes the row over. Then it may end: a `no` forbids the row, or `next` wants the row that has just gone by.
// Matches are in order: by their first row, and those of one row in the order in which they came apart. With the first
// row that completes one, the first of those it completes goes out, and all that begin no later than its last row end.
// (After Brenna et al., Cayuga, 2007, and the skip-till-next-match of SASE+, 2008; the order is ours:
// docs/decisions/0043-match.md.)
//
// One key is one OpenMatches; a MatchPattern is immutable and serves all. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/slot.h"
#include "runtime/time/partition_clock.h"

namespace braid {

struct OpenMatch {
  uint32_t element = 0;          ///< in which the last row is
  bool passed_over = false;      ///< a row has come since
  uint64_t forbidden = 0;        ///< bit e: and one that `no` e forbids
  std::vector<uint32_t> counts;  ///< rows of each element up to that one
  std::vector<uint64_t> rows;    ///< their numbers, in order

  uint64_t first() const { return rows.front(); }
  uint64_t last() const { return rows.back(); }
};

struct OpenMatches {
  struct Row {
    int64_t time;
    Bytes bytes;  ///< the caller's
  };
  std::deque<Row> rows;       ///< those that matches have, and some between them
  uint64_t first_number = 0;  ///< of rows.front(); numbers go up
  std::vector<OpenMatch> open;
  uint64_t references = 0;  ///< rows of all matches, one counted as often as it is in one

  const Row& row(uint64_t number) const { return rows[number - first_number]; }
  uint64_t next_number() const { return first_number + rows.size(); }
};

class MatchPattern {
 public:
  using Element = MatchOperator::Element;
  using Mask = uint64_t;  ///< bit e: element e

  explicit MatchPattern(const MatchOperator& content);

  /// Elements for which the row at hand is asked, of those in `may`: where it may go, and what it must not be.
  Mask asks(const OpenMatch& match, Mask may) const {
    const Ways ways = ways_of(match);
    return may & ((ways.stays ? bit(match.element) : 0) | ways.targets | ways.forbids);
  }
  static constexpr Mask kFirst = 1;  ///< that a row is asked to begin a match
  /// Whether a row for which no condition holds may still end a match.
  bool minds_gaps() const { return minds_gaps_; }

  /// A match that goes out.
  struct Done {
    OpenMatch match;
    bool at_deadline = false;
  };
  /// The row with this number comes, which no other row has yet; holds[i] are the elements of which it is one for
  /// open[i], and `begins` says whether it is the first element's. False: there would be too many open matches, and
  /// nothing has happened. `used`: it has become part of a match.
  bool step(OpenMatches& matches, uint64_t number, std::span<const Mask> holds, bool begins, std::vector<Done>& done,
            bool& used) const;
  /// Matches whose time is over before `time` end, or go out.
  void expire(OpenMatches& matches, int64_t time, std::vector<Done>& done) const;
  /// When the time of the first open match is over.
  int64_t deadline(const OpenMatches& matches) const {
    return add_time(matches.row(matches.open.front().first()).time, within_us_);
  }
  /// Whether a match that goes out at its deadline has that as its time.
  bool ends_with_no() const { return elements_.back().kind == Element::Kind::absent; }
  /// Its time may lie before the row or the deadline that completes it by as much as a match takes.
  bool holds_time_back() const { return holds_time_back_; }

 private:
  /// What the next row can be.
  struct Ways {
    bool stays = false;  ///< one more of its element
    Mask targets = 0;    ///< the first of these elements
    Mask forbids = 0;    ///< not one of these
    bool whole = false;  ///< it has all that it must have, and no row that it must not
    /// It goes out now: nothing can come, nor need be waited for.
    bool complete() const { return whole && !stays && targets == 0 && forbids == 0; }
    bool alive() const { return whole || stays || targets != 0; }
  };
  static constexpr Mask bit(uint32_t element) { return Mask{1} << element; }
  Ways ways_of(const OpenMatch& match) const;
  bool is_next(uint32_t element) const { return elements_[element].kind == Element::Kind::next; }
  /// What a match becomes, behind `open`, up to one that is complete, which is moved to `done`. The match is used up.
  bool advance(OpenMatch& match, uint64_t number, Mask holds, std::vector<OpenMatch>& open,
               std::vector<Done>& done) const;
  static void take(OpenMatch& match, uint32_t element, uint64_t number);
  size_t becomes(const OpenMatch& match, Mask holds) const;

  const std::vector<Element>& elements_;
  int64_t within_us_;
  bool minds_gaps_ = false;
  bool holds_time_back_ = false;
};

}  // namespace braid
