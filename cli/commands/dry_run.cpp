#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/commands/command.h"
#include "cli/commands/topics.h"
#include "cli/present/report.h"
#include "cli/present/table.h"
#include "cli/session/audit_feed.h"
#include "cli/session/broker.h"
#include "cli/session/explanation.h"
#include "cli/session/identity.h"
#include "cli/session/native.h"
#include "cli/session/registry.h"
#include "cli/session/row_collector.h"
#include "cli/session/services.h"
#include "runtime/base/executor.h"
#include "runtime/base/fs.h"
#include "runtime/engine/dry_run.h"

namespace braid::cli {
namespace {

constexpr int64_t kTableRows = 20;
constexpr int64_t kNativeAfterUs = 60'000;  ///< shorter runs are over before native code pays

struct DryRunFlags {
  ScriptOptions script;
  std::vector<std::string> inputs;
  int64_t limit = 0;
  int64_t tail = 1000;
  std::string format = "table";
  bool explain = false, no_seal = false, quiet = false;
  std::string token;    ///< path; empty: nobody in particular reads
  std::string purpose;  ///< that the holder of the token states
};

/// The rows that the holder of the token sees. Accounts, ports and their reasons are for the domain alone.
bool read_by_token(Session& session, const DryRunFlags& flags, const std::vector<typed::RelationId>& products) {
  const auto identity = identity_of_token(session.files(), flags.token, session.reporter(), real_fs(), system_clock());
  if (!identity) return false;
  const access::Subject reader{
      .domain = {}, .roles = identity->roles, .user = identity->subject, .purpose = flags.purpose};
  return session.put_out_for(reader, products, system_clock().now_us());
}

Table table_of(const std::vector<Field>& row, const std::vector<ResultRow>& rows) {
  Table table;
  for (const Field& field : row) {
    const TypeKind kind = without_optional(field.type)->kind;
    const bool number = kind == TypeKind::integer || kind == TypeKind::decimal || kind == TypeKind::floating;
    table.column(field.name, number ? Table::Align::right : Table::Align::left);
  }
  for (const ResultRow& result : rows) {
    std::vector<Table::Cell> cells;
    for (size_t i = 0; i < row.size(); ++i) {
      const bool null = result.values[i].is_null();
      cells.push_back({null ? "null" : to_cell(row[i].type, result.values[i]), null});
    }
    table.row(std::move(cells));
  }
  return table;
}

std::string field_text(const ResultRow& row, const std::string& name) {
  const int index = find_field(row.fields, name);
  return index < 0 || row.values[index].is_null() ? "" : to_cell(row.fields[index].type, row.values[index]);
}

/// Why a row is in a port: code, reason, place in the script and in the input.
std::string port_line(const ResultRow& row) {
  std::string code = field_text(row, "code"), line = "    ";
  if (!code.empty()) line += code + " ";
  line += field_text(row, "reason");
  const int origin = find_field(row.fields, "origin");
  if (origin >= 0 && !row.values[origin].is_null()) {
    const auto& fields = without_optional(row.fields[origin].type)->fields;
    const ResultRow place{.fields = fields, .values = row.values[origin].items()};
    std::string at = field_text(place, "partition");
    if (const std::string number = field_text(place, "line"); !number.empty() && number != "0") at += ":" + number;
    if (!at.empty()) line += "\n      " + at;
  }
  if (const std::string span = field_text(row, "span"); !span.empty()) {
    const std::string expression = field_text(row, "expression"), output = field_text(row, "output");
    const std::string what = expression.empty() ? field_text(row, "step") : expression;
    const bool named = !output.empty() && output != what;
    line += fmt::format("  by {}  ({}{})", span, named ? output + ": " : "", what);
  }
  if (const int calls = find_field(row.fields, "calls"); calls >= 0)
    for (const Value& call : row.values[calls].items()) line += "\n      called at " + call.text();
  std::string bytes = field_text(row, "bytes");
  if (bytes.size() > 160) bytes = bytes.substr(0, 157) + "…";
  if (!bytes.empty()) line += "\n      " + bytes;
  return line + "\n";
}

/// Why nothing came out, in one sentence.
std::string why_empty(const JobReport::Product& product, bool sealed) {
  int64_t in = 0, held = product.derived.held, filtered = product.derived.filtered;
  Ledger sum;
  for (const JobReport::Input& input : product.inputs) {
    in += input.ledger.in;
    held += input.ledger.held;
    filtered += input.ledger.filtered;
    sum.unmatched += input.ledger.unmatched;
    sum.rejected += input.ledger.rejected;
    sum.late += input.ledger.late;
  }
  if (in == 0) return "nothing came out: its inputs hold no record";
  if (held > 0 && !sealed)
    return "nothing came out yet: rows wait until event time passes; without --no-seal the end of input decides them";
  if (!sealed && product.derived.in == 0 && filtered + sum.unmatched + sum.rejected + sum.late < in)
    return "nothing came out yet: windows are open until event time passes their end; the end of input seals them";
  const std::pair<int64_t, const char*> reasons[] = {{filtered, "were filtered"},
                                                     {sum.unmatched, "met no row in a join"},
                                                     {sum.rejected, "were rejected, for the reasons below"},
                                                     {sum.late, "came too late"}};
  const auto most = std::max_element(std::begin(reasons), std::end(reasons));
  if (most->first == 0) return "nothing came out";
  return fmt::format("nothing came out: {} records {}", grouped(most->first), most->second);
}

/// The columns of the table: of a product that is a table, what became of each row stands in front.
std::vector<Field> shown_row(const ProductSpec& product) {
  std::vector<Field> row = product.row;
  if (product.changes) row.insert(row.begin(), {"change", string_type()});
  return row;
}

void print_name(const ProductSpec& product, bool color, std::FILE* to) {
  fmt::print(to, "{}{} version {}{}\n", color ? "\x1b[1m" : "", product.qualified(), product.version,
             color ? "\x1b[0m" : "");
}

/// How many rows came out, the account of every record, and why rows are in ports.
void print_account(size_t index, const JobReport::Product& report, const RowCollector& rows, int64_t limit, bool sealed,
                   std::FILE* to) {
  const auto& collected = rows.rows(static_cast<int>(index));
  const int64_t shown = std::min(collected.count, limit);
  if (collected.count == 0)
    fmt::print(to, "{}\n", why_empty(report, sealed));
  else
    fmt::print(to, "{}{}\n", counted(collected.count, "row"),
               shown < collected.count ? fmt::format(", {} shown", shown) : "");
  std::fputs(ledger_lines(report).c_str(), to);
  for (const auto& [place, port] : rows.ports()) {
    if (place.first != static_cast<int>(index)) continue;
    fmt::print(to, "  {}: {}\n", place.second, counted(port.count, "row"));
    for (const ResultRow& row : port.rows)
      std::fputs(
          find_field(row.fields, "reason") >= 0 ? port_line(row).c_str() : ("    " + row_text(row) + "\n").c_str(), to);
    if (port.count > static_cast<int64_t>(port.rows.size()))
      fmt::print(to, "    … and {} more\n", grouped(port.count - static_cast<int64_t>(port.rows.size())));
  }
  fmt::print(to, "\n");
}

/// Of the first row that a port shows with a reason; empty: none has one.
std::string first_code(const RowCollector& rows) {
  for (const auto& [place, port] : rows.ports())
    for (const ResultRow& row : port.rows)
      if (std::string code = field_text(row, "code"); !code.empty()) return code;
  return "";
}

/// What was read of topics, and what follows from that it was not all.
void print_tails(const std::vector<DryRunReport::Read>& topics, int64_t tail, std::FILE* to) {
  if (topics.empty()) return;
  fmt::print(to, "the last {} of each partition were read, without joining the group:\n", counted(tail, "offset"));
  int64_t before = 0;
  for (const DryRunReport::Read& each : topics) {
    before += each.begin - each.first;
    fmt::print(to, "  {}: from offset {} up to {}, of {} to {}\n", each.partition, grouped(each.begin),
               grouped(each.end), grouped(each.first), grouped(each.end));
  }
  if (before > 0)
    fmt::print(to, "{} before them were not read: joins and windows know nothing of those\n",
               counted(before, "offset"));
}

/// Of each product at most.
int64_t rows_shown(const DryRunFlags& flags) {
  if (flags.limit > 0) return flags.limit;
  return flags.format == "table" ? kTableRows : INT64_MAX;
}

/// What the run did. Rows go to standard output; with a table so does the report, and otherwise it goes to standard
/// error, where it is in nobody's way.
void print_report(const Program& program, const DryRunReport& result, const RowCollector& rows,
                  const DryRunFlags& flags, const Console& console, int64_t elapsed_us) {
  const JobReport& report = result.job;
  const bool table = flags.format == "table";
  if (flags.quiet && !table) return;
  std::FILE* to = table ? stdout : stderr;
  for (size_t i = 0; i < program.products.size(); ++i) {
    const ProductSpec& product = program.products[i];
    const auto& collected = rows.rows(static_cast<int>(i));
    print_name(product, table ? console.color_out : console.color_err, to);
    if (table && !collected.rows.empty())
      std::fputs(table_of(shown_row(product), collected.rows).render(console.width, console.color_out).c_str(), to);
    if (!flags.quiet)
      print_account(i, report.products[i], rows, rows_shown(flags), !flags.no_seal && !report.drained, to);
  }
  if (flags.quiet) return;
  print_tails(result.topics, flags.tail, to);
  fmt::print(to, "{} in {:.1f} s, nothing was written\n", counted(report.events, "event"),
             static_cast<double>(elapsed_us) / 1e6);
  if (const std::string code = first_code(rows); !code.empty())
    fmt::print(to, "`braid help {}` says what to do about the first of the rows above\n", code);
  if (report.drained) fmt::print(to, "stopped before the end of the inputs: the counts are of what was read\n");
  std::fflush(stdout);
  show_findings(report.warnings, SourceSet(), console, FindingFormat::text);
}

void run(const DryRunFlags& flags, CommandContext& context) {
  SessionOptions options = flags.script.session();
  for (const std::string& input : flags.inputs) {
    const size_t equals = input.find('=');
    options.inputs[equals == std::string::npos ? "" : input.substr(0, equals)] =
        equals == std::string::npos ? input : input.substr(equals + 1);
  }
  Session session(options);
  const bool right = session.check();
  if (!right) {
    context.exit_code = show(session, context.console);
    return;
  }
  const auto products = session.chosen_products();
  if (products.empty()) {
    fmt::print(stderr, "braid: there is no product in {}\n", flags.script.path);
    context.exit_code = kUsage;
    return;
  }
  const bool readable = flags.token.empty() || read_by_token(session, flags, products);
  if (!readable) {
    context.exit_code = show(session, context.console);
    return;
  }
  driver::Compiled compiled = session.compile(products);
  const bool bound = session.bind(compiled.program());
  const std::vector<SourceSpec>& sources = compiled.program().sources;
  const bool reads_topics =
      std::any_of(sources.begin(), sources.end(), [](const SourceSpec& each) { return each.binding.kind == "topic"; });
  std::optional<BrokerSettings> settings;
  if (bound && reads_topics)
    settings = broker_settings(session.environment(), session.files().root, session.files().name, session.reporter());
  std::optional<registry::ServiceOptions> registry;
  if (settings && session.environment().registry && needs_registry(compiled.program(), {}))
    registry = registry_options(session.environment(), session.files().root, session.reporter());
  context.exit_code = show_errors(session, context.console);
  if (!bound || context.exit_code != kDone) return;
  if (const auto feed = begin_audit_feed(session); !feed.ok()) {
    context.exit_code = show_error(feed.error(), context.console);
    return;
  }
  if (flags.explain) {
    const Result<std::string> text = explain(session, "", false);
    if (text.ok()) fmt::print("{}\n", *text);
  }

  // It outlives what reads by it.
  std::unique_ptr<registry::RegistryService> schemas;
  if (registry) {
    auto opened = open_registry(*registry);
    if (!opened.ok()) {
      context.exit_code = show_error(opened.error(), context.console);
      return;
    }
    schemas = std::move(*opened);
    read_by_registry(*schemas, compiled.program());
  }
  const Program& program = compiled.program();
  std::unique_ptr<Broker> broker;
  if (settings) {
    auto reached = reach_broker(*settings, program, {});
    if (!reached.ok()) {
      context.exit_code = show_error(reached.error(), context.console);
      return;
    }
    broker = std::move(*reached);
  }
  const bool table = flags.format == "table";
  RowCollector::Limits limits;
  limits.rows = rows_shown(flags);
  if (!flags.token.empty()) limits.port_rows = 0;
  std::function<void(const std::string&)> print;
  if (!table)
    print = [](const std::string& text) {
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);
    };
  RowCollector rows(program, limits, flags.format, print);
  ProgressLine progress(context.console, system_clock());
  BackgroundCompiler native(compiled);
  catch_stop_signals();
  DryRunOptions run_options{.seal = !flags.no_seal, .tail = flags.tail};
  if (settings) run_options.group = settings->group;
  run_options.stop_requested = [&] { return stop_requested() || (flags.limit > 0 && rows.satisfied()); };
  run_options.progress = [&](const JobProgress& now) {
    if (!native.started() && progress.elapsed_us() > kNativeAfterUs) native.start();
    progress.show(now);
  };
  InlineExecutor executor;
  JobSeams seams{real_fs(), system_clock(), executor, {}, broker.get()};
  seams.make_service = service_clients(real_fs(), system_clock());
  const Result<DryRunReport> report = dry_run(program, run_options, seams, rows);
  progress.clear();
  if (!report.ok()) {
    context.exit_code = show_error(report.error(), context.console);
  } else {
    print_report(program, *report, rows, flags, context.console, progress.elapsed_us());
    if (report->job.deviation != 0) context.exit_code = kOurBug;
  }
  leave_if_compiling(native.started() && !native.finished(), context.exit_code);
}

}  // namespace

void add_dry_run(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<DryRunFlags>();
  CLI::App* command =
      app.add_subcommand("dry-run", "Runs a script on its inputs and shows the results; writes nothing");
  flags->script.add_to(*command, "Project folder or script");
  command->add_option("--input", flags->inputs, "Input of a source: NAME=FILE, or - for standard input")
      ->type_name("NAME=FILE");
  command
      ->add_option("--limit", flags->limit, "Maximum rows of each product (table: 20); stops when all have that many")
      ->check(CLI::Range(1, 1'000'000'000));
  command
      ->add_option("--tail", flags->tail,
                   "Of each partition of a topic the last N offsets at most; topics are read without joining the group")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  command->add_option("--format", flags->format, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
  command->add_flag("--quiet", flags->quiet,
                    "Rows only: no counts, reasons or warnings (they go to standard error with json and csv)");
  command->add_flag("--explain", flags->explain, "Show the steps and the bound on each state first");
  command->add_flag("--no-seal", flags->no_seal,
                    "Do not treat the end of the files as the end of input: windows and waiting rows stay open");
  command
      ->add_option("--token", flags->token,
                   "The rows that the holder of the token in this file sees, by the issuer that [mesh.identity] of "
                   "braid.toml names; implies --quiet")
      ->type_name("FILE");
  command->add_option("--purpose", flags->purpose, "With --token: what the rows are read for, as one word")
      ->type_name("PURPOSE")
      ->needs("--token");
  command->callback([flags, &context] {
    flags->quiet |= !flags->token.empty();
    run(*flags, context);
  });
}

}  // namespace braid::cli
