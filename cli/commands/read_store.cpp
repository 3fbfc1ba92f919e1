#include "cli/commands/read_store.h"

#include "cli/serve/job_address.h"
#include "cli/session/view_bindings.h"
#include "runtime/base/clock.h"
#include "runtime/engine/job_store.h"
#include "runtime/engine/job_views.h"
#include "runtime/report/view_findings.h"
#include "runtime/state/rocks_store.h"

namespace braid::cli {

Result<std::unique_ptr<StateStore>> open_to_read(const std::string& state) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<StateStore>> opened = open_rocks_store_to_read(state);
    if (opened.ok() || attempt == kAttempts) return opened;
    system_clock().sleep_us(20'000);
  }
}

KeptProducts kept_products(Session& session, const std::string& store) {
  KeptProducts made{.store = store.empty() ? session.environment().store : store, .compiled = {}, .topics = {}};
  session.keep_whole_rows(true, made.store);
  made.compiled = session.compile(session.chosen_products());
  Program& program = made.compiled.program();
  if (session.environment().kafka && session.bind(program) && !session.output_topics().empty()) {
    made.topics = bind_topic_views(session, program);
    if (store.empty()) made.store = serve_store(session.environment());
  }
  return made;
}

namespace {

/// Calls `read` with the views that the store of a stopped job has, and the products that they are of.
Status read_kept(Session& session, const KeptProducts& kept,
                 const std::function<void(std::vector<serve::ApiProduct> products, ViewHost& host)>& read) {
  const Program& program = kept.topics ? kept.topics->program : kept.compiled.physical.program;
  BoundViews views;
  if (kept.topics)
    views = {.specs = kept.topics->specs, .products = kept.topics->products};
  else
    views = bind_views(program, session.project(), session.environment(), true, session.reporter(),
                       &session.foreign_products());
  BRAID_ASSIGN(const std::unique_ptr<StateStore> opened, open_to_read(join_path(kept.store, "state")));
  ViewHost host(system_clock());
  BRAID_ASSIGN(const std::vector<size_t> there, JobViews::show(program, views.specs, kept.store, *opened, host));
  std::vector<serve::ApiProduct> products;
  for (const size_t place : there) products.push_back(std::move(views.products[place]));
  read(std::move(products), host);
  host.close();
  return {};
}

Result<HttpReply> ask_project(
    Session& session, const std::string& store,
    const std::function<Result<HttpReply>(const serve::HttpAddress& address)>& ask,
    const std::function<serve::HttpResponse(std::vector<serve::ApiProduct> products, ViewHost& host)>& answer) {
  const KeptProducts kept = kept_products(session, store);
  if (session.reporter().has_errors()) return HttpReply();  // which are shown
  // As long as this holds the lock no job starts.
  const Result<std::unique_ptr<FileLock>> lock = lock_store(real_fs(), kept.store);
  if (!lock.ok()) {
    BRAID_ASSIGN(const serve::HttpAddress address, address_of_job(real_fs(), kept.store));
    return ask(address);
  }
  HttpReply reply;
  BRAID_TRY(read_kept(session, kept, [&](std::vector<serve::ApiProduct> products, ViewHost& host) {
    serve::HttpResponse made = answer(std::move(products), host);
    reply = {.status = made.status, .content_type = made.content_type, .body = std::move(made.body)};
  }));
  return reply;
}

}  // namespace

void ProductsOf::add_to(CLI::App& command) {
  command.add_option("--project", script.path, "Project folder or script")->type_name("PATH")->capture_default_str();
  command.add_option("--env", script.environment, "Environment in braid.toml (default: its default_env)")
      ->type_name("NAME");
  command.add_option("--store", store, "Store of the job (default: from the environment)")->type_name("DIR");
  command.add_option("--at", at, "Ask the job that listens there")->check(is_http_address)->type_name("ADDRESS:PORT");
  command.add_option("--token", token, "File with the token to show to a job that asks who reads")->type_name("FILE");
}

std::optional<HttpReply> ask_for_products(
    const ProductsOf& of, CommandContext& context,
    const std::function<Result<HttpReply>(const serve::HttpAddress& address)>& ask,
    const std::function<serve::HttpResponse(std::vector<serve::ApiProduct> products, ViewHost& host)>& answer) {
  Result<HttpReply> reply = HttpReply();
  if (!of.at.empty()) {
    reply = ask(*serve::parse_http_address(of.at));
  } else {
    Session session(of.script.session());
    const bool right = session.check();
    context.exit_code = show_errors(session, context.console);
    if (!right || context.exit_code != kDone) return std::nullopt;
    reply = ask_project(session, of.store, ask, answer);
    context.exit_code = show_errors(session, context.console);
    if (context.exit_code != kDone) return std::nullopt;
  }
  if (reply.ok()) return *std::move(reply);
  context.exit_code = show_error(reply.error(), context.console);
  return std::nullopt;
}

Error not_readable(const std::string& product, const HttpReply& reply) {
  return {ErrorKind::usage, diag::NotReadable{.product = product, .reason = reason_of(reply)}.make().message,
          diag::NotReadable::kCode, 0};
}

void follow_products(const ProductsOf& of, const std::string& product, CommandContext& context,
                     const FollowJob& follow) {
  Status ended;
  if (!of.at.empty()) {
    ended = follow([address = *serve::parse_http_address(of.at)]() -> Result<serve::HttpAddress> { return address; });
  } else {
    Session session(of.script.session());
    const bool right = session.check();
    context.exit_code = show_errors(session, context.console);
    if (!right || context.exit_code != kDone) return;
    const std::string store = kept_products(session, of.store).store;
    context.exit_code = show_errors(session, context.console);
    if (context.exit_code != kDone) return;
    // As long as a job holds the lock it is followed, also if that is another one than before.
    const bool runs = !lock_store(real_fs(), store).ok();
    ended =
        runs ? follow([&store] { return address_of_job(real_fs(), store); })
             : Status(Error{ErrorKind::usage, diag::NobodyToFollow{.product = product, .store = store}.make().message,
                            diag::NobodyToFollow::kCode, 0});
  }
  if (!ended.ok()) context.exit_code = show_error(ended.error(), context.console);
}

Result<std::string> authorization_of(const std::string& token_file) {
  if (token_file.empty()) return std::string();
  std::string reason;
  std::optional<std::string> token = read_file(token_file, reason);
  if (!token)
    return Error{ErrorKind::usage, diag::FileNotReadable{.path = token_file, .reason = reason}.make().message,
                 diag::FileNotReadable::kCode, 0};
  while (token->ends_with('\n') || token->ends_with('\r') || token->ends_with(' ')) token->pop_back();
  return "Bearer " + *token;
}

}  // namespace braid::cli
