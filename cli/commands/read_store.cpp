#include "cli/commands/read_store.h"

#include "cli/session/view_bindings.h"
#include "runtime/base/clock.h"
#include "runtime/engine/job_views.h"
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
