// One use of the command: a project loaded, parsed, checked and compiled for an environment. Tests use it too, so that
// they do the same as the command. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/project/project.h"
#include "cli/session/foreign_products.h"
#include "cli/session/opa.h"
#include "compiler/access/read_plan.h"
#include "compiler/driver/compile.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/engine/output_files.h"

namespace braid::cli {

/// The standard library, time zones and patterns for the compiler.
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

  /// Loads and parses the scripts, but not what they use of other projects; false if there are errors.
  bool read_scripts();

  /// Loads, parses and checks; false if there are errors. Errors that do not concern the script or folder of the
  /// command are one warning (W5004).
  bool check();
  /// The same, and reports all errors of the project.
  bool check_all();
  /// Checks again with other params, as a test asks for them.
  typed::Project check_with(const std::map<std::string, std::string>& parameters, Reporter& reporter) const;
  /// The products of the script or folder of the command; all products if the command is for the whole project.
  std::vector<typed::RelationId> chosen_products() const;
  /// Whether that source file is the script of the command, or in its folder.
  bool is_chosen(uint32_t file) const;
  /// From now on these products put out what that reader sees of them. False, and reported, if one may not be read.
  bool put_out_for(const access::Subject& reader, const std::vector<typed::RelationId>& products, int64_t now_us);
  /// Before chosen_products(), by commands that look at the store: where consumers of served products are asked who
  /// they are, these products have an output of all rows as they are, too (whole_rows.h). `all`: also those that the
  /// environment does not name. `store`: the directory.
  void keep_whole_rows(bool all, const std::string& store);
  driver::Compiled compile(const std::vector<typed::RelationId>& products) const;
  /// Binds the program's sources to files and topics, by `--input`, the environment, then the script, and its products
  /// to topics if the environment has brokers; false if a source is unbound or a binding is wrong.
  bool bind(Program& program);
  /// Of the products that bind() bound to topics, by index. The others write files.
  const std::map<int, TopicBinding>& output_topics() const { return output_topics_; }
  /// Where the others are written, if not to their places in the store.
  const std::map<int, OutputBinding>& output_files() const { return output_files_; }

  const Project& files() const { return *files_; }
  const Environment& environment() const { return environment_; }
  const typed::Project& project() const { return project_; }
  const std::vector<std::unique_ptr<ast::Script>>& scripts() const { return scripts_; }
  const SourceSet& sources() const { return sources_; }
  /// Another file that findings have places in; its index.
  uint32_t add_source(std::string path, std::string text) { return sources_.add(std::move(path), std::move(text)); }
  Reporter& reporter() { return reporter_; }
  /// Domains whose audit logs the bound program reads, "*" for all: their files are made by audit_feed().
  const std::set<std::string>& audit_logs() const { return audit_logs_; }
  /// What the scripts use of other projects.
  const ForeignProducts& foreign_products() const { return foreign_; }
  /// How long loading, parsing and checking took.
  const std::vector<driver::StageTime>& times() const { return times_; }

 private:
  bool load();
  bool check(bool whole);
  void bind_source(SourceSpec& source, const std::string* input);
  /// Of a source of another project that no environment and no script binds; null if there is none.
  const mesh::InterfaceAddress* published_address(const typed::Relation& relation) const;
  /// The tables whose records come from topics, which have deletes.
  void find_deletes();
  void check_changes(const SourceSpec& source);
  void check_messages(const SourceSpec& source);
  /// The option `schema` becomes the text of the file that it names.
  void read_schema(SourceSpec& source);
  /// The chosen files, or none if the whole project was given.
  std::vector<uint32_t> run_files() const;
  std::vector<uint32_t> chosen_files() const;
  /// Of `[labels]` in braid.toml; absent: any.
  std::optional<std::vector<std::string>> label_names() const;

  SessionOptions options_;
  SourceSet sources_;
  Reporter reporter_;
  std::optional<Project> files_;
  Environment environment_;
  std::vector<std::unique_ptr<ast::Script>> scripts_;
  ForeignProducts foreign_;
  typed::Project project_;
  std::map<int, TopicBinding> output_topics_;
  std::map<int, OutputBinding> output_files_;
  std::string whole_rows_store_;  ///< of keep_whole_rows()
  std::set<std::string> audit_logs_;
  std::vector<driver::StageTime> times_;
  PolicyServer policy_server_{system_clock()};
};

}  // namespace braid::cli
