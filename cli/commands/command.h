// The subcommands: each file adds one to the command line and runs it. A command returns the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/present/console.h"
#include "cli/session/session.h"
#include "runtime/base/result.h"

namespace braid::cli {

inline constexpr const char* kBraidVersion = "0.1.0";

/// The exit codes of `braid`.
enum ExitCode { kDone = 0, kScriptFailed = 1, kUsage = 2, kInput = 3, kStore = 4, kOurBug = 70 };

/// What all commands share: the terminal, and the exit code of the chosen command.
struct CommandContext {
  Console console;
  int exit_code = kDone;
};

/// Options of every command that compiles.
struct ScriptOptions {
  std::string path = ".";
  std::string environment;
  std::vector<std::string> parameters;
  std::vector<std::string> disabled_passes;

  void add_to(CLI::App& command, const std::string& what);
  SessionOptions session() const;
};

/// Checks of options, for CLI::Option::check: empty, or what is wrong with what was written.
std::string is_duration(const std::string& written);
std::string is_http_address(const std::string& written);

/// As a finding of the catalogue: by what failed, and why, where nobody on its way said that.
Diagnostic finding_of(const Error& error);
/// The exit code for these findings: by the first error's range.
int exit_code_of(const std::vector<Diagnostic>& findings);
/// Shows and removes the session's findings; returns the exit code of errors, or kDone. `check` shows everything; the
/// other commands show errors and only count warnings.
int show(Session& session, const Console& console, FindingFormat format = FindingFormat::text);
int show_errors(Session& session, const Console& console);

/// Kill points for crash tests: BRAID_KILL_AT="after_output_sync:3" ends the process at that place, the third time.
/// Empty if the variable is not set.
std::function<void(std::string_view)> kill_point_of_environment();

/// Shows an error that ended a run; its exit code.
int show_error(const Error& error, const Console& console);
/// From now on SIGINT and SIGTERM only set `stop_requested`, which the run reads.
void catch_stop_signals();
bool stop_requested();
/// Ends the process at once after a run if native code is still being compiled for it: waiting for code that nobody
/// will run would only cost time.
void leave_if_compiling(bool compiling, int exit_code);

void add_new(CLI::App& app, CommandContext& context);
void add_infer(CLI::App& app, CommandContext& context);
void add_check(CLI::App& app, CommandContext& context);
void add_explain(CLI::App& app, CommandContext& context);
void add_dry_run(CLI::App& app, CommandContext& context);
void add_test(CLI::App& app, CommandContext& context);
void add_run(CLI::App& app, CommandContext& context);
void add_diff(CLI::App& app, CommandContext& context);
void add_status(CLI::App& app, CommandContext& context);
void add_read(CLI::App& app, CommandContext& context);
void add_serve(CLI::App& app, CommandContext& context);
void add_query(CLI::App& app, CommandContext& context);
void add_copy(CLI::App& app, CommandContext& context);
void add_help(CLI::App& app, CommandContext& context);
void add_functions(CLI::App& app, CommandContext& context);
void add_schema(CLI::App& app, CommandContext& context);
void add_publish(CLI::App& app, CommandContext& context);
void add_update(CLI::App& app, CommandContext& context);
void add_mesh(CLI::App& app, CommandContext& context);
void add_access(CLI::App& app, CommandContext& context);
void add_policy(CLI::App& app, CommandContext& context);
void add_audit(CLI::App& app, CommandContext& context);
void add_erase(CLI::App& app, CommandContext& context);
void add_contract(CLI::App& app, CommandContext& context);
/// Of `contract`.
void add_contract_diff(CLI::App& contract, CommandContext& context);
void add_contract_breaking(CLI::App& contract, CommandContext& context);
void add_lineage(CLI::App& app, CommandContext& context);
void add_contract_export(CLI::App& contract, CommandContext& context);
void add_contract_import(CLI::App& contract, CommandContext& context);
/// Shows errors, and the warnings that are about the contract; the exit code.
int show_contract_findings(const SourceSet& sources, Reporter& reporter, CommandContext& context);

/// The whole command line; the exit code.
int run_command_line(int count, const char* const* words);

}  // namespace braid::cli
