// What commands on the registry of products share: which one is meant, and how what was found wrong is shown.
#pragma once

#include <string>

#include "cli/commands/command.h"
#include "cli/session/mesh_registry.h"
#include "runtime/base/fs.h"

namespace braid::cli {

struct RegistryFlags {
  std::string path = ".";
  std::string registry;

  void add_to(CLI::App& command) {
    command.add_option("--project", path, "Project folder, whose braid.toml names the registry")
        ->type_name("PATH")
        ->capture_default_str();
    command.add_option("--registry", registry, "Registry, instead of that of braid.toml")->type_name("PLACE");
  }
};

/// The project that the flags mean; one without anything else where there is none and the registry is named. Nothing,
/// and reported, if there is none.
inline std::optional<Project> project_of(const RegistryFlags& flags, SourceSet& sources, Reporter& reporter) {
  // Another place is reached as the project, if there is one, says of its kind.
  std::optional<Project> project;
  const Result<FileInfo> config = real_fs().stat(join_path(flags.path, "braid.toml"));
  if (flags.registry.empty() || (config.ok() && config->exists))
    project = find_project(flags.path, sources, reporter);
  else
    project.emplace();
  if (project && !flags.registry.empty()) {
    project->mesh.registry = flags.registry;
    project->mesh.registry_span = {};
  }
  return project;
}

/// Runs `work(store, tenant, reporter)`, which gives a Status; shows what was reported. The tenant is the project's, or
/// the default one where there is no project.
template <class Work>
void with_product_registry(const RegistryFlags& flags, CommandContext& context, const Work& work) {
  SourceSet sources;
  Reporter reporter;
  if (const std::optional<Project> project = project_of(flags, sources, reporter))
    if (const auto store = open_product_registry(*project, reporter))
      if (const Status done = work(*store, project->mesh.tenant, reporter); !done.ok())
        report_error(done.error(), reporter);
  const std::vector<Diagnostic> findings = reporter.take_sorted();
  show_findings(findings, sources, context.console, FindingFormat::text);
  context.exit_code = exit_code_of(findings);
}

}  // namespace braid::cli
