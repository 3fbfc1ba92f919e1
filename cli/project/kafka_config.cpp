#include "cli/project/kafka_config.h"

#include <algorithm>
#include <charconv>

#include <fmt/ranges.h>

#include "cli/project/config.h"
#include "runtime/connect/kafka/allowed_settings.h"
#include "runtime/data/time_text.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

const std::vector<std::string> kJobSettings{"commit_within",   "compression", "delivery",           "group",
                                            "instance",        "partitions",  "replication",        "snapshots",
                                            "session_timeout", "standby",     "transaction_timeout"};
const std::vector<std::string> kCompressions{"none", "gzip", "snappy", "lz4", "zstd"};
constexpr int32_t kMostPartitions = 100'000;
constexpr int32_t kMostReplicas = 100;
/// What brokers take at most unless they are told otherwise.
constexpr int64_t kShortest = kMicrosPerSecond, kShortestCommit = 1000, kLongestSession = 30 * kMicrosPerMinute,
                  kLongestTransaction = 15 * kMicrosPerMinute;

class Section {
 public:
  Section(std::string name, KafkaConfig& config, const SourceSet& sources, Reporter& reporter)
      : name_(std::move(name)), config_(config), sources_(sources), reporter_(reporter) {}

  void read(const WrittenSetting& setting) {
    const bool of_job = std::ranges::find(kJobSettings, setting.key) != kJobSettings.end();
    if (!of_job && !kafka::is_allowed(setting.key)) return unknown(setting);
    if (config_.places.contains(setting.key)) return wrong(setting, "one value: it is set twice");
    config_.places[setting.key] = setting.span;
    if (of_job) return job(setting);
    client(setting);
  }

  void check_whole() {
    const BrokerSettings& settings = config_.settings;
    if (settings.standby_bytes > 0 && settings.snapshots.empty())
      reporter_
          .report(diag::FlagValue{.option = "standby",
                                  .expected = "`snapshots` beside it: copies of snapshots are what it keeps",
                                  .found = "none"})
          .note(place(config_.places["standby"]));
    check_login();
  }

 private:
  /// Without a login the client would ignore what it is given for one.
  void check_login() {
    auto value = [&](std::string_view name) -> std::string {
      for (const auto& [key, text] : config_.settings.client)
        if (key == name) return text;
      return {};
    };
    std::string protocol = value("security.protocol");
    if (is_reference(protocol)) return;
    std::ranges::transform(protocol, protocol.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
    for (const auto& [key, text] : config_.settings.client) {
      const bool login = key.starts_with("sasl."), tls = key.starts_with("ssl.");
      if ((!login || protocol.starts_with("SASL")) && (!tls || protocol.ends_with("SSL"))) continue;
      const char* needed = login ? "\"sasl_ssl\" (or \"sasl_plaintext\")" : "\"ssl\" or \"sasl_ssl\"";
      auto finding = reporter_.report(
          diag::FlagValue{.option = "security.protocol",
                          .expected = fmt::format("{} where `{}` is set", needed, key),
                          .found = protocol.empty() ? "nothing, which is plaintext" : value("security.protocol")});
      finding.note(place(config_.places[protocol.empty() ? key : "security.protocol"]));
      return;
    }
  }

  std::string place(Span span) const { return place_of_setting(sources_, span); }

  void unknown(const WrittenSetting& setting) {
    if (const auto reason = kafka::why_refused(setting.key)) {
      reporter_.report(diag::SettingRefused{.setting = setting.key, .reason = std::string(*reason)})
          .note(place(setting.span));
      return;
    }
    std::vector<std::string> known(kafka::kAllowedSettings.begin(), kafka::kAllowedSettings.end());
    known.insert(known.end(), kJobSettings.begin(), kJobSettings.end());
    auto finding = reporter_.report(diag::UnknownKafkaSetting{.section = name_, .setting = setting.key});
    finding.note(place(setting.span));
    if (const auto near = closest(setting.key, known)) finding.note("did you mean `" + *near + "`?");
    finding.note(fmt::format("of the job: {}", fmt::join(kJobSettings, ", ")));
    finding.note(fmt::format("of the client: {}", fmt::join(kafka::kAllowedSettings, ", ")));
  }

  void wrong(const WrittenSetting& setting, const std::string& expected) {
    const bool secret = kafka::is_secret(setting.key);
    reporter_
        .report(diag::FlagValue{
            .option = setting.key, .expected = expected, .found = secret ? "something else" : setting.value})
        .note(place(setting.span));
  }

  void client(const WrittenSetting& setting) {
    if (setting.kind == WrittenSetting::Kind::other) return wrong(setting, "a text, a number, true or false");
    if (kafka::is_secret(setting.key) && !is_reference(setting.value)) {
      report_written_secret(setting, sources_, reporter_);
      return;
    }
    if (!is_reference(setting.value))
      if (const auto expected = kafka::expected_instead(setting.key, setting.value))
        return wrong(setting, std::string(*expected));
    config_.settings.client.emplace_back(setting.key, setting.value);
  }

  void job(const WrittenSetting& setting) {
    BrokerSettings& made = config_.settings;
    const std::string& key = setting.key;
    if (key == "replication" || key == "partitions") {
      const int32_t most = key == "replication" ? kMostReplicas : kMostPartitions;
      int32_t number = 0;
      const char* end = setting.value.data() + setting.value.size();
      const auto [read, error] = std::from_chars(setting.value.data(), end, number);
      if (setting.kind != WrittenSetting::Kind::number || error != std::errc() || read != end || number < 1 ||
          number > most)
        return wrong(setting, fmt::format("a number from 1 to {}", most));
      if (key == "replication")
        made.replication = number;
      else
        made.partitions = number;
      return;
    }
    if (setting.kind != WrittenSetting::Kind::text || setting.value.empty())
      return wrong(setting, "a text in quotes, not empty");
    if (key == "group") made.group = setting.value;
    if (key == "instance") made.instance = setting.value;
    if (key == "snapshots") made.snapshots = setting.value;
    if (key == "standby") {
      const auto bytes = memory_size(setting.value);
      if (!bytes) return wrong(setting, "a size of at least 8MB, like \"20GB\"");
      made.standby_bytes = static_cast<uint64_t>(*bytes);
    }
    if (key == "session_timeout") made.session_timeout_us = duration(setting, kShortest, kLongestSession, "1s to 30m");
    if (key == "transaction_timeout")
      made.transaction_timeout_us = duration(setting, kShortest, kLongestTransaction, "1s to 15m");
    if (key == "commit_within")
      made.commit_within_us = duration(setting, kShortestCommit, kLongestTransaction, "1ms to 15m");
    if (key == "delivery") {
      const auto delivery = delivery_named(setting.value);
      if (!delivery) return wrong(setting, kDeliveryForm);
      made.delivery = *delivery;
    }
    if (key == "compression") {
      if (std::ranges::find(kCompressions, setting.value) == kCompressions.end())
        return wrong(setting, fmt::format("one of {}", fmt::join(kCompressions, ", ")));
      made.compression = setting.value;
    }
  }

  int64_t duration(const WrittenSetting& setting, int64_t shortest, int64_t longest, const char* range) {
    int64_t us = 0;
    if (!parse_duration_literal(setting.value, &us) || us < shortest || us > longest)
      wrong(setting, fmt::format("a duration from {}, like \"30s\"", range));
    return us;
  }

  std::string name_;
  KafkaConfig& config_;
  const SourceSet& sources_;
  Reporter& reporter_;
};

}  // namespace

std::string place_of_setting(const SourceSet& sources, Span span) {
  return fmt::format("in {}:{}", sources.file(span.file).path, sources.position(span.file, span.begin).line);
}

void report_written_secret(const WrittenSetting& setting, const SourceSet& sources, Reporter& reporter) {
  reporter.report(diag::SecretWrittenOut{.setting = setting.key})
      .note(place_of_setting(sources, setting.span))
      .note("write `\"env:NAME\"`, an environment variable, or `\"file:PATH\"`, a file; the value is read at start")
      .note("whoever has seen braid.toml knows this value: change it");
}

bool is_reference(const std::string& value) {
  return value.starts_with("env:") || value.starts_with("file:");
}

std::optional<Delivery> delivery_named(const std::string& name) {
  if (name == "exactly-once") return Delivery::exactly_once;
  if (name == "at-least-once") return Delivery::at_least_once;
  return std::nullopt;
}

bool is_kafka_setting(const std::string& key) {
  return kafka::is_allowed(key) || kafka::why_refused(key) ||
         std::ranges::find(kJobSettings, key) != kJobSettings.end();
}

void read_kafka_settings(const std::string& section, const std::vector<WrittenSetting>& settings, KafkaConfig& config,
                         const SourceSet& sources, Reporter& reporter) {
  Section reader(section, config, sources, reporter);
  for (const WrittenSetting& setting : settings) reader.read(setting);
  reader.check_whole();
}

}  // namespace braid::cli
