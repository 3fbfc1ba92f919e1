#include "cli/project/policy_file.h"

#include <algorithm>

#define TOML_EXCEPTIONS 0
// As in cli/project/config.cpp: what it asserts is an error that it reports.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "cli/project/project.h"
#include "mesh/registry/publication.h"
#include "runtime/data/time_text.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

const std::vector<std::string> kKeys{"says", "require", "label", "pattern", "most", "except"};
const std::vector<std::string> kRules{"owner", "documentation", "mask", "name", "keep"};

class PolicyReader {
 public:
  PolicyReader(const std::string& path, Reporter& reporter) : path_(path), reporter_(reporter) {}

  PolicyFile read(const toml::table& root) {
    PolicyFile made;
    only_keys(root, {"council", "policy"});
    if (const toml::node* council = root.get("council")) made.council = domains(*council, "council");
    const toml::node* policies = root.get("policy");
    if (policies == nullptr) return made;
    if (!policies->is_table()) {
      wrong(*policies, "`policy` is a table: [policy.NAME]");
      return made;
    }
    for (const auto& [key, value] : *policies->as_table()) {
      const std::string name(key.str());
      if (value.is_table())
        made.policies.push_back(policy(name, *value.as_table()));
      else
        wrong(value, "`" + name + "` is a table: [policy." + name + "]");
    }
    return made;
  }

 private:
  mesh::Policy policy(const std::string& name, const toml::table& table) {
    mesh::Policy made{.name = name, .says = text(table, "says")};
    only_keys(table, kKeys);
    const std::string rule = text(table, "require");
    if (const auto known = mesh::policy_rule_of(rule)) {
      made.rule = *known;
    } else {
      wrong(table, fmt::format("`require` of [policy.{}] is one of {}", name, fmt::join(kRules, ", ")));
      return made;
    }
    made.label = text(table, "label");
    if (made.label.starts_with('#')) made.label.erase(0, 1);
    made.pattern = text(table, "pattern");
    if (const toml::node* most = table.get("most")) {
      int64_t us = 0;
      if (most->is_string() && parse_duration_literal(most->as_string()->get(), &us) && us > 0)
        made.most_us = us;
      else
        wrong(*most, "`most` is a duration like \"90d\"");
    }
    if (const toml::node* except = table.get("except")) made.except = domains(*except, "except");
    belongs(table, "label", made.rule == mesh::PolicyRule::mask, !made.label.empty(), rule);
    belongs(table, "pattern", made.rule == mesh::PolicyRule::name, !made.pattern.empty(), rule);
    belongs(table, "most", made.rule == mesh::PolicyRule::keep, table.contains("most"), rule);
    return made;
  }

  void belongs(const toml::table& table, const std::string& key, bool needed, bool given, const std::string& rule) {
    if (needed == given) return;
    wrong(table, needed ? fmt::format("`require = \"{}\"` needs `{}`", rule, key)
                        : fmt::format("`{}` means nothing with `require = \"{}\"`", key, rule));
  }

  std::string text(const toml::table& table, const std::string& key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    if (const auto* string = node->as_string()) return string->get();
    wrong(*node, "`" + key + "` is a text in quotes");
    return {};
  }

  std::vector<std::string> domains(const toml::node& node, const std::string& key) {
    std::vector<std::string> made;
    const toml::array* list = node.as_array();
    if (list == nullptr) wrong(node, "`" + key + "` is a list of domains, like [\"privacy\"]");
    if (list == nullptr) return made;
    for (const toml::node& each : *list) {
      const auto* name = each.as_string();
      if (name != nullptr && mesh::is_domain_name(name->get()))
        made.push_back(name->get());
      else
        wrong(each, "`" + key + "` has what is not the name of a domain");
    }
    return made;
  }

  void only_keys(const toml::table& table, const std::vector<std::string>& known) {
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      if (std::ranges::find(known, name) != known.end()) continue;
      const auto near = closest(name, known);
      wrong(value, "there is no `" + name + "`" + (near ? "; did you mean `" + *near + "`?" : ""));
    }
  }

  void wrong(const toml::node& node, const std::string& reason) {
    reporter_.report(
        diag::PolicyFileWrong{.path = fmt::format("{}:{}", path_, node.source().begin.line), .reason = reason});
  }

  const std::string& path_;
  Reporter& reporter_;
};

}  // namespace

std::optional<PolicyFile> read_policy_file(const std::string& path, Reporter& reporter) {
  std::string reason;
  const auto written = read_file(path, reason);
  if (!written) {
    reporter.report(diag::PolicyFileWrong{.path = path, .reason = reason});
    return std::nullopt;
  }
  const toml::parse_result parsed = toml::parse(*written, path);
  if (!parsed) {
    reporter.report(diag::PolicyFileWrong{.path = fmt::format("{}:{}", path, parsed.error().source().begin.line),
                                          .reason = std::string(parsed.error().description())});
    return std::nullopt;
  }
  const size_t before = reporter.size();
  PolicyFile made = PolicyReader(path, reporter).read(parsed.table());
  if (reporter.size() > before) return std::nullopt;
  return made;
}

}  // namespace braid::cli
