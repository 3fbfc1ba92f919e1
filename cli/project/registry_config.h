// What [env.NAME.registry] may say: where the schema registry is, and how the job logs in.
//
// Findings name their place in the text and show no line of braid.toml, since a secret may stand in it.
#pragma once

#include <string>
#include <vector>

#include "cli/project/kafka_config.h"
#include "cli/project/project.h"

namespace braid::cli {

/// Into `config`; reports what is wrong. `section`: "[env.prod.registry]".
void read_registry_settings(const std::string& section, const std::vector<WrittenSetting>& settings,
                            RegistryConfig& config, const SourceSet& sources, Reporter& reporter);

/// Whether the setting takes a reference only.
bool is_registry_secret(const std::string& key);

}  // namespace braid::cli
