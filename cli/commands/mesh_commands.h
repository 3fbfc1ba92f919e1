// Parts of `braid mesh` that have files of their own.
#pragma once

#include "cli/commands/command.h"

namespace braid::cli {

/// `braid mesh key`
void add_mesh_key(CLI::App& mesh, CommandContext& context);
/// `braid mesh serve`
void add_mesh_serve(CLI::App& mesh, CommandContext& context);

}  // namespace braid::cli
