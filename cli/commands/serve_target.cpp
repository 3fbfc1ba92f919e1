#include "cli/commands/serve_target.h"

#include "cli/session/reader_sights.h"
#include "cli/session/references.h"
#include "cli/session/role_grants.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/sha256.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/report/view_findings.h"

namespace braid::cli {
namespace {

/// A shorter one can be guessed.
constexpr size_t kShortestToken = 16;

serve::Quotas quotas_of(const ServeQuotas& quotas) {
  return {.requests_per_second = static_cast<double>(quotas.requests_per_second),
          .bytes_per_second = static_cast<double>(quotas.bytes_per_second),
          .scans = quotas.scans};
}

serve::AccessOptions options_of(const Session& session, const ServeAccessConfig& config, Reporter& reporter) {
  serve::AccessOptions made{.consumers = {}, .issuer = {}, .owners = config.owners, .quotas = quotas_of(config.quotas)};
  References references(config.places, session.files().root, reporter);
  const auto refuse = [&](const std::string& reason) {
    const std::string section = "[env." + session.environment().name + ".serve_access]";
    reporter.report(diag::ServeAccessWrong{.section = section, .reason = reason}).at(config.span);
  };
  for (const auto& [name, each] : config.consumers) {
    serve::KnownConsumer known{.consumer = {.name = name,
                                            .key = "consumer " + name,
                                            .domain = each.domain,
                                            .roles = each.roles,
                                            .user = each.user.empty() ? name : each.user,
                                            .purpose = {}},
                               .certificate = each.certificate};
    if (each.quotas) known.quotas = quotas_of(*each.quotas);
    if (!each.token.empty()) {
      const std::string token = references.read(name, each.token);
      if (!token.empty() && token.size() < kShortestToken)
        refuse(fmt::format("the token of consumer `{}` has fewer than {} characters", name, kShortestToken));
      known.token_digest = sha256_hex(token);
      for (const serve::KnownConsumer& other : made.consumers)
        if (!token.empty() && other.token_digest == known.token_digest)
          refuse(fmt::format("consumers `{}` and `{}` have the same token", other.consumer.name, name));
    }
    made.consumers.push_back(std::move(known));
  }
  const IdentityConfig& identity = session.files().mesh.identity;
  if (config.identity)
    made.issuer = mesh::IdentityRules{
        .issuer = identity.issuer, .audience = identity.audience, .roles = identity.roles, .skew_us = identity.skew_us};
  return made;
}

std::function<Result<std::string>()> fetch_keys(const std::string& place) {
  if (place.find("://") == std::string::npos) return [place] { return real_fs().read_file(place); };
  return [place]() -> Result<std::string> {
    BRAID_ASSIGN(const GetDocument get, load_get_document());
    return get(place);
  };
}

}  // namespace

void check_serving(const BoundViews& views, const std::optional<serve::HttpAddress>& listen,
                   const Environment& environment, Reporter& reporter) {
  if (views.specs.empty() || !listen || listen->is_loopback()) return;
  const std::optional<ServeAccessConfig>& access = environment.serve_access;
  if (access && !access->tls_certificate.empty()) return;
  auto finding = reporter.report(diag::ServingOpenToAll{.address = listen->text()});
  const std::string section = "[env." + environment.name + ".serve_access]";
  if (!access)
    finding.note(fmt::format("{} says who may read: `identity = true`, or a `consumer` with a token", section));
  finding.note(
      fmt::format("`tls_certificate` and `tls_key` in {}: tokens and rows are not read on their way", section));
}

std::unique_ptr<ServeGuard> begin_guard(const Session& session, const BoundViews& views, Reporter& reporter) {
  const std::optional<ServeAccessConfig>& config = session.environment().serve_access;
  if (!config || views.specs.empty()) return nullptr;
  const IdentityConfig& identity = session.files().mesh.identity;
  const std::string* const servers[] = {&identity.opa, &identity.opa_filters, &identity.opa_masks,
                                        &identity.opa_batch_masks};
  if (std::ranges::any_of(servers, [](const std::string* url) { return !url->empty(); })) {
    reporter.report(diag::ServedBesidePolicyServer{}).at(config->span);
    return nullptr;
  }
  GuardOptions options{.access = options_of(session, *config, reporter), .rules = nullptr};
  if (reporter.has_errors()) return nullptr;
  auto rules = std::make_unique<ReaderSights>(views.relations, system_clock());
  if (config->identity) options.fetch_keys = fetch_keys(identity.jwks);
  if (!session.files().mesh.registry.empty())
    options.refresh_rules = [raw = rules.get(), files = session.files()] { raw->set_grants(all_role_grants(files)); };
  options.rules = std::move(rules);
  if (!config->tls_certificate.empty())
    options.tls = serve::TlsOptions{
        .certificate = config->tls_certificate, .key = config->tls_key, .client_ca = config->client_ca};
  return std::make_unique<ServeGuard>(std::move(options), system_clock());
}

}  // namespace braid::cli
