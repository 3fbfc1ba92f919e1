#include "cli/project/service_config.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

const std::vector<std::string> kSettings{"api_key",  "api_key_header", "ca",  "database", "file", "format", "host",
                                         "password", "port",           "tls", "token",    "url",  "user"};

bool is_secret(const std::string& key) {
  return key == "password" || key == "token" || key == "api_key";
}

}  // namespace

void read_service_settings(const std::string& section, const std::vector<WrittenSetting>& settings,
                           ServiceConfig& config, const SourceSet& sources, Reporter& reporter) {
  auto place = [&](Span span) { return place_of_setting(sources, span); };
  auto wrong = [&](const std::string& key, Span span, const std::string& expected, const std::string& found) {
    reporter.report(diag::FlagValue{.option = key, .expected = expected, .found = found}).note(place(span));
  };
  for (const WrittenSetting& setting : settings) {
    const std::string& key = setting.key;
    if (std::ranges::find(kSettings, key) == kSettings.end()) {
      auto finding = reporter.report(diag::UnknownKey{.section = section, .key = key});
      finding.note(place(setting.span));
      if (const auto near = closest(key, kSettings)) finding.note("did you mean `" + *near + "`?");
      finding.note(fmt::format("it takes: {}", fmt::join(kSettings, ", ")));
      continue;
    }
    config.places[key] = setting.span;
    const bool number = key == "port" && setting.kind == WrittenSetting::Kind::number;
    if (!number && (setting.kind != WrittenSetting::Kind::text || setting.value.empty())) {
      wrong(key, setting.span, "a text in quotes, not empty", is_secret(key) ? "something else" : setting.value);
      continue;
    }
    if (is_secret(key) && !is_reference(setting.value)) {
      report_written_secret(setting, sources, reporter);
      continue;
    }
    if (key == "tls" && setting.value != "verify-full" && setting.value != "off")
      wrong(key, setting.span, "\"verify-full\" or \"off\"", setting.value);
    // What is wrong with an address may be a login in it.
    if (key == "url" && !is_reference(setting.value) &&
        ((!setting.value.starts_with("http://") && !setting.value.starts_with("https://")) ||
         setting.value.find('@') != std::string::npos))
      wrong(key, setting.span, "an address like \"https://geo.example/{ip}\", without a login", "something else");
    config.settings[key] = setting.value;
  }
  auto needs = [&](const char* key, const char* other) {
    if (config.places.contains(key) && !config.places.contains(other))
      wrong(other, config.places.at(key), fmt::format("a value, because `{}` is set", key), "nothing");
  };
  needs("password", "user");
  needs("format", "file");
  needs("api_key_header", "api_key");
}

}  // namespace braid::cli
