#include "cli/project/mesh_config.h"

#include "runtime/connect/topic_binding.h"
#include "runtime/data/time_text.h"
#include "runtime/report/registry_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

constexpr int64_t kLeastEveryUs = 1'000'000, kMostSkewUs = 600'000'000;

bool is_web_address(const std::string& written) {
  return written.starts_with("http://") || written.starts_with("https://");
}

void wrong(Reporter& reporter, Span place, const std::string& key, const std::string& expected,
           const std::string& found) {
  reporter.report(diag::FlagValue{.option = key, .expected = expected, .found = found}).at(place);
}

bool is_text(const WrittenSetting& setting) {
  return setting.kind == WrittenSetting::Kind::text && !setting.value.empty();
}

}  // namespace

void read_lineage_settings(const std::string& section, Span place, const std::vector<WrittenSetting>& settings,
                           LineageConfig& config, const SourceSet& sources, Reporter& reporter) {
  const std::string form =
      "an address like \"http://marquez:5000\", without a login, \"file:lineage.ndjson\" or \"kafka:lineage.events\"";
  bool has_to = false;
  for (const WrittenSetting& setting : settings) {
    if (setting.key == "to") {
      has_to = true;
      const bool is_file = setting.value.starts_with("file:") && setting.value.size() > 5;
      const bool is_topic = setting.value.starts_with("kafka:") && is_topic_name(setting.value.substr(6));
      const bool is_address = is_web_address(setting.value) && setting.value.find('@') == std::string::npos;
      if (is_text(setting) && (is_file || is_topic || is_address))
        config.to = setting.value;
      else  // a login may be in it
        reporter.report(diag::FlagValue{.option = "to", .expected = form, .found = "something else"})
            .note(place_of_setting(sources, setting.span));
    } else if (setting.key == "every") {
      if (!is_text(setting) || !parse_duration_literal(setting.value, &config.every_us) ||
          config.every_us < kLeastEveryUs)
        wrong(reporter, setting.span, "every", "a duration of at least a second, like \"1m\"", setting.value);
    } else if (setting.key == "token") {
      config.token_span = setting.span;
      if (is_reference(setting.value))
        config.token = setting.value;
      else
        report_written_secret(setting, sources, reporter);
    } else if (setting.key == "ca") {
      if (is_text(setting))
        config.ca = setting.value;
      else
        wrong(reporter, setting.span, "ca", "the path of a PEM file", setting.value);
    }
  }
  if (!has_to) wrong(reporter, place, "lineage", "a table " + section + " with `to`, " + form, "none");
}

void read_mesh_store_settings(const std::string& section, const std::vector<WrittenSetting>& settings,
                              MeshStoreConfig& config, const SourceSet& sources, Reporter& reporter) {
  const std::map<std::string, std::string*> of_s3{
      {"endpoint", &config.endpoint},           {"region", &config.region},
      {"access_key", &config.access_key},       {"secret_key", &config.secret_key},
      {"session_token", &config.session_token}, {"ca", &config.ca}};
  const std::map<std::string, std::string*> of_http{{"token", &config.token}, {"ca", &config.ca}};
  const auto& fields = section == "[mesh.s3]" ? of_s3 : of_http;
  for (const WrittenSetting& setting : settings) {
    const std::string& key = setting.key;
    const auto field = fields.find(key);
    if (field == fields.end()) {
      std::vector<std::string> names;
      for (const auto& [name, place] : fields) names.push_back(name);
      auto finding = reporter.report(diag::UnknownKey{.section = section, .key = key});
      finding.note(place_of_setting(sources, setting.span));
      if (const auto near = closest(key, names)) finding.note("did you mean `" + *near + "`?");
      continue;
    }
    config.places[key] = setting.span;
    const bool is_secret = key != "endpoint" && key != "region" && key != "ca";
    if (!is_text(setting))
      reporter
          .report(diag::FlagValue{.option = key, .expected = "a text in quotes, not empty", .found = "something else"})
          .note(place_of_setting(sources, setting.span));
    else if (is_secret && !is_reference(setting.value))
      report_written_secret(setting, sources, reporter);
    else
      *field->second = setting.value;
  }
  if (config.endpoint.empty() || is_reference(config.endpoint)) return;
  // What is wrong with an address may be a login in it.
  while (config.endpoint.ends_with('/')) config.endpoint.pop_back();
  const std::string host = config.endpoint.substr(std::min(config.endpoint.find("://") + 3, config.endpoint.size()));
  if (!is_web_address(config.endpoint) || host.empty() || host.find_first_of("/@?# ") != std::string::npos)
    reporter
        .report(diag::FlagValue{.option = "endpoint",
                                .expected = "an address like \"https://s3.example:9000\", without a login or a path",
                                .found = "something else"})
        .note(place_of_setting(sources, config.places.at("endpoint")));
}

void read_identity_settings(Span place, const std::vector<WrittenSetting>& settings, IdentityConfig& config,
                            Reporter& reporter) {
  config.span = place;
  for (const WrittenSetting& setting : settings) {
    if (setting.key == "skew") {
      if (!is_text(setting) || !parse_duration_literal(setting.value, &config.skew_us) || config.skew_us < 0 ||
          config.skew_us > kMostSkewUs)
        wrong(reporter, setting.span, "skew", "a duration of at most ten minutes, like \"1m\"", setting.value);
      continue;
    }
    if (!is_text(setting)) wrong(reporter, setting.span, setting.key, "a text in quotes, not empty", setting.value);
    if (setting.key == "issuer") config.issuer = setting.value;
    if (setting.key == "audience") config.audience = setting.value;
    if (setting.key == "roles") config.roles = setting.value;
    if (setting.key.starts_with("opa")) {
      std::string& url = setting.key == "opa_filters"       ? config.opa_filters
                         : setting.key == "opa_masks"       ? config.opa_masks
                         : setting.key == "opa_batch_masks" ? config.opa_batch_masks
                                                            : config.opa;
      url = setting.value;
      if (!is_web_address(url) || url.find('@') != std::string::npos)
        wrong(reporter, setting.span, setting.key,
              "the address of a decision, like \"http://127.0.0.1:8181/v1/data/braid/allow\", without a login",
              "something else");
    }
    if (setting.key == "jwks") {
      config.jwks = setting.value;
      if (config.jwks.find("://") != std::string::npos && !is_web_address(config.jwks))
        wrong(reporter, setting.span, "jwks", "a path, or an address like \"https://id.example/keys\"", config.jwks);
    }
  }
  if (config.issuer.empty() || config.audience.empty() || config.jwks.empty())
    wrong(reporter, place, "identity", "a table with `issuer`, `jwks` and `audience`: [mesh.identity]", "less");
}

void warn_of_token_in_the_clear(const MeshConfig& config, Reporter& reporter) {
  constexpr std::string_view kClear = "http://";
  if (config.http.token.empty() || !config.registry.starts_with(kClear)) return;
  const std::string behind = config.registry.substr(kClear.size());
  const std::string authority = behind.substr(0, behind.find_first_of("/?#"));
  std::string host = authority.substr(0, authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':'));
  if (host == "localhost" || host == "[::1]" || host.starts_with("127.")) return;
  // A login that stands in the address is told to nobody; whoever opens the registry says that it may not.
  if (authority.find('@') != std::string::npos) return;
  reporter.report(diag::TokenInTheClear{.host = std::move(host)})
      .at(config.registry_span, "no TLS")
      .note("whoever sees the traffic can take the token, and read and write with it");
}

}  // namespace braid::cli
