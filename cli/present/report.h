// The report of a run, for people: for each product the rows that came in, what happened to them, and why rows were
// rejected.
#pragma once

#include <string>

#include "cli/present/console.h"
#include "runtime/engine/job.h"

namespace braid::cli {

/// "  operations.flight  6,420 in = 5,467 used + 953 filtered": a line for each input, then derived rows.
std::string ledger_lines(const JobReport::Product& product);
/// An instant as 2013-11-03T05:00:00Z; "none yet" before the first.
std::string instant_text(int64_t time);
/// "1.2 M events/s"
std::string rate_text(int64_t events, int64_t duration_us);

/// One line with the progress of a run, rewritten in place on a terminal.
class ProgressLine {
 public:
  ProgressLine(const Console& console, Clock& clock) : console_(console), clock_(clock), began_us_(clock.steady_us()) {}
  ~ProgressLine() { clear(); }
  void show(const JobProgress& progress);
  void clear();
  int64_t elapsed_us() const { return clock_.steady_us() - began_us_; }

 private:
  const Console& console_;
  Clock& clock_;
  int64_t began_us_;
  int64_t shown_us_ = 0;
  bool visible_ = false;
};

}  // namespace braid::cli
