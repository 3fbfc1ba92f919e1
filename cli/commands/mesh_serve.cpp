// `braid mesh serve`: a registry for others, over HTTP.
#include <cstdio>
#include <system_error>

#include "cli/commands/mesh_commands.h"
#include "cli/commands/registry_flags.h"
#include "cli/project/kafka_config.h"
#include "cli/serve/registry_endpoint.h"
#include "cli/serve/watch_errors.h"
#include "cli/session/references.h"
#include "runtime/report/registry_findings.h"
#include "serve/http/server.h"

namespace braid::cli {
namespace {

constexpr int64_t kLookUs = 100'000;

struct ServeFlags : RegistryFlags {
  std::string listen = "127.0.0.1:7575";
  std::string token, read_token;  ///< references
};

/// The domain's turn that a writer has (docs/mesh).
constexpr std::string_view kTurnHeader = "braid-turn";

RegistryRequest request_of(const serve::HttpRequest& request) {
  const auto header = [&](std::string_view name) { return std::string(request.header(name)); };
  return {.method = request.method,
          .path = request.path,
          .query = request.query,
          .authorization = header("authorization"),
          .if_match = header("if-match"),
          .if_none_match = header("if-none-match"),
          .turn = header(kTurnHeader),
          .body = request.body};
}

serve::HttpResponse response_of(RegistryAnswer made) {
  serve::HttpResponse response{
      .status = made.status, .content_type = std::move(made.content_type), .body = std::move(made.body)};
  if (!made.etag.empty()) response.headers.emplace_back("ETag", std::move(made.etag));
  if (made.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (made.status == 405) response.headers.emplace_back("Allow", "GET, HEAD, PUT, POST, DELETE");
  return response;
}

Status serve_registry(std::unique_ptr<mesh::ObjectStore> store, const ServeFlags& flags, Reporter& reporter) {
  const std::optional<serve::HttpAddress> address = serve::parse_http_address(flags.listen);
  if (!address) {
    reporter.report(diag::FlagValue{.option = "--listen", .expected = serve::kHttpAddressForm, .found = flags.listen});
    return {};
  }
  for (const auto& [option, written] :
       {std::pair("--token", &flags.token), std::pair("--read-token", &flags.read_token)})
    if (!written->empty() && !is_reference(*written))
      reporter.report(diag::FlagValue{.option = option,
                                      .expected = "a reference, `env:NAME` or `file:PATH`; a secret is not written out",
                                      .found = "something else"});
  if (reporter.has_errors()) return {};
  const std::map<std::string, Span> places{{"--token", {}}, {"--read-token", {}}};
  References references(places, "", reporter);
  const RegistryTokens tokens{.write = references.read("--token", flags.token),
                              .read = references.read("--read-token", flags.read_token)};
  if (reporter.has_errors()) return {};
  if (tokens.write.empty() && !address->is_loopback()) {
    const Diagnostic finding = diag::ServedOpenly{.address = address->text()}.make();
    return Error{ErrorKind::usage, finding.message, finding.code};
  }
  catch_stop_signals();
  const std::string place = store->place();
  const auto tell = [](const Error& error) {
    fmt::print(stderr, "braid: a request failed: {}\n",
               error.system_error == 0 ? error.message
                                       : std::error_code(error.system_error, std::generic_category()).message());
  };
  RegistryEndpoint endpoint(std::move(store), tokens, system_clock(), tell);
  const auto check = [&](const serve::HttpRequest& request) -> std::optional<serve::HttpResponse> {
    std::optional<RegistryAnswer> refused = endpoint.refusal(request_of(request));
    if (!refused) return std::nullopt;
    return response_of(*std::move(refused));
  };
  const auto listening = serve::HttpServer::listen(
      *address, {.body_bytes = kMostObjectBytes},
      [&](const serve::HttpRequest& request) { return response_of(endpoint.answer(request_of(request))); },
      {.check = check});
  if (!listening.ok()) return cannot_listen(address->text(), listening.error().message);
  const std::unique_ptr<serve::HttpServer>& server = *listening;
  fmt::print("serving {} at http://{}\n", place, server->address().text());
  std::fflush(stdout);
  while (!stop_requested()) system_clock().sleep_us(kLookUs);
  return {};
}

}  // namespace

void add_mesh_serve(CLI::App& mesh, CommandContext& context) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      mesh.add_subcommand("serve", "Serves the registry over HTTP, until SIGTERM, to projects that name its address");
  flags->add_to(*command);
  command->add_option("--listen", flags->listen, "Where to listen")->type_name("ADDRESS")->capture_default_str();
  command
      ->add_option("--token", flags->token,
                   "Who has it may write what its domain has signed, and read: env:NAME or file:PATH")
      ->type_name("REFERENCE");
  command->add_option("--read-token", flags->read_token, "Who has it may read: env:NAME or file:PATH")
      ->type_name("REFERENCE");
  command->callback([flags, &context] {
    SourceSet sources;
    Reporter reporter;
    if (const std::optional<Project> project = project_of(*flags, sources, reporter))
      if (auto store = open_product_registry(*project, reporter))
        if (const Status done = serve_registry(std::move(store), *flags, reporter); !done.ok())
          report_error(done.error(), reporter);
    const std::vector<Diagnostic> findings = reporter.take_sorted();
    show_findings(findings, sources, context.console, FindingFormat::text);
    context.exit_code = exit_code_of(findings);
  });
}

}  // namespace braid::cli
