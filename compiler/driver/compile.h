// The compiler from script text to a Program, stage by stage; the result of each stage can be read. A Compilation
// is used by one thread and outlives the programs made of it (they refer to function declarations only).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/ast/nodes.h"
#include "compiler/optimize/optimize.h"
#include "compiler/plan/physical.h"
#include "compiler/plan/plan.h"
#include "compiler/typed/call_sites.h"
#include "compiler/typed/project.h"
#include "runtime/base/clock.h"
#include "runtime/declare/function.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::driver {

/// What a script may use, and the checks of time zones and patterns. Outlives every compilation.
struct Language {
  const FunctionRegistry& functions;
  std::function<bool(std::string_view)> knows_zone = {};
  std::function<std::vector<std::string>()> zone_names = {};
  std::function<std::string(std::string_view)> pattern_fault = {};
  std::function<int64_t()> now_us = {};  ///< of the clock, for products that end; empty: none has ended
};

/// Every script of the source set that ends in .braid, parsed once. `first`: those from that file on.
std::vector<std::unique_ptr<ast::Script>> parse_scripts(const SourceSet& sources, Reporter& reporter,
                                                        uint32_t first = 0);

/// Checks them as one project. `run_files`: what a run is about, as indexes into the sources; empty: all of it
/// (CheckInput::run_files). `labels`: that fields may have; absent: any. `first_interface`: as CheckInput has it.
typed::Project check_scripts(const std::vector<std::unique_ptr<ast::Script>>& scripts, const SourceSet& sources,
                             const Language& language, const std::map<std::string, std::string>& parameters,
                             const std::vector<uint32_t>& run_files, Reporter& reporter,
                             const std::optional<std::vector<std::string>>& labels = std::nullopt,
                             uint32_t first_interface = UINT32_MAX);

/// A stage and how long it took.
struct StageTime {
  std::string stage;
  int64_t duration_us;
};

/// From the checked project on: nothing here can be the user's mistake.
struct Compiled {
  plan::Plan checked;  ///< before any pass
  optimize::Optimized optimized;
  plan::PhysicalPlan physical;  ///< its program has interpreted kernels and runs
  std::shared_ptr<typed::CallSites> call_sites;
  std::vector<StageTime> times;

  Program& program() { return physical.program; }
};

Compiled compile(const typed::Project& project, const std::vector<typed::RelationId>& products,
                 const optimize::Options& options, Clock& clock, plan::PutOut put_out = plan::PutOut::rows);

/// Names the places of sites and expressions for people: file, line and column, and what is written there. Files below
/// `root` are named from there, so that results do not depend on the working directory.
void name_places(Program& program, const SourceSet& sources, const std::string& root);

/// Ids of the products declared in these files (indexes into the sources); of all files if the list is empty.
std::vector<typed::RelationId> products_of(const typed::Project& project, const std::vector<uint32_t>& only_files);

}  // namespace braid::driver
