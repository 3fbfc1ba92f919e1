#include "cli/project/registry_config.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

const std::vector<std::string> kSettings{"ca", "password", "token", "url", "user"};

/// http://host:port/path, separated by commas; or a reference.
bool are_urls(std::string_view written) {
  if (is_reference(std::string(written))) return true;
  while (true) {
    const size_t comma = std::min(written.find(','), written.size());
    std::string_view one = written.substr(0, comma);
    if (one.starts_with("http://"))
      one.remove_prefix(7);
    else if (one.starts_with("https://"))
      one.remove_prefix(8);
    else
      return false;
    // A login in the address would be shown with it.
    if (one.empty() || one.front() == '/' || one.find_first_of(" @?#") != std::string_view::npos) return false;
    if (comma == written.size()) return true;
    written.remove_prefix(comma + 1);
  }
}

}  // namespace

bool is_registry_secret(const std::string& key) {
  return key == "password" || key == "token";
}

void read_registry_settings(const std::string& section, const std::vector<WrittenSetting>& settings,
                            RegistryConfig& config, const SourceSet& sources, Reporter& reporter) {
  auto place = [&](Span span) { return place_of_setting(sources, span); };
  auto wrong = [&](const std::string& key, Span span, const std::string& expected, const std::string& found) {
    reporter.report(diag::FlagValue{.option = key, .expected = expected, .found = found}).note(place(span));
  };
  for (const WrittenSetting& setting : settings) {
    const std::string& key = setting.key;
    if (std::ranges::find(kSettings, key) == kSettings.end()) {
      auto finding = reporter.report(diag::UnknownKafkaSetting{.section = section, .setting = key});
      finding.note(place(setting.span));
      if (const auto near = closest(key, kSettings)) finding.note("did you mean `" + *near + "`?");
      finding.note(fmt::format("it takes: {}", fmt::join(kSettings, ", ")));
      continue;
    }
    config.places[key] = setting.span;
    if (setting.kind != WrittenSetting::Kind::text || setting.value.empty()) {
      wrong(key, setting.span, "a text in quotes, not empty",
            is_registry_secret(key) ? "something else" : setting.value);
      continue;
    }
    if (is_registry_secret(key) && !is_reference(setting.value)) {
      report_written_secret(setting, sources, reporter);
      continue;
    }
    // What is wrong with an address may be a login in it.
    if (key == "url" && !are_urls(setting.value))
      wrong(key, setting.span, "addresses like \"https://registry:8081\", separated by commas, without a login",
            "something else");
    if (key == "url") config.url = setting.value;
    if (key == "user") config.user = setting.value;
    if (key == "password") config.password = setting.value;
    if (key == "token") config.token = setting.value;
    if (key == "ca") config.ca = setting.value;
  }
  auto needs = [&](const char* key, const char* other) {
    if (config.places.contains(key) && !config.places.contains(other))
      wrong(other, config.places.at(key), fmt::format("a value, because `{}` is set", key), "nothing");
  };
  needs("user", "password");
  needs("password", "user");
  for (const auto& [key, span] : config.places)
    if (key != "url" && !config.places.contains("url")) {
      wrong("url", span, "the address of the registry", "nothing");
      break;
    }
  if (config.places.contains("token") && config.places.contains("user"))
    wrong("token", config.places.at("token"), "a token, or user and password", "both");
}

}  // namespace braid::cli
