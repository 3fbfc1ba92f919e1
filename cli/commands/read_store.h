// The state of a job beside the job that runs on it, and its products as commands ask for them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/command.h"
#include "cli/serve/http_client.h"
#include "cli/session/session.h"
#include "cli/session/topic_views.h"
#include "runtime/base/result.h"
#include "runtime/state/store.h"
#include "runtime/view/view_host.h"
#include "serve/rest/api.h"

namespace braid::cli {

/// As of its last commit; `state`: the folder `state` of a store. Files that go while it is opened are looked for
/// again.
Result<std::unique_ptr<StateStore>> open_to_read(const std::string& state);

/// Where the rows of a project's products are kept for readers.
struct KeptProducts {
  std::string store;
  driver::Compiled compiled;
  std::optional<TopicViews> topics;  ///< by `braid serve`; else by the job
};
/// `store`: of the command line, may be empty. What is wrong is reported.
KeptProducts kept_products(Session& session, const std::string& store);

/// Which job is asked for its products, as options of the command line.
struct ProductsOf {
  ScriptOptions script;
  std::string store, at, token;

  void add_to(CLI::App& command);
};

/// The answer of the job that listens at `at` or runs on the store, by `ask`; or of the views of a stopped one, by
/// `answer`. Nothing: something is wrong, and was shown.
std::optional<HttpReply> ask_for_products(
    const ProductsOf& of, CommandContext& context,
    const std::function<Result<HttpReply>(const serve::HttpAddress& address)>& ask,
    const std::function<serve::HttpResponse(std::vector<serve::ApiProduct> products, ViewHost& host)>& answer);

/// Of a reply that is no success: 8064, with its reason.
Error not_readable(const std::string& product, const HttpReply& reply);

/// Follows a job, whose address is asked for again and again: it may be another one after a restart. The answer: how
/// that ended.
using FollowJob = std::function<Status(const std::function<Result<serve::HttpAddress>()>& address)>;
/// Calls `follow` for the job that listens at `at`, or runs on the store. What is wrong is shown. `product`: for an
/// error where no job runs.
void follow_products(const ProductsOf& of, const std::string& product, CommandContext& context,
                     const FollowJob& follow);

/// The header for a job that asks who reads: the token in that file. Empty: there is no file. Fails with the finding of
/// a file that cannot be read.
Result<std::string> authorization_of(const std::string& token_file);

}  // namespace braid::cli
