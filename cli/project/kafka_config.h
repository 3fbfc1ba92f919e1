// What [env.NAME.kafka] may say: settings of the job, and settings of the client library by an allow-list.
//
// Findings name their place in the text and show no line of braid.toml, since a secret may stand in it.
#pragma once

#include <string>
#include <vector>

#include "cli/project/project.h"

namespace braid::cli {

/// A line of the section, nested tables written with dots: `sasl.username`.
struct WrittenSetting {
  std::string key;
  std::string value;  ///< a text without its quotes; anything else as it is written
  enum class Kind { text, number, flag, other } kind = Kind::text;
  Span span;  ///< of the key
};

/// Whether a key looks like one of [env.NAME.kafka], wherever it stands.
bool is_kafka_setting(const std::string& key);
/// Into `config`; reports what is wrong. `section`: "[env.prod.kafka]".
void read_kafka_settings(const std::string& section, const std::vector<WrittenSetting>& settings, KafkaConfig& config,
                         const SourceSet& sources, Reporter& reporter);
/// "exactly-once", "at-least-once"
std::optional<Delivery> delivery_named(const std::string& name);
inline constexpr const char* kDeliveryForm = R"("exactly-once" or "at-least-once")";

/// Whether the value is read at start: `env:NAME`, `file:PATH`.
bool is_reference(const std::string& value);

/// Where a setting stands, as a note says it.
std::string place_of_setting(const SourceSet& sources, Span span);

/// The setting is a secret and no reference: reported, with the way out.
void report_written_secret(const WrittenSetting& setting, const SourceSet& sources, Reporter& reporter);

}  // namespace braid::cli
