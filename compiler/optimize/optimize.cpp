#include "compiler/optimize/optimize.h"

#include "compiler/optimize/pass.h"
#include "compiler/plan/verify.h"

namespace braid::optimize {
namespace {

using Run = int (*)(plan::Plan&, const typed::Project&);
struct Pass {
  PassDescription description;
  Run run;  ///< null: acts in lowering
};

const Pass kPasses[] = {
    {{"fold_constants", "what is constant is computed once, when compiling"}, fold_constants},
    {{"push_filters", "filters run before work that they make needless"}, push_filters},
    {{"share_subplans", "equal steps of several products run once"}, share_subplans},
    {{"prune_decoder", "fields that nothing reads are not decoded"}, nullptr},
    {{"fuse_stateless", "neighbouring row-by-row steps run in one loop"}, nullptr},
};

}  // namespace

const std::vector<PassDescription>& passes() {
  static const std::vector<PassDescription> all = [] {
    std::vector<PassDescription> list;
    for (const Pass& pass : kPasses) list.push_back(pass.description);
    return list;
  }();
  return all;
}

Optimized optimize(plan::Plan plan, const typed::Project& project, const Options& options, Clock& clock) {
  Optimized made;
  plan::verify(plan, "build");
  for (const Pass& pass : kPasses) {
    PassReport report{.name = pass.description.name, .enabled = !options.disabled.contains(pass.description.name)};
    if (report.enabled && pass.run) {
      const int64_t begin = clock.steady_us();
      report.changes = pass.run(plan, project);
      report.duration_us = clock.steady_us() - begin;
      plan::verify(plan, pass.description.name);
    }
    made.reports.push_back(report);
  }
  made.lowering.prune_decoder = !options.disabled.contains("prune_decoder");
  made.lowering.fuse_stateless = !options.disabled.contains("fuse_stateless");
  made.plan = std::move(plan);
  return made;
}

}  // namespace braid::optimize
