// The services that a program asks: where they are in the environment, and the clients that ask them.
#pragma once

#include <map>
#include <string>

#include "cli/project/project.h"
#include "compiler/typed/project.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/lookup/service.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// By the script, the environment, and `inputs`: files by the names of services, as `--input` has them. Reads secrets.
void bind_services(Program& program, const typed::Project& project, const Environment& environment,
                   const std::map<std::string, std::string>& inputs, const std::string& root, Reporter& reporter);

/// Clients of bound services. Both outlive them.
MakeService service_clients(Fs& fs, Clock& clock);

}  // namespace braid::cli
