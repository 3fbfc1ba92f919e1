// `braid read`: rows of a served product, from the job that runs or from the store of one that is stopped.
#include <nlohmann/json.hpp>

#include "cli/commands/command.h"
#include "cli/commands/follow.h"
#include "cli/commands/read_store.h"
#include "cli/serve/http_client.h"
#include "cli/serve/job_address.h"
#include "runtime/base/clock.h"
#include "runtime/engine/job_store.h"
#include "runtime/report/view_findings.h"
#include "serve/http/query.h"

namespace braid::cli {
namespace {

constexpr const char* kLines = "application/x-ndjson";
constexpr const char* kJson = "application/json";

struct ReadFlags {
  ProductsOf of;
  std::string product, as_of, order, fields;
  std::vector<std::string> key, where;
  uint64_t limit = 100;
  bool json = false;
  FollowFlags follow;
};

/// What is asked for, as the job's server takes it.
struct Question {
  std::string path, query;
  std::string accept;
  std::string authorization = {};
};

std::string query_of(const std::vector<std::pair<std::string, std::string>>& parts) {
  std::string query;
  for (const auto& [name, value] : parts)
    query += (query.empty() ? "" : "&") + serve::percent_encoded(name) + "=" + serve::percent_encoded(value);
  return query;
}

Question question_of(const ReadFlags& flags) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const std::string& each : flags.where) {
    const size_t equals = std::min(each.find('='), each.size());
    parts.emplace_back(each.substr(0, equals), each.substr(std::min(equals + 1, each.size())));
  }
  for (const auto& [name, value] :
       {std::pair("as_of", &flags.as_of), std::pair("order", &flags.order), std::pair("fields", &flags.fields)})
    if (!value->empty()) parts.emplace_back(name, *value);
  if (flags.key.empty()) parts.emplace_back("limit", std::to_string(flags.limit));
  Question made{.path = "/v1/products/" + serve::percent_encoded(flags.product) + "/rows",
                .query = query_of(parts),
                .accept = flags.json || !flags.key.empty() ? kJson : kLines};
  for (const std::string& part : flags.key) made.path += "/" + serve::percent_encoded(part);
  return made;
}

Result<HttpReply> ask(const serve::HttpAddress& address, const Question& question) {
  const std::string target = question.path + (question.query.empty() ? "" : "?" + question.query);
  return http_get(address, target, question.accept, question.authorization);
}

/// Of a job that is stopped: the views that its store has.
serve::HttpResponse answer_of_store(std::vector<serve::ApiProduct> products, ViewHost& host, const Question& question) {
  const serve::Api api(std::move(products), host, system_clock(), [](const serve::ApiProduct&) { return "stopped"; });
  serve::HttpRequest request{.path = question.path, .query = question.query};
  request.headers.emplace_back("accept", question.accept);
  return *api.answer(request);
}

void show(const HttpReply& reply, const ReadFlags& flags, CommandContext& context) {
  if (reply.status != 200) {
    context.exit_code = show_error(not_readable(flags.product, reply), context.console);
    return;
  }
  if (flags.json || flags.key.empty()) {
    std::fputs(reply.body.c_str(), stdout);
    return;
  }
  const auto answer = nlohmann::ordered_json::parse(reply.body, nullptr, false);
  fmt::print("{}\n", answer.contains("row") ? answer["row"].dump() : reply.body);
}

/// Prints changes until nobody reads on, or it is interrupted.
Status print_changes(const Following& following, const std::function<Result<serve::HttpAddress>()>& address) {
  BRAID_ASSIGN(const std::string token,
               follow_changes(following, address, [](const std::string& lines) -> Result<bool> {
                 std::fputs(lines.c_str(), stdout);
                 return std::fflush(stdout) == 0;
               }));
  if (!token.empty()) fmt::print(stderr, "it goes on with --since {}\n", token);
  return {};
}

/// Changes of the product as they are committed, until it is interrupted.
void follow(const ReadFlags& flags, const std::string& authorization, CommandContext& context) {
  const Following following{.product = flags.product,
                            .key = flags.key,
                            .where = flags.where,
                            .fields = flags.fields,
                            .authorization = authorization,
                            .flags = flags.follow};
  follow_products(flags.of, flags.product, context,
                  [&](const auto& address) { return print_changes(following, address); });
}

void read(const ReadFlags& flags, CommandContext& context) {
  Question question = question_of(flags);
  const Result<std::string> authorization = authorization_of(flags.of.token);
  if (!authorization.ok()) {
    context.exit_code = show_error(authorization.error(), context.console);
    return;
  }
  question.authorization = *authorization;
  if (flags.follow.on) return follow(flags, question.authorization, context);
  const auto reply = ask_for_products(
      flags.of, context, [&](const serve::HttpAddress& address) { return ask(address, question); },
      [&](std::vector<serve::ApiProduct> products, ViewHost& host) {
        return answer_of_store(std::move(products), host, question);
      });
  if (reply) show(*reply, flags, context);
}

}  // namespace

void add_read(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<ReadFlags>();
  CLI::App* command = app.add_subcommand(
      "read", "Shows rows of a product that is served: of a running job, or from the store of a stopped one");
  command->add_option("product", flags->product, "Product, such as shop.order; shop.order@2: version 2")
      ->required()
      ->type_name("PRODUCT");
  command->add_option("key", flags->key, "The row of that key, a word for each field of it")->type_name("KEY");
  flags->of.add_to(*command);
  command
      ->add_option("--where", flags->where,
                   "Rows whose field has that value: city=Bern, amount.ge=100 (ne, lt, le, gt, ge), note.null=true")
      ->allow_extra_args(false)
      ->type_name("FIELD=VALUE");
  command->add_option("--as-of", flags->as_of, "Rows as they were at that instant of event time")->type_name("INSTANT");
  command->add_option("--order", flags->order, "key, time, or a field with an index; with - in front backwards")
      ->type_name("FIELD");
  command->add_option("--fields", flags->fields, "Fields that are shown, with commas between them")->type_name("NAMES");
  command->add_option("--limit", flags->limit, "Rows at most")
      ->check(CLI::Range(uint64_t{1}, serve::Api::kMostRows))
      ->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--format", [flags](const std::string& format) { flags->json = format == "json"; },
          "lines: one row a line; json: the whole answer, with its epoch and watermark")
      ->check(CLI::IsMember({"lines", "json"}))
      ->default_str("lines");
  CLI::Option* follow = command->add_flag("--follow", flags->follow.on,
                                          "Show what each commit changes, one change a line, as it happens");
  command
      ->add_option(
          "--from", flags->follow.from,
          "With --follow: now, first (the oldest change that is kept), snapshot (all rows first), or behind an "
          "epoch")
      ->needs(follow)
      ->type_name("PLACE")
      ->default_str("now");
  command->add_option("--since", flags->follow.since, "With --follow: goes on where an earlier one has ended")
      ->needs(follow)
      ->type_name("TOKEN");
  for (const char* other : {"--as-of", "--order", "--limit"}) follow->excludes(command->get_option(other));
  command->callback([flags, &context] { read(*flags, context); });
}

}  // namespace braid::cli
