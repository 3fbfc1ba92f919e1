#include <algorithm>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/commands/read_store.h"
#include "cli/commands/topics.h"
#include "cli/present/json_object.h"
#include "cli/serve/watch_errors.h"
#include "cli/session/job_stores.h"
#include "compiler/plan/provenance.h"
#include "runtime/base/fs.h"
#include "runtime/engine/state_diff.h"

namespace braid::cli {
namespace {

struct DiffFlags {
  ScriptOptions script;  ///< `path`: the new script, or the old one if `second` is the new one
  std::string second;
  std::string store;
  bool json = false;
};

std::string_view word_of(const StepVerdict& step) {
  switch (step.fit.kind) {
    case StateFit::Kind::kept:
      return step.fit.reason.empty() ? "kept" : "converted";
    case StateFit::Kind::converted:
      return "converted";
    case StateFit::Kind::changed:
      return step.retained.whole ? "rebuilt" : step.fit.conversion >= 0 ? "converted" : "lost";
    case StateFit::Kind::gone:
      return "gone";
    case StateFit::Kind::added:
      return "new";
  }
  return "";
}

/// What becomes of it, and why.
std::string text_of(const StepVerdict& step) {
  std::string text = reason_text(step.fit);
  if (step.fit.kind == StateFit::Kind::changed)
    text += step.retained.whole ? "; it can be made again " + step.retained.text
                                : "; it cannot be made again: " + step.retained.text;
  if (step.fit.kind == StateFit::Kind::changed && step.fit.conversion >= 0)
    text += "; --accept begins what is new empty";
  if (step.fit.kind == StateFit::Kind::added && step.retained.whole)
    text += "; --rebuild makes its state " + step.retained.text;
  return text;
}

/// The diffs of all tasks as one. They differ only if an earlier change has come to some of them.
void merge(StateDiff&& part, StateDiff& whole) {
  auto add = [](auto& to, auto&& from) {
    for (auto& each : from)
      if (std::ranges::find(to, each) == to.end()) to.push_back(std::move(each));
  };
  whole.project = part.project;
  add(whole.steps, std::move(part.steps));
  add(whole.added_products, std::move(part.added_products));
  add(whole.gone_products, std::move(part.gone_products));
}

void print(const StateDiff& diff, const std::string& from) {
  fmt::print("state {}\n", from);
  const auto line = [](std::string_view word, const std::string& what, const std::string& why) {
    fmt::print("{:<11}{}\n", word, what);
    if (!why.empty()) fmt::print("{:<11}  {}\n", "", why);
  };
  for (const StepVerdict& step : diff.steps) line(word_of(step), step.fit.label, text_of(step));
  for (const std::string& product : diff.added_products) line("new", product, "the product begins here");
  for (const std::string& product : diff.gone_products)
    line("gone", product, "the script has no such product any more; its results stay");
  if (diff.steps.empty()) fmt::print("no step keeps state\n");
  if (!diff.loses()) {
    fmt::print("the script goes on with the state as it is\n");
    return;
  }
  fmt::print("`braid run` stops with E8004 unless it is told what to do:\n");
  for (const StepVerdict& step : diff.steps) {
    if (!step.fit.loses()) continue;
    if (step.fit.kind == StateFit::Kind::changed && step.retained.whole)
      fmt::print("  --rebuild \"{0}\"  or  --accept \"{0}\"\n", step.fit.label);
    else
      fmt::print("  --accept \"{}\"\n", step.fit.label);
  }
}

void print_json(const StateDiff& diff, const std::string& from) {
  JsonArray steps;
  for (const StepVerdict& step : diff.steps) {
    JsonObject one;
    one.text("step", step.fit.label);
    one.text("verdict", word_of(step));
    one.text("reason", reason_text(step.fit));
    const bool open = step.fit.kind == StateFit::Kind::changed || step.fit.kind == StateFit::Kind::added;
    if (open) {
      JsonObject rebuild;
      rebuild.boolean("possible", step.retained.whole);
      rebuild.text(step.retained.whole ? "from" : "why_not", step.retained.text);
      one.raw("rebuild", rebuild.take());
    }
    steps.add(one.take());
  }
  const auto names = [](const std::vector<std::string>& list) {
    JsonArray array;
    for (const std::string& each : list) {
      std::string text;
      append_json_string(text, each);
      array.add(text);
    }
    return array.take();
  };
  JsonObject whole;
  whole.text("compared_with", from);
  whole.boolean("loses", diff.loses());
  whole.raw("steps", steps.take());
  whole.raw("new_products", names(diff.added_products));
  whole.raw("gone_products", names(diff.gone_products));
  fmt::print("{}\n", whole.take());
}

/// Why a job does not read topics again; empty: it does.
std::string why_no_topics(const Session& session) {
  return session.output_topics().empty() ? std::string() : std::string(kTasksReadOnce);
}

/// Of a store's tasks.
Result<StateDiff> diff_of_tasks(const Program& program, const StateParts& parts, const Session& session,
                                const std::string& store, const InputPlaces& places, std::string& from) {
  BRAID_ASSIGN(const std::vector<JobFolder> folders, job_folders(store, real_fs()));
  StateDiff whole;
  size_t known = 0;
  for (const auto& [folder, lock] : folders) {
    // What says which state there is changes only when a job starts.
    BRAID_ASSIGN(const std::unique_ptr<StateStore> opened, open_to_read(join_path(folder, "state")));
    BRAID_ASSIGN(std::optional<StateDiff> diff, state_diff(program, *opened, folder, places, parts));
    if (!diff) continue;
    if (diff->project != session.files().name) {
      const Diagnostic another = diag::StoreOfAnother{.path = folder, .project = diff->project}.make();
      return Error{ErrorKind::store, another.message, another.code, 0};
    }
    ++known;
    merge(std::move(*diff), whole);
  }
  if (known == 0) return no_store(store);
  from = fmt::format("in `{}`{}", store, known > 1 ? fmt::format(", {} tasks", known) : "");
  return whole;
}

/// The broker is asked only where it matters which records topics still have.
Result<StateDiff> diff_of_store(const Program& program, const StateParts& parts, Session& session,
                                const std::string& store, std::string& from) {
  InputPlaces places{.fs = real_fs(), .root = session.files().root.empty() ? "." : session.files().root};
  if (const std::string why = why_no_topics(session); !why.empty()) places.no_topics = why;
  BRAID_ASSIGN(StateDiff diff, diff_of_tasks(program, parts, session, store, places, from));
  const bool topics =
      std::ranges::any_of(program.sources, [](const SourceSpec& each) { return each.binding.kind == "topic"; });
  const bool open = std::ranges::any_of(diff.steps, [](const StepVerdict& each) { return each.fit.is_open(); });
  if (!topics || !open || !session.output_topics().empty()) return diff;
  const TopicSetup setup = topics_of(session, program);
  if (session.reporter().has_errors()) return diff;
  const Result<std::unique_ptr<Broker>> broker = reach_broker(setup.settings, program, setup.outputs);
  if (broker.ok())
    places.broker = broker->get();
  else
    places.no_topics = broker.error().message;
  return diff_of_tasks(program, parts, session, store, places, from);
}

/// A script that is right, compiled and bound.
struct Script {
  Session session;
  std::optional<driver::Compiled> compiled;

  explicit Script(const SessionOptions& options) : session(options) {}
  StateParts parts() const { return plan::state_parts(compiled->checked, session.project()); }
  bool read(CommandContext& context) {
    const bool right = session.check();
    if (right) {
      compiled = session.compile(session.chosen_products());
      session.bind(compiled->program());
    }
    const int shown = right ? show_errors(session, context.console) : show(session, context.console);
    if (right && shown == kDone) return true;
    context.exit_code = kUsage;
    return false;
  }
};

bool is_store(const std::string& path) {
  for (const char* part : {"state", "tasks"})
    if (const Result<FileInfo> found = real_fs().stat(join_path(path, part)); found.ok() && found->directory)
      return true;
  return false;
}

void show_diff(const DiffFlags& flags, CommandContext& context) {
  SessionOptions of_new = flags.script.session();
  if (!flags.second.empty()) of_new.path = flags.second;
  Script now(of_new);
  if (!now.read(context)) return;
  std::string from;
  Result<StateDiff> diff = StateDiff();
  if (!flags.second.empty() && !is_store(flags.script.path)) {
    Script before(flags.script.session());
    if (!before.read(context)) return;
    diff = state_diff(now.compiled->program(), now.parts(), before.compiled->program(), before.parts(),
                      why_no_topics(now.session));
    from = fmt::format("of a job of `{}`", flags.script.path);
  } else {
    const std::string& store = !flags.second.empty()  ? flags.script.path
                               : !flags.store.empty() ? flags.store
                                                      : now.session.environment().store;
    diff = diff_of_store(now.compiled->program(), now.parts(), now.session, store, from);
  }
  if (!diff.ok()) {
    (void)show_error(diff.error(), context.console);
    context.exit_code = kUsage;
    return;
  }
  if (flags.json)
    print_json(*diff, from);
  else
    print(*diff, from);
  context.exit_code = diff->loses() ? kScriptFailed : kDone;
}

}  // namespace

void add_diff(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<DiffFlags>();
  CLI::App* command = app.add_subcommand(
      "diff",
      "Shows which state a changed script keeps: `diff NEW` against the store of its job, `diff OLD NEW` against "
      "another script or a store; exit code 1 if some is rebuilt or lost, 2 if that cannot be told");
  flags->script.add_to(*command, "The new project folder or script; before a second one: the old one, or a store");
  command->add_option("new", flags->second, "The new project folder or script")->type_name("NEW");
  command->add_option("--store", flags->store, "Store of the job (default: from the environment)")->type_name("DIR");
  command
      ->add_option_function<std::string>(
          "--format", [flags](const std::string& format) { flags->json = format == "json"; },
          "table: for people; json: one object")
      ->check(CLI::IsMember({"table", "json"}))
      ->default_str("table");
  command->callback([flags, &context] { show_diff(*flags, context); });
}

}  // namespace braid::cli
