#include "runtime/report/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace braid {

std::string code_text(const Diagnostic& diagnostic) {
  return fmt::format("{}{:04}", diagnostic.severity == Severity::error ? 'E' : 'W', diagnostic.code);
}

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    std::vector<CatalogueEntry> all{
#define BRAID_DIAGNOSTIC(number, entry_name, severity_name, message_template, ...) \
  {number, #entry_name, Severity::severity_name, message_template},
#include "runtime/report/access_diagnostics.def"
#include "runtime/report/aggregate_diagnostics.def"
#include "runtime/report/alert_diagnostics.def"
#include "runtime/report/audit_diagnostics.def"
#include "runtime/report/change_diagnostics.def"
#include "runtime/report/contract_diagnostics.def"
#include "runtime/report/derived_diagnostics.def"
#include "runtime/report/diagnostics.def"
#include "runtime/report/erasure_diagnostics.def"
#include "runtime/report/format_diagnostics.def"
#include "runtime/report/grant_diagnostics.def"
#include "runtime/report/identity_diagnostics.def"
#include "runtime/report/join_diagnostics.def"
#include "runtime/report/label_diagnostics.def"
#include "runtime/report/life_diagnostics.def"
#include "runtime/report/lineage_diagnostics.def"
#include "runtime/report/lookup_diagnostics.def"
#include "runtime/report/match_diagnostics.def"
#include "runtime/report/name_diagnostics.def"
#include "runtime/report/promise_diagnostics.def"
#include "runtime/report/copy_diagnostics.def"
#include "runtime/report/query_diagnostics.def"
#include "runtime/report/rank_diagnostics.def"
#include "runtime/report/registry_diagnostics.def"
#include "runtime/report/state_diagnostics.def"
#include "runtime/report/step_diagnostics.def"
#include "runtime/report/tick_diagnostics.def"
#include "runtime/report/topic_diagnostics.def"
#include "runtime/report/type_diagnostics.def"
#include "runtime/report/view_diagnostics.def"
#include "runtime/report/watch_diagnostics.def"
#include "runtime/report/window_diagnostics.def"
#undef BRAID_DIAGNOSTIC
    };
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.code < b.code; });
    return all;
  }();
  return entries;
}

const CatalogueEntry* find_catalogue_entry(int code) {
  for (const CatalogueEntry& entry : catalogue())
    if (entry.code == code) return &entry;
  return nullptr;
}

DiagnosticBuilder& DiagnosticBuilder::at(Span span, std::string label) {
  target_.labels.insert(target_.labels.begin(), {span, std::move(label)});
  return *this;
}

DiagnosticBuilder& DiagnosticBuilder::also(Span span, std::string label) {
  target_.labels.push_back({span, std::move(label)});
  return *this;
}

DiagnosticBuilder& DiagnosticBuilder::note(std::string text) {
  target_.notes.push_back(std::move(text));
  return *this;
}

DiagnosticBuilder& DiagnosticBuilder::fix(Applicability applicability, std::string text, std::vector<Edit> edits) {
  target_.fixes.push_back({applicability, std::move(text), std::move(edits)});
  return *this;
}

bool Reporter::has_errors() const {
  return std::any_of(findings_.begin(), findings_.end(),
                     [](const Diagnostic& finding) { return finding.severity == Severity::error; });
}

std::vector<Diagnostic> Reporter::take_sorted() {
  auto place = [](const Diagnostic& finding) {
    const Span span = finding.labels.empty() ? Span{} : finding.labels.front().span;
    return std::tuple(span.file, span.begin, span.end, finding.code);
  };
  std::stable_sort(findings_.begin(), findings_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  auto same = [&](const Diagnostic& a, const Diagnostic& b) { return place(a) == place(b) && a.message == b.message; };
  findings_.erase(std::unique(findings_.begin(), findings_.end(), same), findings_.end());
  return std::exchange(findings_, {});
}

namespace diag {

std::string render_message(std::string_view message_template,
                           const std::vector<std::pair<std::string, DiagnosticArgument>>& arguments) {
  std::string text;
  for (size_t i = 0; i < message_template.size();) {
    const size_t close = message_template[i] == '{' ? message_template.find('}', i) : std::string_view::npos;
    if (close == std::string_view::npos) {
      text += message_template[i++];
      continue;
    }
    const std::string_view name = message_template.substr(i + 1, close - i - 1);
    for (const auto& [argument, value] : arguments) {
      if (argument != name) continue;
      if (const auto* string = std::get_if<std::string>(&value)) text += *string;
      if (const auto* number = std::get_if<int64_t>(&value)) text += std::to_string(*number);
      if (const auto* names = std::get_if<std::vector<std::string>>(&value))
        for (size_t n = 0; n < names->size(); ++n) text += (n ? ", `" : "`") + (*names)[n] + "`";
    }
    i = close + 1;
  }
  return text;
}

}  // namespace diag
}  // namespace braid
