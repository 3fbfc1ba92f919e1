#include <algorithm>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/present/table.h"
#include "cli/serve/watch_errors.h"
#include "cli/session/job_stores.h"
#include "runtime/base/fs.h"
#include "runtime/engine/state_diff.h"
#include "runtime/state/rocks_store.h"

namespace braid::cli {
namespace {

/// A store is read beside a job that runs: what says which state it has changes only when a job starts. Files that go
/// while it is opened are looked for again.
Result<std::unique_ptr<StateStore>> open_to_read(const std::string& folder) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<StateStore>> opened = open_rocks_store_to_read(join_path(folder, "state"));
    if (opened.ok() || attempt == kAttempts) return opened;
    system_clock().sleep_us(20'000);
  }
}

const char* word_of(StateFit::Kind kind) {
  switch (kind) {
    case StateFit::Kind::kept:
      return "kept";
    case StateFit::Kind::changed:
      return "lost";
    case StateFit::Kind::gone:
      return "lost";
    case StateFit::Kind::added:
      return "new";
  }
  return "";
}

const char* reason_of(StateFit::Kind kind) {
  switch (kind) {
    case StateFit::Kind::kept:
      return "";
    case StateFit::Kind::changed:
      return "the step has changed: it would begin empty";
    case StateFit::Kind::gone:
      return "the script has no such step any more";
    case StateFit::Kind::added:
      return "the step begins empty";
  }
  return "";
}

/// The diffs of all tasks as one. They differ only if an earlier change has come to some of them.
void merge(StateDiff&& part, StateDiff& whole) {
  auto add = [](auto& to, auto&& from) {
    for (auto& each : from)
      if (std::ranges::find(to, each) == to.end()) to.push_back(std::move(each));
  };
  add(whole.steps, std::move(part.steps));
  add(whole.added_products, std::move(part.added_products));
  add(whole.gone_products, std::move(part.gone_products));
}

void print(const StateDiff& diff, const std::string& store, size_t folders, const Console& console) {
  Table table;
  for (const char* header : {"state", "of", "why"}) table.column(header, Table::Align::left);
  for (const StateFit& step : diff.steps) table.row({{word_of(step.kind)}, {step.label}, {reason_of(step.kind)}});
  for (const std::string& product : diff.added_products) table.row({{"new"}, {product}, {"the product begins here"}});
  for (const std::string& product : diff.gone_products)
    table.row({{"gone"}, {product}, {"the script has no such product any more; its results stay"}});
  fmt::print("state in `{}`{}\n", store, folders > 1 ? fmt::format(", {} tasks", folders) : "");
  if (diff.steps.empty() && diff.added_products.empty() && diff.gone_products.empty())
    fmt::print("no step keeps state\n");
  else
    std::fputs(table.render(console.width, console.color_out).c_str(), stdout);
  if (diff.fits())
    fmt::print("the script goes on with the state as it is\n");
  else if (diff.loses())
    fmt::print("`braid run` stops with E8004; with --accept it gives up what is lost\n");
  else
    fmt::print("`braid run` stops with E8004; with --accept it goes on, and nothing is lost\n");
}

void show_diff(const ScriptOptions& script, const std::string& given, CommandContext& context) {
  Session session(script.session());
  if (!session.check()) {
    context.exit_code = show(session, context.console);
    return;
  }
  context.exit_code = show_errors(session, context.console);
  if (context.exit_code != kDone) return;
  driver::Compiled compiled = session.compile(session.chosen_products());
  const std::string store = given.empty() ? session.environment().store : given;
  auto compare = [&]() -> Status {
    BRAID_ASSIGN(const std::vector<JobFolder> folders, job_folders(store, real_fs()));
    StateDiff whole;
    size_t known = 0;
    for (const auto& [folder, lock] : folders) {
      BRAID_ASSIGN(const std::unique_ptr<StateStore> opened, open_to_read(folder));
      BRAID_ASSIGN(std::optional<StateDiff> diff, state_diff(compiled.program(), *opened, real_fs(), folder));
      if (!diff) continue;
      if (diff->project != session.files().name) {
        const Diagnostic another = diag::StoreOfAnother{.path = folder, .project = diff->project}.make();
        return Error{ErrorKind::store, another.message, another.code, 0};
      }
      ++known;
      merge(std::move(*diff), whole);
    }
    if (known == 0) return no_store(store);
    print(whole, store, known, context.console);
    if (whole.loses()) context.exit_code = kScriptFailed;
    return {};
  };
  if (const Status compared = compare(); !compared.ok())
    context.exit_code = show_error(compared.error(), context.console);
}

}  // namespace

void add_diff(CLI::App& app, CommandContext& context) {
  auto script = std::make_shared<ScriptOptions>();
  auto store = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "diff", "Shows which state a changed script keeps, by the store of its job; exit code 1 if some is lost");
  script->add_to(*command, "Project folder or script");
  command->add_option("--store", *store, "Store of the job (default: from the environment)")->type_name("DIR");
  command->callback([script, store, &context] { show_diff(*script, *store, context); });
}

}  // namespace braid::cli
