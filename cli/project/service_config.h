// What [env.NAME.service."domain.name"] may say: where a service is in this environment, and how the job logs in.
//
// Findings name their place in the text and show no line of braid.toml, since a secret may stand in it.
#pragma once

#include <string>
#include <vector>

#include "cli/project/kafka_config.h"
#include "cli/project/project.h"

namespace braid::cli {

/// Into `config`; reports what is wrong. `section`: "[env.prod.service.\"shop.geo\"]".
void read_service_settings(const std::string& section, const std::vector<WrittenSetting>& settings,
                           ServiceConfig& config, const SourceSet& sources, Reporter& reporter);

}  // namespace braid::cli
