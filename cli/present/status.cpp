#include "cli/present/status.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "cli/present/json_object.h"
#include "cli/present/report.h"
#include "cli/present/table.h"
#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

using Align = Table::Align;

Table::Cell count_cell(int64_t count) {
  return {grouped(count), count == 0};
}

/// An instant; null before the first and where all time has passed.
void add_instant(JsonObject& object, const char* name, int64_t time) {
  if (time == kNoTime || time == kEndTime)
    object.null(name);
  else
    object.text(name, instant_text(time));
}

void add_ledger(JsonObject& object, const Ledger& ledger) {
  object.number("in", ledger.in);
  object.number("used", ledger.used);
  object.number("filtered", ledger.filtered);
  object.number("duplicate", ledger.duplicate);
  object.number("unmatched", ledger.unmatched);
  object.number("rejected", ledger.rejected);
  object.number("late", ledger.late);
  object.number("held", ledger.held);
  object.number("partly_late", ledger.partly_late);
  object.number("early", ledger.early);
  object.number("erased", ledger.erased);
}

std::string promises_json(const JobStatus& status, const std::string& relation, int64_t version) {
  JsonArray promises;
  for (const JobStatus::Promise& promise : status.promises) {
    if (promise.relation != relation || promise.version != version) continue;
    JsonObject object;
    object.text("promise", promise.text);
    object.text("state", word_of(promise.status.state));
    add_instant(object, "since", promise.status.since);
    object.text("rule", word_of(promise.rule));
    if (promise.status.measured)
      object.decimal(unit_of(promise.rule), *promise.status.measured);
    else
      object.null(unit_of(promise.rule));
    object.decimal("budget_left", promise.status.budget_left);
    object.number("breaches", static_cast<int64_t>(promise.status.breaches));
    if (promise.status.idle_since)
      add_instant(object, "idle_since", *promise.status.idle_since);
    else
      object.null("idle_since");
    if (!promise.readers.empty()) {
      object.text("expected_by", fmt::format("{}", fmt::join(promise.readers, ", ")));
      promise.owner.empty() ? object.null("owner") : object.text("owner", promise.owner);
    }
    promises.add(object.take());
  }
  return promises.take();
}

/// Those of which something is promised or expected.
std::string sources_json(const JobStatus& status) {
  JsonArray sources;
  const JobStatus::Promise* last = nullptr;
  for (const JobStatus::Promise& promise : status.promises) {
    if (!promise.of_source) continue;
    const bool same = last != nullptr && last->relation == promise.relation && last->version == promise.version;
    last = &promise;
    if (same) continue;
    JsonObject object;
    object.text("name", promise.relation);
    object.number("version", promise.version);
    object.raw("promises", promises_json(status, promise.relation, promise.version));
    sources.add(object.take());
  }
  return sources.take();
}

std::string products_json(const JobStatus& status) {
  JsonArray products;
  for (const JobReport::Product& product : status.report.products) {
    JsonObject object;
    object.text("name", product.name);
    object.number("version", product.version);
    object.number("rows", product.rows);
    object.number("alerts", product.alerts);
    JsonArray inputs;
    for (const JobReport::Input& input : product.inputs) {
      JsonObject account;
      account.text("name", input.name);
      add_ledger(account, input.ledger);
      inputs.add(account.take());
    }
    object.raw("inputs", inputs.take());
    JsonObject derived;
    add_ledger(derived, product.derived);
    object.raw("derived", derived.take());
    JsonArray outputs;
    for (const JobStatus::Output& output : status.outputs) {
      if (output.product != product.name || output.version != product.version) continue;
      JsonObject file;
      file.text("port", output.port);
      file.text("path", output.path);
      file.number("rows", output.rows);
      file.number("bytes", static_cast<int64_t>(output.bytes));
      outputs.add(file.take());
    }
    object.raw("outputs", outputs.take());
    object.raw("promises", promises_json(status, product.name, product.version));
    products.add(object.take());
  }
  return products.take();
}

std::string partitions_json(const JobStatus& status) {
  JsonArray partitions;
  for (const JobStatus::Partition& partition : status.partitions) {
    JsonObject object;
    object.text("source", partition.source);
    object.text("partition", partition.name);
    object.number("position", partition.position);
    const auto lag = [&](const char* name, const std::optional<uint64_t>& value) {
      value ? object.number(name, static_cast<int64_t>(*value)) : object.null(name);
    };
    lag("lag_bytes", partition.lag_bytes);
    lag("lag_records", partition.lag_records);
    add_instant(object, "watermark", partition.watermark);
    object.boolean("idle", partition.idle);
    object.boolean("ended", partition.ended);
    if (partition.waits_for.empty())
      object.null("waits_for");
    else
      object.text("waits_for", partition.waits_for);
    partitions.add(object.take());
  }
  return partitions.take();
}

std::string state_line(const JobStatus& status) {
  const StateSize& state = status.report.state;
  std::string line;
  if (state.rows > 0 || status.state_budget > 0)
    line = fmt::format("{}, {} in memory", counted(static_cast<int64_t>(state.rows), "row"),
                       bytes_text(static_cast<int64_t>(state.bytes)));
  if (status.state_budget > 0) line += " of " + bytes_text(static_cast<int64_t>(status.state_budget));
  if (status.store.disk_bytes > 0)
    line += fmt::format("{}{} on disk", line.empty() ? "" : ", ",
                        bytes_text(static_cast<int64_t>(status.store.disk_bytes)));
  return line;
}

std::string products_text(const JobStatus& status) {
  Table table;
  table.column("product", Align::left);
  table.column("version", Align::right);
  table.column("input", Align::left);
  for (const char* name : {"in", "used", "filtered", "duplicate", "unmatched", "rejected", "late", "held"})
    table.column(name, Align::right);
  const bool any_erased = std::ranges::any_of(status.report.products, [](const JobReport::Product& product) {
    return std::ranges::any_of(product.inputs, [](const JobReport::Input& input) { return input.ledger.erased > 0; });
  });
  if (any_erased) table.column("erased", Align::right);
  bool any_from_others = false;
  const auto line = [&](const std::string& product, const std::string& version, const std::string& input,
                        const Ledger& ledger) {
    any_from_others |= ledger.held < 0;
    std::vector<Table::Cell> cells{{product},
                                   {version},
                                   {input},
                                   count_cell(ledger.in),
                                   count_cell(ledger.used),
                                   count_cell(ledger.filtered),
                                   count_cell(ledger.duplicate),
                                   count_cell(ledger.unmatched),
                                   count_cell(ledger.rejected),
                                   count_cell(ledger.late),
                                   count_cell(ledger.held)};
    if (any_erased) cells.push_back(count_cell(ledger.erased));
    table.row(std::move(cells));
  };
  Table outputs;
  outputs.column("output", Align::left);
  outputs.column("port", Align::left);
  outputs.column("rows", Align::right);
  outputs.column("bytes", Align::right);
  outputs.column("file", Align::left);
  for (const JobReport::Product& product : status.report.products) {
    for (const JobReport::Input& input : product.inputs)
      line(product.name, std::to_string(product.version), input.name, input.ledger);
    if (product.derived.in != 0 || product.derived.held < 0)
      line(product.name, std::to_string(product.version), "windows and joins", product.derived);
  }
  for (const JobStatus::Output& output : status.outputs)
    outputs.row({{output.product},
                 {output.port},
                 count_cell(output.rows),
                 count_cell(static_cast<int64_t>(output.bytes)),
                 {output.path}});
  std::string text;
  if (!table.empty()) text += "\n" + table.render(0, false);
  if (any_from_others) text += "Held records below 0 came from other instances.\n";
  if (!outputs.empty()) text += "\n" + outputs.render(0, false);
  return text;
}

std::string promises_text(const JobStatus& status) {
  const bool of_others =
      std::ranges::any_of(status.promises, [](const JobStatus::Promise& promise) { return !promise.readers.empty(); });
  Table table;
  table.column("product", Align::left);
  table.column("version", Align::right);
  table.column("promise", Align::left);
  table.column("state", Align::left);
  table.column("since", Align::left);
  table.column("measured", Align::left);
  if (of_others) table.column("owner", Align::left);
  for (const JobStatus::Promise& promise : status.promises) {
    const PromiseStatus& now = promise.status;
    std::vector<Table::Cell> cells{{promise.relation},
                                   {std::to_string(promise.version)},
                                   {promise.text},
                                   {now.idle_since ? "idle" : word_of(now.state)},
                                   {instant_text(now.idle_since.value_or(now.since))},
                                   {measured_text(promise.rule, now)}};
    if (of_others) cells.push_back({promise.readers.empty() ? std::string() : promise.owner});
    table.row(std::move(cells));
  }
  return table.empty() ? std::string() : "\n" + table.render(0, false);
}

/// Rules of a contract that nobody runs, so that nobody takes them for met.
std::string unchecked_text(const JobStatus& status) {
  Table table;
  table.column("product", Align::left);
  table.column("version", Align::right);
  table.column("rule", Align::left);
  table.column("state", Align::left);
  table.column("reason", Align::left);
  for (const JobStatus::UncheckedRule& rule : status.unchecked)
    table.row({{rule.relation}, {std::to_string(rule.version)}, {rule.rule}, {"not run"}, {rule.reason}});
  return table.empty() ? std::string() : "\n" + table.render(0, false);
}

std::string unchecked_json(const JobStatus& status) {
  JsonArray rules;
  for (const JobStatus::UncheckedRule& rule : status.unchecked) {
    JsonObject object;
    object.text("product", rule.relation);
    object.number("version", rule.version);
    object.text("rule", rule.rule);
    object.text("state", "not run");
    object.text("reason", rule.reason);
    rules.add(object.take());
  }
  return rules.take();
}

std::string partitions_text(const JobStatus& status) {
  Table table;
  table.column("source", Align::left);
  table.column("partition", Align::left);
  table.column("position", Align::right);
  table.column("lag", Align::right);
  table.column("watermark", Align::left);
  table.column("state", Align::left);
  for (const JobStatus::Partition& partition : status.partitions) {
    const std::string lag = partition.lag_records ? counted(static_cast<int64_t>(*partition.lag_records), "record")
                            : partition.lag_bytes ? bytes_text(static_cast<int64_t>(*partition.lag_bytes))
                                                  : "?";
    table.row({{partition.source},
               {partition.name},
               {grouped(partition.position)},
               {lag},
               {instant_text(partition.watermark)},
               {partition.ended                ? "ended"
                : !partition.waits_for.empty() ? "paused"
                : partition.idle               ? "idle"
                                               : "active"}});
  }
  if (table.empty()) return {};
  std::string text = "\n" + table.render(0, false);
  for (const JobStatus::Partition& partition : status.partitions)
    if (!partition.waits_for.empty())
      text += fmt::format("{} of {} is paused: {}\n", partition.name, partition.source, partition.waits_for);
  return text;
}

}  // namespace

std::string status_text(const JobDescription& job, const JobStatus* status) {
  std::string text = job.project;
  if (!job.environment.empty()) text += " (environment " + job.environment + ")";
  text += ": " + job.phase;
  if (job.started_at != kNoTime)
    text += job.ready ? ", ready" : ", not ready" + (job.reason.empty() ? "" : " (" + job.reason + ")");
  text += fmt::format("; store {}\n", job.store);
  if (job.started_at != kNoTime) text += "running since " + instant_text(job.started_at) + "\n";
  if (status == nullptr) return text;
  text += fmt::format("commit {}, {}, watermark {}\n", status->epoch, counted(status->report.events, "event"),
                      instant_text(status->report.watermark));
  if (const std::string state = state_line(*status); !state.empty()) text += "state " + state + "\n";
  if (status->report.deviation != 0)
    text += fmt::format("the accounts do not add up by {} records; this is a bug of Braid\n", status->report.deviation);
  return text + products_text(*status) + promises_text(*status) + unchecked_text(*status) + partitions_text(*status);
}

std::string status_json(const JobDescription& job, const JobStatus* status) {
  JsonObject object;
  object.text("job", job.project);
  object.text("environment", job.environment);
  object.text("store", job.store);
  object.text("phase", job.phase);
  object.boolean("ready", job.ready);
  object.text("reason", job.reason);
  add_instant(object, "started_at", job.started_at);
  object.text("braid_version", job.braid_version);
  if (status != nullptr) {
    const JobReport& report = status->report;
    add_instant(object, "taken_at", status->taken_at);
    object.number("epoch", static_cast<int64_t>(status->epoch));
    object.number("events", report.events);
    object.number("turns", static_cast<int64_t>(report.turns));
    add_instant(object, "watermark", report.watermark);
    add_instant(object, "newest", report.newest);
    object.number("accounting_deviation", report.deviation);
    JsonObject state;
    state.number("rows", static_cast<int64_t>(report.state.rows));
    state.number("cold_rows", static_cast<int64_t>(report.state.cold));
    state.number("memory_bytes", static_cast<int64_t>(report.state.bytes));
    state.number("budget_bytes", static_cast<int64_t>(status->state_budget));
    state.number("disk_bytes", static_cast<int64_t>(status->store.disk_bytes));
    object.raw("state", state.take());
    object.raw("products", products_json(*status));
    object.raw("sources", sources_json(*status));
    if (!status->unchecked.empty()) object.raw("not_run", unchecked_json(*status));
    object.raw("partitions", partitions_json(*status));
  }
  return object.take() + "\n";
}

}  // namespace braid::cli
