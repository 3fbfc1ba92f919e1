// One ordered list of passes over the plan, which keep its meaning and reduce work. Each can be switched off by name,
// is timed, and its result is verified. On or off, every record has the same disposition: a pass never moves an
// expression that can fail across a step at which a row may leave, and never a filter across a step that would have
// rejected or dropped the row before.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan/lower.h"
#include "compiler/plan/plan.h"
#include "runtime/base/clock.h"

namespace braid::optimize {

struct PassDescription {
  std::string_view name;
  std::string_view summary;
};
/// All passes in the order they run; the last two act when the plan is lowered.
const std::vector<PassDescription>& passes();

struct Options {
  std::set<std::string, std::less<>> disabled;
};

struct PassReport {
  std::string_view name;
  bool enabled = true;
  int changes = 0;
  int64_t duration_us = 0;
};

struct Optimized {
  plan::Plan plan;
  plan::LowerOptions lowering;
  std::vector<PassReport> reports;
};

Optimized optimize(plan::Plan plan, const typed::Project& project, const Options& options, Clock& clock);

}  // namespace braid::optimize
