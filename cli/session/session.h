// One use of the command: a project loaded, parsed, checked and compiled for an environment. What tests use too, so
// that they do what the command does. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/project/project.h"
#include "compiler/driver/compile.h"

namespace braid::cli {

/// The standard library, time zones and patterns, as the compiler is to know them.
const driver::Language& language();

struct SessionOptions {
  std::string path;                               ///< project folder or script
  std::string environment;                        ///< empty: the default
  std::map<std::string, std::string> parameters;  ///< --set name=literal
  std::map<std::string, std::string> inputs;      ///< --input domain.name=glob or -
  optimize::Options optimizer;
};

class Session {
 public:
  explicit Session(SessionOptions options) : options_(std::move(options)) {}

  /// Loads, parses and checks; false if there are errors. Errors that the script or folder the command was given does
  /// not reach are told in one warning (W5004).
  bool check();
  /// The same, and all errors of the project are told.
  bool check_all();
  /// Checks again with other params, as a test asks for them.
  typed::Project check_with(const std::map<std::string, std::string>& parameters, Reporter& reporter) const;
  /// The products of the script or folder that the command was given, of the whole project if that was given.
  std::vector<typed::RelationId> chosen_products() const;
  /// Whether that source file is the script, or in the folder, that the command was given.
  bool is_chosen(uint32_t file) const;
  driver::Compiled compile(const std::vector<typed::RelationId>& products) const;
  /// Binds the program's sources to files, by `--input`, the environment, then the script; false if one is unbound.
  bool bind(Program& program);

  const Project& files() const { return *files_; }
  const Environment& environment() const { return environment_; }
  const typed::Project& project() const { return project_; }
  const std::vector<std::unique_ptr<ast::Script>>& scripts() const { return scripts_; }
  const SourceSet& sources() const { return sources_; }
  Reporter& reporter() { return reporter_; }
  /// How long loading, parsing and checking took.
  const std::vector<driver::StageTime>& times() const { return times_; }

 private:
  bool load();
  bool check(bool whole);
  /// The chosen files, or none if the whole project was given.
  std::vector<uint32_t> run_files() const;
  std::vector<uint32_t> chosen_files() const;

  SessionOptions options_;
  SourceSet sources_;
  Reporter reporter_;
  std::optional<Project> files_;
  Environment environment_;
  std::vector<std::unique_ptr<ast::Script>> scripts_;
  typed::Project project_;
  std::vector<driver::StageTime> times_;
};

}  // namespace braid::cli
