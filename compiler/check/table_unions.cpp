// `union` of tables: the rows of both, of which those of one key are one row, that of the table that stands first.
#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"

namespace braid::checking {
namespace {

std::vector<std::string> texts(const std::vector<KeyPart>& key) {
  std::vector<std::string> made;
  for (const KeyPart& part : key) made.push_back(part.text);
  return made;
}

}  // namespace

void FlowChecker::unite_tables(const RelationInfo& other, const std::string& name, Span place, typed::UnionStep made,
                               Span span) {
  const Span word = context_.word(span, "union");
  if (has_elements(word)) return;
  if (!other.row.changes && !use_untimed(other.id, false, place)) return;
  const auto key = table_key(word);
  if (!key) return;
  // The other table's, as paths into this row.
  std::set<std::vector<int>> theirs;
  for (const KeyPart& part : other.row.key) {
    if (part.column < 0) {
      auto report = context_.reporter.report(diag::TableKeyLost{.relation = name, .key = part.text});
      report.at(place, "tells the rows of a table apart by their key");
      if (!other.row.relation_span.empty()) report.also(other.row.relation_span, "its key is declared here");
      report.note("keep `" + part.text + "` in its rows");
      return;
    }
    const auto column = std::find(made.columns.begin(), made.columns.end(), part.column);
    std::vector<int> path{static_cast<int>(column - made.columns.begin())};
    path.insert(path.end(), part.path.begin(), part.path.end());
    theirs.insert(std::move(path));
  }
  if (theirs != std::set<std::vector<int>>(key->begin(), key->end())) {
    auto report = context_.reporter.report(
        diag::UnionKeys{.relation = name, .left = texts(row_.key), .right = texts(other.row.key)});
    report.at(place, other.row.key.empty() ? "has one row, and no key"
                                           : fmt::format("has the key `{}`", fmt::join(texts(other.row.key), ", ")));
    if (!row_.key_clause.empty()) report.also(row_.key_clause, "the key of the rows before");
    if (!other.row.key_clause.empty()) report.also(other.row.key_clause, "and this");
    report.note("a `view` brings a key in line: `rename` its fields, or state a wider one, as `key region, id`");
    return;
  }
  if (!table_as_changes("union", word, span)) return;
  made.of_tables = true;
  for (const std::vector<int>& path : *key) made.keys.push_back(typed::read_path(row_.types(), path, word));
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
}

}  // namespace braid::checking
