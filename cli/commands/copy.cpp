// `braid copy`: a served product as a table of a database that its reader controls, kept up to date.
#include <nlohmann/json.hpp>

#include "cli/commands/command.h"
#include "cli/commands/follow.h"
#include "cli/commands/read_store.h"
#include "cli/serve/http_client.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/copy/change_lines.h"
#include "runtime/copy/product_table.h"
#include "runtime/copy/sql_text.h"
#include "runtime/report/copy_findings.h"
#include "serve/duckdb/file_session.h"
#include "serve/http/query.h"

namespace braid::cli {
namespace {

constexpr uint64_t kChangesAtOnce = 10'000;

struct CopyFlags {
  ProductsOf of;
  std::string product, to, table;
  std::vector<std::string> where;
  bool until_caught_up = false, reset = false;
};

bool is_postgres(const std::string& target) {
  return target.starts_with("postgres://") || target.starts_with("postgresql://");
}

std::string is_target(const std::string& written) {
  if (is_postgres(written) || written.ends_with(".duckdb") || written.ends_with(".parquet")) return "";
  return "`" + written + "` is neither postgres://USER@HOST/DATABASE, a file .duckdb, nor a file .parquet";
}

Error copy_failed(const std::string& product, const std::string& target, const std::string& reason) {
  return {ErrorKind::input, diag::CopyFailed{.product = product, .target = target, .reason = reason}.make().message,
          diag::CopyFailed::kCode, 0};
}

/// A copy in Parquet is a table of a file of DuckDB beside it, written out at each commit.
std::string database_of(const std::string& target) {
  return target.ends_with(".parquet") ? target + ".duckdb" : target;
}

/// As it is named in messages: an address of a database may have a password.
std::string shown(const std::string& target) {
  const size_t at = target.rfind('@');
  return is_postgres(target) ? "database " + (at == std::string::npos ? "of PostgreSQL" : target.substr(at + 1))
                             : "file `" + target + "`";
}

Result<std::unique_ptr<SqlSession>> open_session(const CopyFlags& flags) {
  Result<std::unique_ptr<SqlSession>> session = Error{};
  if (is_postgres(flags.to)) {
    BRAID_ASSIGN(const OpenSqlSession open, load_postgres_session());
    session = open(flags.to);
  } else {
    session = serve::open_duckdb_file(database_of(flags.to));
  }
  if (!session.ok() && session.error().code == 0)
    return copy_failed(flags.product, shown(flags.to), session.error().message);
  return session;
}

/// What the server says of the product.
Result<CopiedProduct> product_of(const std::string& written, const HttpReply& reply) {
  const auto said = nlohmann::json::parse(reply.body, nullptr, false);
  if (reply.status != 200 || !said.is_object()) return not_readable(written, reply);
  CopiedProduct product{.name = fmt::format("{}@{}", said.value("product", written), said.value("version", 1)),
                        .columns = {},
                        .key = {},
                        .where = {}};
  for (const auto& field : said.at("fields")) product.columns.push_back({field.at("name"), field.at("type")});
  if (said.value("kind", "") != "table") return product;
  for (const std::string part : said.at("key")) {
    const bool is_column = std::ranges::find(product.columns, part, &CopiedColumn::name) != product.columns.end();
    if (!is_column) product.columns.push_back({part, "string?"});
    product.key.push_back(part);
  }
  return product;
}

/// `shop.customer@2`: `shop_customer`.
std::string table_of(const CopyFlags& flags, const CopiedProduct& product) {
  if (!flags.table.empty()) return flags.table;
  std::string made = product.name.substr(0, product.name.find('@'));
  std::ranges::replace(made, '.', '_');
  return made;
}

/// Writes the table out beside the target, and puts it in its place: who reads it sees one commit or the one before.
Status write_parquet(const CopyFlags& flags, SqlSession& session, const std::string& table) {
  const std::string made = flags.to + ".part";
  const auto written = session.run(
      fmt::format("COPY (SELECT * FROM {}) TO {} (FORMAT parquet, COMPRESSION zstd)", sql_name(table), sql_text(made)));
  if (!written.ok()) return copy_failed(flags.product, shown(flags.to), written.error().message);
  BRAID_ASSIGN(const std::unique_ptr<FileWriter> file, real_fs().open_writer(made, OpenMode::append));
  BRAID_TRY(file->sync());
  BRAID_TRY(real_fs().rename(made, flags.to));
  return real_fs().sync_directory(parent_directory(flags.to));
}

Status copy_changes(const CopyFlags& flags, const std::string& authorization,
                    const std::function<Result<serve::HttpAddress>()>& address) {
  BRAID_ASSIGN(const serve::HttpAddress first, address());
  BRAID_ASSIGN(const HttpReply described, http_get(first, "/v1/products/" + serve::percent_encoded(flags.product),
                                                   "application/json", authorization));
  BRAID_ASSIGN(CopiedProduct product, product_of(flags.product, described));
  product.where = flags.where;
  BRAID_ASSIGN(const std::unique_ptr<SqlSession> session, open_session(flags));
  ProductTable table(*session, product, table_of(flags, product));
  BRAID_ASSIGN(const std::optional<ProductTable::Place> place, table.open(flags.reset));
  ChangeLines lines(product, table);
  const bool parquet = flags.to.ends_with(".parquet");
  if (parquet && place) BRAID_TRY(write_parquet(flags, *session, table.table()));

  const Following following{.product = flags.product,
                            .key = {},
                            .where = flags.where,
                            .fields = {},
                            .authorization = authorization,
                            .flags = {.on = true, .from = "snapshot", .since = place ? place->token : ""},
                            .at_once = kChangesAtOnce,
                            .begins_again = true,
                            .until_caught_up = flags.until_caught_up};
  uint64_t written = place ? place->epoch : 0;
  BRAID_TRY(follow_changes(following, address, [&](const std::string& changes) -> Result<bool> {
    BRAID_TRY(lines.take(changes));
    if (parquet && lines.epoch() > written) {
      BRAID_TRY(write_parquet(flags, *session, table.table()));
      written = lines.epoch();
    }
    return true;
  }));
  fmt::print("{} changes are in the table `{}`, which is `{}` as of epoch {}\n", lines.changes(), table.table(),
             product.name, std::max(lines.epoch(), place ? place->epoch : 0));
  return {};
}

void copy(const CopyFlags& flags, CommandContext& context) {
  const Result<std::string> authorization = authorization_of(flags.of.token);
  if (!authorization.ok()) {
    context.exit_code = show_error(authorization.error(), context.console);
    return;
  }
  follow_products(flags.of, flags.product, context,
                  [&](const auto& address) { return copy_changes(flags, *authorization, address); });
}

}  // namespace

void add_copy(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<CopyFlags>();
  CLI::App* command = app.add_subcommand(
      "copy", "Copies a product that a running job serves into a database or a file, and keeps the copy up to date");
  command->add_option("product", flags->product, "Product, such as shop.order; shop.order@2: version 2")
      ->required()
      ->type_name("PRODUCT");
  flags->of.add_to(*command);
  command->add_option("--to", flags->to, "postgres://USER@HOST/DATABASE, or a file: orders.duckdb, orders.parquet")
      ->required()
      ->check(is_target)
      ->type_name("TARGET");
  command->add_option("--table", flags->table, "Name of the table; without it shop_order for shop.order")
      ->type_name("NAME");
  command->add_option("--where", flags->where, "Rows whose field has that value: city=Bern, amount.ge=100")
      ->allow_extra_args(false)
      ->type_name("FIELD=VALUE");
  command
      ->add_option_function<std::string>(
          "--until", [flags](const std::string&) { flags->until_caught_up = true; },
          "`caught-up`: end when the copy is as the product is; without it, go on until the command is stopped")
      ->check(CLI::IsMember({"caught-up"}))
      ->type_name("WHEN");
  command->add_flag("--reset", flags->reset, "Remove the table first, and copy all rows again");
  command->callback([flags, &context] { copy(*flags, context); });
}

}  // namespace braid::cli
