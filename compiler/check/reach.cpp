#include "compiler/check/reach.h"

#include <fmt/format.h>

#include <algorithm>

namespace braid::checking {
namespace {

bool is_of_run(const Context& context, uint32_t file) {
  const std::vector<uint32_t>& files = context.input.run_files;
  return files.empty() || std::find(files.begin(), files.end(), file) != files.end();
}

/// What the findings from before the check belong to: items by their place, all else to its script.
class Reach {
 public:
  Reach(const Context& context, const std::set<const Declaration*>& reached) : context_(context) {
    for (const ast::Script* script : context.input.scripts)
      if (is_of_run(context, script->span.file)) scripts_.insert(script);
    for (const Declaration* declaration : reached) {
      scripts_.insert(declaration->script);
      names_.emplace(domain_name(*declaration->script), declaration->name.text);
    }
  }

  bool concerns(const Diagnostic& finding) const {
    if (finding.labels.empty()) return true;
    const Span span = finding.labels.front().span;
    if (is_of_run(context_, span.file)) return true;
    const auto script = std::find_if(context_.input.scripts.begin(), context_.input.scripts.end(),
                                     [&](const ast::Script* each) { return each->span.file == span.file; });
    if (script == context_.input.scripts.end()) return true;
    // What a script that cannot be read declares is not known.
    if (finding.code < 2000) return scripts_.contains(*script) || context_.declarations.met_unreadable();
    for (const ast::Item& item : (*script)->items) {
      if (span.begin < item.span.begin || span.end > item.span.end) continue;
      // Of a name that is declared twice, too.
      return std::any_of(names_.begin(), names_.end(), [&](const auto& name) {
        return name.first == domain_name(**script) && declares(item, name.second);
      });
    }
    return scripts_.contains(*script);
  }

 private:
  static bool declares(const ast::Item& item, const std::string& name) {
    return std::visit(
        [&](const auto& node) {
          if constexpr (requires { node.name.text; }) return node.name.text == name;
          return false;
        },
        item.node);
  }

  const Context& context_;
  std::set<const ast::Script*> scripts_;
  std::set<std::pair<std::string, std::string>> names_;  ///< domain and name
};

bool same_finding(const Diagnostic& a, const Diagnostic& b) {
  return a.code == b.code && a.message == b.message && !a.labels.empty() && !b.labels.empty() &&
         a.labels.front().span == b.labels.front().span;
}

}  // namespace

bool is_of_run(const Context& context, const Declaration& declaration) {
  return is_of_run(context, declaration.script->span.file);
}

bool set_errors_apart(Context& context, const std::set<const Declaration*>& reached, size_t before, size_t after) {
  const std::vector<Diagnostic> findings = context.reporter.findings();
  const Reach reach(context, reached);
  context.reporter.truncate(0);
  std::vector<Diagnostic> apart;
  for (size_t i = 0; i < findings.size(); ++i) {
    const Diagnostic& finding = findings[i];
    const bool concerns =
        finding.severity != Severity::error || (i >= before && i < after) || (i < before && reach.concerns(finding));
    if (concerns) {
      context.reporter.add(finding);
      continue;
    }
    // A function that the run calls is checked again with the others.
    const auto told = findings.begin() + static_cast<std::ptrdiff_t>(after);
    const auto is_same = [&](const Diagnostic& each) { return same_finding(each, finding); };
    if (std::none_of(findings.begin(), told, is_same) || i < after)
      if (std::none_of(apart.begin(), apart.end(), is_same)) apart.push_back(finding);
  }
  if (apart.empty()) return false;
  context.reporter
      .report(diag::ErrorsElsewhere{.errors = apart.size() == 1 ? "one error" : fmt::format("{} errors", apart.size())})
      .at(apart.front().labels.front().span, apart.front().message)
      .note("`braid check` shows all errors of the project");
  return true;
}

}  // namespace braid::checking
