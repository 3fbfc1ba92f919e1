// From syntax trees to the checked script: every name resolved, every expression typed, every relation with its row,
// its key and its time, every state with a bound. Mistakes go to the reporter. Checking continues with what does not
// depend on them, so that one run reports all. Plan a project only if the reporter has no error.
//
// Pure: reads only its input, and keeps only the function declarations to which calls refer. One thread. Fails only by
// reporting.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ast/nodes.h"
#include "compiler/typed/project.h"
#include "runtime/declare/function.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid {

struct CheckInput {
  std::vector<const ast::Script*> scripts;  ///< in the order of their files; outlive the call
  const SourceSet& sources;
  const FunctionRegistry& functions;  ///< outlives the project
  /// Literal texts of params by `name` or `domain.name`, from braid.toml or `--set`.
  std::map<std::string, std::string> parameter_overrides = {};
  /// Whether there is a time zone of that name, and the names there are (for suggestions). Empty: all are accepted.
  std::function<bool(std::string_view)> knows_zone = {};
  std::function<std::vector<std::string>()> zone_names = {};
  /// What is wrong with a regular expression, "" if nothing. Empty: all are accepted.
  std::function<std::string(std::string_view)> pattern_fault = {};
  /// Labels that fields may have, from `[labels]` of braid.toml. Absent: any.
  std::optional<std::vector<std::string>> labels = std::nullopt;
  /// Files (indexes into the sources) whose scripts a run is about. Errors that concern nothing that these read are
  /// then told in one warning, and what they stand in is left out of the project. Empty: all scripts.
  std::vector<uint32_t> run_files = {};
  /// A clock reading, which the end of deprecated products is compared with. Absent: none has ended.
  std::optional<int64_t> now_us = {};
  /// Files from this index on are interfaces of other projects (mesh/registry/interface_script.h). Their contracts are
  /// what their owners keep: nothing there is enforced, warned of, or held against the labels of this project, and the
  /// condition of a check is a text.
  uint32_t first_interface = UINT32_MAX;
};

/// In the rows that a test expects a struct with `..` has the fields that are named, and last this one, which is null:
/// other fields are not compared.
inline constexpr std::string_view kOtherFields = "..";

typed::Project check(const CheckInput& input, Reporter& reporter);

}  // namespace braid
