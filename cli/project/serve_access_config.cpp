#include "cli/project/serve_access_config.h"

#include <charconv>

#include "runtime/report/suggest.h"
#include "runtime/report/view_findings.h"

namespace braid::cli {
namespace {

constexpr int64_t kMostOfAQuota = 1'000'000'000;

void wrong(const WrittenSetting& setting, const std::string& expected, const SourceSet& sources, Reporter& reporter) {
  reporter.report(diag::FlagValue{.option = setting.key, .expected = expected, .found = "something else"})
      .note(place_of_setting(sources, setting.span));
}

bool is_text(const WrittenSetting& setting) {
  return setting.kind == WrittenSetting::Kind::text && !setting.value.empty();
}

std::optional<int64_t> number_of(const WrittenSetting& setting) {
  if (setting.kind != WrittenSetting::Kind::number) return std::nullopt;
  int64_t made = 0;
  const char* const end = setting.value.data() + setting.value.size();
  const auto [at, error] = std::from_chars(setting.value.data(), end, made);
  if (error != std::errc() || at != end || made < 1 || made > kMostOfAQuota) return std::nullopt;
  return made;
}

/// Bytes, as a number or as `64KB`, `64MB`, `2GB`.
std::optional<int64_t> size_of(const WrittenSetting& setting) {
  if (setting.kind == WrittenSetting::Kind::number) return number_of(setting);
  if (!is_text(setting) || setting.value.size() < 3 || !setting.value.ends_with('B')) return std::nullopt;
  WrittenSetting plain = setting;
  plain.kind = WrittenSetting::Kind::number;
  const size_t unit = std::string_view("KMG").find(setting.value[setting.value.size() - 2]);
  plain.value.resize(plain.value.size() - 2);
  const std::optional<int64_t> number = number_of(plain);
  if (unit == std::string::npos || !number) return std::nullopt;
  return *number << (10 * (unit + 1));
}

/// Whether it is one of the settings of a quota.
bool read_quota(const WrittenSetting& setting, ServeQuotas& quotas, const SourceSet& sources, Reporter& reporter) {
  if (setting.key == "requests_per_second" || setting.key == "scans") {
    const std::optional<int64_t> number = number_of(setting);
    if (!number) wrong(setting, "a number from 1 on", sources, reporter);
    (setting.key == "scans" ? quotas.scans : quotas.requests_per_second) = number.value_or(0);
    return true;
  }
  if (setting.key != "bytes_per_second") return false;
  const std::optional<int64_t> size = size_of(setting);
  if (!size) wrong(setting, "a number of bytes, or a size like \"64MB\"", sources, reporter);
  quotas.bytes_per_second = size.value_or(0);
  return true;
}

void unknown_key(const std::string& section, const std::string& key, Span span, const std::vector<std::string>& known,
                 const SourceSet& sources, Reporter& reporter) {
  auto finding = reporter.report(diag::UnknownKey{.section = section, .key = key});
  finding.note(place_of_setting(sources, span));
  if (const auto near = closest(key, known))
    finding.note("did you mean `" + *near + "`?");
  else
    finding.note(fmt::format("it takes: {}", fmt::join(known, ", ")));
}

const std::vector<std::string> kSection{
    "identity",         "owners", "consumer", "tls_certificate", "tls_key", "client_ca", "requests_per_second",
    "bytes_per_second", "scans"};
const std::vector<std::string> kConsumer{
    "token", "certificate", "user", "domain", "roles", "requests_per_second", "bytes_per_second", "scans"};

}  // namespace

void read_serve_access(const std::string& section, const std::string& consumer,
                       const std::vector<WrittenSetting>& settings, const std::vector<WrittenList>& lists,
                       ServeAccessConfig& config, const SourceSet& sources, Reporter& reporter) {
  ServeConsumer* const one = consumer.empty() ? nullptr : &config.consumers[consumer];
  ServeQuotas quotas = config.quotas;
  bool has_quotas = false;
  const std::vector<std::string>& known = one == nullptr ? kSection : kConsumer;
  for (const WrittenSetting& setting : settings) {
    const std::string& key = setting.key;
    if (read_quota(setting, quotas, sources, reporter)) {
      has_quotas = true;
      continue;
    }
    if (one == nullptr && key == "identity") {
      if (setting.kind != WrittenSetting::Kind::flag) wrong(setting, "true or false", sources, reporter);
      config.identity = setting.value == "true";
      continue;
    }
    const std::map<std::string, std::string*> of_section{
        {"tls_certificate", &config.tls_certificate}, {"tls_key", &config.tls_key}, {"client_ca", &config.client_ca}};
    std::map<std::string, std::string*> texts = of_section;
    if (one != nullptr)
      texts = {
          {"token", &one->token}, {"certificate", &one->certificate}, {"user", &one->user}, {"domain", &one->domain}};
    const auto text = texts.find(key);
    if (text == texts.end())
      unknown_key(section, key, setting.span, known, sources, reporter);
    else if (!is_text(setting))
      wrong(setting, "a text in quotes, not empty", sources, reporter);
    else if (key == "token" && !is_reference(setting.value))
      report_written_secret(setting, sources, reporter);
    else
      *text->second = setting.value;
    if (key == "token") config.places[consumer] = setting.span;
  }
  for (const WrittenList& list : lists) {
    std::vector<std::string>* const into = one == nullptr && list.key == "owners"  ? &config.owners
                                           : one != nullptr && list.key == "roles" ? &one->roles
                                                                                   : nullptr;
    if (into == nullptr) {
      unknown_key(section, list.key, list.span, known, sources, reporter);
    } else if (!list.texts) {
      wrong({.key = list.key, .value = {}, .kind = WrittenSetting::Kind::other, .span = list.span},
            "a list of roles: [\"analyst\"]", sources, reporter);
    } else {
      *into = *list.texts;
    }
  }
  if (one == nullptr)
    config.quotas = quotas;
  else if (has_quotas)
    one->quotas = quotas;
}

void check_serve_access(const std::string& section, bool has_issuer, const ServeAccessConfig& config,
                        Reporter& reporter) {
  const auto refuse = [&](const std::string& reason) {
    reporter.report(diag::ServeAccessWrong{.section = section, .reason = reason}).at(config.span);
  };
  if (config.identity && !has_issuer)
    refuse("`identity = true` takes the tokens of [mesh.identity], which is not there");
  if (!config.identity && config.consumers.empty())
    refuse("nobody could read: it has neither `identity = true` nor a `consumer`");
  if (config.tls_certificate.empty() != config.tls_key.empty())
    refuse("`tls_certificate` and `tls_key` belong together");
  if (!config.client_ca.empty() && config.tls_certificate.empty())
    refuse("`client_ca` needs `tls_certificate` and `tls_key`");
  for (const auto& [name, each] : config.consumers) {
    if (each.token.empty() && each.certificate.empty())
      refuse(fmt::format("consumer `{}` has neither `token` nor `certificate`", name));
    if (!each.certificate.empty() && config.client_ca.empty())
      refuse(fmt::format("the `certificate` of consumer `{}` needs `client_ca`", name));
    for (const auto& [other, its] : config.consumers)
      if (name < other && !each.certificate.empty() && each.certificate == its.certificate)
        refuse(fmt::format("consumers `{}` and `{}` have the same certificate", name, other));
  }
}

}  // namespace braid::cli
