// `braid query`: SQL over the served products, of the job that runs or from the store of one that is stopped.
#include "cli/commands/command.h"
#include "cli/commands/read_store.h"
#include "cli/present/csv_table.h"
#include "runtime/base/clock.h"
#include "runtime/report/query_findings.h"
#include "serve/duckdb/engine.h"
#include "serve/query/query_api.h"
#include "serve/sql/row_form.h"

namespace braid::cli {
namespace {

constexpr const char* kSql = "application/sql";
constexpr int64_t kLookEvery = 5'000;  ///< µs

struct QueryFlags {
  ProductsOf of;
  std::string sql;
  std::string format = "table";
};

/// The form in which rows are asked for; a table is laid out here.
serve::RowForm form_of(const std::string& format) {
  if (format == "json") return serve::RowForm::json;
  if (format == "ndjson") return serve::RowForm::ndjson;
  if (format == "arrow") return serve::RowForm::arrow;
  return format == "parquet" ? serve::RowForm::parquet : serve::RowForm::csv;
}

Result<HttpReply> ask(const serve::HttpAddress& address, const QueryFlags& flags) {
  BRAID_ASSIGN(const std::string authorization, authorization_of(flags.of.token));
  return http_post(address, serve::QueryApi::kPath, serve::media_type(form_of(flags.format)), kSql, flags.sql,
                   authorization);
}

/// Of a job that is stopped: the views that its store has.
serve::HttpResponse answer_of_store(std::vector<serve::ApiProduct> products, ViewHost& host, const QueryFlags& flags) {
  serve::QueryApi api(std::move(products), host, system_clock(), serve::duckdb_engine);
  serve::HttpRequest request{.method = "POST", .path = serve::QueryApi::kPath, .body = flags.sql};
  request.headers.emplace_back("accept", serve::media_type(form_of(flags.format)));
  request.headers.emplace_back("content-type", kSql);
  serve::HttpResponse answer = *api.answer(request);
  while (answer.later) {
    std::optional<serve::HttpResponse> made = answer.later();
    if (made)
      answer = *std::move(made);
    else
      system_clock().sleep_us(kLookEvery);
  }
  return answer;
}

Error error_of(const HttpReply& reply) {
  const std::string reason = reason_of(reply);
  // The sentence of the engine that is not there is a finding already.
  if (reply.status == 501) return {ErrorKind::usage, reason, diag::NoSqlEngine::kCode, 0};
  if (reply.status == 422)
    return {ErrorKind::usage, diag::QueryTooLarge{.reason = reason}.make().message, diag::QueryTooLarge::kCode, 0};
  return {ErrorKind::usage, diag::QueryWrong{.reason = reason}.make().message, diag::QueryWrong::kCode, 0};
}

void show(const HttpReply& reply, const QueryFlags& flags, CommandContext& context) {
  if (reply.status != 200) {
    context.exit_code = show_error(error_of(reply), context.console);
    return;
  }
  const std::string text =
      flags.format == "table" ? table_of_csv(reply.body, context.console.width, context.console.color_out) : reply.body;
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void query(const QueryFlags& flags, CommandContext& context) {
  const auto reply = ask_for_products(
      flags.of, context, [&](const serve::HttpAddress& address) { return ask(address, flags); },
      [&](std::vector<serve::ApiProduct> products, ViewHost& host) {
        return answer_of_store(std::move(products), host, flags);
      });
  if (reply) show(*reply, flags, context);
}

}  // namespace

void add_query(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<QueryFlags>();
  CLI::App* command = app.add_subcommand(
      "query", "Answers a statement of SQL over served products: of a running job, or from the store of a stopped one");
  command->add_option("sql", flags->sql, "Statement, such as \"select city, count(*) from shop.order group by city\"")
      ->required()
      ->type_name("SQL");
  flags->of.add_to(*command);
  command
      ->add_option(
          "--format", flags->format,
          "table; csv; json: the whole answer, with its epoch; ndjson: one row a line; arrow: a stream; parquet: "
          "a file")
      ->check(CLI::IsMember({"table", "csv", "json", "ndjson", "arrow", "parquet"}))
      ->capture_default_str();
  command->callback([flags, &context] { query(*flags, context); });
}

}  // namespace braid::cli
