#include "compiler/parse/habits.h"

#include <algorithm>
#include <array>
#include <set>

#include "compiler/parse/habit_reader.h"

namespace braid::grammar {
namespace {

bool is_dash_comment(Cursor at) {
  if (!at->is(Sign::minus) || !at[1].is(Sign::minus) || at[1].starts_line || at->span.end != at[1].span.begin)
    return false;
  return at[2].starts_line || at[2].kind == TokenKind::end || at[2].span.begin > at[1].span.end;
}

bool is_template(const Token& token) {
  return token.kind == TokenKind::word && token.quoted && token.text.find("${") != std::string::npos;
}

/// Written in capitals by those who come from SQL.
constexpr std::array kShouted = {
    "and",      "or",      "not",  "in",        "is",     "as",     "if",      "then",     "else",
    "case",     "when",    "end",  "null",      "true",   "false",  "from",    "where",    "select",
    "group",    "by",      "join", "left",      "right",  "full",   "inner",   "outer",    "cross",
    "on",       "using",   "let",  "union",     "all",    "having", "between", "like",     "ilike",
    "order",    "limit",   "asc",  "desc",      "insert", "into",   "create",  "table",    "stream",
    "view",     "product", "with", "cast",      "window", "every",  "within",  "tumbling", "distinct",
    "interval", "exists",  "over", "partition", "drop",   "rename", "extract", "tumble"};

}  // namespace

bool hides_habit(const TokenList& tokens) {
  for (Cursor at = tokens.tokens.data(), end = at + tokens.tokens.size() - 2; at != end; ++at)
    if (is_dash_comment(at) || is_template(*at)) return true;
  return false;
}

bool replace_habits(TokenList& tokens, const SourceSet& sources, std::vector<Diagnostic>& lexical, Reporter& reporter) {
  return HabitReader(tokens, sources, lexical, reporter).run();
}

bool HabitReader::rule() {
  return comment() || item_form() || kept_rows() || step_form() || statement() || foreign_type() || misspelt_type() ||
         (after_operand() && infix()) || prefix();
}

/// A name that the script declares in capitals stays.
void HabitReader::lower_keywords() {
  std::set<std::string_view> declared;
  for (size_t i = 0; i + 1 < in_.size(); ++i)
    if (in_[i].kind == TokenKind::word && in_[i + 1].is(Sign::colon)) declared.insert(in_[i].text);
  for (size_t i = 0; i + 2 < in_.size(); ++i) {
    const Token& token = in_[i];
    if (token.kind != TokenKind::word || token.quoted || token.text.size() < 2 || declared.contains(token.text))
      continue;
    if (i > 0 && (in_[i - 1].is(Sign::dot) || in_[i - 1].is(Sign::optional_dot))) continue;
    std::string lower = token.text;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool capitals =
        std::none_of(token.text.begin(), token.text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (capitals && std::find(kShouted.begin(), kShouted.end(), lower) != kShouted.end())
      capitals_.push_back({i, lower});
  }
  for (const auto& [index, lower] : capitals_) in_[index].text = lower;
}

/// All words in capitals that no other habit has answered are one finding.
void HabitReader::report_capitals() {
  if (capitals_.empty()) return;
  std::vector<Edit> edits;
  for (const auto& [index, lower] : capitals_) edits.push_back({in_[index].span, lower});
  const Span first = edits.front().span;
  found_ = true;
  reporter_.report(diag::ForeignSpelling{.found = source(first), .wanted = edits.front().text})
      .at(first)
      .note("keywords are in lower case")
      .fix(Applicability::certain, edits.size() == 1 ? "write it in lower case" : "write all keywords in lower case",
           edits);
}

/// `-- …` of SQL and `# …` of Python.
bool HabitReader::comment() {
  const bool dashes = is_dash_comment(&in_[next_]);
  const bool hash = at().kind == TokenKind::bad && source(at().span) == "#";
  if (!dashes && !hash) return false;
  size_t end = 1;
  while (next_ + end < in_.size() - 2 && !at(end).starts_line) ++end;
  const Span mark = dashes ? span_of(0, 1) : at().span;
  found_ = true;
  const std::string_view script = sources_.file(mark.file).text;
  const size_t line_end = std::min(script.find('\n', mark.begin), script.size());
  absorb({mark.file, mark.begin, static_cast<uint32_t>(line_end)});
  reporter_.report(diag::BlockComment{}).at(mark, "write `//`").fix(Applicability::certain, "use `//`", {{mark, "//"}});
  leave(end);
  return true;
}

}  // namespace braid::grammar
