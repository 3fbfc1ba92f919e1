// What [env.NAME.serve_access] may say: who may read served products, how much, and over what.
//
// Findings show no line of braid.toml, since a secret may stand in it.
#pragma once

#include <string>
#include <vector>

#include "cli/project/kafka_config.h"
#include "cli/project/project.h"

namespace braid::cli {

/// A list of texts, or something else.
struct WrittenList {
  std::string key;
  std::optional<std::vector<std::string>> texts;
  Span span;
};

/// Of the section itself (`consumer` empty), or of one of its consumers. Paths stay as written.
void read_serve_access(const std::string& section, const std::string& consumer,
                       const std::vector<WrittenSetting>& settings, const std::vector<WrittenList>& lists,
                       ServeAccessConfig& config, const SourceSet& sources, Reporter& reporter);
/// What is not whole is an error: nobody is let in by half a rule. `has_issuer`: [mesh.identity] is there.
void check_serve_access(const std::string& section, bool has_issuer, const ServeAccessConfig& config,
                        Reporter& reporter);

}  // namespace braid::cli
