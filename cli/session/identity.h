// Who somebody is, by a token in a file and the issuer that [mesh.identity] of braid.toml names.
#pragma once

#include <optional>
#include <string>

#include "cli/project/project.h"
#include "mesh/identity/token.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// Nothing, and reported, if the project names no issuer, its keys cannot be had, or the token is not accepted. Keys
/// behind a URL are kept in `.braid` for five minutes; they are asked for again where the token names one that is not
/// there. While the server is away, those of the last hour do.
std::optional<mesh::Identity> identity_of_token(const Project& project, const std::string& token_path,
                                                Reporter& reporter, Fs& fs, Clock& clock);

}  // namespace braid::cli
