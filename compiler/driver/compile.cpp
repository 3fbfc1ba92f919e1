#include "compiler/driver/compile.h"

#include <algorithm>

#include "compiler/check/check.h"
#include "compiler/interpret/interpret.h"
#include "compiler/parse/parse.h"

namespace braid::driver {

std::vector<std::unique_ptr<ast::Script>> parse_scripts(const SourceSet& sources, Reporter& reporter) {
  std::vector<std::unique_ptr<ast::Script>> scripts;
  for (uint32_t file = 0; file < sources.size(); ++file)
    if (sources.file(file).path.ends_with(".braid"))
      scripts.push_back(std::make_unique<ast::Script>(parse(sources, file, reporter)));
  return scripts;
}

typed::Project check_scripts(const std::vector<std::unique_ptr<ast::Script>>& scripts, const SourceSet& sources,
                             const Language& language, const std::map<std::string, std::string>& parameters,
                             const std::vector<uint32_t>& run_files, Reporter& reporter) {
  CheckInput input{.scripts = {}, .sources = sources, .functions = language.functions};
  for (const auto& script : scripts) input.scripts.push_back(script.get());
  input.parameter_overrides = parameters;
  input.knows_zone = language.knows_zone;
  input.zone_names = language.zone_names;
  input.pattern_fault = language.pattern_fault;
  input.run_files = run_files;
  return check(input, reporter);
}

Compiled compile(const typed::Project& project, const std::vector<typed::RelationId>& products,
                 const optimize::Options& options, Clock& clock) {
  Compiled made;
  int64_t begin = clock.steady_us();
  auto stage = [&](std::string name) {
    const int64_t now = clock.steady_us();
    made.times.push_back({std::move(name), now - begin});
    begin = now;
  };
  made.checked = plan::build(project, products);
  stage("plan");
  made.optimized = optimize::optimize(made.checked, project, options, clock);
  stage("optimize");
  made.physical = plan::lower(made.optimized.plan, project, made.optimized.lowering);
  stage("lower");
  made.call_sites = std::make_shared<typed::CallSites>();
  Program& program = made.physical.program;
  for (size_t i = 0; i < made.physical.kernels.size(); ++i) {
    auto kernel = interpret::interpret(made.physical.kernels[i], *made.call_sites);
    plan::kernel_slot(program, made.physical.places[i]).set(kernel.get());
    program.kernels.push_back(std::move(kernel));
  }
  program.cache_count = made.call_sites->count();
  program.free_caches = made.call_sites->free_functions();
  stage("interpret");
  return made;
}

std::vector<typed::RelationId> products_of(const typed::Project& project, const std::vector<uint32_t>& only_files) {
  std::vector<typed::RelationId> products;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    const typed::Relation& relation = project.relations[id];
    if (relation.kind != typed::RelationKind::product) continue;
    const bool wanted =
        only_files.empty() || std::find(only_files.begin(), only_files.end(), relation.span.file) != only_files.end();
    if (wanted) products.push_back(static_cast<typed::RelationId>(id));
  }
  return products;
}

}  // namespace braid::driver
