#include "cli/commands/command.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "cli/present/table.h"
#include "compiler/optimize/optimize.h"
#include "runtime/data/time_text.h"
#include "runtime/report/registry_findings.h"
#include "runtime/report/suggest.h"
#include "serve/http/address.h"

namespace braid::cli {
namespace {

std::string is_pair(const std::string& word) {
  return word.find('=') == std::string::npos || word.starts_with('=') ? "`" + word + "` is not NAME=VALUE" : "";
}

/// `name=value` options as a map; what has no `=` gets the empty name.
std::map<std::string, std::string> pairs(const std::vector<std::string>& words) {
  std::map<std::string, std::string> made;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos)
      made[""] = word;
    else
      made[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return made;
}

/// A misspelt subcommand or option, as a finding of the catalogue with the nearest name.
Diagnostic misspelt(const CLI::App& app, const std::string& word, const CLI::App* command) {
  Reporter reporter;
  std::vector<std::string> names;
  if (command == nullptr && !word.starts_with("-")) {
    for (const CLI::App* each : app.get_subcommands({})) names.push_back(each->get_name());
    auto finding = reporter.report(diag::UnknownCommand{.command = word});
    if (const auto near = closest(word, names)) finding.note("did you mean `braid " + *near + "`?");
    finding.note("`braid --help` lists the commands");
  } else {
    const CLI::App& within = command ? *command : app;
    for (const CLI::Option* option : within.get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    auto finding = reporter.report(diag::UnknownFlag{.command = within.get_name(), .option = word});
    if (const auto near = closest(word, names)) finding.note("did you mean `" + *near + "`?");
    finding.note(fmt::format("`braid {} --help` lists the options", within.get_name()));
  }
  return reporter.take_sorted().front();
}

/// The code of an error that nobody on its way wrapped into one: by what failed, and why.
int catalogue_code_of(const Error& error) {
  if (error.code != 0) return error.code;
  switch (error.kind) {
    case ErrorKind::usage:
      return 7016;
    case ErrorKind::input:
      return 7001;
    case ErrorKind::store:
      return 8002;
    case ErrorKind::output:
      return error.system_error == ENOSPC || error.system_error == EDQUOT || error.system_error == EFBIG ? 8003 : 7018;
    case ErrorKind::internal:
      break;
  }
  return 9001;
}

bool has_command(const CLI::App& app, const std::string& word) {
  for (const CLI::App* each : app.get_subcommands({}))
    if (each->get_name() == word) return true;
  return false;
}

}  // namespace

std::string is_duration(const std::string& written) {
  int64_t us = 0;
  return parse_duration_literal(written, &us) && us > 0 ? std::string() : "is not a duration such as 500ms or 2s";
}

std::string is_http_address(const std::string& written) {
  return serve::parse_http_address(written) ? std::string() : "is not " + std::string(serve::kHttpAddressForm);
}

void ScriptOptions::add_to(CLI::App& command, const std::string& what) {
  command.add_option("path", path, what)->type_name("PATH")->capture_default_str();
  command.add_option("--env", environment, "Environment in braid.toml (default: its default_env)")->type_name("NAME");
  command.add_option("--set", parameters, "Value of a param, written as in a script: --set min_amount=5.00")
      ->check(is_pair)
      ->type_name("NAME=VALUE");
  std::vector<std::string> passes;
  for (const optimize::PassDescription& pass : optimize::passes()) passes.emplace_back(pass.name);
  command.add_option("--disable-pass", disabled_passes, "Switch off an optimiser pass")->check(CLI::IsMember(passes));
}

SessionOptions ScriptOptions::session() const {
  SessionOptions options{.path = path, .environment = environment, .parameters = pairs(parameters)};
  options.optimizer.disabled.insert(disabled_passes.begin(), disabled_passes.end());
  return options;
}

int exit_code_of(const std::vector<Diagnostic>& findings) {
  for (const Diagnostic& finding : findings) {
    if (finding.severity != Severity::error) continue;
    switch (finding.code) {
      case 5119:
      case 7001:
      case 7002:
      case 7011:
      case 7012:
      case 7020:
      case 7030:
      case 7046:
      case 7060:
      case 7061:
      case 7075:
      case 7090:
      case 7114:
      case 7200:
      case 7202:
      case 7208:
      case 7212:
      case 7213:
      case 7214:
      case 7300:
      case 7301:
      case 7302:
      case 7303:
      case 7305:
      case 7324:
      case 7327:
        return kInput;
      case 7010:
      case 7018:
      case 7062:
      case 7063:
      case 7201:
      case 7204:
      case 7322:
      case 7323:
      case 7326:
      case 7346:
      case 7347:
        return kStore;
      case 7209:
      case 7210:
      case 7211:
      case 7220:
      case 7222:
      case 7223:
      case 7226:
      case 7227:
      case 7231:
      case 7234:
      case 7235:
      case 7236:
      case 7237:
      case 7238:
      case 7071:
        return kScriptFailed;
      default:
        break;
    }
    if (finding.code >= 9000) return kOurBug;
    if (finding.code >= 8000) return kStore;
    if (finding.code >= 7000) return kUsage;
    return kScriptFailed;
  }
  return kDone;
}

int show(Session& session, const Console& console, FindingFormat format) {
  const std::vector<Diagnostic> findings = session.reporter().take_sorted();
  show_findings(findings, session.sources(), console, format);
  return exit_code_of(findings);
}

int show_errors(Session& session, const Console& console) {
  std::vector<Diagnostic> findings = session.reporter().take_sorted();
  const size_t warnings = std::erase_if(findings, [](const auto& each) {
    return each.severity != Severity::error && each.code != diag::ErrorsElsewhere::kCode &&
           each.code != diag::LineageEndsHere::kCode;
  });
  show_findings(findings, session.sources(), console, FindingFormat::text);
  if (exit_code_of(findings) == kDone && warnings > 0)
    fmt::print(stderr, "{} (`braid check` shows them)\n", counted(static_cast<int64_t>(warnings), "warning"));
  return exit_code_of(findings);
}

Diagnostic finding_of(const Error& error) {
  return {.code = catalogue_code_of(error), .message = error.message};
}

int show_error(const Error& error, const Console& console) {
  const Diagnostic finding = finding_of(error);
  show_findings({finding}, SourceSet(), console, FindingFormat::text);
  return exit_code_of({finding});
}

namespace {
std::atomic<bool> stop_asked = false;
}

void catch_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_asked.store(true); };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() {
  return stop_asked.load(std::memory_order_relaxed);
}

void leave_if_compiling(bool compiling, int exit_code) {
  if (!compiling) return;
  std::fflush(stdout);
  std::fflush(stderr);
  std::_Exit(exit_code);
}

std::function<void(std::string_view)> kill_point_of_environment() {
  const char* wanted = std::getenv("BRAID_KILL_AT");
  if (wanted == nullptr) return {};
  std::string name = wanted;
  int64_t nth = 1;
  if (const size_t colon = name.find(':'); colon != std::string::npos) {
    nth = std::atoll(name.c_str() + colon + 1);
    name.resize(colon);
  }
  auto seen = std::make_shared<int64_t>(0);
  return [name, nth, seen](std::string_view at) {
    if (at == name && ++*seen == nth) std::raise(SIGKILL);
  };
}

int run_command_line(int count, const char* const* words) {
  CommandContext context{.console = Console::of_process()};
  CLI::App app{
      "Braid joins and enriches the event streams of several domains into data products.\n\n"
      "  braid new shop          create a project to start from\n"
      "  braid check shop        report all mistakes in its scripts\n"
      "  braid dry-run shop      show the results for the samples; write nothing\n"
      "  braid test shop         run its tests\n"
      "  braid run shop          run it as a job that can be killed and restarted\n"
      "  braid status shop       show how far the job is",
      "braid"};
  app.set_version_flag("--version", std::string("braid ") + kBraidVersion);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  add_new(app, context);
  add_infer(app, context);
  add_check(app, context);
  add_explain(app, context);
  add_dry_run(app, context);
  add_test(app, context);
  add_run(app, context);
  add_diff(app, context);
  add_status(app, context);
  add_read(app, context);
  add_serve(app, context);
  add_query(app, context);
  add_copy(app, context);
  add_help(app, context);
  add_functions(app, context);
  add_schema(app, context);
  add_publish(app, context);
  add_update(app, context);
  add_mesh(app, context);
  add_access(app, context);
  add_audit(app, context);
  add_erase(app, context);
  add_policy(app, context);
  add_contract(app, context);
  add_lineage(app, context);

  if (count == 1) {
    std::fputs(app.help().c_str(), stdout);
    return kUsage;
  }
  // `braid dry-runn` is answered before CLI11 sees it, with a suggestion.
  if (count > 1 && words[1][0] != '-' && !has_command(app, words[1])) {
    show_findings({misspelt(app, words[1], nullptr)}, SourceSet(), context.console, FindingFormat::text);
    return kUsage;
  }
  try {
    app.parse(count, words);
  } catch (const CLI::ExtrasError&) {
    const auto chosen = app.get_subcommands();
    const CLI::App* command = chosen.empty() ? nullptr : chosen.front();
    const auto extra = app.remaining(true);
    show_findings({misspelt(app, extra.empty() ? "" : extra.front(), command)}, SourceSet(), context.console,
                  FindingFormat::text);
    return kUsage;
  } catch (const CLI::ParseError& error) {
    // Help and version are no failures; anything else is a wrong use.
    const int code = app.exit(error);
    return code == 0 ? kDone : kUsage;
  }
  return context.exit_code;
}

}  // namespace braid::cli
