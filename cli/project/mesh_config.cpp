#include "cli/project/mesh_config.h"

#include "runtime/data/time_text.h"

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
  const std::string form = "an address like \"http://marquez:5000\", without a login, or \"file:lineage.ndjson\"";
  bool has_to = false;
  for (const WrittenSetting& setting : settings) {
    if (setting.key == "to") {
      has_to = true;
      const bool is_file = setting.value.starts_with("file:") && setting.value.size() > 5;
      const bool is_address = is_web_address(setting.value) && setting.value.find('@') == std::string::npos;
      if (is_text(setting) && (is_file || is_address))
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
    }
  }
  if (!has_to) wrong(reporter, place, "lineage", "a table " + section + " with `to`, " + form, "none");
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

}  // namespace braid::cli
