// What [env.NAME.lineage], [mesh.identity], [mesh.s3] and [mesh.http] may say: who is told what jobs read and write,
// who says who people are, and how a registry is reached.
#pragma once

#include <string>
#include <vector>

#include "cli/project/kafka_config.h"
#include "cli/project/project.h"

namespace braid::cli {

/// Into `config`; reports what is wrong. `place`: of the section. Paths stay as written.
void read_lineage_settings(const std::string& section, Span place, const std::vector<WrittenSetting>& settings,
                           LineageConfig& config, const SourceSet& sources, Reporter& reporter);
/// Of [mesh.s3] or [mesh.http], whose name is `section`. Findings show no line, since a secret may stand in it.
void read_mesh_store_settings(const std::string& section, const std::vector<WrittenSetting>& settings,
                              MeshStoreConfig& config, const SourceSet& sources, Reporter& reporter);
/// The same. What is not whole is an error: nobody is believed by half a rule.
void read_identity_settings(Span place, const std::vector<WrittenSetting>& settings, IdentityConfig& config,
                            Reporter& reporter);
/// Warns (W7329) if a token is sent to a registry on another machine without TLS.
void warn_of_token_in_the_clear(const MeshConfig& config, Reporter& reporter);

}  // namespace braid::cli
